"""What PostgreSQL does otherwise than SQLite: several processes, a server that ends, a line that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from storage import postgres, schema
from storage.database import Database, Writer
from storage.failures import LostDatabaseError
from storage.postgres import UnusableDatabaseError, is_lost, shown
from tests import databases
from tests.postgres import EMPTY

pytestmark = pytest.mark.postgresql("several processes, and a server")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(databases.address(tmp_path / "bot.db"))
    yield opened
    await opened.close()


@asynccontextmanager
async def halted() -> AsyncIterator[None]:
    """Halt the server until the end of the block."""
    server = databases.server()
    await asyncio.to_thread(server.halt)
    try:
        yield
    finally:
        await asyncio.to_thread(server.run)


async def count(database: Database, name: str = "kept") -> int:
    async with database.read() as reader:
        return await reader.revision(name)


async def test_writers_of_two_processes_are_one_at_a_time(database: Database, tmp_path: Path) -> None:
    other = await Database.open(databases.address(tmp_path / "bot.db"))

    async def add_one(to: Database) -> None:
        async with to.write() as writer:
            # Read first, write afterwards: whoever came between would be forgotten.
            number = await writer.revision("kept")
            await asyncio.sleep(0.001)
            await writer.put(schema.revision, {"name": "kept"}, number=number + 1)

    await asyncio.gather(*[add_one(to) for _ in range(30) for to in (database, other)])
    assert await count(database) == 60
    await other.close()


async def test_who_waits_too_long_for_another_process_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.SETTINGS, "lock_timeout", "200")
    first = await Database.open(databases.address(tmp_path / "bot.db"))
    second = await Database.open(databases.address(tmp_path / "bot.db"))
    async with first.write() as writer:
        await writer.changed("kept")
        with pytest.raises(DBAPIError, match="lock timeout"):
            async with second.write():
                pass
    async with second.write() as writer:
        await writer.changed("kept")
    assert await count(first) == 2
    await first.close()
    await second.close()


async def test_readers_cannot_write(database: Database) -> None:
    async with database.read() as reader:
        with pytest.raises(DBAPIError, match="read-only"):
            await reader.sql.execute(sa.insert(schema.revision).values(name="kept", number=1))


async def test_after_a_restart_of_the_server_nobody_notices(database: Database) -> None:
    async with database.write() as writer:
        await writer.changed("kept")
    assert await count(database) == 1
    async with halted():
        with pytest.raises(LostDatabaseError):
            await count(database)
    async with database.write() as writer:
        await writer.changed("kept")
    assert await count(database) == 2


async def test_what_the_end_of_the_server_interrupts_is_taken_back_and_can_be_done_again(
    database: Database,
) -> None:

    async def interrupted() -> None:
        async with database.write() as writer:
            await writer.changed("kept")
            async with halted():
                await writer.changed("kept")

    with pytest.raises(DBAPIError) as error:
        await interrupted()
    assert is_lost(error.value)
    async with database.write() as writer:
        await writer.changed("kept")
    assert await count(database) == 1


# The line breaks while a transaction is committed


class Line:
    """Stands between the bot and the server, and breaks when a commit passes: before it, or on the way back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.breaks: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Give what stands in place of the folder of the server."""
        place = self.folder / ".s.PGSQL.5432"

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._tasks.add(asyncio.create_task(self._pass(reader, writer)))

        async with await asyncio.start_unix_server(connected, str(place)):
            yield str(self.folder)
            await asyncio.gather(*self._tasks)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what is said in one connection."""
        there = str(databases.server().folder / ".s.PGSQL.5432")
        answers, asks = await asyncio.open_unix_connection(there)
        back = asyncio.create_task(self._copy(answers, writer))
        while data := await reader.read(65536):
            if self.breaks and b"COMMIT" in data:
                when, self.breaks = self.breaks, None
                back.cancel()
                await asyncio.wait([back])
                if when == "after":
                    asks.write(data)
                    await answers.read(1)
                break
            asks.write(data)
        back.cancel()
        for end in (asks, writer):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()  # Who says goodbye waits for that.


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_line_that_breaks_at_a_commit_leaves_no_doubt(tmp_path: Path, when: str) -> None:
    line = Line(tmp_path)
    address = databases.address(tmp_path / "bot.db")
    async with line.open() as folder:
        database = await Database.open(address.replace(str(databases.server().folder), folder))

        async def change(writer: Writer) -> None:
            await writer.changed("kept")
            line.breaks = when

        if when == "after":
            async with database.write() as writer:
                await change(writer)  # It came through, and so nothing is raised.
        else:
            with pytest.raises(DBAPIError):
                async with database.write() as writer:
                    await change(writer)
        assert line.breaks is None
        assert await count(database) == (1 if when == "after" else 0)
        async with database.write() as writer:
            await writer.changed("kept")
        assert await count(database) == (2 if when == "after" else 1)
        await database.close()


# What is wrong


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql+asyncpg://a:secret@127.0.0.1:9/x", "No PostgreSQL server answers at 127.0.0.1:9"),
        (
            "postgresql+asyncpg://a:secret@nowhere.invalid/x",
            "No PostgreSQL server answers at nowhere.invalid:5432",
        ),
    ],
)
async def test_no_server_is_said_without_the_password(address: str, sentence: str) -> None:
    with pytest.raises(UnusableDatabaseError, match=sentence) as error:
        await Database.open(address)
    assert "secret" not in str(error.value)


async def test_two_that_start_at_once_make_the_tables_once() -> None:
    address = databases.server().address(databases.server().fresh(EMPTY))
    both = await asyncio.gather(Database.open(address), Database.open(address))
    for one in both:
        assert await count(one) == 0
        await one.close()


def test_no_password_is_shown() -> None:
    assert shown("postgresql+asyncpg://me:secret@db:1/bot") == "postgresql+asyncpg://me:***@db:1/bot"
    assert "secret" not in shown("postgresql+asyncpg://me@/bot?password=secret&host=/run")
    assert "secret" not in shown("postgresql+asyncpg://me:secret@db:port/bot")
