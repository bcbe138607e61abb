"""The demo: the stage, the tour, the chat in the terminal; and that nothing is left, however it ends."""

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
import pytest
import pytest_asyncio
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from bot.demo.bot_process import BotError, BotProcess
from bot.demo.chat import Chat
from bot.demo.client import ClientError
from bot.demo.formatted import from_html
from bot.demo.screen import Screen
from bot.demo.stage import Stage
from bot.demo.tour import Line, play

DEMO = (sys.executable, "-m", "bot.cli", "demo")
STEPS = (
    "Starting a homeserver",
    "Creating the accounts",
    "Creating the rooms",
    "Starting the bot",
    "A term, asked",
)

# A terminal is a process's own when it leads a session and asks for it; then it learns that it was closed.
OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    unlimited = {"GAAMAC_FLOOD__COMMANDS_PER_MINUTE": "0"}
    async with await Stage.start(tmp_path_factory.mktemp("stage"), settings=unlimited) as built:
        yield built


# The stage


async def test_stage_has_the_rooms_and_who_belongs_there(stage: Stage) -> None:
    everyone = {stage.member.user_id, stage.moderator.user_id, stage.bot_user_id}
    for key, room_id in stage.rooms.items():
        expected = everyone - {stage.member.user_id} if key == "moderators" else everyone
        assert set(await stage.moderator.joined_members(room_id)) == expected, key
    assert [line["event"] for line in stage.bot.logged()].count("ready") == 1
    with pytest.raises(ClientError, match="permission"):
        await stage.member.say(stage.rooms["announcements"], "May I?")
    assert "term" in await stage.moderator.ask(stage.rooms["announcements"], "!help")


async def test_bot_is_killed_and_answers_what_was_asked_meanwhile(stage: Stage) -> None:
    assert await stage.stop_bot(signal.SIGKILL) == -signal.SIGKILL
    asked = await stage.member.say(stage.rooms["practices"], "!term rtop")
    await stage.start_bot()
    answer = await stage.member.answer_to(asked, stage.rooms["practices"])
    assert answer["sender"] == stage.bot_user_id
    await stage.restart_bot()
    assert stage.bot_process is not None


async def test_stage_with_rate_limits_spares_the_member(tmp_path: Path) -> None:
    async with await Stage.start(tmp_path, rate_limits=True, run_bot=False) as limited:
        for number in range(15):
            await limited.member.say(limited.rooms["community"], str(number))
        assert limited.bot_process is None


async def test_bot_that_cannot_start_is_quoted(tmp_path: Path) -> None:
    bot = BotProcess(tmp_path / "bot.log", cwd=tmp_path)
    bot.start({"GAAMAC_MATRIX__HOMESERVER": "nowhere"})
    with pytest.raises(BotError, match=r"(?s)ended while starting.*GAAMAC_MATRIX__USER_ID"):
        await bot.until_ready()


# The tour


async def test_tour_is_played_without_a_terminal(tmp_path: Path) -> None:
    demo = await Demo.start(tmp_path)
    printed = await demo.rest()
    assert demo.exit_code == 0, printed
    for words in (
        "http://127.0.0.1:",
        "@member:",
        "Responsibility to protect",
        "Did you mean",
        "Nettoyage ethnique",
    ):
        assert words in printed
    assert "\x1b" not in printed
    assert not demo.left_over()


async def test_tour_fails_without_the_expected_answer(stage: Stage) -> None:
    printed = io.StringIO()
    lines = (
        Line("!term rtop", ("an answer that nobody gives",), "What is it?"),
        Line("!help", ("term",), "Help."),
    )
    assert not await play(stage, _screen(printed), lines)
    assert "The answer lacks: an answer that nobody gives" in printed.getvalue()
    assert "1 of 2" in printed.getvalue()


async def test_missing_homeserver_is_one_sentence(tmp_path: Path) -> None:
    without = "import sys; sys.modules['synapse'] = None; from bot.cli import main; main()"
    demo = await Demo.start(tmp_path, sys.executable, "-c", without, "demo")
    printed = (await demo.rest()).strip()
    assert printed == "synapse is missing. Run: pip install 'gaamac-bot[homeserver]'"
    assert demo.exit_code == 1


# However it ends


@pytest.mark.parametrize("step", STEPS)
async def test_interrupt_leaves_nothing(step: str, tmp_path: Path) -> None:
    demo = await Demo.start(tmp_path)
    await demo.until(step)
    demo.signal(signal.SIGINT)
    demo.signal(signal.SIGINT)  # people are impatient
    printed = await demo.rest()
    assert demo.exit_code == 128 + signal.SIGINT, printed
    assert "Traceback" not in printed
    assert not demo.left_over()


async def test_interrupt_of_the_ending_leaves_nothing(tmp_path: Path) -> None:
    demo = await Demo.start(tmp_path)
    await demo.until("Stopping everything")
    demo.signal(signal.SIGINT)
    assert "Traceback" not in await demo.rest()
    assert not demo.left_over()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
async def test_other_ends_leave_nothing(how: signal.Signals, tmp_path: Path) -> None:
    demo = await Demo.start(tmp_path)
    await demo.until("Starting the bot")
    demo.signal(how)
    await demo.rest()
    assert demo.exit_code == 128 + how
    assert not demo.left_over()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing can end the children of who was killed")
