"""Focal records as a table for spreadsheets: a row for each record. No database here.

A row is recognised by its kind, country and number. `status` may also say "removed". What a moderator cannot
set by a table (who confirmed a record, and when) is written for information and ignored when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from pydantic import ValidationError

from config import countries
from storage import sheet
from storage.focal import KINDS, Kept, Record
from storage.sheet import Cell, SheetError

FACTS = (
    *("status", "appointed_year", "appointed_by", "as_of", "evidence"),
    *("source", "source_url", "contact", "contact_url", "community"),
)
COLUMNS = ("kind", "country", "number", *FACTS, "confirmed_at")
NEW = frozenset({"community"})
"""Columns that tables of earlier versions did not have."""
NEEDED = ("kind", "country", "status", "as_of", "evidence", "source")
TEXTS = re.compile(r"(title|note)_([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)")
LANGUAGES = ("en", "fr", "es")
"""Whose columns are written even where they are empty."""

ROWS = 5000
"""More than five kinds for each state; a file that has more is none of ours."""

REMOVED = "removed"

Problem = Literal[
    "encoding",
    "quotes",
    "length",
    "too_many_rows",
    "too_many_cells",
    "no_rows",
    "heading_missing",
    "heading_unknown",
    "heading_twice",
    "kind",
    "country",
    "country_unclear",
    "number",
    "year",
    "status",
    "evidence",
    "date",
    "future",
    "address",
    "empty",
    "contact",
    "long",
    "twice",
    "community",
]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a line of the file (from 1), in which column, and what stands there."""

    line: int
    problem: Problem
    column: str = ""
    value: str = ""


@dataclass(slots=True)
class Table:
    """What a file says: records, those to be removed, and every mistake. With a mistake nothing is to be done.

    `silent` are fields of which it says nothing, because it was written before there were any.
    """

    records: list[Record] = field(default_factory=list)
    removed: list[Record] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    silent: frozenset[str] = frozenset()


def write(records: Iterable[Kept]) -> bytes:
    """Return the table, with columns for every language that has a text."""
    kept = list(records)
    spoken = list(dict.fromkeys([*LANGUAGES, *(one for r in kept for one in (*r.titles, *r.notes))]))
    texts = [f"{name}_{language}" for name in ("title", "note") for language in spoken]
    columns = [*COLUMNS[:3], *texts, *COLUMNS[3:]]
    return sheet.write(columns, (_row(one) for one in kept))


def read(data: bytes, today: date) -> Table:
    """Read a table with commas, semicolons or tabs; its columns may stand in any order."""
    table = Table()
    lines: dict[str, int] = {}
    names: list[str] = []
    count = 0
    try:
        for line, _row_number, cells in sheet.read(data, COLUMNS):
            if not names:
                names = _headings(line, cells, table)
                if table.mistakes:
                    return table
                table.silent = NEW - set(names)
                continue
            count += 1
            if count > ROWS:
                table.mistakes.append(Mistake(line, "too_many_rows", value=str(ROWS)))
                return table
            if any(cell.strip() for cell in cells[len(names) :]):
                table.mistakes.append(Mistake(line, "too_many_cells"))
                continue
            row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
            found = _record(line, row, today, table)
            if found is None:
                continue
            earlier = lines.setdefault(found.subject, line)
            if earlier != line:
                table.mistakes.append(Mistake(line, "twice", "country", str(earlier)))
            (table.removed if row.get("status", "").casefold() == REMOVED else table.records).append(found)
    except SheetError as error:
        table.mistakes.append(Mistake(error.line, error.problem))
    if not count and not table.mistakes:
        table.mistakes.append(Mistake(1, "no_rows"))
    return table


def _row(one: Kept) -> dict[str, Cell]:
    row: dict[str, Cell | None] = {"kind": one.kind, "country": one.holder, "number": one.number}
    row |= {name: getattr(one, name) for name in FACTS}
    row |= {f"title_{language}": text for language, text in one.titles.items()}
    row |= {f"note_{language}": text for language, text in one.notes.items()}
    # Protected, a spreadsheet would not turn 2012-09 into the first of September; but it would show an
    # apostrophe. A whole day is left to it as a date.
    row["as_of"] = date.fromisoformat(one.as_of) if len(one.as_of) == 10 else one.as_of
    row["confirmed_at"] = one.confirmed_at.date() if one.confirmed_at else None
    return {name: value for name, value in row.items() if value is not None}


