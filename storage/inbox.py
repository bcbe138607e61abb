"""What came in and concerns the bot, and how far it has read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import inbox, sync_position

Doubt = Literal["search", "silent"]
"""Of something that may have been said already: say it only where the room surely lacks it, or not at all."""
Kind = Literal["message", "edit", "redaction", "reaction", "file"]
Outcome = Literal["answered", "silent", "flood", "redacted", "failed"]


TOGETHER = 500
"""Ids of one question; databases take some thousands."""
PAGE = 1000
"""Rows of which the old ones are deleted in one transaction."""


class InboxEvent(BaseModel):
    """An event to be handled. `payload` is what was written to the bot, and how to answer it.

    With `doubt` it may have been answered before the database was put back from a copy; see `storage.restored`.
    """

    seq: int = 0
    event_id: str
    room_id: str
    sender: str
    kind: Kind
    target: str | None = None
    sent_at: datetime
    payload: dict[str, Any] | None = None
    doubt: Doubt | None = None


class Origin(BaseModel):
    """What is known of an event that an edit or a redaction is about."""

    event_id: str
    sender: str
    kind: Kind
    target: str | None = None
    state: str
    command: str | None


# Asked with each command, and so made once: to make a question takes longer than to answer it.
_ADVANCE = sa.update(sync_position)
_IDS: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
_KNOWN = sa.select(inbox.c.event_id).where(inbox.c.event_id.in_(_IDS))
_ADD = sa.insert(inbox)
_HANDLED = sa.update(inbox).where(inbox.c.event_id == sa.bindparam("handled"))

_PENDING_OF = (
    sa.select(inbox.c.seq)
    .where(
        inbox.c.state == "pending", inbox.c.room_id == sa.bindparam("room"), inbox.c.sender == sa.bindparam("by")
    )
    .limit(1)
)


async def position(reader: Reader) -> str | None:
    """Return the token from which the next sync goes on; None before the first."""
    return (await reader.sql.execute(sa.select(sync_position.c.next_batch))).scalar()


async def advance(writer: Writer, next_batch: str, at: datetime) -> None:
    """Remember that everything up to `next_batch` is stored."""
    await writer.sql.run_sync(_advance, next_batch, at)


async def add(writer: Writer, events: Sequence[InboxEvent]) -> list[InboxEvent]:
    """Store `events` in their order; return those that were not there before, with their `seq`."""
    return await writer.sql.run_sync(_add, events) if events else []


async def take(writer: Writer, events: Sequence[InboxEvent], next_batch: str, at: datetime) -> list[InboxEvent]:
    """Do both in one journey to the database; return the new events as `add` does."""

    def both(sql: sa.Connection) -> list[InboxEvent]:
        _advance(sql, next_batch, at)
        return _add(sql, events) if events else []

    return await writer.sql.run_sync(both)


def _advance(sql: sa.Connection, next_batch: str, at: datetime) -> None:
    values = {"next_batch": next_batch, "synced_at": at}
    if sql.execute(_ADVANCE, values).rowcount == 0:
        sql.execute(sa.insert(sync_position).values(id=1, **values))


def _add(sql: sa.Connection, events: Sequence[InboxEvent]) -> list[InboxEvent]:
    known: set[str] = set()
    for start in range(0, len(events), TOGETHER):
        ids = [event.event_id for event in events[start : start + TOGETHER]]
        known.update(sql.execute(_KNOWN, {"ids": ids}).scalars())
    fresh = []
    for event in events:
        if event.event_id in known:
            continue
        known.add(event.event_id)
        values = event.model_dump(exclude={"seq"})
        key = sql.execute(_ADD, {"state": "pending", **values}).inserted_primary_key
        assert key is not None  # noqa: S101 - every dialect returns it for a single row
        fresh.append(event.model_copy(update={"seq": key[0]}))
    return fresh


async def origin(reader: Reader, event_id: str, *, before: int | None = None) -> Origin | None:
    """Return what is known of the event, or of the first edit of it, that came `before` a place in the inbox."""
    edit_of_it = sa.and_(inbox.c.target == event_id, inbox.c.kind == "edit")
    query = (
        sa.select(inbox.c.event_id, inbox.c.sender, inbox.c.kind, inbox.c.target, inbox.c.state, inbox.c.command)
        .where(sa.or_(inbox.c.event_id == event_id, edit_of_it))
        .order_by(inbox.c.seq)
    )
    if before is not None:
        query = query.where(inbox.c.seq < before)
    row = (await reader.sql.execute(query)).first()
    return Origin.model_validate(row._mapping) if row else None


async def pending_rooms(reader: Reader) -> list[str]:
    """Return the rooms in which something waits to be handled."""
    query = sa.select(inbox.c.room_id).where(inbox.c.state == "pending").distinct()
    return list((await reader.sql.execute(query)).scalars())


async def pending(reader: Reader, room_id: str, *, after: int, limit: int) -> list[InboxEvent]:
    """Return what waits in a room, oldest first, from behind `after` on."""
    query = (
        sa.select(inbox)
        .where(inbox.c.state == "pending", inbox.c.room_id == room_id, inbox.c.seq > after)
        .order_by(inbox.c.seq)
        .limit(limit)
    )
    rows = await reader.sql.execute(query)
    return [InboxEvent.model_validate(row._mapping) for row in rows]


async def has_pending_of(reader: Reader, room_id: str, sender: str) -> bool:
    """Tell whether something that a person said in a room waits to be handled."""
    return (await reader.sql.execute(_PENDING_OF, {"room": room_id, "by": sender})).first() is not None


async def count_pending(reader: Reader) -> int:
    """Return how many events wait to be handled."""
    query = sa.select(sa.func.count()).where(inbox.c.state == "pending")
    return (await reader.sql.execute(query)).scalar_one()


async def handled(
    writer: Writer, event_id: str, outcome: Outcome, at: datetime, *, command: str | None = None
) -> None:
    """Mark an event as dealt with and forget what was written in it."""
    values = {"handled": event_id, "state": outcome, "payload": None, "command": command, "handled_at": at}
    await writer.sql.execute(_HANDLED, values)


async def prune(writer: Writer, before: datetime, after: int) -> int | None:
    """Delete what was handled before a time, among the next rows behind `after`.

    Return behind which row to go on; None when what follows came later. One page at a time, so that what is
    asked meanwhile does not wait for millions of rows.
    """
    page = sa.select(inbox.c.seq, inbox.c.sent_at).where(inbox.c.seq > after).order_by(inbox.c.seq).limit(PAGE)
    rows = (await writer.sql.execute(page)).all()
    if not rows:
        return None
    among = inbox.c.seq.between(after, rows[-1].seq)
    await writer.sql.execute(sa.delete(inbox).where(among, inbox.c.handled_at < before))
    # Rows stand in the order in which they came, and none is handled before it came.
    return rows[-1].seq if rows[-1].sent_at < before else None
