"""Some days before an international day a note with what belongs to it; the day itself is announced as ever."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.clock import Once
from bot.voice import Voice, said
from commands import day_note
from commands.attachment import Reply
from storage import events
from storage.database import Writer
from storage.due import Due
from storage.events import Coming, Kept
from storage.outbox import OutboxRow, Priority
from storage.rooms import NOTES

NOTE = "day_note"


def note(voice: Voice, event: Kept, one: Coming) -> Due | None:
    """Return when the note before a day is due; None for what is no day, or when there are no notes."""
    if not voice.note_days or event.kind != "commemoration" or event.certainty == "cancelled" or "T" in one.start:
        return None
    return Due(
        kind=NOTE,
        subject=f"{event.id}/{one.key}",
        due_at=voice.at(date.fromisoformat(one.start) - timedelta(days=voice.note_days)),
        importance=7,
        payload={"event": event.id, "key": one.key},
    )


class DayNote(Once):
    """Posts the note before one day, in the language of each room. It helps until the day begins; `act` looks."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the note; none where days are not announced or it is switched off, or when nothing belongs."""
        payload = due.payload or {}
        event = await events.get(writer, payload["event"])
        one = await events.occurrence_of(writer, payload["event"], payload["key"])
        if event is None or one is None or event.certainty == "cancelled" or not self._voice.note_days:
            return []
        day, today = date.fromisoformat(one.start), now.astimezone(self._voice.zone).date()
        if today >= day:
            return []
        rows = []
        heard = {there.room_id for there in await self._voice.audience(writer, event, self._voice.learning())}
        for there in await self._voice.learners(writer, NOTES):
            if there.room_id not in heard:
                continue
            ctx = await self._voice.context(writer, there, now)
            text = await day_note.note(ctx, event, day, (day - today).days)
            if text is not None:
                rows += said(due, there, Reply(text), now, Priority.ANNOUNCEMENT)
        return rows
