"""Once a month the numbers of the community are made anew; in between they stay as they are.

Fixed times, because an answer that could be asked for at any time would show each person who comes or goes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.monthly import next_month
from storage import constituency
from storage.database import Writer
from storage.due import Due
from storage.outbox import OutboxRow

KIND = "constituency"
SUBJECT = "numbers"
JANUARY, MIDNIGHT = 1, 0


class Counting:
    """Counts on the first day of each month, at midnight in the operator's zone; in January the whole."""

    grace = timedelta.max

    def __init__(self, smallest: int, timezone: str) -> None:
        self._smallest = smallest
        self._zone = ZoneInfo(timezone)

    def first(self, now: datetime) -> Due:
        """Return when it is due for the first time."""
        return Due(kind=KIND, subject=SUBJECT, due_at=self._after(now), importance=8)

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Count, and say nothing."""
        planned = due.due_at.astimezone(self._zone)
        # A bot that was away over the new year counts the whole when it is back.
        whole = planned.month == JANUARY or planned.year < now.astimezone(self._zone).year
        await constituency.count(writer, now, self._smallest, whole=whole)
        return []

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: it is never too late."""
        return []

    def following(self, _due: Due, now: datetime) -> datetime | None:
        """Return the first of the next month."""
        return self._after(now)

    def _after(self, now: datetime) -> datetime:
        return next_month(now, self._zone, MIDNIGHT)
