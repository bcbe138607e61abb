"""What the library shows, and what it must never show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from storage import events
from storage.database import Database
from storage.submissions import Action
from tests.bot.library.conftest import Read
from tests.bot.library.content import FIELDS, added, draft, published, taken

PLACES = ("/en/", "/en/practices", "/en/practices?country=KE", "/en/search?q=rumours", "/en/practices.atom")


async def status(web: aiohttp.ClientSession, path: str) -> int:
    async with web.get(path) as answer:
        return answer.status


async def seen(web: aiohttp.ClientSession, read: Read, number: int, title: str) -> list[str]:
    """Return where a practice is seen."""
    found = [place for place in PLACES if title in await read(place)]
    if f"/practices/{number}<" in await read("/en/sitemap.xml"):
        found.append("sitemap")
    if await status(web, f"/en/practices/{number}") == 200:
        found.append("page")
    return found


async def test_a_practice_for_everybody_is_seen_everywhere(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    number = await published(database)
    assert await seen(web, read, number, FIELDS["title"]) == [*PLACES, "sitemap", "page"]
    page = await read(f"/en/practices/{number}")
    for said in (
        "Radio Uhuru",
        "Kenya",
        "Two stations answer rumours within a day.",
        "Then ask, and answer on air.",
    ):
        assert said in page
    assert "river-lantern" not in page, "the author's pseudonym is nobody's business"


async def test_practices_of_no_country_in_particular_are_chosen_from_the_list(
    database: Database, read: Read
) -> None:
    await published(database)
    await published(database, title="A handbook", country="general")
    page = await read("/en/practices")
    assert '<option value="general">no country in particular (1)</option>' in page
    page = await read("/en/practices?country=general")
    assert "A handbook" in page
    assert FIELDS["title"] not in page


@pytest.mark.parametrize(
    ("way", "fields"),
    [
        ((), {}),
        (("submit",), {}),
        (("submit", "claim"), {}),
        (("submit", "request_changes"), {}),
        (("submit", "approve"), {}),
        (("submit", "reject"), {}),
        (("submit", "approve", "publish"), {"visibility": "members"}),
        (("submit", "approve", "publish"), {"visibility": None}),
        (("submit", "approve", "publish", "hold"), {}),
        (("submit", "approve", "publish", "hold", "release"), {}),
        (("submit", "approve", "publish", "unpublish"), {}),
        (("submit", "approve", "publish", "archive"), {}),
        (("submit", "approve", "publish", "withdraw"), {}),
        (("submit", "approve", "publish", "erase"), {}),
    ],
    ids=lambda one: " ".join(one) or "draft" if isinstance(one, tuple) else str(one.get("visibility", "public")),
)
async def test_what_is_not_public_is_seen_nowhere(
    database: Database,
    web: aiohttp.ClientSession,
    read: Read,
    way: tuple[Action, ...],
    fields: dict[str, Any],
) -> None:
    other = await published(database, title="Another one")
    async with database.write() as writer:
        one = await draft(writer, **fields)
        if way:
            await taken(writer, one.id, *way)
    assert await seen(web, read, one.id, FIELDS["title"]) == []
    assert FIELDS["title"] not in await read(f"/en/practices/{other}"), "not among those like it either"


@pytest.mark.parametrize("action", ["withdraw", "hold", "unpublish", "archive", "erase"])
async def test_what_is_taken_down_is_gone_at_once(
    database: Database, web: aiohttp.ClientSession, read: Read, action: Action
) -> None:
    number = await published(database)
    assert await seen(web, read, number, FIELDS["title"]) == [*PLACES, "sitemap", "page"]
    tags = {}
    for place in (*PLACES, f"/en/practices/{number}"):
        async with web.get(place) as answer:
            tags[place] = answer.headers["ETag"]
    async with database.write() as writer:
        await taken(writer, number, action)
    assert await seen(web, read, number, FIELDS["title"]) == []
    for place, tag in tags.items():
        async with web.get(place, headers={"If-None-Match": tag}) as answer:
            assert answer.status != 304, f"{place} must not be confirmed to a cache"


async def test_a_new_version_is_seen_when_it_is_published_and_not_before(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    number = await published(database)
    before = await read("/en/practices.atom")
    new = FIELDS | {"title": "Television", "summary": "Another text", "attributed": "Somebody else"}
    async with database.write() as writer:
        await taken(writer, number, "revise", proposed=new)
    assert "Television" not in await read("/en/practices")
    assert "Radio that answers rumours" in await read(f"/en/practices/{number}")
    assert await read("/en/practices.atom") == before, "not even that somebody works on it"
    async with database.write() as writer:
        await taken(writer, number, "publish")
    page = await read(f"/en/practices/{number}")
    assert "Television" in page
    assert "Radio that answers rumours" not in page
    narrower = new | {"visibility": "members"}
    async with database.write() as writer:
        await taken(writer, number, "revise", proposed=narrower)
        await taken(writer, number, "publish")
    assert await status(web, f"/en/practices/{number}") == 404


@pytest.mark.parametrize(
    ("attribution", "shown"),
    [
        ("name", "Shared by Radio Uhuru."),
        ("organisation", "Shared by Radio Uhuru."),
        ("country", "Shared from Kenya."),
        ("anonymous", "Shared anonymously."),
    ],
)
async def test_only_the_attribution_that_was_chosen(
    database: Database, read: Read, attribution: str, shown: str
) -> None:
    # The name was given before its author chose another attribution.
    number = await published(database, attribution=attribution)
    page = await read(f"/en/practices/{number}")
    assert shown in page
    named = attribution in ("name", "organisation")
    for place in (page, await read("/en/practices"), await read("/en/practices.atom")):
        if not named:
            assert "Uhuru" not in place
    found = await read("/en/search?q=uhuru")
    assert (FIELDS["title"] in found) is named, "who is not named is not found by the name"


async def test_only_events_that_are_for_everybody(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    numbers = {
        access: await added(
            database,
            titles={"en": f"Meeting of {access}"},
            access=access,
            link=f"https://example.org/{access}/room",
            registration=f"https://example.org/{access}/register",
            topics=[f"topic of {access}"],
            countries=["KE"],
        )
        for access in ("public", "members", "invited")
    }
    places = ("/en/", "/en/calendar", "/en/search?q=meeting", "/en/calendar.atom", "/calendar.ics")
    more = ("/en/calendar/topic/training.ics", "/en/calendar/country/KE.ics", "/en/sitemap.xml")
    for place in (*places, *more):
        # Lines of iCalendar are folded.
        text = (await read(place)).replace("\r\n ", "")
        if place in places:
            assert "Meeting of public" in text, place
        for access in ("members", "invited"):
            assert f"Meeting of {access}" not in text, place
            assert f"/{access}/" not in text, place
            assert f"topic of {access}" not in text, place
    assert f"/calendar/{numbers['members']}<" not in await read("/en/sitemap.xml")
    page = await read(f"/en/calendar/{numbers['public']}")
    assert "https://example.org/public/register" in page
    for access in ("members", "invited"):
        assert await status(web, f"/en/calendar/{numbers[access]}") == 404
        assert await status(web, f"/en/calendar/{numbers[access]}.ics") == 404
        assert await status(web, f"/en/calendar/topic/topic%20of%20{access}.ics") == 404


async def test_an_event_that_becomes_one_for_members_is_gone_at_once(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    number = await added(database)
    assert f"/{number}<" in await read("/en/sitemap.xml")
    assert "Early warning\\, step by step" in await read("/calendar.ics")
    assert "Early warning, step by step" in await read("/en/calendar")
    async with database.write() as writer:
        one = await events.get(writer, number)
        assert one is not None
        await events.put(writer, one.model_copy(update={"access": "members"}), datetime.now(UTC))
    for place in ("/calendar.ics", "/en/calendar", "/en/", "/en/calendar.atom", "/en/search?q=early"):
        assert "step by step" not in await read(place)
    assert await status(web, f"/en/calendar/{number}") == 404


async def test_each_event_is_there_in_the_languages_that_it_has(database: Database, read: Read) -> None:
    number = await added(database, titles={"en": "Early warning", "fr": "Alerte précoce"})
    assert "Alerte précoce" in await read(f"/fr/calendar/{number}")
    page = await read(f"/es/calendar/{number}")
    assert '<bdi lang="en">Early warning</bdi>' in page
    assert "Formación" in page or "formación" in page
    assert "Nairobi" in page


async def test_a_term_and_the_map(read: Read) -> None:
    page = await read("/fr/glossary/genocide")
    assert "<h1><bdi>Génocide</bdi></h1>" in page
    assert "Souvent confondu avec" in page
    found = await read("/en/search?q=rtop")
    assert 'href="/en/glossary/' in found
    assert "Responsibility to protect" in found or "responsibility to protect" in found
    page = await read("/en/map")
    assert 'alt="Map of world:' in page
    assert "What is not on record may exist all the same." in page
    assert (await read("/en/map.svg")).startswith("<svg ")
    assert '#KE"' in await read("/en/search?q=kenya")
