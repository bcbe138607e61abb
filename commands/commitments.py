"""Finding commitments: `!commitments`, `!commitments due`, `!commitment 5`; for moderators what is overdue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated

from commands import categories
from commands.arguments import Label, Rest
from commands.commitment_card import KIND, LEVEL_WORDS, LEVELS, card, line
from commands.context import Context, Permission, mark
from commands.errors import CommandError
from commands.names import K, Words, names_of
from commands.registry import command
from commands.rendering import Markdown, bullets, code, paragraphs
from config import countries
from config.countries import How
from storage import commitments, submissions
from storage.commitments import Commitment
from storage.folding import fold
from storage.submissions import PUBLIC

ROWS = 10
WORDS = mark("country, region, who, level, or words")
LONGEST = 8
"""Words of the name of a country."""


@command(
    "commitments",
    topic="practices",
    examples={
        "en": ("commitments", "commitments kenya", "commitments africa academia substantial"),
        "fr": ("engagements", "engagements kenya", "engagements afrique substantiel"),
        "es": ("compromisos", "compromisos kenia", "compromisos áfrica sustancial"),
    },
    aliases={"fr": ("engagements",), "es": ("compromisos",)},
)
async def listed(ctx: Context, words: Annotated[Rest | None, Label(WORDS)] = None) -> Markdown:
    """List what was committed to, the newest first: of a country or region, by who commits, by how far it is."""
    found, left = await _fitting(ctx, words)
    return rows(ctx, found) if found else _nothing(ctx, words, left)


@command(
    "commitments due",
    topic="practices",
    examples={
        "en": ("commitments due", "commitments due kenya"),
        "fr": ("engagements échéances", "engagements échéances kenya"),
        "es": ("compromisos plazos", "compromisos plazos kenia"),
    },
    aliases={"fr": ("engagements échéances",), "es": ("compromisos plazos",)},
)
async def show_due(ctx: Context, words: Annotated[Rest | None, Label(WORDS)] = None) -> Markdown:
    """List what is to be met next, the soonest first; of a country, by who commits, or by how far it is."""
    found, left = await _fitting(ctx, words, due_from=ctx.now.date())
    if found or words is None:
        return rows(ctx, found) if found else ctx.text("Nothing that was committed to is due.")
    return _nothing(ctx, words, left)


@command(
    "commitments overdue",
    topic="practices",
    examples={
        "en": ("commitments overdue",),
        "fr": ("engagements retard",),
        "es": ("compromisos atrasados",),
    },
    aliases={"fr": ("engagements retard",), "es": ("compromisos atrasados",)},
    permission=Permission.MODERATOR,
)
async def show_overdue(ctx: Context) -> Markdown:
    """List what is past its date and not reported complete. Only moderators see this list."""
    found = await commitments.overdue(ctx.storage, ctx.now.date())
    return rows(ctx, found) if found else ctx.text("Nothing that was committed to is overdue.")


@command(
    "commitment",
    topic="practices",
    examples={"en": ("commitment 5",), "fr": ("engagement 5",), "es": ("compromiso 5",)},
    aliases={"fr": ("engagement",), "es": ("compromiso",)},
)
async def show(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Markdown:
    """Show a commitment: who, what, by when, how one will know, and how far it is."""
    one = await submissions.get(ctx.storage, number)
    if one is None or one.kind != KIND or one.state not in PUBLIC:
        raise unknown(ctx, number)
    return await card(ctx, one)


async def newly_overdue(ctx: Context) -> Markdown | None:
    """Return what passed its date yesterday and is not reported complete, for moderators; None if nothing did."""
    today = ctx.now.date()
    late = [
        one
        for one in await commitments.overdue(ctx.storage, today)
        if one.promise.deadline == today - timedelta(days=1)
    ]
    return _for_moderators(ctx, late)


async def all_overdue(ctx: Context) -> Markdown | None:
    """Return all that is past its date and not reported complete, for moderators; None when nothing is."""
    return _for_moderators(ctx, await commitments.overdue(ctx.storage, ctx.now.date()))


def _for_moderators(ctx: Context, late: Sequence[Commitment]) -> Markdown | None:
    if not late:
        return None
    head = ctx.plural(
        "{count} commitment is past its date and not reported complete. This is for moderators; what members see "
        "does not say so.",
        "{count} commitments are past their date and not reported complete. This is for moderators; what members "
        "see does not say so.",
        len(late),
    )
    return paragraphs(
        head,
        bullets(line(ctx, one) for one in late[:ROWS]),
        ctx.text("{overdue} lists all.", overdue=code(ctx.typed("commitments overdue"))),
    )


def unknown(ctx: Context, number: int) -> CommandError:
    """Return what is said of a commitment that is not there, or not published."""
    return CommandError(
        ctx.text(
            "There is no commitment {number}. {list} shows what there is.",
            number=number,
            list=code(ctx.typed("commitments")),
        )
    )


def rows(ctx: Context, found: Sequence[Commitment]) -> Markdown:
    """List commitments, with how to see the rest of a long list."""
    left = len(found) - ROWS
    more = [ctx.plural("and {count} more", "and {count} more", left)] if left > 0 else []
    narrower = code(ctx.typed("commitments", str(ctx.text("Kenya"))))
    return paragraphs(
        bullets([*(line(ctx, one) for one in found[:ROWS]), *more]),
        ctx.text("To see fewer, name a country, who commits, or how far it is: {example}", example=narrower)
        if more
        else None,
    )


async def _fitting(ctx: Context, words: str | None, due_from: date | None = None) -> tuple[list[Commitment], str]:
    """Return the commitments that fit the words, and which words are no country, who commits, or level."""
    # Before the rest is taken away: "state" is who commits, but not in "State of Palestine".
    places, left = _places((words or "").split())
    level, left = named(left, LEVELS, LEVEL_WORDS)
    category, left = named(left, categories.CATEGORIES, categories.WORDS)
    if places is None:
        places, left = _places(left)
    found = await commitments.find(ctx.storage, places, category, level, due_from)
    asked = fold(" ".join(left)).split()
    return [one for one in found if not asked or _holds(one, asked)], " ".join(left)


def named(words: list[str], some: Mapping[K, str], also: Words[K]) -> tuple[K | None, list[str]]:
    """Take one of these names, in any of the languages, out of words; the longest that is there."""
    names = names_of(some, also)
    longest = max(len(name.split()) for name in names)
    for length in range(min(longest, len(words)), 0, -1):
        for place in range(len(words) - length + 1):
            key = names.get(fold(" ".join(words[place : place + length])))
            if key is not None:
                return key, words[:place] + words[place + length :]
    return None, words


def _places(words: list[str]) -> tuple[list[str] | None, list[str]]:
    """Take a country or region from the beginning or the end; the longest name wins. Return its countries."""
    for length in range(min(len(words), LONGEST), 0, -1):
        for part, rest in ((words[:length], words[length:]), (words[-length:], words[:-length])):
            said = " ".join(part)
            found = countries.find(said)
            if found.one is not None and found.how is How.NAMED:
                return [found.one.code], rest
            region = countries.find_region(said)
            if region is not None:
                return [one.alpha2 for one in region.countries], rest
    return None, words


def _nothing(ctx: Context, words: str | None, left: str) -> Markdown:
    """Return what is said when nothing fits, and what may have been meant."""
    near = countries.find(left).one if left else None
    return paragraphs(
        ctx.text("No commitment is on record for {words}.", words=words[:100])
        if words
        else ctx.text("No commitment has been published yet."),
        ctx.text(
            "Did you mean {command}?",
            command=code(ctx.typed("commitments", near.name(ctx.language))),
        )
        if near
        else ctx.text("Do you wish to commit to something? {commit}", commit=code(ctx.typed("commit"))),
    )


def _holds(one: Commitment, asked: Sequence[str]) -> bool:
    text = fold(f"{one.promise.title} {one.promise.body or ''}")
    return all(word in text for word in asked)
