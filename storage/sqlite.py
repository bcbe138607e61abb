"""SQLite connections whose statements are worked off in their thread, SQLAlchemy's share of the work included.

aiosqlite runs each connection in a thread of its own, and each call is a journey there and back. SQLAlchemy's
asyncio extension makes four for one question (open a cursor, run the statement, fetch the rows, close the cursor)
and starts a greenlet for each, which takes longer than the question itself. Here SQLAlchemy's ordinary connection
lives in the thread of the SQLite connection: one journey makes the statement, runs it and fetches its rows, and
`run_sync` does as much as it likes in one. A BEGIN goes along with the first statement behind it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

T = TypeVar("T")
P = ParamSpec("P")

_CHUNK = 64  # what aiosqlite itself fetches at once when a cursor is iterated; nothing of ours does that


def engine(url: sa.URL, begin: str, **options: Any) -> AsyncEngine:  # noqa: ANN401 - what create_async_engine takes
    """Return an engine for the SQLite database at `url`, whose transactions start with `begin`."""
    workers = _Workers(hide_parameters=bool(options.get("hide_parameters")))
    made = create_async_engine(url, connect_args={"async_creator_fn": workers.connect}, **options)
    sa.event.listen(made.sync_engine, "connect", _prepare)

    def start(connection: sa.Connection) -> None:
        _driver(connection).begin = begin

    def tell(context: sa.engine.ExceptionContext) -> None:
        # Who listens to this engine hears of the errors of those connections that do its work.
        for listener in made.dialect.dispatch.handle_error:
            listener(context)

    sa.event.listen(made.sync_engine, "begin", start)
    sa.event.listen(workers.engine, "handle_error", tell)
    return _Engine(made.sync_engine)


class _Connection(AsyncConnection):
    """Asks in the thread of the SQLite connection. Transactions begin and end as in any `AsyncConnection`."""

    async def execute(  # the result is the same, its overloads are not repeated
        self,
        statement: sa.Executable,
        parameters: Any = None,  # noqa: ANN401 - what SQLAlchemy takes
        *,
        execution_options: Any = None,  # noqa: ANN401
    ) -> sa.CursorResult[Any]:
        """Run a statement and fetch all that it gives."""
        return await self.run_sync(
            lambda sql: sql.execute(statement, parameters, execution_options=execution_options)
        )

    async def exec_driver_sql(
        self,
        statement: str,
        parameters: Any = None,  # noqa: ANN401
        execution_options: Any = None,  # noqa: ANN401
    ) -> sa.CursorResult[Any]:
        """Run a statement that is SQLite's own text."""
        return await self.run_sync(lambda sql: sql.exec_driver_sql(statement, parameters, execution_options))

    async def run_sync(
        self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **values: P.kwargs
    ) -> T:
        """Run `fn` with SQLAlchemy's ordinary connection, in the thread."""
        sql = self.sync_connection
        if sql is None:
            self._raise_for_not_started()
        if not sql.in_transaction():
            sql.begin()
        return await _driver(sql).run(fn, *args, **values)


class _Engine(AsyncEngine):
    _connection_cls = _Connection


class _Driver(aiosqlite.Connection):
    """The connection for aiosqlite, with SQLAlchemy's beside it. `begin` is a BEGIN that waits for a statement."""

    begin: str | None = None
    sql: sa.Connection

    async def commit(self) -> None:
        """End the transaction; nothing is to be done when nothing was asked in it."""
        if not self._take_begin():
            await super().commit()

    async def rollback(self) -> None:
        """Undo the transaction; nothing is to be done when nothing was asked in it."""
        if not self._take_begin():
            # Nobody waits for it: what comes next on this connection comes behind it.
            self._tx.put_nowait((None, self._conn.rollback))

    async def run(self, work: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **values: P.kwargs) -> T:
        """Run `work` in the thread, behind a BEGIN that waits."""
        begin = self._take_begin()

        def behind_begin(raw: sqlite3.Connection) -> T:
            if begin:
                raw.rollback()  # Does nothing unless the one that nobody waited for has failed.
                self.sql.exec_driver_sql(begin)
            return work(self.sql, *args, **values)

        result: T = await self._execute(behind_begin, self._conn)  # type: ignore[no-untyped-call]
        return result

    def _take_begin(self) -> str | None:
        begin, self.begin = self.begin, None
        return begin


class _Workers:
    """Makes connections; what SQLAlchemy has compiled for one of them serves all."""

    def __init__(self, *, hide_parameters: bool) -> None:
        self._mine = threading.local()
        self.engine = sa.create_engine(
            "sqlite://", creator=lambda: self._mine.raw, poolclass=NullPool, hide_parameters=hide_parameters
        )

    async def connect(self, database: str, **options: Any) -> _Driver:  # noqa: ANN401 - what sqlite3 takes
        """Open a connection, for SQLAlchemy's `async_creator_fn`."""

        def both() -> sqlite3.Connection:
            raw: sqlite3.Connection = sqlite3.connect(database, factory=_Raw, **options)
            self._mine.raw = raw
            driver.sql = self.engine.connect()
            driver.sql.detach()  # Who opened the SQLite connection closes it.
            driver.sql.begin()  # For its own books only: the other connection begins and ends transactions.
            return raw

        driver = _Driver(both, _CHUNK)
        # As SQLAlchemy does: a connection that nobody closed must not keep the process from ending.
        driver._thread.daemon = True
        await driver
        return driver


class _Raw(sqlite3.Connection):
    """Its cursors are read to their end at once, so that results can be looked at outside of the thread."""

    def cursor(self, *_: Any) -> _Cursor:  # type: ignore[override]  # noqa: ANN401
        return _Cursor(super().cursor())


class _Cursor:
    """The result of one statement: what SQLAlchemy asks a cursor for."""

    arraysize = 1

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def execute(self, statement: str, values: Sequence[Any] = ()) -> _Cursor:
        return self._keep(self._cursor.execute(statement, values))

    def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> _Cursor:
        return self._keep(self._cursor.executemany(statement, values))

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, size: int = arraysize) -> list[Any]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def fetchone(self) -> Any:  # noqa: ANN401 - a row
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def close(self) -> None:
        """Do nothing; there is nothing left to fetch."""

    def _keep(self, cursor: sqlite3.Cursor) -> _Cursor:
        self.description = cursor.description
        self._rows = cursor.fetchall()
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        return self


def _driver(connection: sa.Connection) -> _Driver:
    driver = connection.connection.driver_connection
    assert isinstance(driver, _Driver)  # noqa: S101 - made by us
    return driver


def _prepare(connection: Any, _record: ConnectionPoolEntry) -> None:  # noqa: ANN401
    # Without this Python opens transactions by itself, deferred ones.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        # What is erased must not be found in the free pages of the file.
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
