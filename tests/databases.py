"""Where the databases of the tests are: files of SQLite, or databases of a PostgreSQL server.

With `GAAMAC_TEST_DATABASE=postgresql` all tests run on PostgreSQL (`make test-postgres`). A test asks for the
`address` of the database in a file, and always gets the same for the same file.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from storage import starter
from storage.database import Database, Writer
from tests.postgres import EMPTY, TEMPLATE, PostgresServer

ON_POSTGRES = os.environ.get("GAAMAC_TEST_DATABASE", "sqlite") == "postgresql"

_server: PostgresServer | None = None
_names: dict[Path, str] = {}
_made: dict[tuple[object, ...], Path] = {}


def server() -> PostgresServer:
    """Return the server, which starts when it is first needed."""
    global _server
    if _server is None:
        _server = PostgresServer()
        _server.start()
    return _server


def address(file: Path, *, empty: bool = False) -> str:
    """Return the address of a database: with SQLite, of this file. A new one has all tables, or is `empty`."""
    if not ON_POSTGRES:
        return f"sqlite+aiosqlite:///{file}"
    if file not in _names:
        _names[file] = server().fresh(EMPTY if empty else TEMPLATE)
    return server().address(_names[file])


def copy(file: Path, to: Path) -> str:
    """Copy a database that nobody has open, and return the address of the copy."""
    if not ON_POSTGRES:
        shutil.copy(file, to)
    else:
        _names[to] = server().fresh(_names[file])
    return address(to)


async def filled(file: Path, fill: Callable[..., Awaitable[None]], *given: object) -> str:
    """Return the address of a database as `fill` leaves it, which is given the database and what else is given.

    It is filled once in a run of tests, and copied from then on.
    """
    made = _made.get((fill, *given))
    if made is None:
        made = _made[fill, *given] = Path(tempfile.mkdtemp(prefix="gaamac-filled-")) / "bot.db"
        database = await Database.open(address(made))
        try:
            await fill(database, *given)
        finally:
            await database.close()
    file.parent.mkdir(parents=True, exist_ok=True)
    return copy(made, file)


async def started(file: Path, now: datetime) -> str:
    """Return the address of a database with the starter content, loaded at that time."""
    return await filled(file, starter.load, now)


def rows(file: Path, statement: str) -> list[dict[str, Any]]:
    """Run one statement in a database, past all that the bot does, and return its rows by their columns."""
    if ON_POSTGRES:
        return server().execute(_names[file], statement)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(statement)]


def execute(file: Path, statement: str) -> list[tuple[Any, ...]]:
    """Run one statement in a database, past all that the bot does, and return its rows."""
    return [tuple(row.values()) for row in rows(file, statement)]


async def make_the_commit_fail(writer: Writer) -> None:
    """Have the database find out at the commit that a row points to nothing."""
    if ON_POSTGRES:
        await writer.sql.exec_driver_sql(
            "CREATE TABLE commit_fails (key INTEGER REFERENCES audit (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        await writer.sql.exec_driver_sql("INSERT INTO commit_fails VALUES (-1)")
    else:
        # SQLite leaves the transaction open then.
        await writer.sql.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        await writer.sql.exec_driver_sql("INSERT INTO definition VALUES ('nothing', 'en', '', '')")


def contents(file: Path) -> bytes:
    """Return all bytes that a database has on the disk, after it was written anew without what was deleted."""
    if ON_POSTGRES:
        return server().contents(_names[file])
    execute(file, "VACUUM")
    return b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))


def known() -> set[Path]:
    """Return for which files there are databases that are not copied from."""
    return set(_names) - set(_made.values())


def drop(files: set[Path]) -> None:
    """Delete the databases that were made for these files."""
    for file in files:
        server().drop(_names.pop(file))


def stop() -> None:
    """Stop the server, if it runs."""
    global _server
    for file in _made.values():
        shutil.rmtree(file.parent, ignore_errors=True)
    _made.clear()
    if _server is not None:
        _server.stop()
        _server = None
