"""Who goes and who is reminded, on a real homeserver: reactions, direct chats, and kills in between."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.announcing import ANNOUNCE
from bot.answers import KEY
from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from bot.direct import FOR
from storage import direct_rooms, due, events, reminders
from storage.database import Database
from storage.due import Due
from storage.reminders import Reminder
from tests import databases
from tests.extent import extent
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import RunningBot, fresh, joined, room_with_bot
from tests.homeserver.test_events import training

KILLS = extent(5, 2)
EVENTS = 8


def database_of(folder: Path) -> str:
    return databases.address(folder / "data" / "bot.db")


async def test_a_reminder_opens_one_direct_chat_and_comes_once_through_kills(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """Kills while the chat is made, too: a second chat with the same person would be one too many."""
    account = await homeserver.register(fresh("bot"), "secret")
    people = [await homeserver.register(fresh("mia"), "secret") for _ in range(3)]
    room = await room_with_bot(people[0], account)
    for person in people:
        await person.listen()
    async with RunningBot(
        homeserver, account, tmp_path / "bot", invites__allowed=["@*:demo.localhost"], rooms__announcements=[room]
    ) as bot:
        await joined(people[0], room, account.user_id)
        await bot.end()
        now = datetime.now(UTC)
        database = await Database.open(database_of(tmp_path / "bot"))
        async with database.write() as writer:
            for number in range(EVENTS):
                kept = await events.add(writer, training(number, now + timedelta(hours=3)), now)
                for person in people:
                    wish = Reminder(event_id=kept.id, person=person.user_id, minutes=170, zone="UTC")
                    planned = await reminders.add(writer, wish, now)
                    assert planned is not None
                    await due.schedule(writer, planned.model_copy(update={"due_at": now - timedelta(minutes=30)}))
        await database.close()
        for pause in range(KILLS):
            await bot.start(ready=False)
            await asyncio.sleep(0.7 + pause * 0.25)
            await bot.end(signal.SIGKILL)
        await bot.start()
        for person in people:
            (direct,) = await _invitations(person, account.user_id)
            await person.join(direct)
            async with asyncio.timeout(60):
                while len(said := await _said(person, direct, account)) < EVENTS:
                    await asyncio.sleep(0.5)
            # The chat is encrypted, and this client reads nothing; that each came once shows outside.
            assert len({one["content"][KEY] for one in said}) == len(said) == EVENTS
    for person in (*people, account):
        await person.close()


async def test_a_chat_that_the_homeserver_only_began_to_make_is_finished(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """A homeserver that dies while it makes a room may leave one with nobody in it but the bot."""
    account = await homeserver.register(fresh("bot"), "secret")
    mia = await homeserver.register(fresh("mia"), "secret")
    room = await room_with_bot(mia, account)
    await mia.listen()
    async with RunningBot(homeserver, account, tmp_path / "bot", invites__allowed=["@*:demo.localhost"]) as bot:
        await joined(mia, room, account.user_id)
        await bot.end()
        begun = await account.create_room(creation_content={FOR: mia.user_id})
        database = await Database.open(database_of(tmp_path / "bot"))
        async with database.write() as writer:
            await direct_rooms.put(writer, mia.user_id, None, datetime.now(UTC))
        await database.close()
        await bot.start()
        assert "in a direct chat" in await mia.ask(room, "!event remind 14 1 day", 60)
        assert await _invitations(mia, account.user_id) == [begun]
        await mia.join(begun)
        assert (await mia.get_state(begun, "m.room.encryption"))["algorithm"] == "m.megolm.v1.aes-sha2"
        async with asyncio.timeout(60):
            while not await _said(mia, begun, account):
                await asyncio.sleep(0.5)
    for person in (mia, account):
        await person.close()


async def _invitations(person: Client, by: str) -> list[str]:
    """Return the rooms that a person is invited to by the bot, when there is at least one."""
    async with asyncio.timeout(30):
        while True:
            found = await person.request("GET", "/_matrix/client/v3/sync?timeout=0")
            invited = found.get("rooms", {}).get("invite", {})
            if invited:
                return [
                    room_id
                    for room_id, section in invited.items()
                    if any(event["sender"] == by for event in section["invite_state"]["events"])
                ]
            await asyncio.sleep(0.3)


async def _said(person: Client, room: str, account: Client) -> list[dict[str, Any]]:
    history = await person.history(room)
    return [one for one in history if one["sender"] == account.user_id and one["type"] == "m.room.encrypted"]


async def test_a_reminder_is_promised_in_an_encrypted_chat(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    mia = await NioMember.enter(homeserver, fresh("mia"), tmp_path / "mia")
    async with RunningBot(homeserver, account, tmp_path / "bot", invites__allowed=["@*:demo.localhost"]):
        room = await mia.create(account.user_id, encrypted=False)
        await mia.meet(room, account.user_id)
        mia.listen()
        await mia.say(room, "!event remind 14 1 day")
        await mia.until(lambda: "in a direct chat" in "".join(mia.bodies(room, account.user_id)))
        await mia.until(lambda: mia.client.invited_rooms)
        (direct,) = mia.client.invited_rooms
        await mia.client.join(direct)
        await mia.until(lambda: mia.bodies(direct, account.user_id))
        (said,) = mia.bodies(direct, account.user_id)
        assert said.startswith("I will remind you of International Day of Commemoration")
        # Here every message is meant for the bot, and a second reminder is promised in the same chat.
        await mia.meet(direct, account.user_id)
        await mia.say(direct, "event remind 14 2 days")
        await mia.until(lambda: len(mia.bodies(direct, account.user_id)) == 2)
        await mia.say(room, "!event remind 14 3 days")
        await mia.until(lambda: len(mia.bodies(direct, account.user_id)) == 3)
        assert not mia.client.invited_rooms
    await mia.close()
    await account.close()


async def test_a_reaction_says_that_one_goes_and_taking_it_back_that_one_does_not(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    mia = await homeserver.register(fresh("mia"), "secret")
    kofi = await homeserver.register(fresh("kofi"), "secret")
    room = await room_with_bot(mia, account)
    await mia.invite(room, kofi.user_id)
    await kofi.join(room)
    await mia.listen()
    async with RunningBot(
        homeserver, account, tmp_path / "bot", invites__allowed=["@*:demo.localhost"], rooms__announcements=[room]
    ) as bot:
        await joined(mia, room, account.user_id)
        await bot.end()
        now = datetime.now(UTC)
        database = await Database.open(database_of(tmp_path / "bot"))
        async with database.write() as writer:
            kept = await events.add(writer, training(1, now + timedelta(hours=1)), now)
            payload = {"event": kept.id, "key": kept.timing.start}
            subject = f"{kept.id}/{kept.timing.start}/60m"
            await due.schedule(writer, Due(kind=ANNOUNCE, subject=subject, due_at=now, payload=payload))
        await database.close()
        await bot.start()

        def announced(one: dict[str, Any]) -> bool:
            return "Training number 1." in str(one["content"].get("body"))

        shown = await mia.wait_for(room, announced, 60)
        assert "✅ if you go." in shown["content"]["body"]
        pressed = await kofi.react(room, shown["event_id"], "✅")
        await _until(mia, room, f"!event {kept.id}", "1 person goes.")
        await kofi.redact(room, pressed)
        async with asyncio.timeout(30):
            while "goes" in await mia.ask(room, f"!event {kept.id}"):
                await asyncio.sleep(0.3)
        # Neither was answered: what a reaction says is seen by itself.
        answers = [one for one in await mia.history(room) if one["sender"] == account.user_id]
        assert not [one for one in answers if "Noted" in str(one["content"].get("body"))]
    for person in (mia, kofi, account):
        await person.close()


async def _until(person: Client, room: str, typed: str, words: str) -> None:
    async with asyncio.timeout(30):
        while words not in await person.ask(room, typed):
            await asyncio.sleep(0.3)
