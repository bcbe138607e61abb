"""Who leads: one at a time, followed at once when it is gone, after a while when it is silent, and fenced off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from storage import leadership, moving
from storage.database import Database
from storage.failures import DeposedError, Failure, failure
from storage.leadership import AwayError, Leadership, Standing
from storage.postgres import UnusableDatabaseError

LONG, NO_TIME = timedelta(minutes=1), timedelta(0)

Joining = Callable[[str], Leadership]


@pytest.fixture
async def join(postgres: str) -> AsyncIterator[Joining]:
    """Give a way to take part under a name."""
    everybody: list[Leadership] = []

    def join(name: str) -> Leadership:
        everybody.append(Leadership(postgres, f"gaamac-bot {name}"))
        return everybody[-1]

    yield join
    for one in everybody:
        await one.close()


async def taken(one: Leadership, silence: timedelta) -> int:
    """Try until an instance leads: connections that were ended are gone a moment later."""
    async with asyncio.timeout(10):
        while (epoch := await one.take(silence)) is None:
            await asyncio.sleep(0.01)
    return epoch


async def standing(url: str) -> Standing | None:
    database = await Database.open(url)
    async with database.read() as reader:
        found = await leadership.standing(reader.sql)
    await database.close()
    return found


async def kept(database: Database) -> int:
    async with database.read() as reader:
        return await reader.revision("kept")


async def keep(database: Database) -> None:
    async with database.write() as writer:
        await writer.changed("kept")


async def test_one_leads_and_when_it_leaves_another_does_at_once(join: Joining, postgres: str) -> None:
    first, second = join("first"), join("second")
    assert await standing(postgres) is None
    assert await first.take(LONG) == 1
    assert await second.take(LONG) is None
    await first.beat()
    found = await standing(postgres)
    assert found is not None
    assert (found.name, found.epoch) == ("gaamac-bot first", 1)
    assert found.silent < LONG
    await first.leave()
    found = await standing(postgres)
    assert found is not None
    assert found.name is None
    assert await taken(second, LONG) == 2
    assert await first.take(LONG) is None


async def test_of_many_that_try_at_once_one_leads(join: Joining) -> None:
    epochs = await asyncio.gather(*(join(str(number)).take(LONG) for number in range(8)))
    assert sorted(epoch for epoch in epochs if epoch is not None) == [1]


async def test_a_leader_whose_connection_ends_is_followed_and_knows_it(join: Joining, postgres: str) -> None:
    first, second = join("first"), join("second")
    await first.take(LONG)
    database = await Database.open(postgres)
    async with database.read() as reader:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gaamac-bot first'"
        await reader.sql.execute(sa.text(end))
    await database.close()
    assert await taken(second, LONG) == 2
    with pytest.raises(AwayError):
        await first.beat()


async def test_a_silent_leader_is_followed_and_can_write_nothing_more(join: Joining, postgres: str) -> None:
    first, second = join("first"), join("second")
    epoch = await first.take(LONG)
    old = await Database.open(postgres, name=first.name, epoch=epoch)
    await keep(old)
    assert await taken(second, NO_TIME) == 2
    new = await Database.open(postgres, name=second.name, epoch=2)
    for _ in range(2):  # with the connection that was ended, and with a new one
        with pytest.raises(DeposedError):
            await keep(old)
    with pytest.raises((AwayError, DeposedError)):
        await first.beat()
    assert await kept(new) == 1
    await keep(new)
    assert await kept(old) == 2  # It may still read.
    await old.close()
    await new.close()


async def test_a_leader_that_is_stopped_in_the_middle_of_a_transaction(join: Joining, postgres: str) -> None:
    first, second = join("first"), join("second")
    old = await Database.open(postgres, name=first.name, epoch=await first.take(LONG))

    async def interrupted() -> None:
        async with old.write() as writer:
            await writer.changed("kept")
            # Its transaction holds the lock of who writes, and its epoch; both end with its connection.
            assert await taken(second, NO_TIME) == 2
            new = await Database.open(postgres, name=second.name, epoch=2)
            await keep(new)
            await new.close()

    with pytest.raises((DBAPIError, DeposedError)) as error:
        await interrupted()
    assert failure(error.value) is Failure.AWAY
    assert await kept(old) == 1
    await old.close()


async def test_without_a_server_or_a_right_nobody_leads(postgres: str) -> None:
    nowhere = Leadership("postgresql+asyncpg://a:secret@127.0.0.1:9/x", "gaamac-bot")
    with pytest.raises(AwayError, match="No PostgreSQL server answers") as error:
        await nowhere.take(LONG)
    assert "secret" not in str(error.value)
    with pytest.raises(DeposedError):
        await nowhere.beat()
    stranger = Leadership(postgres.replace("not%2Fa", "quite%2Fa"), "gaamac-bot")
    with pytest.raises(UnusableDatabaseError, match="refuses the role"):
        await stranger.take(LONG)
    for one in (nowhere, stranger):
        await one.close()


async def test_nothing_is_moved_while_an_instance_stands_by(join: Joining, postgres: str, tmp_path: Path) -> None:
    await join("first").take(LONG)
    await join("second").take(LONG)
    source = f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"
    await (await Database.open(source)).close()
    with pytest.raises(UnusableDatabaseError, match="A gaamac-bot is connected to"):
        await moving.move(source, postgres, lambda _one: None)
