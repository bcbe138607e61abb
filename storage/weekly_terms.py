"""Terms of the week: which moderators chose, which were had, and which comes next by rotation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from storage.database import Reader, Writer
from storage.schema import weekly_term


async def chosen(reader: Reader) -> list[str]:
    """Return the terms that moderators chose and that are to come, the next first."""
    query = sa.select(weekly_term.c.concept_id).where(weekly_term.c.week.is_(None)).order_by(weekly_term.c.id)
    return list((await reader.sql.execute(query)).scalars())


async def choose(writer: Writer, concept_id: str, now: datetime) -> bool:
    """Put a term behind those that are to come. Return False if it is among them already."""
    if concept_id in await chosen(writer):
        return False
    await writer.sql.execute(sa.insert(weekly_term).values(concept_id=concept_id, at=now))
    return True


async def take_back(writer: Writer, concept_id: str) -> bool:
    """Take a term out of those that are to come. Return False if it is not among them."""
    this = sa.and_(weekly_term.c.concept_id == concept_id, weekly_term.c.week.is_(None))
    return bool((await writer.sql.execute(sa.delete(weekly_term).where(this))).rowcount)


async def of_week(reader: Reader, week: str) -> str | None:
    """Return the term that was posted in a week."""
    query = sa.select(weekly_term.c.concept_id).where(weekly_term.c.week == week)
    found: str | None = (await reader.sql.execute(query)).scalar()
    return found


async def newest(reader: Reader) -> str | None:
    """Return the term that was posted last."""
    query = sa.select(weekly_term.c.concept_id).where(weekly_term.c.week.is_not(None))
    found: str | None = (await reader.sql.execute(query.order_by(weekly_term.c.week.desc()).limit(1))).scalar()
    return found


async def posted(writer: Writer, concept_id: str, week: str, now: datetime) -> None:
    """Note that a term was posted in a week; if it was chosen, it is not to come any more."""
    await take_back(writer, concept_id)
    await writer.sql.execute(sa.insert(weekly_term).values(concept_id=concept_id, week=week, at=now))


async def following(reader: Reader, complete: Mapping[str, Iterable[str]]) -> str | None:
    """Return which term comes next: the first that moderators chose, else by rotation. None: there is none.

    `complete` says which terms are complete, by language. One that was chosen needs to be so in one of these
    languages; by rotation come those that are complete in the most of them. None comes again before all were had.
    """
    counted: dict[str, int] = {}
    for concept_ids in complete.values():
        for concept_id in concept_ids:
            counted[concept_id] = counted.get(concept_id, 0) + 1
    for concept_id in await chosen(reader):
        if concept_id in counted:
            return concept_id
    most = max(counted.values(), default=0)
    query = sa.select(weekly_term.c.concept_id, sa.func.max(weekly_term.c.week).label("week"))
    query = query.where(weekly_term.c.week.is_not(None)).group_by(weekly_term.c.concept_id)
    had: dict[str, str] = {row.concept_id: row.week for row in await reader.sql.execute(query)}
    fitting = [concept_id for concept_id, count in counted.items() if count == most]
    return min(fitting, key=lambda one: (had.get(one, ""), _shuffled(one)), default=None)


def _shuffled(concept_id: str) -> str:
    """Return by what terms are in order that were never had: mixed, and the same everywhere."""
    return hashlib.sha256(concept_id.encode()).hexdigest()
