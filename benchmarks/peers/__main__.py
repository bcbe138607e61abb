"""Measure this bot beside its peers: `make bench-peers`, or `python -m benchmarks.peers --short`.

Prints a table in Markdown, and notes on what each does more or less. The full form takes an hour and more; on a
machine with something else to do the times mean little, ratios something.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers import cast, tasks
from benchmarks.peers.cast import NAMES, US
from benchmarks.peers.process import Peer
from benchmarks.peers.tasks import Extent, Found, Kept
from bot.demo.homeserver import Homeserver

MEMBERS = 40


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a little of everything, in some minutes")
    parser.add_argument("--peers", nargs="+", choices=NAMES, default=NAMES, help="only these, and this bot")
    parser.add_argument("--many", type=int, help="commands after which memory is looked at again")
    chosen = parser.parse_args()
    names = tuple(name for name in NAMES if name in chosen.peers or name == US)
    extent = tasks.SHORT if chosen.short else tasks.FULL
    if chosen.many is not None:
        extent = Extent(**{**_fields(extent), "many": chosen.many})
    # A comparison that is ended ends its bots, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(asyncio.run(compare(names, extent)))


async def compare(names: tuple[str, ...], extent: Extent) -> str:
    """Return the table of these bots."""
    with tempfile.TemporaryDirectory(prefix="gaamac-peers-") as name:
        folder = Path(name)
        async with await Homeserver.start(folder / "homeserver") as homeserver:
            watcher = await homeserver.register("watcher", "watcher")
            await watcher.listen()
            peers: list[Peer] = []
            try:
                async for peer in cast.assemble(homeserver, watcher, folder, names):
                    peers.append(peer)  # noqa: PERF401 - what runs must be known when a later one fails
                peers.sort(key=lambda peer: NAMES.index(peer.name))
                members = [await homeserver.register(f"member{n}", "member") for n in range(MEMBERS)]
                found = await tasks.measure(watcher, members, peers, extent)
            finally:
                await asyncio.gather(*(peer.stop() for peer in peers))
            return _table(peers, found, extent)


def _table(peers: list[Peer], found: dict[str, Found], extent: Extent) -> str:
    columns = [found[peer.name] for peer in peers]
    rows = [
        ["", *(f"{peer.name} {peer.version}".strip() for peer in peers)],
        ["---", *("---" for _ in peers)],
        [
            f"from Enter to answer, median of {extent.commands}",
            *(f"{one.whole.median:.1f} ms" for one in columns),
        ],
        ["the same, 95 %", *(f"{one.whole.p95:.1f} ms" for one in columns)],
        [
            f"burst of {extent.burst}, {extent.bursts} times: answered",
            *(f"{one.burst.answered} of {one.burst.sent}" for one in columns),
        ],
        ["the same, answered twice", *(str(one.burst.twice) for one in columns)],
        ["the same, answers a second", *(f"{one.burst.rate:.1f}" for one in columns)],
        [f"{extent.away} in one room while it was away", *(_kept(one.away) for one in columns)],
        [f"{extent.killed} while killed {extent.kills} times", *(_kept(one.killed) for one in columns)],
        ["processor time for 1,000 answers", *(f"{one.cpu_per_thousand:.1f} s" for one in columns)],
        ["memory, idle", *(f"{one.idle:.0f} MB" for one in columns)],
        [f"memory after {extent.many:,} more commands", *(f"{one.after:.0f} MB" for one in columns)],
        ["start to first answer", *(f"{one.start:.1f} s" for one in columns)],
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = "\n".join(f"- **{peer.name}**: {peer.note}." for peer in peers)
    return f"{_circumstances()}\n\n{table}\n\n{notes}"


def _kept(kept: Kept) -> str:
    return f"{kept.answered} answered, {kept.twice} twice"


def _fields(extent: Extent) -> dict[str, int]:
    return {name: getattr(extent, name) for name in Extent.__slots__}


def _circumstances() -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC. {os.cpu_count()} processors{load}, "
        f"Python {platform.python_version()}, Synapse {version('matrix-synapse')} on SQLite."
    )


if __name__ == "__main__":
    main()
