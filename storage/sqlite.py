"""SQLite connections that go to their thread once for each statement.

aiosqlite runs each connection in a thread of its own, and each call is a journey there and back. SQLAlchemy
makes four for one question: open a cursor, run the statement, fetch the rows, close the cursor. A command asks a
dozen questions. Here one journey does all four, and BEGIN goes along with the first statement behind it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import aiosqlite

T = TypeVar("T")

_CHUNK = 64  # what aiosqlite itself fetches at once when a cursor is iterated; nothing of ours does that


async def connect(database: str, **options: Any) -> aiosqlite.Connection:  # noqa: ANN401 - what sqlite3 takes
    """Open a connection, for SQLAlchemy's `async_creator_fn`."""
    connection = _Connection(lambda: sqlite3.connect(database, **options), _CHUNK)
    # As SQLAlchemy does: a connection that nobody closed must not keep the process from ending.
    connection._thread.daemon = True
    return await connection


class _Connection(aiosqlite.Connection):
    """Hands out cursors without asking its thread. `begin` is a BEGIN that waits for a statement."""

    begin: str | None = None

    def cursor(self) -> _Cursor:  # type: ignore[override]
        return _Cursor(self)

    async def commit(self) -> None:
        """End the transaction; nothing is to be done when nothing was asked in it."""
        if not self._take_begin():
            await super().commit()

    async def rollback(self) -> None:
        """Undo the transaction; nothing is to be done when nothing was asked in it."""
        if not self._take_begin():
            await super().rollback()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the thread of the connection, behind a BEGIN that waits."""
        begin = self._take_begin()

        def behind_begin(raw: sqlite3.Connection) -> T:
            if begin:
                raw.execute(begin)
            return work(raw)

        result: T = await self._execute(behind_begin, self._conn)  # type: ignore[no-untyped-call]
        return result

    def _take_begin(self) -> str | None:
        begin, self.begin = self.begin, None
        return begin


class _Cursor:
    """The result of one statement: what SQLAlchemy asks a cursor for."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> Self:
        """Run a statement and fetch all that it gives."""
        if statement.startswith("BEGIN"):
            self._connection.begin = statement
            return self
        return await self._connection.run(lambda raw: self._keep(raw.execute(statement, values)))

    async def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> Self:
        """Run a statement for each row of values."""
        return await self._connection.run(lambda raw: self._keep(raw.executemany(statement, values)))

    async def fetchall(self) -> list[Any]:
        """Return the rows, which are here already."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing; the real cursor was closed with the statement."""

    def _keep(self, cursor: sqlite3.Cursor) -> Self:
        self.description = cursor.description
        self._rows = cursor.fetchall()
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        cursor.close()
        return self
