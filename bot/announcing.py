"""Events are announced in the rooms for announcements: days ahead at a set hour, and on Mondays all of the week.

What is to be announced is planned forty days ahead, one day after the other: the plan of a day is made once, also
when the bot was away or its clock was set, so that nothing is left out and nothing announced twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from bot import answers
from bot.day_notes import NOTE, note
from bot.voice import Voice, direct, said
from commands import event_notice
from commands.attachment import Reply
from storage import attendance, digests, direct_rooms, events, reminders
from storage import due as due_storage
from storage import outbox as outbox_storage
from storage.database import Reader, Writer
from storage.due import Due
from storage.event_changes import CHANGED
from storage.events import Coming, Kept, Kind
from storage.outbox import OutboxRow, Priority

PLAN, ANNOUNCE, DIGEST = "plan_announcements", "announcement", "weekly_events"
AHEAD = timedelta(days=40)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BEFORE: dict[Kind, tuple[timedelta, ...]] = {
    "commemoration": (0 * DAY,),
    "meeting": (14 * DAY, DAY, HOUR),
    "training": (14 * DAY, DAY, HOUR),
    "webinar": (14 * DAY, DAY, HOUR),
    "deadline": (14 * DAY, DAY),
}
"""How long before an event, by its kind, it is announced."""
LATE = timedelta(minutes=10)


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
            for announcement in planned(self._voice, known[one.event_id], one):
                if since < announcement.due_at <= due.due_at + AHEAD:
                    await due_storage.ensure(writer, announcement)
        return []

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: it is never too late."""
        return []

    def following(self, due: Due, _now: datetime) -> datetime | None:
        """Return the next day, also when that is over: each is planned by itself."""
        return due.due_at + DAY


def planned(voice: Voice, event: Kept, one: Coming) -> list[Due]:
    """Return when an occurrence is to be announced, and when the note before it is to be posted."""
    found = announcements(voice, event, one)
    before = note(voice, event, one)
    # Where moderators had it announced at that very moment, one message is enough.
    if before is not None and all(other.due_at != before.due_at for other in found):
        found.append(before)
    return found


def announcements(voice: Voice, event: Kept, one: Coming) -> list[Due]:
    """Return when an occurrence is to be announced: whole days before at the set hour, hours to the minute."""
    if event.certainty == "cancelled":
        return []
    offsets = BEFORE[event.kind]
    if event.reminders is not None:
        offsets = tuple(timedelta(minutes=minutes) for minutes in event.reminders)
    timed = "T" in one.start
    # The days are those of the calendar, so that nine o'clock stays nine o'clock.
    day = one.starts_at.astimezone(voice.zone).date() if timed else date.fromisoformat(one.start)
    found = []
    for before in offsets:
        whole = before % DAY == timedelta()
        if not whole and not timed:
            continue  # A day without an hour has nothing to count hours from.
        minutes = before // timedelta(minutes=1)
        found.append(
            Due(
                kind=ANNOUNCE,
                subject=f"{event.id}/{one.key}/{before.days if whole else f'{minutes}m'}",
                due_at=voice.at(day - before) if whole else one.starts_at - before,
                importance=5 + before.days if whole else 2,
                payload={"event": event.id, "key": one.key},
            )
        )
    return found


class Announcement:
    """Announces one occurrence in the rooms for announcements, in their languages, and to who follows it."""

    grace = timedelta(hours=14)

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the announcements; none of what was cancelled, or is over."""
        found = await self._found(writer, due)
        if found is None:
            return []
        event, one = found
        hours = due.subject.endswith("m")
        if (one.starts_at if hours else one.ends_at) <= now:
            return await self.missed(writer, due, now)
        rows = []
        # Hours before it begins, only the rooms are told: who follows was told, and may wish to be reminded.
        everybody = await self._voice.audience(writer, event)
        everybody += [] if hours else await self._voice.followers(writer, event)
        for there in everybody:
            ctx = await self._voice.context(writer, there, now)
            text = event_notice.announcement(ctx, event, one, late=now - due.due_at > LATE)
            reply = Reply(text, buttons=event_notice.buttons(event))
            rows += said(due, there, reply, now, Priority.ANNOUNCEMENT, f"event/{event.id}")
        return rows

    async def missed(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Tell the moderators what was not announced."""
        there, found = self._voice.moderation(), await self._found(writer, due)
        if there is None or found is None or not await self._voice.audience(writer, found[0]):
            return []
        ctx = await self._voice.context(writer, there, now)
        return said(due, there, Reply(event_notice.missed(ctx, *found)), now, Priority.ANNOUNCEMENT)

    def following(self, _due: Due, _now: datetime) -> datetime | None:
        """Return None: it is announced once."""
        return None

    async def _found(self, reader: Reader, due: Due) -> tuple[Kept, Coming] | None:
        payload = due.payload or {}
        event = await events.get(reader, payload["event"])
        one = await events.occurrence_of(reader, payload["event"], payload["key"])
        return (event, one) if event and one and event.certainty != "cancelled" else None


