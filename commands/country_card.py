"""What is on record for a country, on one card: who to turn to, commitments, practices, events; how fresh each is.

A part returns its lines and what of it is not on record. To add one, write a function and name it in `PARTS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from commands.commitment_card import LEVELS, UNREPORTED
from commands.context import Context
from commands.events import call, when_of
from commands.focal_card import ask_for_more, line, missing
from commands.moments import in_words
from commands.rendering import Markdown, bullets, code, join, paragraphs, short, strong
from commands.shortened import shortened
from config import zones
from config.countries import Country, Holder
from storage import commitments as promised
from storage import events, focal, submissions
from storage.focal import Kind

ROWS = 3
"""Of a part, but for who to turn to."""
AHEAD = timedelta(days=550)
FIRST: tuple[Kind, ...] = ("r2p_focal_point", "national_mechanism")
"""Of which it is said if they are not on record."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the card: its text, or, if there is nothing, what it is that is not on record."""

    text: Markdown | None = None
    absent: Markdown | None = None


Maker = Callable[[Context, Holder], Awaitable[Part]]


async def card(ctx: Context, holder: Holder) -> Markdown:
    """Write the card of a country or an organisation."""
    await zones.ready()
    parts = [await make(ctx, holder) for make in PARTS]
    absent = [one.absent for one in parts if one.absent]
    return paragraphs(
        _heading(ctx, holder),
        *(one.text for one in parts),
        ctx.text("Not on record here, which does not mean that there are none: {what}.", what=join(", ", absent))
        if absent
        else None,
        ask_for_more(ctx, holder),
    )


async def contacts(ctx: Context, holder: Holder) -> Part:
    """Write who to turn to, and the groups that the country is in."""
    book = await focal.book(ctx.storage)
    records = book.of(holder.code)
    gaps = [missing(ctx, kind, holder) for kind in FIRST if not book.of(holder.code, kind)]
    name = holder.name(ctx.language)
    more = ctx.text(
        "More: {focal}, {mechanism}",
        focal=code(ctx.typed("focal", name)),
        mechanism=code(ctx.typed("mechanism", name)),
    )
    return Part(
        paragraphs(
            bullets(line(ctx, one) for one in records) if records else None,
            join("\n\n", gaps) if gaps else None,
            more if records else None,
        )
    )


async def commitments(ctx: Context, holder: Holder) -> Part:
    """Name what was committed to for the country last, each with how far it is."""
    found = await promised.find(ctx.storage, [holder.code])
    if not found:
        return Part(absent=ctx.text("commitments"))
    rows = [
        Markdown("{} – {} ({}, {})").format(
            short(one.promise.title),
            ctx.text(LEVELS[one.level] if one.level else UNREPORTED),
            code(ctx.typed("commitment", str(one.id))),
            _updated(ctx, one.reported_at or one.made_at),
        )
        for one in found[:ROWS]
    ]
    typed = ctx.typed("commitments", holder.name(ctx.language))
    return Part(shortened(ctx, ctx.text("Commitments"), rows, len(found), typed))


async def practices(ctx: Context, holder: Holder) -> Part:
    """Name the practices from there that were shared last."""
    some = await submissions.published(ctx.storage, "practice", ROWS, country=holder.code)
    if not some:
        return Part(absent=ctx.text("practices"))
    rows = [
        Markdown("{} ({}, {})").format(
            short(str(one.fields.get("title", "–"))),
            code(ctx.typed("practice", str(one.id))),
            _updated(ctx, one.updated_at),
        )
        for one in some
    ]
    count = await submissions.count_published(ctx.storage, "practice", country=holder.code)
    typed = ctx.typed("practices", holder.name(ctx.language))
    return Part(shortened(ctx, ctx.text("Practices"), rows, count, typed))


async def coming(ctx: Context, holder: Holder) -> Part:
    """Name the next events that have to do with the country, each with its next time."""
    some = await events.coming(ctx.storage, ctx.now, country=holder.code, until=ctx.now + AHEAD)
    first = {one.event_id: one for one in reversed(some)}
    chosen = sorted(first.values(), key=lambda one: (one.starts_at, one.event_id))
    if not chosen:
        return Part(absent=ctx.text("coming events"))
    known = await events.some(ctx.storage, [one.event_id for one in chosen[:ROWS]])
    rows = [
        Markdown("{} – {} ({}, {})").format(
            when_of(ctx, known[one.event_id], one),
            short(known[one.event_id].title(ctx.language)),
            call(ctx, one.event_id),
            _updated(ctx, known[one.event_id].updated_at),
        )
        for one in chosen[:ROWS]
    ]
    return Part(
        shortened(
            ctx, ctx.text("Coming events"), rows, len(chosen), ctx.typed("events", holder.name(ctx.language))
        )
    )


PARTS: Sequence[Maker] = (contacts, commitments, practices, coming)
"""In the order in which they are read."""


def _updated(ctx: Context, at: datetime) -> Markdown:
    day: date = at.date()
    return ctx.text("updated on {date}", date=in_words(day, ctx.language))


def _heading(ctx: Context, holder: Holder) -> Markdown:
    name = strong(holder.name(ctx.language))
    if not isinstance(holder, Country) or not holder.region:
        return name
    return Markdown("{} – {}").format(name, holder.subregion_name(ctx.language))
