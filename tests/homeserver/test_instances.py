"""Several instances of one bot on a real homeserver: whatever becomes of the leader, another takes over its work.

All the time members ask, in rooms and in an encrypted one, and things fall due. In the end each command has one
answer, and each reminder was said once. How long each take-over took is printed: `pytest -s`.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from bot import announcing
from bot.answers import KEY
from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from storage import due, events, reminders
from storage.database import Database
from storage.due import Due
from storage.reminders import Reminder
from tests import databases
from tests.extent import extent
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import (
    RunningBot,
    every_answer,
    fresh,
    joined,
    persistently,
    replies,
    reply_to,
    room_with_bot,
)
from tests.homeserver.test_events import training

KILLS = extent(20, 2)
STALLS = extent(4, 1)
STALL_SECONDS = extent(30, 9)
"""Longer than it takes until another leads; half a minute shows the same, and takes half a minute."""
TAKE_OVER_SECONDS = 10.0
SECRET = "what all instances know, and nobody else"
TERMS = ("genocide", "r2p", "torture", "impunity", "minority", "dignity", "hate speech", "early warning")
LEADS, LOST, READY = "this instance leads", "this instance does not lead any more", "ready"


class Instances:
    """Three instances, and members who ask until `enough`. Times are those of the monotonic clock."""

    def __init__(self, homeserver: Homeserver, account: Client, members: list[Client], rooms: list[str]) -> None:
        self.homeserver = homeserver
        self.account = account
        self.members = members
        self.rooms = rooms
        self.all: list[RunningBot] = []
        self.asked: dict[str, list[str]] = {room: [] for room in rooms}
        self.taken: list[tuple[str, float, float]] = []
        self.chance = random.Random(20261125)

    def leader(self) -> RunningBot:
        """Return the instance that began to lead last."""
        return max(self.all, key=lambda one: max(self._times(one, LEADS), default=0.0))

    async def follower(self, since: float, what: str) -> tuple[RunningBot, float]:
        """Wait until an instance leads that began after a time, and note how long that took."""
        async with asyncio.timeout(120):
            while True:
                for one in self.all:
                    for at in self._times(one, LEADS):
                        if at > since:
                            self.taken.append((what, since, at))
                            return one, at
                await asyncio.sleep(0.02)

    def said(self, one: RunningBot, words: str, since: float = 0.0) -> bool:
        """Tell whether an instance has logged something since a time."""
        return any(at > since for at in self._times(one, words))

    async def until_one_stands_by(self) -> None:
        """Wait until an instance is there that can take over."""
        async with asyncio.timeout(120):
            while not any(self._stands_by(one) for one in self.all):
                await asyncio.sleep(0.02)

    def _stands_by(self, one: RunningBot) -> bool:
        return one.runs and max(self._times(one, "standing by"), default=0.0) > max(
            self._times(one, LEADS), default=0.0
        )

    async def until_said(self, one: RunningBot, words: str, since: float) -> None:
        async with asyncio.timeout(120):
            while not self.said(one, words, since):
                await asyncio.sleep(0.02)

    def _times(self, one: RunningBot, words: str) -> list[float]:
        return [at for entry, at in zip(one.log, one.heard_at, strict=False) if entry.get("event") == words]

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Have the members ask all the time, and wait in the end until each command is answered, once."""
        enough = asyncio.Event()
        asking = [asyncio.create_task(self._ask(member, enough)) for member in self.members]
        try:
            yield
        finally:
            enough.set()
            await asyncio.gather(*asking)
        await every_answer(self.members[0], self.account.user_id, self.asked)
        for room, asked in self.asked.items():
            events = [event["event_id"] for event in self.members[0].seen[room]]
            assert replies(self.members[0], room, self.account.user_id) == sorted(asked, key=events.index)

    async def _ask(self, member: Client, enough: asyncio.Event) -> None:
        while not enough.is_set():
            room = self.chance.choice(self.rooms)
            content = {"msgtype": "m.text", "body": f"!term {self.chance.choice(TERMS)}"}
            # The homeserver knows the transaction, so that a member does not ask twice, either.
            once, send = uuid4().hex, member.send
            self.asked[room].append(
                await persistently(lambda: send(room, "m.room.message", content, txn_id=once))  # noqa: B023
            )
            await asyncio.sleep(self.chance.uniform(0.1, 0.6))

    def report(self) -> None:
        """Print how long it took each time until another led, and until it had answered a command."""
        offset = time.time() - time.monotonic()
        answered = sorted(
            event["origin_server_ts"] / 1000 - offset
            for room in self.rooms
            for event in self.members[0].seen[room]
            if event["sender"] == self.account.user_id and reply_to(event)
        )
        leading, answering = [], []
        print(f"\n{'leader':<12} {'another leads after':>20} {'and answers after':>20}")
        for what, since, at in self.taken:
            first = next((moment for moment in answered if moment > at), float("inf"))
            leading.append(at - since)
            if first < min((after for _, after, _ in self.taken if after > since), default=float("inf")):
                answering.append(first - since)
                print(f"{what:<12} {at - since:>18.2f} s {first - since:>18.2f} s")
            else:
                print(f"{what:<12} {at - since:>18.2f} s {'(killed before)':>20}")
        for name, times in (("leads", leading), ("answers", answering)):
            print(f"{name}: median {statistics.median(times):.2f} s, longest {max(times):.2f} s")
        print(f"commands: {sum(map(len, self.asked.values()))}, each answered once")
        # Whoever was stopped in a command may log that it took too long; the answer that says so is not written.
        said = [str(event["content"].get("body")) for room in self.rooms for event in self.members[0].seen[room]]
        assert not [body for body in said if "Something went wrong" in body]
        assert max(leading) < TAKE_OVER_SECONDS


