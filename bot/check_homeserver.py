"""What `gaamac-bot check` finds out about the homeserver without a log-in: what it knows, and what time it has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bot.findings import Report
from bot.wire import decode

OFF_SECONDS = 5.0
"""From here on reminders come at a wrong time, and homeservers may refuse a log-in."""
TIMEOUT = aiohttp.ClientTimeout(total=10)
NEEDED, WANTED = (1, 1), (1, 11)
"""Versions of the specification: with the first there are the paths under `v3`, with the second files come by
`/_matrix/client/v1/media`."""


async def versions_and_clock(report: Report, homeserver: str) -> None:
    """Ask which versions of the specification the homeserver knows, and compare its clock with this machine's.

    https://spec.matrix.org/latest/client-server-api/#get_matrixclientversions; the date is that of the answer
    (RFC 9110, section 6.6.1).
    """
    before = datetime.now(UTC)
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as web,
            web.get(f"{homeserver}/_matrix/client/versions") as answer,
        ):
            after = datetime.now(UTC)
            found = decode(await answer.read())
            date = answer.headers.get("Date", "")
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError):
        return  # It does not answer as it should, which is found elsewhere.
    _clock(report, before, after, date)
    if isinstance(found, Mapping) and isinstance(found.get("versions"), list):
        _versions(report, [name for name in found["versions"] if isinstance(name, str)])


def _clock(report: Report, before: datetime, after: datetime, date: str) -> None:
    off = _ahead(before, after, date)
    if off is None:
        return
    if abs(off) <= OFF_SECONDS:
        report.ok("clock", "clock", "It agrees with the homeserver's.")
        return
    report.problem(
        "clock.off",
        "clock",
        f"It is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the homeserver's.",
        "Let the machine set its clock by the network, for example with systemd-timesyncd or chrony.",
    )


async def seconds_ahead(homeserver: str) -> float | None:
    """Return how far the clock is ahead of the homeserver's, at least: 0 where the two may agree.

    None when the homeserver does not answer, or tells no time.
    """
    before = datetime.now(UTC)
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as web,
            web.get(f"{homeserver}/_matrix/client/versions") as answer,
        ):
            return _ahead(before, datetime.now(UTC), answer.headers.get("Date", ""))
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None


def _ahead(before: datetime, after: datetime, date: str) -> float | None:
    """Return how far the clock is ahead, by the date of an answer that was asked for and came at these times."""
    try:
        there = parsedate_to_datetime(date)
        # The date has whole seconds, and the answer was made at some time in between.
        ahead = (before - there).total_seconds() - 1
        behind = (there - after).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(ahead, 0.0) if ahead > behind else -max(behind, 0.0)


def _versions(report: Report, names: list[str]) -> None:
    known = [
        (int(major), int(minor))
        for name in names
        for major, minor in re.findall(r"\Av(\d{1,4})\.(\d{1,4})\Z", name, re.ASCII)
    ]
    newest = max(known, default=(0, 0))
    shown = f"v{newest[0]}.{newest[1]}" if known else "none that has a number"
    advice = "Ask its administrator to install a newer version of it."
    if newest < NEEDED:
        report.problem(
            "homeserver.old",
            "homeserver",
            f"The newest version of the Matrix specification that it knows is {shown}; the bot needs v1.1.",
            advice,
        )
    elif newest < WANTED:
        report.warning(
            "homeserver.media",
            "homeserver",
            f"The newest version of the Matrix specification that it knows is {shown}; before v1.11 the bot "
            "cannot take files, as imports need.",
            advice,
        )
    else:
        report.ok("homeserver", "homeserver", f"It knows the Matrix specification up to {shown}.")
