"""What the questions of talks are made of: how they are put, and how answers to them are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import TypeVar

from commands import talks
from commands.attachment import NO, YES
from commands.context import Context
from commands.dates import Unclear, explain, understand
from commands.errors import CommandError
from commands.rendering import Markdown, code, join, strong
from commands.screening import refuse_reports
from config import countries, zones
from config.languages import SPOKEN, codes_by_name, name_of
from storage.folding import fold
from storage.talks import Answers

K = TypeVar("K", bound=str)
Ask = Callable[[Context, Answers], Markdown]
Read = Callable[[Context, str, Answers], Awaitable[str]]
AGREED = frozenset({"yes", "oui", "si", "y", "o", "i agree", "d'accord", "de acuerdo"})
DECLINED = frozenset({"no", "non", "n"})
GENERAL = frozenset({"general", "none", "general practice", "generale", "aucun", "ninguno"})


def says(message: str, **values: Callable[[Context], object]) -> Ask:
    """Put a question in the words of a message of the catalogue."""

    def ask(ctx: Context, _answers: Answers) -> Markdown:
        return ctx.text(message, **{name: value(ctx) for name, value in values.items()})

    return ask


def choices(some: Mapping[K, str]) -> Callable[[Context], Markdown]:
    """Return what lists the names to choose from, with their numbers."""

    def shown(ctx: Context) -> Markdown:
        return join(
            ", ",
            [
                Markdown("{} {}").format(strong(str(number)), ctx.text(name))
                for number, name in enumerate(some.values(), start=1)
            ],
        )

    return shown


def none_of(ctx: Context, said: str, choices: object) -> CommandError:
    """Return what is said of an answer that is none of those there are."""
    return CommandError(ctx.text("{word} is none of these: {choices}.", word=code(said[:60]), choices=choices))


def one_of(some: Mapping[str, str]) -> Read:
    """Read a choice, by its number or name."""

    async def read(ctx: Context, said: str, _answers: Answers) -> str:
        keys = list(some)
        words = {fold(str(ctx.text(name))): key for key, name in some.items()} | {fold(key): key for key in keys}
        folded = fold(said)
        if folded.isdigit() and 1 <= int(folded) <= len(keys):
            return keys[int(folded) - 1]
        if folded in words:
            return words[folded]
        raise none_of(ctx, said, choices(some)(ctx))

    return read


def text(most: int) -> Read:
    """Read a text of at most so many characters; no report of what is going on."""

    async def read(ctx: Context, said: str, _answers: Answers) -> str:
        cleaned = said.replace("\0", "").strip()
        if not fold(cleaned):
            raise CommandError(ctx.text("This one is needed."))
        if len(cleaned) > most:
            raise CommandError(
                ctx.text("That has {count} characters; at most {most} fit here.", count=len(cleaned), most=most)
            )
        await refuse_reports(ctx, cleaned)
        return cleaned

    return read


def in_a_line(most: int) -> Read:
    """Read a text that stands in one line."""

    async def read(ctx: Context, said: str, answers: Answers) -> str:
        return " ".join((await text(most)(ctx, said, answers)).split())

    return read


def is_yes(said: object) -> bool:
    """Tell whether something was agreed to."""
    return isinstance(said, str) and fold(said) in AGREED


def sign_of(said: str) -> str | None:
    """Return the button that a yes or a no stands for; None for anything else."""
    if fold(said) in AGREED or said.strip() == YES:
        return YES
    return NO if fold(said) in DECLINED or said.strip() == NO else None


async def agreed(ctx: Context, said: str, _answers: Answers) -> str:
    """Read an agreement; return when it was given (ISO 8601)."""
    if fold(said) not in AGREED:
        raise CommandError(
            ctx.text(
                "I go on only with {yes}. {cancel} ends it, and I keep nothing.",
                yes=code(yes(ctx)),
                cancel=code(talks.word(ctx, "cancel")),
            )
        )
    return ctx.now.isoformat()


async def yes_or_no(ctx: Context, said: str, _answers: Answers) -> str:
    """Read a yes or no."""
    folded = fold(said)
    if folded in AGREED:
        return "yes"
    if folded in DECLINED:
        return "no"
    raise CommandError(ctx.text("Please type {yes} or {no}.", yes=code(yes(ctx)), no=code(no(ctx))))


async def country(ctx: Context, said: str, _answers: Answers) -> str:
    """Read a country, or that it is general."""
    if fold(said) in GENERAL:
        return "general"
    found = countries.find(said)
    if found.one is None or found.how is not countries.How.NAMED:
        raise CommandError(ctx.text("I know no country called {word}.", word=code(said[:60])))
    return found.one.code


async def language(ctx: Context, said: str, _answers: Answers) -> str:
    """Read a language that the bot speaks."""
    found = codes_by_name().get(said.strip().casefold())
    if found not in SPOKEN:
        names = ", ".join(name_of(one, ctx.language) for one in SPOKEN)
        raise none_of(ctx, said, names)
    return found


async def day(ctx: Context, said: str, _answers: Answers) -> str:
    """Read a date that is to come (ISO 8601)."""
    await zones.ready()
    found = understand(said, ctx.language, ctx.now, ctx.timezone)
    if isinstance(found, Unclear):
        raise CommandError(explain(ctx.language, found))
    if found.rest.strip():
        raise CommandError(ctx.text("I did not understand {word}.", word=code(found.rest.strip()[:100])))
    if found.is_past:
        raise CommandError(ctx.text("This is in the past."))
    assert isinstance(found.date, date)  # noqa: S101 - so declared
    return found.date.isoformat()


def yes(ctx: Context) -> str:
    """Return what is typed to agree."""
    return {"fr": "oui", "es": "sí"}.get(ctx.language, "yes")


def no(ctx: Context) -> str:
    """Return what is typed to decline."""
    return {"fr": "non"}.get(ctx.language, "no")
