"""What is done about commitments without being asked: authors are reminded, and the year is shown once."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.queue_tasks import AtDesk, Desk, picture
from commands import commitment_notice, commitment_year, deciding
from commands.attachment import PRACTICES, Post
from storage import commitments, submissions
from storage.commitments import AFTERWARDS
from storage.database import Writer
from storage.due import Due
from storage.outbox import OutboxRow, Priority

YEAR = "commitments_year"
MONTH, DAY = 1, 15
"""When the year before is shown: its last reports had time to be published."""


class Planning(AtDesk):
    """Plans anew when an author is reminded, after a commitment or the reports on it have changed."""

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Plan; nothing is said."""
        await commitments.plan(writer, int(due.subject), self.desk.morning, now)
        return []


class Reminding(AtDesk):
    """Reminds the author of a commitment before a milestone or the deadline; the day after, asks how it went."""

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the reminder; nothing of what is met, moved or not published any more, or said by a later one."""
        number, day, ahead = commitments.reminder_of(due.subject)
        one = await commitments.get(writer, number)
        if one is None or one.level == "complete":
            return []
        left = (day - self.desk.today(now)).days
        planned = one.promise.dates().get(day, ())
        if ahead not in planned or any(left <= later < ahead for later in planned):
            return []
        if left < 0 and ahead != AFTERWARDS:
            return []
        submission = await submissions.get(writer, number)
        ctx = await self.desk.context(writer, now)
        author = await deciding.to_author(ctx, submission, "to remind of a commitment") if submission else None
        if author is None:
            return []
        person, there = author
        text = commitment_notice.reminder(there, one, day, left)
        return await self.desk.rows(writer, [Post(person, text)], due, now)


class Year:
    """Shows once a year, in the practices room, how far the commitments of the year before are."""

    grace = timedelta(days=60)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def first(self, now: datetime) -> Due:
        """Return when it is due for the first time."""
        return Due(kind=YEAR, subject="commitments", due_at=self._after(now), importance=9)

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return words and picture; nothing when there was no commitment, or there is no room for it."""
        there = self._desk.practices()
        if there is None:
            return []
        ctx = await self._desk.context(writer, now, there)
        reply = await commitment_year.picture(ctx, self._desk.today(due.due_at).year - 1)
        if reply is None:
            return []
        rows = await self._desk.rows(writer, [Post(PRACTICES, reply.text)], due, now, Priority.DIGEST)
        return rows + [await picture(writer, one, there.room_id, due, now) for one in reply.attachments]

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: it can be asked for."""
        return []

    def following(self, _due: Due, now: datetime) -> datetime | None:
        """Return the day in the next year."""
        return self._after(now)

    def _after(self, now: datetime) -> datetime:
        this = self._desk.today(now).replace(month=MONTH, day=DAY)
        at = self._desk.morning(this)
        return at if at > now else self._desk.morning(this.replace(year=this.year + 1))
