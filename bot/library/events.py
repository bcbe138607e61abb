"""The pages of the calendar: only events that are for everybody, and never who goes."""

from __future__ import annotations

from dataclasses import replace

from bot.library.asking import Ask, MissingError, Sheet, pages_of
from bot.library.pages import ROWS, worded
from commands import events as words
from commands import practice_card as card
from commands.communities import name as name_of_community
from commands.context import Context
from commands.rendering import plain, render
from storage import library
from storage.events import Kept
from storage.folding import fold
from storage.library import Next

TIMES = 5
"""Of an event that takes place again and again."""
SUBJECTS = 30
"""Topics and countries of which a calendar is offered."""


async def coming(ctx: Context, ask: Ask) -> Sheet:
    """Show what comes, and how to subscribe to it."""
    count = await library.coming_count(ctx.storage, ctx.now)
    pages = pages_of(ask, count, ROWS)
    some = await library.coming(ctx.storage, ctx.now, ROWS, (ask.page - 1) * ROWS)
    subjects = await library.subjects(ctx.storage)
    kinds = [(kind, worded(ctx.language, name)) for kind, name in words.KINDS.items()]
    topics = sorted(subjects.topics, key=lambda one: (-subjects.topics[one], one))[:SUBJECTS]
    places = [(code, card.country_name(ctx, code)) for code in subjects.countries]
    facts = {
        "rows": [coming_row(ctx, one) for one in some],
        "count": count,
        "pages": pages,
        "kinds": kinds,
        "topics": sorted(topics, key=fold),
        "countries": sorted(((code, name) for code, name in places if name), key=lambda one: fold(one[1]))[
            :SUBJECTS
        ],
        "feed": "calendar.atom",
    }
    about = ctx.plain("International days, meetings and trainings that are open to everybody.")
    return Sheet("calendar.html", ctx.plain("Calendar"), facts, about=about)


async def past(ctx: Context, ask: Ask) -> Sheet:
    """Show what is over, the latest first."""
    some, count = await library.past(ctx.storage, ctx.now, ROWS, (ask.page - 1) * ROWS)
    pages = pages_of(ask, count, ROWS)
    facts = {"rows": [past_row(ctx, one) for one in some], "count": count, "pages": pages}
    return Sheet("past.html", ctx.plain("Past events"), facts)


async def one(ctx: Context, ask: Ask) -> Sheet:
    """Show an event."""
    found = await library.public_event(ctx.storage, int(ask.name))
    if found is None:
        raise MissingError
    times = await library.next_of(ctx.storage, found, ctx.now, TIMES)
    description = found.description(ctx.language) or ""
    facts = {
        "event": found,
        "kind": worded(ctx.language, words.KINDS[found.kind]),
        "times": [_when(ctx, one) for one in times] or [(found.timing.start, _span(ctx, found))],
        "description": description,
        "spoken": _spoken(found.descriptions, ctx.language),
        "heading": found.title(ctx.language),
        "title_spoken": _spoken(found.titles, ctx.language),
        "open": bool(times) and found.kind != "commemoration",
        "community": name_of_community(ctx, found.community),
        "countries": [name for code in found.countries if (name := card.country_name(ctx, code))],
    }
    return Sheet("event.html", plain(found.title(ctx.language)), facts, about=plain(description))


def coming_row(ctx: Context, one: Next) -> dict[str, object]:
    """Return what a list shows of an event that comes."""
    start, shown = _when(ctx, one)
    return _row(ctx, one.event) | {"start": start, "when": shown}


async def row(ctx: Context, one: Kept) -> dict[str, object]:
    """Return what a list shows of an event that may be over, or come again."""
    times = await library.next_of(ctx.storage, one, ctx.now, 1)
    return coming_row(ctx, times[0]) if times else past_row(ctx, one)


def past_row(ctx: Context, one: Kept) -> dict[str, object]:
    """Return what a list shows of an event that is over."""
    return _row(ctx, one) | {"start": one.timing.start[:10], "when": _span(ctx, one)}


def _row(ctx: Context, one: Kept) -> dict[str, object]:
    return {
        "id": one.id,
        "heading": one.title(ctx.language),
        "spoken": _spoken(one.titles, ctx.language),
        "kind": worded(ctx.language, words.KINDS[one.kind]),
        "place": one.place or "",
        "cancelled": one.certainty == "cancelled",
        "tentative": one.certainty == "tentative",
    }


def _when(ctx: Context, one: Next) -> tuple[str, str]:
    """Return the machine-readable beginning, and the time in words, on the clocks of the event's own zone.

    Where a visitor is nobody knows, and nobody asks.
    """
    there = replace(ctx, timezone=one.event.timing.zone or "UTC")
    begin = one.coming.start if "T" not in one.coming.start else one.coming.starts_at.isoformat()
    return begin, render(words.when_of(there, one.event, one.coming)).body


def _span(ctx: Context, one: Kept) -> str:
    return render(words.span(ctx, one)).body


def _spoken(texts: dict[str, str], language: str) -> str:
    """Return the language in which a text is there, as `Event.title` chooses it."""
    return next((one for one in (language, "en", *texts) if one in texts), language)