@asynccontextmanager
async def instances(homeserver: Homeserver, url: str, folder: Path, **settings: Any) -> AsyncIterator[Instances]:
    """Run three instances, of which the first leads, and has joined the rooms."""
    account = await homeserver.register(fresh("bot"), "secret")
    members = [await homeserver.register(fresh("member"), "secret") for _ in range(3)]
    rooms = [await room_with_bot(members[0], account, *members[1:]) for _ in range(2)]
    for member in members:
        await member.listen()
    found = Instances(homeserver, account, members, rooms)
    settings = {"rooms__announcements": rooms[:1], "invites__allowed": ["@*:demo.localhost"], **settings}
    found.all = [
        RunningBot(
            homeserver, account, folder / f"instance{number}",
            database_url=url, cluster__secret=SECRET, **settings,
        )
        for number in range(3)
    ]  # fmt: skip
    try:
        await found.all[0].start()
        for room in rooms:
            await joined(members[0], room, account.user_id)
        for one in found.all[1:]:
            await one.start(ready=False)
            await found.until_said(one, "standing by", 0.0)
        yield found
    finally:
        for one in found.all:
            if one.runs:
                await one.end(signal.SIGKILL)
        for member in (*members, account):
            await member.close()


async def plan(url: str, people: list[Client], count: int, over: float) -> None:
    """Let `count` announcements, and as many reminders of each person, fall due over some seconds."""
    now = datetime.now(UTC)
    database = await Database.open(url)
    async with database.write() as writer:
        for number in range(count):
            at = now + timedelta(seconds=over * number / count)
            kept = await events.add(writer, training(number, now + timedelta(days=1)), now)
            key = kept.timing.start
            one = Due(
                kind=announcing.ANNOUNCE,
                subject=f"{kept.id}/{key}/1",
                due_at=at,
                payload={"event": kept.id, "key": key},
            )
            await due.schedule(writer, one)
            for person in people:
                wish = Reminder(event_id=kept.id, person=person.user_id, minutes=170, zone="UTC")
                planned = await reminders.add(writer, wish, now)
                assert planned is not None
                await due.schedule(writer, planned.model_copy(update={"due_at": at}))
    await database.close()


