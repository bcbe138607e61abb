"""Commands that clients can offer: described where the bot may, written once, understood when they are sent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.demo.client import Client, v3
from bot.demo.homeserver import Homeserver
from bot.descriptions import EVENT_TYPE
from bot.repertoire import registry
from commands.context import Permission
from tests import databases
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import RunningBot, every_answer, fresh, joined, replies

COMMANDS = registry().commands
EVERYBODY = {one.name for one in COMMANDS if Permission.ANYONE in one.permission}
ALL = {one.name for one in COMMANDS}
QUIET_SECONDS = 3.0
"""In which a bot that had something to write would have begun."""


class Scene:
    """An account for the bot, a person with a client that knows such commands, and a bot to be started."""

    def __init__(self, homeserver: Homeserver, account: Client, person: Client, folder: Path) -> None:
        self.homeserver = homeserver
        self.account = account
        self.person = person
        self.folder = folder

    async def room(self, power: int | None = 50, **options: Any) -> str:
        """Make a room with the bot in it. With this power it may describe its commands, or not."""
        powers = {self.account.user_id: power} if power is not None else None
        options = {"name": "A room"} | options
        room = await self.person.create_room(power_levels=powers, invite=[self.account.user_id], **options)
        await self.account.join(room)
        return room

    def bot(self, **settings: Any) -> RunningBot:
        return RunningBot(self.homeserver, self.account, self.folder / "bot", **settings)

    async def written(self, room: str) -> list[dict[str, Any]]:
        """Return every description that was ever written in a room, oldest first."""
        params: dict[str, str | int] = {"dir": "b", "limit": 1000, "filter": json.dumps({"types": [EVENT_TYPE]})}
        page = await self.person.request("GET", v3("rooms", room, "messages"), params=params)
        return [event for event in page["chunk"][::-1] if event["type"] == EVENT_TYPE]

    async def standing(self, room: str) -> dict[str, dict[str, Any]]:
        """Return the descriptions that clients see, by command."""
        latest = {event["state_key"]: event for event in await self.written(room)}
        assert {event["sender"] for event in latest.values()} <= {self.account.user_id}
        return {event["content"]["command"]: event["content"] for event in latest.values() if event["content"]}

    async def until_standing(self, room: str, names: set[str]) -> dict[str, dict[str, Any]]:
        async with asyncio.timeout(120):
            while set(found := await self.standing(room)) != names:
                await asyncio.sleep(0.5)
        return found

    async def until_remembered(self, room: str) -> None:
        """Wait until the bot has noted that a room is as it should be, or that it may not do anything."""
        async with asyncio.timeout(120):
            while self.database("SELECT described FROM room WHERE room_id = ?", room) in ([], [(None,)]):
                await asyncio.sleep(0.5)

    async def call(self, room: str, command: str, arguments: Any = None, **content: Any) -> str:
        """Send a command in parts, as clients do, and return its event."""
        parts = {"command": command} | ({} if arguments is None else {"arguments": arguments})
        body = {
            "msgtype": "m.text",
            "body": f"/{command}",
            "m.mentions": {"user_ids": [self.account.user_id]},
            "org.matrix.msc4391.command": parts,
        }
        return await self.person.send(room, "m.room.message", body | content)

    async def answer(self, room: str, command: str, arguments: Any = None, **content: Any) -> str:
        event = await self.call(room, command, arguments, **content)
        return str((await self.person.answer_to(event, room, 60))["content"]["body"])

    def database(self, statement: str, *values: str) -> list[Any]:
        literals = ["'" + value.replace("'", "''") + "'" for value in values]
        return databases.execute(
            self.folder / "bot" / "data" / "bot.db", statement.replace("?", "{}").format(*literals)
        )


@pytest_asyncio.fixture(loop_scope="session")
async def scene(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Scene]:
    account = await homeserver.register(fresh("bot"), "secret")
    person = await homeserver.register(fresh("mia"), "secret")
    yield Scene(homeserver, account, person, tmp_path)
    await account.close()
    await person.close()


@pytest.mark.timeout(900)
async def test_commands_are_described_once_and_follow_the_language_of_the_room(scene: Scene) -> None:
    room, moderation = await scene.room(room_version="11"), await scene.room(room_version="12")
    async with scene.bot(rooms__community=[room], rooms__moderation=moderation) as bot:
        found = await scene.until_standing(room, EVERYBODY)
        assert (
            found["term"]["description"]["m.text"][0]["body"] == "Explain a term of the common working language."
        )
        for event in await scene.written(room):
            said = event["content"]["command"] + scene.account.user_id
            assert event["state_key"] == base64.b64encode(hashlib.sha256(said.encode()).digest()).decode()
        assert len(await scene.written(room)) == len(EVERYBODY)
        # Moderators see theirs in their room.
        await scene.until_standing(moderation, ALL)
        await scene.until_remembered(moderation)

        # Another start, and what is asked then, write nothing more.
        await bot.end()
        await bot.start()
        assert "Genocide" in await scene.person.ask(room, "!term genocide", 60)
        await asyncio.sleep(QUIET_SECONDS)
        assert len(await scene.written(room)) == len(EVERYBODY)
        assert len(await scene.written(moderation)) == len(ALL)

        # Another language rewrites each of them once.
        assert "français" in await scene.person.ask(room, "!language room fr", 60)
        async with asyncio.timeout(120):
            while len(written := await scene.written(room)) < 2 * len(EVERYBODY):
                await asyncio.sleep(0.5)
        assert len({event["state_key"] for event in written}) == len(EVERYBODY)
        assert (await scene.standing(room))["term"]["aliases"][0] == "terme"


async def test_where_it_may_not_it_asks_once_and_again_when_it_may(scene: Scene) -> None:
    room = await scene.room(power=0)
    # What needs which power is the room's choice, for all state or for this.
    dear: dict[str, Any] = {"state_default": 20, "events": {EVENT_TYPE: 60}}
    closed = await scene.room(power=50, power_level_content_override=dear)
    open_ = await scene.room(power=20, power_level_content_override=dear | {"events": {}})
    async with scene.bot(rooms__community=[room, closed, open_]) as bot:
        await scene.until_standing(open_, EVERYBODY)
        await scene.until_remembered(closed)
        assert await scene.written(closed) == []
        await scene.until_remembered(room)
        assert scene.database("SELECT described FROM room WHERE room_id = ?", room) == [("refused",)]
        await scene.person.ask(room, "!status", 60)
        await asyncio.sleep(QUIET_SECONDS)
        lines = [entry for entry in bot.log if entry["event"] == "the commands cannot be described"]
        assert sorted(entry["room"] for entry in lines) == sorted([room, closed])
        assert await scene.written(room) == []
        # The power comes while the bot is away.
        await bot.end()
        levels = await scene.person.get_state(room, "m.room.power_levels")
        levels["events"][EVENT_TYPE] = 0
        await scene.person.set_state(room, "m.room.power_levels", levels)
        await bot.start()
        await scene.until_standing(room, EVERYBODY)


async def test_a_room_that_the_bot_comes_to_and_one_that_nobody_uses(scene: Scene) -> None:
    unused = await scene.room()
    async with scene.bot(invites__allowed=["@*:demo.localhost"]):
        invited = await scene.person.create_room(name="New")
        await scene.person.invite(invited, scene.account.user_id)
        await joined(scene.person, invited, scene.account.user_id)
        levels = await scene.person.get_state(invited, "m.room.power_levels")
        levels["users"] = {**levels.get("users", {}), scene.account.user_id: 50}
        await scene.person.set_state(invited, "m.room.power_levels", levels)
        await scene.until_standing(invited, EVERYBODY)
        assert await scene.written(unused) == []
        # It costs something only from the first question on.
        await scene.person.ask(unused, "!status", 60)
        await scene.until_standing(unused, EVERYBODY)


async def test_a_direct_chat_is_described_in_the_language_of_its_person(scene: Scene) -> None:
    room = await scene.person.create_room(
        preset="trusted_private_chat", is_direct=True, invite=[scene.account.user_id]
    )
    async with scene.bot(invites__allowed=["@*:demo.localhost"]):
        await joined(scene.person, room, scene.account.user_id)
        await scene.person.ask(room, "language es", 60)
        found = await scene.until_standing(room, EVERYBODY)
        assert found["status"]["aliases"][0] == "estado"
        await scene.until_remembered(room)
        assert len(await scene.written(room)) == len(EVERYBODY)


async def test_what_another_version_described_is_corrected_and_nothing_else(scene: Scene) -> None:
    room = await scene.room()
    async with scene.bot(rooms__community=[room]) as bot:
        await scene.until_standing(room, EVERYBODY)
        await scene.until_remembered(room)
        await bot.end()
        # As a version would have left it that had one command more, and said something else of another.
        gone, other = key_of("weather", scene.account), key_of("status", scene.account)
        await scene.account.set_state(room, EVENT_TYPE, {"command": "weather"}, gone)
        await scene.account.set_state(room, EVENT_TYPE, {"command": "status"}, other)
        ((text,),) = scene.database("SELECT descriptions FROM room WHERE room_id = ?", room)
        text = json.dumps(json.loads(text) | {gone: "0" * 16, other: "1" * 16})
        statement = "UPDATE room SET described = 'older', descriptions = ? WHERE room_id = ?"
        scene.database(statement, text, room)
        before = len(await scene.written(room))
        await bot.start()
        await scene.until_standing(room, EVERYBODY)
        async with asyncio.timeout(60):
            while scene.database("SELECT described FROM room WHERE room_id = ?", room) == [("older",)]:
                await asyncio.sleep(0.5)
        assert len(await scene.written(room)) == before + 2
        assert "parameters" in (await scene.standing(room))["status"]


@pytest.mark.sqlite("it is about a file that is gone")
async def test_when_the_database_is_lost_it_looks_what_is_there(scene: Scene) -> None:
    room = await scene.room()
    async with scene.bot(rooms__community=[room]) as bot:
        await scene.until_standing(room, EVERYBODY)
        await bot.end()
        await scene.account.set_state(room, EVENT_TYPE, {"command": "weather"}, key_of("weather", scene.account))
        theirs = {"command": "term"}
        await scene.person.set_state(room, EVENT_TYPE, theirs, key_of("term", scene.person))
        for file in (scene.folder / "bot" / "data").glob("bot.db*"):
            file.unlink()
        before = len(await scene.written(room))
        await bot.start()
        await scene.until_remembered(room)
        assert len(await scene.written(room)) == before + 1
        latest = {event["state_key"]: event["content"] for event in await scene.written(room)}
        assert latest[key_of("weather", scene.account)] == {}
        assert latest[key_of("term", scene.person)] == theirs  # what others describe is theirs


async def test_killed_while_it_writes_it_goes_on_and_writes_nothing_twice(scene: Scene) -> None:
    room = await scene.room()
    async with scene.bot(rooms__community=[room]) as bot:
        async with asyncio.timeout(120):
            while not await scene.written(room):
                await asyncio.sleep(0.01)
        await bot.__aexit__()
        await bot.start()
        await scene.until_standing(room, EVERYBODY)
        await scene.until_remembered(room)
        assert len(await scene.written(room)) == len(EVERYBODY)


async def test_switched_off_it_takes_back_what_it_described(scene: Scene) -> None:
    room = await scene.room()
    async with scene.bot(rooms__community=[room]) as bot:
        await scene.until_standing(room, EVERYBODY)
        await scene.until_remembered(room)
        await bot.end()
        bot.configure(commands__describe=False)
        await bot.start()
        await scene.until_standing(room, set())
        assert len(await scene.written(room)) == 2 * len(EVERYBODY)
        assert "Genocide" in await scene.answer(room, "term", {"words": "genocide"})


async def test_commands_in_parts_are_answered_once(scene: Scene) -> None:
    room = await scene.room(power=0)
    async with scene.bot(rooms__community=[room]) as bot:
        typed = await scene.person.ask(room, "!term genocide in French", 60)
        # The parts win over the words.
        arguments = {"words": "genocide", "language": "fr"}
        assert await scene.answer(room, "term", arguments, body="!forgetme yes") == typed
        assert "I did not understand day." in await scene.answer(room, "event", {"number": 3, "day": "x"})
        assert "number is to be words or a number." in await scene.answer(room, "event", {"number": {"a": ["b"]}})
        assert "Something is missing: words." in await scene.answer(room, "term", {"words": None})
        assert "is for moderators" in await scene.answer(room, "reject", {"number": 3, "reason": "x"})
        assert await scene.answer(room, "evnts") == "I don't know !evnts. Did you mean !events?"

        # In a thread.
        relation = {"rel_type": "m.thread", "event_id": (root := await scene.person.say(room, "a thread"))}
        event = await scene.call(room, "status", **{"m.relates_to": relation})
        answer = await scene.person.answer_to(event, room, 60)
        assert answer["content"]["m.relates_to"]["event_id"] == root

        # An edit changes the answer.
        event = await scene.call(room, "term", {"words": "genocide"})
        answer = await scene.person.answer_to(event, room, 60)
        new = {"command": "term", "arguments": {"words": "impunity"}}
        mentions = {"user_ids": [scene.account.user_id]}
        inside = {"msgtype": "m.text", "body": "/x", "m.mentions": mentions, "org.matrix.msc4391.command": new}
        edit = {"rel_type": "m.replace", "event_id": event}
        await scene.person.send(room, "m.room.message", inside | {"m.new_content": inside, "m.relates_to": edit})

        def is_corrected(one: dict[str, Any]) -> bool:
            relation = one["content"].get("m.relates_to", {})
            return relation.get("event_id") == answer["event_id"] and "mpunity" in one["content"]["body"]

        await scene.person.wait_for(room, is_corrected, 60)

        # What is for another is not for us; of a burst across a kill nothing is lost or answered twice.
        other = {"m.mentions": {"user_ids": ["@other:demo.localhost"]}, "body": "!status"}
        silent = await scene.call(room, "status", **other)
        asked = [await scene.call(room, "term", {"words": "impunity"}) for _ in range(20)]
        await bot.__aexit__()
        asked += [await scene.call(room, "event", {"number": number}) for number in range(20)]
        await bot.start()
        await every_answer(scene.person, bot.user_id, {room: asked})
        assert silent not in replies(scene.person, room, bot.user_id)


async def test_a_command_in_parts_in_an_encrypted_room(
    scene: Scene, homeserver: Homeserver, tmp_path: Path
) -> None:
    member = await NioMember.enter(homeserver, fresh("nia"), tmp_path / "nia")
    async with scene.bot(invites__allowed=["@*:demo.localhost"]) as bot:
        room = await member.create(bot.user_id)
        await member.meet(room, bot.user_id)
        member.listen()
        parts = {"command": "term", "arguments": {"words": "genocide"}}
        mentions = {"user_ids": [bot.user_id]}
        content = {"m.mentions": mentions, "org.matrix.msc4391.command": parts}
        asked = await member.say(room, "/term genocide", **content)
        await member.until(lambda: member.answers(room, bot.user_id)[asked])
        assert any(body.startswith("Genocide") for body in member.bodies(room, bot.user_id))
    await member.close()


async def test_under_a_rate_limit_answers_go_first(tmp_path: Path) -> None:
    """Describing everything would take minutes with the limits that Synapse has by itself."""
    async with await Homeserver.start(tmp_path / "homeserver", rate_limits=True) as homeserver:
        account = await homeserver.register("bot", "secret")
        person = await homeserver.register("mia", "secret")
        scene = Scene(homeserver, account, person, tmp_path)
        room = await scene.room()
        async with scene.bot(rooms__community=[room]) as bot:
            async with asyncio.timeout(120):
                while len(await scene.written(room)) < 8:
                    await asyncio.sleep(0.5)
            await asyncio.sleep(6)  # The homeserver has refused, and the bot has learned what it may.
            await person.listen()
            began = time.monotonic()
            asked = [await person.say(room, "!term genocide") for _ in range(2)]
            await every_answer(person, bot.user_id, {room: asked})
            answered = time.monotonic() - began
            assert len(await scene.written(room)) < len(EVERYBODY)
            # One behind the other they would wait for the descriptions that are left, some 150 seconds.
            assert answered < 60
            assert await bot.end() == 0


def key_of(command: str, whose: Client) -> str:
    return base64.b64encode(hashlib.sha256((command + whose.user_id).encode()).digest()).decode()
