"""What is said to an event is stored, and the event marked as dealt with, in one transaction; then it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import answers
from bot.direct import Direct
from bot.outbox import Outbox
from bot.posting import Posting
from commands.attachment import Attachment
from commands.context import translate
from commands.respond import Answer
from storage import awaited_files, media, people
from storage import inbox as storage
from storage import outbox as outbox_storage
from storage.database import Database, Writer
from storage.inbox import InboxEvent, Outcome
from storage.outbox import OutboxRow, SentAnswer

WAITING = timedelta(minutes=10)
"""How long a command waits for its file."""

Counted = Callable[[str | None, str, datetime], None]
"""Told of each event that was handled: its command, what became of it, and when it was sent."""


class Replies:
    """To the events of the inbox."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        posting: Posting,
        direct: Direct,
        default_language: str,
        counted: Counted,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._posting = posting
        self._direct = direct
        self._default_language = default_language
        self._counted = counted

    async def nothing(self, event: InboxEvent, outcome: Outcome = "silent") -> None:
        """Say nothing."""
        async with self._database.write() as writer:
            await self._mark(writer, event, outcome)

    async def say(self, event: InboxEvent, message: str, outcome: Outcome, **values: object) -> None:
        """Say a message of the catalogue."""
        async with self._database.read() as reader:
            voice = await people.voice(reader, event.sender, event.room_id)
        rows = answers.answer(
            translate(voice.person or voice.room or self._default_language, message, **values),
            trigger=event.event_id,
            cause=event.event_id,
            room_id=event.room_id,
            asker=event.sender,
            thread=(event.payload or {}).get("thread"),
            now=datetime.now(UTC),
            earlier=[],
            reply_to=(event.payload or {}).get("pressed"),
        )
        async with self._database.write() as writer:
            stored = await outbox_storage.add(writer, _doubted(rows, event))
            await self._mark(writer, event, outcome)
        self._outbox.push(stored)

    async def withdraw(self, event: InboxEvent, target: str, outcome: Outcome) -> None:
        """Take back what was said to a message."""
        async with self._database.write() as writer:
            earlier = await outbox_storage.answers(writer, target)
            rows = answers.withdrawal(earlier, trigger=event.event_id, cause=target, now=datetime.now(UTC))
            stored = await outbox_storage.add(writer, _doubted(rows, event))
            await self._mark(writer, event, outcome)
        self._outbox.push(stored)

    async def store(
        self,
        writer: Writer,
        event: InboxEvent,
        answer: Answer,
        *,
        cause: str,
        earlier: list[SentAnswer],
        direct: bool,
    ) -> list[OutboxRow]:
        """Store what a command says, in the transaction in which it wrote. Return what is to be sent after that.

        `cause` is the message that it answers, `earlier` what was said to that before; `direct`, whether it was
        said in a direct chat.
        """
        now, payload = datetime.now(UTC), event.payload or {}
        if not answer.text and not answer.posts:
            await self._mark(writer, event, "silent", answer.command)
            return []
        files = [await self._file(writer, attachment, now) for attachment in answer.attachments]
        rows = answers.answer(
            answer.text,
            trigger=event.event_id,
            cause=cause,
            room_id=event.room_id,
            asker=event.sender,
            thread=payload.get("thread"),
            now=now,
            earlier=earlier,
            files=files,
            buttons=answer.buttons,
            reply_to=payload.get("pressed"),
        )
        rows += await self._posting.rows(writer, answer.posts, event.event_id, event.sender, now)
        if direct and answer.command != "forgetme":
            await self._direct.met(writer, event.sender, event.room_id)
        kept = await outbox_storage.add(writer, _doubted(rows, event))
        kept = [*kept, *await outbox_storage.add(writer, _doubted(answers.offered(kept), event))]
        if payload.get("awaited"):
            await awaited_files.forget(writer, event.room_id, event.sender)
        if answer.awaits_file:
            await awaited_files.expect(
                writer,
                room_id=event.room_id,
                person=event.sender,
                command=answer.awaits_file,
                expires_at=now + WAITING,
            )
        await self._mark(writer, event, "answered", answer.command)
        return kept

    async def _file(self, writer: Writer, attachment: Attachment, now: datetime) -> dict[str, Any]:
        """Store a file that an answer has, and return the content of its message."""
        small = attachment.thumbnail
        thumbnail_id = await media.add(writer, small.data, now) if small else None
        return answers.file(attachment, await media.add(writer, attachment.data, now), thumbnail_id)

    async def _mark(self, writer: Writer, event: InboxEvent, outcome: Outcome, command: str | None = None) -> None:
        await storage.handled(writer, event.event_id, outcome, datetime.now(UTC), command=command)
        self._counted(command, outcome, event.sent_at)


def _doubted(rows: list[OutboxRow], event: InboxEvent) -> list[OutboxRow]:
    """Return rows that are as much in doubt as the event that they answer."""
    return [row.model_copy(update={"doubt": event.doubt}) for row in rows] if event.doubt else rows
