"""The XML of a TBX file: elements that know their line, read and written with care.

`expat` alone, because the parsers above it do not tell lines. A DOCTYPE is refused: without one there are no
entities that grow (“billion laughs”) and none that fetch other files.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape

from storage.glossary_draft import Findings, Place, quoted

NAMESPACE = "urn:iso:std:iso:30042:ed-2"
NAMESPACES = (NAMESPACE, "urn:iso:std:iso:30042:ed:3.0", "")
"""The standard's, the one of its first schemas, and none, which many tools write."""
LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"

PARENTS = {
    "tbxHeader": "tbx", "text": "tbx", "body": "text", "back": "text",
    "conceptEntry": "body", "langSec": "conceptEntry", "termSec": "langSec", "term": "termSec",
    "refObjectSec": "back", "refObject": "refObjectSec",
}  # fmt: skip
"""Where the elements of the structure stand. One that stands elsewhere would be lost silently."""
META = frozenset(
    [
        *("admin", "adminGrp", "adminNote", "date", "descrip", "descripGrp", "descripNote", "item", "itemGrp"),
        *("itemSet", "note", "ref", "termNote", "termNoteGrp", "transac", "transacGrp", "transacNote", "xref"),
    ]
)
INLINE = frozenset(["ec", "foreign", "hi", "ph", "sc"])
"""Their text belongs to the text around them."""
DEEPEST = 32

LAYOUT = dict.fromkeys(map(ord, " \t\n\r"), "\0")
"""White space that stands in the file as itself. NUL marks it, which no XML contains."""


ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even as references."""
NOT_LAYOUT = re.compile(r"[\t\n\r]|(?<![^ \t\n\r]) | (?![^ \t\n\r])")
"""White space that readers of XML would change; a single space between words they leave alone."""


@dataclass(slots=True)
class Element:
    """An element within a concept or a reference object."""

    name: str
    place: Place
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def type(self) -> str:
        """Its data category."""
        return self.attributes.get("type", "")

    @property
    def language(self) -> str | None:
        """Its own xml:lang, with the language in small letters as everywhere."""
        code = self.attributes.get(LANGUAGE)
        return re.sub("^[A-Za-z]+", lambda found: found[0].lower(), code) if code else None

    @property
    def text(self) -> str:
        """Its text, in which layout is one space, and white space written as a reference is as it is."""
        return re.sub("\0+", " ", "".join(self.pieces).strip("\0"))


def parse(data: bytes, findings: Findings, take: Callable[[Element], None]) -> None:
    """Hand each conceptEntry and each refObject to `take` as it ends.

    Raises:
        GlossaryFileError: the file is no XML, or no TBX of this kind, so that it cannot be read on.

    """
    _Parsing(_as_utf8(data, findings), findings, take).run()


def tag(name: str, text: str, **attributes: str) -> str:
    """Write an element so that `parse` gives back its text, but for characters that XML cannot hold.

    The values of attributes are ids, languages and words of ours: there is nothing to escape in them.
    """
    shown = escape(ILLEGAL.sub("\ufffd", text))
    shown = NOT_LAYOUT.sub(lambda found: f"&#{ord(found[0])};", shown)
    said = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{said}>{shown}</{name}>"


class _Parsing:
    """One run of the parser."""

    def __init__(self, data: bytes, findings: Findings, take: Callable[[Element], None]) -> None:
        self._data = data
        self._findings = findings
        self._take = take
        self._names: list[str] = []
        self._open: list[Element] = []
        self._language = "en"
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser

    def run(self) -> None:
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) or "unknown"
            self._findings.add(Place(error.lineno), f"this is not well-formed XML: {reason}.")
            self._findings.stop()

    def _here(self) -> Place:
        return Place(self._parser.CurrentLineNumber)

    def _stop(self, text: str) -> NoReturn:
        self._findings.add(self._here(), text)
        self._findings.stop()
        raise AssertionError  # `stop` raises: a mistake was just added.

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.casefold() not in ("utf-8", "utf8", "utf-16", "us-ascii"):
            self._stop(f"this file says that it is in {quoted(encoding)}. Save it in UTF-8.")

    def _doctype(self, *_name: object) -> None:
        self._stop("this file has a DOCTYPE, which is not safe to read, and TBX needs none. Remove it.")

    def _start(self, full_name: str, attributes: dict[str, str]) -> None:
        namespace, _, name = full_name.rpartition(" ")
        if not self._names:
            self._check_root(namespace, name, attributes)
        elif len(self._names) >= DEEPEST:
            self._stop(f"elements stand in each other more than {DEEPEST} deep. This is no TBX.")
        elif "tbxHeader" not in self._names:
            self._check(namespace, name)
        if name in INLINE and self._open:
            self._open.append(self._open[-1])
        elif self._open or name in ("conceptEntry", "refObject"):
            element = Element(name, self._here(), attributes)
            if self._open:
                self._open[-1].children.append(element)
            else:
                attributes.setdefault(LANGUAGE, self._language)
            self._open.append(element)
        self._names.append(name)

    def _end(self, _full_name: str) -> None:
        self._names.pop()
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._take(element)

    def _characters(self, text: str) -> None:
        if self._open:
            is_reference = self._data[self._parser.CurrentByteIndex] == ord("&")
            self._open[-1].pieces.append(text if is_reference else text.translate(LAYOUT))

    def _check_root(self, namespace: str, name: str, attributes: dict[str, str]) -> None:
        if name == "martif":
            self._stop("this is TBX version 2 (martif). Convert it to version 3, ISO 30042:2019, first.")
        if name != "tbx" or namespace not in NAMESPACES:
            self._stop("this is no TBX: the outermost element of ISO 30042:2019 is tbx.")
        if attributes.get("style", "dca") != "dca":
            self._stop("this is TBX in the style DCT. Convert it to the style DCA first.")
        self._language = attributes.get(LANGUAGE, "en")

    def _check(self, namespace: str, name: str) -> None:
        known = name in PARENTS or name in META or name in INLINE
        if namespace not in NAMESPACES or not known:
            self._findings.add(self._here(), f"TBX has no element {quoted(name)}. Correct or remove it.")
        elif name in PARENTS and PARENTS[name] != self._names[-1]:
            self._findings.add(
                self._here(), f"{name} stands in {self._names[-1]}; its place is in {PARENTS[name]}."
            )


def _as_utf8(data: bytes, findings: Findings) -> bytes:
    """Bring UTF-16, which some tools write, to UTF-8; say where a file is in neither."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig").encode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.add(Place(line), "this file is in neither UTF-8 nor UTF-16. Save it in UTF-8.")
        findings.stop()
        raise
