"""Measure and print one table: `make bench`, or `python -m benchmarks --short` for a minute's worth.

Everything happens on this machine, with a homeserver in a throwaway folder. It takes two processors or more,
and nothing else running, to give figures that mean something; ratios are steadier than times.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import burst, contenders, events, focal, glossary, growth, latency, library, monday, practices
from benchmarks.burst import Burst
from benchmarks.contenders import Contender
from benchmarks.latency import Latency
from bot.demo.homeserver import Homeserver

GOAL = 1.10
"""Median from command to answer, in relation to the bare client."""
LOOK_UP_GOAL = 5.0
"""Milliseconds for a look-up, at the median and at the 95th percentile."""
PAGE_GOAL = 20.0
"""Milliseconds for a page or a feed of the library, at the 95th percentile."""
MEMBERS = 40
STALL_GOAL = 50.0
"""Milliseconds for which the event loop may stand still."""
MEMORY_GOAL = 300.0
"""MB with 10,000 rooms."""
PACKAGES = ("matrix-synapse", "matrix-nio", "aiohttp", "sqlalchemy", "aiosqlite", "rapidfuzz")


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    commands: int
    rounds: int
    burst: int
    bursts: int
    questions: int
    concepts: int
    events: int
    practices: int
    members: int
    rooms: tuple[int, ...]
    """Sizes at which growth is measured; each room has twenty members."""
    rows: tuple[int, ...]
    entries: tuple[int, ...]


FULL = Extent(
    commands=200,
    rounds=10,
    burst=400,
    bursts=2,
    questions=300,
    concepts=glossary.CONCEPTS,
    events=10_000,
    practices=20_000,
    members=5_000,
    rooms=(100, 1_000, 10_000),
    rows=(1_000, 10_000, 100_000, 1_000_000),
    entries=(100, 1_000, 10_000),
)
SHORT = Extent(
    commands=40,
    rounds=4,
    burst=100,
    bursts=1,
    questions=50,
    concepts=8_000,
    events=1_000,
    practices=500,
    members=500,
    rooms=(10, 100, 1_000),
    rows=(100, 1_000),
    entries=(10, 100),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="less of everything, in under a minute")
    parser.add_argument(
        "--only",
        choices=("matrix", "glossary", "focal", "events", "practices", "library", "monday", "growth"),
        help="one part of it; growth and monday are measured only when they are asked for",
    )
    chosen = parser.parse_args()
    extent = SHORT if chosen.short else FULL
    print(_circumstances())
    if chosen.only == "growth":
        asyncio.run(_growth(extent, print))
    if chosen.only in (None, "matrix"):
        asyncio.run(_matrix(extent, print))
    if chosen.only in (None, "glossary"):
        _show_glossary(asyncio.run(glossary.measure(extent.questions, extent.concepts)), extent, print)
    if chosen.only in (None, "focal"):
        _show_focal(asyncio.run(focal.measure(extent.questions * 10)), print)
    if chosen.only in (None, "events"):
        _show_events(asyncio.run(events.measure(extent.events, 10)), print)
    if chosen.only in (None, "practices"):
        _show_practices(asyncio.run(practices.measure(extent.practices, extent.questions)), print)
    if chosen.only in (None, "library"):
        found = library.measure(extent.events, extent.practices, extent.questions, extent.commands)
        _show_library(asyncio.run(found), print)
    if chosen.only == "monday":
        _show_monday(asyncio.run(monday.measure(extent.members, extent.commands, extent.rounds // 2)), print)


async def _matrix(extent: Extent, say: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory(prefix="gaamac-bench-") as name:
        folder = Path(name)
        async with await Homeserver.start(folder / "homeserver") as homeserver:
            watcher = await homeserver.register("watcher", "watcher")
            await watcher.listen()
            async with contenders.bot(homeserver, watcher, folder / "bot") as (bot, content):  # noqa: SIM117
                async with contenders.floor(homeserver, watcher, content) as floor:
                    both = [floor, bot]
                    waits = await latency.measure(watcher, both, extent.commands, extent.rounds)
                    members = [await homeserver.register(f"member{n}", "member") for n in range(MEMBERS)]
                    await burst.join(members, both)
                    bursts = await burst.measure(watcher, members, both, extent.burst, extent.bursts)
                    _show_matrix(both, waits, bursts, say)


def _show_matrix(
    both: list[Contender], waits: dict[str, Latency], bursts: dict[str, Burst], say: Callable[[str], None]
) -> None:
    floor, bot = both
    (floor_taken, floor_whole), (bot_taken, bot_whole) = (latency.times(waits[one.name]) for one in both)
    count = len(waits[bot.name].taken)
    say(_row(f"From command to answer, {count} each", floor.name, bot.name, "ratio", "goal"))
    rows = (
        ("receipt to answer, median", floor_taken.median, bot_taken.median, f"<= {GOAL:.2f}"),
        ("receipt to answer, 95 %", floor_taken.p95, bot_taken.p95, ""),
        ("Enter key to answer, median", floor_whole.median, bot_whole.median, ""),
        ("Enter key to answer, 95 %", floor_whole.p95, bot_whole.p95, ""),
    )
    for label, less, more, goal in rows:
        say(_row(f"  {label}", f"{less:.1f} ms", f"{more:.1f} ms", f"{more / less:.2f}", goal))
    one, other = bursts[floor.name], bursts[bot.name]
    say(_row(f"Bursts: {other.sent} commands, {MEMBERS} members, 4 rooms", floor.name, bot.name, "ratio", "goal"))
    say(_row("  answered", str(one.answered), str(other.answered), "", f"{other.sent}"))
    say(_row("  lost", str(one.lost), str(other.lost), "", "0"))
    say(_row("  answered twice", str(one.twice), str(other.twice), "", "0"))
    say(_row("  answers a second", f"{one.rate:.1f}", f"{other.rate:.1f}", f"{other.rate / (one.rate or 1):.2f}"))
    say(_row("The process", floor.name, bot.name, "ratio"))
    less, more = floor.cpu_per_thousand, bot.cpu_per_thousand
    say(_row("  CPU for 1,000 commands", f"{less:.1f} s", f"{more:.1f} s", f"{more / less:.2f}"))
    less, more = floor.peak_memory, bot.peak_memory
    say(_row("  peak memory", f"{less:.0f} MB", f"{more:.0f} MB", f"{more / less:.2f}"))


def _show_glossary(found: glossary.Result, extent: Extent, say: Callable[[str], None]) -> None:
    say(_row(f"Glossary of {found.terms:,} terms, {extent.questions} each", "median", "95 %", "stall", "goal"))
    for kind in found.kinds:
        times = kind.times
        row = (f"{times.median:.2f} ms", f"{times.p95:.2f} ms", f"{kind.stalled:.0f} ms")
        say(_row(f"  {kind.name} ({kind.found:.0%} found)", *row, f"< {LOOK_UP_GOAL:.0f} ms"))
    say(_row("  first typo after a change", f"{found.first:.0f} ms", "", f"{found.first_stalled:.0f} ms"))
    say(_row("  writing it", f"{found.written:.1f} s", "", f"{found.stalled:.0f} ms"))


def _show_focal(found: focal.Result, say: Callable[[str], None]) -> None:
    say(_row("Who to turn to, in process", "", "goal"))
    say(_row("  look-ups a second", f"{found.lookups:.0f}", "> 1000"))
    say(_row("  a map from memory", f"{found.remembered * 1000:.1f} ms", "< 20 ms"))
    say(_row("  a map drawn", f"{found.drawn * 1000:.0f} ms"))


def _show_events(found: events.Result, say: Callable[[str], None]) -> None:
    say(_row(f"{found.events:,} events, {found.reminders:,} reminders", "median", "goal"))
    say(_row("  when the next is due", f"{found.next_due * 1000:.2f} ms", f"< {LOOK_UP_GOAL:.0f} ms"))
    say(_row("  what is due, fifty", f"{found.ready * 1000:.2f} ms"))
    say(_row("  the next fifty events", f"{found.coming * 1000:.2f} ms"))
    say(_row("  writing it", f"{found.written:.1f} s"))
    say(_row("  memory grown by 200 looks", f"{found.memory_grown:.1f} MB"))


def _show_practices(found: practices.Result, say: Callable[[str], None]) -> None:
    say(_row(f"{found.practices:,} practices, {found.searches} searches", "median", "95 %", "goal"))
    say(_row("  found and read", f"{found.median * 1000:.1f} ms", f"{found.p95 * 1000:.1f} ms", "< 20 ms"))
    say(_row("  writing them", f"{found.written:.0f} s"))


def _show_library(found: library.Result, say: Callable[[str], None]) -> None:
    say(
        _row(f"Library: {found.events:,} events, {found.practices:,} practices", "median", "95 %", "goal", "first")
    )
    for kind, times in found.pages.items():
        row = (f"{times.median:.1f} ms", f"{times.p95:.1f} ms", f"< {PAGE_GOAL:.0f} ms")
        say(_row(f"  {kind}", *row, f"{found.first[kind]:.0f} ms"))
    say(_row("From command to answer", "alone", f"{found.answered:.0f}/s", "ratio", "goal"))
    for label, less, more, goal in (
        ("receipt to answer, median", found.alone.median, found.visited.median, f"<= {GOAL:.2f}"),
        ("receipt to answer, 95 %", found.alone.p95, found.visited.p95, ""),
    ):
        say(_row(f"  {label}", f"{less:.1f} ms", f"{more:.1f} ms", f"{more / less:.2f}", goal))


def _show_monday(found: monday.Result, say: Callable[[str], None]) -> None:
    say(_row(f"Monday: {found.members:,} digests and reminders", "", "stall", "goal"))
    say(_row("  decided and stored", f"{found.stored:.0f} s", f"{found.stalled:.0f} ms", f"< {STALL_GOAL:.0f} ms"))
    say(_row("From command to answer", "alone", f"{found.rate:.1f}/s", "ratio", "goal"))
    for label, less, more, goal in (
        ("receipt to answer, median", found.alone.median, found.meanwhile.median, f"<= {GOAL:.2f}"),
        ("receipt to answer, 95 %", found.alone.p95, found.meanwhile.p95, ""),
    ):
        say(_row(f"  {label}", f"{less:.1f} ms", f"{more:.1f} ms", f"{more / less:.2f}", goal))
    say(_row("  messages sent meanwhile", str(found.sent), "", "", str(found.wanted)))


async def _growth(extent: Extent, say: Callable[[str], None]) -> None:
    goals = ("", "", f"< {STALL_GOAL:.0f} ms", "", f"< {STALL_GOAL:.0f} ms", f"< {MEMORY_GOAL:.0f} MB", "", "", "")
    columns = ("first", "stall", "again", "stall", "peak", "quiet", "command", "its CPU")
    say(_row("Rooms (twenty members each)", *columns))
    for rooms in extent.rooms:
        found = await growth.crowd(rooms, 20 * rooms)
        first = (f"{found.first:.1f} s", f"{found.first_stalled:.0f} ms")
        again = (f"{found.again:.1f} s", f"{found.again_stalled:.0f} ms")
        memory = (f"{found.peak:.0f} MB", f"{found.quiet:.0f} MB")
        say(
            _row(f"  {rooms:,}", *first, *again, *memory, f"{found.command:.1f} ms", f"{found.command_cpu:.1f} ms")
        )
    say(_row("  goal", *goals[1:]))
    say(_row("Rows of inbox and outbox", "a command", "a page"))
    for rows in extent.rows:
        past = await growth.history(rows)
        say(_row(f"  {rows:,}", f"{past.step:.1f} ms", f"{past.page:.1f} ms"))
    say(_row("Look-ups among", *(f"{size:,}" for size in extent.entries)))
    for curve in await growth.curves(extent.entries, extent.questions):
        say(_row(f"  {curve.name}", *(f"{value:.2f} ms" for value in curve.points.values())))


def _row(label: str, *cells: str) -> str:
    return f"{label:<40}" + "".join(f"{cell:>10}" for cell in cells)


def _circumstances() -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors{load}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n{versions}"
    )


if __name__ == "__main__":
    main()
