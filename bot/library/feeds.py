"""Feeds of practices, commitments and events (Atom, RFC 4287), and what search engines ask for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree as Xml

from bot.library import commitments, events, practices
from bot.library.asking import Ask
from bot.library.documents import ATOM, TEXT, XML, Document
from bot.library.pages import worded
from commands.context import Context
from commands.rendering import plain
from config.languages import SPOKEN
from storage import library, public_commitments

NAMESPACE = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
ENTRIES = 50
MOST_ADDRESSES = 50_000
"""In one sitemap (https://www.sitemaps.org/protocol.html)."""
SINCE = 2026
"""In the tag URIs (RFC 4151) of entries: a year in which the address was the community's."""

NEVER = datetime(SINCE, 1, 1, tzinfo=UTC)
"""When a feed was changed in which nothing ever stood; the hour would tell that something else has changed."""


class Entry(NamedTuple):
    """An entry of a feed. `about` names it for ever, `path` is its page without the language."""

    about: str
    path: str
    title: str
    text: str
    language: str
    updated: datetime
    author: str = ""


async def of_practices(ctx: Context, ask: Ask, address: str) -> partial[Document]:
    """Return what writes the feed of the newest practices, from whom as their authors chose."""
    entries = [
        Entry(
            about=f"practice/{one.id}",
            path=f"practices/{one.id}",
            title=practices.title(one),
            text=str(one.fields.get("summary") or ""),
            language=one.language,
            updated=one.at,
            author=str(one.fields.get("attributed") or ""),
        )
        for one in await library.practices(ctx.storage, ENTRIES)
    ]
    return partial(write, entries, ctx.plain("GAAMAC: practices"), ask, address, "practices")


async def of_commitments(ctx: Context, ask: Ask, address: str) -> partial[Document]:
    """Return what writes the feed of the newest commitments, each with how far it is."""
    entries = []
    for one in await public_commitments.newest(ctx.storage, ENTRIES):
        shown = commitments.row(ctx, one)
        about = [str(shown[key]) for key in ("country", "category", "body") if shown[key]]
        lines = [
            " · ".join(about),
            ctx.plain("By {day}.", day=shown["by"]),
            ctx.plain("How far it is: {level}.", level=shown["level"]),
        ]
        entries.append(
            Entry(
                about=f"commitment/{one.id}",
                path=f"commitments/{one.id}",
                title=one.promise.title,
                text="\n".join(lines),
                language=one.language,
                # A report is news of it.
                updated=max(one.at, one.reported_at or one.at),
                author=str(shown["body"]),
            )
        )
    return partial(write, entries, ctx.plain("GAAMAC: commitments"), ask, address, "commitments")


async def of_events(ctx: Context, ask: Ask, address: str) -> partial[Document]:
    """Return what writes the feed of the next events."""
    entries = []
    for one in await library.coming(ctx.storage, ctx.now, ENTRIES):
        shown = events.coming_row(ctx, one)
        about = [str(shown["when"]), one.event.place or "", one.event.description(ctx.language) or ""]
        if shown["cancelled"]:
            about.insert(0, worded(ctx.language, "Cancelled"))
        entries.append(
            Entry(
                about=f"event/{one.event.id}",
                path=f"calendar/{one.event.id}",
                title=one.event.title(ctx.language),
                text="\n".join(part for part in about if part),
                language=str(shown["spoken"]),
                updated=one.event.updated_at,
            )
        )
    return partial(write, entries, ctx.plain("GAAMAC: events"), ask, address, "calendar")


def write(entries: list[Entry], title: str, ask: Ask, address: str, page: str) -> Document:
    """Write a feed; `page` shows the same to people."""
    root = Xml.Element("feed", {"xmlns": NAMESPACE, "xml:lang": ask.language})
    host = urlsplit(address).hostname or ""
    itself = f"{address}/{ask.language}/{ask.path}"
    _add(root, "id", itself)
    _add(root, "title", title)
    _add(root, "updated", _time(max((one.updated for one in entries), default=NEVER)))
    _add(_add(root, "author"), "name", "GAAMAC")
    _add(root, "link", rel="self", type="application/atom+xml", href=itself)
    _add(
        root,
        "link",
        rel="alternate",
        type="text/html",
        hreflang=ask.language,
        href=f"{address}/{ask.language}/{page}",
    )
    for one in entries:
        entry = _add(root, "entry", **{"xml:lang": one.language})
        _add(entry, "id", f"tag:{host},{SINCE}:{one.about}")
        _add(entry, "title", plain(one.title))
        _add(entry, "updated", _time(one.updated))
        if one.author:
            _add(_add(entry, "author"), "name", plain(one.author))
        _add(entry, "link", rel="alternate", type="text/html", href=f"{address}/{ask.language}/{one.path}")
        _add(entry, "summary", plain(one.text))
    return Document(_xml(root), ATOM)


async def sitemap(ctx: Context, ask: Ask, address: str) -> partial[Document]:
    """Return what writes the addresses of all pages in a language."""
    paths = ["", "practices", "commitments", "glossary", "calendar", "calendar/past", "map"]
    paths += [f"glossary/{one}" for one in await library.concept_names(ctx.storage, MOST_ADDRESSES // 3)]
    paths += [f"calendar/{one}" for one in await library.event_numbers(ctx.storage, MOST_ADDRESSES // 3)]
    paths += [f"commitments/{one}" for one in await public_commitments.numbers(ctx.storage, MOST_ADDRESSES // 6)]
    left = MOST_ADDRESSES - len(paths)
    paths += [f"practices/{one}" for one in await library.practice_numbers(ctx.storage, left)]
    return partial(_addresses, "urlset", "url", [f"{address}/{ask.language}/{path}" for path in paths])


def sitemaps(address: str) -> Document:
    """Return which sitemaps there are: one for each language."""
    return _addresses("sitemapindex", "sitemap", [f"{address}/{language}/sitemap.xml" for language in SPOKEN])


def robots(address: str) -> Document:
    """Return what search engines may read: all but searches."""
    rules = [f"Disallow: /{language}/search" for language in SPOKEN]
    return Document("\n".join(["User-agent: *", *rules, f"Sitemap: {address}/sitemap.xml", ""]).encode(), TEXT)


def _addresses(kind: str, one: str, addresses: Iterable[str]) -> Document:
    root = Xml.Element(kind, {"xmlns": SITEMAP})
    for address in addresses:
        _add(_add(root, one), "loc", address)
    return Document(_xml(root), XML)


def _add(parent: Xml.Element, name: str, text: str | None = None, /, **attributes: str) -> Xml.Element:
    made = Xml.SubElement(parent, name, attributes)
    made.text = text
    return made


def _xml(root: Xml.Element) -> bytes:
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