async def announced_once(found: Instances, count: int) -> None:
    """See that each announcement came into the room once."""
    room, bot = found.rooms[0], found.account.user_id
    wanted = [f"Training number {number}." for number in range(count)]

    def bodies() -> list[str]:
        return [
            str(event["content"].get("body"))
            for event in found.members[0].seen[room]
            if event["sender"] == bot and "Training number" in str(event["content"].get("body"))
        ]

    async with asyncio.timeout(60):
        while not all(any(words in body for body in bodies()) for words in wanted):
            await asyncio.sleep(0.1)
    assert Counter(words for words in wanted for body in bodies() if words in body) == dict.fromkeys(wanted, 1)


async def reminded_once(found: Instances, count: int) -> None:
    """See that each person has one chat with the bot, in which each reminder came once."""
    for person in found.members:
        sync = await person.request("GET", "/_matrix/client/v3/sync?timeout=0")
        (direct,) = sync["rooms"]["invite"]
        await person.join(direct)
        async with asyncio.timeout(60):
            while len(said := await _encrypted(person, direct, found.account.user_id)) < count:
                await asyncio.sleep(0.2)
        # The chat is encrypted, and this client reads nothing; that each came once shows outside.
        assert len({event["content"][KEY] for event in said}) == len(said) == count


async def _encrypted(person: Client, room: str, bot: str) -> list[dict[str, Any]]:
    history = await person.history(room)
    return [event for event in history if event["sender"] == bot and event["type"] == "m.room.encrypted"]


class Closed:
    """A member who asks in an encrypted room, and one who reads nothing there but sees what is outside."""

    def __init__(self, found: Instances, member: NioMember, room: str) -> None:
        self._found = found
        self._member = member
        self._room = room
        self._watcher = found.members[0]
        self._asked: list[str] = []

    @classmethod
    @asynccontextmanager
    async def room(cls, found: Instances, folder: Path) -> AsyncIterator[Closed]:
        member = await NioMember.enter(found.homeserver, fresh("closed"), folder)
        watcher, bot = found.members[0], found.account.user_id
        room = await member.create(bot, watcher.user_id)
        await watcher.join(room)
        await member.meet(room, bot, watcher.user_id)
        member.listen()
        try:
            yield cls(found, member, room)
        finally:
            await member.close()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        enough = asyncio.Event()
        asking = asyncio.create_task(self._ask(enough))
        try:
            yield
        finally:
            enough.set()
            await asking
        wanted = dict.fromkeys(self._asked, 1)
        bot = self._found.account.user_id
        await self._member.until(lambda: self._member.answers(self._room, bot) == wanted, 120)
        async with asyncio.timeout(30):
            while len(outside := self._outside(bot)) < len(wanted):
                await asyncio.sleep(0.1)
        assert outside == wanted
        print(f"commands in the encrypted room: {len(wanted)}, each answered once, and all answers could be read")

    def _outside(self, bot: str) -> Counter[str]:
        return Counter(
            event["content"]["m.relates_to"]["m.in_reply_to"]["event_id"]
            for event in self._watcher.seen[self._room]
            if event["sender"] == bot and event["type"] == "m.room.encrypted"
        )

    async def _ask(self, enough: asyncio.Event) -> None:
        while not enough.is_set():
            self._asked.append(await self._member.say(self._room, "!term genocide"))
            await asyncio.sleep(1)


async def test_a_leader_that_is_killed_again_and_again(
    homeserver: Homeserver, postgres: str, tmp_path: Path
) -> None:
    async with (
        instances(homeserver, postgres, tmp_path) as found,
        Closed.room(found, tmp_path / "nio") as closed,
    ):
        count = 4 * KILLS
        await plan(postgres, found.members, count, over=4 * KILLS)
        async with found.asking(), closed.asking():
            for _ in range(KILLS):
                await found.until_one_stands_by()
                killed = found.leader()
                at = time.monotonic()
                await killed.end(signal.SIGKILL)
                await found.follower(at, "killed")
                await killed.start(ready=False)
                # Now and then one is killed that has hardly begun.
                await asyncio.sleep(found.chance.uniform(0.2, 5))
        await announced_once(found, count)
        await reminded_once(found, count)
        found.report()


