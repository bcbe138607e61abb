"""The pages that are written from declarations: `python -m bot.documentation`. Here, that of commands.

A test fails when a page is not what the declarations say.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from bot import documentation_metrics, documentation_settings, documentation_tables
from bot.repertoire import registry
from commands.context import Asker, Condition, Context, Permission, Surroundings
from commands.help import TOPICS
from commands.registry import Command
from commands.respond import signature
from config.languages import SPOKEN, name_of
from storage.database import Reader

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "commands.md"

LANGUAGE = "en"

INTRODUCTION = """\
# Commands

This page is written by `make docs` from the declarations in `commands/`; edit those.

In a room a command begins with `!` (the operator may choose another sign), or with the bot's name and a colon: \
`GAAMAC bot: term genocide`. In a direct chat with the bot neither is needed. What stands in `<…>` is to be \
filled in, what stands in `[…]` may be left out. Capitals and accents do not matter, and the names of a command \
in all languages work for everybody.

Some clients can also offer these commands while you type: see [native.md](native.md).

The bot replies to the message, in its thread if it has one. Edit a question, and the answer is edited; delete \
it, and the answer goes, too. A command that changes something is not run again by an edit."""

WHO = {
    Permission.ANYONE: "everybody",
    Permission.MODERATOR: "moderators",
    Permission.ROOM_MODERATOR: "moderators of the room, and everybody in a direct chat",
    Permission.MODERATOR
    | Permission.ROOM_MODERATOR: "moderators, moderators of the room, and everybody in a direct chat",
}


def page() -> str:
    """Return the page as it should be."""
    commands = registry().commands
    topics = [topic for topic in TOPICS if any(one.topic == topic for one in commands)]
    parts = [INTRODUCTION]
    for topic in topics:
        parts.append(f"## {TOPICS[topic]}")
        parts += ["\n\n".join(_section(one)) for one in commands if one.topic == topic]
    return "\n\n".join(parts) + "\n"


def _section(one: Command) -> Iterator[str]:
    yield f"### `{signature(_reader(), one)}`"
    yield one.summary
    if one.details:
        yield one.details
    translated = [(language, names) for language in SPOKEN if (names := one.aliases.get(language))]
    rows = [
        f"Examples: {_typed(one.examples_in(LANGUAGE))}",
        *(
            f"In {name_of(language, LANGUAGE)}: {_typed(names)}; examples: {_typed(one.examples_in(language))}"
            for language, names in translated
        ),
        f"For: {WHO[one.permission]}",
    ]
    yield "\n".join(f"- {row}" for row in rows)


def _typed(commands: tuple[str, ...]) -> str:
    return ", ".join(f"`!{command}`" for command in commands)


def _reader() -> Context:
    """Return the context of somebody who reads this page: it can say how a command is typed, and no more."""

    async def holds(_permission: Permission) -> bool:
        return False

    def condition() -> Condition:
        raise NotImplementedError

    return Context(
        asker=Asker(user_id="", room_id="", direct=False, prefix="!"),
        language=LANGUAGE,
        now=datetime.fromtimestamp(0, UTC),
        storage=cast("Reader", None),
        registry=registry(),
        surroundings=Surroundings(holds=holds, condition=condition),
    )


def pages() -> dict[Path, str]:
    """Return all pages as they should be."""
    return {
        PAGE: page(),
        DOCS / "settings.md": documentation_settings.page(),
        DOCS / "metrics.md": documentation_metrics.page(),
        DOCS / "tables.md": documentation_tables.page(),
    }


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
