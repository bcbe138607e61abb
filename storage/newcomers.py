"""Who was in a community room once, and who is to be welcomed when.

Of each person there is a mark: a hash with a key of this database. It tells whether somebody was met before, and
names nobody; who has the database and an id can compute it all the same.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from storage import due
from storage.database import Reader, Writer
from storage.due import Due
from storage.schema import due as due_table
from storage.schema import met, welcoming

WELCOME = "welcome"
"""The task that welcomes; its subject is the mark of a person."""
IMPORTANCE = 9
TOGETHER = 500
"""Marks of one statement."""


class Join(NamedTuple):
    """Somebody is in a room now, and may have been before."""

    person: str
    room_id: str


async def mark(reader: Reader, person: str) -> str | None:
    """Return the mark of a person; None while nobody was met, and so there is no key."""
    key = (await reader.sql.execute(sa.select(welcoming.c.key))).scalar()
    return _mark(key, person) if key is not None else None


async def meet(writer: Writer, joins: Sequence[Join], now: datetime) -> dict[str, Join]:
    """Remember who is in a community room. Return those who never were, by their marks, in their order."""
    key = await _key(writer, now)
    by_mark: dict[str, Join] = {}
    for join in joins:
        by_mark.setdefault(_mark(key, join.person), join)
    marks, known = list(by_mark), set[str]()
    for start in range(0, len(marks), TOGETHER):
        these = sa.select(met.c.mark).where(met.c.mark.in_(marks[start : start + TOGETHER]))
        known.update((await writer.sql.execute(these)).scalars())
    fresh = {one: join for one, join in by_mark.items() if one not in known}
    if fresh:
        await writer.sql.execute(sa.insert(met), [{"mark": one} for one in fresh])
    return fresh


async def was_met(reader: Reader, person: str) -> bool:
    """Tell whether a person was in a community room once."""
    found = await mark(reader, person)
    query = sa.select(met.c.mark).where(met.c.mark == found)
    return found is not None and (await reader.sql.execute(query)).first() is not None


async def plan(writer: Writer, fresh: dict[str, Join], now: datetime, apart: timedelta) -> None:
    """Let people be welcomed one after the other, so far apart."""
    at = max((await writer.sql.execute(sa.select(welcoming.c.next_at))).scalar_one(), now)
    await due.add_all(
        writer, [_due(one, join, at + place * apart) for place, (one, join) in enumerate(fresh.items())]
    )
    await writer.sql.execute(sa.update(welcoming).values(next_at=at + len(fresh) * apart))


async def plan_at_once(writer: Writer, fresh: dict[str, Join], now: datetime) -> None:
    """Let people be welcomed now, if they were not in a life of which this database knows nothing."""
    await due.add_all(writer, [_due(one, join, now) for one, join in fresh.items()])


async def is_waiting(reader: Reader, person: str) -> bool:
    """Tell whether somebody is still to be welcomed."""
    found = await mark(reader, person)
    return found is not None and await due.get(reader, WELCOME, found) is not None


async def forget(writer: Writer, person: str) -> None:
    """Do not welcome somebody who waits for it. The mark stays: without it they would be welcomed anew."""
    found = await mark(writer, person)
    if found is not None:
        await due.cancel(writer, WELCOME, found)


async def count_waiting(reader: Reader) -> int:
    """Return how many people are still to be welcomed."""
    query = sa.select(sa.func.count()).select_from(due_table).where(due_table.c.kind == WELCOME)
    return (await reader.sql.execute(query)).scalar_one()


def _due(one: str, join: Join, at: datetime) -> Due:
    payload = {"person": join.person, "room": join.room_id}
    return Due(kind=WELCOME, subject=one, due_at=at, importance=IMPORTANCE, payload=payload)


async def _key(writer: Writer, now: datetime) -> bytes:
    known: bytes | None = (await writer.sql.execute(sa.select(welcoming.c.key))).scalar()
    if known is None:
        known = secrets.token_bytes(32)
        await writer.sql.execute(sa.insert(welcoming).values(id=1, key=known, next_at=now))
    return known


def _mark(key: bytes, person: str) -> str:
    return hmac.new(key, person.encode(), hashlib.sha256).hexdigest()[:32]
