"""The glossary: concepts, each with its terms, definitions, sources and neighbours in several languages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel, Field, field_validator

from storage import glossary_search
from storage.communities import Community
from storage.database import Reader, Writer
from storage.folding import fold
from storage.schema import concept as concepts
from storage.schema import definition as definitions
from storage.schema import relation as relations
from storage.schema import source as sources
from storage.schema import term as terms

T = TypeVar("T")

TermKind = Literal["preferred", "admitted", "abbreviation", "hidden"]
"""As in ISO 30042 and IATE; `hidden` (SKOS hiddenLabel) is searched and never shown."""

ID = r"^[a-z0-9][a-z0-9-]{0,79}$"
REMEMBERED = 200
"""Concepts in memory."""
TITLES_REMEMBERED = 2000
"""Titles in memory, those of each language for themselves."""

KINDS = {"related": "related", "confused_with": "confused", "counterparts": "counterpart"}
"""What the relations between concepts are called in storage."""
_NAMES = {kind: name for name, kind in KINDS.items()}

LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,7}$"


class Term(BaseModel):
    """A word or phrase for a concept. Unchecked ones are found, but not shown as equivalents."""

    language: str = Field(pattern=LANGUAGE)
    text: str = Field(min_length=1, max_length=300)
    kind: TermKind = "preferred"
    checked: bool = True
    usage: str | None = Field(default=None, max_length=2000)

    @field_validator("text")
    @classmethod
    def _searchable(cls, text: str) -> str:
        if not fold(text):
            msg = "a term needs letters"
            raise ValueError(msg)
        return " ".join(text.split())


class Definition(BaseModel):
    """What a concept means, in one language."""

    language: str = Field(pattern=LANGUAGE)
    text: str = Field(min_length=1, max_length=4000)
    usage_note: str | None = Field(default=None, max_length=2000)


class Source(BaseModel):
    """Where a concept comes from.

    `confirmed`: the reference was seen on an official page. `checked_on`: when a moderator opened it.
    """

    document: str = Field(min_length=1, max_length=500)
    symbol: str | None = Field(default=None, max_length=200)
    locator: str | None = Field(default=None, max_length=300)
    url: str | None = Field(default=None, max_length=1000, pattern=r"^https?://\S+$")
    as_of: date | None = None
    confirmed: bool = False
    checked_on: date | None = None


class Concept(BaseModel):
    """A concept of the glossary."""

    id: str = Field(pattern=ID)
    topic: str = Field(pattern=ID)
    terms: list[Term] = Field(min_length=1)
    definitions: list[Definition] = []
    sources: list[Source] = []
    related: list[str] = []
    confused_with: list[str] = []
    counterparts: list[str] = []
    """What the other of the two communities calls the same thing; several together, where they are one thing."""
    community: Community | None = None

    def named(self, language: str, kind: TermKind = "preferred") -> list[str]:
        """Return the terms of a kind in a language."""
        return [one.text for one in self.terms if one.language == language and one.kind == kind]

    def defined(self, language: str) -> Definition | None:
        """Return the definition in a language."""
        return next((one for one in self.definitions if one.language == language), None)

    def is_complete(self, language: str) -> bool:
        """Tell whether it can be taught in a language: with a name that was checked, a definition and a source."""
        named = any(one.language == language and one.kind == "preferred" and one.checked for one in self.terms)
        return named and self.defined(language) is not None and bool(self.sources)


class Title(BaseModel):
    """A concept in a list: its preferred term in the reader's language, else in English."""

    id: str
    topic: str
    text: str


class Lookup(BaseModel):
    """What was found, best first, and how: by its name, by words in it, nearly, or in definitions."""

    how: Literal["name", "words", "near", "definition", "nothing"]
    titles: list[Title] = []
    alone: bool = False
    """Whether the first is so much nearer than the others that it must be meant."""


# Made once, because making a question takes longer than answering it.
_IDS: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
_TITLES = (
    sa.select(concepts.c.id, concepts.c.topic, terms.c.language, terms.c.text)
    .join_from(concepts, terms)
    .where(concepts.c.id.in_(_IDS), terms.c.kind == "preferred")
    .order_by(terms.c.id)
)
_CONCEPTS = sa.select(concepts).where(concepts.c.id.in_(_IDS))
_PARTS = {
    "terms": sa.select(terms).where(terms.c.concept_id.in_(_IDS)).order_by(terms.c.position),
    "definitions": sa.select(definitions)
    .where(definitions.c.concept_id.in_(_IDS))
    .order_by(definitions.c.language),
    "sources": sa.select(sources).where(sources.c.concept_id.in_(_IDS)).order_by(sources.c.position),
}
_RELATIONS = sa.select(relations).where(relations.c.concept_id.in_(_IDS)).order_by(relations.c.position)


async def find(reader: Reader, query: str, language: str) -> Lookup:
    """Find the concepts that a person may mean."""
    for how, search in (
        ("name", glossary_search.by_name),
        ("words", glossary_search.by_words),
        ("near", glossary_search.nearly),
        ("definition", glossary_search.by_definition),
    ):
        hits = await search(reader, query, language)
        if hits.ids:
            return Lookup.model_validate(
                {"how": how, "titles": await titles(reader, hits.ids, language), "alone": hits.alone}
            )
    return Lookup(how="nothing")


async def get(reader: Reader, concept_id: str) -> Concept | None:
    """Return one concept. Those read last are remembered, because the same few are asked for again and again."""
    remembered: dict[str, Concept] = await reader.cached("glossary", _nothing, part="concepts")
    if concept_id not in remembered:
        found = await some(reader, [concept_id])
        if not found:
            return None
        _remember(remembered, concept_id, found[0], REMEMBERED)
    return remembered[concept_id].model_copy()


