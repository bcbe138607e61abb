"""Look at the audit of a database that a bot may be using, without opening it for writing."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from storage import audit
from storage.audit import Broken
from storage.database import Reader
from storage.schema import audit as table


class NoAuditError(Exception):
    """There is none to look at; the text says why, and what to do."""


async def verify(url: str) -> tuple[Broken | None, int]:
    """Return where the audit of the database at `url` does not hold, and how many rows it has.

    Raises:
        NoAuditError: there is no such database, or it has no audit yet.

    """
    _must_exist(sa.make_url(url).database)
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            count = (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            return await audit.verify(Reader(connection, {})), count
    except sa.exc.OperationalError as error:
        msg = "This database has no audit yet. Start the bot once, so that it makes its tables."
        raise NoAuditError(msg) from error
    finally:
        await engine.dispose()


def _must_exist(path: str | None) -> None:
    # SQLite would make an empty one.
    if path and path != ":memory:" and not Path(path).exists():
        msg = f"There is no database at {path}."
        raise NoAuditError(msg)
