"""A community on a real Synapse, and the bot behind a proxy: people, rooms, and what they are for."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from bot.demo.client import Client, ClientError, v3
from bot.demo.homeserver import Homeserver
from tests import databases
from tests.chaos import plan as plans
from tests.chaos.proxy import Proxy
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import RunningBot, joined, persistently, room_with_bot

PATIENT = 900.0
"""Seconds for which somebody tries to say something: a homeserver on a busy machine may need minutes to start."""
DISK_MEGABYTES = 96
"""How large the data folder may become, where its own file system can be mounted."""


class ClosedMember(NioMember):
    """Talks in the encrypted room, and lives through a homeserver that is away."""

    async def step(self, timeout: int = 1000, *, full_state: bool = False) -> None:
        """Read one sync, as soon as there is an answer."""
        while True:
            try:
                await asyncio.wait_for(super().step(timeout, full_state=full_state), timeout / 1000 + 60)
            except (AssertionError, OSError, TimeoutError, KeyError):
                await asyncio.sleep(0.5)
            else:
                return

    async def send_once(self, room: str, text: str, txn_id: str) -> str:
        """Say something once, however often it has to be tried."""
        content = {"msgtype": "m.text", "body": text}
        while True:
            try:
                sent = await asyncio.wait_for(
                    self.client.room_send(
                        room, "m.room.message", content, tx_id=txn_id, ignore_unverified_devices=True
                    ),
                    60,
                )
                return str(sent.event_id)
            except (AttributeError, OSError, TimeoutError):
                await asyncio.sleep(0.5)


class Town:
    """Build it with `build`, leave it with `close`. `folder` keeps logs and data."""

    def __init__(self, folder: Path, seed: int, database: str | None) -> None:
        self.folder = folder
        self.people: dict[str, Client] = {}
        self.rooms: dict[str, str] = {}
        self.direct: dict[str, str] = {}
        self.homeserver: Homeserver
        self.proxy: Proxy
        self.bot: RunningBot
        self.closed: ClosedMember
        self.database = database or databases.address(folder / "bot" / "data" / "bot.db")
        self.clock: Path | None = None
        self.mounted: Path | None = None
        self._seed = seed
        self._given = database
        self._txn = random.Random(f"txn {seed}")

    async def build(self) -> None:
        """Start the homeserver, make accounts and rooms, start the bot, and let everybody meet it."""
        self.homeserver = await Homeserver.start(self.folder / "homeserver")
        names = (*plans.MEMBERS, *plans.MODERATORS)
        for name in ("bot", *names):
            self.people[name] = await self.homeserver.register(name, "secret")
        account = self.people["bot"]
        first, *others = (self.people[name] for name in plans.MODERATORS)
        asking = [self.people[name] for name in plans.MEMBERS[:9]]
        for name in plans.HALLS:
            self.rooms[name] = await room_with_bot(first, account, *asking)
        for name in (*plans.NEWS, "library"):
            self.rooms[name] = await room_with_bot(first, account, *asking[:1])
        self.rooms["office"] = await room_with_bot(first, account, *others)
        levels = await first.get_state(self.rooms["office"], "m.room.power_levels")
        levels["users"] = {**levels.get("users", {}), **{one.user_id: 50 for one in others}}
        await first.set_state(self.rooms["office"], "m.room.power_levels", levels)
        for name in plans.MEMBERS:
            if name not in plans.WITHOUT_CHAT:
                person = self.people[name]
                self.direct[name] = await room_with_bot(person, account, is_direct=True)
        self.closed = await ClosedMember.enter(self.homeserver, "closed", self.folder / "closed")
        self.rooms["closed"] = await self.closed.create(account.user_id)
        await self._bot(account)
        await first.listen()
        for room in self.rooms:
            if room != "closed":
                await joined(first, self.rooms[room], account.user_id)
        for name, room in self.direct.items():
            await joined(self.people[name], room, account.user_id)
            await self.people[name].ask(room, "help", 60)
        for room, language in (("salon", "fr"), ("sala", "es"), ("noticias", "es")):
            await first.ask(self.rooms[room], f"!language room {language}", 60)
        await self.closed.meet(self.rooms["closed"], account.user_id)
        self.closed.listen()

    async def _bot(self, account: Client) -> None:
        port = urlsplit(self.homeserver.url).port
        assert port is not None
        self.proxy = Proxy(port, self._seed)
        address = await self.proxy.start()
        data = self.folder / "bot" / "data"
        data.mkdir(parents=True)
        self.mounted = data if _mount(data) else None
        self.bot = RunningBot(
            self.homeserver,
            account,
            self.folder / "bot",
            matrix__homeserver=address,
            invites__allowed=["@*:demo.localhost"],
            rooms__moderation=self.rooms["office"],
            rooms__practices=self.rooms["library"],
            rooms__announcements=[self.rooms[name] for name in plans.NEWS],
        )
        if self._given:
            self.bot.configure(database_url=self._given)
        library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
        if library:
            self.clock = self.folder / "clock"
            self.clock.write_text("+0")
            self.bot.surround(
                LD_PRELOAD=str(library),
                FAKETIME_TIMESTAMP_FILE=str(self.clock),
                FAKETIME_CACHE_DURATION="1",
                FAKETIME_DONT_FAKE_MONOTONIC="1",
                NO_FAKE_STAT="1",
            )
        await self.bot.start(ready=False)
        await self.bot.until_ready(300)

    def watcher(self, who: str, room: str) -> Client:
        """Return the client with which a person sees a room: each that listens costs the homeserver time."""
        return self.people[who] if room in self.direct.values() else self.people[plans.MODERATORS[0]]

    async def say(self, who: str, room: str, text: str, **relation: Any) -> str:
        """Say something once, also while the homeserver is away. Return the event."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if relation:
            content["m.relates_to"] = relation
        return await self.send(who, room, "m.room.message", content)

    async def send(self, who: str, room: str, kind: str, content: dict[str, Any]) -> str:
        transaction = self._id()
        return await persistently(lambda: self.people[who].send(room, kind, content, txn_id=transaction), PATIENT)

    async def react(self, who: str, room: str, event: str, key: str) -> None:
        """React to an event; who did so before has done it."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        try:
            await self.send(who, room, "m.reaction", {"m.relates_to": relation})
        except ClientError as error:
            if error.errcode != "M_DUPLICATE_ANNOTATION":
                raise

    async def edit(self, who: str, room: str, event: str, text: str) -> str:
        content = {"msgtype": "m.text", "body": f"* {text}", "m.new_content": {"msgtype": "m.text", "body": text}}
        content["m.relates_to"] = {"rel_type": "m.replace", "event_id": event}
        return await self.send(who, room, "m.room.message", content)

    async def redact(self, who: str, room: str, event: str) -> None:
        path = v3("rooms", room, "redact", event, self._id())
        await persistently(lambda: self.people[who].request("PUT", path, {}), PATIENT)

    async def say_closed(self, text: str) -> str:
        return await self.closed.send_once(self.rooms["closed"], text, self._id())

    def _id(self) -> str:
        return UUID(int=self._txn.getrandbits(128)).hex

    async def history(self, who: str, room: str) -> list[dict[str, Any]]:
        """Return all that was said in a room."""
        return await persistently(lambda: self.people[who].history(room), PATIENT)

    async def close(self) -> None:
        """End all that was started; the folder stays, without what was mounted."""
        steps: list[Callable[[], Awaitable[object]]] = [
            *([lambda: self.bot.__aexit__(None, None, None)] if hasattr(self, "bot") else []),
            *([self.proxy.close] if hasattr(self, "proxy") else []),
            *([self.closed.close] if hasattr(self, "closed") else []),
            *([self.homeserver.stop] if hasattr(self, "homeserver") else []),
        ]
        for step in steps:
            try:
                await step()
            except Exception as error:
                print(f"cannot end in order: {error!r}")
        if self.mounted is not None:
            for file in self.mounted.glob("bot.db*"):
                shutil.copy(file, self.folder)
            subprocess.run(["umount", "--lazy", str(self.mounted)], check=False)

    def write_log(self) -> Path:
        """Write what the bot logged into the folder."""
        path = self.folder / "bot.log"
        path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in self.bot.log))
        return path


def _mount(folder: Path) -> bool:
    """Give a folder a small file system of its own, where we may."""
    if os.geteuid() != 0:
        return False
    options = f"size={DISK_MEGABYTES}m,mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "gaamac-chaos", str(folder)], check=False, capture_output=True
    )
    return done.returncode == 0
