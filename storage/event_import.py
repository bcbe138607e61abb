"""What a calendar file would change of the calendar, and how that is done and taken back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from storage import changes, event_changes, event_ics, events
from storage.changes import Change
from storage.database import Writer
from storage.event_ics_reading import Calendar
from storage.events import Event, Kept


class Changed(BaseModel):
    """An event that is other than in the file: which one, as it was when that was seen, and its new fields."""

    id: int
    version: int
    title: str
    update: dict[str, Any]


class Plan(BaseModel):
    """What an import does. `gone` are events of the same calendar that are not in the file."""

    new: list[Event] = []
    changed: list[Changed] = []
    gone: list[Changed] = []
    same: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.new or self.changed or self.gone)


def plan(calendar: Calendar, kept: Iterable[Kept], now: datetime, language: str, *, own: bool = False) -> Plan:
    """Compare a file with the calendar, by UID. What is gone is only found if the file has a name.

    With `own` nobody looks at it before it is done: then it changes only what came from the same calendar, and
    nothing that was cancelled.
    """
    found = Plan()
    by_uid = {one.uid: one for one in kept}
    for event in calendar.events:
        before = by_uid.get(event.uid)
        if before is None:
            if event.certainty != "cancelled":
                found.new.append(event.model_copy(update={"source": calendar.name}))
            continue
        if own and (before.source != calendar.name or before.certainty == "cancelled"):
            continue
        update = _update(before, event)
        if update:
            found.changed.append(_change(before, update, language))
        else:
            found.same += 1
    uids = {event.uid for event in calendar.events}
    if calendar.name and not calendar.mistakes:
        for one in by_uid.values():
            over = one.timing.rule is None and (one.timing.end or one.timing.start)[:10] < now.date().isoformat()
            if one.source == calendar.name and one.uid not in uids and one.certainty != "cancelled" and not over:
                found.gone.append(_change(one, {"certainty": "cancelled"}, language))
    return found


def _change(one: Kept, update: dict[str, Any], language: str) -> Changed:
    return Changed(id=one.id, version=one.version, title=one.title(language), update=update)


def _update(before: Kept, event: Event) -> dict[str, Any]:
    """Return the fields that a file changes. What it does not hold, as other languages, stays."""
    facts = event.model_dump(mode="json")
    language = next(iter(event.titles))
    update: dict[str, Any] = {}
    if event.timing != before.timing:
        update["timing"] = facts["timing"]
    if event.titles[language] != before.title(language):
        update["titles"] = {**before.titles, **event.titles}
    said = event.descriptions.get(language)
    # What we wrote into a description ourselves is no change of it.
    if said and said not in (before.description(language), event_ics.description(before, language)):
        update["descriptions"] = {**before.descriptions, **event.descriptions}
    for name in ("place", "link"):
        if facts[name] is not None and facts[name] != getattr(before, name):
            update[name] = facts[name]
    if event.certainty != before.certainty:
        update["certainty"] = event.certainty
    return update


async def conflicts(writer: Writer, plan: Plan) -> list[str]:
    """Return the titles of events that were changed since the plan was made."""
    now = await events.some(writer, [one.id for one in (*plan.changed, *plan.gone)])
    return [
        one.title for one in (*plan.changed, *plan.gone) if one.id not in now or now[one.id].version != one.version
    ]


async def apply(writer: Writer, plan: Plan, *, by: str | None, at: datetime, proposal_id: int | None) -> None:
    """Do what was planned."""
    await event_changes.add_all(writer, plan.new, by=by, at=at, proposal_id=proposal_id)
    now = await events.some(writer, [one.id for one in (*plan.changed, *plan.gone)])
    for one in (*plan.changed, *plan.gone):
        await event_changes.change(writer, now[one.id], one.update, by=by, at=at, proposal_id=proposal_id)


async def undo(writer: Writer, proposal_id: int, *, by: str, at: datetime) -> tuple[int, int]:
    """Take back what an import did. Return how many events are as before, and how many were changed since."""
    done = left = 0
    for change in reversed(await changes.of_proposal(writer, proposal_id)):
        after = change.after or {}
        now = await events.get(writer, int(after["id"]))
        if now is None or now.version != after["version"]:
            left += 1
        elif change.before is None:
            await events.remove(writer, now.id)
            await _note_removal(writer, now, by, at)
            done += 1
        else:
            back = {name: value for name, value in change.before.items() if name not in ("version", "updated_at")}
            await event_changes.change(writer, now, back, by=by, at=at)
            done += 1
    return done, left


async def _note_removal(writer: Writer, event: Kept, by: str, at: datetime) -> None:
    before = event.model_dump(mode="json")
    entry = Change(at=at, person=by, action="undo", subject=f"event/{event.id}", before=before)
    await changes.add(writer, [entry])