class Changed:
    """Mends what was announced of an event, tells who goes, and plans announcements and reminders anew."""

    grace = timedelta.max

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return edits of the announcements that stand, and messages to who goes."""
        number = int(due.subject)
        event = await events.get(writer, number)
        for kind in (ANNOUNCE, NOTE):
            await due_storage.cancel_all(writer, kind, f"{number}/")
        if event is None:
            return []
        await reminders.replan(writer, number, now)
        coming = await events.coming(writer, now, number)
        plan = await due_storage.get(writer, PLAN, "events")
        until = (plan.due_at - DAY if plan else now) + AHEAD
        for one in coming:
            for announcement in planned(self._voice, event, one):
                if now < announcement.due_at <= until:
                    await due_storage.ensure(writer, announcement)
        if event.version == 1:
            return []
        following = coming[0] if coming else None
        return [
            *await self._mended(writer, event, following, now),
            *await self._told(writer, due, event, following, now),
        ]

    async def _mended(self, writer: Writer, event: Kept, one: Coming | None, now: datetime) -> list[OutboxRow]:
        """Return edits of what was announced, in the language in which it was."""
        rows = []
        listening = {there.room_id: there for there in self._voice.rooms()}
        for person, room_id in (await direct_rooms.every(writer)).items():
            listening.setdefault(room_id, replace(direct(person), room_id=room_id))
        for sent in await outbox_storage.answers(writer, f"event/{event.id}"):
            there = direct(sent.room_id) if sent.room_id.startswith("@") else listening.get(sent.room_id)
            if there is None or sent.part:
                continue
            ctx = await self._voice.context(writer, there, now)
            rows.append(
                OutboxRow(
                    txn_id=answers.transaction_id(CHANGED, event.id, event.version, sent.id),
                    room_id=sent.room_id,
                    kind="edit",
                    priority=Priority.ANNOUNCEMENT,
                    about=sent.id,
                    content=answers.message(event_notice.changed(ctx, event, one)),
                    created_at=now,
                )
            )
        return rows

    async def _told(
        self, writer: Writer, due: Due, event: Kept, one: Coming | None, now: datetime
    ) -> list[OutboxRow]:
        """Return messages to who goes, or wishes to be reminded."""
        people = {*await attendance.people(writer, event.id)}
        people |= {wish.person for wish in await reminders.of_event(writer, event.id)}
        rows = []
        for person in sorted(people):
            ctx = await self._voice.context(writer, direct(person), now)
            text = event_notice.news(ctx, event, one)
            rows += said(due, direct(person), Reply(text), now, Priority.ANNOUNCEMENT)
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
        """Return the list for each room, of what is announced there."""
        week = [one for one in await events.coming(writer, now) if one.starts_at < now + 7 * DAY]
        known = await events.some(writer, list({one.event_id for one in week}))
        if not week or not self._voice.settings.digest:
            return []
        rooms = {event.id: await self._voice.audience(writer, event) for event in known.values()}
        rows = []
        for there in self._voice.rooms():
            if await digests.planned(writer, there.room_id):
                continue  # The digest tells of events, and of more.
            here = [(known[one.event_id], one) for one in week if there in rooms[one.event_id]]
            if here:
                ctx = await self._voice.context(writer, there, now)
                rows += said(due, there, Reply(event_notice.week(ctx, here)), now, Priority.DIGEST)
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
