"""When stored events are handled: a lane for each room, in order inside it, lanes side by side.

Few events of a lane are held in memory; when more come, the lane reads them from the inbox, where they are
safe. An error in one harms no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

import structlog

from bot.backoff import Backoff
from commands.errors import LaterError
from storage import inbox as storage
from storage.database import Database
from storage.inbox import InboxEvent

log = structlog.get_logger(__name__)

HELD = 100
"""Events of one lane in memory."""
AT_ONCE = 32
"""Lanes that work at the same time."""
LONGEST_PAUSE = 15.0
"""Seconds; somebody waits for an answer."""


@dataclass(slots=True)
class Lane:
    """What is to be done in a room.

    `behind`: more waits in the inbox than stands in the queue. `missed`: something came while that was so.
    """

    room_id: str
    queue: deque[InboxEvent] = field(default_factory=deque)
    behind: bool = False
    missed: bool = False
    done: int = 0


class Lanes:
    """Gives events to `handle`, which marks them in the inbox."""

    def __init__(self, database: Database, handle: Callable[[InboxEvent], Awaitable[None]]) -> None:
        self._database = database
        self._handle = handle
        self._lanes: dict[str, Lane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

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
                lane.behind = lane.missed = True
            else:
                lane.queue.append(event)

    @property
    def busy(self) -> int:
        """In how many rooms something is being handled."""
        return len(self._lanes)

    async def drained(self, rooms: Collection[str] | None = None) -> None:
        """Wait until nothing is left to handle, in some rooms or in all."""
        while tasks := [task for room_id, task in self._tasks.items() if rooms is None or room_id in rooms]:
            await asyncio.wait(tasks)

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
        lane.missed = False
        try:
            async with self._database.read() as reader:
                rows = await storage.pending(reader, lane.room_id, after=lane.done, limit=HELD)
        except Exception as error:
            log.exception("cannot read the inbox", room=lane.room_id, error=type(error).__name__)
            await asyncio.sleep(1.0)
            return
        # While `behind` is set nothing is put into the queue, so the order of the inbox is kept. What came
        # meanwhile may have been stored behind the snapshot that was read.
        lane.queue.extend(rows)
        lane.behind = lane.missed or len(rows) == HELD

    async def _until_handled(self, event: InboxEvent) -> None:
        """Handle an event; when even its failure cannot be stored, try again later."""
        backoff = Backoff(longest=LONGEST_PAUSE)
        while True:
            try:
                await self._handle(event)
            except LaterError as error:
                pause = backoff.next()
                log.warning(
                    "an event waits for the homeserver", error=str(error.__cause__), again_in=round(pause, 1)
                )
                await asyncio.sleep(pause)
            except Exception as error:
                pause = backoff.next()
                log.exception("cannot handle an event", kind=event.kind, error=type(error).__name__)
                await asyncio.sleep(pause)
            else:
                return
