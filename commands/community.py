"""How diverse the community is: `!community`, in words and as a picture; for moderators also where it is not.

Only what `storage.constituency` made is shown; `docs/community.md` says why its numbers are as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from commands import community_picture as drawing
from commands.attachment import Attachment, Picture, Reply
from commands.categories import CATEGORIES
from commands.community_picture import Bar, Chart
from commands.context import Context
from commands.interests import INTERESTS
from commands.map.drawing import size
from commands.moments import in_words
from commands.places import CONTINENTS
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from config import countries
from storage import constituency
from storage.constituency import ALL, Numbers, in_both, in_category, in_region, in_topic


@command(
    "community",
    topic="you",
    examples={"en": ("community",), "fr": ("communauté",), "es": ("comunidad",)},
    aliases={"fr": ("communauté",), "es": ("comunidad",)},
)
async def show(ctx: Context) -> Reply:
    """Show how diverse the community is, by category and region, in numbers and as a picture.

    Only of what people told me for this purpose (`me`). No names, no small groups.
    """
    found = await constituency.numbers(ctx.storage)
    moderators = ctx.surroundings.moderation
    gaps = _gaps(ctx, found) if found and moderators and moderators.room_id == ctx.asker.room_id else None
    if found is None or not found.shown:
        return Reply(paragraphs(_too_few(ctx), gaps))
    charts = _charts(ctx, found.shown)
    text = paragraphs(
        _head(ctx, found),
        *(
            Markdown("**{}**\n\n{}").format(one.title, bullets(ctx.row(bar.name, bar.shown) for bar in one.bars))
            for one in charts
        ),
        _caution(ctx, found),
        _how(ctx),
        gaps,
    )
    title = ctx.plain("Who takes part")
    subtitle = ctx.plain("Counted on {date}", date=_date(ctx, found))
    picture = await asyncio.to_thread(drawing.draw, title, subtitle, charts)
    words = "; ".join(
        f"{one.title}: " + ", ".join(f"{bar.name} {bar.shown}" for bar in one.bars) for one in charts
    )
    return Reply(text, (Attachment("community.png", "image/png", picture, Picture(*size(picture), words)),))


def _head(ctx: Context, found: Numbers) -> Markdown:
    date = _date(ctx, found)
    if ALL not in found.shown:
        return ctx.text("Who takes part, of those who told me so to be counted; counted on {date}.", date=date)
    return ctx.text(
        "Who takes part, of the {number} people or more who told me so to be counted; counted on {date}.",
        number=found.shown[ALL],
        date=date,
    )


def _charts(ctx: Context, shown: Mapping[str, int]) -> list[Chart]:
    """Return the groups that have a number, the largest first."""
    some = (
        (ctx.plain("By category"), {in_category(key): ctx.plain(name) for key, name in CATEGORIES.items()}),
        (
            ctx.plain("By region"),
            {in_region(key): countries.regions()[key].name(ctx.language) for key in CONTINENTS},
        ),
        (ctx.plain("What interests them"), {in_topic(key): ctx.plain(name) for key, name in INTERESTS.items()}),
    )
    charts = []
    for title, names in some:
        bars = [Bar(name, shown[cell]) for cell, name in names.items() if cell in shown]
        if bars:
            charts.append(Chart(title, tuple(sorted(bars, key=lambda bar: -bar.number))))
    return charts


def _caution(ctx: Context, found: Numbers) -> Markdown:
    return ctx.text(
        "Groups of fewer than {smallest} are not shown. Numbers are rounded down to multiples of five, and change "
        "only when {smallest} people or more have come or gone, on the first of a month; in January all are "
        "counted anew.",
        smallest=found.smallest,
    )


def _too_few(ctx: Context) -> Markdown:
    return paragraphs(
        ctx.text(
            "So far I have no number of this community to show: too few people have told me for whom they speak, "
            "or I have not counted yet. I count on the first of each month."
        ),
        _how(ctx),
    )


def _how(ctx: Context) -> Markdown:
    return ctx.text(
        "If you wish to be counted: {me}, in a direct chat.",
        me=code(ctx.typed("me").removeprefix(ctx.asker.prefix)),
    )


def _gaps(ctx: Context, found: Numbers) -> Markdown:
    """Return in which regions which categories are missing. Who is in such a group, if anybody, nobody learns."""
    rows = []
    for region in CONTINENTS:
        missing = [name for key, name in CATEGORIES.items() if in_both(key, region) not in found.shown]
        if missing:
            names = join(", ", [ctx.text(name) for name in missing])
            every = len(missing) == len(CATEGORIES)
            said = ctx.text("all categories") if every else names
            rows.append(ctx.row(strong(countries.regions()[region].name(ctx.language)), said))
    if not rows:
        return ctx.text(
            "Gaps: none. Each category has {smallest} people or more in each region.", smallest=found.smallest
        )
    return paragraphs(
        ctx.text(
            "Gaps, for moderators: of these fewer than {smallest} people told me so, or nobody.",
            smallest=found.smallest,
        ),
        bullets(rows),
    )


def _date(ctx: Context, found: Numbers) -> str:
    return in_words(found.counted_at.astimezone(ZoneInfo(ctx.timezone)).date(), ctx.language)
