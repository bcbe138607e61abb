"""From stored events to stored answers: a lane for each room, in order inside it, lanes side by side.

Few events of a lane are held in memory; when more come, the lane reads them from the inbox, where they are
safe. Each is handled in one transaction that stores its answer and marks it as handled, so a crash repeats
it as if nothing had been, and an error harms no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from bot import answers
from bot.authority import Authority
from bot.backoff import Backoff
from bot.flood import Flood, Verdict
from bot.outbox import Outbox
from bot.rooms import Rooms
from commands.attachment import Attachment
from commands.context import Asker, Condition, Surroundings, mark, translate
from commands.respond import Answer, Responder
from storage import inbox as storage
from storage import media, people
from storage import outbox as outbox_storage
from storage.database import Database, Writer
from storage.inbox import InboxEvent, Outcome
from storage.outbox import OutboxRow, SentAnswer

log = structlog.get_logger(__name__)

HELD = 100
"""Events of one lane in memory."""
AT_ONCE = 32
"""Lanes that work at the same time."""

TOO_MANY = mark(
    "That is more than {limit} commands in a minute. I answer you again when the minute is over; please send "
    "this one again then."
)
NOT_AGAIN = mark("An edit does not rerun a command that changes something. Send it as a new message, please.")


@dataclass(slots=True)
class Lane:
    """What is to be done in a room. `behind`: more waits in the inbox than stands in the queue."""

    room_id: str
    queue: deque[InboxEvent] = field(default_factory=deque)
    behind: bool = False
    done: int = 0


class Dispatch:
    """Handles events of the inbox."""

    def __init__(
        self,
        database: Database,
        responder: Responder,
        outbox: Outbox,
        rooms: Rooms,
        authority: Authority,
        flood: Flood,
        prefix: str,
        default_language: str,
        condition: Callable[[], Condition],
    ) -> None:
        self._database = database
        self._responder = responder
        self._outbox = outbox
        self._rooms = rooms
        self._authority = authority
        self._flood = flood
        self._prefix = prefix
        self._default_language = default_language
        self._condition = condition
        self._lanes: dict[str, Lane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.answered = 0

    async def resume(self) -> int:
        """Take up what an earlier run did not handle. Return in how many rooms."""
        async with self._database.read() as reader:
            waiting = await storage.pending_rooms(reader)
        for room_id in waiting:
            self._lane(room_id).behind = True
        return len(waiting)

    def deliver(self, events: list[InboxEvent]) -> None:
        """Handle events that are stored. Returns at once."""
        for event in events:
            lane = self._lane(event.room_id)
            if lane.behind or len(lane.queue) >= HELD:
                lane.behind = True
            else:
                lane.queue.append(event)

    async def drained(self) -> None:
        """Wait until nothing is left to handle."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def close(self) -> None:
        """Stop. What is left waits in the inbox."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _lane(self, room_id: str) -> Lane:
        if room_id not in self._lanes:
            lane = self._lanes[room_id] = Lane(room_id)
            self._tasks[room_id] = asyncio.create_task(self._work(lane), name=f"lane {room_id}")
        return self._lanes[room_id]

    async def _work(self, lane: Lane) -> None:
        try:
            while lane.queue or lane.behind:
                async with self._slots:
                    if not lane.queue:
                        await self._catch_up(lane)
                    elif lane.queue[0].seq > lane.done:
                        await self._until_handled(lane.queue[0])
                        lane.done = lane.queue.popleft().seq
                    else:
                        lane.queue.popleft()
        finally:
            # Without an await between the last look at the lane and this line, no event can slip between.
            del self._lanes[lane.room_id], self._tasks[lane.room_id]

    async def _catch_up(self, lane: Lane) -> None:
        """Read the next events of a lane from the inbox."""
        try:
            async with self._database.read() as reader:
                rows = await storage.pending(reader, lane.room_id, after=lane.done, limit=HELD)
        except Exception as error:
            log.exception("cannot read the inbox", room=lane.room_id, error=type(error).__name__)
            await asyncio.sleep(1.0)
            return
        # While `behind` is set nothing is put into the queue, so the order of the inbox is kept.
        lane.queue.extend(rows)
        lane.behind = len(rows) == HELD

    async def _until_handled(self, event: InboxEvent) -> None:
        """Handle an event; when even its failure cannot be stored, try again later."""
        backoff = Backoff()
        while True:
            try:
                await self._handle(event)
            except Exception as error:
                pause = backoff.next()
                log.exception("cannot handle an event", kind=event.kind, error=type(error).__name__)
                await asyncio.sleep(pause)
            else:
                return

    async def _handle(self, event: InboxEvent) -> None:
        if event.kind == "message":
            await self._message(event)
        elif event.kind == "edit":
            await self._edit(event)
        else:
            await self._withdraw(event, "redacted")

    async def _message(self, event: InboxEvent) -> None:
        verdict = self._flood.verdict(event.sender, event.sent_at)
        if verdict is Verdict.IGNORE:
            async with self._database.write() as writer:
                await self._mark(writer, event, "flood")
        elif verdict is Verdict.WARN:
            await self._say(event, TOO_MANY, "flood", limit=self._flood.limit)
        else:
            await self._respond(event, cause=event.event_id, earlier=[])

    async def _edit(self, event: InboxEvent) -> None:
        """Answer the new text of a message in place of the old answer."""
        target = event.target or ""
        async with self._database.read() as reader:
            origin = await storage.origin(reader, target, before=event.seq)
            earlier = await outbox_storage.answers(reader, target)
        if origin is not None and origin.sender != event.sender:
            # Homeservers let anybody send an "edit" of anybody's message; clients ignore it, and so do we.
            async with self._database.write() as writer:
                await self._mark(writer, event, "silent")
        elif not event.payload or event.payload["text"] is None:
            await self._withdraw(event, "silent")
        elif earlier and (self._changes(origin.command if origin else None) or self._changes_now(event)):
            await self._say(event, NOT_AGAIN, "answered")
        elif self._flood.verdict(event.sender, event.sent_at) is Verdict.ANSWER:
            await self._respond(event, cause=target, earlier=earlier)
        else:
            async with self._database.write() as writer:
                await self._mark(writer, event, "flood")

    def _changes(self, command: str | None) -> bool:
        declared = self._responder.registry.named(command) if command else None
        return declared is not None and declared.writes

    def _changes_now(self, event: InboxEvent) -> bool:
        found = self._responder.registry.find(str((event.payload or {}).get("text")))
        return found is not None and found.command.writes

    async def _respond(self, event: InboxEvent, *, cause: str, earlier: list[SentAnswer]) -> None:
        payload = event.payload or {}
        asker = self._asker(event)
        surroundings = Surroundings(
            holds=partial(self._authority.holds, user_id=event.sender, room_id=event.room_id, direct=asker.direct),
            condition=self._condition,
        )
        stored: list[OutboxRow] = []

        async def finish(writer: Writer, answer: Answer) -> None:
            now = datetime.now(UTC)
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
            )
            stored[:] = await outbox_storage.add(writer, rows)
            await self._mark(writer, event, "answered", answer.command)

        await self._responder.respond(asker, str(payload.get("text", "")), surroundings, datetime.now(UTC), finish)
        self.answered += 1
        self._outbox.push(stored)

    async def _file(self, writer: Writer, attachment: Attachment, now: datetime) -> dict[str, Any]:
        """Store a file that an answer has, and return the content of its message."""
        small = attachment.thumbnail
        thumbnail_id = await media.add(writer, small.data, now) if small else None
        return answers.file(attachment, await media.add(writer, attachment.data, now), thumbnail_id)

    async def _say(self, event: InboxEvent, message: str, outcome: Outcome, **values: object) -> None:
        """Answer with a message of the catalogue, without running a command."""
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
        )
        async with self._database.write() as writer:
            stored = await outbox_storage.add(writer, rows)
            await self._mark(writer, event, outcome)
        self._outbox.push(stored)

    async def _withdraw(self, event: InboxEvent, outcome: Outcome) -> None:
        """Take back the answers to a message that was taken back."""
        target = event.target or ""
        async with self._database.write() as writer:
            earlier = await outbox_storage.answers(writer, target)
            rows = answers.withdrawal(earlier, trigger=event.event_id, cause=target, now=datetime.now(UTC))
            stored = await outbox_storage.add(writer, rows)
            await self._mark(writer, event, outcome)
        self._outbox.push(stored)

    async def _mark(self, writer: Writer, event: InboxEvent, outcome: Outcome, command: str | None = None) -> None:
        await storage.handled(writer, event.event_id, outcome, datetime.now(UTC), command=command)

    def _asker(self, event: InboxEvent) -> Asker:
        direct = self._rooms.is_direct(event.room_id)
        return Asker(
            user_id=event.sender,
            room_id=event.room_id,
            direct=direct,
            prefix="" if direct else self._prefix,
        )
