"""The history of what is kept: who changed what, when, and how it was before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.prefixes import begins
from storage.schema import change

Facts = dict[str, Any]


class Change(BaseModel):
    """One change. `before` is None for what is new, `after` for what was removed.

    `person` is a Matrix id; None where the bot itself did it, as with starter content.
    """

    id: int = 0
    at: datetime
    person: str | None
    action: str
    subject: str
    before: Facts | None = None
    after: Facts | None = None
    proposal_id: int | None = None


async def add(writer: Writer, changes: list[Change]) -> None:
    """Store changes in their order."""
    if changes:
        await writer.sql.execute(sa.insert(change), [one.model_dump(exclude={"id"}) for one in changes])


async def of_subject(reader: Reader, prefix: str, limit: int) -> list[Change]:
    """Return the newest changes of all whose subject begins so, the newest first."""
    query = sa.select(change).where(begins(change.c.subject, prefix)).order_by(change.c.id.desc()).limit(limit)
    return [Change.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def between(reader: Reader, prefix: str, since: datetime, until: datetime) -> list[Change]:
    """Return what was changed in a time of all whose subject begins so, in its order."""
    query = (
        sa.select(change)
        .where(begins(change.c.subject, prefix))
        .where(change.c.at >= since, change.c.at < until)
        .order_by(change.c.id)
    )
    return [Change.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def of_proposal(reader: Reader, proposal_id: int) -> list[Change]:
    """Return what an import changed, in its order."""
    query = sa.select(change).where(change.c.proposal_id == proposal_id).order_by(change.c.id)
    return [Change.model_validate(row._mapping) for row in await reader.sql.execute(query)]
