"""Every command gets exactly one answer: in bursts, after downtime, through kills, under rate limits."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path

from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from tests.extent import extent
from tests.homeserver.running import (
    RunningBot,
    every_answer,
    fresh,
    joined,
    persistently,
    replies,
    room_with_bot,
)

BURST, BURST_MEMBERS = extent(400, 120), extent(40, 12)
DOWN = extent(200, 60)
KILLED = extent(75, 25)
"""Of each of four members."""
LIMITED = extent(30, 16)
"""More than the ten that the homeserver lets through at once."""
TERMS = ("genocide", "r2p", "torture", "impunity", "minority", "dignity", "hate speech", "early warning")


def command(number: int) -> str:
    return f"!term {TERMS[number % len(TERMS)]}"


async def test_a_burst_of_commands_from_many_members_in_4_rooms(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    members = await asyncio.gather(*(homeserver.register(fresh("member"), "secret") for _ in range(BURST_MEMBERS)))
    watcher = members[0]
    rooms = [await room_with_bot(watcher, account, *members[1:]) for _ in range(4)]
    await watcher.listen()
    async with RunningBot(homeserver, account, tmp_path):
        for room in rooms:
            await joined(watcher, room, account.user_id)
        connections = asyncio.Semaphore(16)
        asked: dict[str, list[str]] = {room: [] for room in rooms}

        async def ask(number: int) -> None:
            room = rooms[number % 4]
            async with connections:
                asked[room].append(await members[number % BURST_MEMBERS].say(room, command(number)))

        await asyncio.gather(*(ask(number) for number in range(BURST)))
        await every_answer(watcher, account.user_id, {room: asked[room] for room in rooms})
    for room in rooms:
        order = [event["event_id"] for event in watcher.seen[room] if event["event_id"] in set(asked[room])]
        assert replies(watcher, room, account.user_id) == order


async def test_commands_while_the_bot_is_down(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    member = await homeserver.register(fresh("member"), "secret")
    room = await room_with_bot(member, account)
    await member.listen()
    bot = RunningBot(homeserver, account, tmp_path)
    async with bot:
        await joined(member, room, account.user_id)
        await member.ask(room, "!status")
        assert await bot.end() == 0
        asked = [await member.say(room, command(number)) for number in range(DOWN)]
        await bot.start()
        await every_answer(member, account.user_id, {room: asked})
        assert replies(member, room, account.user_id)[1:] == asked
    # Answered once also means: not again after the next start.
    async with RunningBot(homeserver, account, tmp_path):
        last = await member.say(room, "!status")
        await member.answer_to(last, room)
        assert replies(member, room, account.user_id)[1:] == [*asked, last]


async def test_commands_through_kills_and_a_restart_of_the_homeserver(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    async with await Homeserver.start(tmp_path / "homeserver") as homeserver:
        account = await homeserver.register("bot", "secret")
        members = [await homeserver.register(f"member{number}", "secret") for number in range(4)]
        watcher = members[0]
        rooms = [await room_with_bot(watcher, account, *members[1:]) for _ in range(2)]
        await watcher.listen()
        bot = RunningBot(homeserver, account, tmp_path)
        asked: dict[str, list[str]] = {room: [] for room in rooms}

        async def talk(member: Client, number: int) -> None:
            for step in range(KILLED):
                room = rooms[(number + step) % 2]
                asked[room].append(await patiently(member, room, command(step)))
                await asyncio.sleep(chance.uniform(0, 0.05))

        async with bot:
            for room in rooms:
                await joined(watcher, room, account.user_id)
            talking = [asyncio.create_task(talk(member, number)) for number, member in enumerate(members)]
            for _ in range(3):
                await asyncio.sleep(chance.uniform(0.3, 1.2))
                assert await bot.end(signal.SIGKILL) == -signal.SIGKILL
                await bot.start(ready=False)
            await homeserver.restart()
            await asyncio.sleep(chance.uniform(0.3, 0.8))
            await bot.end(signal.SIGKILL)
            await bot.start(ready=False)
            await asyncio.gather(*talking)
            assert sum(map(len, asked.values())) == 4 * KILLED
            await every_answer(watcher, account.user_id, {room: asked[room] for room in rooms})
    for room in rooms:
        order = [event["event_id"] for event in watcher.seen[room] if event["event_id"] in set(asked[room])]
        assert replies(watcher, room, account.user_id) == order


async def patiently(member: Client, room: str, text: str) -> str:
    """Say something once, also when the homeserver is away for a moment."""
    transaction, content = fresh("once"), {"msgtype": "m.text", "body": text}
    return await persistently(lambda: member.send(room, "m.room.message", content, txn_id=transaction))


async def test_commands_under_the_default_rate_limits(tmp_path: Path) -> None:
    async with await Homeserver.start(tmp_path / "homeserver", rate_limits=True) as homeserver:
        admin = await homeserver.register("admin", "secret", admin=True)
        member = await homeserver.register("member", "secret")
        await admin.override_ratelimit(member.user_id)
        account = await homeserver.register("bot", "secret")
        room = await room_with_bot(member, account)
        await member.listen()
        async with RunningBot(homeserver, account, tmp_path) as bot:
            await joined(member, room, account.user_id)
            asked = [await member.say(room, command(number)) for number in range(LIMITED)]
            await every_answer(member, account.user_id, {room: asked}, timeout=280)
            assert replies(member, room, account.user_id) == asked
            assert not [entry for entry in bot.log if entry.get("level") == "error"]
