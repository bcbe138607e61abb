"""What is due is done once, late after a pause, and no task harms another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import monthly
from bot.clock import AGAIN, CROWD, Clock
from bot.monthly import StaleRecords
from bot.repertoire import registry
from commands.context import Asker
from commands.respond import Responder
from storage import due, outbox, rooms
from storage.database import Database, Writer
from storage.due import Due
from storage.outbox import OutboxRow
from tests import databases

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ROOM = "!moderators:example.org"


class Bell:
    """Says when it rang; rings every day if asked, and fails while told to."""

    def __init__(self, *, daily: bool = False) -> None:
        self.grace = timedelta(hours=1)
        self.daily = daily
        self.fails = False
        self.rang: list[str] = []

    async def act(self, writer: Writer, one: Due, now: datetime) -> list[OutboxRow]:
        self.rang.append(one.subject)
        row = OutboxRow(
            txn_id=f"{one.subject}/{one.due_at}",
            room_id=ROOM,
            kind="message",
            content={"body": "x"},
            created_at=now,
        )
        if self.fails:
            await outbox.add(writer, [row])
            raise RuntimeError
        return [row]

    async def missed(self, _writer: Writer, _one: Due, _now: datetime) -> list[OutboxRow]:
        return []

    def following(self, one: Due, now: datetime) -> datetime | None:
        if not self.daily:
            return None
        days = max(1, (now - one.due_at).days + 1)
        return one.due_at + timedelta(days=days)


class Scene:
    """A clock with a bell, and a time that stands still until it is set."""

    def __init__(self, database: Database, bell: Bell) -> None:
        self.database = database
        self.bell = bell
        self.now = START
        self.sent: list[OutboxRow] = []
        self.clock = Clock(database, {"bell": bell}, self.sent.extend, lambda: self.now)

    async def schedule(self, subject: str, minutes: float, importance: int = 0) -> None:
        async with self.database.write() as writer:
            at = START + timedelta(minutes=minutes)
            await due.schedule(writer, Due(kind="bell", subject=subject, due_at=at, importance=importance))

    async def at(self, minutes: float) -> None:
        """Let it be so many minutes after the start."""
        self.now = START + timedelta(minutes=minutes)
        while await self.clock.tick():
            pass

    async def waiting(self) -> int:
        async with self.database.read() as reader:
            return len(await due.ready(reader, START + timedelta(days=400), 1000))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    yield Scene(database, Bell())
    await database.close()


async def test_nothing_rings_before_its_time_and_everything_once(scene: Scene) -> None:
    await scene.schedule("a", 10)
    await scene.at(9.99)
    assert scene.bell.rang == []
    await scene.at(10)
    await scene.at(10)
    await scene.at(70)
    assert scene.bell.rang == ["a"]
    assert [row.txn_id for row in scene.sent] == [f"a/{START + timedelta(minutes=10)}"]
    assert await scene.waiting() == 0


async def test_the_important_goes_first_then_the_longest_due(scene: Scene) -> None:
    for subject, minutes, importance in (("c", 3, 1), ("a", 5, 0), ("b", 2, 1), ("d", 1, 9)):
        await scene.schedule(subject, minutes, importance)
    await scene.at(10)
    assert scene.bell.rang == ["a", "b", "c", "d"]


async def test_late_is_done_and_too_late_is_not(scene: Scene) -> None:
    await scene.schedule("late", 0)
    await scene.schedule("too late", -10)
    await scene.at(55)
    assert scene.bell.rang == ["late"]
    assert await scene.waiting() == 0


async def test_what_was_moved_or_cancelled_does_not_ring(scene: Scene) -> None:
    await scene.schedule("a", 1)
    await scene.schedule("b", 1)
    await scene.schedule("a", 30)
    async with scene.database.write() as writer:
        await due.cancel(writer, "bell", "b")
    await scene.at(2)
    assert scene.bell.rang == []
    await scene.at(30)
    assert scene.bell.rang == ["a"]


async def test_a_clock_set_forwards_and_back_repeats_nothing(scene: Scene) -> None:
    scene.bell.daily = True
    await scene.schedule("a", 10)
    await scene.at(10)
    await scene.at(24 * 60 + 9)
    await scene.at(5)
    await scene.at(10)
    await scene.at(24 * 60 + 9)
    assert scene.bell.rang == ["a"]


async def test_what_is_planned_again_because_the_clock_was_set_back_is_not_said_again(scene: Scene) -> None:
    await scene.schedule("a", 10)
    await scene.at(10)
    await scene.at(9)
    await scene.schedule("a", 10)  # the event was edited, and for all that the clock says it is still to come
    await scene.at(10)
    assert [row.txn_id for row in scene.sent] == [f"a/{START + timedelta(minutes=10)}"]
    assert await scene.waiting() == 0
    await scene.at(24 * 60 + 10)
    assert scene.bell.rang == ["a", "a"]


async def test_a_task_that_fails_leaves_nothing_and_is_tried_again(scene: Scene) -> None:
    await scene.schedule("a", 0)
    scene.bell.fails = True
    await scene.at(0)
    await scene.at(0.1)
    assert scene.bell.rang == ["a"]
    async with scene.database.read() as reader:
        assert await outbox.count_pending(reader) == 0
    await scene.at(AGAIN[0].total_seconds() / 60)
    assert scene.bell.rang == ["a", "a"]
    scene.bell.fails = False
    await scene.schedule("b", 0)
    await scene.at(0.5)  # the other does not wait for it
    assert scene.bell.rang[-1] == "b"
    await scene.at(30)
    async with scene.database.read() as reader:
        assert await outbox.count_pending(reader) == 2
    assert await scene.waiting() == 0


async def test_it_wakes_by_itself(scene: Scene) -> None:
    running = asyncio.create_task(scene.clock.run())
    await asyncio.sleep(0.05)
    await scene.schedule("a", 0)
    scene.clock.wake()
    async with asyncio.timeout(10):
        while not scene.bell.rang:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def monthly_list(tmp_path: Path) -> AsyncIterator[tuple[Database, StaleRecords]]:
    database = await Database.open(await databases.started(tmp_path / "bot.db", START))
    async with database.write() as writer:
        await rooms.put(writer, [rooms.Room(room_id=ROOM, membership="join", since=START)])
        await rooms.choose_language(writer, ROOM, "fr")
    there = Asker("", ROOM, direct=False, prefix="!")
    yield database, StaleRecords(Responder(database, registry(), "en"), lambda: there, "Europe/Berlin")
    await database.close()


async def test_moderators_get_the_old_records_each_month(monthly_list: tuple[Database, StaleRecords]) -> None:
    database, stale = monthly_list
    now, sent = START, list[OutboxRow]()
    clock = Clock(database, {monthly.KIND: stale}, sent.extend, lambda: now)
    first = stale.first(now)
    # Nine in the morning in Berlin is seven in UTC from the end of March on.
    assert first.due_at == datetime(2026, 4, 1, 7, 0, tzinfo=UTC)
    async with database.write() as writer:
        await due.ensure(writer, first)
        await due.ensure(writer, stale.first(now + timedelta(days=60)))
    for day in range(120):
        now = START + timedelta(days=day)
        await clock.tick()
    assert [row.created_at.date().isoformat() for row in sent] == ["2026-04-01", "2026-05-01", "2026-06-01"]
    assert {row.room_id for row in sent} == {ROOM}
    body = str((sent[0].content or {})["body"])
    assert body.startswith("101 ")
    assert "!focal confirmer" in body
    assert "records" not in body


async def test_a_crowd_gives_way_to_commands_that_are_under_way_and_a_few_do_not(scene: Scene) -> None:
    asked: list[int] = []

    def busy() -> bool:
        asked.append(len(scene.bell.rang))
        return asked.count(asked[-1]) < 3

    scene.clock = Clock(scene.database, {"bell": scene.bell}, scene.sent.extend, lambda: scene.now, busy=busy)
    for number in range(5):
        await scene.schedule(f"few{number}", 1)
    await scene.at(2)
    assert len(scene.bell.rang) == 5
    assert asked == []
    for number in range(CROWD + 5):
        await scene.schedule(f"many{number}", 3)
    await scene.at(4)
    assert len(scene.bell.rang) == 5 + CROWD + 5, "it waits, and goes on"
    assert {asked.count(rang) for rang in set(asked)} == {3}, "before each of them it waits until nobody asks"
