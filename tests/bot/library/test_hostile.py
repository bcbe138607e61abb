"""Whatever somebody wrote is shown as text, in each field of a practice and an event."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as Xml

import icalendar
import pytest

from storage.database import Database
from tests import databases
from tests.bot.library.conftest import Read
from tests.bot.library.content import added, published

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> &lt;b&gt; &amp; \" ' {{ 7*7 }} {% raw %} ${x} "
    "javascript:alert(3) [a](javascript:alert(4)) \u202eedoc\u2066 \x07\ufffe ]]> --> </title></textarea> "
    "@room \r\nBEGIN:VEVENT\r\nATTENDEE:x" + ("" if databases.ON_POSTGRES else "\0")
    # PostgreSQL takes no null characters; they are stopped where text comes in.
)
FIELDS = (
    *("title", "problem", "summary", "story", "result", "attributed", "period", "objectives", "beneficiaries"),
    *("partners", "resources", "enabling", "constraints", "inclusion", "risks", "replicability", "evidence"),
    *("mechanism", "tags"),
)
PAGES = ("/en/", "/fr/practices", "/es/search?q=alert", "/en/practices/1")


class Elements(HTMLParser):
    """Collects which elements and attributes a browser would make of a page, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def harmless(page: str) -> Elements:
    """See that a page has no element or attribute that could do anything, and no address but for the web."""
    parsed = Elements()
    parsed.feed(page)
    for tag, attributes in parsed.found:
        assert tag not in ("script", "style", "iframe", "object", "embed", "base", "textarea"), tag
        assert tag != "img" or (attributes["src"] or "").endswith("/map.svg")
        for name, value in attributes.items():
            assert not name.startswith("on"), name
            assert name != "style"
            if name in ("href", "src", "action"):
                assert (value or "").startswith(("/", "#", "https://")), value
    for forbidden in ("\u202e", "\u2066", "\x00", "\x07", "\ufffe", "\ufffd"):
        assert forbidden not in page
    assert "49" not in parsed.text.replace("{{ 7*7 }}", "")
    return parsed


@pytest.mark.parametrize("field", FIELDS)
async def test_a_hostile_practice_stays_text(database: Database, read: Read, field: str) -> None:
    assert await published(database, **{field: HOSTILE}) == 1
    for place in PAGES:
        parsed = harmless(await read(place))
    for part in ("<script>alert(1)</script>", "&lt;b&gt; &amp;", "{{ 7*7 }}", "{% raw %}"):
        assert part in parsed.text, "shown as it was written"
    feed = Xml.fromstring(await read("/en/practices.atom"))  # noqa: S314 - of our own
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"


EVENT: dict[str, Any] = {
    "titles": {"en": HOSTILE, "fr": HOSTILE},
    "descriptions": {"en": HOSTILE, "es": HOSTILE},
    "place": HOSTILE,
    "organiser": HOSTILE,
    "source": HOSTILE,
    "topics": [HOSTILE[:60], "a/b?c#d", "../.."],
    "reason": HOSTILE,
    "link": "https://example.org/?a=<script>&b=\"'><img",
    "registration": 'https://example.org/%3Cscript%3E"onclick=alert(1)',
}


@pytest.mark.parametrize("field", EVENT)
async def test_a_hostile_event_stays_text(database: Database, read: Read, field: str) -> None:
    cancelled = {"certainty": "cancelled"} if field == "reason" else {}
    number = await added(database, uid="hostile@example.org", **{field: EVENT[field]}, **cancelled)
    for place in (
        f"/en/calendar/{number}",
        f"/fr/calendar/{number}",
        "/es/calendar",
        "/en/",
        "/en/search?q=alert",
    ):
        harmless(await read(place))
    Xml.fromstring(await read("/en/calendar.atom"))  # noqa: S314 - of our own
    text = await read(f"/en/calendar/{number}.ics")
    assert not set(text) & set("\x00\x07\u202e\u2066")
    calendar = icalendar.Calendar.from_ical(text)
    assert len(calendar.events) == 1
    assert "ATTENDEE" not in {name for one in calendar.walk() for name in one}


async def test_a_hostile_search_stays_text(read: Read) -> None:
    for words in (
        "<script>alert(1)</script>",
        '"onfocus=alert(1) autofocus="',
        "{{ 7*7 }}",
        "\x00\u202e",
        '" OR *',
    ):
        harmless(await read(f"/en/search?q={quote(words)}"))
