"""Commitments in the library: those that everybody may see with their reports, and never a sign of the others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import aiohttp
import pytest

from storage import submissions
from storage.database import Database
from storage.submissions import Action
from tests import databases
from tests.bot.library.conftest import Read
from tests.bot.library.content import (
    ADDRESS,
    EVIDENCE,
    MODERATOR,
    PROMISE,
    promise,
    promised,
    published,
    report,
    reported,
    taken,
)
from tests.bot.library.test_formats import ATOM, checked
from tests.bot.library.test_hostile import HOSTILE, harmless
from tests.bot.library.test_shown import status

LANGUAGES = ("en", "fr", "es")
TITLE = PROMISE["title"]
PLACES = (
    "/en/commitments",
    "/en/commitments?country=KE",
    "/en/commitments?level=limited",
    "/en/search?q=academies",
    "/en/commitments.atom",
)
EVERYWHERE = (
    *PLACES,
    *(f"/{language}/" for language in LANGUAGES),
    *(f"/{language}/sitemap.xml" for language in LANGUAGES),
    "/fr/commitments",
    "/en/commitments?country=general",
    "/en/commitments?level=complete",
    "/en/search?q=interior",
    "/en/search?q=kenya",
    "/en/practices",
    "/en/practices.atom",
    "/en/map",
    "/en/commitments/1",
    "/en/commitments/2",
    "/fr/commitments/9",
    "/en/practices/1",
    "/en/practices/2",
)
"""Where a commitment, or that there is one, could be seen."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Open a database with nothing in it: neither the glossary nor the calendar is needed here."""
    found = await Database.open(databases.address(tmp_path / "bot.db"))
    yield found
    await found.close()


async def seen(web: aiohttp.ClientSession, read: Read, number: int) -> list[str]:
    """Return where a commitment is seen."""
    found = [place for place in PLACES if TITLE in await read(place)]
    if f"/commitments/{number}<" in await read("/en/sitemap.xml"):
        found.append("sitemap")
    if await status(web, f"/en/commitments/{number}") == 200:
        found.append("page")
    return found


async def state(web: aiohttp.ClientSession) -> dict[str, tuple[int, str, str]]:
    """Return what a stranger can know of the library: statuses, tags for caches, and what is said."""
    found = {}
    for place in EVERYWHERE:
        async with web.get(place) as answer:
            body = hashlib.sha256(await answer.read()).hexdigest()
            found[place] = (answer.status, answer.headers.get("ETag", ""), body)
    return found


def said(page: str) -> str:
    """Return what stands in the main part of a page, without its elements."""
    main = page.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    return " ".join(re.sub(r"<[^>]+>", "", main.replace("</dt>", " ")).split())


