"""How fast the bot may speak: a token bucket whose size and rate are learned from the homeserver.

Nothing tells a client its rate limit. So the bot speaks freely until a 429 says how long to wait; from then
on it spends what it has seen to be there, and every so often it tries whether more has become possible.
Those who wait are let through by priority, then in the order in which they came. What nobody asked for goes at a
steady pace, so that a Monday morning with thousands of messages holds up no answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SUCCESSES_TO_SPEED_UP = 20
FASTEST = 1000.0
"""Events a second; beyond that there is no limit worth keeping to."""
BACKGROUND = 100
"""The priority of what nobody waits for: it goes only when a whole burst is left for those who do."""
UNHURRIED = 20.0
"""Events a second that nobody asked for at most, also where no limit is known: answers go in between at once."""
REST = 2.0
"""How many times as long as the last of these took others have for themselves: a slow homeserver gets fewer."""
ATTENTION = 10.0
"""Seconds after an answer for which more is left to others: who has asked once asks again."""
REST_FOR_ASKERS, REST_OF_BACKGROUND = 5.0, 10.0
"""The same in that time; the longer one is after what is as good an hour later."""
PATIENCE = 1.0
"""Seconds for which they wait for commands and answers that are under way."""
GLANCE = 0.01
LARGEST_BURST = 10
"""What Synapse allows by default; a longer run without a refusal says nothing about a burst."""


@dataclass(order=True)
class _Waiter:
    priority: int
    number: int
    turn: asyncio.Future[None] = field(compare=False)


class Pace:
    """Asked before each event that is sent; told afterwards how it went."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, busy: Callable[[], bool] = lambda: False
    ) -> None:
        self._clock = clock
        self._busy = busy
        self._answering = 0  # answers that are on their way
        self._held_since: float | None = None  # since when one that nobody asked for waits for those
        self._rate: float | None = None  # events a second; None: no limit is known
        self._size = 1.0
        self._tokens = 1.0
        self._counted_at = 0.0
        self._closed_until = 0.0
        self._answered_at = -math.inf  # when the last answer went out
        self._unhurried_at = 0.0  # when the next may go that nobody asked for
        self._run = 0  # successes since the last refusal
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def closed_for(self) -> float:
        """Seconds until the homeserver takes events again."""
        return max(0.0, self._closed_until - self._clock())

    @property
    def is_slowed(self) -> bool:
        """Whether the homeserver is known to have a limit, and so has slowed us down not long ago."""
        return self._rate is not None

    async def turn(self, priority: int) -> None:
        """Wait until an event of this priority may be sent."""
        if not self._waiting and self._take(priority):
            return
        waiter = _Waiter(priority, next(self._numbers), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiter)
        self._wake()
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                heapq.heapify(self._waiting)
            self._wake()
            raise

    @contextlib.contextmanager
    def sending(self, priority: int) -> Iterator[None]:
        """Note that an event is on its way, and how long that takes."""
        began = self._clock()
        self._answering += not priority
        try:
            yield
        finally:
            now = self._clock()
            if priority:
                self._unhurried_at = max(self._unhurried_at, now + self._rest(priority, now) * (now - began))
            else:
                self._answering -= 1
                self._answered_at = now

    def limited(self, retry_after: float) -> None:
        """Learn from a 429: nothing for `retry_after` seconds, and from then on about one in that time."""
        now = self._clock()
        if now >= self._closed_until:  # several answers of one burst teach once
            if self._rate is None:
                self._size = float(min(max(1, self._run), LARGEST_BURST))
            self._rate = min(FASTEST, 1 / max(retry_after, 0.001))
            self._run = 0
        self._closed_until = max(self._closed_until, now + retry_after)
        self._counted_at = self._closed_until
        # The wait that was asked for has earned the first one.
        self._tokens = 1.0

    def succeeded(self) -> None:
        """Learn from an event that was taken."""
        self._run += 1
        if self._rate is not None and self._run % SUCCESSES_TO_SPEED_UP == 0:
            self._rate *= 1.5
            if self._rate >= FASTEST:
                self._rate = None

    def _take(self, priority: int) -> bool:
        """Take a token if there is one now for this priority."""
        now = self._clock()
        if now < self._closed_until or (priority and now < self._free_at(now)):
            return False
        if self._rate is None:
            self._went(priority, now)
            return True
        self._tokens = min(self._size, self._tokens + (now - self._counted_at) * self._rate)
        self._counted_at = now
        if self._tokens < self._needed(priority):
            return False
        self._tokens -= 1
        self._went(priority, now)
        return True

    def _free_at(self, now: float) -> float:
        """Return when something may go that nobody asked for."""
        if now < self._unhurried_at or not (self._answering or self._busy()):
            return self._unhurried_at
        self._held_since = now if self._held_since is None else self._held_since
        return now + GLANCE if now < self._held_since + PATIENCE else now

    def _went(self, priority: int, now: float) -> None:
        if priority:
            self._unhurried_at = now + 1 / UNHURRIED
            self._held_since = None

    def _rest(self, priority: int, now: float) -> float:
        if now - self._answered_at > ATTENTION:
            return REST
        return REST_OF_BACKGROUND if priority >= BACKGROUND else REST_FOR_ASKERS

    def _wake(self) -> None:
        """Let through who may, and come back when the next one may."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._take(self._waiting[0].priority):
            waiter = heapq.heappop(self._waiting)
            if not waiter.turn.done():
                waiter.turn.set_result(None)
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(self._wait(), self._wake)

    def _needed(self, priority: int) -> float:
        return self._size if priority >= BACKGROUND else 1.0

    def _wait(self) -> float:
        priority = self._waiting[0].priority
        needed, now = self._needed(priority), self._clock()
        missing = 0.0 if self._rate is None else max(0.0, needed - self._tokens) / self._rate
        unhurried = self._free_at(now) - now if priority else 0.0
        return max(self._closed_until - now, missing, unhurried, 0.001)
