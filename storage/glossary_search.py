"""Four ways to find a concept, from the surest to the widest.

Names are looked up in an index of folded terms. Words, and words of definitions, are searched in the full-text
index of the database (`storage.full_text`). Misspellings are searched in memory (`storage.near_names`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from storage import full_text
from storage.database import Reader, Writer
from storage.folding import fold
from storage.full_text import Groups, Word
from storage.near_names import NearNames
from storage.schema import definition as definitions
from storage.schema import term as terms

MOST = 20
CONSIDERED = 100
"""Matches of a full-text search that are compared. Who gets more has to add a word anyway."""
PAGE = 5_000
"""Rows read or written at once, so that the event loop is not held up."""

STOP_WORDS = frozenset(
    [
        *("a", "an", "and", "are", "as", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "what"),
        *("which", "who", "with", "de", "des", "du", "en", "et", "la", "le", "les", "ou", "par", "pour", "que"),
        *("qui", "se", "un", "une", "del", "el", "las", "los", "para", "por", "una", "unas", "unos", "y"),
    ]
)
ARTICLES = ("the ", "a ", "an ", "le ", "la ", "les ", "l ", "un ", "une ", "el ", "los ", "las ", "una ")


@dataclass(frozen=True, slots=True)
class Hits:
    """Ids of concepts, best first. `alone`: the first is much nearer than the others."""

    ids: list[str] = field(default_factory=list)
    alone: bool = False


_BY_NAME = (
    sa.select(terms.c.concept_id)
    .where(terms.c.folded == sa.bindparam("name"))
    .order_by(sa.case((terms.c.language == sa.bindparam("language"), 0), else_=1), terms.c.id)
)


async def by_name(reader: Reader, query: str, language: str) -> Hits:
    """Find the concepts that have exactly this name, in any language; those of `language` first."""
    folded = fold(query)
    for name in (folded, _without_article(folded)):
        if not name:
            continue
        found = await reader.sql.execute(_BY_NAME, {"name": name, "language": language})
        ids = list(dict.fromkeys(found.scalars()))
        if ids:
            return Hits(ids, alone=len(ids) == 1)
    return Hits()


async def by_words(reader: Reader, query: str, language: str) -> Hits:
    """Find the concepts in whose names each word occurs, or begins a word."""
    words = fold(query).split()
    if not words or len("".join(words)) < 3:
        return Hits()
    ids = await _full_text(reader, [[Word(word, begins=True)] for word in words], "names", language)
    return Hits(ids, alone=len(ids) == 1)


async def nearly(reader: Reader, query: str, _language: str) -> Hits:
    """Find the concepts whose names differ by a few letters."""
    folded = fold(query)
    allowed = _errors_allowed(len(folded))
    if not allowed:
        return Hits()
    names = await reader.cached("glossary", lambda: _names(reader))
    nearest = names.near(folded, allowed)
    ranked = sorted(nearest, key=lambda owner: (nearest[owner], owner))
    alone = len(ranked) == 1 or (len(ranked) > 1 and nearest[ranked[1]] >= nearest[ranked[0]] + 2)
    return Hits(ranked[:MOST], alone=alone)


async def by_definition(reader: Reader, query: str, language: str) -> Hits:
    """Find the concepts in whose definition all words that carry meaning occur."""
    words = [word for word in fold(query).split() if word not in STOP_WORDS]
    if not words:
        return Hits()
    return Hits(await _full_text(reader, [[stem(word)] for word in words], "meaning", language))


async def rebuild(writer: Writer) -> None:
    """Write the full-text index anew from the tables."""
    await writer.sql.execute(sa.text("DELETE FROM glossary_text"))
    query = sa.select(terms.c.concept_id, terms.c.language, terms.c.folded).order_by(terms.c.id)
    names = (await writer.sql.execute(query)).all()
    texts = sa.select(definitions.c.concept_id, definitions.c.language, definitions.c.text)
    meanings = (await writer.sql.execute(texts)).all()
    values = await asyncio.to_thread(_index_rows, names, meanings, with_vector=writer.dialect == "postgresql")
    for start in range(0, len(values), PAGE):
        await writer.sql.execute(_INSERT[writer.dialect], values[start : start + PAGE])
    await writer.sql.execute(_OPTIMIZE[writer.dialect])


def _index_rows(
    names: Iterable[sa.Row[str, str, str]], meanings: Iterable[sa.Row[str, str, str]], *, with_vector: bool
) -> list[dict[str, Any]]:
    folded: dict[tuple[str, str], list[str]] = defaultdict(list)
    for owner, language, name in names:
        folded[owner, language].append(name)
    texts = {(owner, language): fold(text) for owner, language, text in meanings}
    rows: list[dict[str, Any]] = [
        {
            "concept_id": owner,
            "language": language,
            # A separator that no search matches keeps the words of two names apart.
            "names": " | ".join(folded.get((owner, language), ())),
            "meaning": texts.get((owner, language), ""),
        }
        # In the order of the glossary, because a search that finds too much considers the first.
        for owner, language in dict.fromkeys([*folded, *texts])
    ]
    if with_vector:
        for number, row in enumerate(rows):
            words = full_text.tsvector({"A": row["names"], "B": row["meaning"]})
            row |= {"id": number, "words": words}
    return rows


_INSERT = {
    "sqlite": sa.text(
        "INSERT INTO glossary_text (concept_id, language, names, meaning) "
        "VALUES (:concept_id, :language, :names, :meaning)"
    ),
    "postgresql": sa.text(
        "INSERT INTO glossary_text (id, concept_id, language, names, meaning, words) "
        "VALUES (:id, :concept_id, :language, :names, :meaning, CAST(:words AS tsvector))"
    ),
}
_OPTIMIZE = {
    # One tree instead of one for each page that was written: a search goes through all of them.
    "sqlite": sa.text("INSERT INTO glossary_text (glossary_text) VALUES ('optimize')"),
    # Whether a word is common decides whether its index is used, or the first rows are looked at.
    "postgresql": sa.text("ANALYZE glossary_text"),
}


async def _full_text(reader: Reader, groups: Groups, column: str, language: str) -> list[str]:
    """Return what matches: the reader's language first, then where `column` is shortest.

    Words of names are looked for in names, those of meanings everywhere. Not by a rank, which counts each word in
    the whole glossary, and so takes a hundred times longer for common ones.
    """
    if reader.dialect == "sqlite":
        match = full_text.fts5(groups, column if column == "names" else None)
    else:
        match = full_text.tsquery(groups, "A" if column == "names" else None)
    question = _BEST[reader.dialect, column]
    found = await reader.sql.execute(question, {"match": match, "language": language, "most": CONSIDERED})
    return list(dict.fromkeys(found.scalars()))[:MOST]


def _best(dialect: str, column: str) -> sa.TextClause:
    number, matches, order = (
        ("rowid", "glossary_text MATCH :match", "")
        if dialect == "sqlite"
        else ("id", "words @@ CAST(:match AS tsquery)", " ORDER BY id")
    )
    return sa.text(
        f"SELECT concept_id FROM glossary_text WHERE {number} IN "  # noqa: S608 - names of ours
        f"(SELECT {number} FROM glossary_text WHERE {matches}{order} LIMIT :most) "
        f"ORDER BY language = :language DESC, length({column}), {number}"
    )


_BEST = {
    (dialect, column): _best(dialect, column)
    for dialect in ("sqlite", "postgresql")
    for column in ("names", "meaning")
}


async def _names(reader: Reader) -> NearNames:
    found: list[tuple[str, str]] = []
    query = (
        sa.select(terms.c.id, terms.c.folded, terms.c.concept_id)
        .where(terms.c.id > sa.bindparam("last"))
        .order_by(terms.c.id)
        .limit(PAGE)
    )
    last = 0
    while rows := (await reader.sql.execute(query, {"last": last})).all():
        found += [(row.folded, row.concept_id) for row in rows]
        last = rows[-1].id
    # In a thread, because a large glossary takes a second or more.
    return await asyncio.to_thread(NearNames, found)


def _errors_allowed(length: int) -> int:
    """Short words are near to too many others."""
    if length < 4:
        return 0
    if length < 6:
        return 1
    return 2 if length < 12 else 3


def _without_article(folded: str) -> str:
    for article in ARTICLES:
        if folded.startswith(article):
            return folded.removeprefix(article)
    return ""


def stem(word: str) -> Word:
    """Return what is looked for; longer words also match other endings (plural, gender)."""
    return Word(word[: max(5, len(word) - 2)], begins=True) if len(word) > 5 else Word(word)
