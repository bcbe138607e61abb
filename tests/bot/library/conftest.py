"""A library that listens, with the database behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from bot.library.site import Library
from storage.database import Database
from tests import databases
from tests.bot.library.content import free_port, settings

NOW = datetime.now(UTC)
Read = Callable[[str], Awaitable[str]]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    found = await Database.open(await databases.started(tmp_path / "bot.db", NOW))
    yield found
    await found.close()


@pytest.fixture
async def web(database: Database) -> AsyncIterator[aiohttp.ClientSession]:
    """Speak to a library over HTTP. Redirections are not followed."""
    port = free_port()
    async with (
        Library(settings(port), database).listening(),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as to,
    ):
        yield to


@pytest.fixture
def read(web: aiohttp.ClientSession) -> Read:
    async def text_of(path: str) -> str:
        async with web.get(path) as answer:
            assert answer.status == 200, f"{path}: {answer.status}"
            return await answer.text()

    return text_of
