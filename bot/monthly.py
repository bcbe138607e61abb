"""The list of old records that moderators get on the first day of each month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot import answers
from commands import focal_stale
from commands.context import Asker
from commands.rendering import split
from commands.respond import Responder
from storage.database import Writer
from storage.due import Due
from storage.outbox import OutboxRow, Priority

KIND = "stale_records"
HOUR = 9


class StaleRecords:
    """Says which records nobody has confirmed for long, at nine in the operator's zone."""

    grace = timedelta(days=20)

    def __init__(self, responder: Responder, moderation: Callable[[], Asker | None], timezone: str) -> None:
        self._responder = responder
        self._moderation = moderation
        self._zone = ZoneInfo(timezone)

    def first(self, now: datetime) -> Due:
        """Return when it is due for the first time."""
        return Due(kind=KIND, subject="focal", due_at=self._after(now), importance=9)

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the list for the moderation room; nothing when all is fresh, or there is no such room."""
        there = self._moderation()
        if there is None:
            return []
        text = await focal_stale.report(await self._responder.context(writer, there, now))
        if text is None:
            return []
        return [
            OutboxRow(
                txn_id=answers.transaction_id(KIND, due.subject, due.due_at.isoformat(), part),
                room_id=there.room_id,
                kind="message",
                priority=Priority.DIGEST,
                part=part,
                content=answers.message(piece),
                created_at=now,
            )
            for part, piece in enumerate(split(text))
        ]

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: the next list holds the same."""
        return []

    def following(self, _due: Due, now: datetime) -> datetime | None:
        """Return the first of the next month."""
        return self._after(now)

    def _after(self, now: datetime) -> datetime:
        return next_month(now, self._zone, HOUR)


def next_month(now: datetime, zone: ZoneInfo, hour: int) -> datetime:
    """Return an hour of the first day of the next month in a zone, in UTC."""
    local = now.astimezone(zone)
    year, month = local.year + local.month // 12, local.month % 12 + 1
    return datetime(year, month, 1, hour, tzinfo=zone).astimezone(UTC)
