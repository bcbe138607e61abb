"""A glossary as it stands in a file, with the line of each part, until all of it was found right.

The readers of the file formats fill drafts; `finish` makes concepts of them, or names every mistake at once,
because somebody who mends a file wants one list and not one mistake after each try.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from storage.communities import COMMUNITIES, Community
from storage.glossary import ID, Concept, Definition, Source, Term

M = TypeVar("M", bound=BaseModel)


class Place(NamedTuple):
    """Where something stands: the line of the file, and in a table the row as a spreadsheet counts it."""

    line: int
    row: int | None = None

    def __str__(self) -> str:
        if self.row is None:
            return f"line {self.line}"
        return f"row {self.row}" if self.row == self.line else f"row {self.row} (line {self.line} of the file)"


class Mistake(NamedTuple):
    """What is wrong, where, and what to do about it."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class GlossaryFileError(Exception):
    """A file is no usable glossary. `mistakes` holds all that was found, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(dict.fromkeys(mistakes), key=lambda one: one.place.line)
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(slots=True)
class Draft:
    """A concept that is being read. `spoiled`: a part was left out because of a mistake named already."""

    id: str
    place: Place
    topic: str | None = None
    terms: list[tuple[Place, Term]] = field(default_factory=list)
    definitions: list[tuple[Place, Definition]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    related: list[tuple[Place, str]] = field(default_factory=list)
    confused_with: list[tuple[Place, str]] = field(default_factory=list)
    counterparts: list[tuple[Place, str]] = field(default_factory=list)
    community: Community | None = None
    spoiled: bool = False

    def join(self, place: Place, text: str, findings: Findings) -> None:
        """Note from which community the concept comes."""
        named = text.strip().casefold().replace(" ", "_")
        known = next((one for one in COMMUNITIES if one == named), None)
        if known is None:
            choices = ", ".join(COMMUNITIES)
            findings.add(place, f"there is no community {quoted(text.strip())}. Choose one of: {choices}.")
        elif self.community is not None:
            findings.add(place, f"the concept {quoted(self.id)} has a community already. Keep one of the two.")
        else:
            self.community = known


class Findings:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def add(self, place: Place, text: str) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(place, text))

    def make(self, model: type[M], place: Place, values: dict[str, Any]) -> M | None:
        """Make a part of a concept; note what does not fit and return None."""
        try:
            return model.model_validate(values)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.add(place, _sentence(detail))
            return None

    def stop(self) -> None:
        """End here when there is any mistake.

        Raises:
            GlossaryFileError: there is.

        """
        if self.mistakes:
            raise GlossaryFileError(self.mistakes)


def finish(drafts: Iterable[Draft], findings: Findings) -> list[Concept]:
    """Make concepts of all drafts.

    Raises:
        GlossaryFileError: anything was wrong; it names each mistake.

    """
    drafts = list(drafts)
    if not drafts and not findings.mistakes:
        findings.add(Place(1), "there is no concept in this file.")
    places: dict[str, Place] = {}
    for draft in drafts:
        first = places.setdefault(draft.id, draft.place)
        if first is not draft.place:
            findings.add(
                draft.place, f"the concept {quoted(draft.id)} is already in {first}. Keep one of the two."
            )
    for draft in drafts:
        _check_head(draft, findings)
        _check_terms(draft, findings)
        _check_definitions(draft, findings)
        _check_neighbours(draft, draft.related, places, findings)
        _check_neighbours(draft, draft.confused_with, places, findings)
        _check_neighbours(draft, draft.counterparts, places, findings)
    findings.stop()
    return [
        Concept(
            id=draft.id,
            topic=draft.topic or "",
            terms=[term for _, term in draft.terms],
            definitions=[definition for _, definition in draft.definitions],
            sources=draft.sources,
            related=[other for _, other in draft.related],
            confused_with=[other for _, other in draft.confused_with],
            counterparts=[other for _, other in draft.counterparts],
            community=draft.community,
        )
        for draft in drafts
    ]


def iso_date(text: str) -> date | None:
    """Read a date as 2026-11-30; None when it is none. Python alone would take other forms as well."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def quoted(text: str) -> str:
    """Return what stands in the file so that it fits into a sentence and does no harm in a terminal."""
    short = text if len(text) <= 60 else f"{text[:59]}…"
    return f"“{''.join(one if one.isprintable() else '�' for one in short)}”"


