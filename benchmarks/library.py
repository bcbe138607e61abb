"""How fast the public library answers with much in it, and what its visitors cost those who type commands."""

from __future__ import annotations

import asyncio
import itertools
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa

from benchmarks import contenders, latency
from benchmarks.latency import Latency
from benchmarks.measures import Times
from benchmarks.practices import LANGUAGES, VOCABULARY
from bot.demo.homeserver import Homeserver
from storage import event_changes, practice_search, starter
from storage.database import Database
from storage.events import Event
from storage.schema import submission

VISITORS = 16
"""Connections, as a reverse proxy keeps them."""
ROUNDS = 10
PLACES = ("Africa/Nairobi", "Europe/Zurich", "America/Bogota", "Asia/Phnom_Penh")


@dataclass(frozen=True, slots=True)
class Result:
    """Milliseconds by what was read; the time of the first answer of each; and from command to answer.

    `first` is how long the first visitor waits after each change. `alone` and `visited` are commands without and
    with `rate` requests a second; `answered` is how many of these there were a second.
    """

    events: int
    practices: int
    pages: dict[str, Times]
    first: dict[str, float]
    alone: Times
    visited: Times
    rate: int
    answered: float


async def measure(events: int, practices: int, requests: int, commands: int, rate: int = 200) -> Result:
    """Run the bot on a homeserver of its own, with a library of that size, and read it."""
    with tempfile.TemporaryDirectory(prefix="gaamac-bench-") as name:
        folder = Path(name)
        words = await _fill(folder / "bot", events, practices)
        listen = f"127.0.0.1:{contenders.free_port()}"
        web = {"GAAMAC_WEB__LIBRARY": listen, "GAAMAC_WEB__ADDRESS": "https://library.example.org"}
        async with await Homeserver.start(folder / "homeserver") as homeserver:
            watcher = await homeserver.register("watcher", "watcher")
            await watcher.listen()
            async with (
                contenders.bot(homeserver, watcher, folder / "bot", web) as (bot, _),
                aiohttp.ClientSession(f"http://{listen}") as visitor,
            ):
                await _settled(folder / "bot" / "bot.db")
                pages, first = await _read(visitor, practices, words, requests)
                alone, visited = Latency(), Latency()
                answered: list[float] = []
                # In turn, because a machine has moods.
                for _ in range(ROUNDS):
                    found = await latency.measure(watcher, [bot], commands // ROUNDS, 1)
                    _add(alone, found[bot.name])
                    async with _visited(visitor, rate, practices, answered):
                        found = await latency.measure(watcher, [bot], commands // ROUNDS, 1)
                    _add(visited, found[bot.name])
    mean = sum(answered) / len(answered)
    return Result(
        events, practices, pages, first, Times.of(alone.taken), Times.of(visited.taken), rate, answered=mean
    )


async def _settled(database: Path) -> None:
    """Wait until the bot has done what thousands of new events, and a first start, give it to do."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        # It is another process that does it.
        while connection.execute(  # noqa: ASYNC110
            "SELECT count(*) FROM due WHERE due_at <= ?", [f"{datetime.now(UTC):%F %T}"]
        ).fetchone() != (0,) or not any((database.parent / "backups").glob("*")):
            await asyncio.sleep(1)


def _add(all_: Latency, some: Latency) -> None:
    all_.taken += some.taken
    all_.whole += some.whole


async def _read(
    visitor: aiohttp.ClientSession, practices: int, words: Sequence[str], requests: int
) -> tuple[dict[str, Times], dict[str, float]]:
    """Read each kind of page again and again: some always the same, others another one each time."""
    chance = random.Random(2)  # noqa: S311 - which page, no secret
    kinds: dict[str, Callable[[], str]] = {
        "the first page": lambda: "/en/",
        "a list of practices": lambda: f"/en/practices?page={chance.randint(1, max(1, practices // 20))}",
        "a practice": lambda: f"/{chance.choice(LANGUAGES)}/practices/{chance.randint(1, practices)}",
        "a term": lambda: "/en/glossary/genocide",
        "the calendar": lambda: "/en/calendar",
        "a search": lambda: f"/en/search?q={chance.choice(words)}+{chance.choice(words)}",
        "the map with its table": lambda: "/en/map",
        "the feed of practices": lambda: "/en/practices.atom",
        "the feed of events": lambda: "/en/calendar.atom",
        "calendar.ics": lambda: "/calendar.ics",
        "the sitemap": lambda: "/en/sitemap.xml",
    }
    times, first = {}, {}
    for kind, path in kinds.items():
        first[kind] = await _one(visitor, path())
        times[kind] = Times.of([await _one(visitor, path()) for _ in range(requests)])
    return times, {kind: 1000 * taken for kind, taken in first.items()}


async def _one(visitor: aiohttp.ClientSession, path: str) -> float:
    begin = time.perf_counter()
    async with visitor.get(path) as answer:
        await answer.read()
        assert answer.status == 200, f"{path}: {answer.status}"
    return time.perf_counter() - begin


@asynccontextmanager
async def _visited(
    visitor: aiohttp.ClientSession, rate: int, practices: int, answered: list[float]
) -> AsyncIterator[None]:
    """Ask for so many pages a second meanwhile: mostly what many read, sometimes something else."""
    paths = itertools.cycle(
        [
            *("/en/", "/fr/practices", "/es/calendar", "/en/glossary/genocide", "/en/practices.atom", "/fr/"),
            *("/en/calendar", "/en/glossary", "/es/", "/en/calendar.atom"),
        ]
    )
    chance = random.Random(3)  # noqa: S311
    done = 0

    def path() -> str:
        return next(paths) if chance.random() < 0.9 else f"/en/practices/{chance.randint(1, practices)}"

    async def visit(number: int) -> None:
        nonlocal done
        due = time.perf_counter() + number / rate
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += VISITORS / rate
            await _one(visitor, path())
            done += 1

    begin = time.perf_counter()
    tasks = [asyncio.create_task(visit(number)) for number in range(VISITORS)]
    try:
        yield
    finally:
        answered.append(done / (time.perf_counter() - begin))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _fill(folder: Path, events: int, practices: int) -> list[str]:
    """Fill a database with events and practices of chance words; return words that occur."""
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True)
    chance = random.Random(1)  # noqa: S311
    letters = "abcdefghilmnoprstuv"
    words = ["".join(chance.choices(letters, k=chance.randint(4, 9))) for _ in range(VOCABULARY)]
    # Added up once: `choices` would do so at each call.
    often = list(itertools.accumulate(1 / place for place in range(1, VOCABULARY + 1)))
    now = datetime.now(UTC)
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'bot.db'}")
    try:
        await starter.load(database, now)
        some = [_event(number, chance, now) for number in range(events)]
        async with database.write() as writer:
            await event_changes.add_all(writer, some, by=None, at=now, proposal_id=None)
        rows = [_practice(number, chance, words, often, now) for number in range(1, practices + 1)]
        async with database.write() as writer:
            for row in rows:
                await writer.sql.execute(sa.insert(submission).values(**row))
                await practice_search.put(writer, row["id"], row["language"], row["fields"])
            await writer.changed("practices")
    finally:
        await database.close()
    return words[50:1000]


def _event(number: int, chance: random.Random, now: datetime) -> Event:
    start = now + timedelta(days=chance.randint(2, 500), minutes=15 * chance.randint(0, 95))
    return Event.model_validate(
        {
            "uid": f"{number}@example.org",
            "kind": "webinar",
            "titles": {"en": f"Webinar number {number}", "fr": f"Webinaire numéro {number}"},
            "descriptions": {"en": "What early warning needs, and who hears it."},
            "timing": {"start": f"{start:%Y-%m-%dT%H:%M}", "zone": chance.choice(PLACES)},
            "countries": ["KE"],
        }
    )


def _practice(
    number: int, chance: random.Random, words: Sequence[str], often: Sequence[float], now: datetime
) -> dict[str, Any]:
    fields = {
        "title": " ".join(chance.choices(words, cum_weights=often, k=6)),
        "summary": " ".join(chance.choices(words, cum_weights=often, k=30)),
        "story": " ".join(chance.choices(words, cum_weights=often, k=40)),
        "country": "KE",
        "visibility": "public",
        "attribution": "country",
    }
    return {
        "id": number,
        "kind": "practice",
        "state": "published",
        "version": 1,
        "author": "a",
        "language": chance.choice(LANGUAGES),
        "fields": fields,
        "consent": {},
        "approvals": [],
        "created_at": now,
        "updated_at": now,
        "public_at": now + timedelta(seconds=number),
        "public_country": "KE",
    }
