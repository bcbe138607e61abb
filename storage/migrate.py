"""Bring a database to the newest schema with Alembic, after a copy of it was made."""

from __future__ import annotations

import asyncio
import glob
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import postgres, schema
from storage.postgres import UnusableDatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerDatabaseError(UnusableDatabaseError):
    """The database was written by a later version of the bot."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database has schema {revision}, this version of the bot knows schemas up to {schema.HEAD}. "
            "Install the newer version again, or restore a backup made with this one."
        )


async def migrate(engine: AsyncEngine, backups: Path | None) -> None:
    """Create or upgrade the tables. Nothing is touched when they are already the newest.

    Raises:
        NewerDatabaseError: the schema is one that this version does not know.
        UnusableDatabaseError: it cannot hold every text.

    """
    present = await current(engine)
    if present == schema.HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if present is not None and not is_known(present):
        raise NewerDatabaseError(present)
    if present is not None and backups is not None:
        await _back_up(engine, backups / f"before-schema-{schema.HEAD}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")

    def upgrade(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await postgres.check(connection)
        await connection.run_sync(upgrade)


async def current(engine: AsyncEngine) -> str | None:
    """Return the revision of the schema; None for an empty database."""
    try:
        async with engine.begin() as connection:
            found = await connection.execute(sa.text("SELECT version_num FROM alembic_version"))
            return found.scalar()
    except (OperationalError, ProgrammingError) as error:
        if "alembic_version" in str(error.orig):
            return None
        raise


def is_known(revision: str) -> bool:
    """Tell whether this version knows a schema."""
    # The file of a migration begins with its revision; Alembic would import each of them to find that out.
    return any((MIGRATIONS / "versions").glob(f"{glob.escape(revision)}_*.py"))


async def _back_up(engine: AsyncEngine, target: Path) -> None:
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL has its own tools, and the transaction takes a failed migration back.
    await asyncio.to_thread(target.parent.mkdir, 0o700, parents=True, exist_ok=True)
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        # VACUUM cannot run inside a transaction, so it goes past the one that SQLAlchemy would open.
        await raw.driver_connection.execute("VACUUM INTO ?", (str(target),))  # type: ignore[union-attr]
    await asyncio.to_thread(target.chmod, 0o600)
