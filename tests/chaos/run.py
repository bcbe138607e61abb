"""One run: build, play and break, calm, check, and say what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from storage import schema
from tests.chaos.faults import STOPPED, Faults
from tests.chaos.ledger import Broken, Ledger
from tests.chaos.plan import Plan
from tests.chaos.promises import check
from tests.chaos.town import Town
from tests.chaos.workload import Workload

CALM = 300.0
"""Seconds that everybody has to come to an end when nothing breaks any more."""
AFTERWARDS = 20.0
"""Seconds behind the last thing that fell due, for what must not come."""
AROUND = 6.0
"""Seconds of the log before and after a broken promise that are printed."""

Say = Callable[[str], None]


class Outcome:
    """What a run came to."""

    def __init__(
        self, plan: Plan, ledger: Ledger, kept: dict[str, int], grown: str, town: Town, took: float
    ) -> None:
        self._plan, self._ledger, self._town, self._took = plan, ledger, town, took
        self._kept, self._grown = kept, grown

    @property
    def broken(self) -> list[Broken]:
        return self._ledger.broken

    def summary(self) -> list[str]:
        """Return the ten lines that one keeps."""
        ledger, kept = self._ledger, self._kept
        broken = {one.promise for one in ledger.broken}
        starts = sum(entry.get("event") == "ready" for entry in self._town.bot.log)
        return [
            f"seed {self._plan.seed}, {self._plan.seconds / 60:g} minutes and {self._took:.0f} s in all, "
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            f"commands: {len(ledger.asked)}, events in rooms: {len(self._plan.work)} steps; "
            + ", ".join(f"{name} {count}" for name, count in sorted(ledger.done.items())),
            f"reminders {len(ledger.wishes)}, announced events {len(ledger.meetings)}, practices "
            f"{len(ledger.practices)}, imports {len(ledger.imports)}",
            "faults: " + ", ".join(f"{name} {count}" for name, count in sorted(ledger.faults.items())),
            f"requests hit: {sum(self._town.proxy.hit.values())} ("
            + ", ".join(f"{name} {count}" for name, count in sorted(self._town.proxy.hit.items()))
            + f"); the bot was ready {starts} times",
            f"memory: {self._grown}",
            "left out: " + (", ".join(f"{name}" for name in sorted(ledger.skipped)) or "nothing"),
            "kept: " + "; ".join(f"{name} ({count})" for name, count in kept.items() if name not in broken),
            "broken: " + ("; ".join(sorted(broken)) or "nothing"),
            f"result: {'BROKEN, ' + str(len(ledger.broken)) + ' times' if broken else 'all promises kept'}",
        ]

    def failures(self) -> list[str]:
        """Return what broke, with the events and the log around."""
        lines = []
        for one in self._ledger.broken[:20]:
            minute = "" if one.at is None else f", minute {one.at / 60:.2f}"
            lines.append(f"BROKEN (seed {self._plan.seed}{minute}): {one.promise}: {one.what}")
            lines += [f"    event {event}" for event in one.events]
            lines += [f"    log   {line}" for line in self._log_around(one)]
        more = len(self._ledger.broken) - 20
        return [*lines, *([f"and {more} more"] if more > 0 else [])]

    def _log_around(self, one: Broken) -> list[str]:
        if one.at is None:
            return []
        bot, at = self._town.bot, one.at + self._ledger.began
        near = [
            f"{heard - self._ledger.began:7.1f} {entry}"
            for entry, heard in zip(bot.log, bot.heard_at, strict=False)
            if abs(heard - at) < AROUND
        ]
        return [line[:400] for line in near[:12]]


async def run(plan: Plan, folder: Path, *, database: str | None = None, say: Say = lambda _line: None) -> Outcome:
    """Play a plan and return what came of it. `folder` keeps the bot's log."""
    started = time.monotonic()
    town = Town(folder, plan.seed, database)
    try:
        await town.build()
        say(f"built in {time.monotonic() - started:.0f} s; {len(plan.work)} steps begin")
        ledger = Ledger()
        workload, faults = Workload(town, ledger, plan.seed), Faults(town, ledger)
        beside = [asyncio.create_task(faults.serve()), asyncio.create_task(faults.measure())]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(workload.play(plan.work))
                group.create_task(faults.machine(plan.machine))
                group.create_task(faults.network(plan.network))
            say(f"calm after {ledger.now():.0f} s")
            await faults.calm()
            await workload.done(CALM)
            await _caught_up(town, ledger)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        code = await town.bot.end(signal.SIGTERM)
        if code != 0:
            ledger.fail(STOPPED, f"exit code {code} at the end", ledger.now())
        say(f"checking after {ledger.now():.0f} s")
        slip = (
            max((abs(step.number) for step in plan.machine if step.what == "clock"), default=0)
            if town.clock
            else 0
        )
        kept, grown = await check(town, ledger, slip)
        return Outcome(plan, ledger, kept, grown, town, time.monotonic() - started)
    finally:
        if hasattr(town, "bot"):
            town.write_log()
        await town.close()


async def _caught_up(town: Town, ledger: Ledger) -> None:
    """Wait until what was to fall due has done so, and nothing waits."""
    last = max((wish.due for wish in ledger.wishes), default=datetime.now(UTC))
    last = max(last, *(meeting.start - timedelta(hours=1) for meeting in ledger.meetings), last)
    await asyncio.sleep(max(0.0, (last - datetime.now(UTC)).total_seconds()))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CALM):
            while await _waiting(town):
                await asyncio.sleep(1)
    await asyncio.sleep(AFTERWARDS)


async def _waiting(town: Town) -> int:
    engine = create_async_engine(town.database)
    try:
        async with engine.connect() as sql:
            return sum(
                [
                    (
                        await sql.execute(
                            sa.select(sa.func.count()).select_from(table).where(table.c.state == "pending")
                        )
                    ).scalar_one()
                    for table in (schema.inbox, schema.outbox)
                ]
            )
    finally:
        await engine.dispose()
