"""Full-text search over what was published: ranked, with accents folded and words stemmed in three languages.

Words are stemmed (Snowball) before they are indexed, in the language of the practice; what is asked for is stemmed
in each language, because nobody says in which language they ask.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import snowballstemmer
import sqlalchemy as sa

from storage import full_text
from storage.database import Reader, Writer
from storage.folding import fold
from storage.full_text import Groups, Word
from storage.glossary_search import STOP_WORDS

LANGUAGES = {"en": "english", "fr": "french", "es": "spanish"}
MOST = 200
WORDS = 12
"""Of a question; a longer one finds nothing more."""
# The same weights as for FTS5: of D, C, B and A. In a long text a word weighs less (1).
_RANK = "-ts_rank('{0, 0.1, 0.4, 1}', words, asked, 1)"


@dataclass(frozen=True, slots=True)
class _Index:
    """How a database is told and asked. The best has the lowest rank, and is of the highest importance: titles."""

    match: Callable[[Groups], str]
    put: sa.TextClause
    drop: sa.TextClause
    find: sa.TextClause
    alike: sa.TextClause
    common: sa.TextClause
    """Asks which words occur in more than a `few` practices, and in how many."""


_INDEXES = {
    "sqlite": _Index(
        match=full_text.fts5,
        put=sa.text(
            "INSERT INTO practice_text (rowid, language, title, summary, rest) "
            "VALUES (:id, :language, :title, :summary, :rest)"
        ),
        drop=sa.text("DELETE FROM practice_text WHERE rowid = :id"),
        # Ordered by the rank alone, FTS5 keeps only the best while it looks; otherwise it would rank and sort all.
        find=sa.text(
            "SELECT rowid AS id, language, rank FROM practice_text WHERE practice_text MATCH :match "
            "AND rank MATCH 'bm25(0.0, 10.0, 4.0, 1.0)' ORDER BY rank LIMIT :most"
        ),
        alike=sa.text(
            "SELECT rowid AS id, title, summary, rest FROM practice_text WHERE practice_text MATCH :match "
            "AND rank MATCH 'bm25(0.0, 10.0, 4.0, 1.0)' ORDER BY rank LIMIT 20"
        ),
        common=sa.text("SELECT term, doc FROM practice_word WHERE doc > :few"),
    ),
    "postgresql": _Index(
        match=full_text.tsquery,
        put=sa.text(
            "INSERT INTO practice_text (id, language, title, summary, rest, words) "
            "VALUES (:id, :language, :title, :summary, :rest, CAST(:words AS tsvector))"
        ),
        drop=sa.text("DELETE FROM practice_text WHERE id = :id"),
        find=sa.text(
            f"SELECT id, language, {_RANK} AS rank FROM practice_text, CAST(:match AS tsquery) AS asked "  # noqa: S608
            "WHERE words @@ asked ORDER BY rank, id LIMIT :most"
        ),
        alike=sa.text(
            "SELECT id, title, summary, rest FROM practice_text, CAST(:match AS tsquery) AS asked "  # noqa: S608
            f"WHERE words @@ asked ORDER BY {_RANK}, id LIMIT 20"
        ),
        common=sa.text(
            "SELECT word AS term, ndoc AS doc FROM ts_stat('SELECT words FROM practice_text') WHERE ndoc > :few"
        ),
    ),
}

ALIKE_WORDS = 40
FEW = 20
"""Practices in which a word may occur to be a rare one."""
LOOKED_AT = 1000
"""Practices that are looked at, by how often their words occur, for related ones."""
NEARER = 3.0
"""How much more a practice in the language of who asks weighs."""
_WORD = re.compile(r"\w+")


async def put(writer: Writer, number: int, language: str, fields: Mapping[str, Any]) -> None:
    """Let a practice be found by its words; if it was before by others, by these instead."""
    await drop(writer, number)
    # A name that an author gave first, and then chose not to show, must not be found either.
    named = ("attributed",) if fields.get("attribution") in ("name", "organisation") else ()
    rest = " ".join(str(fields.get(name) or "") for name in ("story", "problem", "result", *named))
    texts = {"title": fields.get("title", ""), "summary": fields.get("summary", ""), "rest": rest}
    stemmed = {name: " ".join(stems(str(text), language)) for name, text in texts.items()}
    row: dict[str, Any] = {"id": number, "language": language, **stemmed}
    if writer.dialect == "postgresql":
        row["words"] = full_text.tsvector({"A": stemmed["title"], "B": stemmed["summary"], "C": stemmed["rest"]})
    await writer.sql.execute(_INDEXES[writer.dialect].put, row)


async def drop(writer: Writer, number: int) -> None:
    """Let a practice not be found any more."""
    await writer.sql.execute(_INDEXES[writer.dialect].drop, {"id": number})


async def find(reader: Reader, words: str, language: str, most: int = MOST) -> list[int]:
    """Return the practices in which all these words occur, in whatever form; the best first."""
    asked = [word for word in _WORD.findall(words.casefold()) if fold(word) not in STOP_WORDS | {""}][:WORDS]
    if not asked:
        return []
    index = _INDEXES[reader.dialect]
    match = index.match([Word(stem) for stem in _each(word)] for word in asked)
    rows = list(await reader.sql.execute(index.find, {"match": match, "most": most}))
    # Ranks are negative, the best the lowest.
    weighed = [(row.rank * (NEARER if row.language == language else 1.0), -row.id) for row in rows]
    return [-number for _, number in sorted(weighed)]


async def alike(reader: Reader, text: str, language: str, least: int) -> list[int]:
    """Return the practices that share at least so many stems with a text, the best first."""
    asked = [stem for stem in dict.fromkeys(stems(text, language)) if stem not in STOP_WORDS and len(stem) > 2]
    if not asked:
        return []
    index = _INDEXES[reader.dialect]
    match = index.match([[Word(stem) for stem in await _rare(reader, asked)]])
    shared = []
    for row in await reader.sql.execute(index.alike, {"match": match}):
        words = set(f"{row.title} {row.summary} {row.rest}".split())
        if len(words & set(asked)) >= least:
            shared.append(row.id)
    return shared


async def _rare(reader: Reader, asked: Sequence[str]) -> list[str]:
    """Return those of the stems by which few are found, the rarest first: all of them in a small library."""
    asked_for = _INDEXES[reader.dialect].common

    async def count() -> dict[str, int]:
        return {row.term: row.doc for row in await reader.sql.execute(asked_for, {"few": FEW})}

    common = await reader.cached("practices", count, part="/words")
    rarest = sorted((common.get(stem, FEW), stem) for stem in asked[:ALIKE_WORDS])
    together = itertools.accumulate(number for number, _ in rarest)
    return [stem for (_, stem), total in zip(rarest, together, strict=True) if total <= LOOKED_AT] or [
        rarest[0][1]
    ]


def stems(text: str, language: str) -> list[str]:
    """Return the stems of the words of a text, without accents: those tell Snowball what a word is."""
    name = LANGUAGES.get(language, "english")
    return [_stem(word, name) for word in _WORD.findall(text.casefold())]


def _each(word: str) -> list[str]:
    """Return a word as it may be stemmed in each language, with the accents that it was typed with or without."""
    forms = [fold(word)]
    for name in LANGUAGES.values():
        forms += [_stem(one, name) for one in (word, fold(word))]
    return list(dict.fromkeys(form for form in forms if form))


# The same words come again and again, and Snowball is slow in Python.
@lru_cache(maxsize=20_000)
def _stem(word: str, name: str) -> str:
    return fold(_stemmer(name).stemWord(word))


@lru_cache
def _stemmer(name: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(name)
