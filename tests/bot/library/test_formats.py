"""Feeds and calendars are what their standards say they are."""

from __future__ import annotations

import re
from datetime import datetime
from xml.etree import ElementTree as Xml

import icalendar
import pytest

from storage.database import Database
from tests.bot.library.conftest import Read
from tests.bot.library.content import ADDRESS, added, published

ATOM = "{http://www.w3.org/2005/Atom}"
IRI = re.compile(r"(https://library\.example\.org/|tag:library\.example\.org,2026:)\S+")


def checked(text: str) -> Xml.Element:
    """See that a feed has what RFC 4287 asks for, sections 4.1.1 and 4.1.2."""
    feed = Xml.fromstring(text)  # noqa: S314 - of our own
    assert feed.tag == f"{ATOM}feed"
    for one in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(one.findall(ATOM + name)) == 1, name
        assert IRI.fullmatch(one.findtext(f"{ATOM}id") or "")
        assert datetime.fromisoformat(one.findtext(f"{ATOM}updated") or "").tzinfo is not None
        links = one.findall(f"{ATOM}link")
        assert sum(link.get("rel") == "alternate" for link in links) == 1
        assert all((link.get("href") or "").startswith(f"{ADDRESS}/") for link in links)
        for author in one.findall(f"{ATOM}author"):
            assert author.findtext(f"{ATOM}name")
    # Entries without an author have the feed's.
    assert feed.find(f"{ATOM}author") is not None
    assert [link.get("href") for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]
    ids = [one.findtext(f"{ATOM}id") for one in feed.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))
    return feed


@pytest.mark.parametrize("language", ["en", "fr", "es"])
async def test_feeds(database: Database, read: Read, language: str) -> None:
    checked(await read(f"/{language}/practices.atom"))
    await published(database, "fr", title="Comités de paix", attribution="anonymous")
    await published(database)
    feed = checked(await read(f"/{language}/practices.atom"))
    newest, older = feed.findall(f"{ATOM}entry")
    assert newest.findtext(f"{ATOM}title") == "Radio that answers rumours"
    assert newest.findtext(f"{ATOM}author/{ATOM}name") == "Radio Uhuru"
    assert older.find(f"{ATOM}author") is None
    assert older.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    await added(database)
    feed = checked(await read(f"/{language}/calendar.atom"))
    assert "Early warning, step by step" in [one.findtext(f"{ATOM}title") for one in feed.findall(f"{ATOM}entry")]


def strict(text: str) -> icalendar.Calendar:
    """See that a calendar is one by RFC 5545: folded at 75 octets, CRLF, and what must be there is there."""
    data = text.encode()
    assert data.startswith(b"BEGIN:VCALENDAR\r\n")
    assert data.endswith(b"END:VCALENDAR\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75, line
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode()
    calendar = icalendar.Calendar.from_ical(data)
    assert isinstance(calendar, icalendar.Calendar)
    assert not calendar.errors
    assert {"PRODID", "VERSION"} <= set(calendar)
    zones = {str(one["tzid"]) for one in calendar.walk("VTIMEZONE")}
    used = set(re.findall(r"TZID=([^:;]+):", data.replace(b"\r\n ", b"").decode()))
    assert used == zones
    for event in calendar.walk("VEVENT"):
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(event)
        assert not event.errors
    return calendar


async def test_calendars(database: Database, read: Read) -> None:
    await added(database, topics=["Alerte précoce"], countries=["KE"], place="Nairobi")
    await added(database, uid="w@example.org", kind="webinar", titles={"en": "A webinar", "fr": "Un webinaire"})
    every = strict(await read("/calendar.ics"))
    assert {"Early warning, step by step", "A webinar", "Human Rights Day"} <= {
        str(e["summary"]) for e in every.events
    }
    for path, expected in (
        ("/calendar/topic/training.ics", {"Early warning, step by step"}),
        ("/calendar/topic/Alerte%20pr%C3%A9coce.ics", {"Early warning, step by step"}),
        ("/calendar/topic/alerte%20precoce.ics", {"Early warning, step by step"}),
        ("/calendar/topic/webinar.ics", {"A webinar"}),
        ("/fr/calendar/topic/webinar.ics", {"Un webinaire"}),
        ("/calendar/country/KE.ics", {"Early warning, step by step"}),
        ("/calendar/country/ke.ics", {"Early warning, step by step"}),
        ("/es/calendar/country/PE.ics", set()),
    ):
        assert {str(one["summary"]) for one in strict(await read(path)).events} == expected, path
    page = await read("/en/calendar")
    for address in re.findall(r'href="(/en/calendar[^"]*\.ics)"', page):
        strict(await read(address))


async def test_sitemaps_name_pages_that_there_are(database: Database, read: Read) -> None:
    await published(database)
    index = await read("/sitemap.xml")
    assert f"{ADDRESS}/es/sitemap.xml" in index
    addresses = re.findall(r"<loc>https://library\.example\.org(/[^<]*)</loc>", await read("/es/sitemap.xml"))
    assert "/es/practices/1" in addresses
    for address in addresses[:30]:
        await read(address)
    assert f"Sitemap: {ADDRESS}/sitemap.xml" in await read("/robots.txt")
