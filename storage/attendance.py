"""Who goes to an event, or may go. Others are told numbers only."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from storage.database import Reader, Writer
from storage.schema import attendance

Answer = Literal["going", "maybe"]


async def answer(writer: Writer, number: int, person: str, said: Answer | None, at: datetime) -> None:
    """Note what a person says of an event; None forgets it."""
    if said is None:
        this = sa.and_(attendance.c.event_id == number, attendance.c.person == person)
        await writer.sql.execute(sa.delete(attendance).where(this))
        return
    await writer.put(attendance, {"event_id": number, "person": person}, answer=said, answered_at=at)


async def of(reader: Reader, number: int, person: str) -> Answer | None:
    """Return what a person said of an event."""
    this = sa.and_(attendance.c.event_id == number, attendance.c.person == person)
    found: Answer | None = (await reader.sql.execute(sa.select(attendance.c.answer).where(this))).scalar()
    return found


async def people(reader: Reader, number: int) -> list[str]:
    """Return who goes to an event, or may go."""
    query = sa.select(attendance.c.person).where(attendance.c.event_id == number).order_by(attendance.c.person)
    return list((await reader.sql.execute(query)).scalars())


async def count(reader: Reader, number: int) -> dict[str, int]:
    """Return how many gave each answer."""
    query = (
        sa.select(attendance.c.answer, sa.func.count().label("many"))
        .where(attendance.c.event_id == number)
        .group_by(attendance.c.answer)
    )
    return {row.answer: row.many for row in await reader.sql.execute(query)}
