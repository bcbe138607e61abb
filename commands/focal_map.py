"""The network as a picture: `!focal map`."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated

from commands import map as drawing
from commands import places
from commands.arguments import Label, Rest
from commands.attachment import Attachment, Picture, Reply
from commands.context import Context, mark
from commands.map import Mark, Texts, View
from commands.moments import in_words
from commands.registry import command
from commands.rendering import strong
from config.countries import Region
from storage import focal
from storage.focal import Book

WIDTH, SMALL = 1600, 800
"""Pixels of the map and of its thumbnail."""


@command(
    "focal map",
    topic="focal",
    examples={
        "en": ("focal map", "focal map africa"),
        "fr": ("focal carte", "focal carte Afrique"),
        "es": ("focal mapa", "focal mapa África"),
    },
    aliases={"fr": ("focal carte",), "es": ("focal mapa",)},
)
async def show_map(ctx: Context, region: Annotated[Rest | None, Label(mark("region"))] = None) -> Reply:
    """Draw the network on a map, of the world or of a region."""
    where = places.region(ctx, region, "focal map")
    marks = marks_of(await focal.book(ctx.storage), where)
    book = await focal.book(ctx.storage)
    texts = texts_of(ctx, where, marks, book)

    async def draw() -> tuple[bytes, bytes]:
        view = View.world() if where.code == places.WORLD else View.of(where)
        return (
            await asyncio.to_thread(drawing.draw, view, marks, texts, WIDTH),
            await asyncio.to_thread(drawing.draw, view, marks, texts, SMALL),
        )

    # The texts are part of the name, because the day on which a record was confirmed is no part of the data.
    large, small = await ctx.storage.cached("focal", draw, part=f"/map/{where.code}/{ctx.language}")
    said = alternative(ctx, where, marks)
    name = f"focal-{where.name('en').casefold().replace(' ', '-')}.png"
    thumbnail = Attachment(name, "image/png", small, Picture(*drawing.size(small), said))
    return Reply(
        ctx.text("The network in {region}, as far as it is on record.", region=strong(where.name(ctx.language))),
        (Attachment(name, "image/png", large, Picture(*drawing.size(large), said), thumbnail),),
    )


def marks_of(book: Book, where: Region) -> dict[str, Mark]:
    """Return what is on record for each country of a region."""
    points, mechanisms = book.holders("r2p_focal_point"), book.holders("national_mechanism")
    found = {}
    for one in where.countries:
        both = (one.alpha2 in points, one.alpha2 in mechanisms)
        if any(both):
            found[one.alpha2] = Mark.BOTH if all(both) else Mark.FOCAL_POINT if both[0] else Mark.MECHANISM
    return found


def texts_of(ctx: Context, where: Region, marks: dict[str, Mark], book: Book) -> Texts:
    """Return what is written on the map."""
    counts = Counter(marks.values())
    none = sum(one.alpha2 not in marks for one in where.members)
    changed = book.as_of() or ctx.now
    return Texts(
        title=ctx.plain("National focal points and mechanisms")
        + ("" if where.code == places.WORLD else f" – {where.name(ctx.language)}"),
        subtitle=ctx.plain(
            "On record on {date}; what is not on record may exist all the same",
            date=in_words(changed.date(), ctx.language),
        ),
        focal_point=ctx.plain("R2P focal point: {count}", count=counts[Mark.FOCAL_POINT]),
        mechanism=ctx.plain("National mechanism: {count}", count=counts[Mark.MECHANISM]),
        both=ctx.plain("Both: {count}", count=counts[Mark.BOTH]),
        none=ctx.plain("None on record: {count}", count=none),
        disclaimer=ctx.plain("Boundaries and names shown do not imply official endorsement or acceptance."),
        credit=ctx.plain("Map data: Natural Earth (public domain)"),
    )


def alternative(ctx: Context, where: Region, marks: dict[str, Mark]) -> str:
    """Return in words what the map shows, for who cannot see it."""
    counts = Counter(marks.values())
    return ctx.plain(
        "Map of {region}: {focal} with an R2P focal point on record, {mechanism} with a national mechanism, "
        "{both} with both.",
        region=where.name(ctx.language),
        focal=counts[Mark.FOCAL_POINT],
        mechanism=counts[Mark.MECHANISM],
        both=counts[Mark.BOTH],
    )
