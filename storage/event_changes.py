"""Changes of events: one door for all, so that each has its history and the clock hears of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storage import changes, due, events
from storage.changes import Change
from storage.database import Writer
from storage.due import Due
from storage.events import Event, Kept

CHANGED = "event_changed"
"""The task that mends what was said of an event, and plans what is to be said."""


async def add(writer: Writer, one: Event, *, by: str, at: datetime) -> Kept:
    """Store an event that is new."""
    kept = await events.add(writer, one, at)
    await _note(writer, "add", None, kept, by, at)
    return kept


async def change(writer: Writer, before: Kept, update: dict[str, Any], *, by: str, at: datetime) -> Kept:
    """Change some fields of an event."""
    fields = before.model_dump() | update | {"version": before.version + 1, "updated_at": at}
    after = Kept.model_validate(fields)
    await events.put(writer, after, at)
    await _note(writer, "change", before, after, by, at)
    return after


async def _note(writer: Writer, action: str, before: Kept | None, after: Kept, by: str, at: datetime) -> None:
    entry = Change(
        at=at,
        person=by,
        action=action,
        subject=f"event/{after.id}",
        before=before.model_dump(mode="json") if before else None,
        after=after.model_dump(mode="json"),
    )
    await changes.add(writer, [entry])
    await due.schedule(writer, Due(kind=CHANGED, subject=str(after.id), due_at=at))