async def test_a_commitment_for_everybody_is_seen_everywhere(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    number = await promised(database)
    await reported(database, number)
    assert await seen(web, read, number) == [*PLACES, "sitemap", "page"]
    page = await read(f"/en/commitments/{number}")
    for part in (
        "Who commits State body (Ministry of Interior)",
        "Country Kenya",
        "By when 9 December 2027",
        "How far it is limited",
        "1 June 2027 – the curriculum is written",
        "1 September 2027 – teachers are trained",
        "How one will know The list of academies that teach it is published.",
        "Two of nine teach it.",
        f"Evidence: {EVIDENCE}",
    ):
        assert part in said(page)
    assert f'<a href="{EVIDENCE}" rel="noopener noreferrer nofollow external">' in page
    assert "river-lantern" not in page, "the author's pseudonym is nobody's business"
    assert "stone-heron" not in page


async def test_a_list_says_who_by_when_and_how_far(database: Database, read: Read) -> None:
    first = await promised(database)
    await reported(database, first, "substantial")
    await promised(database, title="A network of mediators", category="academia", body=None, country="general")
    text = said(await read("/en/commitments"))
    assert "2 commitments" in text
    assert text.index("A network of mediators") < text.index(TITLE), "the newest first"
    assert "A network of mediators Academia By 9 December 2027. How far it is: no report yet." in text
    assert f"{TITLE} Kenya · State body (Ministry of Interior) By 9 December 2027." in text
    assert re.search(r"How far it is: substantial\. Last report: \d+ \w+ 20\d\d", text)
    assert "2 commitments, and how far they are" in said(await read("/en/"))


async def test_the_list_is_narrowed_by_country_and_level(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    kenya = await promised(database, title="In Kenya")
    await promised(database, title="In Senegal", country="SN")
    await promised(database, title="In none", country="general")
    await promised(database, title="In secret", country="UG", visibility="members")
    await reported(database, kenya, "not started")
    for query, titles in (
        ("", ["In none", "In Senegal", "In Kenya"]),
        ("?country=KE", ["In Kenya"]),
        ("?country=sn", ["In Senegal"]),
        ("?country=general", ["In none"]),
        ("?country=UG", []),
        ("?level=not+started", ["In Kenya"]),
        ("?country=SN&level=not+started", []),
        ("?level=complete", []),
        ("?country=&level=", ["In none", "In Senegal", "In Kenya"]),
    ):
        page = await read(f"/en/commitments{query}")
        assert re.findall(r"<bdi>(In \w+)</bdi>", page) == titles, query
        assert ("No commitment fits." in page) is (not titles)
    page = await read("/en/commitments?country=KE&level=not+started")
    assert '<option value="KE" selected>Kenya (1)</option>' in page
    assert '<option value="not started" selected>' in page
    assert 'href="/fr/commitments?country=KE&amp;level=not+started"' in page
    assert "Uganda" not in page
    for query in ("country=XX", "level=late", "level=overdue", "page=2", "page=0"):
        assert await status(web, f"/en/commitments?{query}") == 404, query


async def test_many_commitments_have_pages(database: Database, read: Read) -> None:
    for number in range(22):
        await promised(database, title=f"Commitment number {number}.")
    assert "Page 1 of 2" in await read("/en/commitments")
    first, last = await read("/en/commitments?page=1"), await read("/en/commitments?page=2")
    assert "Commitment number 21." in first
    assert "Commitment number 1." not in first
    assert "Commitment number 0." in last
    assert 'rel="prev" href="/en/commitments"' in last
    assert 'rel="next"' not in last
    assert 'href="/en/commitments?country=KE&amp;page=2"' in await read("/en/commitments?country=KE")
    assert "22 commitments" in await read("/en/search?q=number+commitment")


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
        (("submit", "approve", "publish", "hold"), {}),
        (("submit", "approve", "publish", "hold", "release"), {}),
        (("submit", "approve", "publish", "unpublish"), {}),
        (("submit", "approve", "publish", "withdraw"), {}),
        (("submit", "approve", "publish", "erase"), {}),
    ],
    ids=lambda one: " ".join(one) or "draft" if isinstance(one, tuple) else str(one.get("visibility", "public")),
)
async def test_of_what_is_not_public_a_stranger_notices_nothing(
    database: Database, web: aiohttp.ClientSession, way: tuple[Action, ...], fields: dict[str, Any]
) -> None:
    await promised(database, title="Another one", country="SN")
    before = await state(web)
    async with database.write() as writer:
        one = await promise(writer, **fields)
        for action in way:
            await taken(writer, one.id, action)
    assert await state(web) == before
    if way[-1:] == ("publish",):
        await reported(database, one.id)
        async with database.write() as writer:
            await taken(writer, one.id, "revise", proposed=PROMISE | fields | {"title": "Something else"})
        assert await state(web) == before


async def test_where_all_are_for_members_there_seem_to_be_none(
    database: Database, web: aiohttp.ClientSession
) -> None:
    before = await state(web)
    await reported(database, await promised(database, visibility="members"), "complete")
    assert await state(web) == before


@pytest.mark.parametrize("action", ["withdraw", "hold", "unpublish", "erase"])
async def test_what_is_taken_down_is_gone_at_once(
    database: Database, web: aiohttp.ClientSession, read: Read, action: Action
) -> None:
    before = await state(web)
    number = await promised(database)
    await reported(database, number)
    assert await seen(web, read, number) == [*PLACES, "sitemap", "page"]
    tags = {}
    for place in (*PLACES, f"/en/commitments/{number}"):
        async with web.get(place) as answer:
            tags[place] = answer.headers["ETag"]
    async with database.write() as writer:
        await taken(writer, number, action)
    assert await seen(web, read, number) == []
    for place, tag in tags.items():
        async with web.get(place, headers={"If-None-Match": tag}) as answer:
            assert answer.status != 304, f"{place} must not be confirmed to a cache"
    assert await state(web) == before, "its reports went with it"


