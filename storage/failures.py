"""What an error of the database means: it is damaged, full, held by another program, or not there.

Such an error says nothing about what was asked. Whoever meets one tries again later, or ends; nobody answers a
member with it. SQLite: https://sqlite.org/rescode.html. PostgreSQL: its manual, appendix A (SQLSTATE).
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from sqlalchemy.exc import DBAPIError


class Failure(StrEnum):
    """Why the database did not do what it was asked, when that is not the fault of who asked."""

    DAMAGED = "damaged"
    """What is in the file makes no sense."""
    DISK = "disk"
    """The system could not read or write; also when a quota is used up."""
    FULL = "full"
    LOCKED = "locked"
    """Another program held it for longer than one waits."""
    FORBIDDEN = "forbidden"
    """It cannot be opened, or only for reading."""
    AWAY = "away"
    """The database server does not answer."""


class DamagedError(Exception):
    """A look through the file found that it is damaged; the text says where."""


class LostDatabaseError(Exception):
    """The server of the database is not there at the moment."""


class DeposedError(LostDatabaseError):
    """Another instance leads (`storage.leadership`), and this one may not write; nothing was written."""


_SHM_SIZE = 0x130A
"""SQLITE_IOERR_SHMSIZE: the index of the write-ahead log could not grow, which is so when a disk is full."""
_SQLITE = {
    sqlite3.SQLITE_CORRUPT: Failure.DAMAGED,
    sqlite3.SQLITE_NOTADB: Failure.DAMAGED,
    sqlite3.SQLITE_IOERR: Failure.DISK,
    sqlite3.SQLITE_FULL: Failure.FULL,
    sqlite3.SQLITE_BUSY: Failure.LOCKED,
    sqlite3.SQLITE_LOCKED: Failure.LOCKED,
    sqlite3.SQLITE_READONLY: Failure.FORBIDDEN,
    sqlite3.SQLITE_CANTOPEN: Failure.FORBIDDEN,
    sqlite3.SQLITE_PERM: Failure.FORBIDDEN,
}
_POSTGRESQL = {
    "53100": Failure.FULL,
    "53300": Failure.AWAY,  # too many connections
    "55P03": Failure.LOCKED,
    "57P01": Failure.AWAY,
    "57P02": Failure.AWAY,
    "57P03": Failure.AWAY,
    "58030": Failure.DISK,
    "XX001": Failure.DAMAGED,
    "XX002": Failure.DAMAGED,
    "25006": Failure.FORBIDDEN,
}


def failure(error: BaseException | None) -> Failure | None:
    """Return what an error says about the database; None when it says nothing about it."""
    if isinstance(error, DamagedError):
        return Failure.DAMAGED
    if isinstance(error, LostDatabaseError):
        return Failure.AWAY
    if isinstance(error, DBAPIError):
        found = _of_driver(error.orig)
        return found or (Failure.AWAY if error.connection_invalidated else None)
    return _of_driver(error)


def _of_driver(error: BaseException | None) -> Failure | None:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return None  # an error of the module, not of the database
        return Failure.FULL if code == _SHM_SIZE else _SQLITE.get(code & 0xFF)
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        return _POSTGRESQL.get(state) or (Failure.AWAY if state.startswith("08") else None)
    return None
