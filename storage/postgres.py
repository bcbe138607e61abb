"""PostgreSQL: connections that keep what SQLite keeps, and sentences for what can be wrong with a server.

Readers have a snapshot (`REPEATABLE READ`), as in SQLite. Writers take one lock of the database first, and so are
one at a time also when they are several processes; each of their statements sees what the writer before has
committed (`READ COMMITTED`: a snapshot would be older than the lock).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.failures import Failure, LostDatabaseError, failure

WRITING = 0x6761616D6163
"""The lock of who writes: "gaamac" in ASCII. Each database of a server has locks of its own."""
_NUMBER = "transaction"
AGAIN_SECONDS = 0.5
CONNECT_SECONDS = 10
ANSWER_SECONDS = 60
"""How long one statement may take before the connection is given up."""
LOCK_MILLISECONDS = 30_000
"""How long a writer waits for another process, which may be importing or making tables."""

NAME = "gaamac-bot"
"""What a bot calls itself in `pg_stat_activity`."""
SETTINGS = {
    # A committed answer must survive a power cut, whatever the server's default is.
    "synchronous_commit": "on",
    "lock_timeout": str(LOCK_MILLISECONDS),
    "timezone": "UTC",
}


class UnusableDatabaseError(Exception):
    """The database cannot be used as it is. The text says why, and what to do; `failure` what that is."""

    def __init__(self, message: str, failure: Failure | None = None) -> None:
        super().__init__(message)
        self.failure = failure


def engine(
    url: sa.URL,
    *,
    writes: bool,
    name: str = NAME,
    **options: Any,  # noqa: ANN401 - of SQLAlchemy
) -> AsyncEngine:
    """Return an engine for one writer, or for readers, that calls itself by a name."""
    settings = {**SETTINGS, "application_name": name}
    found = create_async_engine(
        url,
        connect_args={"timeout": CONNECT_SECONDS, "command_timeout": ANSWER_SECONDS, "server_settings": settings},
        isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
        hide_parameters=True,  # An error is logged with its words, and these would be what somebody wrote.
        **options,
    )
    sa.event.listen(found.sync_engine, "checkout", _must_be_open)
    if writes:
        sa.event.listen(found.sync_engine, "begin", _lock)
    else:
        found = found.execution_options(postgresql_readonly=True)
    return found


def _must_be_open(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - of the driver
    # After a restart of the server; a question to find that out would cost three journeys for each transaction.
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _lock(connection: sa.Connection) -> None:
    question = f"SELECT CAST(pg_current_xact_id() AS text), pg_advisory_xact_lock({WRITING})"
    connection.info[_NUMBER] = connection.exec_driver_sql(question).scalar_one()


def number(connection: AsyncConnection) -> str | None:
    """Return the number of the transaction that is open; None on another database."""
    found: str | None = connection.info.get(_NUMBER)
    return found


async def came_through(engine: AsyncEngine, transaction: str) -> bool:
    """Ask what became of a transaction whose end nobody heard of, until the server answers."""
    question = sa.text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")
    while True:
        try:
            connection = await connected(engine)
            try:
                status = (await connection.execute(question, {"number": transaction})).scalar()
            finally:
                await connection.close()
        except Exception as error:
            if not is_lost(error):
                raise
        else:
            if status != "in progress":
                return bool(status == "committed")
        await asyncio.sleep(AGAIN_SECONDS)


async def connected(engine: AsyncEngine) -> AsyncConnection:
    """Return a connection.

    Raises:
        LostDatabaseError: the server is not there at the moment.

    """
    try:
        return await engine.connect()
    except OSError as error:
        raise LostDatabaseError("The server of the database does not answer.") from error
    except Exception as error:
        if is_lost(error):
            raise LostDatabaseError("The server of the database takes no connection.") from error
        raise


def is_lost(error: BaseException) -> bool:
    """Tell whether the server, or the way to it, went away: then the same can be tried again."""
    return failure(error) is Failure.AWAY


async def check(connection: AsyncConnection) -> None:
    """See that all that members write can be stored.

    Raises:
        UnusableDatabaseError: it cannot.

    """
    encoding = (await connection.exec_driver_sql("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        msg = f"The database has the encoding {encoding}. Create it again with ENCODING 'UTF8'."
        raise UnusableDatabaseError(msg)


def shown(url: str) -> str:
    """Return an address without any password."""
    try:
        address = sa.make_url(url)
    except (ArgumentError, ValueError):
        return "with an address that cannot be read"
    bare = address.set(query={name: value for name, value in address.query.items() if name != "password"})
    return bare.render_as_string(hide_password=True)


@asynccontextmanager
async def explaining(url: str) -> AsyncIterator[None]:
    """Turn what drivers raise when a server cannot be used into sentences.

    Raises:
        UnusableDatabaseError: it cannot be used.

    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        msg = "PostgreSQL needs one package more: pip install 'gaamac-bot[postgres]'."
        raise UnusableDatabaseError(msg) from error
    except (DBAPIError, OSError) as error:
        if sa.make_url(url).get_backend_name() != "postgresql":
            raise
        sentence = _sentence(url, error)
        if sentence is None:
            raise
        raise UnusableDatabaseError(*sentence) from error
    except Exception as error:
        # The driver raises its own errors when a connection does not come about.
        # Nor does a migration, which says what it was about.
        met = type(error).__module__.startswith("asyncpg") or isinstance(error.__cause__, DBAPIError)
        sentence = _sentence(url, error) if met and sa.make_url(url).get_backend_name() == "postgresql" else None
        if sentence is None:
            raise
        raise UnusableDatabaseError(*sentence) from error


def _sentence(url: str, error: BaseException) -> tuple[str, Failure] | None:
    """Say what is wrong, and what kind of trouble it is; None for what is no matter of the server."""
    address = sa.make_url(url)
    where = address.query.get("host") or f"{address.host or 'localhost'}:{address.port or 5432}"
    code = _code(error)
    if code in ("28P01", "28000"):
        said = f"The server at {where} refuses the role {address.username} or its password."
        return said, Failure.FORBIDDEN
    if code == "3D000":
        said = f"There is no database {address.database} on the server at {where}. Create it first."
        return said, Failure.FORBIDDEN
    if code == "42501":
        said = f"The role {address.username} lacks a right in the database {address.database}: make it its owner."
        return said, Failure.FORBIDDEN
    if code == "55P03":
        said = f"Another process has been writing into {shown(url)} for {LOCK_MILLISECONDS // 1000} s. Try again."
        return said, Failure.LOCKED
    if any(isinstance(one, OSError) for one in _causes(error)) or (code or "").startswith("08"):
        return f"No PostgreSQL server answers at {where}. Is it running, and is the address right?", Failure.AWAY
    if is_lost(error):
        return f"The server at {where} takes no connection now: {reason(error)}.", Failure.AWAY
    return None


def _code(error: BaseException) -> str | None:
    """Return the SQLSTATE."""
    for one in _causes(error):
        code = getattr(one, "sqlstate", None)
        if isinstance(code, str):
            return code
    return None


def reason(error: BaseException) -> str:
    """Return what a server said, without any value; of other errors only their kind, because they show values."""
    cause = _causes(error)[-1]
    return str(cause).splitlines()[0].rstrip(".") if _code(error) else type(cause).__name__


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = getattr(one, "orig", None) or one.__cause__
    return found