async def _nothing() -> dict[str, Any]:
    return {}


def _remember(remembered: dict[str, T], key: str, what: T, most: int) -> None:
    if len(remembered) >= most:
        del remembered[next(iter(remembered))]
    remembered[key] = what


async def every(reader: Reader) -> list[Concept]:
    """Return the whole glossary in its order."""
    ids = await reader.sql.execute(sa.select(concepts.c.id).order_by(concepts.c.position, concepts.c.id))
    return await some(reader, list(ids.scalars()))


async def titles(reader: Reader, ids: Sequence[str], language: str) -> list[Title]:
    """Return the titles of some concepts, in the order given. Those read last are remembered, as in `get`."""
    remembered: dict[str, Title] = await reader.cached("glossary", _nothing, part=f"/titles/{language}")
    known = {key: remembered[key] for key in ids if key in remembered}
    if missing := [key for key in dict.fromkeys(ids) if key not in known]:
        known |= (found := await _titles(reader, missing, language))
        for key, title in found.items():
            _remember(remembered, key, title, TITLES_REMEMBERED)
    return [known[key].model_copy() for key in ids if key in known]


async def _titles(reader: Reader, ids: Sequence[str], language: str) -> dict[str, Title]:
    found: dict[str, Title] = {}
    rank = {language: 0, "en": 1}
    best: dict[str, int] = {}
    for key, topic, spoken, text in await reader.sql.execute(_TITLES, {"ids": list(ids)}):
        order = rank.get(spoken, 2)
        if order < best.get(key, 3):
            best[key] = order
            found[key] = Title(id=key, topic=topic, text=text)
    return found


async def topics(reader: Reader) -> dict[str, int]:
    """Return the topics with the number of their concepts."""
    query = (
        sa.select(concepts.c.topic, sa.func.count())
        .group_by(concepts.c.topic)
        .order_by(sa.func.min(concepts.c.position))
    )
    return {row[0]: row[1] for row in await reader.sql.execute(query)}


async def in_topic(reader: Reader, topic: str, language: str) -> list[Title]:
    """Return the titles of a topic in their order."""
    query = sa.select(concepts.c.id).where(concepts.c.topic == topic).order_by(concepts.c.position)
    return await titles(reader, list((await reader.sql.execute(query)).scalars()), language)


async def replace(writer: Writer, glossary: Iterable[Concept], at: datetime) -> None:
    """Make `glossary` the whole glossary, without a word in the history; `glossary_changes` writes one."""
    await writer.sql.execute(sa.delete(concepts))
    await _insert(writer, list(glossary), at)
    await glossary_search.rebuild(writer)
    await writer.changed("glossary")


async def _insert(writer: Writer, glossary: list[Concept], at: datetime) -> None:
    # In a thread and in pages, because a large glossary would hold up the event loop for seconds.
    for table, values in (await asyncio.to_thread(_rows, glossary, at)).items():
        for start in range(0, len(values), glossary_search.PAGE):
            await writer.sql.execute(sa.insert(table), values[start : start + glossary_search.PAGE])


def _rows(glossary: list[Concept], at: datetime) -> dict[sa.Table, list[dict[str, object]]]:
    rows: dict[sa.Table, list[dict[str, object]]] = {
        table: [] for table in (concepts, terms, definitions, sources, relations)
    }
    for position, one in enumerate(glossary):
        owner = {"concept_id": one.id}
        rows[concepts].append(
            {
                "id": one.id,
                "topic": one.topic,
                "position": position,
                "updated_at": at,
                "community": one.community,
            }
        )
        rows[terms] += [
            owner | term.model_dump() | {"folded": fold(term.text), "position": place}
            for place, term in enumerate(one.terms)
        ]
        rows[definitions] += [owner | definition.model_dump() for definition in one.definitions]
        rows[sources] += [
            owner | source.model_dump() | {"position": place} for place, source in enumerate(one.sources)
        ]
        rows[relations] += [
            owner | {"other_id": other, "kind": kind, "position": place}
            for name, kind in KINDS.items()
            for place, other in enumerate(getattr(one, name))
        ]
    return rows


async def some(reader: Reader, ids: Sequence[str]) -> list[Concept]:
    """Return whole concepts in the order given: a question for each table, in blocks that every database takes."""
    found: list[Concept] = []
    for start in range(0, len(ids), 500):
        found += await _read_block(reader, ids[start : start + 500])
    return found


async def _read_block(reader: Reader, ids: Sequence[str]) -> list[Concept]:
    these = {"ids": list(ids)}
    raw: dict[str, dict[str, list[object] | str | None]] = {}
    for row in await reader.sql.execute(_CONCEPTS, these):
        raw[row.id] = {
            "id": row.id, "topic": row.topic, "terms": [], "definitions": [], "sources": [],
            "community": row.community, **{name: [] for name in KINDS},
        }  # fmt: skip
    for name, query in _PARTS.items():
        for row in await reader.sql.execute(query, these):
            _list(raw[row.concept_id][name]).append(dict(row._mapping))
    for row in await reader.sql.execute(_RELATIONS, these):
        _list(raw[row.concept_id][_NAMES[row.kind]]).append(row.other_id)
    return [Concept.model_validate(raw[key]) for key in ids if key in raw]


def _list(value: list[object] | str | None) -> list[object]:
    assert isinstance(value, list)  # noqa: S101 - made so above
    return value
