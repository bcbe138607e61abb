"""Full-text search over what was published: ranked, with accents folded and words stemmed in three languages.

Words are stemmed (Snowball) before they are indexed, in the language of the practice; what is asked for is stemmed
in each language, because nobody says in which language they ask.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import snowballstemmer
import sqlalchemy as sa

from storage.database import Reader, Writer
from storage.folding import fold
from storage.glossary_search import STOP_WORDS

LANGUAGES = {"en": "english", "fr": "french", "es": "spanish"}
MOST = 200
WORDS = 12
"""Of a question; a longer one finds nothing more."""

_PUT = sa.text(
    "INSERT INTO practice_text (rowid, language, title, summary, rest) "
    "VALUES (:id, :language, :title, :summary, :rest)"
)
_DROP = sa.text("DELETE FROM practice_text WHERE rowid = :id")
# Ordered by the rank alone, FTS5 keeps only the best while it looks; any other order would rank and sort all.
_FIND = sa.text(
    "SELECT rowid, language, rank FROM practice_text WHERE practice_text MATCH :match "
    "AND rank MATCH 'bm25(0.0, 10.0, 4.0, 1.0)' ORDER BY rank LIMIT :most"
)
_ALIKE = sa.text(
    "SELECT rowid, title, summary, rest FROM practice_text WHERE practice_text MATCH :match "
    "AND rank MATCH 'bm25(0.0, 10.0, 4.0, 1.0)' ORDER BY rank LIMIT 20"
)
_COMMON = sa.text("SELECT term, doc FROM practice_word WHERE doc > :few")
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
    values = {"title": fields.get("title", ""), "summary": fields.get("summary", ""), "rest": rest}
    stemmed = {name: " ".join(stems(str(text), language)) for name, text in values.items()}
    await writer.sql.execute(_PUT, {"id": number, "language": language, **stemmed})


async def drop(writer: Writer, number: int) -> None:
    """Let a practice not be found any more."""
    await writer.sql.execute(_DROP, {"id": number})


async def find(reader: Reader, words: str, language: str, most: int = MOST) -> list[int]:
    """Return the practices in which all these words occur, in whatever form; the best first."""
    asked = [word for word in _WORD.findall(words.casefold()) if fold(word) not in STOP_WORDS | {""}][:WORDS]
    if not asked:
        return []
    match = " AND ".join("(" + " OR ".join(f'"{stem}"' for stem in _each(word)) + ")" for word in asked)
    rows = list(await reader.sql.execute(_FIND, {"match": match, "most": most}))
    # The rank of FTS5 is negative, the best the lowest.
    weighed = [(row.rank * (NEARER if row.language == language else 1.0), -row.rowid) for row in rows]
    return [-number for _, number in sorted(weighed)]


async def alike(reader: Reader, text: str, language: str, least: int) -> list[int]:
    """Return the practices that share at least so many stems with a text, the best first."""
    asked = [stem for stem in dict.fromkeys(stems(text, language)) if stem not in STOP_WORDS and len(stem) > 2]
    if not asked:
        return []
    match = " OR ".join(f'"{stem}"' for stem in await _rare(reader, asked))
    shared = []
    for row in await reader.sql.execute(_ALIKE, {"match": match}):
        words = set(f"{row.title} {row.summary} {row.rest}".split())
        if len(words & set(asked)) >= least:
            shared.append(row.rowid)
    return shared


async def _rare(reader: Reader, asked: Sequence[str]) -> list[str]:
    """Return those of the stems by which few are found, the rarest first: all of them in a small library."""

    async def count() -> dict[str, int]:
        return {row.term: row.doc for row in await reader.sql.execute(_COMMON, {"few": FEW})}

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
