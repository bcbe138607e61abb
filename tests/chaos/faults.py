"""What breaks: the bot, the homeserver, the disk, the clock, the network. And who starts the bot again."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
from pathlib import Path
from typing import cast

from bot.demo.homeserver import HomeserverError
from bot.errors import EXIT_DATABASE
from tests.chaos.ledger import Ledger, Sample
from tests.chaos.plan import Step
from tests.chaos.proxy import Fault
from tests.chaos.town import Town

STOPPED = "the bot runs until it is stopped, and then stops at once"
STOPS_WITHIN = 20.0
"""Seconds. It promises five on a machine that has time for it."""
SERVICE = 1.0
"""Seconds after which a bot that ended by itself is started again, as systemd does."""


class Faults:
    """Plays the two lanes of faults of a plan, one fault of a lane after the other."""

    def __init__(self, town: Town, ledger: Ledger) -> None:
        self._town = town
        self._ledger = ledger
        self._full_until = -1.0  # until when the disk was full, with a while to start anew
        self._holding = asyncio.Lock()  # who starts or stops the bot

    async def machine(self, steps: tuple[Step, ...]) -> None:
        """Break processes, the disk and the clock."""
        for step in steps:
            await asyncio.sleep(max(0.0, step.at - self._ledger.now()))
            if await self._one(step):
                self._ledger.faults[step.what] += 1

    async def network(self, steps: tuple[Step, ...]) -> None:
        """Break what is between the bot and the homeserver."""
        proxy = self._town.proxy
        for step in steps:
            await asyncio.sleep(max(0.0, step.at - self._ledger.now()))
            proxy.fault = cast("Fault", step.what)
            if step.what == "drop":
                await proxy.disconnect()
            await asyncio.sleep(step.seconds)
            proxy.fault = None
            self._ledger.faults[step.what] += 1

    async def _one(self, step: Step) -> bool:
        if step.what in ("kill", "terminate"):
            await self._stop(signal.SIGKILL if step.what == "kill" else signal.SIGTERM, step)
        elif step.what == "freeze":
            self._town.bot.send_signal(signal.SIGSTOP)
            await asyncio.sleep(step.seconds)
            self._town.bot.send_signal(signal.SIGCONT)
        elif step.what == "homeserver-kill":
            await self._town.homeserver.kill()
            await asyncio.sleep(step.seconds)
            await self._homeserver()
        elif step.what == "homeserver-restart":
            await self._homeserver()
        elif step.what == "disk-full":
            return await self._fill(step.seconds)
        else:
            return await self._set_clock(step)
        return True

    async def _stop(self, how: signal.Signals, step: Step) -> None:
        async with self._holding:
            began = self._ledger.now()
            await self._ended(how, began)
            await asyncio.sleep(step.seconds)
            await self._town.bot.start(ready=False)

    async def _ended(self, how: signal.Signals, began: float) -> None:
        bot = self._town.bot
        if not bot.runs:
            return
        try:
            code = await bot.end(how)
        except TimeoutError:
            self._ledger.fail(STOPPED, "SIGTERM did not end it within 20 s", began)
            await bot.end(signal.SIGKILL)
            return
        took = self._ledger.now() - began
        unheard = code == -how and not bot.has_begun
        if how is signal.SIGTERM and not unheard and (code != 0 or took > STOPS_WITHIN):
            self._ledger.fail(STOPPED, f"SIGTERM: exit code {code} after {took:.1f} s", began)

    async def _homeserver(self) -> None:
        """Have the homeserver start anew. A machine with too much to do may need more than one try."""
        for left in range(4, -1, -1):
            try:
                await self._town.homeserver.restart()
            except HomeserverError:
                if not left:
                    raise
            else:
                return

    async def _fill(self, seconds: float) -> bool:
        """Leave no room in the data folder for a while."""
        folder = self._town.mounted
        if folder is None:
            self._ledger.skipped["disk-full (not root, or no mount)"] += 1
            return False
        filler, self._full_until = folder / "filler", math.inf
        try:
            await asyncio.to_thread(_fill, filler)
            await asyncio.sleep(seconds)
        finally:
            filler.unlink(missing_ok=True)
            self._full_until = self._ledger.now() + 20
        return True

    async def _set_clock(self, step: Step) -> bool:
        """Set the clock of the bot forwards or back, and later right again; its monotonic clock goes on."""
        clock = self._town.clock
        if clock is None:
            self._ledger.skipped["clock (no libfaketime)"] += 1
            return False
        clock.write_text(f"{step.number:+d}")
        await asyncio.sleep(step.seconds)
        clock.write_text("+0")
        return True

    async def serve(self) -> None:
        """Start the bot again when it ends by itself. It may do so when it starts on a full disk."""
        bot, ledger = self._town.bot, self._ledger
        while True:
            await asyncio.sleep(SERVICE)
            async with self._holding:
                if bot.runs:
                    continue
                code = await bot.exited()
                if code == EXIT_DATABASE and ledger.now() < self._full_until:
                    ledger.faults["ended on a full disk"] += 1
                else:
                    ledger.fail(STOPPED, f"it ended by itself with exit code {code}", ledger.now())
                await bot.start(ready=False)

    async def calm(self) -> None:
        """Mend everything, and see the bot ready."""
        self._town.proxy.fault = None
        if self._town.homeserver.process is None:
            await self._homeserver()
        async with self._holding:
            if not self._town.bot.runs:
                await self._town.bot.start(ready=False)
        with contextlib.suppress(TimeoutError):
            await self._town.bot.until_ready(180)

    async def measure(self) -> None:
        """Note each second how large the bot is."""
        while True:
            await asyncio.sleep(1.0)
            if self._town.bot.runs:
                with contextlib.suppress(OSError, ValueError):
                    self._ledger.samples.append(_sample(self._ledger.now(), self._town.bot.pid))


def _sample(at: float, pid: int) -> Sample:
    process = Path("/proc") / str(pid)
    pages = int((process / "statm").read_text().split()[1])
    return Sample(at, pid, pages * os.sysconf("SC_PAGE_SIZE"), len([*(process / "fd").iterdir()]))


def _fill(filler: Path) -> None:
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * size)
