"""Several instances of one bot: one leads, the others stand by and take over.

The election itself is in `storage.leadership`; here is when to try, and when to give up. The leader is silent
before the others may take over, so that two never speak at once; where that fails, because its connection was cut
and it does not know yet, the database refuses what it writes, and the homeserver knows its transaction ids.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from storage.failures import DeposedError
from storage.leadership import AwayError, Leadership
from storage.postgres import NAME

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
"""How often the leader's heart beats, and those who stand by look."""
LOST_SECONDS = 3.0
"""Without a beat for so long the leader says nothing more, and gives up."""
SILENCE = timedelta(seconds=5)
"""After so long without a beat another takes over."""
# Goes on while the machine sleeps, as the clock of the database does; on Linux the monotonic clock stops.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Term:
    """The time for which an instance works; of one that is alone it does not end.

    `name` and `epoch` are for the database. `beaten_at` is when the last heartbeat began, by a clock that
    does not stop. `lost` is set when the instance does not lead any more.
    """

    def __init__(self, name: str = NAME, epoch: int | None = None) -> None:
        self.name = name
        self.epoch = epoch
        self.lost = asyncio.Event()
        self.beaten_at = _now()

    def leads(self) -> bool:
        """Tell whether nobody else can lead yet: then the homeserver may be asked for something."""
        if self.epoch is None:
            return True
        return not self.lost.is_set() and _now() - self.beaten_at < LOST_SECONDS


class Election:
    """An instance's way from standing by to leading and back."""

    def __init__(self, url: str) -> None:
        # Who lists the connections of the server sees which machine leads.
        self.name = f"{NAME} {socket.gethostname()[:30]} {secrets.token_hex(4)}"
        self._leadership = Leadership(url, self.name)
        self.problem: str | None = None
        """Why it is not known who leads."""

    @asynccontextmanager
    async def won(self) -> AsyncIterator[Term | None]:
        """Lead if nobody does, as long as the context is open; None when somebody does, or nobody knows.

        Raises:
            UnusableDatabaseError: this instance cannot use the database until a person does something.

        """
        term = await self._try()
        if term is None:
            yield None
            return
        log.info("this instance leads", epoch=term.epoch, name=term.name)
        beating = asyncio.create_task(self._beat(term), name="heartbeat")
        try:
            yield term
        finally:
            term.lost.set()
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            await self._leadership.leave()

    async def close(self) -> None:
        """Take part no more."""
        await self._leadership.close()

    async def _try(self) -> Term | None:
        at = _now()
        try:
            epoch = await self._leadership.take(SILENCE)
        except AwayError as error:
            if self.problem is None:
                log.warning("cannot ask the database who leads", error=str(error))
            self.problem = str(error)
            return None
        self.problem = None
        if epoch is None:
            return None
        term = Term(self.name, epoch)
        term.beaten_at = at
        return term

    async def _beat(self, term: Term) -> None:
        while True:
            at = _now()
            try:
                async with asyncio.timeout(LOST_SECONDS):
                    await self._leadership.beat()
            except Exception as error:  # noqa: BLE001 - drivers raise what they like
                # The lock ended with its connection, so another may lead already; whatever the error is.
                reason = "another one does" if isinstance(error, DeposedError) else str(error)
                log.warning("this instance does not lead any more", name=term.name, reason=reason or "no answer")
                term.lost.set()
                return
            term.beaten_at = at
            await asyncio.sleep(LOOK_SECONDS)


def _now() -> float:
    return time.clock_gettime(_CLOCK)
