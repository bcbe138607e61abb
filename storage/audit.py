"""The audit: who did what, when and why. Rows are only added; each has a hash over itself and the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import audit

BEGINNING = "0" * 64
PRUNED = "prune"


class Entry(BaseModel):
    """One step. `actor` is a pseudonym; None is the bot itself. `before` and `after` are states."""

    id: int = 0
    at: datetime
    actor: str | None
    action: str
    subject: str
    before: str | None = None
    after: str | None = None
    reason: str | None = None
    hash: str = ""


class Broken(BaseModel):
    """Where the chain does not hold: the row, and whether rows are missing before it or it was changed."""

    id: int
    missing: bool


async def add(writer: Writer, entry: Entry) -> None:
    """Add a row to the end of the chain."""
    last = (
        await writer.sql.execute(sa.select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1))
    ).first()
    number = (last.id if last else 0) + 1
    made = entry.model_copy(update={"id": number})
    made = made.model_copy(update={"hash": hash_of(made, last.hash if last else BEGINNING)})
    await writer.sql.execute(sa.insert(audit).values(**made.model_dump()))


async def of_subject(reader: Reader, subject: str) -> list[Entry]:
    """Return what happened to something, the oldest first."""
    query = sa.select(audit).where(audit.c.subject == subject).order_by(audit.c.id)
    return [Entry.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def prune(writer: Writer, before: datetime, at: datetime) -> int:
    """Delete what is older than that, but for the last of it. Return how many rows.

    That one is what the chain hangs on from then on: a row about the deletion says so, with its hash.
    """
    old = sa.select(audit.c.id, audit.c.hash).where(audit.c.at < before).order_by(audit.c.id.desc()).limit(1)
    last = (await writer.sql.execute(old)).first()
    if last is None:
        return 0
    done = await writer.sql.execute(sa.delete(audit).where(audit.c.id < last.id))
    if done.rowcount:
        await add(writer, Entry(at=at, actor=None, action=PRUNED, subject=f"audit/{last.id}", reason=last.hash))
    return int(done.rowcount)


async def verify(reader: Reader) -> Broken | None:
    """Go through the chain. Return the first row that does not hold; None if all do.

    A chain that was cut off at its end holds; who wants to find that keeps the last hash elsewhere.
    """
    before, number = BEGINNING, 0
    first = (await reader.sql.execute(sa.select(audit.c.id, audit.c.hash).order_by(audit.c.id).limit(1))).first()
    if first is not None and first.id != 1:
        # Rows before it were deleted after their time, if a row that holds says so.
        subject = f"audit/{first.id}"
        said = sa.select(audit.c.id).where(
            audit.c.action == PRUNED, audit.c.subject == subject, audit.c.reason == first.hash
        )
        if (await reader.sql.execute(said)).first() is None:
            return Broken(id=first.id, missing=True)
        before, number = first.hash, first.id
    async for entry in _all(reader, after=number):
        if entry.id != number + 1:
            return Broken(id=entry.id, missing=True)
        if entry.hash != hash_of(entry, before):
            return Broken(id=entry.id, missing=False)
        before, number = entry.hash, entry.id
    return None


async def _all(reader: Reader, after: int = 0) -> AsyncIterator[Entry]:
    while True:
        query = sa.select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(1000)
        rows = list(await reader.sql.execute(query))
        for row in rows:
            yield Entry.model_validate(row._mapping)
        if len(rows) < 1000:
            return
        after = rows[-1].id


def hash_of(entry: Entry, before: str) -> str:
    """Return the hash of a row, which comes after one with the hash `before`."""
    facts = entry.model_dump(mode="json", exclude={"hash"})
    return hashlib.sha256(f"{before}{json.dumps(facts, sort_keys=True)}".encode()).hexdigest()