def _headings(line: int, cells: list[str], table: Table) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    for column in NEEDED:
        if column not in names:
            table.mistakes.append(Mistake(line, "heading_missing", column))
    for position, name in enumerate(names):
        if name not in COLUMNS and not TEXTS.fullmatch(name):
            table.mistakes.append(Mistake(line, "heading_unknown", value=name[:80]))
        elif name in names[:position]:
            table.mistakes.append(Mistake(line, "heading_twice", name))
    return names


def _record(line: int, row: dict[str, str], today: date, table: Table) -> Record | None:
    """Return what a row says; None with a mistake noted for each cell that is wrong."""
    before = len(table.mistakes)

    def wrong(problem: Problem, column: str) -> None:
        table.mistakes.append(Mistake(line, problem, column, row.get(column, "")[:80]))

    values: dict[str, Any] = {name: row.get(name) or None for name in FACTS}
    values["kind"] = row.get("kind", "").casefold().replace(" ", "_")
    if values["kind"] not in KINDS:
        wrong("kind", "kind")
    values["holder"] = _holder(row, wrong)
    values["number"] = row.get("number") or 1
    status = row.get("status", "").casefold()
    values["status"] = "unknown" if status == REMOVED else status
    values["evidence"] = row.get("evidence", "").upper()
    values["community"] = row.get("community", "").casefold().replace(" ", "_") or None
    values["as_of"] = _as_of(row.get("as_of", ""))
    values["titles"] = _texts(row, "title")
    values["notes"] = _texts(row, "note")
    for column in NEEDED:
        if not row.get(column) and not (status == REMOVED and column in ("as_of", "evidence", "source")):
            wrong("empty", column)
    if len(table.mistakes) > before:
        return None
    if status == REMOVED:
        # Of a row that goes only the key must be right.
        values = {name: values[name] for name in ("kind", "holder", "number")}
        values |= {"as_of": today.isoformat(), "evidence": "GK", "source": REMOVED}
    return _valid(values, today, wrong) if len(table.mistakes) == before else None


def _valid(values: dict[str, Any], today: date, wrong: Any) -> Record | None:  # noqa: ANN401 - a function
    try:
        record = Record.model_validate(values)
    except ValidationError as error:
        for one in error.errors():
            column = str(one["loc"][0]) if one["loc"] else "contact"
            wrong(*_problem(column, one["type"]))
        return None
    if date.fromisoformat(f"{record.as_of}-01-01"[:10]) > today:
        wrong("future", "as_of")
        return None
    return record


def _problem(column: str, kind: str) -> tuple[Problem, str]:
    if kind == "string_too_long" or column in ("titles", "notes"):
        return "long", {"titles": "title_en", "notes": "note_en"}.get(column, column)
    known: dict[str, Problem] = {
        "number": "number",
        "appointed_year": "year",
        "appointed_by": "year",
        "status": "status",
        "evidence": "evidence",
        "as_of": "date",
        "source_url": "address",
        "contact_url": "address",
        "contact": "contact",
        "community": "community",
    }
    return known.get(column, "empty"), column


def _holder(row: dict[str, str], wrong: Any) -> str:  # noqa: ANN401 - a function
    typed = row.get("country", "")
    if not typed:
        return ""
    found = countries.find(typed)
    if found.one and found.how is countries.How.NAMED:
        return found.one.code
    wrong("country_unclear" if found.holders else "country", "country")
    return ""


def _texts(row: dict[str, str], name: str) -> dict[str, str]:
    return {
        match[2]: text
        for column, text in row.items()
        if text and (match := TEXTS.fullmatch(column)) and match[1] == name
    }


def _as_of(text: str) -> str:
    """Return a date as ISO 8601 writes it, also of 30.11.2026; what means two days stays, and is a mistake."""
    numbers = re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", text)
    if numbers and (numbers[2] == "." or int(numbers[1]) > 12):
        return f"{numbers[4]}-{int(numbers[3]):02}-{int(numbers[1]):02}"
    if numbers and int(numbers[3]) > 12:
        return f"{numbers[4]}-{int(numbers[1]):02}-{int(numbers[3]):02}"
    slashed = re.fullmatch(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", text)
    return f"{slashed[1]}-{int(slashed[2]):02}-{int(slashed[3]):02}" if slashed else text


def rows_of(mistakes: Iterable[Mistake]) -> Iterator[int]:
    """Return the lines that have a mistake, each once."""
    yield from dict.fromkeys(one.line for one in mistakes)
