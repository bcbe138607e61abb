"""Each schema that was ever released comes to the newest one with every row, or stays exactly what it was."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.repertoire import registry
from storage import schema, starter
from storage.database import Database
from storage.migrate import MigrationError
from tests.commands.conftest import Conversation
from tests.storage import released

pytestmark = pytest.mark.sqlite("no PostgreSQL database is older than the first release")

REVISIONS = released.revisions()
EARLIER = REVISIONS[:-1]
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)

DROPPED = {"suggestion"}
"""Tables that a migration takes away with their rows, and says so."""

# What the program reads of an old database must be what that version wrote.
CONCEPT: dict[str, Any] = {"id": "genocide", "topic": "crimes", "position": 1, "updated_at": NOW}
TERM: dict[str, Any] = {
    "id": 1,
    "concept_id": "genocide",
    "language": "en",
    "text": "Genocide",
    "folded": "genocide",
}
TERM |= {"kind": "preferred", "checked": True, "usage": None, "position": 0}
DEFINITION: dict[str, Any] = {
    "concept_id": "genocide",
    "language": "en",
    "text": "As it was defined in the old database.",
}
EVENT: dict[str, Any] = {
    "id": 1,
    "uid": "old@example.org",
    "kind": "meeting",
    "titles": {"en": "A meeting of old"},
}
EVENT |= {"timing": {"start": "2026-12-09"}, "descriptions": {}, "access": "public", "certainty": "confirmed"}
EVENT |= {"countries": ["KE"], "topics": [], "link": None, "registration": None}
FOCAL: dict[str, Any] = {
    "kind": "gaamac_focal_person",
    "holder": "KE",
    "titles": {"en": "The office of old"},
    "notes": {},
}
FOCAL |= {"status": "active", "appointed_year": 2015, "appointed_by": None, "as_of": "2026-11", "evidence": "B"}
FOCAL |= {"source_url": None, "contact": None, "contact_url": None, "confirmed_by": None, "confirmed_at": None}
KNOWN: dict[str, list[dict[str, Any]]] = {
    "concept": [CONCEPT, CONCEPT | {"id": "persecution", "position": 2}],
    "term": [TERM, TERM | {"id": 2, "concept_id": "persecution", "text": "Persecution", "folded": "persecution"}],
    "definition": [DEFINITION | {"usage_note": None}],
    "relation": [{"concept_id": "genocide", "other_id": "persecution", "kind": "related", "position": 0}],
    "source": [{"url": "https://example.org/source"}],
    "revision": [{"name": "glossary", "number": 1}, {"name": "events", "number": 1}],
    "event": [EVENT],
    "focal": [FOCAL],
}
OPTIONAL = {"reminders", "rooms", "quiet"}


def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def filled(path: Path, revision: str) -> Path:
    """Make a database of a released schema with rows in each of its tables."""
    released.make(path, revision)
    engine = sa.create_engine(f"sqlite:///{path}")
    tables = sa.MetaData()
    with engine.begin() as connection:
        tables.reflect(connection, only=lambda name, _: not re.match(r"alembic|\w+_text|practice_word", name))
        for table in tables.sorted_tables:
            connection.execute(sa.insert(_as_declared(table)), _known(table) or list(_rows(table)))
        connection.exec_driver_sql(
            "INSERT INTO glossary_text VALUES ('genocide', 'en', 'genocide', 'as it was defined')"
        )
        if "practice_text" in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql("INSERT INTO practice_text VALUES ('en', 'radio', 'summary', 'rest')")
    engine.dispose()
    return path


def _known(table: sa.Table) -> list[dict[str, Any]]:
    invented = next(_rows(table))
    if "community" in invented:
        invented["community"] = "r2p"
    return [invented | row for row in KNOWN.get(table.name, [])]


def _as_declared(table: sa.Table) -> sa.Table:
    """Give JSON and times their types, which SQLite does not know."""
    for column in table.columns:
        if isinstance(column.type, sa.DateTime):
            column.type = schema.UtcDateTime()
    return table


def _rows(table: sa.Table) -> Iterator[dict[str, Any]]:
    """Invent two rows, with all signs that must come through; a column that may be null is so in the second."""
    for number in (1, 2):
        row: dict[str, Any] = {}
        for column in table.columns:
            foreign = [key.column.table.name for key in column.foreign_keys]
            if column.nullable and number == 2:
                row[column.name] = None
            elif foreign:
                alone = [column] == list(table.primary_key.columns)
                row[column.name] = {"concept": "genocide"}.get(foreign[0], number if alone else 1)
            else:
                row[column.name] = _value(column, number)
        yield row


def _value(column: sa.Column[Any], number: int) -> object:
    values: dict[type, object] = {
        sa.Text: f"{column.name} {number} – ‘%s’ \N{WAVING HAND SIGN} إبادة\n;--",
        sa.Integer: number,
        sa.Boolean: number == 1,
        sa.JSON: None if column.name in OPTIONAL else {"en": f"{number} é", "list": [1, None]},
        schema.UtcDateTime: NOW,
        sa.Date: date(2026, 12, number),
        sa.LargeBinary: bytes(range(256)),
    }
    return next(value for kind, value in values.items() if isinstance(column.type, kind))


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return all rows by table, in their order."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [dict(row) for row in connection.execute(f'SELECT rowid, * FROM "{name}" ORDER BY 1')]  # noqa: S608
            for name in sorted(names)
            if not re.search(r"^alembic|^sqlite_|_text_(data|idx|docsize|config)$|_use$", name)
        }


def everything(path: Path) -> str:
    """Return schema and rows, to be compared with what they were."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return "\n".join(connection.iterdump())


