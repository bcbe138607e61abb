"""The demo from the first step to the last, and nothing left running, whichever way it ends."""

from __future__ import annotations

import asyncio
import io
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from bot.demo import chat, tour
from bot.demo.bot_process import BotError
from bot.demo.client import ClientError
from bot.demo.homeserver import HomeserverError
from bot.demo.screen import Screen
from bot.demo.stage import Stage, reason

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, a polite kill, the terminal was closed


def demo(*, show_tour: bool = False) -> int:
    """Play the demo and return the exit code: the chat in a terminal, else, or if it is wanted, the tour."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Khmer is no reason to fail
    in_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return asyncio.run(_Play(with_chat=in_terminal and not show_tour).perform())


class _Play:
    """One performance."""

    def __init__(self, *, with_chat: bool) -> None:
        self._with_chat = with_chat
        self._screen = Screen()
        self._interrupted: signal.Signals | None = None

    async def perform(self) -> int:
        with tempfile.TemporaryDirectory(prefix="gaamac-demo-", ignore_cleanup_errors=True) as folder:
            work = asyncio.create_task(self._scenes(Path(folder)), name="demo")
            for number in _SIGNALS:
                asyncio.get_running_loop().add_signal_handler(number, self._interrupt, number, work)
            # `work` is cancelled once at most, so that its own ending is never interrupted.
            await asyncio.wait([work])
        with suppress(OSError):  # the terminal may be gone
            if self._interrupted is not None:
                self._screen.step("Everything has been stopped and removed.")
        if self._interrupted is not None:
            return 128 + self._interrupted
        return work.result()

    def _interrupt(self, number: signal.Signals, work: asyncio.Task[int]) -> None:
        if self._interrupted is None and not work.done():
            self._interrupted = number
            work.cancel()

    async def _scenes(self, folder: Path) -> int:
        try:
            with self._screen.busy():
                stage = await Stage.start(folder, say=self._screen.step)
            async with stage:
                return await self._on(stage)
        except (HomeserverError, BotError, ClientError) as error:
            self._screen.trouble(reason(error))
            return 1

    async def _on(self, stage: Stage) -> int:
        self._screen.who_is_who(stage)
        if self._with_chat:
            await chat.Chat(stage, self._screen).hold()
            with suppress(OSError):
                self._screen.step("Stopping the bot and the homeserver.")
            return 0
        right = await tour.play(stage, self._screen)
        self._screen.step("In a terminal, `make demo` opens a chat after this. Stopping everything.")
        return 0 if right else 1
