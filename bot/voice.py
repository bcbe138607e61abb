"""How the bot speaks without being asked: to whom, and in whose language and time zone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from bot import answers
from commands.attachment import Reply
from commands.context import Asker, Context
from commands.rendering import split
from config.settings import EventSettings
from storage import following
from storage import rooms as room_storage
from storage.database import Reader
from storage.due import Due
from storage.events import Event
from storage.outbox import Buttons, OutboxRow, Priority


class Voice:
    """To which rooms tasks speak, and in whose language and zone.

    `learning` are the rooms for the term of the week and for notes, which come `note_days` before a day; 0: never.
    """

    def __init__(
        self,
        rooms: Callable[[], list[Asker]],
        moderation: Callable[[], Asker | None],
        context: Callable[[Reader, Asker, datetime], Awaitable[Context]],
        settings: EventSettings,
        timezone: str,
        note_days: int = 0,
        learning: Callable[[], list[Asker]] = list,
    ) -> None:
        self.rooms = rooms
        self.learning = learning
        self.note_days = note_days
        self.moderation = moderation
        self.context = context
        self.settings = settings
        self.zone = ZoneInfo(timezone)

    def at(self, day: date, hour: int | None = None) -> datetime:
        """Return an hour on a day of the zone, in UTC; without one the hour of announcements."""
        return datetime.combine(day, time(self.settings.hour if hour is None else hour), self.zone).astimezone(UTC)

    async def audience(self, reader: Reader, event: Event, rooms: list[Asker] | None = None) -> list[Asker]:
        """Return in which rooms an event is announced; of all for announcements, or of some."""
        return [
            there
            for there in (self.rooms() if rooms is None else rooms)
            if (event.rooms is None or there.room_id in event.rooms)
            and event.kind not in await room_storage.quiet(reader, there.room_id)
        ]

    async def learners(self, reader: Reader, what: str) -> list[Asker]:
        """Return in which rooms something to learn by is posted: `week` or `notes`."""
        return [
            there for there in self.learning() if what not in await room_storage.lessons_off(reader, there.room_id)
        ]

    async def followers(self, reader: Reader, event: Event) -> list[Asker]:
        """Return who gets notices of an event in a direct chat."""
        return [direct(person) for person in await following.followers(reader, event)]


def direct(person: str) -> Asker:
    """Return a person as somebody to write to without having been asked."""
    return Asker(user_id=person, room_id=person, direct=True, prefix="")


def said(
    due: Due, there: Asker, reply: Reply, now: datetime, priority: Priority, cause: str | None = None
) -> list[OutboxRow]:
    """Return the rows of a message; their ids are those of the occurrence, so that it is never sent twice.

    Buttons belong to the last part.
    """
    pieces = split(reply.text)
    return [
        OutboxRow(
            txn_id=answers.transaction_id(due.kind, due.subject, due.due_at.isoformat(), there.room_id, part),
            cause=cause,
            room_id=there.room_id,
            kind="message",
            priority=priority,
            part=part,
            content=answers.message(piece),
            buttons=Buttons(commands=dict(reply.buttons)) if reply.buttons and part == len(pieces) - 1 else None,
            created_at=now,
        )
        for part, piece in enumerate(pieces)
    ]
