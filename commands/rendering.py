"""Answers as text: written in Markdown, sent as plain text and cleaned HTML.

`Markdown` works like a template that cannot be broken out of: whatever is put into it with `format` is
escaped, unless it is itself `Markdown`. So what a member wrote, or what stands in the database, appears as
it is, and never becomes a link, a heading, an image or a mention.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import SupportsIndex
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre",
    "strong", "ul",
}  # fmt: skip
"""What we use of https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes."""

LIMIT = 32 * 1024
"""Bytes of plain text and HTML together in one message. An event may have 65,536, encrypted and signed."""

JOINER = "\u2060"
"""A word joiner: invisible, and enough to keep clients from seeing a mention or a link to a user."""

_parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False}).disable(["image", "hr"])
_SPECIAL = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")  # French needs those that do not break
_MENTION = re.compile(r"@(?=room\b)|(?<=matrix)(?=\.to\b)|(?<=matrix)(?=:)", re.IGNORECASE)
_DIRECTION = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])


class Markdown(str):
    """Markdown that is safe to send."""

    __slots__ = ()

    def format(self, *args: object, **values: object) -> Markdown:
        """Put `values` in; each that is not Markdown is escaped first."""
        return Markdown(
            super().format(*(_safe(value) for value in args), **{k: _safe(v) for k, v in values.items()})
        )

    def __add__(self, other: str) -> Markdown:
        """Put something behind; it is escaped unless it is Markdown."""
        return Markdown(super().__add__(_safe(other)))

    def __getitem__(self, key: SupportsIndex | slice) -> Markdown:
        """Return a part, which is as safe as the whole."""
        return Markdown(super().__getitem__(key))


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message: text that is readable without its HTML, and the HTML, or None when it adds nothing."""

    body: str
    html: str | None


def plain(text: str) -> str:
    """Return a member's text without what could disturb a screen: control characters, turned directions.

    Zero-width joiners stay, because Persian and Khmer need them.
    """
    if text.isprintable():
        return text
    kept = (
        character
        for character in text.replace("\t", " ").translate(_DIRECTION)
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")
    )
    return "".join(kept)


def escape(text: str, *, lines: bool = False) -> Markdown:
    """Return Markdown that shows `text` as it is. With `lines` its line breaks are kept."""
    bare = plain(text)
    parts = [_SPACES.sub(" ", line).strip() for line in bare.split("\n")]
    joined = "\n".join(parts) if lines else " ".join(part for part in parts if part)
    guarded = _MENTION.sub(lambda found: found.group() + JOINER, joined)
    return Markdown(_SPECIAL.sub(r"\\\1", guarded))


def code(text: str) -> Markdown:
    """Return Markdown that shows `text` as something to type."""
    bare = " ".join(plain(text).split())
    guarded = _MENTION.sub(lambda found: found.group() + JOINER, bare)
    longest = max((len(run) for run in re.findall(r"`+", guarded)), default=0)
    fence = "`" * (longest + 1)
    space = " " if guarded[:1] in ("`", "") or guarded[-1:] == "`" else ""
    return Markdown(f"{fence}{space}{guarded}{space}{fence}")


def strong(text: object) -> Markdown:
    """Return Markdown that shows `text` in bold."""
    safe = _safe(text)
    return Markdown(f"**{safe}**") if safe.strip() else Markdown("")


def link(text: str, url: str) -> Markdown:
    """Return a link; only the text when the address is not one for the web."""
    if not re.fullmatch(r"https?://[^\s<>()\[\]\\]+", url):
        return escape(text)
    return Markdown(f"[{escape(text)}](<{url}>)")


def isolate(text: str) -> Markdown:
    """Return `text` so that its writing direction does not turn its neighbours (Unicode UAX 9, FSI and PDI)."""
    return Markdown(f"\u2068{_safe(text)}\u2069")


def join(separator: str, parts: Iterable[object]) -> Markdown:
    """Join `parts`, escaping those that are not Markdown. The separator is ours and stays as it is."""
    return Markdown(separator.join(_safe(part) for part in parts))


def paragraphs(*parts: Markdown | None) -> Markdown:
    """Put one under the other what is there."""
    return join("\n\n", [part for part in parts if part])


def bullets(rows: Iterable[object]) -> Markdown:
    """Return a list."""
    return join("\n", [Markdown("- {}").format(row) for row in rows])


