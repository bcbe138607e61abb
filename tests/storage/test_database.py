"""The database: transactions end whole, whatever happens in them; migrations; what is on the disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError, StatementError

from storage import room_keys, schema
from storage.database import READERS, Database, Reader
from storage.migrate import MIGRATIONS, NewerDatabaseError
from storage.schema import person, revision
from tests import databases

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def url(path: Path) -> str:
    return databases.address(path)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(url(tmp_path / "bot.db"))
    yield opened
    await opened.close()


async def numbers(database: Database) -> dict[str, int]:
    """Return the revisions that are stored."""
    async with database.read() as reader:
        rows = await reader.sql.execute(sa.select(revision.c.name, revision.c.number))
        return {row.name: row.number for row in rows}


async def test_what_is_written_is_there_and_what_fails_is_not(database: Database) -> None:
    async with database.write() as writer:
        await writer.changed("kept")

    async def fail() -> None:
        async with database.write() as writer:
            await writer.changed("kept")
            await writer.changed("lost")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await numbers(database) == {"kept": 1}


async def test_a_commit_that_fails_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as writer:
            await writer.changed("lost")
            await databases.make_the_commit_fail(writer)

    for _ in range(3):
        with pytest.raises(IntegrityError):
            await fail()
        async with database.write() as writer:
            await writer.changed("kept")
    assert await numbers(database) == {"kept": 3}


@pytest.mark.parametrize("turns", range(40))
async def test_a_write_that_is_cancelled_anywhere_is_whole_or_nothing(database: Database, turns: int) -> None:
    finished = False

    async def write() -> None:
        nonlocal finished
        async with database.write() as writer:
            await writer.changed("first")
            await writer.changed("second")
            finished = True

    task = asyncio.create_task(write())
    for turn in range(turns):
        await asyncio.sleep(0 if turn % 2 else 0.0002)
    task.cancel()
    await asyncio.wait([task])
    found = await numbers(database)
    assert found in ({}, {"first": 1, "second": 1})
    assert found == {} or finished
    async with database.write() as writer:  # the next one finds no open transaction
        await writer.changed("third")
    assert (await numbers(database))["third"] == 1


async def test_a_read_that_is_cancelled_gives_its_connection_back(database: Database) -> None:
    async def read() -> None:
        async with database.read() as reader:
            for _ in range(5):
                await reader.sql.execute(sa.select(revision))

    for turn in range(4 * READERS):
        task = asyncio.create_task(read())
        await asyncio.sleep(turn * 0.0003)
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(20):
        await asyncio.gather(*[read() for _ in range(3 * READERS)])


async def test_one_writes_at_a_time_and_readers_see_what_was_there(database: Database) -> None:
    async def count() -> None:
        async with database.write() as writer:
            [before] = (await writer.sql.execute(sa.select(sa.func.count()).select_from(person))).scalars()
            await asyncio.sleep(0)
            values = {"user_id": f"@{before}:example.org", "updated_at": NOW}
            await writer.sql.execute(sa.insert(person).values(values))

    async with database.read() as reader:
        query = sa.select(sa.func.count()).select_from(person)
        assert (await reader.sql.execute(query)).scalar() == 0
        await asyncio.gather(*[count() for _ in range(20)])
        assert (await reader.sql.execute(query)).scalar() == 0, "a snapshot"
    async with database.read() as reader:
        assert (await reader.sql.execute(query)).scalar() == 20


async def test_what_is_computed_is_kept_until_the_content_changes(database: Database) -> None:
    built = 0

    async def build() -> int:
        nonlocal built
        built += 1
        return built

    async def ask(reader: Reader) -> int:
        return await reader.cached("terms", build)

    async with database.read() as reader:
        assert [await ask(reader), await ask(reader)] == [1, 1]
    async with database.write() as writer:
        await writer.changed("terms")
    async with database.read() as reader:
        assert [await ask(reader), await ask(reader)] == [2, 2]


async def test_numbers_that_others_choose_fit(database: Database) -> None:
    async with database.write() as writer:
        for index in (0, 2**31, 2**32 - 1):
            await room_keys.use(writer, "session", index, f"${index}")
            assert await room_keys.used_by(writer, "session", index) == f"${index}"


async def test_texts_are_compared_by_their_code_points(database: Database) -> None:
    names = ["", "A", "Z", "_", "a", "a b", "a_", "ab", "z", "É", "é", "\uffff", "\U0001f600", "\U0010ffff"]
    async with database.write() as writer:
        for name in reversed(names):
            await writer.put(revision, {"name": name}, number=1)
        query = sa.select(revision.c.name).order_by(revision.c.name)
        assert list((await writer.sql.execute(query)).scalars()) == names
        between = query.where(revision.c.name >= "a", revision.c.name < "a\U0010ffff")
        assert list((await writer.sql.execute(between)).scalars()) == ["a", "a b", "a_", "ab"]


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = {"user_id": "@mia:example.org", "updated_at": NOW.replace(tzinfo=None)}
    async with database.write() as writer:
        with pytest.raises(StatementError, match="without a zone"):
            await writer.sql.execute(sa.insert(person).values(naive))


@pytest.mark.sqlite("pragmas")
async def test_power_may_fail(database: Database) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    async with database.write() as writer:
        for pragma, value in expected.items():
            assert (await writer.sql.exec_driver_sql(f"PRAGMA {pragma}")).scalar() == value


async def test_migrations_make_what_the_schema_says(database: Database) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        # The full-text indexes, with the shadow tables of SQLite, are of a kind that SQLAlchemy does not describe.
        def described(name: str | None, kind: str, _parents: object) -> bool:
            return kind != "table" or not str(name).startswith(("glossary_text", "practice_text", "practice_word"))

        options = {"compare_type": True, "render_as_batch": True, "include_name": described}
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, schema.metadata)
        # PostgreSQL keeps comments, and what is said of a table or a column may become better without a migration.
        return [one for one in found if "comment" not in str((one[0] if isinstance(one, list) else one)[0])]

    async with database.write() as writer:
        assert await writer.sql.run_sync(differences) == []


def test_the_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


# Files


def pretend(path: Path, version: str) -> None:
    """Have the database say that it has another schema."""
    databases.execute(path, f"UPDATE alembic_version SET version_num = '{version}'")  # noqa: S608


async def test_a_newer_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await (await Database.open(url(path))).close()
    pretend(path, "9999")
    with pytest.raises(NewerDatabaseError, match="9999"):
        await Database.open(url(path), backups=tmp_path / "backups")
    assert not (tmp_path / "backups").exists()
    assert databases.execute(path, "SELECT version_num FROM alembic_version") == [("9999",)]


async def test_a_database_that_is_up_to_date_is_not_copied(tmp_path: Path) -> None:
    for _ in range(2):
        await (await Database.open(url(tmp_path / "bot.db"), backups=tmp_path / "backups")).close()
    assert not (tmp_path / "backups").exists()


@pytest.mark.sqlite("copies of the file")
async def test_before_a_migration_a_copy_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, backups = tmp_path / "bot.db", tmp_path / "backups"
    database = await Database.open(url(path))
    async with database.write() as writer:
        await writer.changed("before")
    await database.close()
    monkeypatch.setattr(schema, "HEAD", "the next one")  # so that there is something to migrate
    await (await Database.open(url(path), backups=backups)).close()
    [copy] = backups.iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(backups.stat().st_mode) == 0o700
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT name, number FROM revision").fetchall() == [("before", 1)]


@pytest.mark.sqlite("its files")
async def test_closed_means_that_no_thread_and_no_journal_is_left(tmp_path: Path) -> None:
    database = await Database.open(url(tmp_path / "bot.db"))
    async with database.read() as reader:
        await reader.sql.execute(sa.select(revision))
    async with database.write() as writer:
        await writer.changed("once")
    await database.close()
    assert [file.name for file in tmp_path.iterdir()] == ["bot.db"]


PROGRAM = """
import asyncio, sys
from storage.database import Database
async def main():
    database = await Database.open(sys.argv[1])
    async with database.write() as writer:
        await writer.changed("kept")
    if sys.argv[2] == "close":
        await database.close()
        return
    async with database.write() as writer:
        await writer.changed("lost")
        print("open", flush=True)
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["close", "kill"])
async def test_a_process_ends_and_what_was_committed_stays(tmp_path: Path, end: str) -> None:
    address = url(tmp_path / "bot.db")
    command = [sys.executable, "-c", PROGRAM, address, end]
    done = await asyncio.to_thread(subprocess.run, command, timeout=60, check=False, capture_output=True)
    assert done.returncode == (0 if end == "close" else -9), done.stderr
    database = await Database.open(address)
    assert await numbers(database) == {"kept": 1}
    await database.close()


async def test_a_newer_database_ends_the_program_with_its_exit_code(tmp_path: Path) -> None:
    await (await Database.open(url(tmp_path / "bot.db"))).close()
    pretend(tmp_path / "bot.db", "9999")
    variables = {
        "GAAMAC_MATRIX__HOMESERVER": "http://127.0.0.1:9",
        "GAAMAC_MATRIX__USER_ID": "@gaamac:example.org",
        "GAAMAC_DATA_DIR": str(tmp_path),
        "GAAMAC_DATABASE_URL": url(tmp_path / "bot.db"),
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot.cli", "run"],
        env={name: value for name, value in os.environ.items() if not name.startswith("GAAMAC_")} | variables,
        timeout=60,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5
    assert "9999" in done.stderr
    assert "Traceback" not in done.stderr
