"""What moderators are told of problems that need a person: what is wrong, and what to do about it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from commands import moments
from commands.context import Context, mark
from commands.rendering import Markdown, isolate
from config.zones.shown import shown as zone_shown
from storage import rooms
from storage.problems import Kind, Problem

BEGINS = {
    Kind.DISK: mark(
        "The disk with my data is nearly full. The operator must make room on it: once it is full, I can answer "
        "nobody."
    ),
    Kind.CLOCK: mark(
        "My clock differs by {detail} s from the homeserver's, so reminders come at the wrong time. The operator "
        "must have the machine set its clock by the network."
    ),
    Kind.REFUSED: mark(
        "The homeserver refused a message of mine in {subject} for good. Most often I lack the power to speak "
        "there: give it to me in the settings of the room."
    ),
    Kind.REMOVED: mark(
        "I was removed from {subject}, where I have a task. Invite me again if I am to go on there."
    ),
    Kind.NOT_JOINED: mark(
        "I cannot join {subject}, where I have a task. Invite me, or have the operator correct my settings."
    ),
    Kind.ENCRYPTION: mark("I cannot read or write in encrypted rooms. The operator's log says what to do."),
    Kind.STUCK: mark(
        "A message for {subject} has waited for more than ten minutes, and the homeserver does not take it. The "
        "operator's log says why."
    ),
    Kind.RATE_LIMIT: mark(
        "The homeserver lets me send only few messages, so answers come late. Its administrator can lift the "
        "limit for me; the operator's manual says how."
    ),
    Kind.CALENDAR: mark(
        "The calendar at {subject} could not be read for a day. See whether its address still holds, or have the "
        "operator take it out of my settings."
    ),
    Kind.HOMESERVER: mark("I have no connection with the homeserver."),
    Kind.BACKUP: mark("The backup failed, so there is no new copy of my data. The operator's log says why."),
}
OVER = {
    Kind.DISK: mark("There is room on the disk with my data again."),
    Kind.CLOCK: mark("My clock is right again."),
    Kind.REFUSED: mark("The homeserver takes my messages in {subject} again."),
    Kind.REMOVED: mark("I am in {subject} again."),
    Kind.NOT_JOINED: mark("I am in {subject} now."),
    Kind.ENCRYPTION: mark("I can read and write in encrypted rooms now."),
    Kind.STUCK: mark("No message waits for {subject} any more."),
    Kind.RATE_LIMIT: mark("The homeserver takes my messages without delay again."),
    Kind.CALENDAR: mark("The calendar at {subject} can be read again."),
    Kind.HOMESERVER: mark(
        "I had no connection with the homeserver from {start} to {end}. What was asked meanwhile is being "
        "answered now."
    ),
    Kind.BACKUP: mark("The backup works again."),
}
DIRECT = "direct"
"""The subject of what is about chats with one person, which are named to nobody."""


async def begins(ctx: Context, one: Problem) -> Markdown:
    """Say what is wrong and what to do."""
    return ctx.text(BEGINS[one.kind], subject=await _subject(ctx, one), detail=one.detail)


async def over(ctx: Context, one: Problem) -> Markdown:
    """Say that it is over."""
    return ctx.text(
        OVER[one.kind],
        subject=await _subject(ctx, one),
        start=at(ctx, one.begun_at),
        end=at(ctx, one.ended_at or ctx.now),
    )


def at(ctx: Context, moment: datetime) -> str:
    """Return a time with its zone, in the language and the zone of where it is said."""
    local = moment.astimezone(ZoneInfo(ctx.timezone))
    return f"{moments.moment(local, ctx.language)} ({zone_shown(ctx.timezone, moment, ctx.language)})"


async def _subject(ctx: Context, one: Problem) -> Markdown:
    if one.subject == DIRECT:
        return ctx.text("a direct chat")
    room = await rooms.one(ctx.storage, one.subject) if one.subject.startswith("!") else None
    return isolate(room.name if room and room.name else one.subject)
