"""The bot as a process of its own, as its operators run it, with its log in a file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_READY_LIMIT = 90.0  # seconds until the bot must have logged `ready`; two or three on an idle machine
_STOP_LIMIT = 5.0  # seconds that the bot promises to need for an orderly end
_TICK = 0.02

# As with the homeserver: the bot has a session of its own, so that Ctrl-C in a terminal reaches us and not it,
# and on Linux the kernel ends it when we are killed (PR_SET_PDEATHSIG is 1; we may be gone before it asks).
_CHILD = """
import ctypes, os, signal, sys
parent = int(sys.argv.pop(1))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the process that started this bot is gone")
from bot.cli import main
main()
"""


class BotError(Exception):
    """The bot did not do what it must; the message says what, with its last words."""


class BotProcess:
    """`gaamac-bot run`, any number of times one after the other. All runs write to the file `log`."""

    def __init__(self, log: Path, *, cwd: Path) -> None:
        self.log = log
        self._cwd = cwd
        self._begin = 0  # where in the log this run begins, in bytes
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> int | None:
        """The process id; None while the bot does not run."""
        return self._child.pid if self._child and self._child.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How the bot ended, negative for a signal; None while it runs and before it ran."""
        return self._child.poll() if self._child else None

    def start(self, environment: Mapping[str, str]) -> None:
        """Run the bot with exactly these environment variables. Returns at once."""
        with self.log.open("ab") as log:
            self._begin = log.tell()
            self._child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-c", _CHILD, str(os.getpid()), "run"],
                cwd=self._cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """Send a signal and wait until the bot has ended, by force after 5 s. Return `exit_code`."""
        if self._child is not None and self.process is not None:
            self._child.send_signal(how)
            try:
                async with asyncio.timeout(_STOP_LIMIT):
                    await self.ended()
            except TimeoutError:
                self._child.kill()
                await self.ended()
        return self.exit_code

    async def ended(self) -> None:
        """Wait until the bot has ended by itself or by a signal."""
        while self.process is not None:  # noqa: ASYNC110  (nothing of asyncio's tells)
            await asyncio.sleep(_TICK)

    async def until_ready(self) -> None:
        """Wait until this run of the bot has logged `ready`. Raises BotError when it does not within 90 s."""
        until = time.monotonic() + _READY_LIMIT
        while time.monotonic() < until:
            running = self.process is not None  # asked first: what it logs at its end is then in the file
            if any(line.get("event") == "ready" for line in self.logged()):
                return
            if not running:
                raise self.failure(f"ended while starting (exit code {self.exit_code})")
            await asyncio.sleep(_TICK)
        raise self.failure(f"was not ready within {_READY_LIMIT:.0f} s")

    def logged(self) -> list[dict[str, Any]]:
        """Return what this run has logged so far, without what is not JSON (a traceback, half a line)."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(self._begin)
            lines = log.read().splitlines()
        found = []
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                found.append(entry)
        return found

    def failure(self, what: str) -> BotError:
        """Return an error that says `what` the bot did, with its last words."""
        return BotError(f"The bot {what}. Its last words:\n{self.last_words(20) or '(nothing)'}")

    def last_words(self, lines: int) -> str:
        """Return the end of the log."""
        words = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(words.splitlines()[-lines:])
