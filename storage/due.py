"""What is to be done, and when. The truth about time is here; the clock only looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.prefixes import begins
from storage.schema import due


class Due(BaseModel):
    """Something to do at a time. `kind` says who does it, `subject` with what; both together are the key.

    Of what is due at the same moment the smallest `importance` goes first.
    """

    kind: str
    subject: str
    due_at: datetime
    importance: int = 0
    payload: dict[str, Any] | None = None


# Asked every few seconds, and so made once.
_NEXT = sa.select(sa.func.min(due.c.due_at).label("due_at"))
_READY = (
    sa.select(due)
    .where(due.c.due_at <= sa.bindparam("now", type_=due.c.due_at.type))
    .order_by(due.c.importance, due.c.due_at, due.c.kind, due.c.subject)
    .limit(sa.bindparam("limit"))
)


async def schedule(writer: Writer, one: Due) -> None:
    """Do something at a time; if it was to be done already, at that time instead."""
    key = {"kind": one.kind, "subject": one.subject}
    await writer.put(due, key, **one.model_dump(exclude={"kind", "subject"}))


async def add_all(writer: Writer, some: Sequence[Due]) -> None:
    """Do many things, each at its time, that are not yet to be done."""
    if some:
        await writer.sql.execute(sa.insert(due), [one.model_dump() for one in some])


async def ensure(writer: Writer, one: Due) -> None:
    """Do something at a time, unless it is to be done already."""
    if await get(writer, one.kind, one.subject) is None:
        await schedule(writer, one)


async def get(reader: Reader, kind: str, subject: str) -> Due | None:
    """Return when something is to be done; None if it is not."""
    query = sa.select(due).where(due.c.kind == kind, due.c.subject == subject)
    row = (await reader.sql.execute(query)).first()
    return Due.model_validate(row._mapping) if row else None


async def beginning(reader: Reader, kind: str, prefix: str) -> list[Due]:
    """Return what is to be done of a kind whose subject begins so."""
    rows = await reader.sql.execute(sa.select(due).where(due.c.kind == kind, begins(due.c.subject, prefix)))
    return [Due.model_validate(row._mapping) for row in rows]


async def cancel(writer: Writer, kind: str, subject: str) -> None:
    """Do something not at all; also when it is done."""
    await writer.sql.execute(sa.delete(due).where(due.c.kind == kind, due.c.subject == subject))


async def cancel_all(writer: Writer, kind: str, prefix: str) -> None:
    """Do nothing of a kind whose subject begins so."""
    await writer.sql.execute(sa.delete(due).where(due.c.kind == kind, begins(due.c.subject, prefix)))


async def cancel_ending(writer: Writer, kind: str, ending: str) -> None:
    """Do nothing of a kind whose subject ends so. Looks at all of that kind."""
    # From the left, because only SQLite counts a negative place from the right.
    ends = sa.func.substr(due.c.subject, sa.func.length(due.c.subject) - len(ending) + 1) == ending
    await writer.sql.execute(sa.delete(due).where(due.c.kind == kind, ends))


async def next_at(reader: Reader) -> datetime | None:
    """Return when the next thing is to be done."""
    found: datetime | None = (await reader.sql.execute(_NEXT)).scalar()
    return found


async def ready(reader: Reader, now: datetime, limit: int) -> list[Due]:
    """Return what is due, the most important first, then the longest due."""
    rows = await reader.sql.execute(_READY, {"now": now, "limit": limit})
    return [Due.model_validate(row._mapping) for row in rows]
