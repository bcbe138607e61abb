"""The bot as a process of its own, with the members who talk to it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from bot.demo.client import Client, ClientError
from bot.demo.homeserver import Homeserver
from tests import databases

T = TypeVar("T")

BEGAN = datetime.now(UTC)

_numbers = itertools.count(1)


def fresh(name: str) -> str:
    """Return a localpart that no other test uses."""
    return f"{name}{next(_numbers)}"


class RunningBot:
    """`gaamac-bot run` on an account of its own. Its log is read, and kept for failures."""

    def __init__(self, homeserver: Homeserver, account: Client, folder: Path, **settings: Any) -> None:
        self.account = account
        self.folder = folder
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GAAMAC_")},
            "GAAMAC_MATRIX__HOMESERVER": homeserver.url,
            "GAAMAC_MATRIX__USER_ID": account.user_id,
            "GAAMAC_MATRIX__PASSWORD": "secret",
            "GAAMAC_DATA_DIR": str(folder / "data"),
            "GAAMAC_DATABASE_URL": databases.address(folder / "data" / "bot.db"),
            "GAAMAC_FLOOD__COMMANDS_PER_MINUTE": "0",
            "GAAMAC_LOG__FORMAT": "json",
        }
        self.configure(**settings)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._before = 0
        self.sooner = True
        """Whether its first start has the work of making its tables done for it."""
        self.log: list[dict[str, Any]] = []
        self.heard_at: list[float] = []
        """When each line of the log came, by the monotonic clock."""

    def surround(self, **variables: str) -> None:
        """Set environment variables that are no settings, for the next start."""
        self._environment |= variables

    def configure(self, **settings: Any) -> None:
        """Change settings, for the next start."""
        for name, value in settings.items():
            self._environment[f"GAAMAC_{name.upper()}"] = value if isinstance(value, str) else json.dumps(value)

    @property
    def user_id(self) -> str:
        return self.account.user_id

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def has_begun(self) -> bool:
        """Whether this run of the bot has logged something; before that it only loads its modules."""
        return len(self.log) > self._before

    def send_signal(self, what: signal.Signals) -> None:
        """Send a signal and do not wait."""
        assert self._process is not None
        self._process.send_signal(what)

    async def until_ready(self, seconds: float = 180) -> None:
        """Wait until this run of the bot has said that it is ready."""
        await asyncio.wait_for(self._ready.wait(), seconds)

    async def start(self, *, ready: bool = True) -> Self:
        self._ready.clear()
        self._before = len(self.log)
        await self._begin()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", "run", env=self._environment, stderr=asyncio.subprocess.PIPE
        )
        self._reading = asyncio.create_task(self._read(self._process))
        if ready:
            await self.until_ready()
        return self

    async def _begin(self) -> None:
        """Give a bot that has no database yet one with all tables and the starter content, to start sooner."""
        data = self.folder / "data"
        address = f"sqlite+aiosqlite:///{data / 'bot.db'}"
        if self.sooner and not data.exists() and self._environment["GAAMAC_DATABASE_URL"] == address:
            data.mkdir(mode=0o700, parents=True)
            await databases.started(data / "bot.db", BEGAN)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"event": line.decode().rstrip()}
            self.log.append(entry)
            self.heard_at.append(time.monotonic())
            if entry.get("event") == "ready":
                self._ready.set()

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the process and return its exit code."""
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
        code = await asyncio.wait_for(self._process.wait(), 20)
        await self._reading
        return code

    async def command(self, *typed: str) -> tuple[int, str]:
        """Run another command of `gaamac-bot` with the same settings. Return its exit code and what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", *typed, env=self._environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode or 0, said.decode().strip()

    async def exited(self) -> int:
        """Wait until the bot ends by itself."""
        assert self._process is not None
        assert self._reading is not None
        code = await asyncio.wait_for(self._process.wait(), 180)
        await self._reading
        return code

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_error: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.end(signal.SIGKILL)


async def room_with_bot(owner: Client, bot: Client, *others: Client, **options: Any) -> str:
    """Make a room and invite the bot and others into it; the others join, the bot will."""
    room = await owner.create_room(
        name="A room", invite=[bot.user_id, *(other.user_id for other in others)], **options
    )
    for other in others:
        await other.join(room)
    return room


async def joined(watcher: Client, room: str, user_id: str) -> None:
    """Wait until somebody is in a room."""

    def is_join(event: dict[str, Any]) -> bool:
        return (
            event["type"] == "m.room.member"
            and event.get("state_key") == user_id
            and event["content"].get("membership") == "join"
        )

    await watcher.wait_for(room, is_join, 30)


async def every_answer(
    watcher: Client, bot: str, asked: Mapping[str, Sequence[str]], timeout: float = 120
) -> None:
    """Wait until each of the commands (by room) is answered, then check that each was answered once."""
    wanted = {event for events in asked.values() for event in events}

    def counts() -> Counter[str]:
        return Counter(
            reply
            for room in asked
            for event in watcher.seen.get(room, [])
            if event["sender"] == bot and (reply := reply_to(event)) in wanted
        )

    def complete(_event: dict[str, Any]) -> bool:
        return len(counts()) == len(wanted)

    if len(counts()) < len(wanted):
        # Whichever room is the last one to be complete, its last answer completes all.
        waits = [asyncio.create_task(watcher.wait_for(room, complete, timeout)) for room in asked]
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()
    assert counts() == Counter(dict.fromkeys(wanted, 1))


def reply_to(event: dict[str, Any]) -> str | None:
    """Return the event that a message replies to."""
    relation = event["content"].get("m.relates_to", {})
    reply: str | None = relation.get("m.in_reply_to", {}).get("event_id")
    return reply if event["type"] == "m.room.message" else None


def replies(watcher: Client, room: str, bot: str) -> list[str]:
    """Return what the bot replied to in a room, in the order of its answers."""
    return [reply for event in watcher.seen.get(room, []) if event["sender"] == bot and (reply := reply_to(event))]


async def persistently(ask: Callable[[], Awaitable[T]], seconds: float = 120) -> T:
    """Ask the homeserver until it answers, also when it is away for a while. What it refuses is raised."""
    until = time.monotonic() + seconds
    while True:
        try:
            return await ask()
        except ClientError as error:
            if 400 <= error.status < 500 or time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)
