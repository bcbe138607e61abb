"""Look at the audit of a database that a bot may be using, without opening it for writing."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError

from storage import audit, postgres
from storage.audit import Broken
from storage.database import Reader
from storage.inspection import looker
from storage.postgres import UnusableDatabaseError
from storage.schema import audit as table


class NoAuditError(UnusableDatabaseError):
    """There is none to look at; the text says why, and what to do."""


async def verify(url: str) -> tuple[Broken | None, int]:
    """Return where the audit of the database at `url` does not hold, and how many rows it has.

    Raises:
        NoAuditError: there is no such database, or it has no audit yet.
        UnusableDatabaseError: it cannot be used.

    """
    async with postgres.explaining(url):
        engine = looker(url)
        if engine is None:
            msg = f"There is no database at {sa.make_url(url).database}."
            raise NoAuditError(msg)
        try:
            async with engine.connect() as connection:
                count = (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
                return await audit.verify(Reader(connection, {})), count
        except (OperationalError, ProgrammingError) as error:
            msg = "This database has no audit yet. Start the bot once, so that it makes its tables."
            raise NoAuditError(msg) from error
        finally:
            await engine.dispose()
