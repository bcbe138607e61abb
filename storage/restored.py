"""That the database was put back from a copy, and what may have been said between the copy and now.

The bot went on after the copy was made, in a life of which this database knows nothing. What waited in the copy,
what was due since, and what was written to the bot before it has read everything again is in `doubt`: the rooms
are asked whether it was said already. `bot.reconciling` does that.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from storage import numbering
from storage.database import Reader, Writer
from storage.inbox import InboxEvent
from storage.schema import (
    due,
    event,
    inbox,
    olm_session,
    outbox,
    own_device,
    proposal,
    restored,
    submission,
    unreadable,
)

APART = 100
"""Numbers that the copy does not know may have been given since: so many are left free, or a few more."""
NUMBERED = (event, submission, proposal)


class Restored(BaseModel):
    """The copy was made at `copied_at`. `left_out` counts what was not said or done, by kind."""

    copied_at: datetime
    restored_at: datetime
    caught_up_at: datetime | None = None
    finished_at: datetime | None = None
    left_out: dict[str, int] = {}


async def begin(writer: Writer, copied_at: datetime, at: datetime) -> None:
    """Note that this database is a copy of that time. Comes before the bot is started with it."""
    await writer.sql.execute(sa.delete(restored))
    values: dict[str, Any] = {"copied_at": copied_at, "restored_at": at, "left_out": {}}
    await writer.sql.execute(sa.insert(restored).values(id=1, **values))
    for table in (inbox, outbox):
        await writer.sql.execute(sa.update(table).where(table.c.state == "pending").values(doubt="search"))
    # What these would send next the other side may have already; and a fallback key may have been replaced.
    await writer.sql.execute(sa.update(olm_session).values(receive_only=True))
    await writer.sql.execute(sa.update(own_device).values(fallback_at=None))
    for table in NUMBERED:
        given = await numbering.highest(writer.sql, table)
        await numbering.go_on(writer.sql, table, -(-(given + APART) // APART) * APART)


async def current(reader: Reader) -> Restored | None:
    """Return from what copy this database was put back; None if it never was."""
    row = (await reader.sql.execute(sa.select(restored))).first()
    return Restored.model_validate(row._mapping) if row else None


async def caught_up(writer: Writer, at: datetime) -> None:
    """Note that all was read that came since the copy was made."""
    await writer.sql.execute(sa.update(restored).values(caught_up_at=at))


async def finish(writer: Writer, at: datetime) -> None:
    """Note that nothing is in doubt any more."""
    await writer.sql.execute(sa.update(restored).values(finished_at=at))


async def leave_out(writer: Writer, kind: str) -> None:
    """Count something that was not said or done."""
    known = await current(writer)
    if known is not None:
        counted = Counter(known.left_out) + Counter([kind])
        await writer.sql.execute(sa.update(restored).values(left_out=dict(counted)))


async def count_in_doubt(reader: Reader) -> int:
    """Return how many events and messages are still to be looked at."""
    counted = 0
    for table in (inbox, outbox):
        waits = sa.and_(table.c.state == "pending", table.c.doubt.is_not(None))
        query = sa.select(sa.func.count()).select_from(table).where(waits)
        counted += (await reader.sql.execute(query)).scalar_one()
    return counted


async def count_due(reader: Reader, until: datetime) -> int:
    """Return how much that was due until a time is not done yet."""
    query = sa.select(sa.func.count()).select_from(due).where(due.c.due_at <= until)
    return (await reader.sql.execute(query)).scalar_one()


async def unreadable_since(reader: Reader, until: datetime) -> dict[str, str]:
    """Return the rooms of events that cannot be read and came until a time, by event."""
    query = sa.select(unreadable.c.event_id, unreadable.c.room_id).where(unreadable.c.since <= until)
    return {row.event_id: row.room_id for row in await reader.sql.execute(query)}


def in_doubt(events: list[InboxEvent], these: set[str] | None = None) -> list[InboxEvent]:
    """Return events with the note that they may have been answered; of all, or of `these`."""
    return [
        event.model_copy(update={"doubt": "search"}) if these is None or event.event_id in these else event
        for event in events
    ]
