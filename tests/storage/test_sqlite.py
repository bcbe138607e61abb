"""A BEGIN waits for the first statement, and what a transaction took back is nowhere remembered."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from storage import schema
from storage.database import Database

pytestmark = pytest.mark.sqlite("how a connection of SQLite goes to its thread")

ROW = {"name": "terms", "number": 7}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}")
    try:
        yield opened
    finally:
        await opened.close()


async def numbers(database: Database) -> list[int]:
    async with database.read() as reader:
        return list((await reader.sql.execute(sa.select(schema.revision.c.number))).scalars())


async def test_a_transaction_without_statements_leaves_nothing_open(database: Database, tmp_path: Path) -> None:
    async with database.write():
        pass
    with closing(sqlite3.connect(tmp_path / "bot.db", timeout=0.1)) as other:
        other.execute("BEGIN IMMEDIATE")
    async with database.write() as writer:
        await writer.sql.execute(sa.insert(schema.revision), ROW)
    assert await numbers(database) == [7]


async def test_a_statement_that_fails_takes_the_transaction_back(database: Database) -> None:
    with pytest.raises(IntegrityError):  # noqa: PT012
        async with database.write() as writer:
            await writer.sql.execute(sa.insert(schema.revision), ROW)
            await writer.sql.execute(sa.insert(schema.revision), ROW)
    assert await numbers(database) == []


async def test_a_begin_that_fails_leaves_the_connection_usable(database: Database, tmp_path: Path) -> None:
    async with database.write() as writer:
        await writer.sql.execute(sa.text("PRAGMA busy_timeout = 50"))
    with closing(sqlite3.connect(tmp_path / "bot.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            async with database.write() as writer:
                await writer.sql.execute(sa.insert(schema.revision), ROW)
    async with database.write() as writer:
        await writer.sql.execute(sa.insert(schema.revision), ROW)
    assert await numbers(database) == [7]


async def test_what_was_rolled_back_is_not_remembered(database: Database) -> None:
    async def build(made: str) -> str:
        return made

    with pytest.raises(KeyError):  # noqa: PT012
        async with database.write() as writer:
            await writer.changed("terms")
            assert await writer.cached("terms", lambda: build("taken back")) == "taken back"
            raise KeyError
    async with database.write() as writer:
        await writer.changed("terms")
    async with database.read() as reader:
        assert await reader.cached("terms", lambda: build("kept")) == "kept"
        assert await reader.cached("terms", lambda: build("never made"), part="!") == "never made"
        assert await reader.cached("terms", lambda: build("made again")) == "kept"