async def test_a_leader_that_stalls_and_goes_on(homeserver: Homeserver, postgres: str, tmp_path: Path) -> None:
    async with (
        instances(homeserver, postgres, tmp_path) as found,
        Closed.room(found, tmp_path / "nio") as closed,
    ):
        count = 4 * STALLS
        await plan(postgres, found.members, count, over=STALLS * STALL_SECONDS)
        async with found.asking(), closed.asking():
            for _ in range(STALLS):
                await asyncio.sleep(found.chance.uniform(1, 3))
                stalled = found.leader()
                at = time.monotonic()
                stalled.send_signal(signal.SIGSTOP)
                await found.follower(at, "stalled")
                await asyncio.sleep(max(at + STALL_SECONDS - time.monotonic(), 0))
                awake = time.monotonic()
                stalled.send_signal(signal.SIGCONT)
                await found.until_said(stalled, LOST, awake)
                await found.until_said(stalled, "standing by", awake)
                # What it was about to do is over; it wrote nothing, and leads nobody.
                assert found.leader() is not stalled
                assert not found.said(stalled, READY, awake)
        await announced_once(found, count)
        await reminded_once(found, count)
        found.report()


async def test_the_server_of_the_database_is_restarted_under_the_leader(
    homeserver: Homeserver, postgres: str, tmp_path: Path
) -> None:
    server = databases.server()
    async with instances(homeserver, postgres, tmp_path) as found:
        processes = [one.pid for one in found.all]
        async with found.asking():
            for how in (signal.SIGINT, signal.SIGQUIT):  # as an administrator does it, and as a power cut
                await asyncio.sleep(2)
                await asyncio.to_thread(server.halt, how)
                try:
                    await asyncio.sleep(2)
                finally:
                    at = time.monotonic()
                    await asyncio.to_thread(server.run)
                await found.follower(at, "no database")
        assert [one.pid for one in found.all if one.runs] == processes
        found.report()


async def test_a_leader_that_is_stopped_hands_over_at_once(
    homeserver: Homeserver, postgres: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with instances(homeserver, postgres, tmp_path) as found:
        first, second, third = found.all
        await third.end()
        third.configure(web__listen=f"127.0.0.1:{unused_tcp_port}")
        at = time.monotonic()
        await third.start(ready=False)
        await found.until_said(third, "standing by", at)
        where = f"http://127.0.0.1:{unused_tcp_port}"
        assert await asked(f"{where}/healthz") == (200, "alive\n")
        assert await asked(f"{where}/readyz") == (503, "standing by: another instance works\n")
        assert "gaamac_leads 0.0" in (await asked(f"{where}/metrics"))[1]
        _, checked = await third.command("check")
        assert "instances: gaamac-bot " in checked
        assert "works, the leader number 1; the others stand by." in checked
        await second.end()
        async with found.asking():
            await asyncio.sleep(1)
            at = time.monotonic()
            assert await first.end() == 0
            leader, _ = await found.follower(at, "stopped")
            assert leader is third
            await third.until_ready()
        assert "gaamac_leads 1.0" in (await asked(f"{where}/metrics"))[1]
        found.report()
        # It is the same session: nobody logged in besides the first.
        logins = [json.loads((one.folder / "data" / "session.json").read_text()) for one in (first, third)]
        assert logins[0] == logins[1]
        devices = await found.account.request("GET", "/_matrix/client/v3/devices")
        assert len(devices["devices"]) == 2  # the bot's, and that with which the test made the account


async def asked(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as web, web.get(url) as response:
        return response.status, await response.text()
