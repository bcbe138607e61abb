"""Changes of events: one door for all, so that each has its history and the clock hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storage import changes, due, events
from storage.changes import Change
from storage.database import Writer
from storage.due import Due
from storage.events import Event, Kept

CHANGED = "event_changed"
"""The task that mends what was said of an event, and plans what is to be said."""


async def add(writer: Writer, one: Event, *, by: str | None, at: datetime, proposal_id: int | None = None) -> Kept:
    """Store an event that is new."""
    kept = await events.add(writer, one, at)
    await _note(writer, "add", None, kept, by, at, proposal_id)
    return kept


async def add_all(
    writer: Writer, some: Sequence[Event], *, by: str | None, at: datetime, proposal_id: int | None
) -> list[Kept]:
    """Store many events that are new."""
    kept = await events.add_all(writer, some, at)
    await changes.add(writer, [_entry("add", None, one, by, at, proposal_id) for one in kept])
    await due.add_all(writer, [_due(one, at) for one in kept])
    return kept


async def change(
    writer: Writer,
    before: Kept,
    update: dict[str, Any],
    *,
    by: str | None,
    at: datetime,
    proposal_id: int | None = None,
) -> Kept:
    """Change some fields of an event."""
    fields = before.model_dump() | update | {"version": before.version + 1, "updated_at": at}
    after = Kept.model_validate(fields)
    await events.put(writer, after, at)
    await _note(writer, "change", before, after, by, at, proposal_id)
    return after


async def _note(
    writer: Writer,
    action: str,
    before: Kept | None,
    after: Kept,
    by: str | None,
    at: datetime,
    proposal_id: int | None,
) -> None:
    await changes.add(writer, [_entry(action, before, after, by, at, proposal_id)])
    await due.schedule(writer, _due(after, at))


def _entry(
    action: str, before: Kept | None, after: Kept, by: str | None, at: datetime, proposal_id: int | None
) -> Change:
    return Change(
        at=at,
        person=by,
        action=action,
        subject=f"event/{after.id}",
        before=before.model_dump(mode="json") if before else None,
        after=after.model_dump(mode="json"),
        proposal_id=proposal_id,
    )


def _due(one: Kept, at: datetime) -> Due:
    return Due(kind=CHANGED, subject=str(one.id), due_at=at)
