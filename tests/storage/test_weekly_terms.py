"""Which term comes next: those that moderators chose, then by rotation, none twice before all were had."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import starter, teachable, weekly_terms
from storage.database import Database
from tests import databases

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
ALL = {"en": ["a", "b", "c", "d"], "fr": ["a", "b", "c"]}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    found = await Database.open(databases.address(tmp_path / "bot.db"))
    yield found
    await found.close()


async def weeks(database: Database, complete: dict[str, list[str]], count: int, first: int = 1) -> list[str]:
    """Go through some weeks, and return their terms."""
    found = []
    async with database.write() as writer:
        for week in range(first, first + count):
            one = await weekly_terms.following(writer, complete)
            assert one is not None
            await weekly_terms.posted(writer, one, f"2026-W{week:02}", NOW)
            found.append(one)
    return found


async def test_none_comes_twice_before_all_were_had(database: Database) -> None:
    """What is complete in both languages; `d` waits for its French text."""
    found = await weeks(database, ALL, 9)
    assert [set(found[at : at + 3]) for at in (0, 3, 6)] == [{"a", "b", "c"}] * 3
    assert found[:3] == found[3:6] == found[6:]


async def test_terms_are_mixed_and_not_by_alphabet(database: Database) -> None:
    letters = {"en": [chr(sign) for sign in range(ord("a"), ord("k"))]}
    found = await weeks(database, letters, 10)
    assert found != sorted(found)
    assert sorted(found) == letters["en"]


async def test_a_new_term_comes_next_and_once(database: Database) -> None:
    await weeks(database, ALL, 6)
    more = {language: [*some, "new"] for language, some in ALL.items()}
    found = await weeks(database, more, 4, first=7)
    assert found[0] == "new"
    assert found[1:] == (await weeks(database, more, 4, first=11))[1:]


async def test_what_moderators_chose_goes_first_in_its_order(database: Database) -> None:
    (first,) = await weeks(database, ALL, 1)
    async with database.write() as writer:
        assert await weekly_terms.choose(writer, first, NOW)
        assert await weekly_terms.choose(writer, "d", NOW)
        assert not await weekly_terms.choose(writer, "d", NOW)
        assert await weekly_terms.choose(writer, "not complete", NOW)
        assert await weekly_terms.chosen(writer) == [first, "d", "not complete"]
    found = await weeks(database, ALL, 4, first=2)
    assert found[:2] == [first, "d"], "also what was had last week, and what is complete in one language"
    assert sorted([first, *found[2:]]) == ["a", "b", "c"]
    async with database.read() as reader:
        assert await weekly_terms.chosen(reader) == ["not complete"], "it waits until it is"
        assert await weekly_terms.of_week(reader, "2026-W03") == "d"
        assert await weekly_terms.of_week(reader, "2026-W40") is None
        assert await weekly_terms.newest(reader) == found[-1]


async def test_where_nothing_is_complete_nothing_comes(database: Database) -> None:
    async with database.write() as writer:
        await weekly_terms.choose(writer, "a", NOW)
        assert await weekly_terms.following(writer, {}) is None
        assert await weekly_terms.following(writer, {"en": []}) is None


async def test_all_terms_of_the_starter_glossary_are_complete_in_three_languages(database: Database) -> None:
    await starter.load(database, NOW)
    async with database.read() as reader:
        for language in ("en", "fr", "es"):
            found = await teachable.terms_in(reader, language)
            assert len(found) == 75
            assert all(one.is_complete(language) for one in found)
        assert await teachable.ids(reader, "sw") == []
