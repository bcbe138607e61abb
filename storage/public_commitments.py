"""Commitments that everybody may see, with what was reported on them, for the public library.

As in `storage.library`, each question asks for that in the database, so that what calls them cannot forget it.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from storage import commitments
from storage.commitments import Level, Promise, Report
from storage.database import Reader
from storage.folding import fold
from storage.library import containing
from storage.schema import commitment, submission

SEARCHED = ("title", "body", "milestones", "known")
"""Fields whose words are found."""


class PublicCommitment(BaseModel):
    """A commitment as everybody may see it: no author, no consent, no version that waits.

    `at` is when it was published as it is, `reported_at` when the last report on it was; `level` is None before.
    """

    id: int
    language: str
    promise: Promise
    level: Level | None
    reported_at: datetime | None
    at: datetime


_IS_PUBLIC = sa.and_(submission.c.kind == "commitment", submission.c.public_at.is_not(None))
_DRAWN = commitment.c.submission_id == submission.c.id
_COMMITMENT = (
    sa.select(
        submission.c.id,
        submission.c.language,
        submission.c.fields.label("promise"),
        commitment.c.level,
        commitment.c.reported_at,
        submission.c.public_at.label("at"),
    )
    .join(commitment, _DRAWN)
    .where(_IS_PUBLIC)
)
_NEWEST = (submission.c.public_at.desc(), submission.c.id.desc())


async def get(reader: Reader, number: int) -> PublicCommitment | None:
    """Return a commitment by its number."""
    found = await _all(reader, _COMMITMENT.where(submission.c.id == number))
    return found[0] if found else None


async def reports(reader: Reader, one: PublicCommitment) -> list[Report]:
    """Return what was reported on a commitment and published, the newest first. Reports are as public as it is."""
    return (await commitments.reports(reader, one.id))[::-1]


async def newest(
    reader: Reader, limit: int, offset: int = 0, country: str | None = None, level: Level | None = None
) -> list[PublicCommitment]:
    """Return commitments, the newest first; of one country or of all, that are so far or however far."""
    query = _COMMITMENT.order_by(*_NEWEST).limit(limit).offset(offset)
    if country is not None:
        query = query.where(submission.c.public_country == country)
    if level is not None:
        query = query.where(commitment.c.level == level)
    return await _all(reader, query)


async def count(reader: Reader, country: str | None = None, level: Level | None = None) -> int:
    """Return how many there are, of one country or of all, that are so far or however far."""
    return sum(
        number
        for (place, far), number in (await _counts(reader)).items()
        if country in (None, place) and level in (None, far)
    )


async def countries(reader: Reader) -> dict[str, int]:
    """Return for which countries there are how many, and for none in particular (`general`)."""
    found: dict[str, int] = {}
    for (place, _), number in (await _counts(reader)).items():
        found[place] = found.get(place, 0) + number
    return found


async def numbers(reader: Reader, limit: int) -> list[int]:
    """Return the numbers of commitments, the newest first."""
    query = sa.select(submission.c.id).where(_IS_PUBLIC).order_by(*_NEWEST).limit(limit)
    return list((await reader.sql.execute(query)).scalars())


async def find(reader: Reader, words: str, limit: int) -> tuple[list[PublicCommitment], int]:
    """Return the commitments in which all words occur, the newest first, and how many there are."""
    asked = fold(words).split()
    if not asked:
        return [], 0
    text = await reader.cached("commitments", lambda: _text(reader), part="/public")
    chosen = list(containing(text, asked))
    found = {one.id: one for one in await _all(reader, _COMMITMENT.where(submission.c.id.in_(chosen[:limit])))}
    return [found[number] for number in chosen[:limit]], len(chosen)


async def _counts(reader: Reader) -> dict[tuple[str, Level | None], int]:
    async def made() -> dict[tuple[str, Level | None], int]:
        by = (submission.c.public_country, commitment.c.level)
        query = sa.select(*by, sa.func.count()).join(commitment, _DRAWN).where(_IS_PUBLIC).group_by(*by)
        return {(row[0], row[1]): row[2] for row in await reader.sql.execute(query)}

    return await reader.cached("commitments", made, part="/public countries")


async def _text(reader: Reader) -> str:
    """Return what is searched: of each its number and its words, folded, in a line; the newest first."""
    query = sa.select(submission.c.id, submission.c.fields).where(_IS_PUBLIC).order_by(*_NEWEST)
    rows = (await reader.sql.execute(query)).all()
    return await asyncio.to_thread(lambda: "".join(_line(row.id, row.fields) for row in rows))


def _line(number: int, fields: dict[str, Any]) -> str:
    return f"{number} {fold(' '.join(str(fields.get(key) or '') for key in SEARCHED))}\n"


async def _all(reader: Reader, query: sa.Select[Any]) -> list[PublicCommitment]:
    return [PublicCommitment.model_validate(row._mapping) for row in await reader.sql.execute(query)]
