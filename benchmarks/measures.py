"""What several measurements share: the middle and the tail of times, and how long the event loop stood still."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

_TICK = 0.005


@dataclass(frozen=True, slots=True)
class Times:
    """Of many equal steps, in milliseconds."""

    median: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        """Sum up measured times. The 95th percentile is one that was measured (nearest rank)."""
        ranked = sorted(seconds)
        return cls(1000 * statistics.median(ranked), 1000 * ranked[math.ceil(0.95 * len(ranked)) - 1])


@dataclass(slots=True)
class Stall:
    """The longest time that the event loop did nothing else, in milliseconds."""

    longest: float = 0.0


@asynccontextmanager
async def stalls() -> AsyncIterator[Stall]:
    """Watch this event loop. It may have been five milliseconds longer."""
    stall = Stall()

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK)
            stall.longest = max(stall.longest, 1000 * (time.perf_counter() - before - _TICK))

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        yield stall
        # A stall that ended just now is noticed at the next tick.
        await asyncio.sleep(2 * _TICK)
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
