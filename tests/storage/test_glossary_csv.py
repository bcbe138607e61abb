"""The glossary as a table: what goes out comes in again, and each mistake is named by its row."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import starter
from storage.glossary import Concept, Source, Term
from storage.glossary_csv import COLUMNS, read, write
from storage.glossary_draft import GlossaryFileError
from tests.storage.concepts import damaged, glossaries, unhurried

HEADINGS = ",".join(COLUMNS)
SMALL = [
    Concept(
        id="genocide",
        topic="crimes",
        terms=[Term(language="en", text="genocide")],
        sources=[Source(document="Convention", as_of=date(2026, 11, 23))],
    )
]


def table(*rows: str, headings: str = HEADINGS) -> bytes:
    return "\n".join([headings, *rows]).encode()


def mistakes(data: bytes) -> list[str]:
    with pytest.raises(GlossaryFileError) as caught:
        read(data)
    return list(map(str, caught.value.mistakes))


def test_the_starter_glossary_comes_back_as_it_was() -> None:
    concepts = [Concept.model_validate(raw) for raw in starter.glossary()]
    assert read(write(concepts)) == concepts


@unhurried
@given(glossaries())
def test_every_glossary_comes_back_as_it_was(concepts: list[Concept]) -> None:
    assert read(write(concepts)) == concepts


@unhurried
@given(glossaries())
def test_no_cell_is_a_formula(concepts: list[Concept]) -> None:
    for row in csv.reader(io.StringIO(write(concepts).decode("utf-8-sig"), newline="")):
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
            assert not cell.startswith(("\t", "\r"))


@unhurried
@given(st.binary() | damaged(write(SMALL)))
def test_whatever_the_file_is_there_is_one_kind_of_error(data: bytes) -> None:
    with suppress(GlossaryFileError):
        read(data)


def test_excel_sees_utf_8() -> None:
    assert write(SMALL).startswith(b"\xef\xbb\xbfconcept,kind,")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_tables_of_all_spreadsheets(delimiter: str, ending: str, mark: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending)
    writer.writerows(csv.reader(io.StringIO(write(SMALL).decode("utf-8-sig"), newline="")))
    assert read((mark + out.getvalue()).encode()) == SMALL


def test_the_order_of_columns_and_empty_rows_do_not_matter() -> None:
    text = io.StringIO(write(SMALL).decode("utf-8-sig"), newline="")
    out = io.StringIO()
    writer = csv.DictWriter(out, sorted(COLUMNS))
    writer.writerow({name: f" {name.upper()} " for name in COLUMNS})
    for row in csv.DictReader(text):
        out.write(",,,\r\n\r\n")
        writer.writerow(row)
    assert read(out.getvalue().encode()) == SMALL


@pytest.mark.parametrize(
    "day", ["2026-11-23", "2026/11/23", "23.11.2026", "23/11/2026", "11/23/2026", "'2026-11-23"]
)
def test_dates_as_spreadsheets_leave_them(day: str) -> None:
    assert read(write(SMALL).replace(b"2026-11-23", day.encode())) == SMALL


@pytest.mark.parametrize("day", ["3/4/2026", "2026-02-30", "1/2/26", "yesterday", "46349", "2026-W01-1"])
def test_other_dates_are_asked_back(day: str) -> None:
    assert mistakes(write(SMALL).replace(b"2026-11-23", day.encode())) == [
        f"row 4: “{day}” in the column as_of is no certain date. Write it like 2026-11-30."
    ]


def test_all_mistakes_are_named_at_once() -> None:
    found = mistakes(
        table(
            "a,topic,,crimes,,,,,,,,",
            'a,preferred,en,"one\ntwo",,yes,,,,,,',
            "a,preferred,en,other,,yes,,,,,,",
            "a,admitted,fr,autre,,yes,,,,,,",
            "a,favourite,en,best,,yes,,,,,,",
            "a,definition,EN,text,,,,,,,,",
            "a,related,,nowhere,,,,,,,,",
            "a,topic,,justice,,,,,,,,",
            "a,admitted,en,!!!,,perhaps,A/1,,,,,",
            "a,source,,Treaty,,,,,www.example.org,,no,",
            "A b,topic,,crimes,,,,,,,,",
            ",topic,,crimes,,,,,,,,",
            "a,definition,fr,one, two, three, four, five, six, seven, eight, nine, ten",
        )
    )
    assert found == [
        "row 4 (line 5 of the file): “a” has a preferred term in en already, in row 3. Make one of the two "
        "admitted.",
        "row 6 (line 7 of the file): there is no kind “favourite”. Choose one of: topic, preferred, admitted, "
        "abbreviation, hidden, definition, source, related, confused, counterpart, community.",
        "row 7 (line 8 of the file): “EN” is no language code. Write a code such as fr, or pt-BR.",
        "row 8 (line 9 of the file): there is no concept “nowhere” in this file. Correct the id, or remove this.",
        "row 9 (line 10 of the file): the concept “a” has a topic already. If these are two concepts, give each "
        "its own id.",
        "row 10 (line 11 of the file): a row of the kind admitted has nothing in the column symbol. Empty "
        "this cell.",
        "row 10 (line 11 of the file): the column checked says neither yes nor no. Write one of the two.",
        "row 10 (line 11 of the file): “!!!” cannot be a term: it has neither letters nor digits.",
        "row 11 (line 12 of the file): “www.example.org” is no address. It begins with https:// or http:// and "
        "has no spaces.",
        "row 12 (line 13 of the file): “A b” cannot be the id of a concept. Use up to 80 small letters a to z, "
        "digits and hyphens, such as early-warning.",
        "row 12 (line 13 of the file): the concept “A b” has no preferred term. Give it one.",
        "row 13 (line 14 of the file): this row does not say of which concept it speaks. Fill the column concept.",
        "row 14 (line 15 of the file): this row has more cells than there are headings. Put quotation marks "
        "around texts.",
    ]


@pytest.mark.parametrize(
    ("rows", "mistake"),
    [
        (
            ["a,preferred,en,x,,yes"],
            "row 2: the concept “a” has no topic. Give it one, or correct a misspelled id.",
        ),
        (["a,topic,,t"], "row 2: the concept “a” has no preferred term. Give it one."),
        (
            ["a,topic,,t", "a,preferred,en,x,,yes", "a,admitted,fr,y,,yes"],
            "row 4: “a” has terms in fr, none preferred. Make one preferred, or hide them.",
        ),
        (
            ["a,topic,,t", "a,preferred,en,x,,yes", "a,admitted,en,y,,no", "a,admitted,en,y,,yes"],
            "row 5: the admitted term “y” is already in row 4. Remove one of the two.",
        ),
        (
            ["a,topic,,t", "a,preferred,en,x,,yes", "a,definition,en,one", "a,definition,en,two"],
            "row 5: “a” has a definition in en already, in row 4. Keep one.",
        ),
        (["a,topic,,t", "a,preferred,en,x,,yes", "a,related,,a"], "row 4: “a” points to itself. Remove this."),
        (["a,topic,,Two words", "a,preferred,en,x,,yes"], "row 2: “Two words” cannot be a topic."),
        (
            ["a,topic,,t", f"a,preferred,en,{'x' * 301},,yes"],
            "row 3: the text has 301 characters; there is room for",
        ),
        (["a,topic,,t", "a,preferred,en,,,yes"], "row 3: the text is empty. Fill it, or remove the entry."),
        (
            ["a,topic,,t", 'a,preferred,en,"x,,yes', "b,topic"],
            "row 3: the quotation marks of this row do not fit,",
        ),
        (["a,topic,,t", 'a,preferred,en,"x"y,,yes'], "row 3: the quotation marks of this row do not fit,"),
        (["a,topic,,t", f"a,preferred,en,{'x' * 200_000}"], "row 3: a cell of this row has more than 131072"),
        ([], "line 1: there is no concept in this file."),
    ],
)
def test_a_mistake_is_named_by_its_row(rows: list[str], mistake: str) -> None:
    found = mistakes(table(*rows))
    assert len(found) == 1
    assert found[0].startswith(mistake)


@pytest.mark.parametrize(
    ("headings", "mistake"),
    [
        (
            HEADINGS.replace(",note", ""),
            "row 1: headings are missing: note. Add them, even if the cells stay empty.",
        ),
        (
            f"{HEADINGS},notes",
            "row 1: there is no column “notes”. Remove it, or correct it to one of: concept, kind,",
        ),
        (f"{HEADINGS},note", "row 1: the column “note” is there twice. Remove one of the two."),
        ("", "row 1: headings are missing: concept, kind, language,"),
    ],
)
def test_headings_are_checked_first(headings: str, mistake: str) -> None:
    found = mistakes(table("a,nonsense", headings=headings) if headings else b"")
    assert len(found) == 1
    assert found[0].startswith(mistake)


def test_empty_columns_at_the_end_do_no_harm() -> None:
    assert read(table("a,topic,,t,,,,,,,,,,", "a,preferred,en,x,,yes,,,,,,,,", headings=f"{HEADINGS},,"))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_refused(encoding: str) -> None:
    text = table("a,topic,,t", "a,preferred,fr,génocide,,yes").decode()
    (mistake,) = mistakes(text.encode(encoding))
    assert "this file is not in UTF-8. Save it again: in Excel as “CSV UTF-8”" in mistake
    if encoding == "latin-1":
        assert mistake.startswith("line 3:")


def test_a_mistake_writes_nothing_strange_into_a_terminal() -> None:
    (mistake, *_) = mistakes(table("a,\x1b[2J,en,x", "a,topic,,t"))
    assert "\x1b" not in mistake
