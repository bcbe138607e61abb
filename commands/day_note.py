"""The note before an international day: which terms and events belong to it. Never about a situation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

from commands.context import Context
from commands.events import call, row
from commands.masking import names, places
from commands.moments import in_words
from commands.rendering import Markdown, bullets, code, paragraphs, strong
from config import learning
from storage import events, teachable
from storage.events import Coming, Kept
from storage.folding import fold
from storage.glossary import Concept

TERMS, EVENTS = 5, 3
AFTER = timedelta(days=14)
"""How long after the day an event still belongs to it."""
SHOWN = ("preferred", "admitted", "abbreviation")


async def note(ctx: Context, event: Kept, day: date, days: int) -> Markdown | None:
    """Write the note, so many days before; None when neither a term nor an event belongs to the day."""
    concepts = await _terms(ctx, event)
    coming = await _events(ctx, event, day, concepts)
    if not concepts and not coming:
        return None
    return paragraphs(
        ctx.plural(
            "In {count} day, on {date}: {event}",
            "In {count} days, on {date}: {event}",
            days,
            date=in_words(day, ctx.language),
            event=strong(event.title(ctx.language)),
        ),
        _block(
            ctx.text("Terms that belong to it:"),
            [code(ctx.typed("term", one.named(ctx.language)[0])) for one in concepts],
        ),
        _block(ctx.text("Coming events that belong to it:"), [row(ctx, known, one) for known, one in coming]),
        ctx.text("More: {example}", example=call(ctx, event.id)),
    )


def _block(heading: Markdown, rows: Sequence[Markdown]) -> Markdown | None:
    return Markdown("{}\n{}").format(heading, bullets(rows)) if rows else None


async def _terms(ctx: Context, event: Kept) -> list[Concept]:
    """Return the terms of a day: those that the starter content names, else those that its title names."""
    complete = await teachable.terms_in(ctx.storage, ctx.language)
    chosen = learning.days().get(event.uid)
    if chosen is not None:
        by_id = {one.id: one for one in complete}
        return [by_id[each] for each in chosen if each in by_id][:TERMS]
    title = [one.word for one in places(event.title(ctx.language))]
    return (await asyncio.to_thread(_named, title, complete, ctx.language))[:TERMS]


async def _events(ctx: Context, event: Kept, day: date, concepts: list[Concept]) -> list[tuple[Kept, Coming]]:
    """Return what else comes until some days after the day, and speaks of one of its terms."""
    coming = [
        one
        for one in await events.coming(ctx.storage, ctx.now)
        if one.event_id != event.id and date.fromisoformat(one.start[:10]) <= day + AFTER
    ]
    known = await events.some(ctx.storage, list({one.event_id for one in coming}))
    return await asyncio.to_thread(_speaking, coming, known, concepts, ctx.language, ctx.asker.room_id)


def _speaking(
    coming: list[Coming], known: dict[int, Kept], concepts: list[Concept], language: str, room_id: str
) -> list[tuple[Kept, Coming]]:
    found = []
    for one in coming:
        other = known[one.event_id]
        if other.kind == "commemoration" or other.access == "invited":
            continue
        if other.rooms is not None and room_id not in other.rooms:
            continue
        text = [each.word for each in places(f"{other.title(language)} {other.description(language) or ''}")]
        topics = {fold(topic) for topic in other.topics}
        if _named(text, concepts, language) or any(fold(each.id) in topics for each in concepts):
            found.append((other, one))
    return found[:EVENTS]


def _named(words: Sequence[str], concepts: Sequence[Concept], language: str) -> list[Concept]:
    """Return the terms that a text names."""
    return [
        one
        for one in concepts
        if any(term.language == language and term.kind in SHOWN and names(words, term.text) for term in one.terms)
    ]
