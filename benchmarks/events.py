"""How fast the next reminder is found in a large calendar, and what the memory does meanwhile. No homeserver."""

from __future__ import annotations

import resource
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from storage import due, event_changes, events, reminders
from storage.database import Database
from storage.due import Due
from storage.events import Event
from storage.occurrences import Timing
from storage.reminders import Reminder
from storage.schema import reminder

BATCH = 50


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds: the next due time found, what is due read, the coming events read (medians); memory in MB."""

    events: int
    reminders: int
    written: float
    next_due: float
    ready: float
    coming: float
    memory_grown: float


async def measure(count: int, wishes: int, rounds: int = 200) -> Result:
    """Fill a calendar of `count` events with `wishes` reminders each, and look at the clock again and again."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'bot.db'}")
        try:
            begin = time.perf_counter()
            await _fill(database, count, wishes, now)
            written = time.perf_counter() - begin
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            taken: dict[str, list[float]] = {"next": [], "ready": [], "coming": []}
            for number in range(rounds):
                moment = now + timedelta(minutes=number)
                async with database.read() as reader:
                    for name, ask in (
                        ("next", due.next_at(reader)),
                        ("ready", due.ready(reader, moment, BATCH)),
                        ("coming", events.coming(reader, now, None, BATCH)),
                    ):
                        begin = time.perf_counter()
                        await ask
                        taken[name].append(time.perf_counter() - begin)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            medians = {name: sorted(times)[len(times) // 2] for name, times in taken.items()}
        finally:
            await database.close()
    return Result(
        count, count * wishes, written, medians["next"], medians["ready"], medians["coming"], grown / 1024
    )


async def _fill(database: Database, count: int, wishes: int, now: datetime) -> None:
    some = [
        Event(
            uid=f"{number}@example.org",
            kind="webinar",
            titles={"en": f"Webinar number {number}"},
            timing=Timing(
                start=f"{now + timedelta(days=2, minutes=number * 7):%Y-%m-%dT%H:%M}", zone="Africa/Nairobi"
            ),
        )
        for number in range(count)
    ]
    async with database.write() as writer:
        kept = await event_changes.add_all(writer, some, by=None, at=now, proposal_id=None)
        coming = {one.event_id: one for one in await events.coming(writer, now, limit=count)}
        for one in kept:
            people = [
                Reminder(event_id=one.id, person=f"@member{n}:example.org", minutes=60 * (n + 1), zone="UTC")
                for n in range(wishes)
            ]
            rows = [{**wish.model_dump(), "wished_at": now} for wish in people]
            await writer.sql.execute(sa.insert(reminder), rows)
            await due.add_all(
                writer,
                [
                    Due(
                        kind=reminders.REMIND,
                        subject=f"{wish.event_id}/{wish.minutes}/{wish.person}",
                        due_at=reminders.due_at(coming[one.id], wish),
                        payload={"key": coming[one.id].key},
                    )
                    for wish in people
                ],
            )
