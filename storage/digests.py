"""The digest: who gets it, and when it is due. What stands in it is made of the content when it goes.

A recipient is a room or a person. That a room gets the digest is only that it is due there; the wish of a person
is besides among what the person follows, so that it is shown to them and erased as the rest is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from config.settings import DigestSettings
from storage import due, following, people, submissions
from storage.database import Reader, Writer
from storage.due import Due
from storage.outbox import SentAnswer
from storage.prefixes import begins
from storage.schema import audit, outbox, revision
from storage.schema import due as due_table
from storage.submissions import Kind, Submission

KIND, RECALL = "digest", submissions.RECALL
CAUSE = "digest/"
"""With which the causes of its messages begin."""
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
MOST = 500
"""Publications of a week that are looked at."""
MADE_OF = ("glossary", "focal", "events", "practices", "challenges", "commitments")
"""The contents of which a digest is made."""
_STATE = sa.select(sa.func.sum(revision.c.number)).where(revision.c.name.in_(MADE_OF))


async def zone_of(reader: Reader, recipient: str, default: str) -> str:
    """Return by the clocks of which zone a room or a person gets the digest."""
    found = await people.voice(reader, recipient if is_person(recipient) else "", recipient)
    return found.timezone or default


async def choose(writer: Writer, recipient: str, zone: str, now: datetime, wanted: DigestSettings) -> Due:
    """Send the digest to a room or a person from the next Monday on. Return when it is due."""
    planned = await due.get(writer, KIND, recipient)
    if planned is None:
        planned = _planned(recipient, _next_day(zone, now, wanted), zone, wanted)
        await due.schedule(writer, planned)
    if is_person(recipient):
        await following.follow(writer, recipient, following.DIGEST, now)
    return planned


async def end(writer: Writer, recipient: str) -> bool:
    """Send no digest there any more. Return whether it was sent before."""
    was = await due.get(writer, KIND, recipient) is not None
    await due.cancel(writer, KIND, recipient)
    if is_person(recipient):
        await following.unfollow(writer, recipient, following.DIGEST)
    return was


async def again(writer: Writer, done: Due, zone: str, now: datetime, wanted: DigestSettings) -> None:
    """Plan the digest after one that was sent, or left out."""
    following_day = max(_next_day(zone, now, wanted), day_of(done) + WEEK)
    await due.schedule(writer, _planned(done.subject, following_day, zone, wanted))


async def move(writer: Writer, recipient: str, zone: str, wanted: DigestSettings) -> None:
    """Send the next digest on the same day by the clocks of another zone."""
    planned = await due.get(writer, KIND, recipient)
    if planned is not None:
        await due.schedule(writer, _planned(recipient, day_of(planned), zone, wanted))


async def hand_over(writer: Writer, old: str, room_id: str) -> None:
    """Send to a room that replaced another what was to be sent there."""
    planned = await due.get(writer, KIND, old)
    await due.cancel(writer, KIND, old)
    if planned is not None:
        await due.ensure(writer, planned.model_copy(update={"subject": room_id}))


async def planned(reader: Reader, recipient: str) -> Due | None:
    """Return when the next digest is due; None if none is wanted."""
    return await due.get(reader, KIND, recipient)


async def count(reader: Reader) -> tuple[int, int]:
    """Return how many persons and how many rooms get the digest."""
    query = sa.select(sa.func.count()).where(due_table.c.kind == KIND)
    both = (await reader.sql.execute(query)).scalar_one()
    persons = (await reader.sql.execute(query.where(due_table.c.subject.like("@%")))).scalar_one()
    return int(persons), int(both - persons)


async def state(reader: Reader) -> int:
    """Return a number that is another one whenever something is another of which digests are made."""
    return int((await reader.sql.execute(_STATE)).scalar() or 0)


async def published_between(reader: Reader, kind: Kind, since: datetime, until: datetime) -> list[Submission]:
    """Return what was published in a time for the first time, and still is, the newest first."""
    query = (
        sa.select(audit.c.subject)
        .where(audit.c.at >= since, audit.c.at < until)
        .where(audit.c.action == "publish", audit.c.before == "approved")
        .order_by(audit.c.id.desc())
    )
    subjects = dict.fromkeys((await reader.sql.execute(query)).scalars())
    numbers = [int(one.removeprefix("submission/")) for one in subjects]
    return [one for one in await submissions.some(reader, numbers[:MOST]) if one.kind == kind]


def cause(day: date, named: Sequence[int]) -> str:
    """Return what the messages of a digest have as their cause: the day, and the submissions that they name."""
    return f"{CAUSE}{day.isoformat()}/,{''.join(f'{number},' for number in named)}"


async def naming(reader: Reader, number: int, limit: int) -> list[SentAnswer]:
    """Return messages of digests that name a submission, and still stand."""
    gone = outbox.alias()
    query = (
        sa.select(outbox.c.id, outbox.c.part, outbox.c.room_id)
        .where(begins(outbox.c.cause, CAUSE))
        .where(outbox.c.cause.contains(f",{number},"), outbox.c.kind == "message")
        .where(outbox.c.state.not_in(("refused", "left out")))
        .where(~sa.exists().where(gone.c.about == outbox.c.id, gone.c.kind == "redaction"))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [SentAnswer.model_validate(row._mapping) for row in await reader.sql.execute(query)]


def is_person(recipient: str) -> bool:
    """Tell whether it is a person, and not a room."""
    return recipient.startswith("@")


def day_of(one: Due) -> date:
    """Return the Monday of a digest: whatever becomes of its hour, it is the digest of that day."""
    return date.fromisoformat((one.payload or {})["day"])


def week_of(day: date) -> tuple[datetime, datetime]:
    """Return of which time the digest of a day tells. It is the same for all, wherever they are."""
    end_ = datetime.combine(day, time(), UTC)
    return end_ - WEEK, end_


def _planned(recipient: str, day: date, zone: str, wanted: DigestSettings) -> Due:
    at = _hour(day, zone, wanted)
    if is_person(recipient):
        # Each has a place in the time of their own, always the same.
        place = int.from_bytes(hashlib.sha256(recipient.encode()).digest()[:4], "big")
        at += timedelta(seconds=place % max(60 * wanted.spread_minutes, 1))
    return Due(kind=KIND, subject=recipient, due_at=at, importance=9, payload={"day": day.isoformat()})


def _next_day(zone: str, now: datetime, wanted: DigestSettings) -> date:
    """Return the next Monday whose hour is not over."""
    today = now.astimezone(ZoneInfo(zone)).date()
    monday = today + -today.weekday() % 7 * DAY
    return monday if _hour(monday, zone, wanted) > now else monday + WEEK


def _hour(day: date, zone: str, wanted: DigestSettings) -> datetime:
    return datetime.combine(day, time(wanted.hour), ZoneInfo(zone)).astimezone(UTC)
