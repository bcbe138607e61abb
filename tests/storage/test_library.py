"""What was published before there was a library is in it only if its author chose so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from storage import library, public_commitments
from storage.database import Database
from storage.migrate import MIGRATIONS
from tests import databases

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SAID = {"country": "KE", "category": "state", "deadline": "2027-12-09", "known": "A list is published."}


async def before(url: str, migration: str, kind: str, also: str = "", drawn: dict[str, Any] | None = None) -> None:
    """Make the tables as they were, with three submissions in them, and what is drawn `also` from each."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    (made_here,) = (one for one in scripts if Path(one.path).name.endswith(migration))

    def make(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, str(made_here.down_revision))

        def insert(table: str, values: dict[str, Any]) -> None:
            names = ", ".join(f'"{name}"' for name in values)
            places = ", ".join(f":{name}" for name in values)
            connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)  # noqa: S608

        for number, (state, visibility) in enumerate(
            [("published", "public"), ("update_pending", "members"), ("withdrawn", "public")], 1
        ):
            fields = json.dumps(SAID | {"title": f"Number {number}", "visibility": visibility})
            values: dict[str, Any] = {"id": number, "kind": kind, "state": state, "version": 1}
            values |= {"language": "en", "fields": fields, "consent": "{}", "approvals": "[]"}
            values |= {"created_at": NOW.replace(tzinfo=None), "updated_at": NOW.replace(tzinfo=None)}
            insert("submission", values)
            if also:
                insert(also, {"submission_id": number, **(drawn or {})})

    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(make)
    await engine.dispose()


@pytest.mark.sqlite("no PostgreSQL database is older than the library")
@pytest.mark.filterwarnings("ignore:The default datetime adapter is deprecated:DeprecationWarning")
async def test_a_migration_shows_what_was_for_everybody_already(tmp_path: Path) -> None:
    url = databases.address(tmp_path / "bot.db")
    await before(url, "_library.py", "practice")
    database = await Database.open(url)
    try:
        async with database.read() as reader:
            assert [one.id for one in await library.practices(reader, 10)] == [1]
            assert await library.practice_countries(reader) == {"KE": 1}
            one = await library.practice(reader, 1)
            assert one is not None
            assert one.at == NOW
            assert await library.practice(reader, 2) is None
            assert await library.practice(reader, 3) is None
    finally:
        await database.close()


@pytest.mark.sqlite("no PostgreSQL database is older than the first release")
@pytest.mark.filterwarnings("ignore:The default datetime adapter is deprecated:DeprecationWarning")
async def test_a_migration_shows_commitments_that_were_for_everybody_already(tmp_path: Path) -> None:
    url = databases.address(tmp_path / "bot.db")
    drawn = {"country": "KE", "category": "state", "deadline": "2027-12-09"}
    await before(url, "_public_commitments.py", "commitment", "commitment", drawn)
    database = await Database.open(url)
    try:
        async with database.read() as reader:
            assert await public_commitments.numbers(reader, 10) == [1]
            assert await public_commitments.countries(reader) == {"KE": 1}
            one = await public_commitments.get(reader, 1)
            assert one is not None
            assert (one.at, one.level) == (NOW, None)
            assert await public_commitments.get(reader, 2) is None
            assert await public_commitments.get(reader, 3) is None
            assert await library.practice_count(reader) == 0
    finally:
        await database.close()


async def fail(database: Database) -> None:
    async with database.write() as writer:
        await writer.changed("events")
        await writer.sql.execute(sa.text("SELECT * FROM nothing"))


async def test_versions_count_what_was_committed_and_nothing_else(tmp_path: Path) -> None:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    try:
        before = database.versions("events", "focal")
        with pytest.raises(sa.exc.DBAPIError):
            await fail(database)
        assert database.versions("events", "focal") == before
        async with database.write() as writer:
            await writer.changed("events")
            assert database.versions("events", "focal") == before
        assert database.versions("events", "focal") == (before[0] + 1, before[1])
    finally:
        await database.close()
