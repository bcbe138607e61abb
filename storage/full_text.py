"""Questions to the full-text indexes, in the languages of SQLite's FTS5 and of PostgreSQL's `tsquery`.

What is indexed and asked for are words that are folded, and where it helps stemmed, by this program, so that both
databases only compare them. PostgreSQL is handed finished lexemes: neither its parser nor its dictionaries have a
say, nor the locale of the machine, nor its extension `unaccent`, which knows fewer letters than `storage.folding`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Weight = Literal["A", "B", "C", "D"]
"""What a lexeme stands in, for PostgreSQL: A is the most important."""

LEXEME = 400
"""Characters of a word that are compared; PostgreSQL takes 2,046 bytes."""
POSITIONS = 10_000
"""Words of a text that are indexed; PostgreSQL tells 16,383 apart."""
SAME = 100
"""Places of one word that are indexed; PostgreSQL keeps 255."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or what a word `begins` with."""

    text: str
    begins: bool = False


Groups = Iterable[Iterable[Word]]
"""What is looked for: of each group any word."""


def fts5(groups: Groups, column: str | None = None) -> str:
    """Return a question for FTS5, in one column or in all."""
    before = f"{column}:" if column else ""
    # Quotes never occur in folded words.
    return _joined(groups, " AND ", " OR ", lambda word: f'{before}"{word.text}"{"*" * word.begins}')


def tsquery(groups: Groups, weight: Weight | None = None) -> str:
    """Return a question for `tsquery`, for words of one weight or of all."""

    def one(word: Word) -> str:
        marks = "*" * word.begins + (weight or "")
        # A folded word may be two, as when it had a hyphen.
        parts = [_quoted(part) for part in word.text.split()]
        return " <-> ".join(f"{part}:{marks}" if marks else part for part in parts)

    return _joined(groups, " & ", " | ", one)


def tsvector(texts: Mapping[Weight, str]) -> str:
    """Return a `tsvector` of texts whose words are separated by spaces, each text with its weight."""
    places: dict[str, list[str]] = defaultdict(list)
    place = 0
    for weight, text in texts.items():
        for word in text.split():
            place += 1
            if place <= POSITIONS and len(places[word]) < SAME:
                places[word].append(f"{place}{weight}")
    return " ".join(f"{_quoted(word)}:{','.join(some)}" for word, some in places.items() if some)


def _joined(groups: Groups, both: str, either: str, one: Callable[[Word], str]) -> str:
    return both.join(f"({either.join(map(one, group))})" for group in groups)


def _quoted(word: str) -> str:
    escaped = word[:LEXEME].replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
