"""Changes of the glossary: one door for all that are made by people, so that each has its history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from storage import changes, glossary
from storage.changes import Change, Facts
from storage.database import Writer
from storage.glossary import Concept

SUBJECT = "term/"
"""With which the subjects of the history begin; the id of the concept follows."""
PAGE = 500


async def replace(writer: Writer, after: Sequence[Concept], *, by: str | None, at: datetime) -> None:
    """Make `after` the whole glossary. The first glossary of all is no change, and has no history."""
    await _replace(writer, await glossary.every(writer), after, by, at)


async def put(writer: Writer, one: Concept, *, by: str | None, at: datetime) -> None:
    """Put one concept into the glossary, in place of the one of the same id; a new one comes last."""
    before = await glossary.every(writer)
    after = [one if each.id == one.id else each for each in before]
    await _replace(writer, before, after if one in after else [*after, one], by, at)


async def _replace(
    writer: Writer, before: Sequence[Concept], after: Sequence[Concept], by: str | None, at: datetime
) -> None:
    # In a thread, because a large glossary would hold up the event loop.
    history = await asyncio.to_thread(_history, before, after, by, at)
    await glossary.replace(writer, after, at)
    for start in range(0, len(history), PAGE):
        await changes.add(writer, history[start : start + PAGE])


def _history(before: Sequence[Concept], after: Sequence[Concept], by: str | None, at: datetime) -> list[Change]:
    old, new = ({one.id: _facts(one) for one in some} for some in (before, after))
    return [
        Change(
            at=at,
            person=by,
            action="add" if key not in old else "change" if key in new else "remove",
            subject=f"{SUBJECT}{key}",
            before=old.get(key),
            after=new.get(key),
        )
        for key in (new | old if old else ())
        if old.get(key) != new.get(key)
    ]


def _facts(one: Concept) -> Facts:
    facts = one.model_dump(mode="json")
    # Their order has no meaning.
    facts["definitions"].sort(key=lambda each: each["language"])
    return facts