@lru_cache(maxsize=16)
def render(markdown: Markdown) -> Rendered:
    """Make a message of Markdown. Remembered, because it is measured before it is sent."""
    tokens = _parser.parse(markdown)
    html = nh3.clean(
        _parser.renderer.render(tokens, _parser.options, {}),
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https"},
        attribute_filter=_no_pill,
        link_rel=None,
    ).strip()
    body = _body(tokens)
    single = re.fullmatch(r"<p>([^<]*)</p>", html)
    return Rendered(body=body, html=None if single or not html else html)


def split(markdown: Markdown, limit: int = LIMIT) -> list[Markdown]:
    """Cut a long answer into messages: at paragraphs, else at lines, else at words, else anywhere."""
    return [Markdown(part) for part in _split(markdown, limit, ("\n\n", "\n", " ", ""))]


def _split(text: str, limit: int, separators: Sequence[str]) -> list[str]:
    if _size(text) <= limit:
        return [text]
    separator, *finer = separators
    if not separator:
        # An escape (\x) must not be cut in two; `limit // 8` bounds what one character may become in HTML.
        pieces = re.findall(rf"(?s)(?:\\.|.){{1,{max(limit // 8, 1)}}}", text)
        return [piece for piece in pieces if piece.strip()]
    parts: list[str] = []
    open_part = ""
    for piece in text.split(separator):
        longer = f"{open_part}{separator}{piece}" if open_part else piece
        if _size(longer) <= limit:
            open_part = longer
            continue
        if open_part.strip():
            parts.append(open_part)
        *whole, open_part = _split(piece, limit, finer) or [""]
        parts.extend(whole)
    if open_part.strip():
        parts.append(open_part)
    return parts


def _size(text: str) -> int:
    rendered = render(Markdown(text))
    return len(rendered.body.encode()) + len((rendered.html or "").encode())


def _safe(value: object) -> str:
    return value if isinstance(value, Markdown) else escape(str(value))


def _no_pill(_tag: str, attribute: str, value: str) -> str | None:
    # Clients show a link to a user as a mention, and one to a room as an address of their own.
    if attribute == "href" and re.match(r"https?://matrix\.to/#/[@!#]", unquote(unquote(value)), re.IGNORECASE):
        return None
    return value


def _body(tokens: Sequence[Token]) -> str:
    """Write the parsed Markdown as plain text: no signs of markup, links with their address."""
    lines: list[str] = []
    lists: list[int | None] = []
    mark = ""
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(int(token.attrGet("start") or 1) if token.type.startswith("ordered") else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            mark = _mark(lists)
        elif token.type in ("inline", "fence", "code_block"):
            text = _inline(token) if token.type == "inline" else token.content.rstrip("\n")
            tight = bool(lists) and bool(lines)
            if lines and not (tight and mark and _is_item(lines[-1])):
                lines.append("")
            indent = "  " * max(len(lists) - 1, 0)
            lines.append(indent + mark + text)
            mark = ""
    return "\n".join(lines)


def _is_item(line: str) -> bool:
    return bool(re.match(r"\s*(- |\d+\. )", line))


def _mark(lists: list[int | None]) -> str:
    number = lists[-1]
    if number is None:
        return "- "
    lists[-1] = number + 1
    return f"{number}. "


def _inline(token: Token) -> str:
    pieces: list[str] = []
    address = ""
    for child in token.children or []:
        if child.type in ("text", "code_inline"):
            pieces.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            pieces.append("\n")
        elif child.type == "link_open":
            address = str(child.attrGet("href") or "")
        elif child.type == "link_close":
            if address and not "".join(pieces).endswith(address):
                pieces.append(f" ({address})")
            address = ""
    return "".join(pieces)


def short(text: str, length: int = 90) -> str:
    """Return a text in one line of a list, cut off where it is longer than so many characters."""
    words = " ".join(text.split())
    return words if len(words) <= length else f"{words[: length - 1].rstrip()}…"


def excerpt(text: str, words: Sequence[str], length: int = 120) -> str:
    """Return about `length` characters of `text` around the first of `words`."""
    low = text.casefold()
    found = min((place for place in (low.find(word.casefold()) for word in words) if place >= 0), default=0)
    start = max(0, found - length // 3)
    piece = " ".join(text[start : start + length].split())
    return ("… " if start else "") + piece + (" …" if start + length < len(text) else "")
