"""Documents in memory, as long as the content is the same of which they are made. Each is made once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from bot.library.documents import Document
from storage.database import Database

MOST_BYTES = 64 * 2**20
MADE_AT_ONCE = 2
"""So that commands find a reader of the database, and the processor, free."""
WAITING = 64
"""Documents that may wait to be made; who asks for one more is told to come back."""

State = tuple[int, ...]


class BusyError(Exception):
    """Too many documents are being made."""


@dataclass(frozen=True, slots=True)
class _Kept:
    state: State
    depends: tuple[str, ...]
    document: Document


class Shelf:
    """Keeps documents. What they depend on is named as in `Writer.changed`."""

    def __init__(self, database: Database, contents: tuple[str, ...], most_bytes: int = MOST_BYTES) -> None:
        self._database = database
        self._contents = contents
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._making: dict[tuple[Hashable, State], asyncio.Task[Document]] = {}
        self._free = asyncio.Semaphore(MADE_AT_ONCE)
        self._seen: State = ()
        self.size = 0

    async def get(
        self,
        key: Hashable,
        depends: tuple[str, ...],
        period: int,
        make: Callable[[], Awaitable[Document]],
        *,
        keep: bool = True,
    ) -> Document:
        """Return the document called `key`; make it if its content, or the `period`, is another one.

        Without `keep` it is made once for all who wait for it, and then forgotten.

        Raises:
            BusyError: too many are being made already.

        """
        self._forget_old()
        # Before the snapshot is opened from which it is made: it is never older than this says.
        state = (*self._database.versions(*depends), period)
        kept = self._kept.get(key)
        if kept is not None and kept.state == state:
            self._kept.move_to_end(key)
            return kept.document
        making = self._making.get((key, state))
        if making is None:
            if len(self._making) >= WAITING:
                raise BusyError
            # A task of its own, because others may wait for it when the first visitor has gone.
            making = asyncio.create_task(self._make(key, depends, state, make, keep), name="library")
            self._making[key, state] = making
            making.add_done_callback(lambda _: self._making.pop((key, state), None))
        return await asyncio.shield(making)

    async def close(self) -> None:
        """Make nothing more."""
        making = list(self._making.values())
        for one in making:
            one.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    async def _make(
        self,
        key: Hashable,
        depends: tuple[str, ...],
        state: State,
        make: Callable[[], Awaitable[Document]],
        keep: bool,
    ) -> Document:
        async with self._free:
            document = await make()
        # What changed meanwhile is not kept: it would stay in memory until somebody asks for it.
        if keep and document.status == 200 and self._database.versions(*depends) == state[:-1]:
            self._drop(key)
            self._kept[key] = _Kept(state, depends, document)
            self.size += len(document.body)
            while self.size > self._most_bytes:
                self._drop(next(iter(self._kept)))
        return document

    def _forget_old(self) -> None:
        now = self._database.versions(*self._contents)
        if now == self._seen:
            return
        self._seen = now
        for key, kept in list(self._kept.items()):
            if kept.state[:-1] != self._database.versions(*kept.depends):
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.size -= len(kept.document.body)
