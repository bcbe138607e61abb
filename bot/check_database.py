"""The part of `gaamac-bot check` that looks at the database: can it be used, and what does it tell of the work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.findings import Report
from storage.inspection import Inspection, inspect

LATE = timedelta(minutes=1)
BEYOND_DEFAULT = 20
"""Messages in ten seconds. With the default limits of Synapse it is twelve at most."""


async def schema_and_work(report: Report, url: str) -> Inspection | None:
    """Look whether the database can be used, and what waits in it. None: it cannot be read."""
    about = "database"
    try:
        found = await inspect(url)
    except Exception as error:  # noqa: BLE001 - drivers raise what they like
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        advice = "Correct GAAMAC_DATABASE_URL, or restore a copy of the database if it is damaged."
        report.problem("database.unreadable", about, f"It cannot be read: {reason}.", advice)
        return None
    if found.state == "empty":
        report.ok("database", about, "It is empty; the first start fills it.")
    elif found.state == "older":
        report.ok(
            "database",
            about,
            f"Its schema is {found.found}; the next start makes a copy and brings it to {found.newest}.",
        )
    elif found.state == "newer":
        report.problem(
            "database.newer",
            about,
            f"Its schema is {found.found}, and this version of the bot knows schemas up to {found.newest}.",
            "Install the newer version again, or restore a copy made with this one.",
        )
    else:
        report.ok("database", about, f"Its schema is {found.found}, the newest.")
        _work(report, found)
    return found


def _work(report: Report, found: Inspection) -> None:
    """Tell what waits to be done."""
    text = f"Commands that wait to be handled: {found.waiting}; messages that wait to be sent: {found.unsent}."
    if found.unsent_since and datetime.now(UTC) - found.unsent_since > LATE:
        since = f" The oldest since {found.unsent_since:%Y-%m-%d %H:%M} UTC."
        report.warning("work.waiting", "work", text + since, "If the bot runs, its log says why.")
    else:
        report.ok("work", "work", text)
    if found.refused:
        report.warning(
            "work.refused",
            "work",
            f"Messages that the homeserver refused for good in the last 30 days: {found.refused}.",
            'The log says why, in lines with "a message will never be sent".',
        )


def rate_limit(report: Report, user_id: str, database: Inspection | None) -> None:
    """Say what is known of the limit. A homeserver tells it to nobody but its administrators."""
    burst = database.burst if database else None
    free = burst if burst and burst.messages >= BEYOND_DEFAULT else None
    limited_at = database.limited_at if database else None
    advice = (
        "An administrator of the homeserver lifts it for the bot: POST "
        f"/_synapse/admin/v1/users/{user_id}/override_ratelimit with "
        '{"messages_per_second": 0, "burst_count": 0}; docs/operate.md shows how. If that was done, all is well.'
    )
    if database and limited_at and not (free and free.at > limited_at):
        report.problem(
            "limit.met",
            "rate limit",
            f"Messages that the homeserver made wait (429) in the last seven days: {database.limited}, the last "
            f"on {limited_at:%Y-%m-%d %H:%M} UTC. Nothing is lost, but answers come late.",
            advice,
        )
    elif free:
        report.ok(
            "limit",
            "rate limit",
            f"On {free.at:%Y-%m-%d} the homeserver took {free.messages} messages within ten seconds, more than "
            "Synapse's default allows.",
        )
    else:
        report.warning(
            "limit.unknown",
            "rate limit",
            "Whether there is one cannot be known without speaking. Synapse's default is 10 messages at once and "
            "then one every 5 seconds; nothing is lost then, but answers come late.",
            advice,
        )
