"""What moderators note while they review: answers to a checklist, and notes. By pseudonym, as all of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import review

Answer = Literal["yes", "no", "unsure"]


class Remark(BaseModel):
    """One remark: an answer to an `item` of the checklist, or without one a note."""

    submission_id: int
    by: str
    item: str | None = None
    answer: Answer | None = None
    note: str | None = None
    at: datetime


async def add(writer: Writer, remarks: Sequence[Remark]) -> None:
    """Store remarks."""
    await writer.sql.execute(sa.insert(review), [one.model_dump() for one in remarks])


async def of(reader: Reader, number: int) -> list[Remark]:
    """Return all remarks on a submission, the oldest first."""
    query = sa.select(review).where(review.c.submission_id == number).order_by(review.c.id)
    return [Remark.model_validate(row._mapping) for row in await reader.sql.execute(query)]


def latest(remarks: Sequence[Remark]) -> dict[str, Remark]:
    """Return what the checklist says now: of each item the last answer."""
    return {one.item: one for one in remarks if one.item is not None}


async def forget(writer: Writer, number: int) -> None:
    """Delete the remarks on what was erased: they may quote it."""
    await writer.sql.execute(sa.delete(review).where(review.c.submission_id == number))
