"""How the library speaks HTTP: headers, caches, languages, errors, and visitors who mean no good."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs
from yarl import URL

from bot.errors import StartError
from bot.library import visitors
from bot.library.site import Library
from bot.metrics import Metrics, Moment
from bot.web import Web
from config.settings import SettingsError, load
from storage.database import Database
from tests.bot.library.conftest import Read
from tests.bot.library.content import ADDRESS, free_port, published, settings

KINDS = {
    "/en/": "text/html",
    "/en/practices.atom": "application/atom+xml",
    "/en/commitments.atom": "application/atom+xml",
    "/en/calendar.atom": "application/atom+xml",
    "/calendar.ics": "text/calendar",
    "/fr/calendar.ics": "text/calendar",
    "/en/map.svg": "image/svg+xml",
    "/robots.txt": "text/plain",
    "/sitemap.xml": "application/xml",
    "/icon.svg": "image/svg+xml",
}


async def test_every_answer_is_safe_and_asks_to_be_asked_again(web: aiohttp.ClientSession) -> None:
    for path, kind in {**KINDS, "/en/nothing": "text/html"}.items():
        async with web.get(path) as answer:
            assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; ")
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert answer.headers["Cache-Control"] in ("no-cache", "no-store")
            assert "camera=()" in answer.headers["Permissions-Policy"]
            assert "Set-Cookie" not in answer.headers
            assert "aiohttp" not in answer.headers["Server"]


async def test_the_style_sheet_stays_in_the_cache_and_nothing_is_inline(
    web: aiohttp.ClientSession, read: Read
) -> None:
    page = await read("/en/map")
    assert "<style" not in page
    assert "<script" not in page
    assert " style=" not in page
    path = re.search(r'href="(/style-[0-9a-f]+\.css)"', page)
    assert path is not None
    async with web.get(path[1]) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert "url(" not in await answer.text()


async def test_a_cache_is_told_that_nothing_has_changed(database: Database, web: aiohttp.ClientSession) -> None:
    await published(database)
    for path in KINDS:
        async with web.get(path) as answer:
            tag, body = answer.headers["ETag"], await answer.read()
        for known in (tag, f'"other", W/{tag}', "*"):
            async with web.get(path, headers={"If-None-Match": known}) as answer:
                assert (answer.status, await answer.read()) == (304, b"")
                assert answer.headers["ETag"] == tag
        async with web.get(path, headers={"If-None-Match": '"other"'}) as answer:
            assert answer.status == 200
        async with web.head(path) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
            assert answer.headers["Content-Length"] == str(len(body))
            assert answer.headers["ETag"] == tag


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr-CI,fr;q=0.9,en;q=0.8", "fr"),
        ("de, es;q=0.5, en;q=0.1", "es"),
        ("es;q=0, fr;q=0.3", "fr"),
        ("q=q;q=x,,;;, *", "en"),
        ("fr;q=7", "en"),
        ("x" * 4000, "en"),
    ],
)
async def test_the_first_page_is_in_the_language_of_the_browser(
    web: aiohttp.ClientSession, header: str, language: str
) -> None:
    async with web.get("/", headers={"Accept-Language": header}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, f"/{language}/")
        assert answer.headers["Vary"] == "Accept-Language"


async def test_what_is_wrong_is_said_in_the_language_of_the_page(web: aiohttp.ClientSession) -> None:
    for path, said in (("/fr/rien", "Cette page n’existe pas"), ("/es/practices/99", "Esta página no existe")):
        async with web.get(path) as answer:
            assert answer.status == 404
            assert said in await answer.text()
    async with web.get("/nothing", headers={"Accept-Language": "fr"}) as answer:
        assert "Cette page n’existe pas" in await answer.text()
    async with web.post("/en/practices", data=b"x" * 100) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert "These pages can only be read." in await answer.text()


@pytest.mark.parametrize(
    "path",
    [
        "/en/practices?page=0",
        "/en/practices?page=2",
        "/en/practices?page=999999999999",
        "/en/practices?page=%D9%A1",
        "/en/practices?country=XX",
        "/en/practices/1000000000000",
        "/en/glossary/%00",
        "/en/glossary/..%2f..%2fbot.db",
        "/en/calendar/topic/nothing.ics",
        "/calendar/country/XX.ics",
        "/en/templates/base.html",
        "/../../etc/passwd",
        "/metrics",
        "/healthz",
        "/readyz",
    ],
)
async def test_there_is_nothing_else(web: aiohttp.ClientSession, path: str) -> None:
    async with web.get(URL(path, encoded=True)) as answer:
        assert answer.status == 404
        assert "Traceback" not in await answer.text()


async def test_a_page_that_fails_says_so_and_neither_what_nor_for_whom(
    database: Database, web: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a secret of the program")

    monkeypatch.setattr("storage.library.find_practices", broken)
    with capture_logs() as logs:
        async with web.get("/fr/search?q=confidential") as answer:
            text = await answer.text()
    assert answer.status == 500
    assert "L’erreur vient de nous." in text
    assert "secret" not in text
    assert [one["event"] for one in logs] == ["a page failed"]
    assert "confidential" not in str(logs)
    assert "127.0.0.1" not in str(logs)
    async with web.get("/fr/") as answer:
        assert answer.status == 200


async def test_nothing_is_logged_of_visitors(
    web: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        async with web.get("/en/search?q=confidential"):
            pass
        reader, writer = await asyncio.open_connection(web._base_url.host, web._base_url.port)  # type: ignore[union-attr]
        writer.write(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
    out = "".join(capfd.readouterr())
    assert (logs, out, caplog.text) == ([], "", "")


async def test_long_and_many_words_are_answered_politely(web: aiohttp.ClientSession) -> None:
    async with web.get("/en/search", params={"q": "rumour " * 200}) as answer:
        assert answer.status == 400
        assert "A search has 200 letters at most." in await answer.text()
    async with web.get("/en/search", params={"q": "x" * 20_000}) as answer:
        assert answer.status == 400
    async with web.get("/en/search") as answer:
        assert "Type words" in await answer.text()
    async with web.get("/en/search?q=qqqqqqqqqq") as answer:
        assert "Nothing here speaks of that." in await answer.text()


async def test_links_lead_to_the_same_page_in_other_languages_at_the_public_address(
    database: Database, web: aiohttp.ClientSession
) -> None:
    await published(database)
    async with web.get(
        "/fr/practices?country=KE", headers={"Host": "evil.example", "X-Forwarded-Host": "evil"}
    ) as one:
        page = await one.text()
    assert "evil" not in page
    assert f'<link rel="canonical" href="{ADDRESS}/fr/practices?country=KE">' in page
    assert f'<link rel="alternate" hreflang="es" href="{ADDRESS}/es/practices?country=KE">' in page
    assert 'lang="es" hreflang="es" href="/es/practices?country=KE"' in page


async def test_many_practices_have_pages(database: Database, read: Read) -> None:
    for number in range(45):
        await published(database, title=f"Practice number {number}.")
    assert "Page 1 of 3" in await read("/en/practices")
    first, last = await read("/en/practices?page=1"), await read("/en/practices?page=3")
    assert "Practice number 44." in first
    assert "Practice number 25." in first
    assert "Practice number 24." not in first
    assert "Practice number 0." in last
    assert 'rel="prev" href="/en/practices?page=2"' in last
    assert 'rel="next"' not in last
    assert 'href="/en/practices?country=KE&amp;page=2"' in await read("/en/practices?country=KE")


async def test_metrics_and_library_have_addresses_of_their_own_and_both_the_calendar(database: Database) -> None:
    inside, outside = f"127.0.0.1:{free_port()}", free_port()
    library = Library(settings(outside), database)
    moment = Moment(sync_age=1.0, clock_age=1.0, rooms=3, lanes=0, malformed=0, rate_limited_for=0.0)
    web = Web(database, Metrics(), lambda: moment, library.calendar_routes())
    async with web.listening(inside), library.listening(), aiohttp.ClientSession() as to:
        for address, path, status in (
            (inside, "/metrics", 200),
            (inside, "/calendar.ics", 200),
            (inside, "/fr/calendar.ics", 200),
            (inside, "/calendar/topic/nothing.ics", 404),
            (inside, "/en/", 404),
            (f"127.0.0.1:{outside}", "/metrics", 404),
            (f"127.0.0.1:{outside}", "/calendar.ics", 200),
        ):
            async with to.get(f"http://{address}{path}") as answer:
                assert answer.status == status, path
        with pytest.raises(StartError, match=r"of web\.library cannot be used"):
            async with Library(settings(outside), database).listening():
                pass


async def test_a_visitor_too_many_and_one_who_says_nothing_are_hung_up_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "CONNECTIONS", 3)
    monkeypatch.setattr(visitors, "IDLE_SECONDS", 1.0)
    port = free_port()
    async with Library(settings(port), database).listening():
        some = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        some[0][1].write(b"GET /en/ HTTP/1.1\r\nHost: a")  # and no more
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):  # A reset is as good an end as any.
            assert await reader.read() == b""
        writer.close()
        async with asyncio.timeout(20):
            for silent, _ in some:
                assert await silent.read() == b""
        async with aiohttp.ClientSession() as to, to.get(f"http://127.0.0.1:{port}/robots.txt") as answer:
            assert answer.status == 200
        for _, waiting in some:
            waiting.close()


@pytest.mark.parametrize(
    "lines",
    [
        'library = "127.0.0.1:8080"',
        'library = "127.0.0.1:8080"\naddress = "library.example.org"',
        'library = "127.0.0.1:8080"\naddress = "https://example.org/library"',
        'library = "127.0.0.1:8080"\nlisten = "127.0.0.1:8080"\naddress = "https://library.example.org"',
        'library = "8080"\naddress = "https://library.example.org"',
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, lines: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'[matrix]\nhomeserver = "https://a.b"\nuser_id = "@b:a.b"\n[web]\n{lines}\n')
    with pytest.raises(SettingsError):
        load(file)
