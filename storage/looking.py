"""Read a database that a bot may be using, without the right to write and without making one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage import schema
from storage.database import Reader
from storage.inspection import looker
from storage.migrate import current


@asynccontextmanager
async def looking(url: str) -> AsyncIterator[Reader | None]:
    """Open a snapshot; None where there is no database of this version."""
    engine = looker(url)
    if engine is None:
        yield None
        return
    try:
        if await current(engine) != schema.HEAD:
            yield None
            return
        async with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                await connection.exec_driver_sql("BEGIN")  # Python would begin none for questions.
            yield Reader(connection, {})
    finally:
        await engine.dispose()
