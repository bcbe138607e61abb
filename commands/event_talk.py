"""The guided way to a new event: what `!event add` asks for when nothing is said."""

from __future__ import annotations

from typing import Any

from commands.attachment import Reply
from commands.communities import TYPED, named
from commands.context import Context
from commands.dates import duration, echo
from commands.errors import CommandError
from commands.event_upkeep import compose, offer, understood
from commands.events import KINDS, WORDS
from commands.questions import none_of
from commands.rendering import Markdown, code, join, strong
from commands.talks import TALKS, Question, Talk
from storage.folding import fold
from storage.talks import Answers

TALK = "event"


def _title(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text("What is the event called?")


def _when(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text(
        "When does it begin, and where are the clocks? For example: {example}",
        example=code(str(ctx.text("9 December 2027 15:00 Nairobi"))),
    )


def _length(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text("How long does it take? For example: {example}", example=code("90m"))


def _kind(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text(
        "What kind of event is it? One of these: {kinds}.",
        kinds=join(", ", [strong(ctx.text(name)) for name in KINDS.values()]),
    )


def _link(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text(
        "Is there a link to take part, or a page about it? It begins with {start}.", start=code("https://")
    )


def _place(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text("Where does it take place?")


def _community(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text("From which community does it come? One of these: {choices}.", choices=_communities(ctx))


async def _read_title(_ctx: Context, said: str, _answers: Answers) -> str:
    return " ".join(said.split()).strip('"“”«» ')[:300]


async def _read_when(ctx: Context, said: str, _answers: Answers) -> str:
    found = await understood(ctx, said)
    # As it is echoed it leads to the same date again, in whatever zone or language it is read later.
    return echo(ctx.language, found)


async def _read_length(ctx: Context, said: str, _answers: Answers) -> str:
    if duration(said) is None:
        raise CommandError(ctx.text("I did not understand {word}.", word=code(said[:100])))
    return said


async def _read_kind(ctx: Context, said: str, _answers: Answers) -> str:
    names = {fold(str(ctx.text(name))): kind for kind, name in KINDS.items()}
    found = names.get(fold(said)) or WORDS.get(fold(said))
    if found is None:
        raise CommandError(
            ctx.text(
                "{word} is no kind of event. Kinds: {kinds}.",
                word=code(said[:100]),
                kinds=join(", ", [ctx.text(name) for name in KINDS.values()]),
            )
        )
    return found


async def _read_link(ctx: Context, said: str, _answers: Answers) -> str:
    if not said.startswith(("https://", "http://")) or len(said.split()) != 1:
        raise CommandError(ctx.text("I did not understand {word}.", word=code(said[:100])))
    return said


async def _read_place(_ctx: Context, said: str, _answers: Answers) -> str:
    return " ".join(said.split())[:300]


async def _read_community(ctx: Context, said: str, _answers: Answers) -> str:
    found = named(said)
    if found is None:
        raise none_of(ctx, said, _communities(ctx))
    return found


def _communities(ctx: Context) -> Markdown:
    return join(", ", [strong(ctx.text(name)) for name in TYPED.values()])


async def _finish(ctx: Context, answers: dict[str, Any]) -> Reply:
    """Show what was understood, to be confirmed as if it had been typed in one line."""
    date = await understood(ctx, f"{answers['when']} {answers.get('length', '')}".strip())
    event, preview = compose(
        ctx,
        title=answers["title"],
        kind=answers["kind"],
        date=date,
        link_=answers.get("link"),
        place=answers.get("place"),
        community=answers.get("community"),
    )
    return await offer(ctx, {"what": "add", "event": event.model_dump(mode="json")}, preview)


TALKS[TALK] = Talk(
    kind=TALK,
    questions=(
        Question("title", _title, _read_title),
        Question("when", _when, _read_when),
        Question("length", _length, _read_length, optional=True),
        Question("kind", _kind, _read_kind),
        Question("place", _place, _read_place, optional=True),
        Question("link", _link, _read_link, optional=True),
        Question("community", _community, _read_community, optional=True),
    ),
    finish=_finish,
)
