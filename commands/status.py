"""How the bot is."""

from __future__ import annotations

from datetime import datetime, timedelta

from babel.dates import format_timedelta

from commands import problem_notice
from commands.context import Condition, Context, Permission, mark
from commands.registry import command
from commands.rendering import Markdown, bullets, isolate, join, paragraphs
from storage import figures, inbox, outbox, problems, rooms, unreadable

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
    there = ctx.surroundings.moderation
    if there is not None and ctx.asker.room_id == there.room_id and await ctx.may(Permission.MODERATOR):
        rows += await _for_moderators(ctx, now)
    return paragraphs(
        ctx.text(
            "gaamac-bot {version}, running for {time}.", version=now.version, time=_since(ctx, now.started_at)
        ),
        bullets(rows),
    )


async def _for_moderators(ctx: Context, now: Condition) -> list[Markdown]:
    """Say in words what the numbers for Prometheus say, and which problems there are."""
    numbers = await figures.of(ctx.storage, ctx.now)
    rows = []
    if now.synced_at is not None:
        rows.append(ctx.text("I last heard of the homeserver {time} ago.", time=_since(ctx, now.synced_at)))
    if numbers.outbox_pending:
        rows.append(ctx.text("The oldest answer has waited for {time}.", time=_long(ctx, numbers.outbox_oldest)))
    if numbers.overdue:
        late = _long(ctx, numbers.overdue_oldest)
        rows.append(
            ctx.plural(
                "{count} reminder or task is due and not done; it is {time} late.",
                "{count} reminders or tasks are due and not done; the oldest is {time} late.",
                numbers.overdue,
                time=late,
            )
        )
    else:
        rows.append(ctx.text("No reminder or task is late."))
    if numbers.queue_waiting:
        rows.append(
            ctx.plural(
                "{count} submission waits for moderators, for {time}.",
                "{count} submissions wait for moderators, the oldest for {time}.",
                numbers.queue_waiting,
                time=_long(ctx, numbers.queue_oldest),
            )
        )
    else:
        rows.append(ctx.text("Nothing waits for moderators."))
    present = await problems.present(ctx.storage, ctx.now)
    for one in present:
        words = await problem_notice.begins(ctx, one)
        rows.append(ctx.text("Problem, for {time}: {words}", time=_since(ctx, one.begun_at), words=words))
    if not present:
        rows.append(ctx.text("I know of no problem that needs a person."))
    return rows


def _since(ctx: Context, moment: datetime) -> str:
    return _long(ctx, (ctx.now - moment).total_seconds())


def _long(ctx: Context, seconds: float) -> str:
    return format_timedelta(timedelta(seconds=max(seconds, 0.0)), locale=ctx.language, threshold=1.5)


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
