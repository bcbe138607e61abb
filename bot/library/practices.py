"""The pages of shared practices."""

from __future__ import annotations

from bot.library import places
from bot.library.asking import Ask, MissingError, Sheet, pages_of
from bot.library.pages import ROWS, worded
from commands import practice_card as card
from commands.context import Context, mark
from commands.moments import in_words
from commands.rendering import plain, render
from storage import library
from storage.library import Practice

SECTIONS = {
    "problem": mark("Problem"),
    "story": mark("Steps"),
    "result": mark("Result"),
    **{key: heading for key, heading in card.MORE.items() if key not in (*card.CHOSEN, "tags")},
}
"""What an author says at length, under its headings; the summary stands before all."""
ALIKE = 3


async def listed(ctx: Context, ask: Ask) -> Sheet:
    """Show practices, the newest first, of one country or of all."""
    country = ask.country or None
    count = await library.practice_count(ctx.storage, country)
    pages = pages_of(ask, count, ROWS)
    some = await library.practices(ctx.storage, ROWS, (ask.page - 1) * ROWS, country)
    place = card.country_name(ctx, country)
    title = ctx.plain("Practices from {country}", country=place) if place else ctx.plain("Practices")
    facts = {
        "rows": [row(ctx, one) for one in some],
        "count": count,
        "pages": pages,
        "countries": places.options(ctx, await library.practice_countries(ctx.storage)),
        "feed": "practices.atom",
    }
    about = ctx.plain("What members did to prevent atrocities, and what changed.")
    return Sheet("practices.html", title, facts, about=about)


async def one(ctx: Context, ask: Ask) -> Sheet:
    """Show a practice as it was published."""
    found = await library.practice(ctx.storage, int(ask.name))
    if found is None:
        raise MissingError
    fields = found.fields
    attribution = card.attribution(ctx, fields)
    terms = [
        (worded(ctx.language, card.MORE[key]), worded(ctx.language, names[fields[key]]))
        for key, names in card.CHOSEN.items()
        if fields.get(key) in names
    ]
    facts = {
        **row(ctx, found),
        "sections": [
            (worded(ctx.language, heading), str(fields[key]))
            for key, heading in SECTIONS.items()
            if fields.get(key)
        ],
        "tags": str(fields.get("tags") or ""),
        "terms": terms,
        "attribution": render(attribution).body if attribution else "",
        "translated": fields.get("translated") == "yes",
        "quoted": fields.get("quoted") == "yes",
        "alike": [row(ctx, other) for other in await library.practices_alike(ctx.storage, found, ALIKE)],
    }
    return Sheet("practice.html", plain(title(found)), facts, about=plain(str(fields.get("summary") or "")))


def row(ctx: Context, one: Practice) -> dict[str, object]:
    """Return what a list shows of a practice."""
    fields = one.fields
    about = [card.country_name(ctx, fields.get("country"))]
    about += [
        worded(ctx.language, names[fields[key]])
        for key, names in (("level", card.LEVELS), ("leader", card.LEADERS))
        if fields.get(key) in names
    ]
    return {
        "id": one.id,
        "heading": title(one),
        "summary": str(fields.get("summary") or ""),
        "spoken": one.language,
        "tagged": " · ".join(part for part in about if part),
        "day": one.at.date().isoformat(),
        "shared": in_words(one.at.date(), ctx.language),
    }


def title(one: Practice) -> str:
    """Return what a practice is called."""
    return str(one.fields.get("title") or "–")
