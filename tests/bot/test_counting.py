"""When the numbers of the community are made: on the first of each month, of the whole once a year."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.counting import Counting
from storage import constituency
from storage.constituency import Constituent, Numbers
from storage.database import Database
from storage.due import Due
from tests import databases

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    found = await Database.open(databases.address(tmp_path / "bot.db"))
    yield found
    await found.close()


async def counted(database: Database, due_at: datetime, now: datetime) -> Numbers:
    async with database.write() as writer:
        task = Counting(6, "Africa/Nairobi")
        assert await task.act(writer, Due(kind="constituency", subject="numbers", due_at=due_at), now) == []
        found = await constituency.numbers(writer)
    assert found is not None
    return found


async def told(database: Database, count: int) -> None:
    async with database.write() as writer:
        for number in range(count):
            one = Constituent(
                person=f"@p{number}:example.org", agreed_at=NOVEMBER, agreed_to="1", updated_at=NOVEMBER
            )
            await constituency.put(writer, one)


def test_it_is_on_the_first_at_midnight_in_the_zone_of_the_operator() -> None:
    task = Counting(6, "Africa/Nairobi")
    assert task.first(datetime(2026, 11, 15, tzinfo=UTC)).due_at == datetime(2026, 11, 30, 21, tzinfo=UTC)
    due = task.first(datetime(2026, 11, 30, 20, 59, tzinfo=UTC))
    assert due.due_at == datetime(2026, 11, 30, 21, tzinfo=UTC)
    assert task.following(due, due.due_at) == datetime(2026, 12, 31, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due_at", "now", "number"),
    [
        (datetime(2026, 11, 30, 21, tzinfo=UTC), datetime(2026, 11, 30, 21, tzinfo=UTC), 5),
        (datetime(2026, 12, 31, 21, tzinfo=UTC), datetime(2026, 12, 31, 21, tzinfo=UTC), 10),
        (datetime(2026, 12, 31, 21, tzinfo=UTC), datetime(2027, 2, 9, tzinfo=UTC), 10),
        (datetime(2026, 11, 30, 21, tzinfo=UTC), datetime(2027, 2, 9, tzinfo=UTC), 10),
    ],
    ids=["December", "January", "January, late", "December, after a new year away"],
)
async def test_few_who_come_show_in_january_only(
    database: Database, due_at: datetime, now: datetime, number: int
) -> None:
    await told(database, 9)
    assert (await counted(database, datetime(2026, 10, 31, 21, tzinfo=UTC), NOVEMBER)).shown == {"all": 5}
    await told(database, 10)
    assert (await counted(database, due_at, now)).shown == {"all": number}
