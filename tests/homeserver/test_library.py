"""The public library of a running bot, as people read it in a browser; and what withdraws from it in a chat."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from storage import identities, starter
from storage.database import Database
from tests import databases
from tests.bot.library.content import ADDRESS, added, draft, free_port, promised, published, reported, taken
from tests.extent import extent
from tests.homeserver import npm
from tests.homeserver.running import RunningBot, fresh, joined

HERE = Path(__file__).parent / "browser"
LONGEST = 900.0
"""Seconds for a browser; on a machine that does nothing else it takes a minute."""
HOSTILE = (
    "<script>document.title='x'</script><img src=https://evil.example/x onerror=alert(1)> {{ 7*7 }} \u202edrow"
)
LONG = "Donaudampfschifffahrtsgesellschaftskapitaensmuetzenabzeichen" * 3


async def fill(folder: Path, author: str) -> int:
    """Fill the database of a bot that does not run yet; return the number of a practice by `author`."""
    (folder / "data").mkdir(mode=0o700, parents=True)
    database = await Database.open(databases.address(folder / "data" / "bot.db"))
    try:
        await starter.load(database, datetime.now(UTC))
        one_of_all = await promised(database, "fr", title=HOSTILE, body=LONG[:120], known=HOSTILE)
        await reported(database, one_of_all, "not started", text=LONG, link=f"https://example.org/{LONG}")
        await reported(database, one_of_all, "substantial", text=HOSTILE, link=None)
        for number in range(25):
            await promised(database, title=f"Academy {number} teaches early warning", milestones=None)
        await published(database, title=HOSTILE, story=HOSTILE, evidence=f"https://example.org/{LONG}")
        await published(database, "fr", title="Comités de paix dans les écoles", country="CI", summary=LONG)
        for number in range(25):
            await published(database, "es", title=f"Observatorio {number}", country="CO", attribution="anonymous")
        await added(
            database,
            titles={"en": f"Training on {LONG}"},
            link=f"https://example.org/{LONG}",
            place="Nairobi",
            topics=["early warning"],
            countries=["KE"],
            descriptions={"en": HOSTILE},
        )
        async with database.write() as writer:
            pseudonym = await identities.pseudonym(writer, author, datetime.now(UTC))
            one = await draft(writer, author=pseudonym)
            await taken(writer, one.id, "submit", "approve", "publish")
    finally:
        await database.close()
    return one.id


@pytest.fixture
async def author(homeserver: Homeserver) -> AsyncIterator[Client]:
    account = await homeserver.register(fresh("mia"), "secret")
    await account.listen()
    yield account
    await account.close()


@pytest.fixture
async def library(
    homeserver: Homeserver, author: Client, tmp_path: Path
) -> AsyncIterator[tuple[RunningBot, str, int]]:
    """Run a bot with a public library: give it, the library's address on this machine, and a practice of Mia's."""
    number = await fill(tmp_path / "bot", author.user_id)
    account = await homeserver.register(fresh("bot"), "secret")
    listen = f"127.0.0.1:{free_port()}"
    bot = RunningBot(homeserver, account, tmp_path / "bot", web__library=listen, web__address=ADDRESS)
    async with bot:
        yield bot, f"http://{listen}", number
    await account.close()


async def visited(library: tuple[RunningBot, str, int], folder: Path, task: str, most: int = 0) -> dict[str, Any]:
    """Have a browser do something in the library, and return what it found."""
    chromium = shutil.which("chromium")
    if chromium is None:
        npm.absent("Chromium is not installed, so the pages are not looked at")
    installed = await npm.install(HERE, "visit.mjs")
    _, base, number = library
    # For who wants to look at the pages, too: GAAMAC_PICTURES=/some/folder.
    pictures = os.environ.get("GAAMAC_PICTURES", "-")
    told = (base, task, chromium, folder / "profile", pictures, number, most)
    node = await asyncio.create_subprocess_exec(
        *("node", "visit.mjs", *map(str, told)),
        cwd=installed,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        out, _ = await asyncio.wait_for(node.communicate(), LONGEST)
    finally:
        if node.returncode is None:
            node.kill()
    assert node.returncode == 0
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.timeout(LONGEST + 60)
@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_each_kind_of_page_is_accessible_by_eye_ear_and_keyboard(
    library: tuple[RunningBot, str, int], tmp_path: Path, size: str
) -> None:
    languages = extent(3, 1)
    found = await visited(library, tmp_path, size, languages)
    assert found["wrong"] == []
    assert found["visited"] == languages * 15


@pytest.mark.timeout(LONGEST + 60)
async def test_every_page_opens_and_fits_on_a_phone(library: tuple[RunningBot, str, int], tmp_path: Path) -> None:
    found = await visited(library, tmp_path, "crawl", pages := extent(5000, 120))
    assert found["wrong"] == []
    assert found["visited"] > min(pages - 1, 300)


async def test_a_search_by_keyboard(library: tuple[RunningBot, str, int], tmp_path: Path) -> None:
    found = await visited(library, tmp_path, "search")
    assert found["wrong"] == []
    assert "Radio that answers rumours" in found["found"]
    assert found["inFrench"] == "Recherche\u00a0: rumours"


async def test_what_is_withdrawn_in_a_chat_is_gone_from_the_web(
    library: tuple[RunningBot, str, int], author: Client
) -> None:
    bot, base, number = library
    chat = await author.create_room(invite=[bot.user_id], is_direct=True, preset="trusted_private_chat")
    await joined(author, chat, bot.user_id)
    async with aiohttp.ClientSession(base) as web:
        for path in (f"/en/practices/{number}", "/en/practices", "/en/practices.atom", "/en/search?q=rumours"):
            async with web.get(path) as answer:
                assert "Radio that answers rumours" in await answer.text(), path
        said = await author.ask(chat, f"practice withdraw {number}", 60)
        assert said.startswith("Withdrawn.")
        async with web.get(f"/en/practices/{number}") as answer:
            assert answer.status == 404
        for path in ("/en/practices", "/en/practices.atom", "/en/search?q=rumours", "/en/"):
            async with web.get(path) as answer:
                assert "Radio that answers rumours" not in await answer.text(), path
    logged = json.dumps(bot.log)
    assert "rumours" not in logged
    assert base.removeprefix("http://") not in logged
