"""A bot as a process that can be started, stopped and killed again and again, with an account of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped,unused-ignore]  # without types, and only in the extra `homeserver`

from benchmarks.contenders import COMMAND, STOP_SECONDS, Contender, clean
from bot.demo.client import Client, Json

PROBE_SECONDS = 0.25
"""Between two questions whether it answers yet."""
PATIENCE = 300.0
"""Seconds for a start on a machine that has much else to do."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a bot is started."""

    command: list[str]
    environment: Mapping[str, str]
    stdin: bytes = b""


@dataclass(slots=True)
class Peer:
    """A bot among others. `note`: what it does more or less than this one; `contender`: its present process."""

    name: str
    version: str
    note: str
    account: Client
    folder: Path
    launch: Callable[[], Launch]
    rooms: list[str] = field(default_factory=list)
    contender: Contender = field(init=False)
    _process: subprocess.Popen[bytes] | None = None

    async def start(self, member: Client) -> tuple[float, Json]:
        """Start it. Return the seconds until it answered first, and the content of that answer.

        Raises:
            RuntimeError: it answers nothing, or has ended; with its last words.

        """
        began = time.perf_counter()
        self._spawn()
        asked: list[str] = []
        room_id = self.rooms[-1]
        while True:
            asked.append(await member.say(room_id, COMMAND))
            until = time.perf_counter() + PROBE_SECONDS
            while time.perf_counter() < until:
                for event_id in asked:
                    if answers := member.answers_to(room_id, event_id):
                        return time.perf_counter() - began, answers[0]["content"]
                await asyncio.sleep(0.005)
            if time.perf_counter() - began > PATIENCE or self._ended():
                words = (self.folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.name} does not answer. Its last words:\n{words}")

    def restart(self) -> None:
        """Start it again, without asking whether it answers."""
        self._spawn()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; by force when it takes too long."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    @property
    def memory(self) -> float:
        """What it holds now, in MB."""
        return float(self.contender.process.memory_info().rss) / 2**20

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _spawn(self) -> None:
        launch = self.launch()
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                launch.command,
                cwd=self.folder,
                env={**clean(os.environ), **launch.environment},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        assert self._process.stdin is not None
        self._process.stdin.write(launch.stdin)
        self._process.stdin.close()
        process = psutil.Process(self._process.pid)
        self.contender = Contender(self.name, self.account.user_id, process, self.rooms)
