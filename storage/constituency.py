"""Who takes part: what people told of themselves to be counted, and the numbers that are made of it.

Numbers are made at fixed times and kept; in between every question has the same answer. `docs/community.md` says
why they are as they are:

- a group is a *cell*: all, a category, a region, a topic, or a category in a region. No country is a cell;
- a cell has a number when at least `smallest` people are in it; it is rounded down to a multiple of five;
- it stays as it was until at least `smallest` people have come to the cell, or have left it, since it was made.
  Only a count of the `whole`, once a year, makes all numbers anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel

from config import countries
from storage.categories import Category
from storage.database import Reader, Writer
from storage.schema import constituency, constituent, counted

STEP = 5
"""Numbers are rounded down to a multiple of this."""
ALL = "all"
TOGETHER = 300
"""Rows of one statement."""


class Constituent(BaseModel):
    """What a person told to be counted. `agreed_to` is the text of the purpose that they agreed to."""

    person: str
    category: Category | None = None
    country: str | None = None
    topics: list[str] = []
    agreed_at: datetime
    agreed_to: str
    updated_at: datetime

    def cells(self) -> set[str]:
        """Return the groups that the person is in."""
        known = countries.countries().get(self.country or "")
        region = known.region if known else ""
        found = {ALL} | {in_topic(one) for one in self.topics}
        if self.category:
            found.add(in_category(self.category))
        if region:
            found.add(in_region(region))
        if self.category and region:
            found.add(in_both(self.category, region))
        return found


class Numbers(BaseModel):
    """The numbers as they were counted last. A cell that has none had too few people in it."""

    counted_at: datetime
    smallest: int
    shown: dict[str, int]
    gone: dict[str, int]


def in_category(category: str) -> str:
    """Return the cell of a category."""
    return f"category/{category}"


def in_region(region: str) -> str:
    """Return the cell of a region, which is a continent (M49)."""
    return f"region/{region}"


def in_topic(topic: str) -> str:
    """Return the cell of a topic."""
    return f"topic/{topic}"


def in_both(category: str, region: str) -> str:
    """Return the cell of a category in a region."""
    return f"both/{category}/{region}"


async def get(reader: Reader, person: str) -> Constituent | None:
    """Return what a person told; None of who did not agree to be counted."""
    row = (await reader.sql.execute(sa.select(constituent).where(constituent.c.person == person))).first()
    return Constituent.model_validate(row._mapping) if row else None


async def put(writer: Writer, one: Constituent) -> None:
    """Store what a person told."""
    await writer.put(constituent, {"person": one.person}, **one.model_dump(exclude={"person"}))


async def forget(writer: Writer, person: str) -> None:
    """Delete what a person told. Of the numbers that they are in it is only known that one is gone."""
    cells = (await writer.sql.execute(sa.select(counted.c.cell).where(counted.c.person == person))).scalars()
    known = await numbers(writer)
    if known is not None:
        gone = Counter(known.gone) + Counter(cells)
        await writer.sql.execute(sa.update(constituency).values(gone=dict(gone)))
    await writer.sql.execute(sa.delete(counted).where(counted.c.person == person))
    await writer.sql.execute(sa.delete(constituent).where(constituent.c.person == person))


async def numbers(reader: Reader) -> Numbers | None:
    """Return the numbers as they were counted last; None before the first count."""
    row = (await reader.sql.execute(sa.select(constituency))).first()
    return Numbers.model_validate(row._mapping) if row else None


async def count(writer: Writer, now: datetime, smallest: int, *, whole: bool) -> Numbers:
    """Make the numbers anew where that is allowed, of all if it is a count of the `whole`."""
    here: dict[str, set[str]] = {}
    for row in await writer.sql.execute(sa.select(constituent)):
        one = Constituent.model_validate(row._mapping)
        for cell in one.cells():
            here.setdefault(cell, set()).add(one.person)
    before: dict[str, set[str]] = {}
    for person, cell in await writer.sql.execute(sa.select(counted.c.person, counted.c.cell)):
        before.setdefault(cell, set()).add(person)
    known = await numbers(writer)
    shown, gone = (dict(known.shown), dict(known.gone)) if known else ({}, {})
    # Under another rule no number stays that was made by the one before.
    whole = whole or (known is not None and known.smallest != smallest)
    for cell in sorted(here.keys() | shown.keys()):
        people, were = here.get(cell, set()), before.get(cell, set())
        # The larger of the two, and not their sum: who is erased and comes again has come and gone, and is one.
        if whole or max(len(people - were), len(were - people) + gone.get(cell, 0)) >= smallest:
            await _show(writer, cell, people, smallest, shown)
            gone.pop(cell, None)
    await _keep(writer, Numbers(counted_at=now, smallest=smallest, shown=shown, gone=gone))
    return Numbers(counted_at=now, smallest=smallest, shown=shown, gone=gone)


async def _show(writer: Writer, cell: str, people: set[str], smallest: int, shown: dict[str, int]) -> None:
    """Make the number of one cell, and keep who is in it; of a cell without a number nobody is kept."""
    await writer.sql.execute(sa.delete(counted).where(counted.c.cell == cell))
    if len(people) < smallest:
        shown.pop(cell, None)
        return
    shown[cell] = len(people) // STEP * STEP
    rows = [{"person": person, "cell": cell} for person in sorted(people)]
    for start in range(0, len(rows), TOGETHER):
        await writer.sql.execute(sa.insert(counted), rows[start : start + TOGETHER])


async def _keep(writer: Writer, made: Numbers) -> None:
    values: Mapping[str, object] = made.model_dump()
    if (await writer.sql.execute(sa.update(constituency).values(**values))).rowcount == 0:
        await writer.sql.execute(sa.insert(constituency).values(id=1, **values))
