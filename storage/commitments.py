"""Commitments that are published: how far they are by the reports on them, and when their authors are reminded.

Both commitments and reports are submissions. What lists, filters and sums of them need is drawn from there into
the table `commitment`, in the transaction of each step (`storage.submissions.change`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, field_validator

from storage import due
from storage.categories import Category
from storage.database import Reader, Writer
from storage.due import Due
from storage.schema import commitment, submission

Level = Literal["not started", "limited", "substantial", "complete"]

REMIND, CHANGED = "commitment_reminder", "commitment_changed"
"""The tasks that remind an author, and that plan this anew when something has changed."""
BEFORE_MILESTONE, BEFORE_DEADLINE = (7, 1), (30, 7, 1)
"""How many days ahead authors are reminded."""
AFTERWARDS = -1
"""The day after the deadline they are asked once how it went."""


class Milestone(BaseModel):
    """A step on the way, and by when."""

    day: date
    what: str


class Promise(BaseModel):
    """What a commitment says. In a submission the milestones are lines that begin with a date (ISO 8601)."""

    model_config = ConfigDict(extra="ignore")

    title: str
    category: Category
    body: str | None = None
    country: str
    deadline: date
    milestones: list[Milestone] = []
    known: str
    visibility: Literal["members", "public"]

    @field_validator("milestones", mode="before")
    @classmethod
    def _read(cls, said: object) -> object:
        return said if isinstance(said, list) else cls.lines(said)

    @staticmethod
    def lines(said: object) -> list[Milestone]:
        """Return the milestones in such lines."""
        parts = [line.partition(" ") for line in str(said or "").splitlines() if line.strip()]
        return [Milestone.model_validate({"day": day, "what": what.strip()}) for day, _, what in parts]

    def dates(self) -> dict[date, tuple[int, ...]]:
        """Return the days of which the author is reminded, with how many days ahead."""
        found = {one.day: BEFORE_MILESTONE for one in self.milestones}
        return {**found, self.deadline: (*BEFORE_DEADLINE, AFTERWARDS)}


class Report(BaseModel):
    """How far a commitment is. `commitment` is its number; `at` is when the report was published.

    `language` is that of the text; nothing where nobody knows it.
    """

    id: int = 0
    language: str = ""
    commitment: int
    level: Level
    text: str = ""
    link: str | None = None
    at: datetime | None = None


class Commitment(BaseModel):
    """A commitment that is published, and how far it is; `level` is None before the first report."""

    id: int
    language: str
    promise: Promise
    made_at: datetime
    level: Level | None
    reported_at: datetime | None
    met_at: datetime | None


_PUBLISHED = sa.select(
    submission.c.id,
    submission.c.language,
    submission.c.fields,
    submission.c.created_at,
    commitment.c.level,
    commitment.c.reported_at,
    commitment.c.met_at,
).join(commitment, commitment.c.submission_id == submission.c.id)
_UNMET = sa.or_(commitment.c.level.is_(None), commitment.c.level != "complete")


async def get(reader: Reader, number: int) -> Commitment | None:
    """Return a published commitment."""
    found = await _all(reader, _PUBLISHED.where(submission.c.id == number))
    return found[0] if found else None


async def met_since(reader: Reader, since: datetime, until: datetime) -> list[Commitment]:
    """Return what became complete by a report that was published after `since`, and not after `until`."""
    this = sa.and_(commitment.c.met_at > since, commitment.c.met_at <= until)
    return await _all(reader, _PUBLISHED.where(this).order_by(commitment.c.met_at, submission.c.id))


async def find(
    reader: Reader,
    countries: Collection[str] | None = None,
    category: Category | None = None,
    level: Level | None = None,
    due_from: date | None = None,
) -> list[Commitment]:
    """Return the commitments that fit, the newest first.

    With `due_from` those that are to be met on that day or later and are not yet, the soonest first.
    """
    query = _PUBLISHED
    if countries is not None:
        query = query.where(commitment.c.country.in_(countries))
    if category is not None:
        query = query.where(commitment.c.category == category)
    if level is not None:
        query = query.where(commitment.c.level == level)
    if due_from is not None:
        query = query.where(_UNMET, commitment.c.deadline >= due_from)
        return await _all(reader, query.order_by(commitment.c.deadline, submission.c.id))
    return await _all(reader, query.order_by(submission.c.id.desc()))


async def overdue(reader: Reader, today: date) -> list[Commitment]:
    """Return what was to be met before today and is not by any report, the longest ago first."""
    query = _PUBLISHED.where(_UNMET, commitment.c.deadline < today)
    return await _all(reader, query.order_by(commitment.c.deadline, submission.c.id))


async def reports(reader: Reader, number: int) -> list[Report]:
    """Return the published reports on a commitment, the oldest first."""
    return [report for _, report in await _reports(reader, submission.c.about == number)]


async def of_year(reader: Reader, year: int) -> list[tuple[str, Level | None]]:
    """Return of each commitment that stood in a year its country, and how far it was at the end of the year.

    It stood if it was made before the end of the year (UTC), and not met before its beginning.
    """
    begins, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    every = await _all(reader, _PUBLISHED.where(submission.c.created_at < ends).order_by(submission.c.id))
    told: dict[int, list[Report]] = {}
    for number, report in await _reports(reader, submission.c.updated_at < ends):
        told.setdefault(number, []).append(report)
    found: list[tuple[str, Level | None]] = []
    for one in every:
        level, _, met_at = _standing(told.get(one.id, []))
        if met_at is None or met_at >= begins:
            found.append((one.promise.country, level))
    return found


async def put(writer: Writer, number: int, fields: dict[str, Any] | None, at: datetime) -> None:
    """Draw from a commitment what it says now; `fields` are None when it is not published (any more)."""
    if fields is None:
        await writer.sql.execute(sa.delete(commitment).where(commitment.c.submission_id == number))
        await due.cancel_all(writer, REMIND, f"{number}/")
        await due.cancel(writer, CHANGED, str(number))
        return
    promise = Promise.model_validate(fields)
    level, reported_at, met_at = _standing(await reports(writer, number))
    await writer.put(
        commitment,
        {"submission_id": number},
        country=promise.country,
        category=promise.category,
        deadline=promise.deadline,
        level=level,
        reported_at=reported_at,
        met_at=met_at,
    )
    await _plan_later(writer, number, at)


async def reported(writer: Writer, number: int, at: datetime) -> None:
    """Draw from the reports on a commitment how far it is now."""
    level, reported_at, met_at = _standing(await reports(writer, number))
    values = {"level": level, "reported_at": reported_at, "met_at": met_at}
    this = commitment.c.submission_id == number
    if (await writer.sql.execute(sa.update(commitment).where(this).values(**values))).rowcount:
        await _plan_later(writer, number, at)


async def plan(writer: Writer, number: int, at: Callable[[date], datetime], now: datetime) -> None:
    """Plan when the author is reminded; `at` says at which time of a day.

    What is due already stays: it is about to be done, and looks itself whether it still helps.
    """
    one = await get(writer, number)
    wanted: dict[str, Due] = {}
    if one is not None and one.level != "complete":
        for day, ahead in one.promise.dates().items():
            for days in ahead:
                subject = f"{number}/{day.isoformat()}/{days}"
                wanted[subject] = Due(
                    kind=REMIND, subject=subject, due_at=at(day - timedelta(days=days)), importance=6
                )
    for planned in await due.beginning(writer, REMIND, f"{number}/"):
        if planned.subject not in wanted and planned.due_at > now:
            await due.cancel(writer, REMIND, planned.subject)
    for reminder in wanted.values():
        if reminder.due_at > now:
            await due.schedule(writer, reminder)


def reminder_of(subject: str) -> tuple[int, date, int]:
    """Return commitment, day, and how many days ahead, of what is due."""
    number, day, days = subject.split("/")
    return int(number), date.fromisoformat(day), int(days)


async def _plan_later(writer: Writer, number: int, at: datetime) -> None:
    await due.schedule(writer, Due(kind=CHANGED, subject=str(number), due_at=at, importance=7))


async def _all(reader: Reader, query: sa.Select[Any]) -> list[Commitment]:
    return [
        Commitment(
            id=row.id,
            language=row.language,
            promise=Promise.model_validate(row.fields),
            made_at=row.created_at,
            level=row.level,
            reported_at=row.reported_at,
            met_at=row.met_at,
        )
        for row in await reader.sql.execute(query)
    ]


async def _reports(reader: Reader, this: sa.ColumnElement[bool]) -> list[tuple[int, Report]]:
    columns = (
        submission.c.id,
        submission.c.about,
        submission.c.language,
        submission.c.fields,
        submission.c.updated_at,
    )
    query = sa.select(*columns).where(
        submission.c.kind == "progress", submission.c.state == "published", submission.c.about.is_not(None), this
    )
    return [
        (
            row.about,
            Report.model_validate({**row.fields, "id": row.id, "language": row.language, "at": row.updated_at}),
        )
        for row in await reader.sql.execute(query.order_by(submission.c.id))
    ]


def _standing(told: Sequence[Report]) -> tuple[Level | None, datetime | None, datetime | None]:
    """Return how far something is by its reports, when that was published, and since when it is complete."""
    if not told:
        return None, None, None
    return told[-1].level, told[-1].at, min(_complete(told), default=None)


def _complete(told: Sequence[Report]) -> Iterator[datetime]:
    """Return when the last reports were published, as far back as all say that it is complete."""
    for report in reversed(told):
        if report.level != "complete" or report.at is None:
            return
        yield report.at
