"""The map of focal points and mechanisms, and the same facts as a table."""

from __future__ import annotations

from functools import partial

from bot.library.asking import Ask, Sheet
from bot.library.documents import SVG, Document
from bot.library.pages import worded
from commands import map as drawing
from commands.context import Context
from commands.focal_card import EVIDENCE, KIND, STATUS, as_of, stale
from commands.focal_map import alternative, marks_of, texts_of
from commands.map import View
from commands.places import WORLD
from config import countries
from config.countries import Holder
from storage import focal
from storage.focal import Kept
from storage.folding import fold


async def shown(ctx: Context, _ask: Ask) -> Sheet:
    """Show the map with its table."""
    book = await focal.book(ctx.storage)
    world = countries.regions()[WORLD]
    places = countries.countries() | countries.organisations()
    rows = [
        (_name(places.get(code), code, ctx), code, [_facts(ctx, record) for record in book.of(code)])
        for code in {record.holder for record in book.records}
    ]
    facts = {
        "rows": sorted(rows, key=lambda one: fold(one[0])),
        "alternative": alternative(ctx, world, marks_of(book, world)),
    }
    about = ctx.plain("National focal points and mechanisms on record, with source and date.")
    return Sheet("map.html", ctx.plain("Who to turn to"), facts, about=about)


async def picture(ctx: Context, _ask: Ask) -> partial[Document]:
    """Return what draws the map, as SVG: it is made without holding up anything, and sharp on every screen."""
    book = await focal.book(ctx.storage)
    world = countries.regions()[WORLD]
    marks = marks_of(book, world)
    return partial(_draw, marks, texts_of(ctx, world, marks, book))


def _draw(marks: dict[str, drawing.Mark], texts: drawing.Texts) -> Document:
    svg = drawing.picture(View.world(), marks, texts)
    # Where the font of the picture is not installed, the one of the page is the nearest.
    svg = svg.replace('font-family="Noto Sans"', 'font-family="Noto Sans, Arial, sans-serif"', 1)
    return Document(svg.encode(), SVG)


def _facts(ctx: Context, record: Kept) -> dict[str, object]:
    status = "" if record.kind == "group_of_friends" else worded(ctx.language, STATUS[record.status])
    has_contact = record.contact and record.contact_url
    return {
        "kind": worded(ctx.language, KIND[record.kind]),
        "title": record.title(ctx.language) or "",
        "spoken": next(
            (one for one in (ctx.language, "en", *record.titles) if one in record.titles), ctx.language
        ),
        "note": record.note(ctx.language) or "",
        "status": status,
        "source": record.source,
        "source_url": record.source_url or "",
        "contact": record.contact if has_contact else "",
        "contact_url": record.contact_url if has_contact else "",
        "as_of": as_of(ctx, record),
        "evidence": worded(ctx.language, EVIDENCE[record.evidence]),
        "stale": stale(ctx, record),
    }


def _name(holder: Holder | None, code: str, ctx: Context) -> str:
    return holder.name(ctx.language) if holder is not None else code
