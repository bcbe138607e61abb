"""A Monday morning: thousands get the digest and reminders, and members type commands meanwhile.

First in this process, without a homeserver: how long it takes until all is decided and stored, and how long the
event loop stands still. Then the bot on a homeserver of its own: from command to answer, with and without the
morning, in turn, because a machine has moods.
"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks import contenders, latency
from benchmarks.latency import Latency
from benchmarks.measures import Times, stalls
from bot.clock import Clock
from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from bot.digests import Weekly
from bot.reminding import Reminding
from bot.repertoire import registry
from bot.voice import Voice
from commands.respond import Responder
from config import languages
from config.settings import DigestSettings, EventSettings
from storage import digests, direct_rooms, due, events, people, reminders, starter
from storage.database import Database, Writer
from storage.due import Due
from storage.events import Event
from storage.occurrences import Timing
from storage.outbox import OutboxRow
from storage.schema import reminder

LANGUAGES = ("en", "fr", "es")
CHATS, TOGETHER = 20, 10
"""Rooms that stand for direct chats, and how many members share one: rooms take long to make."""


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds until all was stored, milliseconds of the longest stall, and from command to answer.

    `rate` is how many messages a second went out besides, and `sent` how many of those that were due.
    """

    members: int
    stored: float
    stalled: float
    alone: Times
    meanwhile: Times
    wanted: int
    sent: int
    rate: float


async def measure(members: int, commands: int, rounds: int) -> Result:
    """Measure both."""
    stored, stalled = await _in_process(members)
    with tempfile.TemporaryDirectory(prefix="gaamac-bench-") as name:
        return await _on_homeserver(Path(name), members, commands, rounds, stored, stalled)


async def _in_process(members: int) -> tuple[float, float]:
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="gaamac-bench-") as name:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(name) / 'bot.db'}")
        try:
            await starter.load(database, now)
            everybody = [f"@member{number}:example.org" for number in range(members)]
            await _choose(database, everybody, now)
            async with database.write() as writer:
                await _fall_due(writer, everybody, 0, now)
            rows: list[OutboxRow] = []
            voice = Voice(
                list, lambda: None, Responder(database, registry(), "en").context, EventSettings(), "UTC"
            )
            weekly = Weekly(voice, lambda _room: None, "UTC", DigestSettings())
            await asyncio.to_thread(languages.load)  # as the bot does when it starts
            clock = Clock(database, {digests.KIND: weekly, reminders.REMIND: Reminding(voice)}, rows.extend)
            # As the bot does when it is ready: what was there before is not looked through for garbage.
            gc.collect()
            gc.freeze()
            begin = time.perf_counter()
            async with stalls() as stall:
                while await clock.tick():
                    pass
            taken = time.perf_counter() - begin
            assert len(rows) == 2 * members, f"{len(rows)} of {2 * members}"
        finally:
            gc.unfreeze()
            await database.close()
    return taken, stall.longest


