"""An upgrade tells of starter content from which community it comes, and leaves what people made of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import event_changes, events, focal, focal_changes, glossary, glossary_changes, starter
from storage.database import Database
from storage.glossary_communities import pairs
from storage.starter_communities import DONE
from tests import databases

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Return a database as an older version left it: with the starter content, and nothing said of communities."""
    found = await Database.open(databases.address(tmp_path / "bot.db"))
    await starter.load(found, NOW)
    async with found.write() as writer:
        bare = [
            one.model_copy(update={"community": None, "counterparts": []}) for one in await glossary.every(writer)
        ]
        await glossary.replace(writer, bare, NOW)
        book = await focal.book(writer)
        await focal.put(writer, [one.model_copy(update={"community": None}) for one in book.records])
        for event in await events.every(writer):
            await events.put(writer, event.model_copy(update={"community": None}), NOW)
        await writer.sql.exec_driver_sql(f"DELETE FROM revision WHERE name = '{DONE}'")  # noqa: S608
    yield found
    await found.close()


async def _terms(database: Database) -> dict[str, str | None]:
    async with database.read() as reader:
        return {one.id: one.community for one in await glossary.every(reader)}


async def test_what_is_as_it_came_is_filled(database: Database) -> None:
    await starter.load(database, NOW)
    found = await _terms(database)
    assert found["genocide"] == "genocide_prevention"
    assert found["pillar-one"] == "r2p"
    assert found["risk-factor"] == "both"
    assert found["torture"] is None
    async with database.read() as reader:
        assert await pairs(reader) == [["atrocity-crimes", "genocide", "crimes-against-humanity", "war-crimes"]]
        denmark = await focal.get(reader, "r2p_focal_point", "DK")
        assert denmark is not None
        assert denmark.community == "r2p"
        assert denmark.version == 1
        by_uid = {one.uid: one.community for one in await events.every(reader)}
    assert by_uid["gaamac-1@gaamac.org"] == "both"
    assert by_uid["day-12-09@gaamac.org"] == "genocide_prevention"
    assert by_uid["day-12-10@gaamac.org"] is None


async def test_what_was_edited_stays_as_it_is(database: Database) -> None:
    async with database.write() as writer:
        known = await glossary.get(writer, "genocide")
        assert known is not None
        await glossary_changes.put(writer, known.model_copy(update={"topic": "justice"}), by=None, at=NOW)
        record = await focal.get(writer, "r2p_focal_point", "DK")
        assert record is not None
        await focal_changes.save(writer, record.model_copy(update={"status": "vacant"}), by="@m:x", at=NOW)
        event = next(one for one in await events.every(writer) if one.uid == "gaamac-1@gaamac.org")
        await event_changes.change(writer, event, {"place": "Elsewhere"}, by=None, at=NOW)
    await starter.load(database, NOW)
    assert (await _terms(database))["genocide"] is None
    async with database.read() as reader:
        denmark = await focal.get(reader, "r2p_focal_point", "DK")
        assert denmark is not None
        assert denmark.community is None
        kept = await events.get(reader, event.id)
        assert kept is not None
        assert kept.community is None


async def test_it_is_done_once(database: Database) -> None:
    await starter.load(database, NOW)
    async with database.write() as writer:
        known = await glossary.get(writer, "pillar-one")
        assert known is not None
        await glossary_changes.put(writer, known.model_copy(update={"community": None}), by=None, at=NOW)
    await starter.load(database, NOW)
    assert (await _terms(database))["pillar-one"] is None, "a moderator said so"
