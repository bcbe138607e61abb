"""How a question of the quiz is made of the glossary: one answer fits, and none of the others could.

Nothing is said or stored here: terms go in, a question comes out, or none where no sound one can be made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal

from pydantic import BaseModel
from rapidfuzz import fuzz

from commands.masking import akin, masked, names, places, telling
from config.languages import SPOKEN
from storage.folding import fold
from storage.glossary import Concept

Form = Literal["definition", "lookalike", "translation"]
FORMS: tuple[Form, ...] = ("definition", "lookalike", "translation", "definition", "lookalike")
"""What is asked in a quiz, one after the other, where a term allows it."""
OPTIONS = 4
FEWEST = 3
"""Answers to choose from; with less than these few nothing is asked."""
READABLE = 0.75
"""How much of a definition must be left after masking."""
ALIKE = 85
"""Of 100: definitions that are so much alike are one."""
SHOWN = ("preferred", "admitted", "abbreviation")
CONTRASTS = {
    "en": (
        "unlike", "whereas", "while", "differs", "different", "distinct", "apart", "not", "nor", "neither", "than",
        "however", "only", "replace",
    ),
    "fr": (
        "difference", "contrairement", "alors", "tandis", "distingue", "distinguent", "distincte", "distinct",
        "differe", "pas", "ni", "non", "que", "ne", "n", "seulement", "remplace",
    ),
    "es": (
        "diferencia", "mientras", "distingue", "distinguen", "distinta", "distinto", "difiere", "no", "ni", "que",
        "sino", "solo", "sustituye",
    ),
}  # fmt: skip
"""Words, folded, of a sentence that sets two things apart."""


class QuizQuestion(BaseModel):
    """A question. `language` is that of what is asked, `into` that of the answers; `options` are concepts.

    `text` is a definition without what gives the answer away, or a term to be found in another language.
    """

    form: Form
    concept: str
    language: str
    into: str
    text: str
    options: list[str]
    names: list[str]

    @property
    def right(self) -> int:
        """Return the place of the right answer."""
        return self.options.index(self.concept)


@dataclass(frozen=True)
class Entry:
    """A term of the glossary in one language, with what is often asked of it."""

    concept: Concept
    language: str

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.concept.named(self.language)[0]

    @cached_property
    def sentences(self) -> list[list[str]]:
        """Return the words of each sentence of its definition, folded."""
        definition = self.concept.defined(self.language)
        text = definition.text if definition else ""
        parts = text.replace(";", ".").replace(":", ".").replace(" – ", ".").split(".")
        return [words for part in parts if (words := [one.word for one in places(part)])]

    @cached_property
    def words(self) -> list[str]:
        """Return all words of its definition, folded."""
        return [word for sentence in self.sentences for word in sentence]

    @cached_property
    def all_names(self) -> frozenset[str]:
        """Return its names in all languages, hidden ones and misspellings too, folded."""
        return frozenset(fold(term.text) for term in self.concept.terms)

    @cached_property
    def shown(self) -> list[str]:
        """Return its names in its language."""
        return [term.text for term in self.concept.terms if term.language == self.language and term.kind in SHOWN]

    @cached_property
    def question(self) -> str:
        """Return its definition without what gives it away."""
        definition = self.concept.defined(self.language)
        others = [term.text for term in self.concept.terms if term.kind in SHOWN]
        return masked(definition.text, self.name, others) if definition else ""

    @cached_property
    def asked(self) -> list[str]:
        """Return the words of that, folded."""
        return [one.word for one in places(self.question)]

    def speaks_of(self, other: Entry) -> bool:
        """Tell whether its definition names another term."""
        return any(names(self.words, name) for name in other.shown)


Fits = Callable[[Entry], bool]


class Questions:
    """Makes questions of the terms of one language. `broader` says of which others a term is a kind or a part."""

    def __init__(
        self, concepts: Sequence[Concept], language: str, broader: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._entries = {one.id: Entry(one, language) for one in concepts if one.is_complete(language)}
        self._language = language
        self._broader = {key: _closure(key, broader or {}) for key in self._entries}
        self._by_topic: dict[str, list[Entry]] = {}
        for entry in self._entries.values():
            self._by_topic.setdefault(entry.concept.topic, []).append(entry)

    @property
    def concepts(self) -> list[str]:
        """Return of which terms something may be asked."""
        return list(self._entries)

    def ask(self, concept: str, first: Form, chance: Random) -> QuizQuestion | None:
        """Return a question of a term: in the form that is wished, else in another; None if there is none."""
        entry = self._entries.get(concept)
        if entry is None:
            return None
        for form in dict.fromkeys((first, *FORMS)):
            found = self._asked(entry, form, chance)
            if found is not None:
                return found
        return None

    def _asked(self, entry: Entry, form: Form, chance: Random) -> QuizQuestion | None:
        if form == "translation":
            return self._translation(entry, chance)
        definition = entry.concept.defined(self._language)
        if definition is None or len(entry.question) < READABLE * len(definition.text):
            return None
        alike = self._lookalikes(entry)
        if form == "lookalike" and not alike:
            return None
        chance.shuffle(alike)
        first = alike[: OPTIONS - 1] if form == "lookalike" else []
        options = self._with_others(
            entry, first, chance, lambda other: self.is_other(entry.concept, other.concept)
        )
        return self._of(entry, form, entry.question, options, self._language, chance)

    def _translation(self, entry: Entry, chance: Random) -> QuizQuestion | None:
        others = [language for language in SPOKEN if language != self._language]
        chance.shuffle(others)
        for into in others:
            if not _has_name(entry.concept, into):
                continue
            answer = entry.concept.named(into)[0]
            # Of two words that are nearly the same nothing has to be known.
            if any(akin(asked, said) for asked in telling(entry.name) for said in telling(answer)):
                continue
            options = self._with_others(
                entry,
                [],
                chance,
                lambda other, into=into: (  # type: ignore[misc]
                    _has_name(other.concept, into) and not entry.all_names & other.all_names
                ),
                into,
            )
            found = self._of(entry, "translation", entry.name, options, into, chance)
            if found is not None:
                return found
        return None

    def _of(
        self, entry: Entry, form: Form, text: str, options: list[Entry], into: str, chance: Random
    ) -> QuizQuestion | None:
        if len(options) < FEWEST:
            return None
        chance.shuffle(options)
        return QuizQuestion(
            form=form,
            concept=entry.concept.id,
            language=self._language,
            into=into,
            text=text,
            options=[one.concept.id for one in options],
            names=[one.concept.named(into)[0] for one in options],
        )

    def _with_others(
        self, entry: Entry, first: list[Entry], chance: Random, fits: Fits, into: str | None = None
    ) -> list[Entry]:
        """Return the entry and wrong answers to it: `first`, then what is of the same kind, then what is not."""
        into = into or self._language
        found = [entry, *first]
        taken = {fold(one.concept.named(into)[0]) for one in found}
        same = [one for one in self._by_topic[entry.concept.topic] if one not in found]
        chance.shuffle(same)
        rest = [one for one in self._entries.values() if one.concept.topic != entry.concept.topic]
        chance.shuffle(rest)
        for other in (*same, *rest):
            if len(found) == OPTIONS:
                break
            if fits(other) and fold(other.concept.named(into)[0]) not in taken:
                found.append(other)
                taken.add(fold(other.concept.named(into)[0]))
        return found

    def _lookalikes(self, entry: Entry) -> list[Entry]:
        """Return what is often confused with a term, and set apart from it by its definition."""
        return [
            other
            for key in sorted(set(entry.concept.confused_with) | self._confusing(entry.concept.id))
            if (other := self._entries.get(key)) is not None and self._is_set_apart(entry, other)
        ]

    def _confusing(self, concept: str) -> set[str]:
        return {key for key, one in self._entries.items() if concept in one.concept.confused_with}

    def is_other(self, asked: Concept, offered: Concept) -> bool:
        """Tell whether an answer can be offered to the definition of a term, because it cannot fit.

        What has a name in common with it, is related to it, is broader or narrower, is defined alike, or whose
        definition speaks of the other may fit, too. Then it is offered only where the question sets them apart.
        """
        one, other = self._entries.get(asked.id), self._entries.get(offered.id)
        if one is None or other is None or one is other:
            return False
        if one.all_names & other.all_names or fuzz.ratio(" ".join(one.words), " ".join(other.words)) >= ALIKE:
            return False
        near = (
            offered.id in (*asked.related, *asked.confused_with)
            or asked.id in (*offered.related, *offered.confused_with)
            or offered.id in self._broader[asked.id]
            or asked.id in self._broader[offered.id]
            or one.speaks_of(other)
            or other.speaks_of(one)
        )
        return not near or self._is_set_apart(one, other)

    def _is_set_apart(self, entry: Entry, other: Entry) -> bool:
        """Tell whether a term is often confused with another, and its question says how they differ."""
        if (
            other.concept.id not in entry.concept.confused_with
            and entry.concept.id not in other.concept.confused_with
        ):
            return False
        if entry.all_names & other.all_names:
            return False
        # What was masked sets nothing apart any more.
        if not any(names(entry.asked, name) for name in other.shown):
            return False
        contrasts = CONTRASTS.get(self._language, ())
        return any(
            any(names(sentence, name) for name in other.shown) and any(word in contrasts for word in sentence)
            for sentence in entry.sentences
        )


def _has_name(concept: Concept, language: str) -> bool:
    return any(term.language == language and term.kind == "preferred" and term.checked for term in concept.terms)


def _closure(key: str, broader: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return all that is broader than a term, through all steps."""
    found: set[str] = set()
    waiting = list(broader.get(key, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += broader.get(one, ())
    return frozenset(found)
