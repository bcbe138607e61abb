"""Look-ups in a glossary of 100,000 terms that nobody wrote, in a database of its own.

The words are made of syllables, so that a misspelt one has real neighbours, and are drawn as in any language:
few of them very often (Zipf's law). No homeserver and no bot take part.
"""

from __future__ import annotations

import gc
import itertools
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measures import Times, stalls
from storage import glossary
from storage.database import Database
from storage.glossary import Concept, Definition, Term

CONCEPTS = 33_334
LANGUAGES = ("en", "fr", "es")
SYLLABLES = (
    *("ba", "ber", "ca", "con", "cri", "da", "de", "dis", "du", "em", "fa", "fer", "ga", "gen", "gra", "ha", "hu"),
    *("in", "jus", "la", "len", "li", "ma", "men", "mi", "mo", "na", "ne", "nor", "o", "pa", "per", "po", "pre"),
    *("qua", "ra", "re", "ri", "sa", "ser", "si", "so", "ta", "ter", "ti", "tra", "u", "va", "ven", "vi", "za"),
)
ENDINGS = {"en": ("tion", "ment", "al", "ity"), "fr": ("té", "ment", "ion", "é"), "es": ("ción", "dad", "al", "o")}
WORDS = 4000
"""In each language."""
LETTERS = "abcdefghijlmnopqrstuvz"


@dataclass(frozen=True, slots=True)
class Kind:
    """A way of asking: how long it took, and which share of the questions found what was meant."""

    name: str
    times: Times
    stalled: float
    found: float


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds to write the glossary; milliseconds that the event loop stood still then and at the first typo."""

    terms: int
    written: float
    stalled: float
    first: float
    first_stalled: float
    kinds: list[Kind]


async def measure(questions: int, concepts: int = CONCEPTS) -> Result:
    """Ask `questions` times in each way."""
    chance = random.Random(1948)  # noqa: S311 - the same glossary each time, no secret
    entries = list(_glossary(chance, concepts))
    # A bot does not hold the whole glossary; its collections must not go through what only we hold.
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory(prefix="gaamac-bench-") as folder:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'bot.db'}")
        try:
            began = time.perf_counter()
            async with stalls() as writing, database.write() as writer:
                await glossary.replace(writer, entries, datetime.now(UTC))
            written = time.perf_counter() - began
            # The names are read into memory when the first misspelt one is asked for.
            began = time.perf_counter()
            async with stalls() as opening, database.read() as reader:
                await glossary.find(reader, _misspelt(chance, entries[0].terms[0].text), "en")
            first = time.perf_counter() - began
            kinds = [
                await _kind(database, name, asked)
                for name, asked in _questions(chance, entries, questions).items()
            ]
        finally:
            await database.close()
    terms = sum(len(entry.terms) for entry in entries)
    return Result(terms, written, writing.longest, 1000 * first, opening.longest, kinds)


async def _kind(database: Database, name: str, asked: list[tuple[str, str, str]]) -> Kind:
    seconds = []
    hits = 0
    async with stalls() as stall:
        for text, language, meant in asked:
            began = time.perf_counter()
            async with database.read() as reader:
                found = await glossary.find(reader, text, language)
            seconds.append(time.perf_counter() - began)
            hits += any(title.id == meant for title in found.titles)
    return Kind(name, Times.of(seconds), stall.longest, hits / len(asked))


def _questions(chance: random.Random, entries: list[Concept], count: int) -> dict[str, list[tuple[str, str, str]]]:
    """Return what is typed, in which language, and the id of the concept that is meant."""
    asked: dict[str, list[tuple[str, str, str]]] = {
        "exact": [],
        "one or two typos": [],
        "some words of a name": [],
        "words of a definition": [],
    }
    for entry in chance.choices(entries, k=count):
        place = chance.randrange(len(LANGUAGES))
        term, definition = entry.terms[place], entry.definitions[place]
        words = term.text.split()
        texts = (
            term.text.upper(),
            _misspelt(chance, term.text, chance.choice((1, 2))),
            " ".join(sorted(chance.sample(words, min(2, len(words))), key=len)),
            " ".join(chance.sample(definition.text.strip(".").lower().split(), 3)),
        )
        for kind, text in zip(asked.values(), texts, strict=True):
            kind.append((text, term.language, entry.id))
    return asked


def _glossary(chance: random.Random, concepts: int) -> Iterator[Concept]:
    vocabularies = {language: _vocabulary(chance, language) for language in LANGUAGES}
    weights = list(itertools.accumulate(1 / rank for rank in range(1, WORDS + 1)))
    names: set[str] = set()
    for number in range(concepts):
        terms, definitions = [], []
        for language, vocabulary in vocabularies.items():
            name = ""
            while not name or name in names:
                # Names are made of rarer words than sentences.
                name = " ".join(chance.choices(vocabulary[50:], k=chance.choice((1, 2, 2, 3))))
                if len(name.split()) == 1:
                    name += chance.choice(SYLLABLES)
            names.add(name)
            text = " ".join(chance.choices(vocabulary, cum_weights=weights, k=chance.randint(20, 45)))
            terms.append(Term(language=language, text=name))
            definitions.append(Definition(language=language, text=f"{text.capitalize()}."))
        yield Concept(id=f"concept-{number}", topic=f"topic-{number % 50}", terms=terms, definitions=definitions)


def _vocabulary(chance: random.Random, language: str) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < WORDS:
        stem = "".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3))))
        words[stem + chance.choice(ENDINGS[language])] = None
    return list(words)


def _misspelt(chance: random.Random, text: str, mistakes: int = 1) -> str:
    for _ in range(mistakes):
        place = chance.randrange(1, len(text) - 1)
        text = chance.choice(
            (
                text[:place] + text[place + 1 :],
                text[:place] + chance.choice(LETTERS) + text[place:],
                text[:place] + chance.choice(LETTERS) + text[place + 1 :],
                text[:place] + text[place + 1] + text[place] + text[place + 2 :],
            )
        )
    return text