async def test_kill_leaves_no_process(tmp_path: Path) -> None:
    demo = await Demo.start(tmp_path)
    await demo.until("A term, asked")
    demo.signal(signal.SIGKILL)
    await demo.rest()
    async with asyncio.timeout(10):
        while demo.processes():
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["Ctrl-C", "Ctrl-D", "/quit", "closed"])
async def test_terminal_session_leaves_nothing(how: str, tmp_path: Path) -> None:
    with _terminal() as (ours, theirs):
        demo = await Demo.start(tmp_path, sys.executable, "-c", OWN_TERMINAL, *DEMO, terminal=theirs)
        os.close(theirs)
        screen = await _read_until(ours, "in Community")
        assert "127.0.0.1" in screen
        keys = {"Ctrl-C": b"\x03", "Ctrl-D": b"\x04", "/quit": b"/quit\r"}
        if how in keys:
            os.write(ours, b"!trem rtop\r")
            await _read_until(ours, "Did you mean")
            os.write(ours, keys[how])
            await _read_until(ours, "Stopping the bot")
            await demo.rest()
    await demo.rest()
    assert demo.exit_code == (0 if how in keys else 128 + signal.SIGHUP)
    assert not demo.left_over()


# The chat


async def test_chat(stage: Stage) -> None:
    async with Typing.into(stage) as chat:
        await chat.types("!trem rtop", sees="Did you mean `!term`?")
        await chat.types("/as moderator")
        await chat.types("/room #moderators")
        await chat.types("!help", sees="GAAMAC bot in Moderators")
        await chat.types("/as member")
        await chat.types("Good morning", sees="Ama (member) in Community\n│ Good morning")
        await chat.types("/room moderators", sees="Ama (member) is not in Moderators")
        await chat.types("/dm", sees="no sign before a command")
        await chat.types("terms justice", sees="GAAMAC bot in direct chat")
        await chat.types("//me  too ", sees="I don't know `/me`")
        await chat.types("/hlep", sees="Did you mean /help?")
        await chat.types("/help", sees="/as moderator")
        await chat.types("/room announcements")
        await chat.types("May I?", sees="That did not work: You don't have permission")
    said = [event["content"].get("body") for events in stage.member.seen.values() for event in events]
    assert "/me  too " in said  # unchanged, but for the first slash


async def test_chat_shows_what_others_do(stage: Stage) -> None:
    room = stage.rooms["practices"]
    async with Typing.into(stage) as chat:
        asked = await stage.moderator.say(room, "!trem rtop")
        await chat.sees("Did you mean `!term`?")
        await stage.moderator.edit(room, asked, "!terms")
        await chat.sees("Tomás (moderator) in Practices, edited\n│ !terms")
        await chat.sees("GAAMAC bot in Practices, edited")
        await stage.moderator.react(room, asked, "+1")
        await chat.sees("Tomás (moderator) reacted in Practices: +1")
        await stage.moderator.redact(room, asked)
        await chat.sees("Tomás (moderator) took back a message in Practices.")
        await stage.stop_bot()
        await chat.sees("The bot has ended (exit code 0)")
    await stage.start_bot()


# Formatting


def test_formatted_message() -> None:
    shown = _shown(
        "<mx-reply>what was said</mx-reply><p><strong>Term</strong> (<em>T</em>)<br>\nA <code>!term</code>"
        " &amp; more</p>"
        '<p>Sources:</p><ul><li><a href="https://example.org/a">One</a></li><li>Two<ol start="3"><li>three</li>'
        "<li>four</li></ol></li></ul><blockquote><p>said</p></blockquote><pre><code>a  b\nc</code></pre>"
        '<p><a href="https://example.org">https://example.org</a></p>'
    )
    assert shown == [
        "Term (T)", "A `!term` & more", "", "Sources:", "- One (https://example.org/a)", "- Two", "  3. three",
        "  4. four", "", "  said", "", "a  b", "c", "", "https://example.org",
    ]  # fmt: skip


def test_formatted_message_cannot_control_the_terminal() -> None:
    shown = _shown(
        "<p>a\x1b[2Jb\x9b31mc\x07 <b>[red]not markup[/red]<u>never</closed> &#27;]0;title&#7;</p></li></ul></p>"
    )
    assert shown == ["a[2Jb31mc [red]not markup[/red]never ]0;title"]


def _shown(html: str) -> list[str]:
    printed = io.StringIO()
    _screen(printed).console.print(from_html(html, quoted_code=True))
    return [line.rstrip() for line in printed.getvalue().splitlines()]


# What the tests above need


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

    async def rest(self) -> str:
        async with asyncio.timeout(90):
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
        self._chat = Chat(stage, _screen(self._printed))
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


def _screen(printed: io.StringIO) -> Screen:
    return Screen(Console(file=printed, width=100, highlight=False))


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    """Make a terminal; leaving closes it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    os.set_blocking(ours, False)
    try:
        yield ours, theirs
    finally:
        os.close(ours)


async def _read_until(terminal: int, words: str) -> str:
    """Read what a program writes to its terminal until these words come."""
    read = b""
    async with asyncio.timeout(60):
        while words.encode() not in read:
            try:
                read += os.read(terminal, 4096)
            except BlockingIOError:
                await asyncio.sleep(0.02)
    return read.decode(errors="replace")
