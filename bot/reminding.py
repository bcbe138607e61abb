"""Reminders: who wished so is told of an event in a direct chat, once for each time that it takes place."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.announcing import LATE
from bot.clock import Once
from bot.voice import Voice, direct, said
from commands import event_notice
from commands.attachment import Reply
from storage import events, reminders
from storage.database import Writer
from storage.due import Due
from storage.outbox import OutboxRow, Priority

_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""In place of a time that is another for each."""


class Reminding(Once):
    """Reminds a person of one occurrence, and plans the reminder of the next.

    It helps until the event begins; `act` looks.
    """

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the reminder."""
        number, person, minutes = reminders.wish_of(due.subject)
        key = (due.payload or {})["key"]
        event = await events.get(writer, number)
        one = await events.occurrence_of(writer, number, key)
        wishes = await reminders.of(writer, number, person)
        wish = next((each for each in wishes if each.minutes == minutes), None)
        if event is None or wish is None:
            return []
        coming = [each for each in await events.coming(writer, now, number, 100) if each.key > key]
        await reminders.plan(writer, wish, coming, now)
        if one is None:
            return []
        if reminders.moment(one, wish.zone) <= now and due.due_at < now - LATE:
            return await self._too_late(writer, due, now)
        ctx = await self._voice.context(writer, direct(person), now)
        text = event_notice.reminder(ctx, event, one, late=now - due.due_at > LATE)
        return said(due, direct(person), Reply(text), now, Priority.ANNOUNCEMENT)

    async def _too_late(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Tell the moderators once, and not for whom: who wishes to be reminded of what is nobody's business."""
        number, _, _ = reminders.wish_of(due.subject)
        there, event = self._voice.moderation(), await events.get(writer, number)
        if there is None or event is None:
            return []
        ctx = await self._voice.context(writer, there, now)
        # Not `due_at`: it is another for each wish, and all together are one piece of news.
        subject = f"{number}/{(due.payload or {})['key']}"
        once = Due(kind="missed_reminders", subject=subject, due_at=_ALL)
        return said(once, there, Reply(event_notice.missed_reminders(ctx, event)), now, Priority.ANNOUNCEMENT)