def version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        [(found,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        return str(found)


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("newest") / "bot.db"
    released.migrated(path, "head")
    return path


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_migration_makes_what_it_made_when_it_was_released(revision: str, tmp_path: Path) -> None:
    assert released.file_of(revision).exists(), "a new migration: run make schemas"
    released.migrated(tmp_path / "bot.db", revision)
    assert released.schema_of(tmp_path / "bot.db") == released.file_of(revision).read_text(encoding="utf-8")


def test_there_is_no_released_schema_without_its_migration() -> None:
    assert {path.stem for path in released.FOLDER.iterdir()} == set(REVISIONS)


@pytest.mark.parametrize("revision", EARLIER)
async def test_every_row_of_an_old_database_is_there_in_the_newest(
    revision: str, newest: Path, tmp_path: Path
) -> None:
    path = filled(tmp_path / "bot.db", revision)
    before = contents(path)
    assert all(before.values()), "a table without a row proves nothing"
    database = await Database.open(url(path), backups=tmp_path / "backups")
    try:
        after = contents(path)
        for table in before.keys() - DROPPED:
            assert len(after[table]) == len(before[table]), table
            for old, new in zip(before[table], after[table], strict=True):
                assert new.items() >= old.items(), table
        assert not DROPPED & after.keys()
        assert released.schema_of(path) == released.schema_of(newest)
        assert version(path) == schema.HEAD
        everything(path)

        [copy] = (tmp_path / "backups").iterdir()
        assert contents(copy) == before
        assert version(copy) == revision

        await starter.load(database, NOW)
        said = await Conversation(database, registry())("!term genocide")
        assert said is not None
        assert "As it was defined in the old database." in said
        if "event" in before:
            assert "A meeting of old" in str(await Conversation(database, registry())("!event 1"))
        said = str(await Conversation(database, registry())("!focal kenya"))
        assert ("The office of old" if "focal" in before else "Kenya") in said
    finally:
        await database.close()


# A migration that fails


class BrokenError(Exception):
    """What a mistake in a migration raises."""


@contextmanager
def failing_at(number: int) -> Iterator[list[str]]:
    """Let the statement with this number fail, of those that change a database."""
    changes: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if re.match(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE)", statement):
            changes.append(statement)
            if len(changes) == number:
                raise BrokenError

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        yield changes
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", count)


@pytest.mark.parametrize("revision", EARLIER)
async def test_a_migration_that_fails_anywhere_leaves_all_as_it_was(revision: str, tmp_path: Path) -> None:
    path = filled(tmp_path / "bot.db", revision)
    before = everything(path)
    shutil.copy(path, tmp_path / "succeeds.db")
    with failing_at(0) as changes:
        await (await Database.open(url(tmp_path / "succeeds.db"))).close()
    end = next(number for number, change in enumerate(changes, 1) if change.startswith("UPDATE alembic_version"))
    for number in range(1, end + 1):  # those of the next migration; the others have their own round
        with (
            failing_at(number),
            pytest.raises(MigrationError, match=f"schema {revision} to {schema.HEAD}") as raised,
        ):
            await Database.open(url(path))
        assert isinstance(raised.value.__cause__, BrokenError)
        assert everything(path) == before, changes[number - 1]
    await (await Database.open(url(path))).close()
    assert everything(path) == everything(tmp_path / "succeeds.db")


@pytest.mark.parametrize("room", [1, 5, 20])
async def test_a_disk_that_is_full_in_the_middle_leaves_all_as_it_was(room: int, tmp_path: Path) -> None:
    path = filled(tmp_path / "bot.db", "0001")
    before = everything(path)
    with closing(sqlite3.connect(path)) as connection:
        [(pages,)] = connection.execute("PRAGMA page_count").fetchall()

    def limit(connection: Any, _record: object) -> None:
        connection.cursor().execute(f"PRAGMA max_page_count={pages + room}")

    sa.event.listen(sa.pool.Pool, "connect", limit)
    try:
        with pytest.raises(MigrationError, match="full"):
            await Database.open(url(path))
    finally:
        sa.event.remove(sa.pool.Pool, "connect", limit)
    assert everything(path) == before
    await (await Database.open(url(path))).close()
    assert version(path) == schema.HEAD


# The copy from before

LIMITED = """
import resource, sys
# Files may not grow beyond this, as on a disk that is full.
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from bot.cli import main
sys.argv = ["gaamac-bot", "run"]
main()
"""


def environment(folder: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GAAMAC_")}
    return clean | {
        "GAAMAC_MATRIX__HOMESERVER": "http://127.0.0.1:9",
        "GAAMAC_MATRIX__USER_ID": "@gaamac:example.org",
        "GAAMAC_DATA_DIR": str(folder),
    }


def refused_without_a_change(folder: Path, before: str, *command: str) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, *command],
        env=environment(folder),
        timeout=120,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"the copy that is made before, \S+, cannot be written: .+ Make room there", done.stderr)
    assert everything(folder / "bot.db") == before
    assert list((folder / "backups").iterdir()) == [], "no half a copy that looks like one"


def test_without_room_for_the_copy_nothing_is_changed(tmp_path: Path) -> None:
    before = everything(filled(tmp_path / "bot.db", "0001"))
    refused_without_a_change(tmp_path, before, "-c", LIMITED)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a disk that is really full")
def test_on_a_full_disk_nothing_is_changed(tmp_path: Path) -> None:
    before = everything(filled(tmp_path / "bot.db", "0001"))
    (tmp_path / "backups").mkdir(mode=0o700)
    small = ["mount", "-t", "tmpfs", "-o", "size=32k,mode=700", "tmpfs", str(tmp_path / "backups")]
    if subprocess.run(small, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("this machine lets nobody mount")
    try:
        refused_without_a_change(tmp_path, before, "-m", "bot.cli", "run")
    finally:
        subprocess.run(["umount", str(tmp_path / "backups")], check=True)  # noqa: S603, S607


# The end of the process in the middle

KILLED = """
import asyncio, os, pathlib, re, signal, sys
import sqlalchemy as sa
from storage.database import Database
address, backups, moment = sys.argv[1:]
left = [int(moment)] if moment.isdigit() else []
def count(connection, cursor, statement, *more):
    if left and re.match(r"\\s*(CREATE|ALTER|DROP|INSERT|UPDATE)", statement):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sa.event.listen(sa.Engine, "before_cursor_execute", count)
if moment == "copied":
    pathlib.Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(Database.open(address, backups=pathlib.Path(backups)))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("moment", ["copied", "1", "2", "9", "30", "60", "done"])
async def test_a_process_that_is_killed_leaves_the_old_or_the_new_database(tmp_path: Path, moment: str) -> None:
    path, backups = filled(tmp_path / "bot.db", "0001"), tmp_path / "backups"
    before = everything(path)
    command = [sys.executable, "-c", KILLED, url(path), str(backups), moment]
    done = await asyncio.to_thread(subprocess.run, command, timeout=120, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    if moment == "done":
        assert version(path) == schema.HEAD
    else:
        assert everything(path) == before
    await (await Database.open(url(path), backups=backups)).close()
    assert version(path) == schema.HEAD
    copies = await asyncio.to_thread(lambda: sorted(backups.iterdir()))
    assert {version(copy) for copy in copies} == {"0001"}, "only whole copies"
