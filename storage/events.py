"""The calendar of the community: events, and the occurrences that are computed of them ahead of time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, Field, field_validator, model_validator

from storage import occurrences
from storage.communities import Community
from storage.database import Reader, Writer
from storage.folding import fold
from storage.occurrences import Timing
from storage.schema import event as events
from storage.schema import occurrence

Kind = Literal["commemoration", "meeting", "training", "webinar", "deadline"]
KINDS: tuple[Kind, ...] = ("commemoration", "meeting", "training", "webinar", "deadline")
Certainty = Literal["tentative", "confirmed", "cancelled"]
Access = Literal["public", "members", "invited"]

AHEAD = timedelta(days=550)
"""How far occurrences are computed: a yearly day is shown, and announced, for more than a year."""
BEHIND = timedelta(days=2)


class Event(BaseModel):
    """An event. `countries` are ISO 3166-1 alpha-2 codes; titles and descriptions are by language.

    `reminders` are minutes before the start at which it is announced (None: those of its kind), `rooms` where
    (None: in all rooms for announcements).
    """

    uid: str = Field(min_length=1, max_length=255)
    kind: Kind
    titles: dict[str, str] = Field(min_length=1)
    descriptions: dict[str, str] = {}
    timing: Timing
    place: str | None = Field(default=None, max_length=300)
    link: str | None = Field(default=None, max_length=1000, pattern=r"^https?://\S+$")
    organiser: str | None = Field(default=None, max_length=300)
    registration: str | None = Field(default=None, max_length=1000, pattern=r"^https?://\S+$")
    access: Access = "public"
    countries: list[str] = []
    topics: list[str] = []
    certainty: Certainty = "confirmed"
    reason: str | None = Field(default=None, max_length=500)
    source: str | None = Field(default=None, max_length=500)
    confirmed: bool = True
    reminders: list[int] | None = Field(default=None, max_length=10)
    rooms: list[str] | None = Field(default=None, max_length=50)
    community: Community | None = None

    @field_validator("titles", "descriptions")
    @classmethod
    def _by_language(cls, texts: dict[str, str]) -> dict[str, str]:
        return {language: text.strip() for language, text in texts.items() if text.strip()}

    @model_validator(mode="after")
    def _can_be_counted(self) -> Self:
        if not self.is_vague:
            occurrences.check(self.timing)
        return self

    @property
    def is_vague(self) -> bool:
        """Whether of a past event only the year or the month is known: it is in the archive and nowhere else."""
        return len(self.timing.start) < len("2026-12-09")

    def title(self, language: str) -> str:
        """Return the title, in that language if possible."""
        return next(self.titles[one] for one in (language, "en", *self.titles) if one in self.titles)

    def description(self, language: str) -> str | None:
        """Return the description, in that language if possible."""
        return next(
            (self.descriptions[one] for one in (language, "en", *self.descriptions) if one in self.descriptions),
            None,
        )


class Kept(Event):
    """An event as it is stored, with the number by which people call it."""

    id: int
    version: int = 1
    updated_at: datetime


class Coming(BaseModel):
    """One occurrence of an event. `start` and `end` are on the clocks of the event's zone."""

    event_id: int
    key: str
    start: str
    end: str
    starts_at: datetime
    ends_at: datetime


async def get(reader: Reader, number: int) -> Kept | None:
    """Return an event by its number."""
    row = (await reader.sql.execute(sa.select(events).where(events.c.id == number))).first()
    return Kept.model_validate(dict(row._mapping)) if row else None


async def some(reader: Reader, numbers: Sequence[int]) -> dict[int, Kept]:
    """Return events by their numbers."""
    query = sa.select(events).where(events.c.id.in_(numbers))
    found = [Kept.model_validate(dict(row._mapping)) for row in await reader.sql.execute(query)]
    return {one.id: one for one in found}


async def every(reader: Reader) -> list[Kept]:
    """Return all events."""
    rows = await reader.sql.execute(sa.select(events).order_by(events.c.id))
    return [Kept.model_validate(dict(row._mapping)) for row in rows]


