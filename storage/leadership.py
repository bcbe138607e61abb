"""Which of several instances leads, on PostgreSQL: a lock, a heartbeat and an epoch.

Whoever leads holds an advisory lock on a connection of its own, and PostgreSQL gives the lock up when that
connection ends: a killed instance is followed at once. One that is merely stuck keeps its connection, so the heart
of whoever leads must beat; when it has not for a while, the next ends all connections of the one before. Each
leader has an epoch, one higher than the one before, and every write transaction begins with a look whether it is
still the present one (`confirm`): whatever an old leader was about to write when it was stopped is refused.

These tables are not made by the migrations: who may migrate is decided with them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage import postgres
from storage.failures import DeposedError, Failure
from storage.postgres import UnusableDatabaseError
from storage.schema import NAMING, UtcDateTime

LOCK, MAKING = 6_217_500_114, 6_217_500_115
"""Numbers of advisory locks, which are one namespace for each database: any that nobody else uses."""
WAIT = "2s"
"""For a row lock: longer than any transaction of ours lasts whose process is alive."""
ANSWER_SECONDS = 3
"""How long the server may take to connect, and for each answer."""

metadata = sa.MetaData(naming_convention=NAMING)

leader = sa.Table(
    "leader",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False, comment="As which its connections are listed by PostgreSQL."),
    comment="Which instance leads, and the how many-th leader it is. One row.",
)
heartbeat = sa.Table(
    "heartbeat",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("beat_at", UtcDateTime, nullable=False, comment="By the clock of the database, the same for all."),
    # Apart from `leader`, because every transaction locks that row.
    comment="When the leader last said that it lives. One row.",
)

_NOW = sa.func.clock_timestamp()
_EPOCH = sa.select(leader.c.epoch).where(leader.c.id == 1)
_CONFIRM = _EPOCH.with_for_update(read=True)
_TRY = sa.select(sa.func.pg_try_advisory_lock(LOCK))
_BEAT = (
    sa.update(heartbeat)
    .where(heartbeat.c.id == 1, _EPOCH.scalar_subquery() == sa.bindparam("of"))
    .values(beat_at=_NOW)
)
_SILENT = sa.select(heartbeat.c.beat_at < _NOW - sa.bindparam("silence", type_=sa.Interval)).where(
    heartbeat.c.id == 1
)
_NAME = sa.select(leader.c.name).where(leader.c.id == 1)
_NEXT = (
    sa.update(leader)
    .where(leader.c.id == 1)
    .values(epoch=leader.c.epoch + 1, name=sa.bindparam("of"))
    .returning(leader.c.epoch)
)
_LED = sa.select(leader.c.name, leader.c.epoch, heartbeat.c.beat_at, _NOW.label("now")).where(
    leader.c.id == 1, heartbeat.c.id == leader.c.id
)
# A lock on a number of 64 bits is listed as two halves.
_HOLDER = sa.text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((l.classid::bigint << 32) | l.objid::bigint) = :lock"
).bindparams(lock=LOCK)
_END = sa.text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = :name AND pid <> pg_backend_pid()"
)


class AwayError(Exception):
    """The database cannot be asked now. The message says why."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who leads (None: nobody), the how many-th leader that is or was, and since when its heart has not beaten."""

    name: str | None
    epoch: int
    silent: timedelta


async def confirm(sql: AsyncConnection, epoch: int) -> None:
    """See that the leader of an epoch still leads, and keep it so until the transaction ends.

    Raises:
        DeposedError: it does not.

    """
    if (await sql.execute(_CONFIRM)).scalar() != epoch:
        raise DeposedError


async def standing(sql: AsyncConnection) -> Standing | None:
    """Return who leads; None where no instance ever stood for it."""
    if not await _made(sql):
        return None
    found = (await sql.execute(_LED)).one()
    beat_at: datetime = found.beat_at
    return Standing((await sql.execute(_HOLDER)).scalar(), found.epoch, found.now - beat_at)


