"""Who wishes to be reminded of an event, and when that is due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import BaseModel

from storage import due, events
from storage.database import Reader, Writer
from storage.due import Due
from storage.events import Coming
from storage.schema import reminder

REMIND = "reminder"
"""The task that reminds."""
MOST = 5
"""Wishes of one person for one event."""
HOUR = 9
"""When a day begins that has no hour, for who wishes to be reminded of it."""


class Reminder(BaseModel):
    """A wish. `minutes` before the start; `zone` is in which a day without hour begins for the person."""

    event_id: int
    person: str
    minutes: int
    zone: str


def moment(one: Coming, zone: str) -> datetime:
    """Return when an occurrence begins, in UTC; a day without hour begins at nine in the zone."""
    if "T" in one.start:
        return one.starts_at
    return datetime.combine(date.fromisoformat(one.start), time(HOUR), ZoneInfo(zone)).astimezone(UTC)


def due_at(one: Coming, wish: Reminder) -> datetime:
    """Return when somebody is to be reminded of an occurrence."""
    return moment(one, wish.zone) - timedelta(minutes=wish.minutes)


async def add(writer: Writer, wish: Reminder, now: datetime) -> Due | None:
    """Store a wish, and return when it is due next; None if that is over."""
    key = {"event_id": wish.event_id, "person": wish.person, "minutes": wish.minutes}
    await writer.put(reminder, key, zone=wish.zone, wished_at=now)
    coming = await events.coming(writer, now, wish.event_id, 100)
    return await plan(writer, wish, coming, now)


async def forget(writer: Writer, number: int, person: str) -> int:
    """Drop all wishes of a person for an event. Return how many there were."""
    for wish in await of(writer, number, person):
        await due.cancel(writer, REMIND, _subject(wish))
    this = sa.and_(reminder.c.event_id == number, reminder.c.person == person)
    return int((await writer.sql.execute(sa.delete(reminder).where(this))).rowcount)


async def of(reader: Reader, number: int, person: str) -> list[Reminder]:
    """Return the wishes of a person for an event, the earliest first."""
    query = (
        sa.select(reminder)
        .where(reminder.c.event_id == number, reminder.c.person == person)
        .order_by(reminder.c.minutes.desc())
    )
    return [Reminder.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def of_event(reader: Reader, number: int) -> list[Reminder]:
    """Return all wishes for an event."""
    rows = await reader.sql.execute(sa.select(reminder).where(reminder.c.event_id == number))
    return [Reminder.model_validate(row._mapping) for row in rows]


async def replan(writer: Writer, number: int, now: datetime) -> None:
    """Make all reminders of an event due when they are now: it was moved, or cancelled."""
    coming = await events.coming(writer, now, number, 100)
    for wish in await of_event(writer, number):
        await due.cancel(writer, REMIND, _subject(wish))
        await plan(writer, wish, coming, now)


async def plan(writer: Writer, wish: Reminder, coming: Iterable[Coming], now: datetime) -> Due | None:
    """Make a wish due for the first of these occurrences for which that is not over."""
    for one in coming:
        at = due_at(one, wish)
        if at > now:
            found = Due(
                kind=REMIND,
                subject=_subject(wish),
                due_at=at,
                importance=min(4, 1 + wish.minutes // 720),
                payload={"key": one.key},
            )
            await due.schedule(writer, found)
            return found
    return None


def wish_of(subject: str) -> tuple[int, str, int]:
    """Return event, person and minutes of what is due."""
    number, minutes, person = subject.split("/", 2)
    return int(number), person, int(minutes)


def _subject(wish: Reminder) -> str:
    return f"{wish.event_id}/{wish.minutes}/{wish.person}"
