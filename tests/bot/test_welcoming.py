"""Who comes for the first time is welcomed once; who was there before, or comes again, is not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from pydantic import SecretStr

from config.settings import FloodSettings, MatrixSettings, RoomSettings, Settings, WelcomeSettings
from storage import due, newcomers, rooms
from storage.database import Database
from storage.schema import due as due_table
from storage.schema import met, outbox
from tests.bot.conftest import until
from tests.bot.fake_homeserver import BOT, MIA, ROOM, FakeHomeserver, member_event
from tests.bot.scripted import refuse
from tests.bot.test_reconciling import Lives
from tests.extent import extent

JOE, ANA, OLD = "@joe:example.org", "@ana:example.org", "@old:example.org"
WAVE = 500
SAID = extent(WAVE, 100)
"""How many of them are welcomed in the test, by a bot that is stopped meanwhile."""


class Town(Lives):
    """A bot with a community room, to which people come."""

    welcome = WelcomeSettings(per_hour=3600, skip=["@bridge_*:example.org"])

    def settings(self) -> Settings:
        return Settings(
            matrix=MatrixSettings(homeserver=self.fake.url, user_id=BOT, password=SecretStr("secret")),
            rooms=RoomSettings(community=[ROOM]),
            flood=FloodSettings(commands_per_minute=0),
            welcome=self.welcome,
            data_dir=self.folder,
        )

    def welcomed(self) -> Counter[str]:
        """Count the welcomes by the person to whose chat they went."""
        people = {
            room: person for (room, kind, person) in self.fake.state if kind == "m.room.member" and room != ROOM
        }
        welcomes = [one for one in self.fake.taken if "because you are new here" in str(one.content.get("body"))]
        return Counter(people[one.room_id] for one in welcomes)

    async def knows(self, database: Database) -> None:
        """Wait until the bot knows who is in the room."""
        async with asyncio.timeout(30):
            while True:
                async with database.read() as reader:
                    known = await rooms.one(reader, ROOM)
                if known is not None and known.members_known_at is not None:
                    return
                await asyncio.sleep(0.01)

    async def nothing_waits(self, database: Database) -> None:
        """Wait until what was planned is done and sent, or given up."""
        waits = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state == "pending")
        async with asyncio.timeout(60):
            while True:
                async with database.read() as reader:
                    left = await newcomers.count_waiting(reader)
                    left += (await reader.sql.execute(waits)).scalar_one()
                if not left:
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
def town(fake: FakeHomeserver, tmp_path: Path) -> Town:
    return Town(fake, tmp_path)


async def handled(town: Town) -> None:
    """Wait until the bot has read all that happened so far."""
    await town.answered(await town.fake.say("!status"))


async def test_who_comes_is_welcomed_once_and_who_was_there_is_not(town: Town) -> None:
    await town.fake.member(OLD)
    async with town.living() as database:
        await town.knows(database)
        await town.fake.member(JOE)
        await town.fake.member(OLD, displayname="Old friend")
        await until(lambda: town.welcomed())
        await town.fake.member(JOE, displayname="Joe")
        await town.fake.member(JOE, "leave")
        await town.fake.member(JOE)
        await town.fake.member(BOT, displayname="Bot")
        await town.fake.member("@bridge_7:example.org")
        await town.fake.member(ANA)
        await until(lambda: town.welcomed()[ANA])
        await handled(town)
        await town.nothing_waits(database)
    async with town.living() as database:
        await town.fake.member(JOE, "leave")
        await town.fake.member(OLD, "leave")
        await town.fake.member(JOE)
        await town.fake.member(OLD)
        await handled(town)
        await town.nothing_waits(database)
    assert town.welcomed() == {JOE: 1, ANA: 1}


async def test_who_was_there_before_the_bot_and_left_is_not_welcomed(town: Town) -> None:
    await town.fake.member(OLD)
    await town.fake.member(OLD, "leave")
    async with town.living() as database:
        await town.knows(database)
        await town.fake.member(OLD)
        await handled(town)
        await town.nothing_waits(database)
    assert town.welcomed() == {}


async def test_who_comes_before_it_is_known_who_is_there_is_not_welcomed(town: Town) -> None:
    """It cannot be told whether they were there; so they are remembered, and not bothered."""
    town.fake.always("members", refuse(502, "M_UNKNOWN"))
    async with town.living() as database:
        await town.fake.member(OLD, displayname="It may be that I was here")
        await handled(town)
        town.fake.mend("members")
        town.fake.state.pop((ROOM, "m.room.member", OLD))
        await town.fake.say("hello")
        await town.knows(database)
        await town.fake.member(OLD, displayname="Another name")
        await town.fake.member(JOE)
        await until(lambda: town.welcomed())
        await town.nothing_waits(database)
    assert town.welcomed() == {JOE: 1}


async def test_the_welcome_is_in_the_language_of_the_room_or_that_of_the_person(town: Town) -> None:
    async with town.living() as database:
        await town.knows(database)
        async with database.write() as writer:
            await rooms.choose_language(writer, ROOM, "fr")
        await town.fake.member(JOE)
        await until(lambda: [one for one in town.fake.taken if one.room_id != ROOM])
    [said] = [one for one in town.fake.taken if one.room_id != ROOM]
    body = said.content["body"]
    assert body.startswith("Bienvenue. Je suis le bot de cette communauté, et je vous écris une seule fois")
    assert "- terme génocide" in body
    assert "language en (English), idioma es (español)" in body
    assert said.content["msgtype"] == "m.notice"


async def test_a_member_event_that_cannot_be_is_dropped_and_counted(
    town: Town, logged: list[MutableMapping[str, Any]]
) -> None:
    async with town.living() as database:
        await town.knows(database)
        forged = member_event("$forged", JOE, {"membership": "join"}) | {"sender": MIA}
        await town.fake.put(forged)
        await town.fake.put(member_event("$odd", JOE, {"membership": ["join"]}))
        await handled(town)
        await town.nothing_waits(database)
        assert [one["event"] for one in logged].count("malformed event dropped") == 2
        # In the timeline, and not so: the homeserver says of the room that they are not in it.
        await town.fake.put(member_event("$untrue", ANA, {"membership": "join"}))
        await handled(town)
        await town.nothing_waits(database)
    assert town.welcomed() == {}
    assert town.fake.requests("create_room") == []


async def test_who_left_meanwhile_or_refuses_is_not_bothered(
    town: Town, logged: list[MutableMapping[str, Any]]
) -> None:
    async with town.living() as database:
        await town.knows(database)
        town.fake.always("create_room", refuse(403, "M_FORBIDDEN"))
        await town.fake.member(JOE)
        await until(lambda: town.fake.requests("create_room"))
        await town.nothing_waits(database)
        town.fake.mend("create_room")
        await town.fake.member(JOE, displayname="Joe")
        await town.fake.member(ANA)
        town.fake.state[ROOM, "m.room.member", ANA] = {"membership": "leave"}
        await handled(town)
        await town.nothing_waits(database)
    async with town.living() as database:
        await town.fake.member(JOE, "leave")
        await town.fake.member(JOE)
        await handled(town)
        await town.nothing_waits(database)
    assert len(town.fake.requests("create_room")) == 1
    assert town.welcomed() == {}
    assert "a message will never be sent" not in [one["event"] for one in logged]


async def test_a_chat_that_was_made_without_the_bot_hearing_of_it_is_found_again(town: Town) -> None:
    async def lost(request: web.Request, server: FakeHomeserver) -> web.Response:
        await server._create_room(request)
        return web.Response(status=502)

    async with town.living() as database:
        await town.knows(database)
        town.fake.script("create_room", lost)
        await town.fake.member(JOE)
        await until(lambda: town.welcomed())
        await town.nothing_waits(database)
    assert town.welcomed() == {JOE: 1}
    assert len(town.fake.requests("create_room")) == 1


async def test_a_chat_of_which_only_the_beginning_was_made_is_finished(town: Town) -> None:
    begun = "!begun:example.org"

    async def cut_off(request: web.Request, server: FakeHomeserver) -> web.Response:
        server.join_room(begun)
        server.state[begun, "m.room.create", ""] = (await request.json())["creation_content"]
        return web.Response(status=502)

    async with town.living() as database:
        await town.knows(database)
        town.fake.script("create_room", cut_off)
        await town.fake.member(JOE)
        await until(lambda: [one for one in town.fake.taken if one.room_id == begun])
        await town.nothing_waits(database)
    assert len(town.fake.requests("create_room")) == 1
    assert town.fake.state[begun, "m.room.member", JOE] == {"membership": "invite", "is_direct": True}
    # The homeserver had not come to that either.
    assert town.fake.state[begun, "m.room.encryption", ""]["algorithm"].startswith("m.megolm")
    assert [one.kind for one in town.fake.taken if one.room_id == begun] == ["m.room.encrypted"]


async def test_a_limit_on_new_chats_holds_up_no_answer(town: Town) -> None:
    async with town.living() as database:
        await town.knows(database)
        town.fake.always("create_room", refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=60_000))
        for person in (JOE, ANA):
            await town.fake.member(person)
        await until(lambda: town.fake.requests("create_room"))
        before = asyncio.get_running_loop().time()
        await handled(town)
        assert asyncio.get_running_loop().time() - before < 30
        assert len(town.fake.requests("create_room")) <= 2, "it is not asked again and again"


async def test_the_welcome_is_switched_off_by_room_and_by_settings(town: Town) -> None:
    async with town.living() as database:
        await town.knows(database)
        async with database.write() as writer:
            await rooms.choose_welcome(writer, ROOM, wished=False)
        await town.fake.member(JOE)
        await handled(town)
        async with database.write() as writer:
            await rooms.choose_welcome(writer, ROOM, wished=True)
        await town.fake.member(JOE, displayname="Joe")
        await town.fake.member(ANA)
        await until(lambda: town.welcomed())
    town.welcome = WelcomeSettings(on=False)
    async with town.living() as database:
        await town.fake.member("@eve:example.org")
        await until(lambda: town.welcomed()["@eve:example.org"])
        async with database.write() as writer:
            await writer.sql.execute(sa.text("UPDATE room SET welcome = NULL"))
        await town.fake.member("@kim:example.org")
        await handled(town)
        await town.nothing_waits(database)
    assert town.welcomed() == {ANA: 1, "@eve:example.org": 1}


async def test_a_wave_is_spread_out_and_everybody_is_welcomed_once(town: Town) -> None:
    wave = [f"@new{number}:example.org" for number in range(WAVE)]
    async with town.living() as database:
        await town.knows(database)
    # They come while the bot is away, so that all are read at once.
    for person in wave:
        await town.fake.member(person)
    async with town.living() as database:
        await handled(town)
        async with database.read() as reader:
            times = list(
                (
                    await reader.sql.execute(sa.select(due_table.c.due_at).where(due_table.c.kind == "welcome"))
                ).scalars()
            )
            marks = (await reader.sql.execute(sa.select(sa.func.count()).select_from(met))).scalar_one()
        assert marks == WAVE
        assert len(times) > WAVE - 30
        ordered = sorted(times)
        assert all(later - one == timedelta(seconds=1) for one, later in pairwise(ordered))
        # Some more are spread behind them.
        await town.fake.member(MIA)
        await handled(town)
        async with database.read() as reader:
            last = await due.get(reader, newcomers.WELCOME, str(await newcomers.mark(reader, MIA)))
        assert last is not None
        assert last.due_at == ordered[-1] + timedelta(seconds=1)
        already = town.welcomed().total()
    for stop_at in (already + 10, already + SAID // 2, already + SAID):
        await _make_due(town, stop_at - already)
        async with town.living() as database:
            await until(lambda: town.welcomed().total() >= stop_at - 5)  # noqa: B023 - awaited at once
            if stop_at == already + SAID:
                await _nothing_is_due(database)
    assert set(town.welcomed().values()) == {1}
    assert town.welcomed().total() == len(town.fake.requests("create_room")) >= already + SAID


async def _make_due(town: Town, count: int) -> None:
    """Make the next of those who wait due at once."""
    database = await Database.open(town.settings().database_url)
    async with database.write() as writer:
        mine = due_table.c.kind == newcomers.WELCOME
        some = sa.select(due_table.c.subject).where(mine).order_by(due_table.c.due_at).limit(count)
        now = datetime.now(UTC)
        these = sa.and_(mine, due_table.c.subject.in_(list((await writer.sql.execute(some)).scalars())))
        await writer.sql.execute(sa.update(due_table).values(due_at=now + timedelta(hours=1)).where(mine))
        await writer.sql.execute(sa.update(due_table).values(due_at=now).where(these))
    await database.close()


async def _nothing_is_due(database: Database) -> None:
    waits = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state == "pending")
    async with asyncio.timeout(60):
        while True:
            async with database.read() as reader:
                left = len([one for one in await due.ready(reader, datetime.now(UTC), 9) if one.kind == "welcome"])
                left += (await reader.sql.execute(waits)).scalar_one()
            if not left:
                return
            await asyncio.sleep(0.05)


async def test_who_comes_while_the_bot_was_not_in_the_room_was_there_before_it(town: Town) -> None:
    async with town.living() as database:
        await town.knows(database)
        async with database.write() as writer:  # as when it was removed, and has come again
            later = datetime.now(UTC) + timedelta(seconds=1)
            await writer.sql.execute(sa.text("UPDATE room SET since = :at"), {"at": later.replace(tzinfo=None)})
    town.fake.state[ROOM, "m.room.member", OLD] = {"membership": "join"}
    await asyncio.sleep(1)
    async with town.living() as database:
        await until(lambda: len(town.fake.requests("members")) == 2)
        await handled(town)
        await town.fake.member(OLD, displayname="I came when you were away")
        await handled(town)
        await town.nothing_waits(database)
    assert town.welcomed() == {}


@pytest.mark.sqlite("backups are of its file")
async def test_after_a_backup_was_put_back_nobody_is_welcomed_twice_and_nobody_forgotten(town: Town) -> None:
    async with town.living() as database:
        await town.knows(database)
        await town.fake.member(JOE)
        await until(lambda: town.welcomed())
        await town.nothing_waits(database)
    town.copied()
    async with town.living() as database:
        for person in (ANA, "@eve:example.org", "@kim:example.org"):
            await town.fake.member(person)
        await until(lambda: town.welcomed()["@kim:example.org"])
        await town.nothing_waits(database)
    said = town.welcomed()
    # The old life ended before it could welcome this one.
    await town.fake.member(MIA)
    database = await town.put_back()
    await database.close()
    async with town.living() as database:
        await town.finished(database)
        await town.nothing_waits(database)
        await town.fake.member(JOE, displayname="Joe")
        await town.fake.member(ANA, displayname="Ana")
        await handled(town)
        await town.nothing_waits(database)
    assert said == {JOE: 1, ANA: 1, "@eve:example.org": 1, "@kim:example.org": 1}
    assert town.welcomed() == {MIA: 1}
