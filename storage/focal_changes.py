"""Changes of focal records: one door for all, so that each has its history and can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from storage import changes, focal
from storage.changes import Change
from storage.database import Reader, Writer
from storage.focal import Book, Kept, Kind, Record

LEFT_OUT = {"confirmed_by"}
"""Of the history. The person stands in the column for persons, and nowhere else."""


class Replacement(BaseModel):
    """A record that would take the place of the one with this version; `fields` are those that differ."""

    version: int
    fields: list[str]
    record: Record


class Removal(BaseModel):
    """A record that would go, if it still has this version."""

    version: int
    record: Record


class Plan(BaseModel):
    """What an import would do. `same` counts the records that are already so."""

    new: list[Record] = []
    changed: list[Replacement] = []
    removed: list[Removal] = []
    same: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.new or self.changed or self.removed)


def plan(
    book: Book,
    records: Iterable[Record],
    gone: Iterable[Record] = (),
    *,
    whole: bool = False,
    silent: Iterable[str] = (),
) -> Plan:
    """Compare `records` with what is kept.

    `gone` are to be removed, and fields that are `silent` stay as they are. With `whole` the records are all there
    shall be, and every other is removed.
    """
    found = Plan()
    kept = {one.subject: one for one in book.records}
    named = set()
    for record in records:
        named.add(record.subject)
        before = kept.get(record.subject)
        if before is None:
            found.new.append(record)
            continue
        record = record.model_copy(update={name: getattr(before, name) for name in silent})
        old, new = before.facts(), record.model_dump(mode="json")
        fields = [name for name in new if new[name] != old[name]]
        if fields:
            found.changed.append(Replacement(version=before.version, fields=fields, record=record))
        else:
            found.same += 1
    leaving = {one.subject for one in gone} | (kept.keys() - named if whole else set())
    for subject in sorted(leaving & kept.keys()):
        before = kept[subject]
        found.removed.append(Removal(version=before.version, record=Record.model_validate(before.facts())))
    return found


async def conflicts(writer: Writer, wanted: Plan) -> list[Record]:
    """Return those records that were changed after the plan was made."""
    kept = {one.subject: one for one in (await focal.book(writer)).records}
    found = [record for record in wanted.new if record.subject in kept]
    steps: list[Replacement | Removal] = [*wanted.changed, *wanted.removed]
    for step in steps:
        now = kept.get(step.record.subject)
        if now is None or now.version != step.version:
            found.append(step.record)
    return found


async def apply(writer: Writer, wanted: Plan, *, by: str, at: datetime, proposal_id: int) -> None:
    """Do what is planned; ask for `conflicts` before."""
    kept = {one.subject: one for one in (await focal.book(writer)).records}
    history = [_entry("add", None, _fresh(record, at), by, at, proposal_id) for record in wanted.new]
    stored = [_fresh(record, at) for record in wanted.new]
    for step in wanted.changed:
        before = kept[step.record.subject]
        after = _fresh(step.record, at, version=before.version + 1)
        stored.append(after)
        history.append(_entry("change", before, after, by, at, proposal_id))
    for removal in wanted.removed:
        before = kept[removal.record.subject]
        history.append(_entry("remove", before, None, by, at, proposal_id))
        await focal.remove(writer, before)
    await focal.put(writer, stored)
    await changes.add(writer, history)


async def undo(writer: Writer, proposal_id: int, *, by: str, at: datetime) -> tuple[int, list[Record]]:
    """Take back what an import did.

    Return how many records are as before, and those that were left because somebody changed them since.
    """
    kept = {one.subject: one for one in (await focal.book(writer)).records}
    left: list[Record] = []
    history: list[Change] = []
    back: list[Kept] = []
    for change in reversed(await changes.of_proposal(writer, proposal_id)):
        now = kept.get(change.subject)
        expected = change.after["version"] if change.after else None
        if (now.version if now else None) != expected:
            left.append(Record.model_validate(_facts(change.after or change.before)))
            continue
        after = None
        if change.before:
            version = (now.version if now else change.before["version"]) + 1
            after = Kept.model_validate({**change.before, "version": version, "updated_at": at})
            back.append(after)
        elif now:
            await focal.remove(writer, now)
        history.append(_entry("undo", now, after, by, at, None))
    await focal.put(writer, back)
    await changes.add(writer, history)
    return len(history), left


async def save(writer: Writer, record: Record, *, by: str, at: datetime) -> Kept:
    """Store a record that a moderator wrote by hand. Who confirmed it before is kept."""
    before = await focal.get(writer, record.kind, record.holder, record.number)
    after = _fresh(record, at, version=before.version + 1 if before else 1)
    if before:
        kept = {"confirmed_by": before.confirmed_by, "confirmed_at": before.confirmed_at}
        after = after.model_copy(update=kept)
    await focal.put(writer, [after])
    await changes.add(writer, [_entry("change" if before else "add", before, after, by, at, None)])
    return after


async def confirm(writer: Writer, records: Iterable[Kept], *, by: str, at: datetime) -> list[Kept]:
    """Note that somebody knows these records to be so today, and return them as they are now."""
    confirmed = []
    for before in records:
        update = {"confirmed_by": by, "confirmed_at": at, "version": before.version + 1, "updated_at": at}
        after = before.model_copy(update=update)
        await changes.add(writer, [_entry("confirm", before, after, by, at, None)])
        confirmed.append(after)
    await focal.put(writer, confirmed)
    return confirmed


async def remove(writer: Writer, record: Kept, *, by: str, at: datetime) -> None:
    """Remove a record. Its history stays."""
    await focal.remove(writer, record)
    await changes.add(writer, [_entry("remove", record, None, by, at, None)])


async def begin(writer: Writer, records: Iterable[Record], at: datetime) -> None:
    """Store the starter content."""
    await focal.put(writer, [_fresh(record, at) for record in records])


async def history(reader: Reader, holder: str, limit: int, kinds: Iterable[Kind] = focal.KINDS) -> list[Change]:
    """Return the newest changes of the records of a holder, the newest first."""
    found: list[Change] = []
    for kind in kinds:
        found += await changes.of_subject(reader, f"focal/{kind}/{holder}/", limit)
    return sorted(found, key=lambda one: one.id, reverse=True)[:limit]


def _fresh(record: Record, at: datetime, version: int = 1) -> Kept:
    return Kept(**record.model_dump(include=set(Record.model_fields)), version=version, updated_at=at)


def _entry(
    action: str, before: Kept | None, after: Kept | None, by: str, at: datetime, proposal_id: int | None
) -> Change:
    subject = (after or before or _never()).subject
    return Change(
        at=at,
        person=by,
        action=action,
        subject=subject,
        before=_dump(before),
        after=_dump(after),
        proposal_id=proposal_id,
    )


def _dump(record: Kept | None) -> dict[str, Any] | None:
    return record.model_dump(mode="json", exclude=LEFT_OUT) if record else None


def _facts(dumped: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (dumped or {}).items() if name in Record.model_fields}


def _never() -> Kept:
    msg = "a change has a before or an after"
    raise ValueError(msg)
