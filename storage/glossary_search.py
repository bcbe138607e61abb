"""Four ways to find a concept, from the surest to the widest.

Names are looked up in an index of folded terms. Words, and words of definitions, are searched with SQLite's
FTS5. Misspellings are searched in memory: terms of about the same length, by the number of letters that are
wrong, missing, superfluous or swapped (optimal string alignment).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import sqlalchemy as sa
from rapidfuzz import process
from rapidfuzz.distance import OSA

from storage.database import Reader, Writer
from storage.folding import fold
from storage.schema import term as terms

MOST = 20

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


async def by_name(reader: Reader, query: str, language: str) -> Hits:
    """Find the concepts that have exactly this name, in any language; those of `language` first."""
    folded = fold(query)
    for name in (folded, _without_article(folded)):
        if not name:
            continue
        found = await reader.sql.execute(
            sa.select(terms.c.concept_id)
            .where(terms.c.folded == name)
            .order_by(sa.case((terms.c.language == language, 0), else_=1), terms.c.id)
        )
        ids = list(dict.fromkeys(found.scalars()))
        if ids:
            return Hits(ids, alone=len(ids) == 1)
    return Hits()


async def by_words(reader: Reader, query: str, language: str) -> Hits:
    """Find the concepts in whose names each word occurs, or begins a word."""
    words = fold(query).split()
    if not words or len("".join(words)) < 3:
        return Hits()
    match = " AND ".join(f'names:"{word}"*' for word in words)
    ids = await _full_text(reader, match, language)
    return Hits(ids, alone=len(ids) == 1)


async def nearly(reader: Reader, query: str, _language: str) -> Hits:
    """Find the concepts whose names differ by a few letters."""
    folded = fold(query)
    allowed = _errors_allowed(len(folded))
    if not allowed:
        return Hits()
    index = await reader.cached("glossary", lambda: _index(reader))
    nearest: dict[str, int] = {}
    for length in range(len(folded) - allowed, len(folded) + allowed + 1):
        names, owners = index.get(length, _EMPTY)
        for hit in process.extract_iter(folded, names, scorer=OSA.distance, score_cutoff=allowed):
            _name, distance, place = hit
            owner = owners[place]
            nearest[owner] = min(int(distance), nearest.get(owner, allowed))
    ranked = sorted(nearest, key=lambda owner: (nearest[owner], owner))
    alone = len(ranked) == 1 or (len(ranked) > 1 and nearest[ranked[1]] >= nearest[ranked[0]] + 2)
    return Hits(ranked[:MOST], alone=alone)


async def by_definition(reader: Reader, query: str, language: str) -> Hits:
    """Find the concepts in whose definition all words that carry meaning occur."""
    words = [word for word in fold(query).split() if word not in STOP_WORDS]
    if not words:
        return Hits()
    match = " AND ".join(_stem(word) for word in words)
    return Hits(await _full_text(reader, match, language))


async def rebuild(writer: Writer) -> None:
    """Write the full-text index anew from the tables."""
    await writer.sql.execute(sa.text("DELETE FROM glossary_text"))
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in await writer.sql.execute(sa.select(terms.c.concept_id, terms.c.language, terms.c.folded)):
        rows[row.concept_id, row.language].append(row.folded)
    meanings = await writer.sql.execute(sa.text("SELECT concept_id, language, text FROM definition"))
    texts = {(row.concept_id, row.language): fold(row.text) for row in meanings}
    values = [
        {
            "concept_id": owner,
            "language": language,
            # A separator that no search matches keeps the words of two names apart.
            "names": " | ".join(rows.get((owner, language), ())),
            "meaning": texts.get((owner, language), ""),
        }
        for owner, language in rows.keys() | texts.keys()
    ]
    if values:
        await writer.sql.execute(
            sa.text(
                "INSERT INTO glossary_text (concept_id, language, names, meaning) "
                "VALUES (:concept_id, :language, :names, :meaning)"
            ),
            values,
        )


async def _full_text(reader: Reader, match: str, language: str) -> list[str]:
    found = await reader.sql.execute(
        sa.text(
            "SELECT concept_id FROM glossary_text WHERE glossary_text MATCH :match "
            "ORDER BY language = :language DESC, bm25(glossary_text, 0, 0, 10, 1) LIMIT 100"
        ),
        {"match": match, "language": language},
    )
    return list(dict.fromkeys(found.scalars()))[:MOST]


Bucket = tuple[list[str], list[str]]
"""Folded terms, and the concepts that they belong to."""
Index = dict[int, Bucket]
"""By the length of the terms."""


_EMPTY: Bucket = ([], [])


async def _index(reader: Reader) -> Index:
    index: Index = defaultdict(lambda: ([], []))
    for row in await reader.sql.execute(sa.select(terms.c.folded, terms.c.concept_id)):
        names, owners = index[len(row.folded)]
        names.append(row.folded)
        owners.append(row.concept_id)
    return dict(index)


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


def _stem(word: str) -> str:
    """Return an FTS5 phrase; longer words also match other endings (plural, gender)."""
    return f'"{word[: max(5, len(word) - 2)]}"*' if len(word) > 5 else f'"{word}"'
