"""What moderators are told by the clock: what became of the queue in a week, as a picture, too; what is late."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import median

from commands import chart, commitments
from commands.attachment import Attachment, Picture, Reply
from commands.context import Context
from commands.dates import echo_duration
from commands.deciding import line
from commands.forms import state_of
from commands.map.drawing import size
from commands.moments import of_year
from commands.rendering import Markdown, bullets, code, join, paragraphs
from storage import queue_figures, submissions
from storage.queue_figures import Figures

WEEKS = 8
WIDTH, HEIGHT, BASE, TOP = 800, 420, 340, 90
RECEIVED, DECIDED = "#1f5f99", "#c8842b"


async def nudge(ctx: Context) -> Markdown | None:
    """Return what waits longer than the operator wishes, and what is overdue since today; None when nothing is."""
    return paragraphs(await _waiting(ctx), await commitments.newly_overdue(ctx)) or None


async def _waiting(ctx: Context) -> Markdown | None:
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
    """Return what came and was decided in the last weeks, and what is overdue; None if there is nothing to say."""
    queue, late = await _queue(ctx), await commitments.all_overdue(ctx)
    if queue is None:
        return Reply(late) if late else None
    return replace(queue, text=paragraphs(queue.text, late))


async def _queue(ctx: Context) -> Reply | None:
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
        chart.words(30, 42, title, 24, weight="bold"),
        f'<line x1="30" y1="{BASE}" x2="{WIDTH - 30}" y2="{BASE}" stroke="#777777"/>',
    ]
    step = (WIDTH - 60) / len(found)
    for place, one in enumerate(found):
        x = 30 + place * step + step / 2
        for offset, number, colour in ((-28, one.received, RECEIVED), (2, one.decided, DECIDED)):
            height = (BASE - TOP) * number / most
            parts.append(chart.box(x + offset, BASE - height, 26, height, colour))
            parts.append(chart.words(x + offset + 13, BASE - height - 6, str(number), 15, anchor="middle"))
        parts.append(
            chart.words(x, BASE + 24, of_year(one.until.date(), ctx.language, short=True), 15, anchor="middle")
        )
    for x, colour, name in (
        (30, RECEIVED, ctx.plain("received")),
        (260, DECIDED, ctx.plain("decided")),
    ):
        parts.append(chart.box(x, HEIGHT - 34, 16, 16, colour))
        parts.append(chart.words(x + 24, HEIGHT - 20, name, 16))
    return chart.drawn(WIDTH, HEIGHT, parts)
