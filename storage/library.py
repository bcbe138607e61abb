"""What the public library shows: only what was published for everybody, and nothing else of it.

Each question here asks for that in the database, so that what calls them cannot forget it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic import BaseModel, field_validator

from storage import glossary, practice_search
from storage.database import Reader
from storage.events import Coming, Kept
from storage.folding import fold
from storage.glossary import Title
from storage.schema import concept, event, occurrence, submission

FOUND = 1000
"""Practices that a search looks at, those for members among them."""
BLOCK = 500
"""Rows read at once, so that the event loop is not held up."""
NAMED = ("name", "organisation")
"""Attributions with which a name is shown."""
FIELDS = frozenset(
    [
        *("title", "country", "level", "leader", "problem", "summary", "story", "result", "period", "objectives"),
        *("beneficiaries", "partners", "resources", "enabling", "constraints", "inclusion", "risks", "tags"),
        *("replicability", "evidence", "mechanism", "evaluated", "licence", "attribution", "attributed", "quoted"),
        *("translated", "community"),
    ]
)


class Practice(BaseModel):
    """A practice as everybody may see it: no author, no consent, no version that waits. `at`: when published."""

    id: int
    language: str
    fields: dict[str, Any]
    at: datetime

    @field_validator("fields")
    @classmethod
    def _shown(cls, fields: dict[str, Any]) -> dict[str, Any]:
        named = fields.get("attribution") in NAMED
        return {key: said for key, said in fields.items() if key in FIELDS and (named or key != "attributed")}


class Next(NamedTuple):
    """An event, and when it takes place next."""

    event: Kept
    coming: Coming


_IS_PUBLIC = sa.and_(submission.c.kind == "practice", submission.c.public_at.is_not(None))
_PRACTICE = sa.select(
    submission.c.id, submission.c.language, submission.c.fields, submission.c.public_at.label("at")
).where(_IS_PUBLIC)
_NEWEST = (submission.c.public_at.desc(), submission.c.id.desc())
_OPEN = event.c.access == "public"


async def practice(reader: Reader, number: int) -> Practice | None:
    """Return a practice by its number."""
    row = (await reader.sql.execute(_PRACTICE.where(submission.c.id == number))).first()
    return Practice.model_validate(row._mapping) if row else None


async def practices(reader: Reader, limit: int, offset: int = 0, country: str | None = None) -> list[Practice]:
    """Return practices, the newest first; of one country or of all."""
    query = _PRACTICE.order_by(*_NEWEST).limit(limit).offset(offset)
    if country is not None:
        query = query.where(submission.c.public_country == country)
    return [Practice.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def practice_count(reader: Reader, country: str | None = None) -> int:
    """Return how many practices there are, of one country or of all."""
    known = await _practices_by_country(reader)
    return sum(known.values()) if country is None else known.get(country, 0)


async def practice_countries(reader: Reader) -> dict[str, int]:
    """Return from which countries there are how many practices."""
    known = await _practices_by_country(reader)
    return {code: count for code, count in known.items() if code is not None}


async def _practices_by_country(reader: Reader) -> dict[str | None, int]:
    async def count() -> dict[str | None, int]:
        column = submission.c.public_country
        query = sa.select(column, sa.func.count()).where(_IS_PUBLIC).group_by(column)
        return {row[0]: row[1] for row in await reader.sql.execute(query)}

    return await reader.cached("practices", count, part="/countries")


async def practice_numbers(reader: Reader, limit: int) -> list[int]:
    """Return the numbers of practices, the newest first."""
    query = sa.select(submission.c.id).where(_IS_PUBLIC).order_by(*_NEWEST).limit(limit)
    return list((await reader.sql.execute(query)).scalars())


async def find_practices(reader: Reader, words: str, language: str, limit: int) -> tuple[list[Practice], int]:
    """Return the practices in which all words occur, the best first, and how many there are."""
    return await _public(reader, await practice_search.find(reader, words, language, FOUND), limit)


async def practices_alike(reader: Reader, one: Practice, limit: int) -> list[Practice]:
    """Return practices that have to do with another."""
    words = " ".join(str(one.fields.get(key) or "") for key in ("title", "problem", "summary", "tags"))
    near = await practice_search.alike(reader, words, one.language, 3)
    return (await _public(reader, [number for number in near if number != one.id], limit))[0]


async def _public(reader: Reader, numbers: Sequence[int], limit: int) -> tuple[list[Practice], int]:
    allowed = sa.select(submission.c.id).where(_IS_PUBLIC, submission.c.id.in_(numbers))
    public = set((await reader.sql.execute(allowed)).scalars())
    chosen = [number for number in numbers if number in public]
    query = _PRACTICE.where(submission.c.id.in_(chosen[:limit]))
    found = {row.id: Practice.model_validate(row._mapping) for row in await reader.sql.execute(query)}
    return [found[number] for number in chosen[:limit]], len(chosen)


async def public_event(reader: Reader, number: int) -> Kept | None:
    """Return an event by its number, unless it is not for everybody."""
    row = (await reader.sql.execute(sa.select(event).where(_OPEN, event.c.id == number))).first()
    return Kept.model_validate(dict(row._mapping)) if row else None


async def public_events(reader: Reader) -> list[Kept]:
    """Return all events that are for everybody. Thousands are read without holding up the event loop."""
    found: list[Kept] = []
    last = 0
    query = sa.select(event).where(_OPEN, event.c.id > sa.bindparam("last")).order_by(event.c.id).limit(BLOCK)
    while rows := (await reader.sql.execute(query, {"last": last})).all():
        last = rows[-1].id
        found += await asyncio.to_thread(_events, rows)
    return found


def _events(rows: Iterable[sa.Row[Any]]) -> list[Kept]:
    return [Kept.model_validate(dict(row._mapping)) for row in rows]


def _coming(now: datetime) -> Any:  # noqa: ANN401 - a subquery
    """Ask when each event that is for everybody takes place next."""
    return (
        sa.select(occurrence.c.event_id, sa.func.min(occurrence.c.starts_at).label("first"))
        .join(event, event.c.id == occurrence.c.event_id)
        .where(_OPEN, occurrence.c.ends_at > now)
        .group_by(occurrence.c.event_id)
        .subquery()
    )


async def coming(reader: Reader, now: datetime, limit: int, offset: int = 0) -> list[Next]:
    """Return what comes, each event with its next time, the next first."""
    first = _coming(now)
    query = (
        sa.select(event, *(column.label(f"next_{column.name}") for column in occurrence.c))
        .select_from(first)
        .join(
            occurrence,
            sa.and_(occurrence.c.event_id == first.c.event_id, occurrence.c.starts_at == first.c.first),
        )
        .join(event, event.c.id == first.c.event_id)
        .order_by(first.c.first, first.c.event_id)
        .limit(limit)
        .offset(offset)
    )
    return [_next(row) for row in await reader.sql.execute(query)]


async def coming_count(reader: Reader, now: datetime) -> int:
    """Return how many events come."""
    return int((await reader.sql.execute(sa.select(sa.func.count()).select_from(_coming(now)))).scalar() or 0)


async def next_of(reader: Reader, one: Kept, now: datetime, limit: int) -> list[Next]:
    """Return the next times that an event takes place."""
    query = (
        sa.select(occurrence)
        .where(occurrence.c.event_id == one.id, occurrence.c.ends_at > now)
        .order_by(occurrence.c.starts_at)
        .limit(limit)
    )
    return [Next(one, Coming.model_validate(row._mapping)) for row in await reader.sql.execute(query)]


class Subjects(NamedTuple):
    """What the events that are for everybody are about, with how many there are of each."""

    topics: dict[str, int]
    countries: dict[str, int]


async def subjects(reader: Reader) -> Subjects:
    """Return the topics and countries of the events that are for everybody."""

    async def count() -> Subjects:
        topics: Counter[str] = Counter()
        places: Counter[str] = Counter()
        for one in await public_events(reader):
            topics.update(one.topics)
            places.update(one.countries)
        return Subjects(dict(topics), dict(places))

    return await reader.cached("events", count, part="/subjects")


async def find_events(reader: Reader, words: str, limit: int) -> tuple[list[Kept], int]:
    """Return the events that are for everybody in which all words occur, the latest first, and how many."""
    asked = fold(words).split()
    if not asked:
        return [], 0
    text = await reader.cached("events", lambda: _event_text(reader), part="/public")
    numbers = list(containing(text, asked))
    query = sa.select(event).where(_OPEN, event.c.id.in_(numbers[:limit]))
    found = {row.id: Kept.model_validate(dict(row._mapping)) for row in await reader.sql.execute(query)}
    return [found[number] for number in numbers[:limit]], len(numbers)


async def _event_text(reader: Reader) -> str:
    """Return what is searched: of each event its number and its words, folded, in a line; the latest first."""
    some = await public_events(reader)
    return await asyncio.to_thread(lambda: "".join(map(_line, sorted(some, key=_latest, reverse=True))))


def _latest(one: Kept) -> tuple[str, int]:
    return one.timing.start, one.id


def _line(one: Kept) -> str:
    texts = [*one.titles.values(), *one.descriptions.values(), one.place or "", one.organiser or "", *one.topics]
    words = " ".join(fold(" ".join(texts)).split())
    return f"{one.id} {words}\n"


def containing(text: str, asked: Sequence[str]) -> Iterator[int]:
    """Yield the numbers with which the lines begin in which all these words are; both are folded."""
    # One long string is looked through many times as quickly as thousands of short ones.
    rarest = max(asked, key=len)
    found = text.find(rarest)
    while found >= 0:
        start, end = text.rfind("\n", 0, found) + 1, text.index("\n", found)
        number, _, words = text[start:end].partition(" ")
        if all(word in words for word in asked):
            yield int(number)
        found = text.find(rarest, end)


async def event_numbers(reader: Reader, limit: int) -> list[int]:
    """Return the numbers of events that are for everybody, the newest first."""
    query = sa.select(event.c.id).where(_OPEN).order_by(event.c.id.desc()).limit(limit)
    return list((await reader.sql.execute(query)).scalars())


async def past(reader: Reader, now: datetime, limit: int, offset: int = 0) -> tuple[list[Kept], int]:
    """Return what is over, the latest first, and how much of it there is: events that come no more."""
    begins = event.c.timing["start"].as_string()
    coming_still = sa.select(occurrence.c.event_id).where(occurrence.c.ends_at > now)
    over = sa.and_(_OPEN, event.c.id.not_in(coming_still), begins < now.date().isoformat())
    count = (await reader.sql.execute(sa.select(sa.func.count()).select_from(event).where(over))).scalar() or 0
    query = sa.select(event).where(over).order_by(begins.desc(), event.c.id.desc()).limit(limit).offset(offset)
    rows = await reader.sql.execute(query)
    return [Kept.model_validate(dict(row._mapping)) for row in rows], int(count)


async def titles(reader: Reader, language: str, limit: int, offset: int = 0) -> list[Title]:
    """Return the titles of the glossary in its order."""
    query = sa.select(concept.c.id).order_by(concept.c.position, concept.c.id).limit(limit).offset(offset)
    return await glossary.titles(reader, list((await reader.sql.execute(query)).scalars()), language)


async def concept_names(reader: Reader, limit: int) -> list[str]:
    """Return the ids of the concepts of the glossary in its order."""
    query = sa.select(concept.c.id).order_by(concept.c.position, concept.c.id).limit(limit)
    return list((await reader.sql.execute(query)).scalars())


def _next(row: Any) -> Next:  # noqa: ANN401 - a row of several tables
    kept = Kept.model_validate({name: row._mapping[column] for name, column in event.c.items()})
    return Next(kept, Coming.model_validate({name: row._mapping[f"next_{name}"] for name in Coming.model_fields}))
