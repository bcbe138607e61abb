"""One run: build, play and break, calm, check, and say what came of it."""

from __future__ import annotations

import asyncio
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

CALM = 180.0
"""Seconds without any change, when nothing breaks any more, after which what waits is stuck."""
HOUR = timedelta(hours=1)
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
            await _caught_up(town, workload, ledger)
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


async def _caught_up(town: Town, workload: Workload, ledger: Ledger) -> None:
    """Wait until all conversations are at their end, nothing waits, and what was to fall due has done so.

    A machine with much else to do may take long for that; given up is when nothing goes on any more.
    """
    changed_at, before = ledger.now(), ""
    while True:
        waiting, state = await _state(town)
        state = f"{state} {workload.under_way}"
        last = max(
            (*(wish.due for wish in ledger.wishes), *(one.start - HOUR for one in ledger.meetings)), default=None
        )
        falls_due = last is not None and last > datetime.now(UTC)
        if not (waiting or workload.under_way or falls_due):
            break
        if state != before or falls_due:
            changed_at, before = ledger.now(), state
        if ledger.now() - changed_at > CALM:
            break
        await asyncio.sleep(2)
    await workload.give_up()
    await asyncio.sleep(AFTERWARDS)


async def _state(town: Town) -> tuple[int, str]:
    """Return how many rows wait, and how many there are of each state."""
    engine = create_async_engine(town.database)
    counts: dict[str, int] = {}
    try:
        async with engine.connect() as sql:
            for table in (schema.inbox, schema.outbox):
                query = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
                counts |= {f"{table.name} {state}": count for state, count in await sql.execute(query)}
    finally:
        await engine.dispose()
    return sum(count for name, count in counts.items() if name.endswith("pending")), str(sorted(counts.items()))
