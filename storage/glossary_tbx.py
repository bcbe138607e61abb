"""The glossary as TBX (ISO 30042:2019, dialect TBX-Basic, style DCA), which terminology tools exchange.

What TBX-Basic has no category for is held by the nearest thing that it has; docs/glossary.md lists it.
White space is only layout in XML, so ours is written as character references. No database here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from storage.communities import COMMUNITIES
from storage.glossary import Concept, Definition, Source, Term
from storage.glossary_draft import Draft, Findings, finish, iso_date, quoted
from storage.glossary_tbx_xml import NAMESPACE, Element, parse, tag

KINDS = {
    "preferred": ("preferredTerm-admn-sts", None),
    "admitted": ("admittedTerm-admn-sts", None),
    "abbreviation": ("admittedTerm-admn-sts", "abbreviation"),
    # Not to be used, and still to be found: the nearest to a hidden label of SKOS.
    "hidden": ("deprecatedTerm-admn-sts", "variant"),
}
"""Administrative status and term type of each kind of term."""
STATUSES = {
    "preferredTerm-admn-sts": "preferred",
    "admittedTerm-admn-sts": "admitted",
    "deprecatedTerm-admn-sts": "hidden",
    "supersededTerm-admn-sts": "hidden",
}
SHORT = ("abbreviation", "acronym")
UNCHECKED = "unchecked"
"""The subset (projectSubset) of terms that no native reader has checked."""
CONFUSED = "often confused with"
"""The text of a reference to a concept that is not the same; any other text means a related one."""
RELATED = "see also"
COUNTERPART = "counterpart"
"""The text of a reference to what the other community calls the same thing."""
ITEMS = {
    "title": "document", "symbol": "symbol", "locator": "locator", "url": "url",
    "asOf": "as_of", "confirmed": "confirmed", "checkedOn": "checked_on",
}  # fmt: skip
"""The items of a source in the back matter."""


def write(concepts: Iterable[Concept]) -> bytes:
    """Return the document in UTF-8."""
    bibliography: dict[str, tuple[str, Source]] = {}
    entries = [line for concept in concepts for line in _entry(concept, bibliography)]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<tbx xmlns="{NAMESPACE}" type="TBX-Basic" style="dca" xml:lang="en">',
        "<tbxHeader><fileDesc>",
        "<titleStmt><title>GAAMAC glossary</title></titleStmt>",
        "<sourceDesc><p>Exported by gaamac-bot</p></sourceDesc>",
        "</fileDesc></tbxHeader>",
        "<text>",
        "<body>",
        *entries,
        "</body>",
        *_back(bibliography.values()),
        "</text>",
        "</tbx>",
        "",
    ]
    return "\n".join(lines).encode()


def read(data: bytes) -> list[Concept]:
    """Read a document, also of another tool; what the glossary has no place for is left out.

    Raises:
        GlossaryFileError: it names every mistake, with its line.

    """
    findings = Findings()
    reading = _Reading(findings)
    parse(data, findings, reading.take)
    reading.add_sources()
    return finish(reading.drafts, findings)


def _entry(concept: Concept, bibliography: dict[str, tuple[str, Source]]) -> Iterator[str]:
    yield f'<conceptEntry id="{_xml_id(concept.id)}">'
    yield tag("descrip", concept.topic, type="subjectField")
    if concept.community:
        # The nearest that TBX-Basic has: for whom a term is.
        yield tag("admin", concept.community, type="customerSubset")
    for source in concept.sources:
        key, _ = bibliography.setdefault(source.model_dump_json(), (f"_source-{len(bibliography) + 1}", source))
        short = ", ".join(filter(None, (source.document, source.symbol, source.locator)))
        yield tag("admin", short, type="source", target=key)
    named = {RELATED: concept.related, CONFUSED: concept.confused_with, COUNTERPART: concept.counterparts}
    for label, others in named.items():
        for other in others:
            yield tag("ref", label, type="crossReference", target=_xml_id(other))
    languages = dict.fromkeys(term.language for term in concept.terms)
    for definition in concept.definitions:
        if definition.language not in languages:  # A langSec needs a term.
            yield from _definition(definition, {"xml:lang": definition.language})
    for language in languages:
        yield from _section(concept, language)
    yield "</conceptEntry>"


def _section(concept: Concept, language: str) -> Iterator[str]:
    yield f'<langSec xml:lang="{language}">'
    for definition in concept.definitions:
        if definition.language == language:
            yield from _definition(definition, {})
    for term in concept.terms:
        if term.language == language:
            yield from _term(term)
    yield "</langSec>"


def _definition(definition: Definition, language: dict[str, str]) -> Iterator[str]:
    yield "<descripGrp>"
    yield tag("descrip", definition.text, type="definition", **language)
    if definition.usage_note:
        yield tag("note", definition.usage_note)
    yield "</descripGrp>"


def _term(term: Term) -> Iterator[str]:
    status, form = KINDS[term.kind]
    yield "<termSec>"
    yield tag("term", term.text)
    yield tag("termNote", status, type="administrativeStatus")
    if form:
        yield tag("termNote", form, type="termType")
    if not term.checked:
        yield tag("admin", UNCHECKED, type="projectSubset")
    if term.usage:
        yield tag("note", term.usage)
    yield "</termSec>"


def _back(bibliography: Iterable[tuple[str, Source]]) -> Iterator[str]:
    objects = list(bibliography)
    if objects:
        yield '<back><refObjectSec type="bibl">'
        for key, source in objects:
            yield f'<refObject id="{key}">'
            for item, name in ITEMS.items():
                value = getattr(source, name)
                if value:
                    yield tag("item", "yes" if value is True else str(value), type=item)
            yield "</refObject>"
        yield "</refObjectSec></back>"


def _xml_id(concept_id: str) -> str:
    """Return the id as xs:ID wants it, which does not begin with a digit."""
    return f"_{concept_id}" if concept_id[0].isdigit() else concept_id


def _concept_id(xml_id: str) -> str:
    return xml_id[1:] if re.match("_[0-9]", xml_id) else xml_id


class _Reading:
    """Makes drafts of entries. Sources stand at the end of the file, so they are added last."""

    def __init__(self, findings: Findings) -> None:
        self.drafts: list[Draft] = []
        self._findings = findings
        self._bibliography: dict[str, dict[str, object]] = {}
        self._sources: list[tuple[Draft, Element]] = []

    def take(self, element: Element) -> None:
        """Take a conceptEntry or a refObject."""
        if element.name == "refObject":
            self._bibliography[element.attributes.get("id", "")] = self._items(element)
            return
        before = len(self._findings.mistakes)
        draft = Draft(_concept_id(element.attributes.get("id", "")), element.place)
        for child in element.children:
            if child.name == "langSec":
                self._language(draft, child)
            else:
                self._information(draft, child, element.language or "")
        draft.definitions.sort(key=lambda one: one[1].language)
        draft.spoiled = len(self._findings.mistakes) > before
        self.drafts.append(draft)

    def add_sources(self) -> None:
        """Give the concepts their sources."""
        for draft, element in self._sources:
            target = element.attributes.get("target")
            if element.name == "admin" and target in self._bibliography:
                values = {"document": element.text} | self._bibliography[target]
            else:
                values = {
                    "document": element.text or target or "",
                    "url": target if element.name == "xref" else None,
                }
            source = self._findings.make(Source, element.place, values)
            if source:
                draft.sources.append(source)

    def _language(self, draft: Draft, section: Element) -> None:
        language = section.language or ""
        terms = [child for child in section.children if child.name == "termSec"]
        kinds = [self._kind(term) for term in terms]
        undecided = "preferred" not in kinds
        for child in section.children:
            if child.name != "termSec":
                self._information(draft, child, language)
        for element, kind in zip(terms, kinds, strict=True):
            if kind is None:  # Many tools give no status at all; the first term is the name then.
                kind, undecided = ("preferred" if undecided else "admitted"), False
            self._term(draft, element, language, kind)

    def _kind(self, section: Element) -> str | None:
        notes = {one.type: one for one in _opened(section) if one.name == "termNote"}
        form = notes["termType"].text if "termType" in notes else ""
        if "administrativeStatus" not in notes:
            return "abbreviation" if form in SHORT else None
        status = notes["administrativeStatus"]
        kind = STATUSES.get(status.text)
        if kind is None:
            self._findings.add(
                status.place,
                f"{quoted(status.text)} is no administrative status. Use one of: {', '.join(STATUSES)}.",
            )
        return "abbreviation" if kind == "admitted" and form in SHORT else kind

    def _term(self, draft: Draft, section: Element, language: str, kind: str) -> None:
        parts = list(_opened(section))
        texts = [part for part in parts if part.name == "term"]
        if len(texts) != 1:
            self._findings.add(section.place, "a termSec holds one term. Give it its term, or divide it.")
            return
        subsets = [part.text for part in parts if part.name == "admin" and part.type == "projectSubset"]
        values = {
            "language": language,
            "text": texts[0].text,
            "kind": kind,
            "checked": UNCHECKED not in subsets,
            "usage": _notes(parts),
        }
        term = self._findings.make(Term, texts[0].place, values)
        if term:
            draft.terms.append((texts[0].place, term))

    def _information(self, draft: Draft, outer: Element, language: str) -> None:
        """Read what is said of a whole concept, or of it in one language."""
        group = outer.children if outer.name.endswith("Grp") else [outer]
        for one in group:
            match one.name, one.type:
                case "descrip", "subjectField":
                    if draft.topic is not None:
                        self._findings.add(one.place, "this concept has a subjectField already. Keep one.")
                    draft.topic = one.text
                case "descrip", "definition":
                    values = {"language": one.language or language, "text": one.text, "usage_note": _notes(group)}
                    definition = self._findings.make(Definition, one.place, values)
                    if definition:
                        draft.definitions.append((one.place, definition))
                case "admin", "customerSubset" if one.text in COMMUNITIES:
                    draft.join(one.place, one.text, self._findings)
                case ("admin", "source") | ("xref", "externalCrossReference"):
                    self._sources.append((draft, one))
                case "ref", "crossReference":
                    named = {CONFUSED: draft.confused_with, COUNTERPART: draft.counterparts}
                    others = named.get(one.text or "", draft.related)
                    others.append((one.place, _concept_id(one.attributes.get("target", ""))))

    def _items(self, element: Element) -> dict[str, object]:
        found: dict[str, object] = {}
        for item in _opened(element):
            name = ITEMS.get(item.type)
            if name in ("as_of", "checked_on"):
                found[name] = self._date(item)
            elif name == "confirmed":
                found[name] = item.text == "yes"
            elif name:
                found[name] = item.text
        return found

    def _date(self, item: Element) -> date | None:
        day = iso_date(item.text)
        if day is None:
            self._findings.add(item.place, f"{quoted(item.text)} is no date. Write it like 2026-11-30.")
        return day


def _opened(element: Element) -> Iterator[Element]:
    """Go through what an element holds, groups opened."""
    for child in element.children:
        if child.name.endswith(("Grp", "Set")):
            yield from _opened(child)
        else:
            yield child


def _notes(elements: Iterable[Element]) -> str | None:
    return "\n".join(one.text for one in elements if one.name == "note") or None
