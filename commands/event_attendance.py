"""Who goes, and who wishes to be reminded: `!event going`, `!event maybe`, `!event not`, `!event remind`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from commands.arguments import Label, Rest
from commands.attachment import Post, Reply
from commands.context import Context, mark
from commands.dates import duration, echo_duration
from commands.errors import ArgumentError, CommandError
from commands.events import known, when_of
from commands.moments import hour, in_full
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from commands.timezone import OFF
from config import zones
from storage import attendance, events, reminders
from storage.attendance import Answer
from storage.events import Coming, Kept
from storage.folding import fold
from storage.reminders import MOST, Reminder

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=60)
NO_MORE = OFF | {"no", "non", "stop"}
SILENT = Reply(Markdown(""))
"""A reaction in a room is seen by itself; to answer each would bury what is said there."""


@command(
    "event going",
    topic="events",
    examples={"en": ("event going 14",), "fr": ("événement participe 14",), "es": ("evento asisto 14",)},
    aliases={"fr": ("événement participe",), "es": ("evento asisto",)},
    writes=True,
    repeated=True,
    undone_by="event not",
)
async def going(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Say that you go to an event. You hear in a direct chat when it changes; others are told only how many go."""
    return await _answer(ctx, number, "going")


@command(
    "event maybe",
    topic="events",
    examples={"en": ("event maybe 14",), "fr": ("événement peut-être 14",), "es": ("evento quizás 14",)},
    aliases={"fr": ("événement peut-être",), "es": ("evento quizás",)},
    writes=True,
    repeated=True,
    undone_by="event not",
)
async def maybe(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Say that you may go to an event. You hear in a direct chat when it changes."""
    return await _answer(ctx, number, "maybe")


@command(
    "event not",
    topic="events",
    examples={"en": ("event not 14",), "fr": ("événement absent 14",), "es": ("evento no 14",)},
    aliases={"fr": ("événement absent",), "es": ("evento no",)},
    writes=True,
    repeated=True,
)
async def not_going(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Say that you do not go after all. I forget that you said so, or otherwise, and do not remind you."""
    event = await known(ctx, number)
    await attendance.answer(ctx.writer, number, ctx.asker.user_id, None, ctx.now)
    dropped = await reminders.forget(ctx.writer, number, ctx.asker.user_id)
    if ctx.surroundings.pressed and not ctx.asker.direct:
        return SILENT
    return Reply(
        join(
            " ",
            [
                ctx.text("Noted: you do not go to {event}.", event=strong(event.title(ctx.language))),
                *([ctx.text("I do not remind you of it any more.")] if dropped else []),
            ],
        )
    )


@command(
    "event remind",
    topic="events",
    examples={
        "en": ("event remind 14 2h", "event remind 14 1 day", "event remind 14 off"),
        "fr": ("événement rappel 14 2h", "événement rappel 14 1 jour", "événement rappel 14 aucun"),
        "es": ("evento recordar 14 2h", "evento recordar 14 1 día", "evento recordar 14 ninguno"),
    },
    aliases={"fr": ("événement rappel",), "es": ("evento recordar", "evento recordatorio")},
    writes=True,
    repeated=True,
)
async def remind(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    before: Annotated[Rest | None, Label(mark("how long before"))] = None,
) -> Reply:
    """Remind you of an event in a direct chat, so long before it begins. Without a time, it shows what is set."""
    await zones.ready()
    if before is not None and fold(before) in NO_MORE:
        event = await known(ctx, number)
        if not await reminders.forget(ctx.writer, number, ctx.asker.user_id):
            return Reply(ctx.text("You have no reminder of {event}.", event=strong(event.title(ctx.language))))
        return Reply(ctx.text("I do not remind you of {event} any more.", event=strong(event.title(ctx.language))))
    event, one = await _coming(ctx, number)
    if before is None:
        return Reply(await _wishes(ctx, event))
    length = duration(before)
    if length is None:
        raise ArgumentError(ctx.text("I did not understand {word}.", word=code(before[:100])))
    if not SHORTEST <= length <= LONGEST:
        raise CommandError(
            ctx.text(
                "I can remind you between {least} and {most} before an event.",
                least=echo_duration(ctx.language, SHORTEST),
                most=echo_duration(ctx.language, LONGEST),
            )
        )
    wish = Reminder(
        event_id=number,
        person=ctx.asker.user_id,
        minutes=int(length.total_seconds() // 60),
        zone=ctx.timezone,
    )
    others = [each for each in await reminders.of(ctx.writer, number, wish.person) if each.minutes != wish.minutes]
    if len(others) >= MOST:
        raise CommandError(
            ctx.text(
                "You have {count} reminders of this event; that is as many as I keep. {off} drops them.",
                count=MOST,
                off=code(ctx.typed("event remind", f"{number} {_off(ctx)}")),
            )
        )
    due = await reminders.add(ctx.writer, wish, ctx.now)
    if due is None:
        raise CommandError(
            ctx.text(
                "That time is over: {event} begins {when}.",
                event=strong(event.title(ctx.language)),
                when=when_of(ctx, event, one),
            )
        )
    moment = _moment(ctx, due.due_at)
    title = strong(event.title(ctx.language))
    if ctx.asker.direct:
        return Reply(ctx.text("I will remind you of {event} here: {when}.", event=title, when=moment))
    return Reply(
        ctx.text("I will remind you of {event} in a direct chat: {when}.", event=title, when=moment),
        posts=(
            Post(
                ctx.asker.user_id,
                ctx.text("I will remind you of {event} here: {when}.", event=title, when=moment),
            ),
        ),
    )


async def _answer(ctx: Context, number: int, said: Answer) -> Reply:
    await zones.ready()
    event, one = await _coming(ctx, number)
    if ctx.chatham:
        if ctx.surroundings.pressed:
            return SILENT
        raise CommandError(
            ctx.text(
                "The Chatham House Rule holds in this room, so I take down nothing here. Tell me in a direct "
                "chat: {command}",
                command=code(ctx.typed(f"event {said}", str(number)).removeprefix(ctx.asker.prefix)),
            )
        )
    await attendance.answer(ctx.writer, number, ctx.asker.user_id, said, ctx.now)
    if ctx.surroundings.pressed and not ctx.asker.direct:
        return SILENT
    title = strong(event.title(ctx.language))
    noted = (
        ctx.text("Noted: you go to {event}.", event=title)
        if said == "going"
        else ctx.text("Noted: you may go to {event}.", event=title)
    )
    return Reply(
        paragraphs(
            join("\n", [noted, when_of(ctx, event, one)]),
            ctx.text(
                "If it changes, I tell you in a direct chat. A reminder: {example}",
                example=code(ctx.typed("event remind", f"{number} 2h")),
            ),
        )
    )


async def _coming(ctx: Context, number: int) -> tuple[Kept, Coming]:
    """Return an event that is still to come, and when.

    Raises:
        CommandError: it is over, or cancelled.

    """
    event = await known(ctx, number)
    title = strong(event.title(ctx.language))
    if event.certainty == "cancelled":
        raise CommandError(ctx.text("{event} is cancelled. {reason}", event=title, reason=event.reason or ""))
    coming = await events.coming(ctx.storage, ctx.now, number, 1)
    if not coming:
        raise CommandError(ctx.text("{event} is over.", event=title))
    return event, coming[0]


async def _wishes(ctx: Context, event: Kept) -> Markdown:
    wishes = await reminders.of(ctx.storage, event.id, ctx.asker.user_id)
    title = strong(event.title(ctx.language))
    if not wishes:
        return ctx.text(
            "You have no reminder of {event}. To get one: {example}",
            event=title,
            example=code(ctx.typed("event remind", f"{event.id} 2h")),
        )
    return paragraphs(
        ctx.text("I remind you of {event}, before it begins:", event=title),
        bullets(Markdown(echo_duration(ctx.language, timedelta(minutes=each.minutes))) for each in wishes),
        ctx.text("To drop them: {off}", off=code(ctx.typed("event remind", f"{event.id} {_off(ctx)}"))),
    )


def _off(ctx: Context) -> str:
    return {"fr": "aucun", "es": "ninguno"}.get(ctx.language, "off")


def _moment(ctx: Context, at: datetime) -> Markdown:
    there = at.astimezone(ZoneInfo(ctx.timezone))
    day = in_full(there.date(), ctx.language)
    return Markdown("{}, {} {}").format(day, hour(there, ctx.language), zones.city(ctx.timezone, ctx.language))
