"""The database: one writer at a time, readers on other connections, migrations at the start.

SQLite runs in WAL with `synchronous=FULL`, because a sync token or an inbox row that a power cut takes back
is a lost command. A write transaction begins with `BEGIN IMMEDIATE`: a deferred one that turns from reading
to writing fails at once with "database is locked" and ignores the busy timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage import schema, sqlite
from storage.migrate import migrate

T = TypeVar("T")

READERS = 4


_REVISION = sa.select(schema.revision.c.number).where(schema.revision.c.name == sa.bindparam("of"))


class Reader:
    """A consistent view of the database for as long as it is open. Questions only."""

    def __init__(self, sql: AsyncConnection, cache: dict[str, tuple[int, Any]]) -> None:
        self.sql = sql
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
    """Opened once by a process; `close` must be called, or the interpreter does not end."""

    def __init__(self, writer: AsyncEngine, readers: AsyncEngine) -> None:
        self._writer = writer
        self._readers = readers
        self._lock = asyncio.Lock()
        self._cache: dict[str, tuple[int, Any]] = {}

    @classmethod
    async def open(cls, url: str, *, backups: Path | None = None) -> Self:
        """Open the database at `url`, create or migrate its tables.

        Before a migration of an existing SQLite database a copy is put into `backups`.

        Raises:
            NewerDatabaseError: a later version of the bot wrote it.

        """
        writer = _engine(url, "BEGIN IMMEDIATE", pool_size=1)
        try:
            await migrate(writer, backups)
        except BaseException:
            await writer.dispose()
            raise
        return cls(writer, _engine(url, "BEGIN", pool_size=READERS))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        """Open a snapshot for questions."""
        connection = await self._readers.connect()
        try:
            yield Reader(connection, self._cache)
        finally:
            await _shielded(_end(connection, commit=False))

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Writer]:
        """Open the write transaction; wait for the one before. Any exception rolls it back."""
        async with self._lock:
            connection = await self._writer.connect()
            try:
                await connection.begin()
                yield Writer(connection, self._cache)
            except BaseException:
                await _shielded(_end(connection, commit=False))
                raise
            await _shielded(_end(connection, commit=True))

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


def _engine(url: str, begin: str, *, pool_size: int) -> AsyncEngine:
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "hide_parameters": True,  # An error is logged with its words, and these would be what somebody wrote.
        # Every transaction is ended explicitly; a second rollback at each return would only cost time.
        "pool_reset_on_return": None,
    }
    if sa.make_url(url).get_backend_name() == "sqlite":
        return sqlite.engine(url, begin, **options)
    return create_async_engine(url, **options)
