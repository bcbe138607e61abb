"""What was shown before it is done, as imports, and what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import proposal

State = Literal["proposed", "applied", "cancelled", "undone"]


class Proposal(BaseModel):
    """An import. `plan` is what would change, as long as it is only proposed."""

    id: int = 0
    kind: str
    room_id: str
    person: str
    state: State = "proposed"
    plan: dict[str, Any] | None
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None


async def add(writer: Writer, one: Proposal, *, alone: bool = True) -> int:
    """Store a proposal and return its number. If `alone`, older ones of its kind in the room are cancelled."""
    older = sa.and_(proposal.c.room_id == one.room_id, proposal.c.kind == one.kind, proposal.c.state == "proposed")
    if alone:
        await writer.sql.execute(
            sa.update(proposal).where(older).values(state="cancelled", plan=sa.null(), decided_at=one.created_at)
        )
    done = await writer.sql.execute(sa.insert(proposal).values(**one.model_dump(exclude={"id"})))
    key = done.inserted_primary_key
    assert key is not None  # noqa: S101 - every dialect returns it for a single row
    return int(key[0])


async def get(reader: Reader, number: int) -> Proposal | None:
    """Return a proposal by its number."""
    return await _one(reader, sa.select(proposal).where(proposal.c.id == number))


async def newest(reader: Reader, room_id: str, kinds: Collection[str]) -> Proposal | None:
    """Return the proposal of some kinds that was made last in a room."""
    query = sa.select(proposal).where(proposal.c.room_id == room_id, proposal.c.kind.in_(kinds))
    return await _one(reader, query.order_by(proposal.c.id.desc()).limit(1))


async def newest_applied(reader: Reader, kinds: Collection[str]) -> Proposal | None:
    """Return the proposal of some kinds that was applied last, also when it was undone since."""
    query = (
        sa.select(proposal)
        .where(proposal.c.state.in_(["applied", "undone"]), proposal.c.kind.in_(kinds))
        .order_by(proposal.c.id.desc())
        .limit(1)
    )
    return await _one(reader, query)


async def decide(writer: Writer, number: int, state: State, at: datetime) -> None:
    """Record what became of a proposal, and forget its plan."""
    await writer.sql.execute(
        sa.update(proposal).where(proposal.c.id == number).values(state=state, plan=sa.null(), decided_at=at)
    )


async def expire(writer: Writer, before: datetime) -> None:
    """Drop what nobody decided on until that time, and forget its plan."""
    await writer.sql.execute(
        sa.update(proposal)
        .where(proposal.c.state == "proposed", proposal.c.expires_at < before)
        .values(state="cancelled", plan=sa.null(), decided_at=before)
    )


async def _one(reader: Reader, query: sa.Select[Any]) -> Proposal | None:
    row = (await reader.sql.execute(query)).first()
    return Proposal.model_validate(row._mapping) if row else None
