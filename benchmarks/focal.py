"""How fast who-to-turn-to is answered in process, and the map from memory. No homeserver."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.repertoire import registry
from commands.arguments import Rest
from commands.attachment import Reply
from commands.context import Asker, Condition, Context, Surroundings
from commands.errors import CommandError
from commands.focal import show_focal
from commands.focal_map import show_map
from commands.registry import Registry
from commands.rendering import render
from config import countries
from storage import starter
from storage.database import Database, Reader

LANGUAGES = ("en", "fr", "es")
TYPOS = 0.2
"""Of the names that are asked."""


@dataclass(frozen=True, slots=True)
class Result:
    """Look-ups a second, and how long a map takes: drawn, and from memory (median, in seconds)."""

    lookups: float
    drawn: float
    remembered: float


async def measure(questions: int, maps: int = 50) -> Result:
    """Ask for countries by names in three languages, a fifth of them misspelt, each rendered as it is sent."""
    await countries.ready()
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'bot.db'}")
        try:
            await starter.load(database, datetime.now(UTC))
            commands = registry()
            names = list(_names(questions))
            begin = time.perf_counter()
            for name in names:
                async with database.read() as reader:
                    try:
                        said = await show_focal(_context(reader, commands), Rest(name))
                    except CommandError as error:
                        said = error.text
                    render(said)
            lookups = questions / (time.perf_counter() - begin)
            async with database.read() as reader:
                drawn = await _map(reader, commands)
                remembered = sorted([await _map(reader, commands) for _ in range(maps)])[maps // 2]
        finally:
            await database.close()
    return Result(lookups, drawn, remembered)


async def _map(reader: Reader, commands: Registry) -> float:
    begin = time.perf_counter()
    found = await show_map(_context(reader, commands))
    assert isinstance(found, Reply)
    return time.perf_counter() - begin


def _names(count: int) -> list[str]:
    chance = random.Random(4)  # noqa: S311 - the same names each time
    members = [one for one in countries.countries().values() if one.is_un_member]
    names = []
    for _ in range(count):
        name = chance.choice(members).name(chance.choice(LANGUAGES))
        if len(name) > 6 and chance.random() < TYPOS:
            place = chance.randrange(1, len(name) - 1)
            name = name[:place] + name[place + 1 :]
        names.append(name)
    return names


def _context(reader: Reader, commands: Registry) -> Context:
    async def holds(_permission: object) -> bool:
        return False

    def condition() -> Condition:
        return Condition("", datetime.now(UTC), None, 0, 0, 0.0)

    return Context(
        asker=Asker("@member:example.org", "!room:example.org", direct=False, prefix="!"),
        language="en",
        now=datetime.now(UTC),
        storage=reader,
        registry=commands,
        surroundings=Surroundings(holds=holds, condition=condition),
    )
