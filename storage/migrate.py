"""Bring a database to the newest schema with Alembic, after a copy of it was made.

All migrations that are missing run in one transaction, so that there is the old database or the new one, and never
one in between.
"""

from __future__ import annotations

import asyncio
import errno
import glob
import importlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import postgres, schema
from storage.failures import Failure, failure
from storage.postgres import UnusableDatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerDatabaseError(UnusableDatabaseError):
    """The database was written by a later version of the bot."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database has schema {revision}, this version of the bot knows schemas up to {schema.HEAD}. "
            "Install the newer version again, or restore a backup made with this one."
        )


class MigrationError(Exception):
    """The tables could not be brought up to date. Nothing was changed, and the message says why.

    `failure` is what that says about the database or its disk, if anything.
    """

    def __init__(self, message: str, failure: Failure | None) -> None:
        super().__init__(message)
        self.failure = failure


async def migrate(engine: AsyncEngine, backups: Path | None) -> None:
    """Create or upgrade the tables. Nothing is touched when they are already the newest.

    Raises:
        NewerDatabaseError: the schema is one that this version does not know.
        MigrationError: the copy could not be written, or a migration failed.
        UnusableDatabaseError: it cannot hold every text.

    """
    present = await current(engine)
    if present == schema.HEAD:
        return
    # Loaded only when it is needed, and in a thread, because it takes a moment.
    command = await asyncio.to_thread(importlib.import_module, "alembic.command")
    config = (await asyncio.to_thread(importlib.import_module, "alembic.config")).Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if present is not None and not is_known(present):
        raise NewerDatabaseError(present)
    change = f"The tables must change with this version (schema {present or 'none'} to {schema.HEAD})"
    if present is not None and backups is not None:
        target = backups / f"before-schema-{schema.HEAD}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"
        try:
            await _back_up(engine, target)
        except OSError as error:
            raise MigrationError(
                f"{change}, and the copy that is made before, {target}, cannot be written: {_reason(error)}. "
                "Nothing was changed. Make room there, and start the bot again.",
                failure(error.__cause__) or (Failure.FULL if error.errno == errno.ENOSPC else Failure.FORBIDDEN),
            ) from error

    def upgrade(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await postgres.check(connection)
            await connection.run_sync(upgrade)
    except UnusableDatabaseError:
        raise
    except Exception as error:
        raise MigrationError(
            f"{change}, and that fails: {_reason(error)}. Nothing was changed: the version that was installed "
            "before can go on with this database. If the disk is not full and the file not damaged, report it.",
            failure(error),
        ) from error


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
    """Write a copy of the database, which is at `target` when it is whole and on the disk, and not before."""
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL has its own tools, and the transaction takes a failed migration back.
    await asyncio.to_thread(target.parent.mkdir, 0o700, parents=True, exist_ok=True)
    unfinished = target.parent / "unfinished.db"
    await asyncio.to_thread(unfinished.unlink, missing_ok=True)
    try:
        async with engine.connect() as connection:
            raw = await connection.get_raw_connection()
            # VACUUM cannot run inside a transaction, so it goes past the one that SQLAlchemy would open.
            try:
                await raw.driver_connection.execute("VACUUM INTO ?", (str(unfinished),))  # type: ignore[union-attr]
            except sqlite3.OperationalError as error:  # as a full disk is; a damaged database is another error
                raise OSError(str(error)) from error
        await asyncio.to_thread(_keep, unfinished, target)
    except BaseException:
        await asyncio.to_thread(unfinished.unlink, missing_ok=True)
        raise


def _keep(unfinished: Path, target: Path) -> None:
    # VACUUM INTO leaves it to the system when the copy is written to the disk (https://sqlite.org/lang_vacuum.html).
    unfinished.chmod(0o600)
    _to_disk(unfinished)
    unfinished.rename(target)
    _to_disk(target.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    # The words of the database; SQLAlchemy would add the statement.
    return str(getattr(error, "orig", None) or error)
