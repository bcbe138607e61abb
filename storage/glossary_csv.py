"""The glossary as a table for spreadsheets: each row says one thing about one concept.

One row a term would repeat definitions and sources or squeeze lists into cells. One row a fact has the same
columns for all, keeps every order, and lets a translator add rows at the end. No database here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import get_args

from storage import sheet
from storage.glossary import Concept, Definition, Source, Term, TermKind
from storage.glossary_draft import Draft, Findings, Place, finish, iso_date, quoted
from storage.sheet import Cell, SheetError

COLUMNS = (
    *("concept", "kind", "language", "text", "note", "checked"),
    *("symbol", "locator", "url", "as_of", "confirmed", "checked_on"),
)
TERM_KINDS: tuple[str, ...] = get_args(TermKind)

USED = {
    "topic": {"text"},
    **{kind: {"language", "text", "note", "checked"} for kind in TERM_KINDS},
    "definition": {"language", "text", "note"},
    "source": {"text", "symbol", "locator", "url", "as_of", "confirmed", "checked_on"},
    "related": {"text"},
    "confused": {"text"},
    "counterpart": {"text"},
    "community": {"text"},
}
"""The columns that each kind of row fills, beside `concept` and `kind`."""

YES = ("yes", "true", "1", "oui", "vrai", "sí", "si", "verdadero")
NO = ("no", "false", "0", "non", "faux", "falso")


def write(concepts: Iterable[Concept]) -> bytes:
    """Return the table in UTF-8, with the mark at its beginning by which Excel knows that."""
    return sheet.write(
        COLUMNS,
        (
            {"concept": concept.id} | {key: value for key, value in row.items() if value is not None}
            for concept in concepts
            for row in _rows(concept)
        ),
    )


def read(data: bytes) -> list[Concept]:
    """Read a table with commas, semicolons or tabs.

    Raises:
        GlossaryFileError: it names every mistake, with its row.

    """
    findings = Findings()
    records = _records(data, findings)
    names = _headings(records, findings)
    drafts: dict[str, Draft] = {}
    for place, cells in records:
        if any(cell.strip() for cell in cells[len(names) :]):
            findings.add(
                place, "this row has more cells than there are headings. Put quotation marks around texts."
            )
            continue
        row = dict.fromkeys(COLUMNS, "") | dict(zip(names, cells, strict=False))
        _take(place, row, drafts, findings)
    return finish(drafts.values(), findings)


def _rows(concept: Concept) -> Iterator[dict[str, Cell | None]]:
    yield {"kind": "topic", "text": concept.topic}
    for term in concept.terms:
        yield {
            "kind": term.kind, "language": term.language, "text": term.text,
            "note": term.usage, "checked": term.checked,
        }  # fmt: skip
    for one in concept.definitions:
        yield {"kind": "definition", "language": one.language, "text": one.text, "note": one.usage_note}
    for source in concept.sources:
        yield {"kind": "source", "text": source.document} | source.model_dump(exclude={"document"})
    for other in concept.related:
        yield {"kind": "related", "text": other}
    for other in concept.confused_with:
        yield {"kind": "confused", "text": other}
    for other in concept.counterparts:
        yield {"kind": "counterpart", "text": other}
    if concept.community:
        yield {"kind": "community", "text": concept.community}


def _records(data: bytes, findings: Findings) -> Iterator[tuple[Place, list[str]]]:
    """Read the rows that are not empty, each with the place of its beginning."""
    try:
        for line, row, cells in sheet.read(data, COLUMNS):
            yield Place(line, row), cells
    except SheetError as error:
        findings.add(Place(error.line, error.row), _unreadable(error))
        findings.stop()


def _unreadable(error: SheetError) -> str:
    if error.problem == "encoding":
        return (
            "this file is not in UTF-8. Save it again: in Excel as “CSV UTF-8”, in LibreOffice with the "
            "character set “Unicode (UTF-8)”."
        )
    if error.problem == "length":
        return f"a cell of this row has more than {csv.field_size_limit()} characters. Shorten it."
    return (
        "the quotation marks of this row do not fit, so nothing after it can be read. A cell that begins with a "
        "quotation mark ends with one, and each one inside is written twice."
    )


def _headings(records: Iterator[tuple[Place, list[str]]], findings: Findings) -> Sequence[str]:
    place, cells = next(records, (Place(1, 1), []))
    findings.stop()
    names = [cell.strip().casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        findings.add(place, f"headings are missing: {_list(missing)}. Add them, even if the cells stay empty.")
    for position, name in enumerate(names):
        if name not in COLUMNS:
            findings.add(
                place, f"there is no column {quoted(name)}. Remove it, or correct it to one of: {_list(COLUMNS)}."
            )
        elif name in names[:position]:
            findings.add(place, f"the column {quoted(name)} is there twice. Remove one of the two.")
    findings.stop()
    return names


def _take(place: Place, row: dict[str, str], drafts: dict[str, Draft], findings: Findings) -> None:
    """Add what a row says to its concept."""
    concept, kind = row["concept"].strip(), row["kind"].strip().casefold()
    if not concept:
        findings.add(place, "this row does not say of which concept it speaks. Fill the column concept.")
        return
    draft = drafts.setdefault(concept, Draft(concept, place))
    before = len(findings.mistakes)
    if kind not in USED:
        findings.add(place, f"there is no kind {quoted(kind)}. Choose one of: {_list(USED)}.")
    else:
        for column in COLUMNS[2:]:
            if row[column].strip() and column not in USED[kind]:
                findings.add(
                    place, f"a row of the kind {kind} has nothing in the column {column}. Empty this cell."
                )
        _add(place, kind, row, draft, findings)
    draft.spoiled |= len(findings.mistakes) > before


def _add(place: Place, kind: str, row: dict[str, str], draft: Draft, findings: Findings) -> None:
    if kind == "topic":
        if draft.topic is not None:
            findings.add(
                place,
                f"the concept {quoted(draft.id)} has a topic already. If these are two concepts, give each its "
                "own id.",
            )
        draft.topic = row["text"].strip()
    elif kind == "definition":
        values = {"language": row["language"].strip(), "text": row["text"], "usage_note": row["note"] or None}
        definition = findings.make(Definition, place, values)
        if definition:
            draft.definitions.append((place, definition))
    elif kind == "source":
        _add_source(place, row, draft, findings)
    elif kind == "related":
        draft.related.append((place, row["text"].strip()))
    elif kind == "confused":
        draft.confused_with.append((place, row["text"].strip()))
    elif kind == "counterpart":
        draft.counterparts.append((place, row["text"].strip()))
    elif kind == "community":
        draft.join(place, row["text"], findings)
    else:
        _add_term(place, kind, row, draft, findings)


def _add_term(place: Place, kind: str, row: dict[str, str], draft: Draft, findings: Findings) -> None:
    values = {
        "language": row["language"].strip(),
        "text": row["text"],
        "kind": kind,
        "usage": row["note"] or None,
        "checked": _answer(place, "checked", row, findings),
    }
    term = findings.make(Term, place, values)
    if term:
        draft.terms.append((place, term))


def _add_source(place: Place, row: dict[str, str], draft: Draft, findings: Findings) -> None:
    values = {
        "document": row["text"],
        "symbol": row["symbol"] or None,
        "locator": row["locator"] or None,
        "url": row["url"].strip() or None,
        "as_of": _date(place, "as_of", row, findings),
        "confirmed": _answer(place, "confirmed", row, findings),
        "checked_on": _date(place, "checked_on", row, findings),
    }
    source = findings.make(Source, place, values)
    if source:
        draft.sources.append(source)


def _answer(place: Place, column: str, row: dict[str, str], findings: Findings) -> bool:
    answer = row[column].strip().casefold()
    if answer not in YES + NO:
        findings.add(place, f"the column {column} says neither yes nor no. Write one of the two.")
    return answer in YES


def _date(place: Place, column: str, row: dict[str, str], findings: Findings) -> date | None:
    """Read a date, also in the forms into which spreadsheets turn it, as far as they mean one day only."""
    text = row[column].strip()
    if not text:
        return None
    numbers = re.fullmatch(r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})", text)
    found: set[date] = set()
    if numbers:
        first, second, third = numbers[1], numbers[3], numbers[4]
        orders = [(first, second, third), (third, second, first), (third, first, second)]
        if numbers[2] == ".":  # Nobody writes the month first with dots.
            orders.pop()
        tried = (iso_date(f"{year}-{month:0>2}-{day:0>2}") for year, month, day in orders)
        found = {one for one in tried if one}
    if len(found) != 1:
        findings.add(place, f"{quoted(text)} in the column {column} is no certain date. Write it like 2026-11-30.")
        return None
    return found.pop()


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
