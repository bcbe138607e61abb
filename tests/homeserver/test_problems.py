"""Moderators are told of what needs a person, on a real homeserver: kicks, upgrades, a room that is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.check import examine
from bot.demo.client import Client, ClientError
from bot.demo.homeserver import Homeserver
from config.settings import MatrixSettings, RoomSettings, Settings
from tests.extent import extent
from tests.homeserver.running import RunningBot, fresh, joined, reply_to, room_with_bot

AWAY = extent(660, 8)
"""Seconds in which the homeserver is away; 660 is more than the ten minutes that count without further ado."""
TASKS = ("community", "moderation", "practices", "announcements")


class Office:
    """A bot with a room for each task, and a moderator who is in all of them."""

    def __init__(self, homeserver: Homeserver, bot: RunningBot, moderator: Client, rooms: dict[str, str]) -> None:
        self.homeserver = homeserver
        self.bot = bot
        self.moderator = moderator
        self.rooms = rooms

    async def said(self, words: str, room: str | None = None) -> str:
        """Wait until the bot says something in the moderation room without being asked, and return it."""

        def is_it(event: dict[str, Any]) -> bool:
            return event["sender"] == self.bot.user_id and words in str(event["content"].get("body"))

        event = await self.moderator.wait_for(room or self.rooms["moderation"], is_it, 120)
        return str(event["content"]["body"])

    def told(self, words: str) -> list[str]:
        """Return what the bot said in the moderation room that begins so."""
        bodies = [
            str(event["content"].get("body"))
            for event in self.moderator.seen[self.rooms["moderation"]]
            if event["sender"] == self.bot.user_id
        ]
        return [body for body in bodies if body.startswith(words)]

    async def status(self) -> str:
        """Return what the bot says of itself in the moderation room."""
        return await self.moderator.ask(self.rooms["moderation"], "!status", 60)

    async def works(self, room: str) -> None:
        assert (await self.moderator.ask(room, "!status", 60)).startswith("gaamac-bot")


async def office(homeserver: Homeserver, folder: Path, **settings: Any) -> tuple[Office, RunningBot]:
    account = await homeserver.register(fresh("bot"), "secret")
    moderator = await homeserver.register(fresh("mod"), "secret")
    rooms = {task: await room_with_bot(moderator, account, room_version="11") for task in TASKS}
    await moderator.listen()
    bot = RunningBot(
        homeserver,
        account,
        folder,
        invites__allowed=["@*:demo.localhost"],
        rooms__community=[rooms["community"]],
        rooms__moderation=rooms["moderation"],
        rooms__practices=rooms["practices"],
        rooms__announcements=[rooms["announcements"]],
        **settings,
    )
    return Office(homeserver, bot, moderator, rooms), bot


@pytest_asyncio.fixture(loop_scope="session")
async def place(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Office]:
    # So that it looks every second or two, and asks about its rooms every few.
    found, bot = await office(homeserver, tmp_path / "bot", notices__away_minutes="0.1")
    async with bot:
        for room in found.rooms.values():
            await joined(found.moderator, room, bot.user_id)
        yield found
    await found.moderator.close()


async def test_removed_from_a_room_with_a_task_it_goes_on_says_so_once_and_comes_back(place: Office) -> None:
    for number, task in enumerate(("community", "practices", "announcements"), start=1):
        room = place.rooms[task]
        await place.moderator.set_state(room, "m.room.name", {"name": f"The {task} room"})
        await place.works(room)
        await place.moderator.kick(room, place.bot.user_id)
        said = await place.said(f"I was removed from \u2068The {task} room\u2069")
        await place.works(place.rooms["moderation"])
        assert said.removeprefix("I was") in await place.status()
        await place.moderator.invite(room, place.bot.user_id)
        await place.said(f"I am in \u2068The {task} room\u2069 again.")
        await place.works(room)
        assert "I know of no problem that needs a person." in await place.status()
        assert len(place.told("I was removed from")) == number


async def test_removed_from_the_moderation_room_nobody_moderates_until_it_is_back(place: Office) -> None:
    await place.moderator.kick(place.rooms["moderation"], place.bot.user_id)
    room = place.rooms["community"]
    for _ in range(60):
        said = await place.moderator.ask(room, "!queue", 60)
        if "is for moderators" in said:
            break
        await asyncio.sleep(0.5)
    assert "is for moderators" in said
    await place.works(room)
    assert [one for one in place.bot.log if one["event"] == "no longer in a room"]
    for _ in range(60):
        if [one for one in place.bot.log if one["event"] == "a problem began" and one["kind"] == "removed"]:
            break
        await asyncio.sleep(0.5)
    else:
        pytest.fail("the log says nothing of it")
    await place.moderator.invite(place.rooms["moderation"], place.bot.user_id)
    await joined(place.moderator, place.rooms["moderation"], place.bot.user_id)
    await place.works(place.rooms["moderation"])
    assert "is for moderators" not in await place.moderator.ask(room, "!queue", 60)


async def test_banned_and_never_invited_rooms(homeserver: Homeserver, tmp_path: Path) -> None:
    found, bot = await office(homeserver, tmp_path / "bot", default_language="fr")
    room = found.rooms["practices"]
    await found.moderator.request(
        "POST", f"/_matrix/client/v3/rooms/{room}/ban", {"user_id": bot.user_id, "reason": "a test"}
    )
    async with bot:
        await found.said("Je ne peux pas rejoindre")
        await bot.end()
        await bot.start()
        await found.moderator.ask(found.rooms["moderation"], "!status", 60)
        await found.moderator.request("POST", f"/_matrix/client/v3/rooms/{room}/unban", {"user_id": bot.user_id})
        await found.moderator.invite(room, bot.user_id)
        await found.said("Je suis maintenant dans")
    assert len(found.told("Je ne peux pas rejoindre")) == 1, "not again at the second start"
    await found.moderator.close()


async def test_upgraded_rooms_keep_their_tasks(place: Office) -> None:
    new = {}
    for task, room in place.rooms.items():
        upgraded = await place.moderator.request(
            "POST", f"/_matrix/client/v3/rooms/{room}/upgrade", {"new_version": "12"}
        )
        new[task] = str(upgraded["replacement_room"])
        await place.moderator.invite(new[task], place.bot.user_id)
        await joined(place.moderator, new[task], place.bot.user_id)
    for room in new.values():
        await place.works(room)
    # The new moderation room is the one that counts, and it is told of problems.
    status = await place.moderator.ask(new["moderation"], "!status", 60)
    assert "Nothing waits for moderators." in status
    await place.moderator.kick(new["community"], place.bot.user_id)
    await place.said("I was removed from", new["moderation"])
    await place.moderator.invite(new["community"], place.bot.user_id)
    await place.said("I am in", new["moderation"])
    await place.works(new["community"])
    await place.bot.end()
    await place.bot.start()
    await place.works(new["announcements"])
    assert "Nothing waits for moderators." in await place.moderator.ask(new["moderation"], "!status", 60)


async def test_a_moderation_room_that_everybody_left(place: Office) -> None:
    await place.moderator.leave(place.rooms["moderation"])
    said = await place.moderator.ask(place.rooms["community"], "!queue", 60)
    assert said == "!queue is for moderators. Ask one of them in the community room."
    await place.works(place.rooms["community"])
    assert any("No moderator was found" in line for line in await checked(place))


async def test_a_moderation_room_that_an_administrator_purged(place: Office) -> None:
    admin = await place.homeserver.register(fresh("admin"), "secret", admin=True)
    room = place.rooms["moderation"]
    begun = await admin.request("DELETE", f"/_synapse/admin/v2/rooms/{room}", {"purge": True, "block": True})
    for _ in range(120):
        # In the moment after it was begun Synapse does not know the task yet.
        with contextlib.suppress(ClientError):
            status = await admin.request("GET", f"/_synapse/admin/v2/rooms/delete_status/{begun['delete_id']}")
            if status["status"] in ("complete", "failed"):
                break
        await asyncio.sleep(0.5)
    for _ in range(120):
        if [one for one in place.bot.log if one["event"] == "a problem began" and one["kind"] == "removed"]:
            break
        await asyncio.sleep(0.5)
    else:
        pytest.fail("the log says nothing of it")
    said = await place.moderator.ask(place.rooms["community"], "!queue", 60)
    assert said == "!queue is for moderators. Ask one of them in the community room."
    await place.works(place.rooms["community"])
    assert not [one for one in place.bot.log if one["event"] == "command failed"]
    assert any("The bot runs and is not in this room." in line for line in await checked(place))
    await admin.close()


async def checked(place: Office) -> list[str]:
    """Return what `gaamac-bot check` says of the running bot."""
    settings = Settings(
        matrix=MatrixSettings(homeserver=place.homeserver.url, user_id=place.bot.user_id),
        rooms=RoomSettings(moderation=place.rooms["moderation"]),
        data_dir=place.bot.folder / "data",
    )
    report = await examine(settings)
    return [str(one) for one in report.findings]


async def test_a_homeserver_that_was_away_is_told_from_when_to_when(tmp_path: Path) -> None:
    minutes = 10.0 if AWAY > 600 else AWAY / 2 / 60
    async with await Homeserver.start(tmp_path / "homeserver") as homeserver:
        found, bot = await office(homeserver, tmp_path / "bot", notices__away_minutes=str(minutes))
        async with bot:
            for room in found.rooms.values():
                await joined(found.moderator, room, bot.user_id)
            await found.works(found.rooms["community"])
            await homeserver.kill()
            await asyncio.sleep(AWAY)
            assert [one for one in bot.log if one["event"] == "sync failed"]
            await homeserver.restart()
            asked = None
            while asked is None:
                try:
                    asked = await found.moderator.say(found.rooms["community"], "!term genocide")
                except ClientError:
                    await asyncio.sleep(0.5)
            said = await found.said("I had no connection with the homeserver from")
            assert said.count("(UTC)") == 2
            await found.moderator.answer_to(asked, found.rooms["community"])
            await found.works(found.rooms["community"])
            await bot.end()
            await bot.start()
            await found.works(found.rooms["community"])
        assert found.told("I had no connection") == [said]
        replies = [event for event in found.moderator.seen[found.rooms["community"]] if reply_to(event) == asked]
        assert len(replies) == 1
        await found.moderator.close()
