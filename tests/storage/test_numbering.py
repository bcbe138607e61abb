"""No number is given twice, wherever the rows came from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage import numbering, restored
from storage.database import Database, Writer
from storage.schema import proposal, sync_position
from tests import databases

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(databases.address(tmp_path / "bot.db"))
    yield opened
    await opened.close()


async def number(writer: Writer, given: int | None = None) -> int:
    """Add a row, which may come with a number, and return its number."""
    values: dict[str, Any] = {
        "kind": "glossary",
        "room_id": "!room",
        "person": "@mia:example.org",
        "state": "open",
    }
    values |= {"plan": {}, "created_at": NOW, "expires_at": NOW}
    made = await writer.sql.execute(sa.insert(proposal).values(**values, **({"id": given} if given else {})))
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


async def test_a_number_is_not_given_again_when_its_row_is_gone(database: Database) -> None:
    async with database.write() as writer:
        last = [await number(writer) for _ in range(3)][-1]
        await writer.sql.execute(sa.delete(proposal))
        assert await numbering.highest(writer.sql, proposal) == last
        assert await number(writer) == last + 1


async def test_behind_rows_that_came_with_their_numbers(database: Database) -> None:
    async with database.write() as writer:
        await number(writer, given=41)
        await numbering.go_on(writer.sql, proposal, await numbering.highest(writer.sql, proposal))
        assert await number(writer) == 42


async def test_a_copy_that_is_put_back_leaves_numbers_free(database: Database) -> None:
    async with database.write() as writer:
        await number(writer)
        await restored.begin(writer, NOW, NOW)
        assert await number(writer) == 201


async def test_a_table_that_gives_no_numbers(database: Database) -> None:
    async with database.write() as writer:
        assert await numbering.highest(writer.sql, sync_position) == 0
        await numbering.go_on(writer.sql, sync_position, 7)
