"""Encrypted events that wait for their key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import unreadable


class Unreadable(BaseModel):
    """An event as it came, and why it cannot be read (see `bot.encryption.inward`)."""

    event_id: str
    room_id: str
    sender: str
    session_id: str
    sent_at: datetime
    content: dict[str, Any]
    reason: str
    since: datetime
    told_at: datetime | None = None


async def keep(writer: Writer, one: Unreadable) -> None:
    """Store an event that cannot be read, or why it still cannot."""
    found = sa.select(unreadable.c.id).where(unreadable.c.event_id == one.event_id)
    if (await writer.sql.execute(found)).first() is None:
        await writer.sql.execute(sa.insert(unreadable).values(**one.model_dump()))
        return
    same = unreadable.c.event_id == one.event_id
    await writer.sql.execute(sa.update(unreadable).where(same).values(reason=one.reason))


async def drop(writer: Writer, event_id: str) -> None:
    """Forget an event: it was read, or never will be."""
    await writer.sql.execute(sa.delete(unreadable).where(unreadable.c.event_id == event_id))


async def waiting(
    reader: Reader, *, sessions: Iterable[str] = (), senders: Iterable[str] = (), all_of_them: bool = False
) -> list[Unreadable]:
    """Return what waits for these sessions or is from these people, in the order in which it came."""
    query = sa.select(*(column for column in unreadable.c if column.name != "id")).order_by(unreadable.c.id)
    if not all_of_them:
        wanted = sa.or_(unreadable.c.session_id.in_(list(sessions)), unreadable.c.sender.in_(list(senders)))
        query = query.where(wanted)
    return [Unreadable.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def to_tell(
    reader: Reader, *, reasons: Sequence[str], before: datetime, not_since: datetime
) -> list[Unreadable]:
    """Return the newest event of each room that waits since `before`, where nothing was told since a time."""
    told = sa.select(unreadable.c.room_id).where(unreadable.c.told_at >= not_since)
    newest = (
        sa.select(sa.func.max(unreadable.c.id))
        .where(
            unreadable.c.reason.in_(reasons),
            unreadable.c.since < before,
            unreadable.c.told_at.is_(None),
            unreadable.c.room_id.not_in(told),
        )
        .group_by(unreadable.c.room_id)
    )
    query = sa.select(*(column for column in unreadable.c if column.name != "id"))
    query = query.where(unreadable.c.id.in_(newest)).order_by(unreadable.c.id)
    return [Unreadable.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def told(writer: Writer, room_id: str, at: datetime, *, before: datetime) -> None:
    """Note that people in a room know about what waited there since `before`."""
    which = sa.and_(unreadable.c.room_id == room_id, unreadable.c.since < before, unreadable.c.told_at.is_(None))
    await writer.sql.execute(sa.update(unreadable).where(which).values(told_at=at))


async def count(reader: Reader) -> int:
    """Return how many events wait for their key."""
    return (await reader.sql.execute(sa.select(sa.func.count()).select_from(unreadable))).scalar_one()


async def prune(writer: Writer, before: datetime) -> None:
    """Forget what came before a time: its key will not come any more."""
    await writer.sql.execute(sa.delete(unreadable).where(unreadable.c.since < before))
