"""The first page, and the search over everything that is public."""

from __future__ import annotations

from bot.library import commitments, events, practices
from bot.library.asking import LONGEST_WORDS, Ask, Sheet
from commands.context import Context
from commands.practice_card import country_name
from config import countries
from storage import focal, glossary, library, public_commitments

FIRST = 5
"""Of each kind on the first page."""
FOUND = 10
"""Of each kind in a search."""


async def first_page(ctx: Context, _ask: Ask) -> Sheet:
    """Show what there is, and the newest of it."""
    newest = await library.practices(ctx.storage, FIRST)
    facts = {
        "practices": [practices.row(ctx, one) for one in newest],
        "practice_count": await library.practice_count(ctx.storage),
        "commitment_count": await public_commitments.count(ctx.storage),
        "events": [events.coming_row(ctx, one) for one in await library.coming(ctx.storage, ctx.now, FIRST)],
        "term_count": sum((await glossary.topics(ctx.storage)).values()),
        "record_count": len((await focal.book(ctx.storage)).records),
    }
    about = ctx.plain("Practices, words, dates and contacts for the prevention of mass atrocities.")
    return Sheet("home.html", ctx.plain("GAAMAC public library"), facts, about=about)


async def search(ctx: Context, ask: Ask) -> Sheet:
    """Find practices, commitments, terms, events and countries by words."""
    title = ctx.plain("Search")
    if len(ask.words) > LONGEST_WORDS:
        return Sheet("search.html", title, {"state": "long", "most": LONGEST_WORDS}, status=400)
    if not ask.words:
        return Sheet("search.html", title, {"state": "empty"})
    found, count = await library.find_practices(ctx.storage, ask.words, ctx.language, FOUND)
    promises, promise_count = await public_commitments.find(ctx.storage, ask.words, FOUND)
    terms = (await glossary.find(ctx.storage, ask.words, ctx.language)).titles[:FOUND]
    dates, date_count = await library.find_events(ctx.storage, ask.words, FOUND)
    place = countries.find(ask.words)
    named = place.one if place.how is countries.How.NAMED else None
    facts = {
        "state": "found" if found or promises or terms or dates or named else "nothing",
        "practices": [practices.row(ctx, one) for one in found],
        "practice_count": count,
        "commitments": [commitments.row(ctx, one) for one in promises],
        "commitment_count": promise_count,
        "terms": terms,
        "events": [await events.row(ctx, one) for one in dates],
        "event_count": date_count,
        "place": await _place(ctx, named.code) if named else None,
    }
    return Sheet("search.html", ctx.plain("Search: {words}", words=ask.words), facts)


async def _place(ctx: Context, code: str) -> dict[str, object]:
    """Return what there is of a country."""
    book = await focal.book(ctx.storage)
    name = country_name(ctx, code)
    return {
        "code": code,
        "name": name or code,
        "records": len(book.of(code)),
        "practices": await library.practice_count(ctx.storage, code),
        "commitments": await public_commitments.count(ctx.storage, code),
    }
