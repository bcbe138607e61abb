"""What is due is done: late after a pause, once in any case, and never by a timer alone.

The database says what is due (`storage.due`). The clock looks when the next is due, and every half a minute
besides, always at the wall clock, so that a computer that slept, or whose clock was set, neither loses nor repeats
anything.
Each task is one transaction that stores what is said and when it is due next; a crash repeats it as if nothing had
been, and the transaction ids are those of the occurrence.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from storage import due as storage
from storage import outbox as outbox_storage
from storage.database import Database, Writer
from storage.due import Due
from storage.failures import failure
from storage.inbox import Doubt
from storage.outbox import OutboxRow

log = structlog.get_logger(__name__)

LOOK = timedelta(seconds=30)
BATCH = 50
CROWD = 20
"""When more than so many things are due at once, who types a command goes before each of them."""
PATIENCE = 0.5
"""Seconds that one of a crowd waits at most for commands that are under way."""
GLANCE = 0.005
AGAIN = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
"""After which a task that failed is tried again; the last for ever."""
STORING = 2
"""How many of these pauses there are when it is only that the database could not store."""


class Task(Protocol):
    """What is done when something of a kind is due."""

    grace: timedelta
    """How late it still helps. What is later is left out, and logged."""

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return what is to be said."""

    async def missed(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return what is to be said, to moderators, of what is left out because it is too late."""

    def following(self, due: Due, now: datetime) -> datetime | None:
        """Return when it is due again, later than `now`; None when it is done for good."""


class Once:
    """A task that is done once, however late. Who has another `grace` says nothing of what is too late."""

    grace = timedelta.max

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing."""
        return []

    def following(self, _due: Due, _now: datetime) -> datetime | None:
        """Return None: it is done for good."""
        return None


Done = Callable[[str, float, bool], None]
"""Told of each thing that was due: its kind, how many seconds late, and whether it was too late."""


class Clock:
    """Does what is due while `run` runs. `tasks` are by kind; `push` sends what is stored.

    `doubt` says of what is due whether it may have been done before a backup was put back; `busy` whether commands
    are under way.
    """

    def __init__(
        self,
        database: Database,
        tasks: Mapping[str, Task],
        push: Callable[[list[OutboxRow]], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        done: Done = lambda _kind, _late, _missed: None,
        doubt: Callable[[Due], Doubt | None] = lambda _due: None,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._push = push
        self._now = now
        self._woken = asyncio.Event()
        self._failed: dict[tuple[str, str], tuple[int, datetime]] = {}
        self._done = done
        self._doubt = doubt
        self._busy = busy
        self.looked_at: datetime | None = None
        """When it looked last."""

    def wake(self) -> None:
        """Look at once: something was scheduled."""
        self._woken.set()

    async def run(self) -> None:
        """Do what is due, until cancelled."""
        while True:
            self._woken.clear()
            pause = LOOK
            try:
                while await self.tick():
                    pass
                pause = await self._pause()
            except Exception as error:
                log.exception("the clock cannot look", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause.total_seconds()):
                    await self._woken.wait()

    async def tick(self) -> int:
        """Do what is due now. Return how many tasks were done."""
        now = self._now()
        async with self._database.read() as reader:
            waiting = await storage.ready(reader, now, BATCH + len(self._failed))
        self.looked_at = now
        done = 0
        for one in waiting:
            _, again = self._failed.get((one.kind, one.subject), (0, now))
            if again <= now:
                began = time.monotonic()
                done += await self._one(one, now)
                if len(waiting) > CROWD:
                    await self._give_way(time.monotonic() - began)
        return done

    async def _give_way(self, taken: float) -> None:
        """Leave as much time to others as was taken, and go on when no command is under way."""
        await asyncio.sleep(taken)
        until = time.monotonic() + PATIENCE
        while self._busy() and time.monotonic() < until:  # noqa: ASYNC110 - nobody is told when that ends
            await asyncio.sleep(GLANCE)

    async def _pause(self) -> timedelta:
        async with self._database.read() as reader:
            following = await storage.next_at(reader)
        if following is None:
            return LOOK
        return min(max(following - self._now(), timedelta(seconds=1) if self._failed else timedelta()), LOOK)

    async def _one(self, one: Due, now: datetime) -> bool:
        """Do one task in its own transaction; an error harms no other."""
        task = self._tasks.get(one.kind)
        if task is None:
            return self._put_off(one, now, LookupError(one.kind))
        try:
            async with self._database.write() as writer:
                current = await storage.get(writer, one.kind, one.subject)
                if current is None or current.due_at != one.due_at:
                    return False  # It was moved or cancelled since.
                late = now - one.due_at > task.grace
                if late:
                    log.warning("too late to help, left out", kind=one.kind, due=one.due_at.isoformat())
                said = await _news(writer, await (task.missed if late else task.act)(writer, one, now))
                doubt = self._doubt(one)
                rows = await outbox_storage.add(
                    writer, [row.model_copy(update={"doubt": doubt}) for row in said] if doubt else said
                )
                again = task.following(one, now)
                if await storage.get(writer, one.kind, one.subject) != current:
                    pass  # The task itself said when it is due again.
                elif again is None:
                    await storage.cancel(writer, one.kind, one.subject)
                else:
                    await storage.schedule(writer, one.model_copy(update={"due_at": again}))
        except Exception as error:  # noqa: BLE001 - one task harms no other
            return self._put_off(one, now, error)
        self._failed.pop((one.kind, one.subject), None)
        self._done(one.kind, (now - one.due_at).total_seconds(), late)
        self._push(rows)
        return True

    def _put_off(self, one: Due, now: datetime, error: Exception) -> bool:
        tries, _ = self._failed.get((one.kind, one.subject), (0, now))
        pauses = AGAIN[:STORING] if failure(error) is not None else AGAIN
        self._failed[one.kind, one.subject] = (tries + 1, now + pauses[min(tries, len(pauses) - 1)])
        # The text of an exception may quote what a member wrote; its type and place do not.
        log.error(
            "a task failed",
            kind=one.kind,
            reference=secrets.token_hex(3),
            error=type(error).__name__,
            exc_info=error,
        )
        return False


async def _news(writer: Writer, rows: list[OutboxRow]) -> list[OutboxRow]:
    """Return what was not said before: a clock that was set back lets the same be planned, and fall due, again."""
    return [row for row in rows if not await outbox_storage.is_known(writer, row.txn_id)]
