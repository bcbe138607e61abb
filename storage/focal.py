"""Who to turn to: R2P and Latin American Network focal points, mechanisms, GAAMAC focal persons, Friends of R2P.

Five kinds that are never mixed. A record names an office, never a person, and says since when and from where
it is known. Nothing here says that a country has none: what is not on record is only not on record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, Field, field_validator, model_validator

from storage.communities import Community
from storage.database import Reader, Writer
from storage.schema import focal

Kind = Literal[
    "r2p_focal_point",
    "lan_focal_point",
    "national_mechanism",
    "gaamac_focal_person",
    "group_of_friends",
]
KINDS: tuple[Kind, ...] = (
    "r2p_focal_point",
    "lan_focal_point",
    "national_mechanism",
    "gaamac_focal_person",
    "group_of_friends",
)
Status = Literal["active", "vacant", "unknown"]
Evidence = Literal["A", "A-", "B", "C", "D", "GK"]
"""A: an official source names it. A-: almost certain, or announced. B: it did what only one that has it does,
as to host the network. C: it took part. D: hardly more than a hint. GK: general knowledge, no source seen."""

WEB = r"^https?://[^\s<>()\[\]\\\"]+$"
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

Titles = dict[str, str]


class Record(BaseModel):
    """One office of one country or organisation.

    `appointed_by` is used where only the year is known by which it stood at the latest. `as_of` is a day, a
    month or a year, as exact as the source is.
    """

    kind: Kind
    holder: str = Field(pattern=r"^[A-Z]{2}$")
    number: int = Field(default=1, ge=1, le=99)
    titles: Titles = {}
    notes: Titles = {}
    status: Status = "unknown"
    appointed_year: int | None = Field(default=None, ge=1945, le=2200)
    appointed_by: int | None = Field(default=None, ge=1945, le=2200)
    as_of: str
    evidence: Evidence
    source: str = Field(min_length=1, max_length=500)
    source_url: str | None = Field(default=None, max_length=1000, pattern=WEB)
    contact: str | None = Field(default=None, max_length=300)
    contact_url: str | None = Field(default=None, max_length=1000, pattern=WEB)
    community: Community | None = None

    @property
    def subject(self) -> str:
        """What the record is called in the history of changes."""
        return f"focal/{self.kind}/{self.holder}/{self.number}"

    def title(self, language: str) -> str | None:
        """Return what the office is called, in that language if possible."""
        return _in_language(self.titles, language)

    def note(self, language: str) -> str | None:
        """Return what is to be known besides, in that language if possible."""
        return _in_language(self.notes, language)

    @field_validator("titles", "notes")
    @classmethod
    def _by_language(cls, texts: Titles) -> Titles:
        kept = {language: " ".join(text.split()) for language, text in texts.items() if text.strip()}
        for language, text in kept.items():
            if not _LANGUAGE.fullmatch(language):
                msg = f"{language} is not a code of a language"
                raise ValueError(msg)
            if len(text) > 500:
                msg = "a text has at most 500 characters"
                raise ValueError(msg)
        return kept

    @field_validator("as_of")
    @classmethod
    def _exists(cls, text: str) -> str:
        if not _DATE.fullmatch(text):
            msg = "a date is written 2026, 2026-11 or 2026-11-30"
            raise ValueError(msg)
        day(text)
        return text

    @model_validator(mode="after")
    def _official(self) -> Self:
        if self.contact and not self.contact_url:
            msg = "a contact needs the address of the official page that publishes it (contact_url)"
            raise ValueError(msg)
        return self


class Kept(Record):
    """A record as it is stored, with who last confirmed it, and when. `version` counts its changes."""

    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int = 1
    updated_at: datetime

    @property
    def fresh_on(self) -> date:
        """The last day on which somebody knew it to be so: the day it was confirmed, else its as-of date."""
        known = day(self.as_of)
        return max(known, self.confirmed_at.date()) if self.confirmed_at else known

    def is_stale(self, today: date, months: int) -> bool:
        """Tell whether nobody has confirmed it for so many months."""
        return self.fresh_on < _months_before(today, months)

    def facts(self) -> dict[str, Any]:
        """Return what it says, without who confirmed it and when."""
        return self.model_dump(mode="json", include=set(Record.model_fields))


# Asked with each command, and so made once: to make a question takes longer than to answer it.
KEY = ("kind", "holder", "number")
_DELETE = sa.delete(focal).where(*(focal.c[name] == sa.bindparam(f"its_{name}") for name in KEY))
_ALL = sa.select(focal).order_by(focal.c.holder, focal.c.kind, focal.c.number)


class Book:
    """All records at once, by holder. There are a few hundred, so they are held in memory until one changes."""

    def __init__(self, records: Iterable[Kept]) -> None:
        self.records = tuple(records)
        self._by_holder: dict[str, list[Kept]] = {}
        for one in self.records:
            self._by_holder.setdefault(one.holder, []).append(one)

    def of(self, holder: str, *kinds: Kind) -> list[Kept]:
        """Return the records of a holder, of these kinds or of all."""
        some = self._by_holder.get(holder, ())
        return [one for kind in kinds or KINDS for one in some if one.kind == kind]

    def holders(self, kind: Kind) -> set[str]:
        """Return who has a record of that kind, unless the office is vacant."""
        return {one.holder for one in self.records if one.kind == kind and one.status != "vacant"}

    def as_of(self) -> datetime | None:
        """Return when a record was changed last."""
        return max((one.updated_at for one in self.records), default=None)

    def stale(self, today: date, months: int) -> list[Kept]:
        """Return those that nobody has confirmed for so many months, the oldest first."""
        return sorted(
            (one for one in self.records if one.is_stale(today, months)),
            key=lambda one: (one.fresh_on, one.holder, one.kind, one.number),
        )


async def book(reader: Reader) -> Book:
    """Return all records."""

    async def read() -> Book:
        return Book([_kept(row._mapping) for row in await reader.sql.execute(_ALL)])

    return await reader.cached("focal", read)


async def revision(reader: Reader) -> int:
    """Return a number that is another one whenever a record has changed."""
    return await reader.revision("focal")


async def get(reader: Reader, kind: Kind, holder: str, number: int = 1) -> Kept | None:
    """Return one record."""
    query = sa.select(focal).where(focal.c.kind == kind, focal.c.holder == holder, focal.c.number == number)
    row = (await reader.sql.execute(query)).first()
    return _kept(row._mapping) if row else None


async def put(writer: Writer, records: Sequence[Kept]) -> None:
    """Store records in place of those with the same kind, holder and number."""
    if records:
        keys = [{f"its_{name}": getattr(one, name) for name in KEY} for one in records]
        await writer.sql.execute(_DELETE, keys)
        await writer.sql.execute(sa.insert(focal), [one.model_dump() for one in records])
    await writer.changed("focal")


async def remove(writer: Writer, record: Record) -> None:
    """Delete a record. Its history stays."""
    await writer.sql.execute(_DELETE, {f"its_{name}": getattr(record, name) for name in KEY})
    await writer.changed("focal")


def day(text: str) -> date:
    """Return the last day that an as-of date can mean.

    Raises:
        ValueError: there is no such day.

    """
    year, *rest = (int(part) for part in text.split("-"))
    if len(rest) == 2:
        return date(year, *rest)
    month = rest[0] if rest else 12
    if month == 12:
        return date(year, 12, 31)
    return date(year, month + 1, 1) - timedelta(days=1)


def _kept(row: Any) -> Kept:  # noqa: ANN401 - a row as a mapping
    return Kept.model_validate(dict(row))


def _in_language(texts: Titles, language: str) -> str | None:
    for one in (language, "en"):
        if one in texts:
            return texts[one]
    return next(iter(texts.values()), None)


def _months_before(today: date, months: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    following = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return min(first + timedelta(days=today.day - 1), following - timedelta(days=1))
