"""What `gaamac-bot check` finds out about the machine: the room on its disk, and its clock."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp

from bot.errors import EXIT_DATABASE
from bot.findings import Report

FULL, LITTLE = 100_000_000, 1_000_000_000
"""Bytes of room on the disk: too little to work, and little enough to say so."""
OFF_SECONDS = 5.0
"""From here on reminders come at a wrong time, and homeservers may refuse a log-in."""
TIMEOUT = aiohttp.ClientTimeout(total=10)


def disk(report: Report, folder: Path) -> None:
    """Look at the room on the disk of the data folder."""
    free = free_bytes(folder)
    if free is None:
        return  # The folder cannot be used, which is found elsewhere.
    about, room = "disk", f"{free / 1e9:.1f} GB are free where the data folder is."
    advice = "Make room, or move the data folder to another disk."
    if free < FULL:
        report.problem(about, room, advice, EXIT_DATABASE)
    elif free < LITTLE:
        report.warning(about, room, advice)
    else:
        report.ok(about, room)


def free_bytes(folder: Path) -> int | None:
    """Return how much room there is on the disk of a folder; None when the folder cannot be used."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


async def clock(report: Report, homeserver: str) -> None:
    """Compare the clock with that of the homeserver."""
    off = await seconds_ahead(homeserver)
    if off is None:
        return  # It does not answer, which is found elsewhere; or it tells no time.
    if abs(off) <= OFF_SECONDS:
        report.ok("clock", "It agrees with the homeserver's.")
        return
    report.warning(
        "clock",
        f"It is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the homeserver's.",
        "Let the machine set its clock by the network, for example with systemd-timesyncd or chrony.",
    )


async def seconds_ahead(homeserver: str) -> float | None:
    """Return how far the clock is ahead of the homeserver's, by the date in its answer (RFC 9110, section 6.6.1).

    At least so far: 0 where the two may agree. None when the homeserver does not answer or tells no time.
    """
    before = datetime.now(UTC)
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as web,
            web.get(f"{homeserver}/_matrix/client/versions") as answer,
        ):
            after = datetime.now(UTC)
            there = parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, OSError, KeyError, ValueError):
        return None
    # The date has whole seconds, and the answer was made at some time in between.
    ahead = (before - there).total_seconds() - 1
    behind = (there - after).total_seconds()
    return max(ahead, 0.0) if ahead > behind else -max(behind, 0.0)
