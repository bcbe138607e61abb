"""Show a message's HTML in a terminal: bold, code, lists, quotes, links, line breaks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from commands.rendering import plain

_STYLES = {
    "strong": Style(bold=True),
    "b": Style(bold=True),
    "em": Style(italic=True),
    "i": Style(italic=True),
    "u": Style(underline=True),
    "del": Style(strike=True),
    "s": Style(strike=True),
    "code": Style(color="cyan"),
    "a": Style(underline=True),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), Style(bold=True, underline=True)),
}
_PARAGRAPHS = {"p", "pre", "div", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"}
_INDENT = 2


@dataclass(slots=True)
class _Block:
    """A paragraph or a list item: its text, how deep it stands, what stands before it, a blank line above."""

    text: Text
    depth: int = 0
    mark: str = ""
    gap: bool = False


class _Reader(HTMLParser):
    """Reads what Matrix allows in messages; tags that it does not know are as if they were not there."""

    def __init__(self, *, quoted_code: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[_Block] = []
        self._quote = "`" if quoted_code else ""
        self._styles: list[tuple[str, Style]] = []
        self._lists: list[int | None] = []  # of each open list the next number; None without numbers
        self._mark = ""
        self._depth = 0
        self._new = True  # the next text begins a block
        self._gap = False  # with a blank line above
        self._pre = 0
        self._reply = 0  # inside the quotation of the message that is answered, which we do not repeat
        self._link: tuple[str, int] | None = None  # where it leads, and where in the block its text begins

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "mx-reply":
            self._reply += 1
        elif tag == "br":
            self._add("\n")
        elif tag == "hr":
            self._begin(gap=False)
            self._add("──────────")
            self._begin(gap=False)
        elif tag in ("ul", "ol"):
            self._lists.append(_number(values.get("start")) if tag == "ol" else None)
            self._begin(gap=False)
        elif tag == "li":
            self._item()
        elif tag in _PARAGRAPHS:
            self._begin(gap=True)
            self._depth += tag == "blockquote"
            self._pre += tag == "pre"
        self._open(tag, values.get("href"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "mx-reply":
            self._reply -= 1
        if tag == "code" and not self._pre:
            self._add(self._quote)
        if tag == "a":
            self._close_link()
        for place in range(len(self._styles) - 1, -1, -1):
            if self._styles[place][0] == tag:
                del self._styles[place]
                break
        if tag in ("ul", "ol"):
            self._lists[-1:] = []
            self._begin(gap=not self._lists)
        elif tag in _PARAGRAPHS:
            self._begin(gap=not self._lists)
            self._depth -= tag == "blockquote"
            self._pre -= tag == "pre"

    def handle_data(self, data: str) -> None:
        text = plain(data)
        if not self._pre:
            text = re.sub(r"\s+", " ", text)
            if self._new or self.blocks[-1].text.plain.endswith(("\n", " ")):
                text = text.lstrip(" ")
        if text:
            self._add(text)

    def _open(self, tag: str, address: str | None) -> None:
        if tag == "code" and not self._pre:
            self._add(self._quote)
        style = _STYLES.get(tag)
        if tag == "a" and address:
            style = Style(underline=True, link=plain(address))
            self._link = (plain(address), 0 if self._new else len(self.blocks[-1].text))
        if style:
            self._styles.append((tag, style))

    def _close_link(self) -> None:
        """Write the address of a link behind it: not every terminal can follow one."""
        if self._link is None or self._new:
            return
        (address, start), self._link = self._link, None
        if address not in self.blocks[-1].text.plain[start:]:
            self.blocks[-1].text.append(f" ({address})", Style(dim=True))

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else None
        self._begin(gap=False)
        self._mark = "- " if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1

    def _begin(self, *, gap: bool) -> None:
        self._new, self._gap = True, gap

    def _add(self, text: str) -> None:
        if self._reply or not text:
            return
        if self._new:
            if not text.strip():
                return
            depth = max(len(self._lists) - 1, 0) + self._depth
            self.blocks.append(
                _Block(Text(), depth, self._mark, self._gap and bool(self.blocks) and not self._mark)
            )
            self._new, self._mark = False, ""
        self.blocks[-1].text.append(text, Style.combine([Style(), *(style for _, style in self._styles)]))


def from_html(html: str, *, quoted_code: bool = False) -> RenderableType:
    """Return what a terminal shows for the HTML of a message; with `quoted_code` code has `backticks`."""
    reader = _Reader(quoted_code=quoted_code)
    reader.feed(html)
    reader.close()
    rows: list[RenderableType] = []
    for block in reader.blocks:
        block.text.rstrip()
        if block.gap:
            rows.append("")
        row: RenderableType = block.text
        if block.mark:
            row = Table.grid()
            row.add_column(width=len(block.mark), no_wrap=True)
            row.add_column(overflow="fold")
            row.add_row(block.mark, block.text)
        rows.append(Padding(row, (0, 0, 0, _INDENT * block.depth)))
    return Group(*rows)


def _number(start: str | None) -> int:
    return int(start) if start and re.fullmatch(r"\d{1,9}", start) else 1
