"""What the demo prints: its steps, who is who, and the conversation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bot.demo.formatted import from_html
from bot.demo.stage import BOT_NAME, PEOPLE, ROOMS, Stage
from commands.rendering import plain

_COLOURS = {"bot": "cyan", "member": "green", "moderator": "magenta"}
_OTHERS = "yellow"


@dataclass(frozen=True, slots=True)
class _Barred:
    """Something with a bar at its left, in the colour of who says it."""

    inside: RenderableType
    style: Style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrow = options.update(width=max(options.max_width - 2, 20))
        for line in console.render_lines(self.inside, narrow, pad=False):
            yield Segment("│ ", self.style)
            yield from _trimmed(line)
            yield Segment.line()


def _trimmed(line: list[Segment]) -> list[Segment]:
    """Return a line without the spaces at its end, which would be copied with it."""
    while line and not line[-1].text.rstrip():
        line = line[:-1]
    return [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)] if line else line


class Screen:
    """The terminal, or the file that stands for it. Nothing that a message holds can control it."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    def step(self, words: str) -> None:
        """Tell what is being done."""
        self.console.print(Text.assemble(("· ", "cyan"), (words, "")))

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Show that something goes on, below the steps. Only in a terminal."""
        with self.console.status("This takes a few seconds.", spinner="line"):
            yield

    def note(self, words: str) -> None:
        """Say something beside the conversation."""
        self.console.print()
        self.console.print(Text(words, style="dim italic"))

    def trouble(self, words: str) -> None:
        """Say that something went wrong."""
        self.console.print()
        self.console.print(Text(words, style="red"))

    def who_is_who(self, stage: Stage) -> None:
        """Print the address and the log-ins, for this chat and for any Matrix client."""
        rows = Table.grid(padding=(0, 2))
        rows.add_row("Homeserver", stage.homeserver.url)
        for key, client in (("member", stage.member), ("moderator", stage.moderator)):
            rows.add_row(key.capitalize(), f"{client.user_id}  password {stage.passwords[key]}")
        rows.add_row("Bot", stage.bot_user_id)
        rows.add_row("Rooms", ", ".join(f"#{key}" for key in ROOMS))
        self.console.print()
        self.console.print(rows)
        self.note("Any Matrix client on this machine can log in there, while the demo runs.")

    def message(self, stage: Stage, room: str, event: Mapping[str, Any], *, edited: bool = False) -> None:
        """Print a message as clients show it: who, where, what."""
        content = event["content"].get("m.new_content", event["content"]) if edited else event["content"]
        name, colour = speaker(stage, event["sender"])
        head = Text.assemble((name, f"bold {colour}"), (f" in {room}", "dim"))
        if edited:
            head.append(", edited", "dim")
        html = content.get("formatted_body")
        inside: RenderableType = Text(plain(str(content.get("body", ""))))
        if isinstance(html, str) and content.get("format") == "org.matrix.custom.html":
            # Without colours, code could not be told from the sentence around it.
            inside = from_html(html, quoted_code=self.console.color_system is None)
        self.console.print()
        self.console.print(head)
        self.console.print(_Barred(inside, Style(color=colour)))


def speaker(stage: Stage, user_id: str) -> tuple[str, str]:
    """Return a person's name and colour."""
    known = {
        stage.bot_user_id: (BOT_NAME, _COLOURS["bot"]),
        stage.member.user_id: (PEOPLE["member"], _COLOURS["member"]),
        stage.moderator.user_id: (PEOPLE["moderator"], _COLOURS["moderator"]),
    }
    return known.get(user_id, (plain(user_id), _OTHERS))
