"""Markdown becomes a message that is safe whatever is put into it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.rendering import (
    TAGS,
    Markdown,
    bullets,
    code,
    escape,
    join,
    link,
    paragraphs,
    render,
    split,
    strong,
)

HOSTILE = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            [
                *(
                    "<b>",
                    "</p>",
                    "<img src=x onerror=y>",
                    "<script>",
                    "&amp;",
                    "&#64;room",
                    "@room",
                    "@ROOM",
                    "**",
                ),
                *("`", "```", "\n\n", "\n", "# ", "- ", "1. ", "> ", "    ", "[a](", ")", "![", "](mxc://a/b)"),
                *("https://matrix.to/#/@u:x", "matrix:u/u:x", "<https://matrix.to/#/@u:x>", "\\", "|", "\u202e"),
                *("\u2067", "\x00", "\x1b[31m", "\u200d", "\t", "~~", "_", "__", "javascript:alert(1)", "a", " "),
            ]
        ),
        max_size=12,
    ).map("".join),
)


class Reader(HTMLParser):
    """Collects tags, links and text of HTML as a client would read it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert (tag, name) in {("a", "href"), ("ol", "start")}
            if name == "href":
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def mentions(text: str) -> bool:
    """Tell whether a client could take a part of the text for a mention."""
    return bool(re.search(r"@room\b|matrix\.to/#/@|matrix:u/", text, re.IGNORECASE))


@given(HOSTILE, HOSTILE, HOSTILE)
def test_member_text_never_becomes_markup_or_a_mention(first: str, second: str, third: str) -> None:
    template = Markdown("**{a}** is `x` {b}\n{c}\n\n- {d}\n- {e}\n\n{f}")
    message = template.format(
        a=first, b=code(second), c=escape(third, lines=True), d=strong(first), e=second, f=bullets([third, first])
    )
    rendered = render(message)
    assert not mentions(rendered.body)
    if rendered.html:
        found = Reader(rendered.html)
        assert found.tags <= {"p", "strong", "code", "ul", "li", "br"}
        assert not found.links
        assert not mentions(found.text)
    assert not re.search("[\x00\x1b\u202a-\u202e\u2066-\u2069]", rendered.body)


@given(st.text(max_size=300))
def test_whatever_is_written_only_allowed_tags_come_out(text: str) -> None:
    rendered = render(Markdown(text))
    if rendered.html:
        found = Reader(rendered.html)
        assert found.tags <= TAGS
        assert not any(re.match(r"https?://matrix\.to/#/@", one) for one in found.links)
        assert all(re.match(r"https?:|[^:]*$|[^:]*[/?#]", one) for one in found.links)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), max_size=60))
def test_escaped_text_reads_as_it_was(text: str) -> None:
    shown = render(Markdown("x{}x").format(text)).body.replace("\u2060", "")
    assert shown == f"x{text}x".replace("\u2060", "")


@given(st.lists(HOSTILE, max_size=4), st.integers(min_value=200, max_value=2000))
def test_splitting_loses_nothing_and_keeps_to_the_limit(texts: list[str], limit: int) -> None:
    whole = paragraphs(*(escape(text * 10, lines=True) for text in texts))
    parts = split(whole, limit)
    for part in parts:
        rendered = render(part)
        assert len(rendered.body.encode()) + len((rendered.html or "").encode()) <= limit
    joined = "".join("".join(part.split()) for part in parts)
    assert joined == "".join(whole.split())


def test_split_prefers_paragraphs() -> None:
    paragraph = "word " * 100
    parts = split(Markdown("\n\n".join([paragraph] * 5)), 2300)
    assert [part.count("word") for part in parts] == [200, 200, 100]


@pytest.mark.parametrize(
    ("markdown", "body", "html"),
    [
        (Markdown("plain"), "plain", None),
        (Markdown("**bold** text"), "bold text", "<p><strong>bold</strong> text</p>"),
        (Markdown("a\n\n- b\n- c"), "a\n\n- b\n- c", "<p>a</p>\n<ul>\n<li>b</li>\n<li>c</li>\n</ul>"),
        (Markdown("1. b\n2. c"), "1. b\n2. c", "<ol>\n<li>b</li>\n<li>c</li>\n</ol>"),
        (link("UN", "https://un.org/a"), "UN (https://un.org/a)", '<p><a href="https://un.org/a">UN</a></p>'),
        (link("UN", "javascript:alert(1)"), "UN", None),
        (link("me", "https://matrix.to/#/@me:x"), "me (https://matrix.to/#/@me:x)", "<p><a>me</a></p>"),
        (Markdown("```\na  b\n```"), "a  b", "<pre><code>a  b\n</code></pre>"),
        (code("a`b"), "a`b", "<p><code>a`b</code></p>"),
        (Markdown(""), "", None),
    ],
)
def test_bodies_are_readable_without_html(markdown: Markdown, body: str, html: str | None) -> None:
    rendered = render(markdown)
    assert (rendered.body, rendered.html) == (body, html)


def test_format_escapes_what_is_not_markdown() -> None:
    assert render(Markdown("{} {}").format("*a*", Markdown("*a*"))).html == "<p>*a* <em>a</em></p>"
    assert join(", ", ["*", Markdown("*")]) == "\\*, *"
    assert Markdown("a") + "*" == "a\\*"
    assert isinstance(Markdown("abc")[1:], Markdown)
