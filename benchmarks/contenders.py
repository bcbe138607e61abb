"""The two that are compared, each as a process of its own with an account of its own on the same homeserver."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import psutil  # type: ignore[import-untyped,unused-ignore]  # without types, and only in the extra `homeserver`

from bot.demo.client import Client, Json
from bot.demo.homeserver import Homeserver

START_SECONDS = 60
STOP_SECONDS = 10
COMMAND = "!term genocide"


@dataclass(slots=True)
class Contender:
    """A running bot, and the rooms in which only it answers."""

    name: str
    user_id: str
    process: psutil.Process
    rooms: list[str] = field(default_factory=list)
    answered: int = 0
    _used_before: float = 0.0

    def begin(self) -> None:
        """Count from now on what it uses; what it took to start does not count."""
        self._used_before = self._used()

    @property
    def cpu_per_thousand(self) -> float:
        """Seconds of processor time for 1,000 commands."""
        return 1000 * (self._used() - self._used_before) / max(1, self.answered)

    @property
    def peak_memory(self) -> float:
        """The most memory that it had, in MB; where Linux does not tell, what it has now."""
        status = Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return float(self.process.memory_info().rss) / 2**20

    def _used(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def bot(
    homeserver: Homeserver,
    member: Client,
    folder: Path,
    settings: Mapping[str, str] = MappingProxyType({}),
    account: Client | None = None,
) -> AsyncIterator[tuple[Contender, Json]]:
    """Run this bot, as `gaamac-bot run` does. Also gives the content of its answer to the command.

    `settings` are variables of the environment. The password of `account`, where it was made before, is gaamac.
    """
    account = account or await homeserver.register("gaamac", "gaamac")
    rooms = [await room(member, account) for _ in range(4)]
    environment = clean(os.environ) | {
        "GAAMAC_MATRIX__HOMESERVER": homeserver.url,
        "GAAMAC_MATRIX__USER_ID": account.user_id,
        "GAAMAC_MATRIX__PASSWORD": "gaamac",
        "GAAMAC_DATA_DIR": str(folder),
        "GAAMAC_FLOOD__COMMANDS_PER_MINUTE": "0",
        **settings,
    }
    async with _process("bot.cli", "run", environment=environment, stderr=PIPE) as process, _log(process):
        contender = Contender("this bot", account.user_id, psutil.Process(process.pid), rooms)
        for room_id in rooms:
            event_id = await member.say(room_id, COMMAND)
            answer = await member.answer_to(event_id, room_id, START_SECONDS)
        contender.begin()
        yield contender, {key: value for key, value in answer["content"].items() if key != "m.relates_to"}


@asynccontextmanager
async def floor(homeserver: Homeserver, member: Client, content: Json) -> AsyncIterator[Contender]:
    """Run the bare client; `content` is what it answers."""
    account = await homeserver.register("floor", "floor")
    rooms = [await room(member, account) for _ in range(4)]
    given = {
        "homeserver": homeserver.url,
        "token": account.access_token,
        "user_id": account.user_id,
        "content": content,
    }
    async with _process("benchmarks.floor", environment=clean(os.environ)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(given).encode() + b"\n")
        await process.stdin.drain()
        async with asyncio.timeout(START_SECONDS):
            assert await process.stdout.readline() == b"ready\n", "the bare client did not start"
        contender = Contender("floor", account.user_id, psutil.Process(process.pid), rooms)
        for room_id in rooms:
            event_id = await member.say(room_id, COMMAND)
            await member.answer_to(event_id, room_id, START_SECONDS)
        contender.begin()
        yield contender


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def room(member: Client, account: Client) -> str:
    """Make a room in which only this account answers, and return its id."""
    room_id = await member.create_room(invite=[account.user_id], preset="public_chat")
    await account.join(room_id)
    return room_id


@asynccontextmanager
async def _log(process: Process) -> AsyncIterator[None]:
    """Wait until the bot is ready, then pass on what it has to complain about."""
    lines = process.stderr
    assert lines is not None
    async with asyncio.timeout(START_SECONDS):
        while line := await lines.readline():
            if b"ready" in line.split():
                break
            sys.stderr.buffer.write(line)
        else:
            raise RuntimeError("The bot ended; its log is above.")

    async def pass_on() -> None:
        async for line in lines:
            sys.stderr.buffer.write(line)

    passing = asyncio.create_task(pass_on())
    try:
        yield
    finally:
        passing.cancel()


@asynccontextmanager
async def _process(
    module: str, *arguments: str, environment: Mapping[str, str], stderr: int | None = None
) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments), stdin=PIPE, stdout=PIPE, stderr=stderr, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out the settings of a bot that may be configured in this shell."""
    return {key: value for key, value in environment.items() if not key.startswith("GAAMAC_")}
