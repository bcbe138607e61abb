"""The glossary as TBX: valid, read back as far as TBX-Basic can hold it, and safe to read from strangers."""

from __future__ import annotations

import re
from contextlib import suppress
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import starter
from storage.folding import fold
from storage.glossary import Concept, Definition, Source, Term
from storage.glossary_draft import GlossaryFileError
from storage.glossary_tbx import read, write
from tests.storage.concepts import damaged, glossaries, unhurried

SMALL = [Concept(id="genocide", topic="crimes", terms=[Term(language="en", text="genocide")])]

INFORMATION = "(descrip |descripGrp |admin |note |ref |xref )*"
CONTENT = {
    "": "tbx ",
    "tbx": "tbxHeader text ",
    "tbxHeader": "fileDesc ",
    "fileDesc": "titleStmt sourceDesc ",
    "titleStmt": "title ",
    "sourceDesc": "p ",
    "text": "body (back )?",
    "body": "(conceptEntry )+",
    "conceptEntry": f"{INFORMATION}(langSec )+",
    "langSec": f"{INFORMATION}(termSec )+",
    "termSec": f"term (termNote )*{INFORMATION}",
    "descripGrp": "descrip (admin |note |ref |xref )*",
    "back": "(refObjectSec )*",
    "refObjectSec": "(refObject )+",
    "refObject": "(item )+",
}
"""What may stand in which element, in which order: the public schema of TBX-Basic, as far as we use it."""
CATEGORIES = {
    "descrip": {"subjectField", "definition", "context"},
    "admin": {"source", "projectSubset", "customerSubset"},
    "ref": {"crossReference"},
    "termNote": {"administrativeStatus", "termType"},
}


def held(text: str) -> str:
    """Return a text as XML can hold it."""
    return re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def kept(concept: Concept) -> Concept:
    """Return what docs/glossary.md says that TBX keeps of a concept."""
    languages = list(dict.fromkeys(term.language for term in concept.terms))

    def clean(values: dict[str, object]) -> dict[str, object]:
        return {key: held(value) if isinstance(value, str) else value for key, value in values.items()}

    return concept.model_copy(
        update={
            "terms": [
                Term.model_validate(clean(term.model_dump()))
                for term in sorted(concept.terms, key=lambda one: languages.index(one.language))
            ],
            "definitions": [
                Definition.model_validate(clean(one.model_dump()))
                for one in sorted(concept.definitions, key=lambda one: one.language)
            ],
            "sources": [Source.model_validate(clean(one.model_dump())) for one in concept.sources],
        }
    )


def document(body: str, attributes: str = 'type="TBX-Basic" style="dca" xml:lang="en"') -> bytes:
    return (
        f'<tbx xmlns="urn:iso:std:iso:30042:ed-2" {attributes}>\n<tbxHeader><fileDesc/></tbxHeader>\n'
        f"<text><body>\n{body}\n</body></text></tbx>"
    ).encode()


def mistakes(data: bytes) -> list[str]:
    with pytest.raises(GlossaryFileError) as caught:
        read(data)
    return list(map(str, caught.value.mistakes))


def check_valid(data: bytes) -> None:
    """Check a document against the structure of TBX-Basic."""
    inside: list[tuple[str, list[str]]] = [("", [])]
    ids: list[str] = []
    targets: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        inside[-1][1].append(name)
        inside.append((name, []))
        if name in CATEGORIES:
            assert attributes["type"] in CATEGORIES[name]
        if "id" in attributes:
            assert re.fullmatch("[a-z_][a-z0-9-]*", attributes["id"]), "an xs:ID"
            ids.append(attributes["id"])
        if "target" in attributes:
            targets.append(attributes["target"])

    def end(_name: str) -> None:
        name, children = inside.pop()
        assert re.fullmatch(CONTENT.get(name, ""), "".join(f"{child} " for child in children)), name

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    assert len(set(ids)) == len(ids)
    assert set(targets) <= set(ids)


def test_the_starter_glossary_loses_nothing() -> None:
    concepts = [Concept.model_validate(raw) for raw in starter.glossary()]
    for concept in concepts:
        concept.definitions.sort(key=lambda one: one.language)
    assert read(write(concepts)) == concepts
    check_valid(write(concepts))


@unhurried
@given(glossaries(clean=held))
def test_every_glossary_is_valid_and_keeps_what_tbx_can_hold(concepts: list[Concept]) -> None:
    data = write(concepts)
    check_valid(data)
    assert read(data) == [kept(concept) for concept in concepts]
    assert write(read(data)) == write([kept(concept) for concept in concepts]), "a second trip changes nothing"


@unhurried
@given(st.binary() | damaged(write(SMALL)) | st.text().map(document))
def test_whatever_the_file_is_there_is_one_kind_of_error(data: bytes) -> None:
    with suppress(GlossaryFileError):
        read(data)


def test_hidden_terms_are_deprecated_ones() -> None:
    hidden = Term(language="en", text="genoside", kind="hidden")
    data = write([SMALL[0].model_copy(update={"terms": [*SMALL[0].terms, hidden]})])
    assert (
        b'<term>genoside</term>\n<termNote type="administrativeStatus">deprecatedTerm-admn-sts</termNote>' in data
    )
    assert read(data)[0].terms[1] == hidden