async def _on_homeserver(
    folder: Path, members: int, commands: int, rounds: int, stored: float, stalled: float
) -> Result:
    now = datetime.now(UTC)
    await asyncio.to_thread((folder / "bot").mkdir, mode=0o700)
    path = folder / "bot" / "bot.db"
    url = f"sqlite+aiosqlite:///{path}"
    async with await Homeserver.start(folder / "homeserver") as homeserver:
        watcher = await homeserver.register("watcher", "watcher")
        await watcher.listen()
        account = await homeserver.register("gaamac", "gaamac")
        chats = await _chats(account)
        database = await Database.open(url)
        try:
            await starter.load(database, now)
            # All members wait for next Monday; those with a chat are written to in each round.
            others = [f"@other{number}:example.org" for number in range(members - len(chats))]
            await _choose(database, [*others, *chats], now)
            async with database.write() as writer:
                for person, room_id in chats.items():
                    await direct_rooms.put(writer, person, room_id, now)
        finally:
            await database.close()
        alone, meanwhile, sent, taken = Latency(), Latency(), 0, 0.0
        async with contenders.bot(homeserver, watcher, folder / "bot", account=account) as (bot, _):
            await _idle(path)
            for number in range(rounds):
                found = await latency.measure(watcher, [bot], commands // rounds, 1)
                _add(alone, found[bot.name])
                before = _sent(path)
                begin = await _make_due(url, path, list(chats), number)
                found = await latency.measure(watcher, [bot], commands // rounds, 1)
                _add(meanwhile, found[bot.name])
                await _idle(path)
                taken += time.perf_counter() - begin
                sent += _sent(path) - before
    wanted = 2 * len(chats) * rounds
    return Result(
        members, stored, stalled, Times.of(alone.taken), Times.of(meanwhile.taken), wanted, sent, sent / taken
    )


async def _chats(account: Client) -> dict[str, str]:
    """Make rooms that stand for direct chats, with members who are invited; return them by member."""
    server = account.user_id.partition(":")[2]
    found: dict[str, str] = {}
    for number in range(CHATS):
        some = [f"@invited{number}-{place}:{server}" for place in range(TOGETHER)]
        room_id = await account.create_room(invite=some)
        found |= dict.fromkeys(some, room_id)
    return found


async def _choose(database: Database, everybody: Sequence[str], now: datetime) -> None:
    """Have all wish the digest, in three languages."""
    async with database.write() as writer:
        for place, person in enumerate(everybody):
            await people.choose_language(writer, person, LANGUAGES[place % len(LANGUAGES)], now)
            await digests.choose(writer, person, "UTC", now, DigestSettings())


async def _fall_due(writer: Writer, everybody: Sequence[str], number: int, at: datetime) -> None:
    """Have a digest and a reminder be due for each at the same moment."""
    start = at + timedelta(hours=3)
    event = Event(
        uid=f"round{number}@example.org",
        kind="webinar",
        titles={"en": "Early warning in practice", "fr": "L’alerte rapide", "es": "La alerta temprana"},
        timing=Timing(start=f"{start:%Y-%m-%dT%H:%M}", zone="UTC"),
    )
    kept = await events.add(writer, event, at)
    key = event.timing.start
    # Another day for each round: nobody gets the digest of a day twice.
    day = (date(2026, 1, 5) + timedelta(weeks=number)).isoformat()
    wishes = [
        {"event_id": kept.id, "person": person, "minutes": 180, "zone": "UTC", "wished_at": at}
        for person in everybody
    ]
    await writer.sql.execute(sa.insert(reminder), wishes)
    for person in everybody:
        payload = {"key": key}
        subject = f"{kept.id}/180/{person}"
        await due.schedule(writer, Due(kind=reminders.REMIND, subject=subject, due_at=at, payload=payload))
        await due.schedule(
            writer, Due(kind=digests.KIND, subject=person, due_at=at, importance=9, payload={"day": day})
        )


async def _make_due(url: str, path: Path, everybody: Sequence[str], number: int) -> float:
    """Have it be Monday. Return when the first message went out: the clock looks every half a minute."""
    before = _sent(path)
    database = await Database.open(url)
    try:
        async with database.write() as writer:
            await _fall_due(writer, everybody, number, datetime.now(UTC))
    finally:
        await database.close()
    while _sent(path) == before:  # noqa: ASYNC110 - it is another process that does it
        await asyncio.sleep(0.1)
    return time.perf_counter()


async def _idle(path: Path) -> None:
    """Wait until nothing is due, and nothing waits to be sent."""
    while _left(path):  # noqa: ASYNC110 - it is another process that does it
        await asyncio.sleep(0.5)


def _left(path: Path) -> int:
    due_now = _ask(path, "SELECT count(*) FROM due WHERE due_at <= ?", f"{datetime.now(UTC):%F %T}")
    return due_now + _ask(path, "SELECT count(*) FROM outbox WHERE state = 'pending'")


def _sent(path: Path) -> int:
    return _ask(path, "SELECT count(*) FROM outbox WHERE state = 'sent' AND priority > 0")


def _ask(path: Path, question: str, *values: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute(question, values).fetchone()[0])


def _add(all_: Latency, some: Latency) -> None:
    all_.taken += some.taken
    all_.whole += some.whole
