"""Events are announced in the rooms for announcements: days ahead at a set hour, and on Mondays all of the week.

What is to be announced is planned forty days ahead, one day after the other: the plan of a day is made once, also
when the bot was away or its clock was set, so that nothing is left out and nothing announced twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import answers
from commands import event_notice
from commands.context import Asker, Context
from commands.rendering import Markdown, split
from config.settings import EventSettings
from storage import due as due_storage
from storage import events
from storage import outbox as outbox_storage
from storage.database import Reader, Writer
from storage.due import Due
from storage.event_changes import CHANGED
from storage.events import Coming, Kept, Kind
from storage.outbox import OutboxRow, Priority

PLAN, ANNOUNCE, DIGEST = "plan_announcements", "announcement", "weekly_events"
AHEAD = timedelta(days=40)
DAY = timedelta(days=1)
DAYS_BEFORE: dict[Kind, tuple[int, ...]] = {
    "commemoration": (0,),
    "meeting": (14, 1),
    "training": (14, 1),
    "webinar": (14, 1),
    "deadline": (14, 1),
}
"""On which days before an event, by its kind, it is announced."""
LATE = timedelta(minutes=10)


class Voice:
    """How tasks speak: to which rooms, and in whose language and zone."""

    def __init__(
        self,
        rooms: Callable[[], list[Asker]],
        moderation: Callable[[], Asker | None],
        context: Callable[[Reader, Asker, datetime], Awaitable[Context]],
        settings: EventSettings,
        timezone: str,
    ) -> None:
        self.rooms = rooms
        self.moderation = moderation
        self.context = context
        self.settings = settings
        self.zone = ZoneInfo(timezone)

    def at(self, day: date) -> datetime:
        """Return the hour of announcements on a day of the zone, in UTC."""
        return datetime.combine(day, time(self.settings.hour), self.zone).astimezone(UTC)


def said(
    due: Due, there: Asker, text: Markdown, now: datetime, priority: Priority, cause: str | None = None
) -> list[OutboxRow]:
    """Return the rows of a message; their ids are those of the occurrence, so that it is never sent twice."""
    return [
        OutboxRow(
            txn_id=answers.transaction_id(due.kind, due.subject, due.due_at.isoformat(), there.room_id, part),
            cause=cause,
            room_id=there.room_id,
            kind="message",
            priority=priority,
            part=part,
            content=answers.message(piece),
            created_at=now,
        )
        for part, piece in enumerate(split(text))
    ]


class Plan:
    """Plans what is announced on the fortieth day from now; the first time all days until then."""

    grace = timedelta.max

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def first(self, now: datetime) -> Due:
        """Return when it is due for the first time: now."""
        return Due(kind=PLAN, subject="events", due_at=now, importance=1, payload={"from": now.isoformat()})

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Schedule announcements."""
        first = (due.payload or {}).get("from") == due.due_at.isoformat()
        since = due.due_at if first else due.due_at + AHEAD - DAY
        await events.recompute(writer, max(now, due.due_at))
        coming = await events.coming(writer, due.due_at)
        known = await events.some(writer, list({one.event_id for one in coming}))
        for one in coming:
            for announcement in announcements(self._voice, known[one.event_id], one):
                if since < announcement.due_at <= due.due_at + AHEAD:
                    await due_storage.ensure(writer, announcement)
        return []

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: it is never too late."""
        return []

    def following(self, due: Due, _now: datetime) -> datetime | None:
        """Return the next day, also when that is over: each is planned by itself."""
        return due.due_at + DAY


def announcements(voice: Voice, event: Kept, one: Coming) -> list[Due]:
    """Return when an occurrence is to be announced."""
    if event.certainty == "cancelled":
        return []
    # The days are those of the calendar, so that nine o'clock stays nine o'clock.
    day = one.starts_at.astimezone(voice.zone).date() if "T" in one.start else date.fromisoformat(one.start)
    return [
        Due(
            kind=ANNOUNCE,
            subject=f"{event.id}/{one.key}/{days}",
            due_at=voice.at(day - days * DAY),
            importance=5 + days,
            payload={"event": event.id, "key": one.key},
        )
        for days in DAYS_BEFORE[event.kind]
    ]


class Announcement:
    """Announces one occurrence in every room for announcements, in its language."""

    grace = timedelta(hours=14)

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the announcements; none of what was cancelled, or is over."""
        found = await self._found(writer, due)
        if found is None or found[1].ends_at <= now:
            return []
        rows = []
        for there in self._voice.rooms():
            ctx = await self._voice.context(writer, there, now)
            text = event_notice.announcement(ctx, *found, late=now - due.due_at > LATE)
            rows += said(due, there, text, now, Priority.ANNOUNCEMENT, f"event/{found[0].id}")
        return rows

    async def missed(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Tell the moderators what was not announced."""
        there, found = self._voice.moderation(), await self._found(writer, due)
        if there is None or found is None or not self._voice.rooms():
            return []
        ctx = await self._voice.context(writer, there, now)
        return said(due, there, event_notice.missed(ctx, *found), now, Priority.ANNOUNCEMENT)

    def following(self, _due: Due, _now: datetime) -> datetime | None:
        """Return None: it is announced once."""
        return None

    async def _found(self, reader: Reader, due: Due) -> tuple[Kept, Coming] | None:
        payload = due.payload or {}
        event = await events.get(reader, payload["event"])
        one = await events.occurrence_of(reader, payload["event"], payload["key"])
        return (event, one) if event and one and event.certainty != "cancelled" else None


class Changed:
    """Mends what was announced of an event that was moved or cancelled, and plans its announcements anew."""

    grace = timedelta.max

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return edits of the announcements that stand."""
        number = int(due.subject)
        event = await events.get(writer, number)
        await due_storage.cancel_all(writer, ANNOUNCE, f"{number}/")
        if event is None:
            return []
        coming = await events.coming(writer, now, number)
        plan = await due_storage.get(writer, PLAN, "events")
        until = (plan.due_at - DAY if plan else now) + AHEAD
        for one in coming:
            for announcement in announcements(self._voice, event, one):
                if now < announcement.due_at <= until:
                    await due_storage.ensure(writer, announcement)
        if event.version == 1:
            return []
        standing = await outbox_storage.answers(writer, f"event/{number}")
        rows = []
        for sent in standing:
            there = next((one for one in self._voice.rooms() if one.room_id == sent.room_id), None)
            if there is None or sent.part:
                continue
            ctx = await self._voice.context(writer, there, now)
            text = event_notice.changed(ctx, event, coming[0] if coming else None)
            rows.append(
                OutboxRow(
                    txn_id=answers.transaction_id(CHANGED, number, event.version, sent.id),
                    room_id=sent.room_id,
                    kind="edit",
                    priority=Priority.ANNOUNCEMENT,
                    about=sent.id,
                    content=answers.message(text),
                    created_at=now,
                )
            )
        return rows

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: it is never too late."""
        return []

    def following(self, _due: Due, _now: datetime) -> datetime | None:
        """Return None: the next change makes it due again."""
        return None


class Digest:
    """Says on Mondays what the week brings; nothing when it brings nothing."""

    grace = timedelta(hours=14)

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def first(self, now: datetime) -> Due:
        """Return the next Monday."""
        return Due(kind=DIGEST, subject="events", due_at=self._after(now), importance=8)

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the list for each room."""
        week = [one for one in await events.coming(writer, now) if one.starts_at < now + 7 * DAY]
        known = await events.some(writer, list({one.event_id for one in week}))
        if not week or not self._voice.settings.digest:
            return []
        rows = []
        for there in self._voice.rooms():
            ctx = await self._voice.context(writer, there, now)
            text = event_notice.week(ctx, [(known[one.event_id], one) for one in week])
            rows += said(due, there, text, now, Priority.DIGEST)
        return rows

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: the calendar can be asked."""
        return []

    def following(self, _due: Due, now: datetime) -> datetime | None:
        """Return the next Monday."""
        return self._after(now)

    def _after(self, now: datetime) -> datetime:
        today = now.astimezone(self._voice.zone).date()
        monday = today + timedelta(days=-today.weekday() % 7)
        this, following = self._voice.at(monday), self._voice.at(monday + 7 * DAY)
        return this if this > now else following
