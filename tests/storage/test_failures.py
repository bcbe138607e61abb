"""What errors of the database mean, met on real files: damaged, full, held by another process."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from storage import schema, soundness
from storage.database import Database
from storage.failures import DamagedError, Failure, failure

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def held(path: Path) -> AsyncIterator[None]:
    """Have another process hold the database until the end of the block."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    await holder.stdout.readline()
    try:
        yield
    finally:
        assert holder.stdin is not None
        holder.stdin.close()
        await holder.wait()


def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(url(tmp_path / "bot.db"))
    yield opened
    await opened.close()


async def change(database: Database, name: str = "x") -> None:
    async with database.write() as writer:
        await writer.changed(name)


async def test_a_full_disk_takes_nothing_and_then_something_again(database: Database) -> None:
    async with database.write() as writer:
        await writer.sql.exec_driver_sql("PRAGMA max_page_count = 1")  # as large as it is, and no larger

    async def write_much() -> None:
        async with database.write() as writer:
            for number in range(2000):
                await writer.changed("x" * 100 + str(number))

    with pytest.raises(DBAPIError) as caught:
        await write_much()
    assert failure(caught.value) is Failure.FULL
    assert database.failing is Failure.FULL
    assert not database.broken.is_set(), "it can be mended by waiting"
    async with database.write() as writer:
        await writer.sql.exec_driver_sql("PRAGMA max_page_count = 100000")
    await change(database)
    assert database.failing is None


async def test_who_is_held_up_for_three_seconds_waits(database: Database, tmp_path: Path) -> None:
    async with held(tmp_path / "bot.db"):
        task = asyncio.create_task(change(database))
        await asyncio.sleep(3)
        assert not task.done()
    await task
    assert database.failing is None


async def test_who_is_held_up_for_longer_is_told(database: Database, tmp_path: Path) -> None:
    async with held(tmp_path / "bot.db"):
        began = time.monotonic()
        with pytest.raises(DBAPIError) as caught:
            await change(database)
        assert time.monotonic() - began >= 5
        assert failure(caught.value) is Failure.LOCKED
        assert database.failing is Failure.LOCKED
        async with database.read() as reader:  # reading goes on
            assert await reader.revision("x") == 0
    await change(database)
    assert database.failing is None


async def test_a_damaged_page_met_while_running_is_noted_wherever_it_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await (await Database.open(url(path))).close()
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'revision'"
        [(page,)] = connection.execute(query).fetchall()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    database = await Database.open(url(path))
    try:
        async with database.read() as reader:
            with pytest.raises(DBAPIError) as caught:
                await reader.sql.exec_driver_sql("SELECT * FROM revision")
        assert failure(caught.value) is Failure.DAMAGED
        assert database.failing is Failure.DAMAGED
        assert database.broken.is_set()
        assert database.broken_by is Failure.DAMAGED
    finally:
        await database.close()


@pytest.mark.parametrize("how", ["page", "header", "no database", "cut off"])
async def test_a_look_finds_what_is_damaged_and_changes_nothing(tmp_path: Path, how: str) -> None:
    path = tmp_path / "bot.db"
    await (await Database.open(url(path))).close()
    await soundness.examine(url(path))
    content = bytearray(path.read_bytes())
    if how == "page":
        content[8192:12288] = b"\xff" * 4096
    elif how == "header":
        content[:100] = b"\0" * 100
    elif how == "no database":
        content = bytearray(b"these are my holiday photos" * 1000)
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    with pytest.raises((DamagedError, sqlite3.DatabaseError)) as caught:
        await soundness.examine(url(path))
    assert failure(caught.value) is Failure.DAMAGED
    assert path.read_bytes() == bytes(content)


async def test_the_log_of_a_crash_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await (await Database.open(url(path))).close()
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute(\"INSERT INTO revision VALUES ('x', 1)\"); c.commit(); os._exit(0)"
    )
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program, str(path)], check=True)
    before = (path.read_bytes(), (tmp_path / "bot.db-wal").read_bytes())
    assert before[1]
    await soundness.examine(url(path))
    assert (path.read_bytes(), (tmp_path / "bot.db-wal").read_bytes()) == before


async def test_there_is_nothing_to_look_at_before_the_first_start(tmp_path: Path) -> None:
    await soundness.examine(url(tmp_path / "bot.db"))
    assert list(tmp_path.iterdir()) == []
    await soundness.examine("postgresql+asyncpg://bot@db/bot")


async def test_a_copy_that_fails_leaves_no_half_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, backups = tmp_path / "bot.db", tmp_path / "backups"
    await (await Database.open(url(path))).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE more(text)")
        connection.execute("INSERT INTO more VALUES (zeroblob(1000000))")
    damage_end(path)
    monkeypatch.setattr(schema, "HEAD", "the next one")
    with pytest.raises(Exception, match=r"malformed|full"):
        await Database.open(url(path), backups=backups)
    assert list(backups.iterdir()) == []


def damage_end(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - 900_000)
        file.write(b"\xff" * 800_000)


def test_an_error_of_the_program_is_none_of_the_database() -> None:
    assert failure(sqlite3.ProgrammingError("wrong number of parameters")) is None
    assert failure(ValueError()) is None
    assert failure(None) is None
