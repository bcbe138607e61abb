"""How much there is, for those who watch the bot: numbers only."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel

from storage import digests, newcomers
from storage.database import Reader
from storage.schema import due, inbox, outbox, submission
from storage.submissions import OPEN


class Figures(BaseModel):
    """Numbers of rows, ages in seconds (0: there is none), and the size of the database in bytes."""

    inbox_pending: int
    outbox_pending: int
    outbox_oldest: float
    outbox_refused: int
    due: int
    overdue: int
    overdue_oldest: float
    digest_persons: int
    digest_rooms: int
    queue_waiting: int
    queue_oldest: float
    welcomes_waiting: int
    database_bytes: int


async def of(reader: Reader, now: datetime) -> Figures:
    """Return the numbers as they are now."""

    async def count(query: sa.Select[int]) -> int:
        return (await reader.sql.execute(query)).scalar_one()

    async def age(query: sa.Select[datetime]) -> float:
        oldest: datetime | None = (await reader.sql.execute(query)).scalar()
        return max((now - oldest).total_seconds(), 0.0) if oldest is not None else 0.0

    rows = sa.func.count()
    persons, rooms = await digests.count(reader)
    waits = submission.c.state.in_(OPEN)
    return Figures(
        inbox_pending=await count(sa.select(rows).select_from(inbox).where(inbox.c.state == "pending")),
        outbox_pending=await count(sa.select(rows).select_from(outbox).where(outbox.c.state == "pending")),
        outbox_oldest=await age(
            sa.select(sa.func.min(outbox.c.created_at).label("created_at")).where(outbox.c.state == "pending")
        ),
        outbox_refused=await count(sa.select(rows).select_from(outbox).where(outbox.c.state == "refused")),
        due=await count(sa.select(rows).select_from(due)),
        overdue=await count(sa.select(rows).select_from(due).where(due.c.due_at <= now)),
        overdue_oldest=await age(sa.select(sa.func.min(due.c.due_at).label("due_at")).where(due.c.due_at <= now)),
        digest_persons=persons,
        digest_rooms=rooms,
        queue_waiting=await count(sa.select(rows).select_from(submission).where(waits)),
        queue_oldest=await age(sa.select(sa.func.min(submission.c.updated_at).label("updated_at")).where(waits)),
        welcomes_waiting=await newcomers.count_waiting(reader),
        database_bytes=await _size(reader),
    )


async def _size(reader: Reader) -> int:
    if reader.sql.dialect.name == "sqlite":
        pages = (await reader.sql.execute(sa.text("PRAGMA page_count"))).scalar_one()
        return int(pages) * int((await reader.sql.execute(sa.text("PRAGMA page_size"))).scalar_one())
    return int((await reader.sql.execute(sa.text("SELECT pg_database_size(current_database())"))).scalar_one())
