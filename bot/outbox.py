"""Deliver what is in the outbox: in order inside a room, rooms side by side, each row exactly once.

A row is sent with its transaction id until the homeserver has taken it or refused it for good. A crash
between the answer of the homeserver and our note of it sends the row again with the same id, and the
homeserver gives the same event back.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from bot import answers
from bot.backoff import Backoff
from bot.errors import LimitedError, LoggedOutError, MatrixError, RefusedError, UnwantedError
from bot.pace import Pace
from bot.past import Verdict
from bot.sent import Notes
from bot.session import Session
from storage import outbox as storage
from storage.database import Database, Writer
from storage.outbox import Buttons, OutboxRow, Sent

log = structlog.get_logger(__name__)

REMEMBERED = timedelta(hours=23)
"""Synapse forgets transaction ids after 24 hours; an older row may have been sent in a life before this."""
BEHIND_PAGES = 20
"""Of 100 events each: how far back a room is searched for an event of our own."""

Place = Callable[[OutboxRow], Awaitable[str]]
"""Returns the room of a row that goes to a person. `Direct.place`."""

Send = Callable[[str, str, Mapping[str, Any], str], Awaitable[str]]
"""Sends an event: room, type, content, transaction id. `Session.send`, or what encrypts before it."""


class Doubts(Protocol):
    """Knows whether a message was said before a backup was put back. `Reconciling`."""

    async def judge(self, row: OutboxRow, target: str | None) -> Verdict:
        """Say what is to be done with a message in doubt."""

    async def leave_out(self, writer: Writer, row: OutboxRow) -> None:
        """Count a message of which nobody can know whether it was said."""


class Outbox:
    """Sends the rows that it is given, and at the start those that were left."""

    def __init__(
        self,
        session: Session,
        send: Send,
        database: Database,
        pace: Pace,
        place: Place,
        backoff: Callable[[], Backoff] = Backoff,
        retried: Callable[[str], None] = lambda _cause: None,
        doubts: Doubts | None = None,
    ) -> None:
        self._doubts = doubts
        self._retried = retried
        self._session = session
        self._send = send
        self._database = database
        self._pace = pace
        self._place = place
        self._backoff = backoff
        self._queues: dict[str, list[tuple[int, int, OutboxRow]]] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._notes = Notes(database, backoff)
        self._limited: set[int] = set()

    async def resume(self) -> int:
        """Take up what an earlier run did not send. Return how many rows."""
        count = after = 0
        while True:
            async with self._database.read() as reader:
                rows = await storage.pending(reader, after=after)
            if not rows:
                return count
            self.push(rows)
            count += len(rows)
            after = rows[-1].id

    def push(self, rows: list[OutboxRow]) -> None:
        """Send rows that are stored. Returns at once."""
        for row in rows:
            heapq.heappush(self._queues.setdefault(row.room_id, []), (row.priority, row.id, row))
            if row.room_id not in self._senders:
                sender = asyncio.create_task(self._deliver(row.room_id), name=f"send {row.room_id}")
                self._senders[row.room_id] = sender

    async def buttons_of(self, room_id: str, event_id: str) -> Buttons | None:
        """Return what reactions to an event stand for that may be a message of ours on its way.

        The homeserver may have taken a message whose row waits to be sent again, because the answer was lost.

        Raises:
            MatrixError: the homeserver does not show the event now.

        """
        try:
            event = await self._session.call("GET", "rooms", room_id, "event", event_id)
        except RefusedError:
            return None
        content = event.get("content")
        key = content.get(answers.KEY) if isinstance(content, Mapping) else None
        if event.get("sender") != self._session.user_id or not isinstance(key, str):
            return None
        async with self._database.read() as reader:
            return await storage.buttons_of(reader, key)

    async def sent(self, rooms: Collection[str] | None = None) -> None:
        """Wait until nothing is left to send, to some rooms or to all."""
        while tasks := [task for room_id, task in self._senders.items() if rooms is None or room_id in rooms]:
            await asyncio.wait(tasks)

    async def drained(self) -> None:
        """Wait until nothing is left to send, and that is noted."""
        await self.sent()
        await self._notes.stored()

    async def close(self) -> None:
        """Stop sending. What is left waits in the database."""
        senders = list(self._senders.values())
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        await self._notes.close()

    async def _deliver(self, room_id: str) -> None:
        queue = self._queues[room_id]
        try:
            while queue:
                _, _, row = heapq.heappop(queue)
                await self._until_done(row)
        finally:
            # Without an await between the last look at the queue and this line, no row can slip between.
            del self._senders[room_id]
            if not queue:
                del self._queues[room_id]

    async def _until_done(self, row: OutboxRow) -> None:
        """Send a row until it is taken or refused."""
        backoff = self._backoff()
        while True:
            try:
                await self._once(row)
            except LimitedError as error:
                self._pace.limited(error.retry_after)
                self._limited.add(row.id)
                self._retried("rate limit")
                pause = 0.0
            except LoggedOutError:
                pause = 1.0  # The inbox meets the same: it mends a soft logout, and ends the bot at a hard one.
            except MatrixError as error:
                pause = backoff.next()
                self._retried("homeserver")
                log.warning("cannot send", room=row.room_id, error=str(error), again_in=round(pause, 1))
            except Exception as error:
                pause = backoff.next()
                self._retried("error")
                log.exception("cannot send", room=row.room_id, error=type(error).__name__)
            else:
                return
            await asyncio.sleep(pause)

    async def _once(self, row: OutboxRow) -> None:
        """Send a row and note what became of it."""
        event_id, reason = None, "the message that it is about was never sent"
        if row.doubt is not None and self._doubts is not None and await self._is_said(row, self._doubts):
            return
        try:
            to_person = row.room_id.startswith("@")
            if to_person:
                # The chat is asked for, too: thousands who are written to take their turns before that.
                await self._pace.turn(row.priority)
                row = row.model_copy(update={"room_id": await self._place(row)})
            event_id = await self._attempt(row, had_turn=to_person)
        except UnwantedError:
            log.info("a message was not wanted")
            async with self._database.write() as writer:
                await storage.left_out(writer, row.id, datetime.now(UTC))
            return
        except RefusedError as error:
            reason = str(error)
        now = datetime.now(UTC)
        if event_id is None:
            log.error("a message will never be sent", room=row.room_id, kind=row.kind, reason=reason)
            async with self._database.write() as writer:
                await storage.refused(writer, row.id, reason, now)
            return
        self._note(row, event_id)

    def _note(self, row: OutboxRow, event_id: str) -> None:
        limited = row.id in self._limited
        self._limited.discard(row.id)
        now = datetime.now(UTC)
        self._notes.add(Sent(id=row.id, room_id=row.room_id, event_id=event_id, sent_at=now, limited=limited))

    async def _is_said(self, row: OutboxRow, doubts: Doubts) -> bool:
        """Tell whether a row that is in doubt is dealt with: it was said, or must not be."""
        target = await self._notes.event_of(row.about) if row.about is not None else None
        verdict = await doubts.judge(row, target)
        if verdict.event_id is not None:
            self._note(row, verdict.event_id)
        elif not verdict.say:
            async with self._database.write() as writer:
                await storage.left_out(writer, row.id, datetime.now(UTC))
                if not verdict.known:
                    await doubts.leave_out(writer, row)
        return not verdict.say

    async def _attempt(self, row: OutboxRow, *, had_turn: bool) -> str | None:
        """Give a row to the homeserver. Return the event that it became; None when there is nothing to do."""
        target = await self._notes.event_of(row.about) if row.about is not None else None
        if row.about is not None and target is None:
            return None  # The message was refused, so there is nothing to edit or take back.
        # Before each attempt: the one before may have failed while searching, or after the message was taken.
        if datetime.now(UTC) - row.created_at > REMEMBERED and row.kind not in ("redaction", "reaction"):
            found = await self._search(row)
            if found:
                return found
        if not had_turn:
            await self._pace.turn(row.priority)
        with self._pace.sending(row.priority):
            event_id = await self._give(row, target or "")
        self._pace.succeeded()
        return event_id

    async def _give(self, row: OutboxRow, target: str) -> str:
        if row.kind == "redaction":
            return await self._session.redact(row.room_id, target, row.txn_id)
        if row.kind == "reaction":
            key = str((row.content or {}).get("key"))
            # Reactions are in the clear in encrypted rooms, too, so that homeservers can count them.
            return await self._session.send(row.room_id, "m.reaction", answers.reaction(target, key), row.txn_id)
        content = dict(row.content or {})
        if row.kind == "edit":
            content = answers.edited(content, target)
        content[answers.KEY] = row.txn_id
        return await self._send(row.room_id, "m.room.message", content, row.txn_id)

    async def _search(self, row: OutboxRow) -> str | None:
        """Look in the room for the event that a row became in an earlier life of the bot."""
        position: str | None = None
        only_mine = f'{{"senders": ["{self._session.user_id}"], "types": ["m.room.message", "m.room.encrypted"]}}'
        for _ in range(BEHIND_PAGES):
            page = await self._session.messages(
                row.room_id, start=position, end=None, event_filter=only_mine, limit=100
            )
            chunk = page.get("chunk")
            for event in chunk if isinstance(chunk, list) else []:
                if not isinstance(event, Mapping):
                    continue
                content, event_id, sent_at = (event.get(k) for k in ("content", "event_id", "origin_server_ts"))
                if isinstance(content, Mapping) and content.get(answers.KEY) == row.txn_id:
                    return str(event_id)
                if isinstance(sent_at, int) and sent_at < (row.created_at.timestamp() - 3600) * 1000:
                    return None
            position = page.get("end")
            if not isinstance(position, str):
                return None
        return None