def _check_head(draft: Draft, findings: Findings) -> None:
    if not re.fullmatch(ID, draft.id):
        findings.add(
            draft.place,
            f"{quoted(draft.id)} cannot be the id of a concept. Use up to 80 small letters a to z, digits and "
            "hyphens, such as early-warning.",
        )
    if draft.topic is None:
        if not draft.spoiled:
            findings.add(
                draft.place,
                f"the concept {quoted(draft.id)} has no topic. Give it one, or correct a misspelled id.",
            )
    elif not re.fullmatch(ID, draft.topic):
        findings.add(
            draft.place,
            f"{quoted(draft.topic)} cannot be a topic. Use small letters a to z, digits and hyphens: justice.",
        )


def _check_terms(draft: Draft, findings: Findings) -> None:
    preferred: dict[str, Place] = {}
    shown: dict[str, Place] = {}
    seen: dict[tuple[str, str, str], Place] = {}
    for place, term in draft.terms:
        first = seen.setdefault((term.language, term.kind, term.text), place)
        if first is not place:
            findings.add(
                place, f"the {term.kind} term {quoted(term.text)} is already in {first}. Remove one of the two."
            )
        elif term.kind == "preferred":
            first = preferred.setdefault(term.language, place)
            if first is not place:
                findings.add(
                    place,
                    f"{quoted(draft.id)} has a preferred term in {term.language} already, in {first}. "
                    "Make one of the two admitted.",
                )
        elif term.kind != "hidden":
            shown.setdefault(term.language, place)
    if draft.spoiled:
        return  # The term that seems to be missing may be the one with the mistake.
    if not preferred and not shown:
        findings.add(draft.place, f"the concept {quoted(draft.id)} has no preferred term. Give it one.")
    for language, place in shown.items():
        if language not in preferred:
            findings.add(
                place,
                f"{quoted(draft.id)} has terms in {language}, none preferred. Make one preferred, or hide them.",
            )


def _check_definitions(draft: Draft, findings: Findings) -> None:
    seen: dict[str, Place] = {}
    for place, definition in draft.definitions:
        first = seen.setdefault(definition.language, place)
        if first is not place:
            findings.add(
                place,
                f"{quoted(draft.id)} has a definition in {definition.language} already, in {first}. Keep one.",
            )


def _check_neighbours(
    draft: Draft, neighbours: list[tuple[Place, str]], known: dict[str, Place], findings: Findings
) -> None:
    seen: dict[str, Place] = {}
    for place, other in neighbours:
        first = seen.setdefault(other, place)
        if first is not place:
            findings.add(
                place, f"{quoted(draft.id)} points to {quoted(other)} already, in {first}. Remove one of the two."
            )
        elif other not in known:
            findings.add(
                place,
                f"there is no concept {quoted(other)} in this file. Correct the id, or remove this.",
            )
        elif other == draft.id:
            findings.add(place, f"{quoted(other)} points to itself. Remove this.")


FIELDS = {
    "text": "the text",
    "usage_note": "the usage note",
    "document": "the name of the source",
    "symbol": "the symbol",
    "locator": "the locator",
    "url": "the address",
}
PATTERNS = {
    "language": "{input} is no language code. Write a code such as fr, or pt-BR.",
    "url": "{input} is no address. It begins with https:// or http:// and has no spaces.",
}


def _sentence(detail: ErrorDetails) -> str:
    """Say in words for people what pydantic found."""
    name = str(detail["loc"][0])
    what = FIELDS.get(name, name)
    match detail["type"]:
        case "string_too_short":
            return f"{what} is empty. Fill it, or remove the entry."
        case "string_too_long":
            most = detail["ctx"]["max_length"]
            return f"{what} has {len(detail['input'])} characters; there is room for {most}. Shorten it."
        case "string_pattern_mismatch" if name in PATTERNS:
            return PATTERNS[name].format(input=quoted(str(detail["input"])))
        case "value_error" if name == "text":
            return f"{quoted(detail['input'])} cannot be a term: it has neither letters nor digits."
        case _:
            return f"{what} does not fit: {detail['msg']}."