async def test_while_a_new_version_waits_the_public_one_stays_as_it_is(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    number = await promised(database)
    await reported(database, number)
    before = await state(web)
    new = PROMISE | {"title": "All judges learn of early signs", "deadline": "2028-12-09", "body": "Supreme Court"}
    async with database.write() as writer:
        await taken(writer, number, "revise", proposed=new)
    assert await state(web) == before, "not even that somebody works on it"
    async with database.write() as writer:
        await taken(writer, number, "decline_update")
    assert await state(web) == before
    async with database.write() as writer:
        await taken(writer, number, "revise", proposed=new)
        await taken(writer, number, "publish")
    page = said(await read(f"/en/commitments/{number}"))
    assert "All judges learn of early signs" in page
    assert "9 December 2028" in page
    assert "Ministry of Interior" not in page
    assert "Two of nine teach it." in page
    assert await seen(web, read, number) == ["sitemap", "page"], "nowhere by its old title"
    async with database.write() as writer:
        await taken(writer, number, "revise", proposed=new | {"visibility": "members"})
    assert await status(web, f"/en/commitments/{number}") == 200, "it is public until moderators have decided"
    async with database.write() as writer:
        await taken(writer, number, "publish")
    assert await status(web, f"/en/commitments/{number}") == 404
    assert "judges" not in await read("/en/commitments")


async def test_what_was_for_members_is_seen_when_its_author_and_moderators_decide_so(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    number = await promised(database, visibility="members")
    await reported(database, number)
    async with database.write() as writer:
        await taken(writer, number, "revise", proposed=PROMISE)
    assert await seen(web, read, number) == []
    async with database.write() as writer:
        await taken(writer, number, "publish")
    assert await seen(web, read, number) == [*PLACES, "sitemap", "page"]


async def test_only_published_reports_are_shown_and_the_newest_comes_first(database: Database, read: Read) -> None:
    number = await promised(database)
    assert "There is no report yet." in await read(f"/en/commitments/{number}")
    await reported(database, number, "not started", text="Nobody has begun.", link=None)
    newest = await reported(database, number, "substantial", text="Seven of nine teach it.")
    async with database.write() as writer:
        waiting = await report(writer, number, "complete", text="All teach it.")
        await taken(writer, waiting.id, "submit")
    page = said(await read(f"/en/commitments/{number}"))
    assert page.index("Seven of nine teach it.") < page.index("Nobody has begun.")
    assert "There is no link to evidence." in page
    assert "All teach it." not in page
    assert "How far it is substantial" in page
    async with database.write() as writer:
        await taken(writer, newest, "withdraw")
    page = said(await read(f"/en/commitments/{number}"))
    assert "Seven of nine" not in page
    assert "How far it is not started" in page
    assert TITLE not in await read("/en/commitments?level=substantial")


async def test_a_report_on_one_is_not_shown_with_another(database: Database, read: Read) -> None:
    shown, hidden = await promised(database), await promised(database, visibility="members")
    await reported(database, hidden, "complete", text="Told to members alone.")
    assert "There is no report yet." in await read(f"/en/commitments/{shown}")
    assert TITLE not in await read("/en/commitments?level=complete")


async def test_of_what_is_late_the_date_is_shown_and_no_word(database: Database, read: Read) -> None:
    days = {"en": "31 January 2026", "fr": "31 janvier 2026", "es": "31 de enero de 2026"}
    late = await promised(database, deadline="2026-01-31", milestones="2026-01-10 the curriculum is written")
    places = ("commitments", f"commitments/{late}", "commitments.atom")
    pages = [(language, place, await read(f"/{language}/{place}")) for language in LANGUAGES for place in places]
    for language, place, page in pages:
        assert days[language] in page, place
    async with database.write() as writer:
        later = PROMISE | {"deadline": "2096-01-31", "milestones": "2096-01-10 the curriculum is written"}
        await taken(writer, late, "revise", proposed=later)
        await taken(writer, late, "publish")
    for language, place, page in pages:
        other = (await read(f"/{language}/{place}")).replace("2096", "2026")
        alike = [re.sub(r"<updated>[^<]+", "", one) for one in (page, other)]
        assert alike[0] == alike[1], "a date that has passed is shown like one that has not"


async def test_pages_speak_three_languages_and_leave_texts_in_their_own(database: Database, read: Read) -> None:
    number = await promised(
        database, "fr", title="Une radio répond aux rumeurs", category="civil_society", body=None
    )
    await reported(database, number, "complete")
    page = await read(f"/es/commitments/{number}")
    assert '<h1><bdi lang="fr">Une radio répond aux rumeurs</bdi></h1>' in page
    assert '<p dir="auto" lang="fr">The list of academies' in page
    assert '<p dir="auto" lang="en">Two of nine teach it.</p>' in page
    text = said(page)
    assert "Quién se compromete Sociedad civil" in text
    assert "Plazo 9 de diciembre de 2027" in text
    text = said(await read(f"/fr/commitments/{number}"))
    assert "Échéance 9 décembre 2027" in text
    assert "Avancement achevé" in text
    assert "1er juin 2027 – the curriculum is written" in text
    assert "Compromisos: Kenia" in await read("/es/commitments?country=KE")
    assert "en francés" in said(await read("/es/commitments"))
    assert f"Preuve : {EVIDENCE}" in text
    assert "1 engagement" in await read("/fr/search?q=radio")


async def test_a_commitment_is_found_by_its_words_and_its_country(database: Database, read: Read) -> None:
    number = await promised(database)
    await promised(database, title="Police academies of members", visibility="members")
    for words in ("police early", "ministry of interior", "curriculum", "list published"):
        page = await read(f"/en/search?q={words}")
        assert f'href="/en/commitments/{number}"' in page, words
        assert "1 commitment</h2>" in page
        assert "of members" not in page
    assert '<a href="/en/commitments?country=KE">1 commitment</a>' in await read("/en/search?q=kenya")
    assert "/commitments?country" not in await read("/en/search?q=uganda")
    assert "Nothing here speaks of that." in await read("/en/search?q=river-lantern")


async def test_a_feed_tells_of_new_commitments_and_reports(database: Database, read: Read) -> None:
    async def entries(language: str) -> list[Xml.Element]:
        return checked(await read(f"/{language}/commitments.atom")).findall(f"{ATOM}entry")

    assert await entries("en") == []
    number = await promised(database)
    await promised(database, "fr", title="Comités de paix", body=None, country="general")
    await promised(database, title="For members", visibility="members")
    newest, older = await entries("en")
    assert newest.findtext(f"{ATOM}title") == "Comités de paix"
    assert newest.find(f"{ATOM}author") is None
    assert newest.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    assert older.findtext(f"{ATOM}author/{ATOM}name") == "Ministry of Interior"
    assert "By 9 December 2027." in (older.findtext(f"{ATOM}summary") or "")
    at = datetime.now(UTC) + timedelta(hours=1)
    async with database.write() as writer:
        one = await report(writer, number, "complete")
        await taken(writer, one.id, "submit", "approve")
        await submissions.change(writer, one.id, "publish", MODERATOR, at)
    for language, level in (("en", "complete"), ("fr", "achevé"), ("es", "completo")):
        _, older = await entries(language)
        assert older.findtext(f"{ATOM}updated") == at.isoformat(timespec="seconds").replace("+00:00", "Z")
        assert f" {level}." in (older.findtext(f"{ATOM}summary") or "")


async def test_practices_and_commitments_keep_to_their_own_pages(
    database: Database, web: aiohttp.ClientSession, read: Read
) -> None:
    commitment, practice = await promised(database), await published(database)
    told = await reported(database, commitment)
    for path in (f"practices/{commitment}", f"commitments/{practice}", f"commitments/{told}", f"practices/{told}"):
        assert await status(web, f"/en/{path}") == 404, path
    assert "1 practice" in await read("/en/practices")
    assert TITLE not in await read("/en/practices")
    assert "1 commitment" in await read("/en/commitments")
    sitemap = await read("/en/sitemap.xml")
    assert f"<loc>{ADDRESS}/en/commitments</loc>" in sitemap
    assert f"<loc>{ADDRESS}/en/commitments/{commitment}</loc>" in sitemap
    assert f"/practices/{commitment}<" not in sitemap
    assert f"<loc>{ADDRESS}/en/practices/{practice}</loc>" in sitemap
    home = await read("/en/")
    assert '<li><a href="/en/commitments">Commitments</a></li>' in home
    assert "All practices (1)" in said(home)


async def test_a_hostile_commitment_stays_text(database: Database, read: Read) -> None:
    line = " ".join(HOSTILE.split())
    number = await promised(
        database, title=HOSTILE, body=HOSTILE, known=HOSTILE, milestones=f"2027-06-01 {line}\n2027-07-01 {line}"
    )
    await reported(database, number, text=HOSTILE, link=HOSTILE)
    for place in ("/en/", "/fr/commitments", "/es/search?q=alert", "/es/commitments?country=KE"):
        harmless(await read(place))
    parsed = harmless(await read(f"/en/commitments/{number}"))
    for part in ("<script>alert(1)</script>", "&lt;b&gt; &amp;", "{{ 7*7 }}", "{% raw %}"):
        # Title of the page, heading, body, two milestones, how one will know, and text and link of the report.
        assert parsed.text.count(part) == 8, "shown as it was written"
    checked(await read("/en/commitments.atom"))


async def test_only_an_address_of_the_web_becomes_a_link(database: Database, read: Read) -> None:
    number = await promised(database)
    links = ("javascript:alert(1)", "data:text/html,<b>", 'https://a.org/" onclick=alert(1)', "//example.org", "x")
    for link in links:
        await reported(database, number, link=link)
    await reported(database, number, text="")
    page = await read(f"/en/commitments/{number}")
    assert not re.search(r"<p[^>]*>\s*</p>", page), "what is not said leaves no gap"
    parsed = harmless(await read(f"/en/commitments/{number}"))
    away = [one["href"] for _, one in parsed.found if "external" in (one.get("rel") or "")]
    assert away == [EVIDENCE]
    for link in links:
        assert f"Evidence: {link}" in parsed.text
