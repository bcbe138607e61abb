"""The server of the database is restarted under a bot at work: each command is answered once, and none fails."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from tests import databases
from tests.bot.conftest import bodies, running, synced
from tests.bot.fake_homeserver import FakeHomeserver

pytestmark = pytest.mark.postgresql("a server that is restarted")


async def test_a_restart_under_load_loses_and_doubles_nothing(
    fake: FakeHomeserver, tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    rooms = [f"!room{number}:example.org" for number in range(6)]
    for room in rooms:
        fake.join_room(room)
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        asked: list[str] = []

        async def ask() -> None:
            for turn in range(10):
                asked.extend([await fake.say("!language fr" if turn % 2 else "!status", room) for room in rooms])
                await asyncio.sleep(0.1)

        asking = asyncio.create_task(ask())
        for _ in range(3):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(databases.server().halt)
            try:
                await asyncio.sleep(0.1)
            finally:
                await asyncio.to_thread(databases.server().run)
        await asking
        async with asyncio.timeout(150):
            while len(fake.answers_to()) < len(asked):
                await asyncio.sleep(0.05)
        assert fake.answers_to() == dict.fromkeys(asked, 1)
        assert not [body for body in bodies(fake) if "Something went wrong" in body or "qui a échoué" in body]
        assert not bot.task.done()
    assert not [entry for entry in logged if entry["event"] == "command failed"]
