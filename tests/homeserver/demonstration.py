"""The demo as the tests see it: its process with all that it starts, its terminal, and hands on its keyboard."""

import asyncio
import contextlib
import fcntl
import io
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psutil  # type: ignore[import-untyped,unused-ignore]
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from bot.demo.chat import Chat
from bot.demo.screen import Screen
from bot.demo.stage import Stage

DEMO = (sys.executable, "-m", "bot.cli", "demo")


class Demo:
    """The demo as a process, found again by a mark in the environment of all that it starts."""

    def __init__(self, process: asyncio.subprocess.Process, mark: str, folder: Path) -> None:
        self._process = process
        self._mark = mark
        self._folder = folder

    @classmethod
    async def start(cls, folder: Path, *command: str, terminal: int | None = None) -> "Demo":
        mark = uuid4().hex
        environment = {
            **os.environ, "DEMO_TEST": mark, "TMPDIR": str(folder), "COLUMNS": "80", "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody is there who could tell where the cursor is
        }  # fmt: skip
        streams = asyncio.subprocess.PIPE if terminal is None else terminal
        process = await asyncio.create_subprocess_exec(
            *(command or DEMO),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL if terminal is None else terminal,
            stdout=streams,
            stderr=asyncio.subprocess.STDOUT if terminal is None else terminal,
            start_new_session=True,
        )
        return cls(process, mark, folder)

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def until(self, words: str) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while words.encode() not in (line := await self._process.stdout.readline()):
                assert line, "it ended"

    async def rest(self, patience: float = 90) -> str:
        async with asyncio.timeout(patience):
            printed, _ = await self._process.communicate()
        return (printed or b"").decode()

    def processes(self) -> list[str]:
        """Return the command lines of all processes that carry the mark."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("DEMO_TEST") == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found

    def left_over(self) -> list[str]:
        """Return the processes and the files that the demo should have ended and removed."""
        return self.processes() + [str(path) for path in self._folder.iterdir()]


class Typing:
    """Hands on the keyboard of the chat, and eyes on what it prints."""

    def __init__(self, stage: Stage, keyboard: PipeInput) -> None:
        self._printed = io.StringIO()
        self._keyboard = keyboard
        self._chat = Chat(stage, screen_on(self._printed))
        self._read = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def into(cls, stage: Stage) -> AsyncIterator["Typing"]:
        with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
            typing = cls(stage, keyboard)
            holding = asyncio.create_task(typing._chat.hold())
            try:
                await typing.sees("/help tells")
                yield typing
                keyboard.send_text("/quit\r")
                async with asyncio.timeout(30):
                    await holding
            finally:
                holding.cancel()
                await asyncio.gather(holding, return_exceptions=True)

    async def types(self, text: str, *, sees: str | None = None) -> None:
        self._keyboard.send_text(f"{text}\r")
        if sees:
            await self.sees(sees)

    async def sees(self, words: str) -> None:
        """Wait until this is printed behind all that was seen before."""
        try:
            async with asyncio.timeout(30):
                while (place := self._printed.getvalue().find(words, self._read)) < 0:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{words!r} is not in:\n{self._printed.getvalue()[self._read :]}") from None
        self._read = place + len(words)


def screen_on(printed: io.StringIO) -> Screen:
    """Return a screen that prints there."""
    return Screen(Console(file=printed, width=100, highlight=False))


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Make a terminal; leaving closes it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    os.set_blocking(ours, False)
    try:
        yield ours, theirs
    finally:
        os.close(ours)


async def read_until(terminal: int, words: str) -> str:
    """Read what a program writes to its terminal until these words come."""
    read = b""
    async with asyncio.timeout(60):
        while words.encode() not in read:
            try:
                read += os.read(terminal, 4096)
            except BlockingIOError:
                await asyncio.sleep(0.02)
    return read.decode(errors="replace")
