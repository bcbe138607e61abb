"""The schemas as they were released, one file for each migration: `make schemas` writes those that are missing.

They hold what an operator may have on the disk. A migration that is edited after its release would make another
schema than those databases have; the files bring that to light.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from storage.migrate import MIGRATIONS

FOLDER = Path(__file__).parent / "schemas"


def revisions() -> list[str]:
    """Return the revisions of all migrations, the oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def file_of(revision: str) -> Path:
    return FOLDER / f"{revision}.sql"


def make(path: Path, revision: str) -> None:
    """Make a database with a schema as it was released, and without a row."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(file_of(revision).read_text(encoding="utf-8"))
        with connection:
            connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))


def migrated(path: Path, revision: str) -> None:
    """Make a database by running the migrations up to a revision."""
    engine = sa.create_engine(f"sqlite:///{path}")
    config = _configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def schema_of(path: Path) -> str:
    """Return all that a database has besides rows, as SQL: tables, indexes, triggers, full-text indexes."""
    with closing(sqlite3.connect(path)) as connection:
        return "".join(f"{statement};\n" for statement in _statements(connection))


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    query = "SELECT type, name, sql FROM sqlite_master WHERE sql NOT NULL ORDER BY rowid"
    found: list[tuple[str, str, str]] = connection.execute(query).fetchall()
    full_text = [name for _, name, sql in found if sql.startswith("CREATE VIRTUAL TABLE")]
    # What a full-text index keeps its words in is made with it, and by SQLite as it likes.
    inner = {f"{name}_{part}" for name in full_text for part in ("data", "idx", "content", "docsize", "config")}
    for kind in ("table", "index", "trigger", "view"):
        for this, name, sql in sorted(found):
            # sqlite_sequence is made by SQLite for AUTOINCREMENT.
            if this == kind and name not in inner and not name.startswith("sqlite_"):
                yield sql


def _configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_configuration())


def main() -> None:
    """Write the files that are not there. Who changes a migration before its release removes its file first."""
    from tempfile import TemporaryDirectory

    for revision in revisions():
        if not file_of(revision).exists():
            with TemporaryDirectory() as folder:
                migrated(Path(folder) / "bot.db", revision)
                file_of(revision).write_text(schema_of(Path(folder) / "bot.db"), encoding="utf-8")


if __name__ == "__main__":
    main()
