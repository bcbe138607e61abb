"""Tables as files for spreadsheets (CSV), as Excel, LibreOffice and Numbers write and read them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Literal

DELIMITERS = ",;\t"
"""Spreadsheets write semicolons where the comma stands in decimal numbers."""

RISKY = re.compile(r"'*(\s*[=+\-@＝＋－＠]|[\t\r]|[0-9]+[-/.,:][0-9][0-9\-/.,:]*\Z)")
"""Cells that a spreadsheet takes for a formula (CSV injection, OWASP), or turns into another date or number.

A leading apostrophe makes them text. Apostrophes before such a beginning are in the pattern themselves, so
that taking one away gives back exactly what was written.
"""

Cell = str | int | date | bool

Problem = Literal["encoding", "quotes", "length"]


class SheetError(Exception):
    """A file that cannot be read as a table from `line` on: it is not UTF-8, or quotes or lengths are wrong."""

    def __init__(self, problem: Problem, line: int, row: int | None = None) -> None:
        super().__init__(f"{problem} in line {line}")
        self.problem = problem
        self.line = line
        self.row = row


def write(columns: Iterable[str], rows: Iterable[dict[str, Cell]]) -> bytes:
    """Return a table in UTF-8, with the mark at its beginning by which Excel knows that.

    Dates stay dates, so that a spreadsheet can sort by them; texts stay texts, whatever they look like.
    """
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, list(columns), restval="", lineterminator="\r\n")
    table.writeheader()
    for row in rows:
        table.writerow({key: _cell(value) for key, value in row.items()})
    return out.getvalue().encode("utf-8-sig")


def read(data: bytes, columns: Collection[str]) -> Iterator[tuple[int, int, list[str]]]:
    """Return the rows that are not empty: line and row (from 1) where each begins, and its cells.

    Of commas, semicolons and tabs the one is the delimiter that yields the most of `columns` as headings.

    Raises:
        SheetError: nothing behind that line can be read.

    """
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, columns), strict=True)
    row = 0
    while True:
        row += 1
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise SheetError("length" if "limit" in str(error) else "quotes", line, row) from error
        if any(cell.strip() for cell in cells):
            yield line, row, [unprotected(cell) for cell in cells]


def protected(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if RISKY.match(cell) else cell


def unprotected(cell: str) -> str:
    """Return what was written before it was protected."""
    return cell[1:] if cell.startswith("'") and RISKY.match(cell, 1) else cell


def _cell(value: Cell) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return protected(value) if isinstance(value, str) else str(value)


def _decoded(data: bytes) -> str:
    try:
        # A null character is no text, and not every database can hold it.
        return data.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError as error:
        raise SheetError("encoding", data.count(b"\n", 0, error.start) + 1) from error


def _delimiter(text: str, columns: Collection[str]) -> str:
    def known(delimiter: str) -> int:
        try:
            first = next(csv.reader(io.StringIO(text.lstrip()[:2000], newline=""), delimiter=delimiter), [])
        except csv.Error:
            return 0
        return sum(name.strip().casefold() in columns for name in first)

    return max(DELIMITERS, key=known)
