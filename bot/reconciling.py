"""After a backup was put back: what the old life of the bot said and did is not said again, and nothing is lost.

What is in doubt (see `storage.restored`) is held against the rooms. An event that was answered there is not
answered again; where its command only set something that a restored bot must not forget (`repeated`: a withdrawal,
an erasure, a choice), it is done again without a word. A message that is there counts as sent. What the room does
not have is said now. What a room cannot tell is not said, and counted; moderators are told once how much that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from bot import answers
from bot.dispatch import Dispatch
from bot.errors import MatrixError
from bot.past import Past, Said, Verdict
from bot.session import Session
from commands import restored as said_of_restoring
from commands.context import Asker, Context
from commands.rendering import split
from commands.restored import MESSAGE, REMINDER, TALK, UNKNOWN, done
from storage import direct_rooms, restored, rooms, talks, unfinished, unreadable
from storage import inbox as inbox_storage
from storage import outbox as outbox_storage
from storage.database import Database, Reader, Writer
from storage.due import Due
from storage.event_changes import CHANGED
from storage.inbox import Doubt, InboxEvent
from storage.outbox import OutboxRow, Priority, Sent
from storage.restored import Restored

log = structlog.get_logger(__name__)

LOOK_SECONDS, PAUSE_SECONDS = 1.0, 5.0
PATIENCE = timedelta(minutes=10)
"""A task that fails again and again does not keep the moderators from hearing of the rest."""

Adopt = Callable[[list[str]], Awaitable[None]]
"""Learns with whom the bot talks alone in rooms that it came to since the copy was made. `Direct.adopt`."""


class Reconciling:
    """Decides on what is in doubt. `marker` says from what copy the database was put back, and is not finished."""

    def __init__(
        self,
        session: Session,
        database: Database,
        marker: Restored,
        adopt: Adopt,
        looked_at: Callable[[], datetime | None],
        moderation: Callable[[], Asker | None],
        context: Callable[[Reader, Asker, datetime], Awaitable[Context]],
        push: Callable[[list[OutboxRow]], None],
    ) -> None:
        self._database = database
        self._marker = marker
        self._adopt = adopt
        self._looked_at = looked_at
        self._moderation = moderation
        self._context = context
        self._push = push
        self._past = Past(session, marker.copied_at)
        self._until = marker.caught_up_at
        self._late: dict[str, str] | None = None
        self._read = asyncio.Event()
        self._caught_up = asyncio.Event()
        self.sorted_out = asyncio.Event()
        """Set when nothing that was answered counts as unreadable any more."""

    # What is in doubt

    async def noted(self, writer: Writer, events: list[InboxEvent]) -> list[InboxEvent]:
        """Return what comes in, noted as in doubt: all of the first round, and what waited for a key."""
        if self._late is not None:
            return restored.in_doubt(events, set(self._late)) if self._late else events
        if self._marker.caught_up_at is None:
            self._until = datetime.now(UTC)
            await restored.caught_up(writer, self._until)
        return restored.in_doubt(events)

    @property
    def is_catching_up(self) -> bool:
        """Whether what comes in may come from before the backup was put back: in the first round."""
        return self._marker.caught_up_at is None and not self._read.is_set()

    def after_round(self) -> None:
        """Go on: all was read that came since the copy was made, and that is stored."""
        self._read.set()

    def doubt(self, due: Due) -> Doubt | None:
        """Return how much in doubt is what is due: what was due before the bot had read everything."""
        if self._until is not None and due.due_at > self._until:
            return None
        # News of a change carry the moment of the change; that may be another in this life.
        return "silent" if due.kind == CHANGED else "search"

    # What becomes of it

    async def handle(self, event: InboxEvent, dispatch: Dispatch) -> None:
        """Deal with an event that may have been answered."""
        await self._caught_up.wait()
        said = await self._of(event.room_id)
        if event.kind == "redaction":
            await dispatch.handle(event)
        elif said is None:
            async with self._database.write() as writer:
                await restored.leave_out(writer, UNKNOWN)
                await inbox_storage.handled(writer, event.event_id, "silent", datetime.now(UTC))
        elif not said.answers(event.event_id):
            await dispatch.handle(event)
        else:
            await self._answered(event, said, dispatch)

    async def _answered(self, event: InboxEvent, said: Said, dispatch: Dispatch) -> None:
        """Deal with an event that was answered: note its answer, or do silently what must not be forgotten."""
        talking = await self._goes_on_talking(event)
        command = None if talking else await dispatch.command_of(event)
        if command is not None and command.repeated:
            await dispatch.handle(event.model_copy(update={"doubt": "silent"}))
            return
        dispatch.count(event)
        async with self._database.write() as writer:
            if talking:
                await talks.end(writer, event.sender)
                await unfinished.forget(writer, unfinished.talk(event.sender))
                await restored.leave_out(writer, TALK)
            elif command is not None and command.writes:
                await restored.leave_out(writer, done(command.name))
            await self._note_answer(writer, event, said)
            name = command.name if command else None
            await inbox_storage.handled(writer, event.event_id, "answered", datetime.now(UTC), command=name)

    async def _goes_on_talking(self, event: InboxEvent) -> bool:
        """Tell whether a talk that is open in the copy went on with this event."""
        if not (event.payload or {}).get("bare"):
            return False
        async with self._database.read() as reader:
            return await talks.of(reader, event.sender, datetime.now(UTC)) is not None

    async def _note_answer(self, writer: Writer, event: InboxEvent, said: Said) -> None:
        """Note the messages that answer an event, so that an edit or a redaction of it finds them."""
        if event.kind == "edit":
            return
        now = datetime.now(UTC)
        for part, txn_id, sent in said.parts(event.event_id):
            row = OutboxRow(
                txn_id=txn_id,
                room_id=event.room_id,
                kind="message",
                cause=event.event_id,
                part=part,
                created_at=event.sent_at,
            )
            for kept in await outbox_storage.add(writer, [row]):
                note = Sent(id=kept.id, room_id=event.room_id, event_id=sent, sent_at=now)
                await outbox_storage.sent(writer, [note])

    async def judge(self, row: OutboxRow, target: str | None) -> Verdict:
        """Say what is to be done with a message in doubt. `target` is the event that it is about.

        Raises:
            MatrixError: the homeserver does not answer at the moment.

        """
        await self._caught_up.wait()
        room_id: str | None = row.room_id
        if row.room_id.startswith("@"):
            async with self._database.read() as reader:
                known = await direct_rooms.get(reader, row.room_id)
            room_id = known.room_id if known and known.room_id else None
            if room_id is None:
                # Had the old life said something to this person, there would be a room for it.
                return Verdict(say=row.doubt == "search")
        said = await self._past.of(room_id or "")
        if said is None:
            return Verdict(known=row.doubt == "silent")
        found = said.event_of(row, target)
        return Verdict(found, say=found is None and row.doubt == "search")

    async def leave_out(self, writer: Writer, row: OutboxRow) -> None:
        """Count a message of which the room could not tell whether it was said."""
        if row.kind == "message":
            await restored.leave_out(writer, REMINDER if row.room_id.startswith("@") else MESSAGE)

    async def _of(self, room_id: str) -> Said | None:
        while True:
            try:
                return await self._past.of(room_id)
            except MatrixError as error:
                log.warning("cannot look what was said in a room", room=room_id, error=str(error))
                await asyncio.sleep(PAUSE_SECONDS)

    # Once in the life of a copy

    async def run(self) -> None:
        """Decide what can be decided when everything was read; tell the moderators, and be done."""
        await self._read.wait()
        until = self._until or datetime.now(UTC)
        async with self._database.read() as reader:
            self._late = await restored.unreadable_since(reader, until)
        await self._adopted()
        self._caught_up.set()
        await self._sort_out(self._late)
        self._late = {}  # What still waits for a key nobody answered.
        self.sorted_out.set()
        await self._finish(until)
        self._past.forget()

    async def _adopted(self) -> None:
        async with self._database.read() as reader:
            known = await rooms.every(reader)
        came = self._marker.restored_at
        new = [room.room_id for room in known if room.membership == "join" and room.since >= came]
        while True:
            try:
                await self._adopt(new)
            except MatrixError as error:
                log.warning("cannot look who is in a room", error=str(error))
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return

    async def _sort_out(self, late: Mapping[str, str]) -> None:
        """Forget what cannot be read and was answered: to ask for it again would be to answer twice."""
        for event_id, room_id in late.items():
            said = await self._of(room_id)
            if said is None or said.answers(event_id):
                async with self._database.write() as writer:
                    await unreadable.drop(writer, event_id)

    async def _finish(self, until: datetime) -> None:
        began = datetime.now(UTC)
        while True:
            if await self._is_over(until, patient=datetime.now(UTC) - began < PATIENCE):
                break
            await asyncio.sleep(LOOK_SECONDS)
        now = datetime.now(UTC)
        async with self._database.write() as writer:
            marker = await restored.current(writer) or self._marker
            stored = await outbox_storage.add(writer, await self._told(writer, marker, until, now))
            await restored.finish(writer, now)
        log.info("reconciled with what was said since the backup", left_out=marker.left_out)
        self._push(stored)

    async def _is_over(self, until: datetime, *, patient: bool) -> bool:
        async with self._database.read() as reader:
            waiting = await restored.count_in_doubt(reader)
            late = await restored.count_due(reader, until)
        looked_at = self._looked_at()
        return not waiting and looked_at is not None and not (late and patient)

    async def _told(self, writer: Writer, marker: Restored, until: datetime, now: datetime) -> list[OutboxRow]:
        there = self._moderation()
        if there is None:
            return []
        ctx = await self._context(writer, there, now)
        text = said_of_restoring.left_out(ctx, marker.left_out, marker.copied_at, until)
        if text is None:
            return []
        return [
            OutboxRow(
                txn_id=answers.transaction_id("restored", marker.restored_at.isoformat(), part),
                room_id=there.room_id,
                kind="message",
                priority=Priority.DIGEST,
                part=part,
                content=answers.message(piece),
                created_at=now,
            )
            for part, piece in enumerate(split(text))
        ]
