"""Long work on the event loop gives way to what else there is to do."""

from __future__ import annotations

import asyncio
import time

LONGEST = 0.01
"""Seconds of work at a stretch."""


class Turns:
    """Of one piece of long work. Call `give` between its parts, which should be short."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def give(self) -> None:
        """Let others work, if this has worked for long enough."""
        if time.monotonic() - self._since > LONGEST:
            await asyncio.sleep(0)
            self._since = time.monotonic()
