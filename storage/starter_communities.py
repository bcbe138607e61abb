"""Tell once of the starter content from which community it comes, where an older version knew nothing of that.

Only of what is as it came: what somebody edited is theirs, and what they removed stays away.
"""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa

from storage import events, focal, glossary, starter_content
from storage.database import Writer
from storage.glossary import KINDS, Concept
from storage.schema import concept, event, relation
from storage.schema import focal as focal_table

DONE = "communities"
"""The revision that says that it was done."""


async def fill(writer: Writer) -> None:
    """Fill it in, unless that was done before."""
    if await writer.revision(DONE):
        return
    await done(writer)
    await _terms(writer)
    await _records(writer)
    await _events(writer)


async def done(writer: Writer) -> None:
    """Note that it was done, or need not be: content that comes with this version has it."""
    await writer.changed(DONE)


async def _terms(writer: Writer) -> None:
    began = {one.id: one for one in await asyncio.to_thread(starter_content.concepts)}
    kept = {one.id: one for one in await glossary.every(writer)}
    changed = False
    for key, first in began.items():
        now = kept.get(key)
        if now is None or now.community or now.counterparts or not _is_same(now, first):
            continue
        others = [other for other in first.counterparts if other in kept]
        if not (first.community or others):
            continue
        changed = True
        await writer.sql.execute(sa.update(concept).where(concept.c.id == key).values(community=first.community))
        if others:
            rows = [
                {"concept_id": key, "other_id": other, "kind": KINDS["counterparts"], "position": place}
                for place, other in enumerate(others)
            ]
            await writer.sql.execute(sa.insert(relation), rows)
    if changed:
        await writer.changed("glossary")


def _is_same(now: Concept, first: Concept) -> bool:
    old, new = (
        one.model_dump(exclude={"community", "counterparts", "definitions"})
        | {"definitions": {each.language: each for each in one.definitions}}
        for one in (now, first)
    )
    return old == new


async def _records(writer: Writer) -> None:
    began = {one.subject: one for one in await asyncio.to_thread(starter_content.records)}
    changed = False
    for now in (await focal.book(writer)).records:
        first = began.get(now.subject)
        if first is None or now.community or now.facts() | {"community": first.community} != _facts(first):
            continue
        changed = True
        this = sa.and_(*(focal_table.c[name] == getattr(now, name) for name in focal.KEY))
        await writer.sql.execute(sa.update(focal_table).where(this).values(community=first.community))
    if changed:
        await writer.changed("focal")


def _facts(record: focal.Record) -> dict[str, Any]:
    return record.model_dump(mode="json")


async def _events(writer: Writer) -> None:
    began = {one.uid: one for one in await asyncio.to_thread(starter_content.events)}
    changed = False
    for now in await events.every(writer):
        first = began.get(now.uid)
        if first is None or first.community is None or now.community or now.version > 1:
            continue
        changed = True
        await writer.sql.execute(sa.update(event).where(event.c.id == now.id).values(community=first.community))
    if changed:
        await writer.changed("events")