async def coming(
    reader: Reader,
    now: datetime,
    number: int | None = None,
    limit: int = 5000,
    *,
    until: datetime | None = None,
    country: str | None = None,
) -> list[Coming]:
    """Return what is not over yet, the next first; of one event or all, before `until`, in a country."""
    query = sa.select(occurrence).where(occurrence.c.ends_at > now)
    if number is not None:
        query = query.where(occurrence.c.event_id == number)
    if until is not None:
        query = query.where(occurrence.c.starts_at < until)
    if country is not None:
        # A code stands in quotation marks in the JSON of the list, on both databases.
        there = sa.cast(events.c.countries, sa.Text).contains(f'"{country}"')
        query = query.where(occurrence.c.event_id.in_(sa.select(events.c.id).where(there)))
    query = query.order_by(occurrence.c.starts_at, occurrence.c.event_id).limit(limit)
    return [Coming.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def occurrence_of(reader: Reader, number: int, key: str) -> Coming | None:
    """Return one occurrence of an event by its key."""
    query = sa.select(occurrence).where(occurrence.c.event_id == number, occurrence.c.key == key)
    row = (await reader.sql.execute(query)).first()
    return Coming.model_validate(row._mapping) if row else None


async def add(writer: Writer, one: Event, now: datetime) -> Kept:
    """Store an event that is new and return it with its number."""
    values = one.model_dump(mode="json") | {"version": 1, "updated_at": now}
    done = await writer.sql.execute(sa.insert(events).values(**values))
    key = done.inserted_primary_key
    assert key is not None  # noqa: S101 - every dialect returns it for a single row
    kept = Kept(**one.model_dump(), id=int(key[0]), updated_at=now)
    await _compute(writer, [kept], now)
    await writer.changed("events")
    return kept


async def add_all(writer: Writer, some: Sequence[Event], now: datetime) -> list[Kept]:
    """Store many events that are new, and return them with their numbers."""
    found = []
    for start in range(0, len(some), 500):
        block = some[start : start + 500]
        rows = [one.model_dump(mode="json") | {"version": 1, "updated_at": now} for one in block]
        made = await writer.sql.execute(sa.insert(events).returning(events.c.id, events.c.uid), rows)
        numbers = {uid: number for number, uid in made}
        found += [Kept(**one.model_dump(), id=numbers[one.uid], updated_at=now) for one in block]
    await _compute(writer, found, now)
    await writer.changed("events")
    return found


async def put(writer: Writer, kept: Kept, now: datetime) -> None:
    """Store an event in place of the one with its number."""
    values = kept.model_dump(mode="json", exclude={"id", "updated_at"}) | {"updated_at": kept.updated_at}
    await writer.sql.execute(sa.update(events).where(events.c.id == kept.id).values(**values))
    await _compute(writer, [kept], now)
    await writer.changed("events")


async def remove(writer: Writer, number: int) -> None:
    """Remove an event, with who goes and who wishes to be reminded."""
    await writer.sql.execute(sa.delete(events).where(events.c.id == number))
    await writer.changed("events")


async def recompute(writer: Writer, now: datetime) -> None:
    """Compute the occurrences of all events anew, as far ahead as is looked."""
    await _compute(writer, await every(writer), now)


async def _compute(writer: Writer, kept: Iterable[Kept], now: datetime) -> None:
    some = list(kept)
    numbers = [one.id for one in some]
    # In a thread, because thousands of events would hold up the loop.
    rows = await asyncio.to_thread(_rows, some, now)
    for start in range(0, len(numbers), 500):
        numbered = numbers[start : start + 500]
        await writer.sql.execute(sa.delete(occurrence).where(occurrence.c.event_id.in_(numbered)))
    if rows:
        await writer.sql.execute(sa.insert(occurrence), rows)


def _rows(kept: Iterable[Kept], now: datetime) -> list[dict[str, Any]]:
    return [
        {"event_id": one.id, **each.model_dump()}
        for one in kept
        if not one.is_vague and one.certainty != "cancelled"
        for each in occurrences.occurrences(one.timing, now - BEHIND, now + AHEAD)
    ]


def speaks_of(one: Event, words: Iterable[str]) -> bool:
    """Tell whether every word stands in a title, a description, the place or the topics of an event."""
    texts = [*one.titles.values(), *one.descriptions.values(), one.place or "", one.organiser or "", *one.topics]
    said = fold(" ".join(texts))
    return all(word in said for word in words)