class Leadership:
    """An instance's part in the election. `name` is told to PostgreSQL by all its connections."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._engine: AsyncEngine | None = None
        self._connection: AsyncConnection | None = None
        self._epoch: int | None = None
        self.name = name

    async def take(self, silence: timedelta) -> int | None:
        """Try to lead: if nobody does, or whoever does has been silent for `silence`. Return the epoch, or None.

        Raises:
            AwayError: the database cannot be asked now.
            UnusableDatabaseError: it cannot be used by this instance, until a person does something.

        """
        try:
            async with postgres.explaining(self._url):
                # It stays while this instance stands by: a look is one question, and all can see who is there.
                if self._connection is None:
                    self._connection = await self._connect()
                self._epoch = await self._take(self._connection, silence)
        except UnusableDatabaseError as error:
            await self.leave()
            if error.failure not in (Failure.AWAY, Failure.LOCKED):
                raise
            raise AwayError(str(error)) from error
        except (DBAPIError, OSError) as error:
            await self.leave()
            raise AwayError(type(error).__name__) from error
        except BaseException:
            # A lock that was won in this moment must not stay.
            await self.leave()
            raise
        return self._epoch

    async def _connect(self) -> AsyncConnection:
        if self._engine is None:
            self._engine = create_async_engine(
                self._url,
                poolclass=NullPool,
                isolation_level="AUTOCOMMIT",
                connect_args={
                    "server_settings": {"application_name": self.name, "lock_timeout": WAIT},
                    "timeout": ANSWER_SECONDS,
                    "command_timeout": ANSWER_SECONDS,
                },
            )
        connection = await self._engine.connect()
        try:
            await _make(connection)
        except BaseException:
            await _drop(connection)
            raise
        return connection

    async def _take(self, sql: AsyncConnection, silence: timedelta) -> int | None:
        if not (await sql.execute(_TRY)).scalar():
            if not (await sql.execute(_SILENT, {"silence": silence})).scalar():
                return None
            holder = (await sql.execute(_HOLDER)).scalar()
            if holder is not None:
                await sql.execute(_END, {"name": holder})
            if not (await sql.execute(_TRY)).scalar():
                return None  # Its connections end in a moment; or somebody else was faster.
        before = (await sql.execute(_NAME)).scalar()
        if before != self.name:
            # It may be in the middle of a transaction.
            await sql.execute(_END, {"name": before})
        epoch: int = (await sql.execute(_NEXT, {"of": self.name})).scalar_one()
        await sql.execute(_BEAT, {"of": epoch})
        return epoch

    async def beat(self) -> None:
        """Say that this instance lives and leads.

        Raises:
            DeposedError: it does not lead.
            AwayError: the connection is gone, and the lock with it.

        """
        if self._connection is None or self._epoch is None:
            raise DeposedError
        try:
            done = await self._connection.execute(_BEAT, {"of": self._epoch})
        except (DBAPIError, OSError) as error:
            raise AwayError(postgres.reason(error)) from error
        if done.rowcount == 0:
            raise DeposedError

    async def leave(self) -> None:
        """Give up leading, so that another can at once."""
        connection, self._connection, self._epoch = self._connection, None, None
        if connection is not None:
            # The lock ends with the connection, which therefore must end, whatever becomes of it.
            await _drop(connection)

    async def close(self) -> None:
        """Leave, and close all connections."""
        await self.leave()
        if self._engine is not None:
            await self._engine.dispose()


async def _made(sql: AsyncConnection) -> bool:
    # The table that is made last.
    return (await sql.execute(sa.text("SELECT to_regclass('heartbeat')"))).scalar() is not None


async def _make(sql: AsyncConnection) -> None:
    """Make the tables, unless they are there."""
    if await _made(sql) and (await sql.execute(_LED)).first() is not None:
        return
    # Two that make a table at once would both fail.
    await sql.execute(sa.select(sa.func.pg_advisory_lock(MAKING)))
    try:
        await sql.run_sync(metadata.create_all)
        await sql.execute(sa.text("INSERT INTO leader VALUES (1, 0, '') ON CONFLICT DO NOTHING"))
        await sql.execute(sa.text("INSERT INTO heartbeat VALUES (1, clock_timestamp()) ON CONFLICT DO NOTHING"))
    finally:
        await sql.execute(sa.select(sa.func.pg_advisory_unlock(MAKING)))


async def _drop(connection: AsyncConnection) -> None:
    try:
        with suppress(DBAPIError, OSError):  # It may be gone already.
            await connection.invalidate()
    finally:
        await connection.close()
