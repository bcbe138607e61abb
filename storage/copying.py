"""Copies of a SQLite database that a bot may be using, and a look whether a copy is whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

BUSY_SECONDS = 60.0


class DamagedError(Exception):
    """A file is no database, or not a whole one."""


def path_of(url: str) -> Path | None:
    """Return the file of a database; None when it is in none, as with PostgreSQL."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        return None
    return Path(address.database)


def copy(source: Path, target: Path) -> str:
    """Copy a database as it is at this moment into a file that does not exist. Return its schema.

    It reads a snapshot on a connection of its own, so that nobody who writes waits. What was deleted is not in it.

    Raises:
        sqlite3.Error: it cannot be read, or the copy not be written.

    """
    # Not `ro`: a reader of a write-ahead log must write into the file with its index.
    uri = f"file:{quote(str(source.absolute()))}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    with closing(sqlite3.connect(f"file:{quote(str(target.absolute()))}?mode=ro", uri=True)) as connection:
        return _revision(connection)


def examine(path: Path) -> str:
    """Look through a whole database that nobody uses. Return its schema.

    Raises:
        DamagedError: it is no database of a bot, or a damaged one.

    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            if found != ["ok"]:
                raise DamagedError(str(found[0]))
            return _revision(connection)
    except sqlite3.Error as error:
        raise DamagedError(str(error)) from error


def _revision(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
