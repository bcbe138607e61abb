"""How the bot is."""

from __future__ import annotations

from datetime import timedelta

from babel.dates import format_timedelta

from commands.context import Context
from commands.registry import command
from commands.rendering import Markdown, bullets, paragraphs
from storage import inbox, outbox


@command(
    "status",
    topic="bot",
    examples={"en": ("status",), "fr": ("état",), "es": ("estado",)},
    aliases={"fr": ("état", "statut"), "es": ("estado",)},
)
async def status(ctx: Context) -> Markdown:
    """Show my status: how long I have been running, and what is still waiting."""
    now = ctx.surroundings.condition()
    waiting = await inbox.count_pending(ctx.storage)
    unsent = await outbox.count_pending(ctx.storage)
    refused = await outbox.count_refused(ctx.storage)
    rows = [
        ctx.plural("I am in {count} room.", "I am in {count} rooms.", now.rooms),
        # The command that asks is itself one that waits.
        ctx.plural("{count} command waits.", "{count} commands wait.", max(waiting - 1, 0)),
        ctx.plural("{count} answer is on its way.", "{count} answers are on their way.", unsent),
    ]
    if refused:
        rows.append(
            ctx.plural(
                "The homeserver refused {count} message; the operator's log says why.",
                "The homeserver refused {count} messages; the operator's log says why.",
                refused,
            )
        )
    if now.malformed:
        rows.append(
            ctx.plural(
                "I dropped {count} malformed Matrix event.",
                "I dropped {count} malformed Matrix events.",
                now.malformed,
            )
        )
    if now.rate_limited_for > 0:
        rows.append(ctx.text("The homeserver slows me down; answers take longer."))
    running = format_timedelta(max(ctx.now - now.started_at, timedelta()), locale=ctx.language, threshold=1.5)
    return paragraphs(
        ctx.text("gaamac-bot {version}, running for {time}.", version=now.version, time=running),
        bullets(rows),
    )
