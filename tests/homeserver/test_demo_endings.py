"""Nothing of the demo is left running, however and whenever it ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.extent import extent
from tests.homeserver.demonstration import DEMO, Demo, read_until, terminal

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


@pytest.mark.parametrize("step", extent(STEPS, STEPS[-2:]))
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


@pytest.mark.parametrize("how", extent([signal.SIGTERM, signal.SIGHUP], [signal.SIGHUP]))
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


@pytest.mark.parametrize("how", extent(["Ctrl-C", "Ctrl-D", "/quit", "closed"], ["Ctrl-C", "closed"]))
async def test_terminal_session_leaves_nothing(how: str, tmp_path: Path) -> None:
    with terminal() as (ours, theirs):
        demo = await Demo.start(tmp_path, sys.executable, "-c", OWN_TERMINAL, *DEMO, terminal=theirs)
        os.close(theirs)
        screen = await read_until(ours, "in Community")
        assert "127.0.0.1" in screen
        keys = {"Ctrl-C": b"\x03", "Ctrl-D": b"\x04", "/quit": b"/quit\r"}
        if how in keys:
            os.write(ours, b"!trem rtop\r")
            await read_until(ours, "Did you mean")
            os.write(ours, keys[how])
            await read_until(ours, "Stopping the bot")
            await demo.rest()
    await demo.rest()
    assert demo.exit_code == (0 if how in keys else 128 + signal.SIGHUP)
    assert not demo.left_over()
