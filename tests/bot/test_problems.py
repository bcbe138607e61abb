"""What moderators are told of problems: once, when they begin, and once, when they are over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bot.alarm import Line
from bot.problems import Problems
from bot.repertoire import registry
from bot.symptoms import Look, Symptom
from commands.context import Asker
from commands.respond import Responder
from storage import problems as storage
from storage import rooms
from storage.database import Database
from storage.outbox import OutboxRow
from storage.problems import Kind
from tests import databases

MODERATION, COMMUNITY = "!moderation:example.org", "!community:example.org"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALL = set(Kind)


class Watch:
    """Problems over a database, with a clock and symptoms that a test sets. `said`: what moderators were told."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = datetime(2026, 12, 1, 9, tzinfo=UTC)
        self.symptoms: list[Symptom] = []
        self.judged = ALL
        self.sayable = True
        self.said: list[str] = []
        self.start()

    def start(self) -> None:
        """Begin anew, as after a restart."""

        async def look(_now: datetime) -> Look:
            return Look(set(self.judged), list(self.symptoms))

        def push(rows: list[OutboxRow]) -> None:
            self.said += [str((row.content or {})["body"]) for row in rows]

        there = Asker("", MODERATION, direct=False, prefix="!")
        self.problems = Problems(
            self.database,
            look,
            MODERATION,
            lambda: there if self.sayable else None,
            Responder(self.database, registry(), "en").context,
            push,
            cast("Line", None),  # there is no alarm in these tests
            "en",
            10 * MINUTE,
            now=lambda: self.now,
        )

    async def after(self, pause: timedelta, *symptoms: Symptom) -> list[str]:
        """Let time pass, look, and return what was said then."""
        self.now += pause
        self.symptoms = list(symptoms)
        self.said.clear()
        await self.problems.check()
        return list(self.said)


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    async with database.write() as writer:
        for room_id, name in ((MODERATION, "Moderators"), (COMMUNITY, "Members")):
            known = rooms.Room(room_id=room_id, name=name, membership="join", since=datetime.now(UTC))
            await rooms.put(writer, [known])
    yield Watch(database)
    await database.close()


REMOVED = Symptom(Kind.REMOVED, COMMUNITY)


async def test_it_is_told_when_it_begins_and_when_it_is_over(watch: Watch) -> None:
    assert await watch.after(MINUTE) == []
    [said] = await watch.after(MINUTE, REMOVED)
    assert said.startswith("I was removed from \u2068Members\u2069, where I have a task. Invite me again")
    assert watch.problems.present[Kind.REMOVED] == 1
    assert await watch.after(MINUTE, REMOVED) == []
    watch.start()
    assert await watch.after(HOUR, REMOVED) == [], "not again after a start"
    assert await watch.after(MINUTE) == ["I am in \u2068Members\u2069 again."]
    assert watch.problems.present[Kind.REMOVED] == 0
    watch.start()
    assert await watch.after(MINUTE) == []


async def test_what_flaps_is_told_once(watch: Watch) -> None:
    assert len(await watch.after(MINUTE, Symptom(Kind.DISK))) == 1
    assert len(await watch.after(MINUTE)) == 1
    for _ in range(5):
        assert await watch.after(5 * MINUTE, Symptom(Kind.DISK)) == []
        assert await watch.after(5 * MINUTE) == []


async def test_what_comes_back_and_stays_is_told_after_an_hour(watch: Watch) -> None:
    await watch.after(MINUTE, Symptom(Kind.DISK))
    await watch.after(MINUTE)
    assert await watch.after(10 * MINUTE, Symptom(Kind.DISK)) == []
    assert await watch.after(59 * MINUTE, Symptom(Kind.DISK)) == []
    assert len(await watch.after(MINUTE, Symptom(Kind.DISK))) == 1
    assert len(await watch.after(MINUTE)) == 1
    assert len(await watch.after(2 * HOUR, Symptom(Kind.DISK))) == 1, "a new one, two hours later"


async def test_a_calendar_that_fails_is_told_after_a_day(watch: Watch) -> None:
    failing = Symptom(Kind.CALENDAR, "calendar.example.org")
    assert await watch.after(MINUTE, failing) == []
    watch.start()
    assert await watch.after(23 * HOUR, failing) == []
    [said] = await watch.after(HOUR, failing)
    assert said.startswith("The calendar at \u2068calendar.example.org\u2069 could not be read for a day.")


async def test_a_short_failure_of_a_calendar_is_not_told_at_all(watch: Watch) -> None:
    await watch.after(MINUTE, Symptom(Kind.CALENDAR, "calendar.example.org"))
    assert await watch.after(HOUR) == []


async def test_that_the_homeserver_was_away_is_told_when_it_is_back(watch: Watch) -> None:
    gone = watch.now
    away = Symptom(Kind.HOMESERVER, since=gone)
    assert await watch.after(2 * MINUTE, away) == []
    watch.start()  # a supervisor starts a bot that has no rounds again
    watch.judged = ALL - {Kind.HOMESERVER}
    assert await watch.after(7 * MINUTE) == []
    watch.judged = ALL
    [said] = await watch.after(2 * MINUTE)
    assert said.startswith("I had no connection with the homeserver from 1 Dec 2026, 09:00 (UTC) to 1 Dec")
    assert "09:11" in said
    assert await watch.after(MINUTE) == []


async def test_nine_minutes_without_the_homeserver_are_not_told(watch: Watch) -> None:
    await watch.after(2 * MINUTE, Symptom(Kind.HOMESERVER, since=watch.now))
    assert await watch.after(7 * MINUTE) == []


async def test_what_cannot_be_judged_now_goes_on(watch: Watch) -> None:
    await watch.after(MINUTE, Symptom(Kind.CLOCK, detail="7"))
    watch.judged = ALL - {Kind.CLOCK}
    assert await watch.after(MINUTE) == []
    watch.judged = ALL
    assert await watch.after(MINUTE) == ["My clock is right again."]


async def test_what_cannot_be_said_yet_is_said_when_it_can(watch: Watch) -> None:
    watch.sayable = False
    assert await watch.after(MINUTE, REMOVED) == []
    watch.sayable = True
    assert len(await watch.after(MINUTE, REMOVED)) == 1
    watch.sayable = False
    assert await watch.after(MINUTE) == []
    watch.sayable = True
    assert await watch.after(MINUTE) == ["I am in \u2068Members\u2069 again."]


async def test_what_began_and_ended_unsaid_stays_unsaid(watch: Watch) -> None:
    watch.sayable = False
    await watch.after(MINUTE, REMOVED)
    await watch.after(MINUTE)
    watch.sayable = True
    assert await watch.after(MINUTE) == []


async def test_each_kind_has_words_in_the_language_of_the_room(watch: Watch) -> None:
    async with watch.database.write() as writer:
        await rooms.choose_language(writer, MODERATION, "fr")
    every = [Symptom(kind, COMMUNITY, "7") for kind in ALL - {Kind.HOMESERVER, Kind.CALENDAR, Kind.RATE_LIMIT}]
    said = await watch.after(MINUTE, *every)
    assert len(said) == len(every)
    assert any("J’ai été retiré de" in text for text in said)
    assert not any("The " in text or "{" in text for text in said)


async def test_what_is_long_over_is_forgotten(watch: Watch) -> None:
    await watch.after(MINUTE, REMOVED)
    await watch.after(MINUTE)
    await watch.after(timedelta(days=31), Symptom(Kind.DISK))
    async with watch.database.read() as reader:
        known: list[Any] = await storage.every(reader)
    assert [one.kind for one in known] == [Kind.DISK]
