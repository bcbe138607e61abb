"""The commitments of a year by how far they are and by region, in words and as a picture: `!commitments year`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from commands import chart
from commands.arguments import Label
from commands.attachment import Attachment, Picture, Reply
from commands.commitment_card import LEVELS, UNREPORTED
from commands.context import Context, mark
from commands.errors import CommandError
from commands.map.drawing import size
from commands.places import CONTINENTS
from commands.registry import command
from commands.rendering import bullets, code, join, paragraphs, strong
from config import countries
from storage import commitments
from storage.commitments import Level

Figures = Mapping[str, Counter[Level | None]]
"""How many commitments of each region (its number of M49, or "") are how far."""
SHADES: Mapping[Level | None, str] = {
    None: "#d9d9d9",
    "not started": "#a6a6a6",
    "limited": "#e3b261",
    "substantial": "#5b93c7",
    "complete": "#1f5f99",
}
"""From light to dark, so that they are told apart without colours, too."""
WIDTH, LEFT, TOP, ROW, BAR = 800, 230, 120, 46, 28
LEGEND = 250
"""Pixels for each entry."""
DIGIT = 10
"""Pixels of a digit: a part that is too narrow for its number has none. All numbers stand in the text."""
FIRST = 2000
"""No commitment is older."""


@command(
    "commitments year",
    topic="practices",
    examples={
        "en": ("commitments year", "commitments year 2026"),
        "fr": ("engagements année", "engagements année 2026"),
        "es": ("compromisos año", "compromisos año 2026"),
    },
    aliases={"fr": ("engagements année",), "es": ("compromisos año",)},
)
async def show(ctx: Context, year: Annotated[int | None, Label(mark("year"))] = None) -> Reply:
    """Show the commitments of a year by how far they are and by region, as a picture, too."""
    asked = year if year is not None else ctx.now.year
    if not FIRST <= asked <= ctx.now.year:
        raise CommandError(
            ctx.text(
                "I show the years until now: {example}.",
                example=code(ctx.typed("commitments year", str(ctx.now.year))),
            )
        )
    found = await picture(ctx, asked)
    return found or Reply(ctx.text("No commitment stood in {year}.", year=str(asked)))


async def picture(ctx: Context, year: int) -> Reply | None:
    """Return the figures of a year in words and as a picture; None when there are none."""
    figures = _counted(await commitments.of_year(ctx.storage, year))
    if not figures:
        return None
    total = sum((counts for counts in figures.values()), start=Counter[Level | None]())
    head = ctx.plural(
        "{count} commitment in {year}, by the last report of each:",
        "{count} commitments in {year}, by the last report of each:",
        total.total(),
        year=str(year),
    )
    rows = [ctx.row(strong(_region(ctx, code_)), _in_words(ctx, counts)) for code_, counts in figures.items()]
    said = paragraphs(join("\n", [head, _in_words(ctx, total)]), bullets(rows))
    drawn = await asyncio.to_thread(_draw, ctx, year, figures)
    text = "; ".join(f"{_region(ctx, code_)}: {_in_words(ctx, counts)}" for code_, counts in figures.items())
    shown = Picture(*size(drawn), ctx.plain("Commitments in {year}: {numbers}", year=year, numbers=text))
    return Reply(said, (Attachment(f"commitments-{year}.png", "image/png", drawn, shown),))


def _counted(found: list[tuple[str, Level | None]]) -> Figures:
    """Return the figures of each region that has any; what is of no country comes last."""
    regions = countries.regions()
    at = {one.alpha2: number for number in CONTINENTS for one in regions[number].countries}
    counts: dict[str, Counter[Level | None]] = {number: Counter() for number in (*CONTINENTS, "")}
    for country, level in found:
        counts[at.get(country, "")][level] += 1
    return {number: each for number, each in counts.items() if each}


def _region(ctx: Context, number: str) -> str:
    return countries.regions()[number].name(ctx.language) if number else ctx.plain("no country in particular")


def _name(ctx: Context, level: Level | None) -> str:
    return ctx.plain(LEVELS[level] if level else UNREPORTED)


def _in_words(ctx: Context, counts: Counter[Level | None]) -> str:
    return ", ".join(f"{counts[level]} {_name(ctx, level)}" for level in reversed(list(SHADES)) if counts[level])


def _draw(ctx: Context, year: int, figures: Figures) -> bytes:
    """Draw a bar for each region, in parts for how far its commitments are, with their numbers."""
    most = max(counts.total() for counts in figures.values())
    parts = [chart.words(30, 42, ctx.plain("Commitments in {year}", year=year), 24, weight="bold")]
    for place, level in enumerate(reversed(list(SHADES))):
        left, top = 30 + place % 3 * LEGEND, 64 + place // 3 * 24
        parts.append(chart.box(left, top, 16, 16, SHADES[level]))
        parts.append(chart.words(left + 24, top + 13, _name(ctx, level), 15))
    for row, (number, counts) in enumerate(figures.items()):
        y = float(TOP + row * ROW)
        parts.append(chart.words(30, y + 20, _region(ctx, number), 15))
        x = float(LEFT)
        for level in reversed(list(SHADES)):
            if not counts[level]:
                continue
            width = (WIDTH - LEFT - 30) * counts[level] / most
            parts.append(chart.box(x, y, width, BAR, SHADES[level]))
            said = str(counts[level])
            if width >= DIGIT * len(said):
                # White is read on the darkest only.
                ink = "#ffffff" if level == "complete" else chart.INK
                parts.append(chart.words(x + width / 2, y + 20, said, 15, anchor="middle", colour=ink))
            x += width
    return chart.drawn(WIDTH, TOP + len(figures) * ROW + 10, parts)
