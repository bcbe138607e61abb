"""What became of the queue in a week, in words and as a small picture; and what waits too long."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from xml.sax.saxutils import escape as escape_xml

import resvg_py
from babel.dates import format_date

from commands.attachment import Attachment, Picture, Reply
from commands.context import Context
from commands.dates import echo_duration
from commands.deciding import line
from commands.forms import state_of
from commands.map.drawing import size
from commands.rendering import Markdown, bullets, code, join, paragraphs
from config.map import BOLD, REGULAR
from storage import queue_figures, submissions
from storage.queue_figures import Figures

WEEKS = 8
WIDTH, HEIGHT, BASE, TOP = 800, 420, 340, 90
RECEIVED, DECIDED = "#1f5f99", "#c8842b"


async def nudge(ctx: Context) -> Markdown | None:
    """Return which submissions wait longer than the operator wishes; None when none does."""
    limit = timedelta(days=ctx.practices.waiting_days)
    late = [one for one in await submissions.waiting(ctx.storage) if ctx.now - one.updated_at >= limit]
    if not late:
        return None
    head = ctx.plural(
        "{count} submission waits for longer than it should:",
        "{count} submissions wait for longer than they should:",
        len(late),
    )
    rows = [Markdown("{} – {}").format(line(ctx, one), state_of(ctx, one)) for one in late[:10]]
    return paragraphs(head, bullets(rows), ctx.text("{queue} lists all.", queue=code(ctx.typed("queue"))))


async def week(ctx: Context) -> Reply | None:
    """Return what came and what was decided in the last weeks; None when nothing happened and nothing waits."""
    found = [
        await queue_figures.between(
            ctx.storage, ctx.now - timedelta(weeks=ago + 1), ctx.now - timedelta(weeks=ago)
        )
        for ago in range(WEEKS - 1, -1, -1)
    ]
    last, waiting = found[-1], len(await submissions.waiting(ctx.storage))
    if not (last.received or last.decided or waiting):
        return None
    taken = median(last.seconds) if last.seconds else None
    said = join(
        "\n",
        [
            ctx.text(
                "The queue in the last seven days: {received} received, {decided} decided, {waiting} waiting.",
                received=last.received,
                decided=last.decided,
                waiting=waiting,
            ),
            *(
                [ctx.text("Median time to a decision: {time}.", time=_rounded(ctx, taken))]
                if taken is not None
                else []
            ),
        ],
    )
    picture = await asyncio.to_thread(_draw, ctx, found)
    return Reply(
        said, (Attachment("queue.png", "image/png", picture, Picture(*size(picture), _in_words(ctx, found))),)
    )


def _rounded(ctx: Context, seconds: float) -> str:
    """Return how long something took, as exactly as it matters."""
    unit = 86400 if seconds >= 2 * 86400 else 3600 if seconds >= 3600 else 60
    return echo_duration(ctx.language, timedelta(seconds=max(round(seconds / unit), 1) * unit))


def _in_words(ctx: Context, found: Sequence[Figures]) -> str:
    return ctx.plain(
        "Received and decided in each of the last eight weeks, the oldest first: {numbers}",
        numbers="; ".join(f"{one.received}, {one.decided}" for one in found),
    )


def _draw(ctx: Context, found: Sequence[Figures]) -> bytes:
    """Draw two bars for each week, with their numbers."""
    most = max((max(one.received, one.decided) for one in found), default=1) or 1
    title = ctx.plain("The queue, week by week")
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(30, 42, title, 24, weight="bold"),
        f'<line x1="30" y1="{BASE}" x2="{WIDTH - 30}" y2="{BASE}" stroke="#777777"/>',
    ]
    step = (WIDTH - 60) / len(found)
    for place, one in enumerate(found):
        x = 30 + place * step + step / 2
        for offset, number, colour in ((-28, one.received, RECEIVED), (2, one.decided, DECIDED)):
            height = (BASE - TOP) * number / most
            parts.append(
                f'<rect x="{x + offset:.1f}" y="{BASE - height:.1f}" width="26" height="{height:.1f}" '
                f'fill="{colour}"/>'
            )
            parts.append(_text(x + offset + 13, BASE - height - 6, str(number), 15, anchor="middle"))
        parts.append(_text(x, BASE + 24, _day(ctx, one.until), 15, anchor="middle"))
    for x, colour, name in (
        (30, RECEIVED, ctx.plain("received")),
        (260, DECIDED, ctx.plain("decided")),
    ):
        parts.append(f'<rect x="{x}" y="{HEIGHT - 34}" width="16" height="16" fill="{colour}"/>')
        parts.append(_text(x + 24, HEIGHT - 20, name, 16))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">{"".join(parts)}</svg>'
    return bytes(
        resvg_py.svg_to_bytes(svg_string=svg, font_files=[str(REGULAR), str(BOLD)], skip_system_fonts=True)
    )


def _day(ctx: Context, at: datetime) -> str:
    return format_date(at.date(), "d MMM", locale=ctx.language)


def _text(x: float, y: float, words: str, size_: int, *, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="Noto Sans" font-size="{size_}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="#222222">{escape_xml(words)}</text>'
    )
