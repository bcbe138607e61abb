"""The database: one writer at a time, readers on other connections, migrations at the start.

One set of tables runs on SQLite, and on PostgreSQL for a community that outgrows one machine (`storage.postgres`).
SQLite runs in WAL with `synchronous=FULL`, because a sync token or an inbox row that a power cut takes back
is a lost command. A write transaction begins with `BEGIN IMMEDIATE`: a deferred one that turns from reading
to writing fails at once with "database is locked" and ignores the busy timeout.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import leadership, postgres, schema, sqlite
from storage.failures import Failure, LostDatabaseError, failure
from storage.migrate import migrate

T = TypeVar("T")

READERS = 4


_REVISION = sa.select(schema.revision.c.number).where(schema.revision.c.name == sa.bindparam("of"))


class Reader:
    """A consistent view of the database for as long as it is open. Questions only."""

    def __init__(self, sql: AsyncConnection, cache: dict[str, tuple[int, Any]]) -> None:
        self.sql = sql
        self.dialect = sql.dialect.name
        self._cache = cache
        self._changed: set[str] = set()
        self._numbers: dict[str, int] = {}

    async def cached(self, name: str, build: Callable[[], Awaitable[T]], part: str = "") -> T:
        """Return what `build` made for the present revision of `name`; make it when the content changed.

        The writers of that content call `Writer.changed(name)`. `part` tells apart what is made of it.
        """
        if name in self._changed:
            return await build()  # for this transaction alone, because it may still be rolled back
        number = await self.revision(name)
        kept = self._cache.get(name + part)
        if kept is not None and kept[0] == number:
            return cast("T", kept[1])
        made = await build()
        self._cache[name + part] = (number, made)
        return made

    async def revision(self, name: str) -> int:
        """Return how often the content called `name` has changed."""
        if name not in self._numbers:
            self._numbers[name] = (await self.sql.execute(_REVISION, {"of": name})).scalar() or 0
        return self._numbers[name]


class Writer(Reader):
    """The one open write transaction. What is done with it is committed together or not at all."""

    @property
    def changes(self) -> frozenset[str]:
        """What was changed in it, by the names of the contents."""
        return frozenset(self._changed)

    async def changed(self, name: str) -> None:
        """Note that the content called `name` is another now."""
        self._changed.add(name)
        self._numbers.pop(name, None)
        table = schema.revision
        done = await self.sql.execute(
            sa.update(table).where(table.c.name == name).values(number=table.c.number + 1)
        )
        if done.rowcount == 0:
            await self.sql.execute(sa.insert(table).values(name=name, number=1))

    async def put(self, table: sa.Table, key: Mapping[str, object], **values: object) -> None:
        """Set `values` in the row with this `key`; make the row when there is none."""
        same = [table.c[name] == value for name, value in key.items()]
        done = await self.sql.execute(sa.update(table).where(*same).values(**values))
        if done.rowcount == 0:
            await self.sql.execute(sa.insert(table).values(**key, **values))


class Database:
    """Opened once by a process; `close` must be called, or the interpreter does not end.

    `failing` is what the database itself met last, until something can be written again. `broken` is set, with
    `broken_by`, when that cannot be mended by waiting: the file is damaged, or its disk does not read or write.
    """

    def __init__(self, writer: AsyncEngine, readers: AsyncEngine, epoch: int | None = None) -> None:
        self._writer = writer
        self._readers = readers
        self._epoch = epoch
        self._lock = asyncio.Lock()
        self._cache: dict[str, tuple[int, Any]] = {}
        self.failing: Failure | None = None
        self.broken = asyncio.Event()
        self.broken_by: Failure | None = None
        for engine in (writer, readers):
            sa.event.listen(engine.sync_engine, "handle_error", self._note)
        self._committed: Counter[str] = Counter()

    @classmethod
    async def open(
        cls, url: str, *, backups: Path | None = None, name: str = postgres.NAME, epoch: int | None = None
    ) -> Self:
        """Open the database at `url`, create or migrate its tables.

        Before a migration of an existing SQLite database a copy is put into `backups`. Of several instances the
        one that leads gives its `name` and `epoch` (`storage.leadership`): nothing is written when another leads.

        Raises:
            UnusableDatabaseError: it cannot be used; one reason is that a later version of the bot wrote it.

        """
        async with postgres.explaining(url):
            writer = engine(url, writes=True, name=name)
            try:
                await migrate(writer, backups)
            except BaseException:
                await writer.dispose()
                raise
            return cls(writer, engine(url, writes=False, name=name), epoch)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        """Open a snapshot for questions."""
        connection = await self._connected(self._readers)
        try:
            yield Reader(connection, self._cache)
        finally:
            await _shielded(_end(connection, commit=False))

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Writer]:
        """Open the write transaction; wait for the one before. Any exception rolls it back."""
        async with self._lock:
            connection = await self._connected(self._writer)
            try:
                await connection.begin()
                transaction = postgres.number(connection)
                if self._epoch is not None:
                    await leadership.confirm(connection, self._epoch)
                writer = Writer(connection, self._cache)
                yield writer
            except BaseException:
                await _shielded(_end(connection, commit=False))
                raise
            try:
                await _shielded(_end(connection, commit=True))
            except Exception:
                # When the line breaks during a commit, only the server knows what became of it.
                if transaction is None or not await postgres.came_through(self._readers, transaction):
                    raise
            finally:
                self._committed.update(writer.changes)
            self.failing = None

    async def _connected(self, engine: AsyncEngine) -> AsyncConnection:
        try:
            return await postgres.connected(engine)
        except LostDatabaseError:
            self.failing = Failure.AWAY
            raise

    def _note(self, context: sa.engine.ExceptionContext) -> None:
        """Note an error of either engine, wherever it is caught."""
        found = failure(context.sqlalchemy_exception or context.original_exception)
        if found is not None:
            self.failing = found
        if found in (Failure.DAMAGED, Failure.DISK):
            self.broken_by = found
            self.broken.set()

    def versions(self, *names: str) -> tuple[int, ...]:
        """Return how often this process has changed each content; without asking the database.

        Only one process at a time has the database. What is made of a snapshot that was opened later is at least
        as new as these numbers say.
        """
        return tuple(self._committed[name] for name in names)

    async def close(self) -> None:
        """Wait for the open transaction, then close every connection."""
        async with self._lock:
            await self._writer.dispose()
            await self._readers.dispose()


async def _end(connection: AsyncConnection, *, commit: bool) -> None:
    try:
        if commit:
            await connection.commit()
        elif connection.in_transaction():
            await connection.rollback()
    except BaseException:
        # A COMMIT that fails leaves the transaction open, and nobody would roll it back: SQLAlchemy holds it
        # for ended. The next BEGIN on this connection would fail.
        await connection.invalidate()
        raise
    finally:
        await connection.close()


async def _shielded(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work` even when the task that waits for it is cancelled; only then let the cancellation go on.

    Were the end of a transaction cancelled half-way, the transaction would stay open and the next one fail.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def engine(url: str, *, writes: bool, name: str = postgres.NAME) -> AsyncEngine:
    """Return what gives connections to the database at `url`, for the one writer or for readers."""
    address = sa.make_url(url)
    pool: dict[str, Any] = {
        "pool_size": 1 if writes else READERS,
        "max_overflow": 0,
        # Every transaction is ended explicitly; a second rollback at each return would only cost time.
        "pool_reset_on_return": None,
    }
    if address.get_backend_name() == "postgresql":
        return postgres.engine(address, writes=writes, name=name, **pool)
    # An error is logged with its words, and its parameters would be what somebody wrote.
    return sqlite.engine(address, "BEGIN IMMEDIATE" if writes else "BEGIN", hide_parameters=True, **pool)
