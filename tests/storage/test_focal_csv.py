"""Focal records as a table: what spreadsheets make of it, and every mistake named with its line."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import starter
from storage import focal_csv, sheet
from storage.focal import KINDS, Kept, Record

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
HEAD = "kind,country,status,as_of,evidence,source"


def kept(record: Record) -> Kept:
    return Kept(**record.model_dump(), updated_at=NOW)


def starters() -> list[Record]:
    return [Record.model_validate(raw) for raw in starter.focal()]


def test_what_is_written_is_read_again() -> None:
    records = starters()
    table = focal_csv.read(focal_csv.write(kept(one) for one in records), TODAY)
    assert table.mistakes == []
    assert table.records == records


def test_the_starter_content_is_what_the_sources_support() -> None:
    counts = {kind: sum(one.kind == kind for one in starters()) for kind in KINDS}
    assert counts == {
        "r2p_focal_point": 21,
        "lan_focal_point": 18,
        "national_mechanism": 9,
        "gaamac_focal_person": 0,
        "group_of_friends": 53,
    }
    for one in starters():
        assert one.evidence in ("A", "A-", "B")
        assert one.contact is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_as_spreadsheets_save_it(delimiter: str, mark: bytes, end: str) -> None:
    rows = [HEAD, "r2p_focal_point,Kenya,active,2026,A,Note verbale", "", ",,,,,"]
    data = mark + (end.join(rows).replace(",", delimiter) + end).encode()
    table = focal_csv.read(data, TODAY)
    assert table.mistakes == []
    assert [(one.holder, one.status, one.as_of) for one in table.records] == [("KE", "active", "2026")]


@pytest.mark.parametrize(
    ("written", "read"),
    [("30.11.2026", "2026-11-30"), ("30/11/2026", "2026-11-30"), ("11/30/2026", "2026-11-30"),
     ("2026/1/5", "2026-01-05")],
)  # fmt: skip
def test_dates_as_spreadsheets_turn_them(written: str, read: str) -> None:
    table = focal_csv.read(f"{HEAD}\nr2p_focal_point,KE,active,{written},A,x".encode(), TODAY)
    assert [one.as_of for one in table.records] == [read]


@pytest.mark.parametrize(
    ("row", "problem", "column"),
    [
        ("focal,KE,active,2026,A,x", "kind", "kind"),
        ("r2p_focal_point,Atlantis,active,2026,A,x", "country", "country"),
        ("r2p_focal_point,Congo,active,2026,A,x", "country_unclear", "country"),
        ("r2p_focal_point,Kenia,active,2026,Z,x", "evidence", "evidence"),
        ("r2p_focal_point,KE,maybe,2026,A,x", "status", "status"),
        ("r2p_focal_point,KE,active,03/04/2026,A,x", "date", "as_of"),
        ("r2p_focal_point,KE,active,2026-02-30,A,x", "date", "as_of"),
        ("r2p_focal_point,KE,active,2027,A,x", "future", "as_of"),
        ("r2p_focal_point,KE,active,2026,A,", "empty", "source"),
        ("r2p_focal_point,,active,2026,A,x", "empty", "country"),
        ("r2p_focal_point,KE,active,2026,A,x,more", "too_many_cells", ""),
        (f"r2p_focal_point,KE,active,2026,A,{'x' * 501}", "long", "source"),
    ],
)
def test_a_mistake_is_named_with_line_and_column(row: str, problem: str, column: str) -> None:
    good = "r2p_focal_point,UG,active,2026,A,x"
    table = focal_csv.read(f"{HEAD}\n{good}\n{row}\n".encode(), TODAY)
    assert [(one.line, one.problem, one.column) for one in table.mistakes] == [(3, problem, column)]


def test_the_same_record_twice_and_lines_behind_a_cell_of_two_lines() -> None:
    rows = [HEAD, 'r2p_focal_point,KE,active,2026,A,"two', 'lines"', "r2p_focal_point,Kenya,vacant,2026,A,x"]
    table = focal_csv.read("\n".join(rows).encode(), TODAY)
    assert [(one.line, one.problem, one.value) for one in table.mistakes] == [(4, "twice", "2")]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no_rows"),
        (HEAD.encode(), "no_rows"),
        (b"kind,country\nx,y", "heading_missing"),
        (f"{HEAD},colour\n".encode(), "heading_unknown"),
        (f"{HEAD},source\n".encode(), "heading_twice"),
        (f"{HEAD}\nr2p_focal_point,C\xf4te d'Ivoire,active,2026,A,x".encode("latin-1"), "encoding"),
        (f'{HEAD}\n"r2p_focal_point,KE'.encode(), "quotes"),
        (b"\x00\x01\x02PK\x03\x04", "heading_missing"),
        (f"{HEAD}\nr2p_focal_point,KE,active,2026,A,{'x' * 200_000}".encode(), "length"),
    ],
)
def test_a_file_that_is_no_such_table(data: bytes, problem: str) -> None:
    table = focal_csv.read(data, TODAY)
    assert problem in [one.problem for one in table.mistakes]


def test_too_many_rows() -> None:
    data = HEAD.encode() + b"\nr2p_focal_point,Atlantis,active,2026,A,x" * (focal_csv.ROWS + 10)
    table = focal_csv.read(data, TODAY)
    assert table.mistakes[-1].problem == "too_many_rows"


def test_a_row_that_removes_needs_no_more_than_its_key() -> None:
    table = focal_csv.read(f"{HEAD}\nr2p_focal_point,KE,removed,,,\n".encode(), TODAY)
    assert table.mistakes == []
    assert [one.subject for one in table.removed] == ["focal/r2p_focal_point/KE/1"]
    assert table.records == []


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.sampled_from("=+-@\t"),
)
def test_no_cell_is_a_formula(text: str, begin: str) -> None:
    record = Record(
        kind="r2p_focal_point",
        holder="KE",
        titles={"en": f"{begin}cmd|'/C calc'!A0 {text}"},
        as_of="2026",
        evidence="A",
        source=f"{begin}{text}x",
    )
    data = focal_csv.write([kept(record)])
    for _line, _row, cells in sheet.read(data, focal_csv.COLUMNS):
        assert cells  # it is a table
    for line in data.decode("utf-8-sig").splitlines()[1:]:
        for cell in line.split(","):
            assert not cell.strip('"').lstrip().startswith(("=", "@")), cell
    (again,) = focal_csv.read(data, date(2026, 12, 1)).records
    assert again.source == record.source.strip()
