"""All content of an instance: what another one can take over, with the same numbers. No persons.

Authors and moderators are pseudonyms, and who is behind them is not content. Nor are rooms, choices, attendance,
reminders, and the history of who changed what: they belong to persons and to the old rooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from config import starter
from storage import due, events, focal, glossary, numbering, schema, submissions
from storage.audit import Entry
from storage.database import Reader, Writer
from storage.due import Due
from storage.event_changes import CHANGED
from storage.glossary import Concept
from storage.reviews import Remark
from storage.submissions import Submission

M = TypeVar("M", bound=BaseModel)

_ONLY_KNOWN = ConfigDict(extra="forbid")


class KeptEvent(events.Kept):
    """An event of the calendar, as `!event` shows it."""

    model_config = _ONLY_KNOWN


class KeptRecord(focal.Kept):
    """A focal point or mechanism. Who confirmed it is left out; when stays."""

    model_config = _ONLY_KNOWN

    confirmed_by: None = None


class KeptSubmission(Submission):
    """Something that was submitted, in whatever state. `author`, `reviewer` and `approvals` are pseudonyms."""

    model_config = _ONLY_KNOWN


class KeptRemark(Remark):
    """A note of a moderator on a submission, or an answer to the checklist."""

    model_config = _ONLY_KNOWN


class KeptEntry(Entry):
    """A row of the audit. `hash` is over the row and the hash before it."""

    model_config = _ONLY_KNOWN


class Guidance(BaseModel):
    """A text that moderators wrote for members."""

    model_config = _ONLY_KNOWN

    name: str
    language: str
    text: str
    updated_at: datetime


class KeptWeeklyTerm(BaseModel):
    """A term of the week: one that was, in its week (ISO 8601); or one that moderators chose, to come."""

    model_config = _ONLY_KNOWN

    concept_id: str
    week: str | None = Field(default=None, pattern=r"^\d{4}-W\d{2}$")
    at: datetime


class Content(BaseModel):
    """All of it, in its order."""

    glossary: list[Concept] = []
    focal: list[KeptRecord] = []
    events: list[KeptEvent] = []
    practices: list[KeptSubmission] = []
    reviews: list[KeptRemark] = []
    audit: list[KeptEntry] = []
    guidance: list[Guidance] = []
    weekly_terms: list[KeptWeeklyTerm] = []


async def everything(reader: Reader) -> Content:
    """Return all content."""
    book = await focal.book(reader)
    records = [one.model_dump(exclude={"confirmed_by"}) for one in book.records]
    return Content(
        glossary=await glossary.every(reader),
        focal=[KeptRecord.model_validate(one) for one in records],
        events=[KeptEvent.model_validate(one.model_dump()) for one in await events.every(reader)],
        practices=await _rows(reader, schema.submission, KeptSubmission),
        reviews=await _rows(reader, schema.review, KeptRemark),
        audit=await _rows(reader, schema.audit, KeptEntry),
        guidance=await _rows(reader, schema.guidance, Guidance),
        weekly_terms=await _rows(reader, schema.weekly_term, KeptWeeklyTerm),
    )


async def _rows(reader: Reader, table: sa.Table, model: type[M]) -> list[M]:
    columns = [table.c[name] for name in model.model_fields]
    rows = await reader.sql.execute(sa.select(*columns).order_by(*table.primary_key.columns))
    return [model.model_validate(row._mapping) for row in rows]


async def beyond_starter(reader: Reader) -> list[str]:
    """Return which parts hold more than a new bot begins with; none if it is new."""
    found = []
    kept = await everything(reader)
    records = {one.subject: one for one in (focal.Record.model_validate(raw) for raw in starter.focal())}
    if kept.focal and {one.subject: focal.Record.model_validate(one.facts()) for one in kept.focal} != records:
        found.append("focal points and mechanisms")
    days = {one.uid: one for one in (events.Event.model_validate(raw) for raw in starter.events())}
    fields = set(events.Event.model_fields)
    if kept.events and {one.uid: one.model_dump(include=fields) for one in kept.events} != {
        uid: one.model_dump() for uid, one in days.items()
    }:
        found.append("events")
    concepts = [Concept.model_validate(raw) for raw in starter.glossary()]
    if kept.glossary and list(map(_ordered, kept.glossary)) != list(map(_ordered, concepts)):
        found.append("the glossary")
    found += [name for name in ("practices", "reviews", "audit", "guidance") if getattr(kept, name)]
    if kept.weekly_terms:
        found.append("terms of the week")
    for table in (schema.attendance, schema.reminder):
        if (await reader.sql.execute(sa.select(table).limit(1))).first() is not None:
            found.append(f"{table.name} of members")
    return found


def _ordered(one: Concept) -> Concept:
    """Return a concept with its definitions in the order of the database, which has no meaning."""
    return one.model_copy(update={"definitions": sorted(one.definitions, key=lambda each: each.language)})


async def replace(writer: Writer, content: Content, at: datetime) -> None:
    """Make this all the content there is."""
    await glossary.replace(writer, content.glossary, at)
    for record in (await focal.book(writer)).records:
        await focal.remove(writer, record)
    await focal.put(writer, content.focal)
    for event in await events.every(writer):
        await due.cancel(writer, CHANGED, str(event.id))
        await events.remove(writer, event.id)
    for kept in content.events:
        values = kept.model_dump(mode="json", exclude={"updated_at"}) | {"updated_at": kept.updated_at}
        await writer.sql.execute(sa.insert(schema.event).values(**values))
        # Nobody is told: there is nothing that was said of it here. But what is to be said is planned.
        await due.schedule(writer, Due(kind=CHANGED, subject=str(kept.id), due_at=at))
    await events.recompute(writer, at)
    await writer.changed("events")
    await submissions.put_all(writer, content.practices, at)
    await _insert(writer, schema.review, content.reviews)
    await _insert(writer, schema.audit, content.audit)
    await _insert(writer, schema.guidance, content.guidance)
    await _insert(writer, schema.weekly_term, content.weekly_terms)
    # Rows that come with their numbers do not move those that PostgreSQL gives.
    for table in (schema.event, schema.submission, schema.review, schema.audit):
        await numbering.go_on(writer.sql, table, await numbering.highest(writer.sql, table))


async def _insert(writer: Writer, table: sa.Table, rows: Sequence[BaseModel]) -> None:
    if rows:
        await writer.sql.execute(sa.insert(table), [row.model_dump() for row in rows])
