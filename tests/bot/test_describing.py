"""Commands are described when there is need, once, in the background, whatever the homeserver answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot import describing
from bot.descriptions import EVENT_TYPE, describe, state_key
from bot.pace import BACKGROUND, Pace
from bot.repertoire import registry
from storage import rooms
from storage.database import Database
from tests.bot.conftest import LONGEST, running, synced, until
from tests.bot.fake_homeserver import BOT, MIA, ROOM, FakeHomeserver
from tests.bot.scripted import proxy_error, refuse

WANTED = describe(registry().commands, BOT, "en", moderators=False)
SOON = 0.05


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describing, "GATHER_SECONDS", SOON)
    monkeypatch.setattr(describing, "REST_SECONDS", SOON)


def allow(fake: FakeHomeserver, power: int = 50) -> None:
    fake.state[ROOM, "m.room.member", BOT] = {"membership": "join"}
    fake.state[ROOM, "m.room.power_levels", ""] = {"users": {BOT: power}}


def written(fake: FakeHomeserver) -> list[str]:
    """Return the state keys that were written, in their order."""
    return [one.parts["key"] for one in fake.requests("set_state")]


def standing(fake: FakeHomeserver) -> dict[str, Any]:
    return {key: content for (_, kind, key), content in fake.state.items() if kind == EVENT_TYPE and content}


async def described(database: Database) -> str | None:
    async with database.read() as reader:
        found = await rooms.one(reader, ROOM)
    return found.described if found else None


async def until_described(database: Database, as_: str | None) -> None:
    async with asyncio.timeout(60):
        while await described(database) != as_:
            await asyncio.sleep(0.02)


async def test_when_somebody_asks_and_then_no_more(fake: FakeHomeserver, tmp_path: Path) -> None:
    allow(fake)
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await asyncio.sleep(4 * SOON)
        assert written(fake) == []  # nobody has asked anything there
        await fake.say("!status")
        await until_described(bot.database, WANTED.fingerprint)
        assert standing(fake) == WANTED.contents
        assert len(written(fake)) == len(WANTED.contents)
        await fake.say("!status")
        await until(lambda: len(fake.taken) == 2)
        await asyncio.sleep(4 * SOON)
    async with running(fake, tmp_path) as bot:
        await fake.say("!status")
        await until(lambda: len(fake.taken) == 3)
        await asyncio.sleep(4 * SOON)
    assert len(written(fake)) == len(WANTED.contents)
    # Who may do what was asked once.
    asked = [one for one in fake.requests("state") if one.parts["kind"] == "m.room.member"]
    assert len(asked) == 1
    assert len(fake.requests("all_state")) == 1


async def test_hundreds_of_rooms_cost_nothing_at_the_start(fake: FakeHomeserver, tmp_path: Path) -> None:
    for number in range(500):
        fake.join_room(f"!room{number}:example.org")
    async with running(fake, tmp_path):
        await synced(fake)
        await asyncio.sleep(4 * SOON)
    async with running(fake, tmp_path):
        await asyncio.sleep(4 * SOON)
    assert fake.requests("state") == fake.requests("all_state") == fake.requests("set_state") == []


async def test_a_limit_is_kept_to_and_an_outage_waited_out(fake: FakeHomeserver, tmp_path: Path) -> None:
    allow(fake)
    limited = refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=20)
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.script("set_state", limited, limited, proxy_error())
        await fake.say("!status")
        await until_described(bot.database, WANTED.fingerprint)
    assert standing(fake) == WANTED.contents
    assert len(written(fake)) == len(WANTED.contents) + 3
    assert fake.answers_to()["$said0"] == 1


async def test_a_refusal_is_remembered_until_the_power_levels_change(fake: FakeHomeserver, tmp_path: Path) -> None:
    allow(fake)
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        # The levels allow it, and the homeserver does not.
        fake.always("set_state", refuse(403, "M_FORBIDDEN"))
        await fake.say("!status")
        await until_described(bot.database, "refused")
        await fake.say("!status")
        await until(lambda: len(fake.taken) == 2)
        await asyncio.sleep(4 * SOON)
        assert len(written(fake)) == 1
        fake.mend("set_state")
        event = {"event_id": "$p", "type": "m.room.power_levels", "sender": MIA, "origin_server_ts": 1}
        await fake.put(event | {"state_key": "", "content": {}})
        await until_described(bot.database, WANTED.fingerprint)


async def test_what_the_levels_forbid_is_not_tried(fake: FakeHomeserver, tmp_path: Path) -> None:
    allow(fake, power=49)
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await fake.say("!status")
        await until_described(bot.database, "refused")
    assert written(fake) == []


async def test_forged_power_levels_are_a_reason_to_look_and_no_more(fake: FakeHomeserver, tmp_path: Path) -> None:
    allow(fake, power=0)
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await fake.say("!status")
        await until_described(bot.database, "refused")
        event = {"event_id": "$p", "type": "m.room.power_levels", "sender": MIA, "origin_server_ts": 1}
        before = len(fake.requests("state"))
        await fake.put(event | {"state_key": "", "content": {"users": {BOT: 100}}})
        await until(lambda: len(fake.requests("state")) >= before + 4)
        await until_described(bot.database, "refused")
    assert written(fake) == []


async def test_another_language_is_written_after_a_rest(
    fake: FakeHomeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describing, "REST_SECONDS", 1.0)
    french = describe(registry().commands, BOT, "fr", moderators=False)
    allow(fake)
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await fake.say("!status")
        await until_described(bot.database, WANTED.fingerprint)
        for language in ("es", "en", "es", "fr"):
            async with bot.database.write() as writer:
                await rooms.choose_language(writer, ROOM, language)
            event = await fake.say("!status")
            async with asyncio.timeout(LONGEST):
                while not fake.answers_to()[event]:
                    await asyncio.sleep(0.005)
        await until_described(bot.database, french.fingerprint)
    assert standing(fake) == french.contents
    # The languages in between may have been seen once, not each of them.
    assert len(written(fake)) <= 3 * len(WANTED.contents)


@pytest.mark.parametrize("members", [5, 4])
async def test_what_an_earlier_life_left_is_found_in_rooms_that_can_be_read(
    fake: FakeHomeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: int
) -> None:
    monkeypatch.setattr(describing, "READABLE", members)  # five are in the room
    allow(fake)
    gone, same = state_key("weather", BOT), state_key("status", BOT)
    fake.state[ROOM, EVENT_TYPE, gone] = {"command": "weather"}
    fake.state[ROOM, EVENT_TYPE, same] = dict(WANTED.contents[same])
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await fake.say("!status")
        await until_described(bot.database, WANTED.fingerprint)
    if members == 5:
        assert standing(fake) == WANTED.contents
        assert gone in written(fake)
        assert same not in written(fake)
    else:
        assert fake.requests("all_state") == []
        assert set(written(fake)) == set(WANTED.contents)


async def test_the_burst_is_left_for_those_who_wait() -> None:
    """Descriptions go when all that may be said at once could be said; an answer finds it nearly whole."""
    now = 100.0
    pace = Pace(lambda: now)
    for _ in range(10):
        await pace.turn(0)
        pace.succeeded()
    pace.limited(5.0)
    now += 5
    await pace.turn(0)
    background = asyncio.create_task(pace.turn(BACKGROUND))
    await asyncio.sleep(0)
    now += 5 * 9 + 1
    await asyncio.sleep(0.01)
    assert not background.done()
    # Somebody asks: all but the one token that is missing can be had at once.
    for _ in range(9):
        await asyncio.wait_for(pace.turn(0), 1)
        pace.succeeded()
    assert not background.done()
    background.cancel()
    await asyncio.gather(background, return_exceptions=True)