def test_a_file_of_another_tool() -> None:
    (concept,) = read(
        document("""
        <conceptEntry id="c1">
          <transacGrp><transac type="transactionType">origination</transac><date>2010-04-17</date></transacGrp>
          <descrip type="subjectField">stars</descrip>
          <xref type="externalCrossReference" target="https://example.org/a">An atlas</xref>
          <langSec xml:lang="EN">
            <descripGrp>
              <descrip type="definition">A group of <hi>stars</hi>
                 in a galaxy &amp; more.</descrip>
              <admin type="source">Oxford2007</admin>
            </descripGrp>
            <termSec><term>open cluster</term><termNote type="partOfSpeech">noun</termNote></termSec>
            <termSec><term>OC</term><termNote type="termType">acronym</termNote></termSec>
            <termSec><term>star group</term></termSec>
            <termSec>
              <term>galactic cluster</term>
              <termNote type="administrativeStatus">supersededTerm-admn-sts</termNote>
              <descripGrp><descrip type="context">M29 is a galactic cluster.</descrip></descripGrp>
              <note>Not of the
                galaxy.</note>
            </termSec>
          </langSec>
        </conceptEntry>""")
    )
    assert concept == Concept(
        id="c1",
        topic="stars",
        terms=[
            Term(language="en", text="open cluster"),
            Term(language="en", text="OC", kind="abbreviation"),
            Term(language="en", text="star group", kind="admitted"),
            Term(language="en", text="galactic cluster", kind="hidden", usage="Not of the galaxy."),
        ],
        definitions=[Definition(language="en", text="A group of stars in a galaxy & more.")],
        sources=[Source(document="An atlas", url="https://example.org/a"), Source(document="Oxford2007")],
    )


def test_utf_16_is_read() -> None:
    text = write(SMALL).decode().replace("UTF-8", "UTF-16")
    assert read(text.encode("utf-16")) == SMALL


@pytest.mark.parametrize(
    ("data", "mistake"),
    [
        (b"", "line 1: this is not well-formed XML: no element found."),
        (b"<tbx>\n<text>\n</tbx>", "line 3: this is not well-formed XML: mismatched tag."),
        (b"<html/>", "line 1: this is no TBX: the outermost element of ISO 30042:2019 is tbx."),
        (b"<martif/>", "line 1: this is TBX version 2 (martif). Convert it to version 3, ISO 30042:2019, first."),
        (document("", 'style="dct"'), "line 1: this is TBX in the style DCT. Convert it to the style DCA first."),
        (document(""), "line 1: there is no concept in this file."),
        (b"<?xml version='1.0' encoding='latin1'?>\n<tbx/>", "line 1: this file says that it is in “latin1”."),
        (b"<tbx>\n\xe9</tbx>", "line 2: this file is in neither UTF-8 nor UTF-16. Save it in UTF-8."),
        (b"<tbx>&outside;</tbx>", "line 1: this is not well-formed XML: undefined entity."),
        (b"<tbx>" + b"<hi>" * 100_000, "line 1: elements stand in each other more than 32 deep."),
    ],
)
def test_what_is_no_such_document_is_refused(data: bytes, mistake: str) -> None:
    found = mistakes(data)
    assert found[-1].startswith(mistake)


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE tbx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE tbx [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE tbx SYSTEM "https://example.org/tbx.dtd">',
    ],
)
def test_a_doctype_is_refused(declaration: str) -> None:
    assert mistakes(f"\n{declaration}<tbx>&a;</tbx>".encode()) == [
        "line 2: this file has a DOCTYPE, which is not safe to read, and TBX needs none. Remove it."
    ]


def test_all_mistakes_are_named_at_once() -> None:
    assert mistakes(
        document("""
<conceptEntry id="Big">
<descrip type="subjectField">crimes</descrip>
<admin type="source" target="_s">x</admin>
<ref type="crossReference" target="nowhere">see also</ref>
<langSec xml:lang="en">
<termSec><term>one</term><termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></termSec>
<termSec><term>two</term><termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></termSec>
<termSec><term>six</term><termNote type="administrativeStatus">dubious</termNote></termSec>
<termSec><note>none</note></termSec>
<termSect/>
</langSec>
<termSec><term>here</term></termSec>
</conceptEntry>
<conceptEntry id="b"><descrip type="subjectField">t</descrip>
<langSec xml:lang="x y"><termSec><term>...</term></termSec></langSec></conceptEntry>
<conceptEntry id="b"><descrip type="subjectField">t</descrip>
<langSec xml:lang="en"><termSec><term>b</term></termSec></langSec></conceptEntry>
</body><back><refObjectSec type="bibl"><refObject id="_s"><item type="title">x</item>
<item type="asOf">May</item></refObject></refObjectSec></back></text><text><body>""")
    ) == [
        "line 5: “Big” cannot be the id of a concept. Use up to 80 small letters a to z, digits and hyphens, such "
        "as early-warning.",
        "line 8: there is no concept “nowhere” in this file. Correct the id, or remove this.",
        "line 11: “Big” has a preferred term in en already, in line 10. Make one of the two admitted.",
        "line 12: “dubious” is no administrative status. Use one of: preferredTerm-admn-sts, "
        "admittedTerm-admn-sts, deprecatedTerm-admn-sts, supersededTerm-admn-sts.",
        "line 13: a termSec holds one term. Give it its term, or divide it.",
        "line 14: TBX has no element “termSect”. Correct or remove it.",
        "line 16: termSec stands in conceptEntry; its place is in langSec.",
        "line 19: “x y” is no language code. Write a code such as fr, or pt-BR.",
        "line 19: “...” cannot be a term: it has neither letters nor digits.",
        "line 20: the concept “b” is already in line 18. Keep one of the two.",
        "line 23: “May” is no date. Write it like 2026-11-30.",
    ]


def test_a_word_that_xml_cannot_hold_is_still_a_word() -> None:
    assert fold(held("a\x00b"))
