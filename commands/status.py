"""How the bot is."""

from __future__ import annotations

from datetime import timedelta

from babel.dates import format_timedelta

from commands.context import Condition, Context, Permission, mark
from commands.registry import command
from commands.rendering import Markdown, bullets, isolate, join, paragraphs
from storage import inbox, outbox, rooms, unreadable

SHOWN = 10
"""Rooms that are named to moderators."""


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
    rows += await _encryption(ctx, now)
    running = format_timedelta(max(ctx.now - now.started_at, timedelta()), locale=ctx.language, threshold=1.5)
    return paragraphs(
        ctx.text("gaamac-bot {version}, running for {time}.", version=now.version, time=running),
        bullets(rows),
    )


async def _encryption(ctx: Context, now: Condition) -> list[Markdown]:
    """Say whether this room is encrypted, and what does not work for that reason."""
    here = await rooms.one(ctx.storage, ctx.asker.room_id)
    encrypted = here is not None and here.encrypted
    rows = [ctx.text("This room is encrypted.") if encrypted else ctx.text("This room is not encrypted.")]
    if now.encrypts:
        rows.append(ctx.text("I can read and write in encrypted rooms: my device is verified."))
    elif now.encrypts is False:
        rows.append(
            ctx.text(
                "I cannot read or write in encrypted rooms at the moment; the operator's log says what to do."
            )
        )
    waiting = await unreadable.count(ctx.storage)
    if waiting:
        rows.append(
            ctx.plural(
                "{count} encrypted message waits for its key.",
                "{count} encrypted messages wait for their keys.",
                waiting,
            )
        )
    moderator = await ctx.may(Permission.MODERATOR)
    if moderator:
        rows += await _rooms(ctx)
    # Who else verifies me is nobody's business but the moderators'.
    for one in now.comparisons:
        if moderator or one.user_id == ctx.asker.user_id:
            rows.append(
                ctx.text(
                    "Verification with {person}: compare {signs} with what your app shows.",
                    person=isolate(one.user_id),
                    signs=join(" ", map(isolate, one.signs)),
                )
            )
    return rows


async def _rooms(ctx: Context) -> list[Markdown]:
    """Name the encrypted rooms and the others."""
    joined = [one for one in await rooms.every(ctx.storage) if one.membership == "join" and not one.direct]
    rows = []
    for encrypted, sentence in (
        (True, mark("Encrypted rooms: {rooms}.")),
        (False, mark("Rooms without encryption: {rooms}.")),
    ):
        names = sorted(one.name or one.room_id for one in joined if one.encrypted is encrypted)
        if names:
            more = [ctx.plural("{count} more", "{count} more", len(names) - SHOWN)] if len(names) > SHOWN else []
            shown = [isolate(name) for name in names[:SHOWN]] + more
            rows.append(ctx.text(sentence, rooms=join(", ", shown)))
    return rows
