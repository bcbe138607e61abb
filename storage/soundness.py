"""Is a database sound? A look through the whole file before it is used, which changes nothing in it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from storage.failures import DamagedError

BUSY_SECONDS = 5.0
LONGEST_SECONDS = 60.0
"""A database that takes longer to look through is used as far as it was looked at; SQLite reads a gigabyte in
seconds."""
STEPS = 100_000
"""Of SQLite's machine, between two looks at the time."""


async def examine(url: str) -> None:
    """Look through the database at `url`, if it is one of SQLite and there is one.

    Raises:
        DamagedError: it is damaged.
        sqlite3.Error: it cannot be read at all; `storage.failures` says what that means.

    """
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        await asyncio.to_thread(_examine, Path(address.database))


def _examine(path: Path) -> None:
    if not path.exists():
        return
    # Opened for reading only, so that the write-ahead log of a crash stays what it is as well.
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
        until = time.monotonic() + LONGEST_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return
            raise
    if found != ["ok"]:
        raise DamagedError(found[0] if found else "")
