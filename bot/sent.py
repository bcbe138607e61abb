"""Note which events outbox rows became: all that wait together, in one transaction.

A sender does not wait for the note. What a crash leaves without one is sent again, in the same order and with the
same transaction ids, and the homeserver gives the same events back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.backoff import Backoff
from storage import outbox as storage
from storage.database import Database
from storage.outbox import Sent

log = structlog.get_logger(__name__)

LIVE = 1000
"""Sent messages whose event ids are kept in memory for edits that follow."""
TOGETHER = 500
"""Notes of one transaction."""


class Notes:
    """Keeps notes of what was sent until they are stored, and the last ones for longer."""

    def __init__(self, database: Database, backoff: Callable[[], Backoff]) -> None:
        self._database = database
        self._backoff = backoff
        self._waiting: dict[int, Sent] = {}
        self._last: dict[int, str] = {}
        self._storing: asyncio.Task[None] | None = None

    def add(self, sent: Sent) -> None:
        """Note that a row was sent. Returns at once."""
        self._waiting[sent.id] = sent
        self._last[sent.id] = sent.event_id
        if len(self._last) > LIVE:
            self._last.pop(next(iter(self._last)))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store(), name="sent")

    async def event_of(self, row_id: int) -> str | None:
        """Return the event that a row became; None when it was never sent."""
        if row_id in self._last:
            return self._last[row_id]
        if row_id in self._waiting:
            return self._waiting[row_id].event_id
        async with self._database.read() as reader:
            return await storage.event_id(reader, row_id)

    async def stored(self) -> None:
        """Wait until all is stored."""
        while self._storing:
            await asyncio.wait([self._storing])

    async def close(self) -> None:
        """Give up what is not stored yet."""
        if self._storing:
            self._storing.cancel()
            await asyncio.wait([self._storing])

    async def _store(self) -> None:
        backoff = self._backoff()
        try:
            while self._waiting:
                notes = list(self._waiting.values())[:TOGETHER]
                try:
                    async with self._database.write() as writer:
                        await storage.sent(writer, notes)
                except Exception as error:
                    pause = backoff.next()
                    log.exception("cannot note what was sent", error=type(error).__name__)
                    await asyncio.sleep(pause)
                else:
                    backoff.reset()
                    for note in notes:
                        del self._waiting[note.id]
        finally:
            self._storing = None
