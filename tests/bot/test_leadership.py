"""When an instance works: as long as its heart beats, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.errors import UnreachableError
from bot.leadership import LOST_SECONDS, Election, Term
from bot.login import Login
from bot.session import Session
from storage.postgres import UnusableDatabaseError
from tests import databases
from tests.bot.fake_homeserver import BOT, FakeHomeserver


@pytest.fixture
async def both(postgres: str) -> AsyncIterator[tuple[Election, Election]]:
    one, other = Election(postgres), Election(postgres)
    yield one, other
    await one.close()
    await other.close()


def test_an_instance_that_is_alone_works_for_ever() -> None:
    term = Term()
    term.beaten_at = 0.0
    assert term.leads()


def test_one_of_several_is_silent_when_its_heart_has_not_beaten() -> None:
    term = Term("gaamac-bot", 1)
    assert term.leads()
    term.beaten_at -= LOST_SECONDS
    assert not term.leads()  # as after the process was stopped for a while, before it knows of anything
    term = Term("gaamac-bot", 1)
    term.lost.set()
    assert not term.leads()


async def test_nothing_is_asked_of_the_homeserver_by_who_does_not_lead(fake: FakeHomeserver) -> None:
    login = Login(homeserver=fake.url, user_id=BOT, device_id="DEVICE", access_token="token-1")
    term = Term("gaamac-bot", 1)
    session = Session(login, term.leads)
    await session.display_name()
    asked = len(fake.asked)
    term.lost.set()
    for request in (
        session.send("!room:example.org", "m.room.message", {"body": "late"}, "txn"),
        session.download("mxc://example.org/file", 100),
        session.call("POST", "createRoom", body={}),
    ):
        with pytest.raises(UnreachableError, match="another instance"):
            await request
    assert len(fake.asked) == asked
    await session.close()


async def test_one_leads_until_it_leaves(both: tuple[Election, Election]) -> None:
    one, other = both
    async with one.won() as term:
        assert term is not None
        assert (term.name, term.epoch) == (one.name, 1)
        async with other.won() as second:
            assert second is None
        assert other.problem is None
        assert term.leads()
    assert not term.leads()
    async with asyncio.timeout(10):
        while True:
            async with other.won() as term:
                if term is not None:
                    assert term.epoch == 2
                    return


async def test_a_leader_without_its_database_gives_up_and_may_lead_again(both: tuple[Election, Election]) -> None:
    one, other = both
    async with one.won() as term:
        assert term is not None
        await asyncio.to_thread(databases.server().halt)
        try:
            await asyncio.wait_for(term.lost.wait(), 30)
            assert not term.leads()
            async with other.won() as second:
                assert second is None
            assert other.problem is not None
        finally:
            await asyncio.to_thread(databases.server().run)
    async with one.won() as term:
        assert term is not None
        assert term.leads()


async def test_who_may_not_use_the_database_is_told_so(postgres: str) -> None:
    stranger = Election(postgres.replace("not%2Fa", "quite%2Fa"))
    with pytest.raises(UnusableDatabaseError, match="refuses the role"):
        async with stranger.won():
            pass
    await stranger.close()
