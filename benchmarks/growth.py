"""How the bot takes to more: rooms and members, history, terms, events, practices; each is measured at sizes.

A homeserver that only this bot has ever asked (`benchmarks.crowd`) tells of thousands of rooms in one first sync.
The bot runs here, in this process, so that its event loop can be watched; the homeserver in another.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import psutil  # type: ignore[import-untyped,unused-ignore]  # without types, and only in the extra `homeserver`
from pydantic import SecretStr

from benchmarks import events, glossary, practices
from benchmarks.measures import Times, stalls
from bot import retention
from bot.addressing import Address
from bot.app import App
from bot.session import Session
from config import countries
from config.settings import FloodSettings, MatrixSettings, Settings
from storage import inbox, outbox, starter
from storage.database import Database
from storage.inbox import InboxEvent
from storage.outbox import OutboxRow, Sent

BOT = "@gaamac:example.org"
QUESTIONS = 50


@dataclass(frozen=True, slots=True)
class Crowd:
    """A bot in many rooms.

    `first`, `again`: seconds until the first sync is stored, and of a start later. `first_stalled`,
    `again_stalled`: milliseconds that the event loop stood still then. `peak`, `quiet`: MB at the most, and when
    nothing happens. `command_cpu`, `command`: milliseconds of processor time of a command, and in all until its
    answer is sent (median).
    """

    rooms: int
    first: float
    first_stalled: float
    again: float
    again_stalled: float
    peak: float
    quiet: float
    command_cpu: float
    command: float


@dataclass(frozen=True, slots=True)
class History:
    """With so many rows behind: milliseconds to take, answer and note one event; to delete a page of old rows."""

    rows: int
    step: float
    page: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Of one operation, in milliseconds, at sizes."""

    name: str
    points: dict[int, float]


async def crowd(rooms: int, members: int) -> Crowd:
    """Start a bot that is in so many rooms, ask it something, and start it again."""
    with tempfile.TemporaryDirectory(prefix="gaamac-growth-") as name:
        async with _homeserver(rooms, members) as url:
            gc.freeze()  # as the command line does
            async with stalls() as first_stall, _bot(url, Path(name)) as began:
                await _synced(url, 2)
                first = time.perf_counter() - began
            async with stalls() as again_stall, _bot(url, Path(name)) as began:
                await _synced(url, 4)
                again = time.perf_counter() - began
                await _asked(url)  # what is made only once does not count
                gc.collect()
                quiet = psutil.Process().memory_info().rss / 2**20
                used = time.process_time()
                taken = [await _asked(url) for _ in range(QUESTIONS)]
                cpu = (time.process_time() - used) / QUESTIONS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Crowd(
        rooms,
        first,
        first_stall.longest,
        again,
        again_stall.longest,
        peak,
        quiet,
        1000 * cpu,
        Times.of(taken).median,
    )


async def history(rows: int) -> History:
    """Fill inbox and outbox with what was dealt with, and deal with one more; then forget the oldest."""
    now = datetime.now(UTC)
    begin = now - timedelta(days=60)
    with tempfile.TemporaryDirectory(prefix="gaamac-growth-") as folder:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'bot.db'}")
        try:
            for start in range(0, rows, 1000):
                await _deal(database, range(start, min(start + 1000, rows)), begin + (now - begin) * start / rows)
            steps = []
            for number in range(rows, rows + QUESTIONS):
                before = time.perf_counter()
                await _deal(database, range(number, number + 1), now)
                steps.append(time.perf_counter() - before)
            before = time.perf_counter()
            await retention.prune(database, now - timedelta(days=30))
            pages = max(1, rows / inbox.PAGE)
            page = (time.perf_counter() - before) / pages / 2
        finally:
            await database.close()
    return History(rows, Times.of(steps).median, 1000 * page)


async def curves(sizes: tuple[int, ...], questions: int) -> list[Curve]:
    """Measure look-ups among terms, events and practices at sizes."""
    terms: dict[str, dict[int, float]] = {}
    for size in sizes:
        for kind in (await glossary.measure(questions, size)).kinds:
            terms.setdefault(f"a term by {kind.name}", {})[size] = kind.times.median
    found = [Curve(name, points) for name, points in terms.items()]
    calendars = {size: await events.measure(size, 10) for size in sizes}
    found.append(Curve("what is due next", {size: 1000 * one.next_due for size, one in calendars.items()}))
    found.append(Curve("the next fifty events", {size: 1000 * one.coming for size, one in calendars.items()}))
    libraries = {size: await practices.measure(size, questions) for size in sizes}
    found.append(Curve("a practice by words", {size: 1000 * one.median for size, one in libraries.items()}))
    return found


async def _deal(database: Database, numbers: range, at: datetime) -> None:
    """Do what the bot does with a command, from its arrival to the note that its answer was sent."""
    arrived = [
        InboxEvent(event_id=f"$in{n}", room_id=f"!{n % 50}", sender="@m:x", kind="message", sent_at=at)
        for n in numbers
    ]
    said = [
        OutboxRow(txn_id=f"t{n}", room_id=f"!{n % 50}", kind="message", cause=f"$in{n}", content={}, created_at=at)
        for n in numbers
    ]
    async with database.write() as writer:
        await inbox.take(writer, arrived, f"s{numbers.start}", at)
    async with database.write() as writer:
        rows = await outbox.add(writer, said)
        for event in arrived:
            await inbox.handled(writer, event.event_id, "answered", at)
    async with database.write() as writer:
        notes = [Sent(id=row.id, room_id=row.room_id, event_id=f"$out{row.id}", sent_at=at) for row in rows]
        await outbox.sent(writer, notes)


@asynccontextmanager
async def _bot(url: str, folder: Path) -> AsyncIterator[float]:
    """Run the bot here. Gives the time at which it began."""
    settings = Settings(
        matrix=MatrixSettings(homeserver=url, user_id=BOT, password=SecretStr("secret")),
        flood=FloodSettings(commands_per_minute=0),
        data_dir=folder,
    )
    began = time.perf_counter()
    database = await Database.open(settings.database_url)
    await starter.load(database, datetime.now(UTC))
    await countries.ready()
    session = await Session.open(settings.matrix, folder)
    stop = asyncio.Event()
    running = asyncio.create_task(App(settings, session, database, Address("!", BOT, None)).run(stop))
    try:
        yield began
    finally:
        stop.set()
        await running
        await session.close()
        await database.close()


@asynccontextmanager
async def _homeserver(rooms: int, members: int) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.crowd", str(rooms), str(members)), stdout=PIPE
    )
    try:
        assert process.stdout is not None
        yield json.loads(await process.stdout.readline())["url"]
    finally:
        process.terminate()
        await process.wait()


async def _synced(url: str, times: int) -> None:
    """Wait until the homeserver was asked so often what is new. Who asks again has stored what was told."""
    async with aiohttp.ClientSession() as web, web.get(f"{url}/wait", params={"syncs": times}) as response:
        response.raise_for_status()


async def _asked(url: str) -> float:
    """Ask the bot something in some room. Return the seconds until its answer has come."""
    async with aiohttp.ClientSession() as web, web.post(f"{url}/ask") as response:
        response.raise_for_status()
        return float((await response.json())["seconds"])
