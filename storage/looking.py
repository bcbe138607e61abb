"""Read a database that a bot may be using, without the right to write and without making one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import create_async_engine

from storage import schema
from storage.database import Reader
from storage.inspection import readable
from storage.migrate import current


@asynccontextmanager
async def looking(url: str) -> AsyncIterator[Reader | None]:
    """Open a snapshot; None where there is no database of this version."""
    address = readable(url)
    if address is None:
        yield None
        return
    engine = create_async_engine(address, hide_parameters=True)
    try:
        if await current(engine) != schema.HEAD:
            yield None
            return
        async with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                await connection.exec_driver_sql("BEGIN")  # Python would begin none for questions.
            else:
                await connection.execution_options(isolation_level="REPEATABLE READ")
            yield Reader(connection, {})
    finally:
        await engine.dispose()
