"""The term of the week and the notes before days: once in each room, in its language, late rather than never."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import announcing, day_notes, weekly_term
from bot.announcing import Announcement, Changed, Plan
from bot.clock import Clock, Task
from bot.day_notes import DayNote
from bot.repertoire import registry
from bot.voice import Voice
from bot.weekly_term import WeeklyTerm
from commands.context import Asker
from commands.respond import Responder
from config.settings import EventSettings, LearningSettings
from storage import due, event_changes, events, glossary, glossary_changes, outbox, rooms, weekly_terms
from storage.database import Database
from storage.events import Event
from storage.occurrences import Timing
from storage.outbox import OutboxRow
from tests import databases

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
"""A Tuesday."""
WEDNESDAY = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
"""Ten in Berlin."""
DAY = timedelta(days=1)
ENGLISH, FRENCH, SPANISH = "!english:example.org", "!french:example.org", "!spanish:example.org"
ROOMS = (ENGLISH, FRENCH, SPANISH)
NAMES = {ENGLISH: "Term of the week: ", FRENCH: "Terme de la semaine\u00a0: ", SPANISH: "Término de la semana: "}


class Scene:
    """A bot's clock, with a time that is set by hand, and a bot that can be started anew."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.sent: list[OutboxRow] = []
        self.rooms = list(ROOMS)

    async def start(self, settings: LearningSettings | None = None) -> None:
        """Plan what `bot.tasks` plans."""
        settings = settings or LearningSettings()
        responder = Responder(self.database, registry(), "en", "Europe/Berlin")
        voice = Voice(
            lambda: [_asker(ENGLISH), _asker(FRENCH)],
            lambda: None,
            responder.context,
            EventSettings(),
            "Europe/Berlin",
            settings.note_days,
            lambda: [_asker(room_id) for room_id in self.rooms],
        )
        weekly, plan = WeeklyTerm(voice, settings), Plan(voice)
        tasks: dict[str, Task] = {
            announcing.PLAN: plan,
            announcing.ANNOUNCE: Announcement(voice),
            event_changes.CHANGED: Changed(voice),
            day_notes.NOTE: DayNote(voice),
            weekly_term.KIND: weekly,
        }
        self.clock = Clock(self.database, tasks, self.sent.extend, lambda: self.now)
        async with self.database.write() as writer:
            await due.ensure(writer, plan.first(self.now))
            await weekly.plan(writer, self.now)

    async def at(self, moment: datetime) -> None:
        """Let the clock look at a moment, and at none before."""
        self.now = moment
        while await self.clock.tick():
            pass

    async def until(self, moment: datetime, step: timedelta = timedelta(hours=6)) -> None:
        while self.now < moment:
            await self.at(min(self.now + step, moment))

    async def weeks(self, count: int) -> None:
        """Let so many weeks go by, of which the calendar does nothing."""
        async with self.database.write() as writer:
            await due.cancel(writer, announcing.PLAN, "events")
            await due.cancel_all(writer, announcing.ANNOUNCE, "")
        await self.until(WEDNESDAY + timedelta(weeks=count), timedelta(days=3))

    def said(self, room_id: str, words: str) -> list[str]:
        bodies = [str((row.content or {})["body"]) for row in self.sent if row.room_id == room_id]
        return [body for body in bodies if words in body]

    def terms(self, room_id: str) -> list[str]:
        """Return the terms of the week that were posted in a room."""
        head = NAMES[room_id]
        return [body.removeprefix(head).splitlines()[0] for body in self.said(room_id, head)]


def _asker(room_id: str) -> Asker:
    return Asker("", room_id, direct=False, prefix="!")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await Database.open(await databases.started(tmp_path / "bot.db", START))
    async with database.write() as writer:
        for room_id in ROOMS:
            await rooms.put(writer, [rooms.Room(room_id=room_id, membership="join", since=START)])
        await rooms.choose_language(writer, FRENCH, "fr")
        await rooms.choose_language(writer, SPANISH, "es")
    found = Scene(database)
    await found.start()
    yield found
    await database.close()


# The term of the week


async def test_one_term_a_week_in_each_rooms_language(scene: Scene) -> None:
    await scene.at(WEDNESDAY - timedelta(minutes=1))
    assert scene.terms(ENGLISH) == []
    await scene.at(WEDNESDAY)
    assert [len(scene.terms(room_id)) for room_id in ROOMS] == [1, 1, 1]
    (body,) = scene.said(ENGLISH, "Term of the week")
    assert "\nSource" in body
    assert "\nTo discuss: " in body
    assert "This comes late" not in body
    async with scene.database.read() as reader:
        concept = await glossary.get(reader, await weekly_terms.newest(reader) or "")
    assert concept is not None
    assert scene.terms(FRENCH) == concept.named("fr")
    assert scene.terms(SPANISH) == concept.named("es")
    await scene.until(WEDNESDAY + 6 * DAY)
    assert len(scene.terms(ENGLISH)) == 1


async def test_through_a_year_and_a_half_none_twice_before_all_were_had(scene: Scene) -> None:
    await scene.weeks(75)
    found = scene.terms(ENGLISH)
    assert len(found) == 76
    assert len(set(found[:75])) == 75
    assert found[75] == found[0]


async def test_at_ten_by_the_clock_on_the_wall_also_in_summer(scene: Scene) -> None:
    moments = []
    for _ in range(30):
        async with scene.database.read() as reader:
            one = await due.get(reader, weekly_term.KIND, weekly_term.SUBJECT)
        assert one is not None
        moments.append(one.due_at)
        await scene.at(one.due_at + timedelta(seconds=2))
    assert {at.weekday() for at in moments} == {2}
    assert {at.hour for at in moments} == {9, 8}
    assert len(scene.terms(ENGLISH)) == 30


async def test_a_kill_and_a_clock_that_is_set_back_repeat_nothing(scene: Scene) -> None:
    await scene.at(WEDNESDAY)
    for minutes in (1, -30, 2, -600, 3):
        await scene.start()
        await scene.at(WEDNESDAY + timedelta(minutes=minutes))
    await scene.until(WEDNESDAY + 6 * DAY)
    assert [len(scene.terms(room_id)) for room_id in ROOMS] == [1, 1, 1]


async def test_a_crash_before_the_end_of_the_transaction_changes_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_arguments: object) -> list[OutboxRow]:
        raise RuntimeError

    monkeypatch.setattr(outbox, "add", crash)
    await scene.at(WEDNESDAY)
    async with scene.database.read() as reader:
        assert await weekly_terms.newest(reader) is None
    monkeypatch.undo()
    await scene.start()
    await scene.at(WEDNESDAY + timedelta(minutes=5))
    assert [len(scene.terms(room_id)) for room_id in ROOMS] == [1, 1, 1]


@pytest.mark.parametrize(
    ("days", "count"),
    [(0.1, 1), (4, 1), (5.5, 0), (6.9, 0), (7.1, 1), (17, 1), (20, 0), (60, 1)],
)
async def test_after_downtime_the_week_that_is_still_on_is_made_up_for_and_no_older_one(
    scene: Scene, days: float, count: int
) -> None:
    await scene.at(WEDNESDAY + timedelta(days=days))
    assert len(scene.terms(ENGLISH)) == count
    late = [body for body in scene.said(ENGLISH, NAMES[ENGLISH]) if "This comes late: I was away" in body]
    assert len(late) == count
    following = WEDNESDAY + timedelta(weeks=int(days // 7) + 1)
    await scene.at(following)
    assert len(scene.terms(ENGLISH)) == count + 1
    assert len(set(scene.terms(ENGLISH))) == count + 1


async def test_what_moderators_chose_comes_first(scene: Scene) -> None:
    async with scene.database.write() as writer:
        await weekly_terms.choose(writer, "genocide", START)
        await weekly_terms.choose(writer, "early-warning", START)
    await scene.until(WEDNESDAY + 7 * DAY)
    assert scene.terms(SPANISH) == ["genocidio", "alerta temprana"]
    await scene.weeks(74)
    assert len(scene.terms(SPANISH)) == len(set(scene.terms(SPANISH))) == 75, "and not again by rotation"


async def test_only_complete_terms_and_only_where_they_are(scene: Scene) -> None:
    async with scene.database.write() as writer:
        one = await glossary.get(writer, "genocide")
        assert one is not None
        unchecked = [
            term.model_copy(update={"checked": False}) if term.language == "fr" else term for term in one.terms
        ]
        await glossary_changes.put(writer, one.model_copy(update={"terms": unchecked}), by=None, at=START)
        await weekly_terms.choose(writer, "genocide", START)
    await scene.at(WEDNESDAY)
    assert scene.terms(ENGLISH) == ["genocide"]
    assert scene.terms(SPANISH) == ["genocidio"]
    assert scene.terms(FRENCH) == [], "a native reader has not checked it"
    await scene.weeks(74)
    assert len(set(scene.terms(FRENCH))) == 74, "by rotation come those that are complete everywhere"


async def test_a_room_switches_it_off(scene: Scene) -> None:
    async with scene.database.write() as writer:
        await rooms.choose_lessons_off(writer, FRENCH, ["week"])
    await scene.at(WEDNESDAY)
    assert [len(scene.terms(room_id)) for room_id in ROOMS] == [1, 0, 1]


async def test_where_nobody_listens_no_term_is_used_up(scene: Scene) -> None:
    scene.rooms = []
    await scene.until(WEDNESDAY + 8 * DAY)
    async with scene.database.read() as reader:
        assert await weekly_terms.newest(reader) is None


async def test_the_operator_switches_it_off_and_on_and_moves_it(scene: Scene) -> None:
    await scene.start(LearningSettings(weekday=""))
    await scene.until(WEDNESDAY + DAY)
    assert scene.terms(ENGLISH) == []
    await scene.start(LearningSettings(weekday="friday", hour=14))
    await scene.until(WEDNESDAY + 2 * DAY + timedelta(hours=3, minutes=59), timedelta(hours=1))
    assert scene.terms(ENGLISH) == []
    await scene.at(WEDNESDAY + 2 * DAY + timedelta(hours=4))
    assert len(scene.terms(ENGLISH)) == 1
    await scene.start(LearningSettings(weekday="sunday", hour=14))
    await scene.until(WEDNESDAY + 5 * DAY)
    assert len(scene.terms(ENGLISH)) == 1, "one a week, wherever it is moved"


# Notes before days

DAY_OF_GENOCIDE = datetime(2026, 12, 9, 8, 0, tzinfo=UTC)
NOTE = DAY_OF_GENOCIDE - 5 * DAY


async def test_a_note_comes_five_days_before_and_the_day_itself_is_announced_as_ever(scene: Scene) -> None:
    await scene.until(NOTE - timedelta(minutes=1))
    assert scene.said(ENGLISH, "In 5 days") == []
    await scene.until(DAY_OF_GENOCIDE + timedelta(hours=1))
    (note,) = scene.said(ENGLISH, "In 5 days, on 9 December 2026: International Day of Commemoration and Dignity")
    assert "Terms that belong to it:\n\n- !term genocide\n- !term duty to prevent genocide\n" in note
    assert note.endswith("More: !event 14")
    (day,) = scene.said(ENGLISH, "\n9 December 2026\n")
    assert "Terms" not in day
    (note,) = scene.said(FRENCH, "Dans 5 jours, le 9 décembre 2026\u00a0: Journée internationale")
    assert "- !terme génocide\n" in note
    (note,) = scene.said(SPANISH, "Dentro de 5 días, el 9 de diciembre de 2026: Día Internacional")
    assert "- !término genocidio\n" in note


async def test_a_year_of_notes_each_once(scene: Scene) -> None:
    await scene.until(START + 365 * DAY)
    for room_id, words in ((ENGLISH, "In 5 days"), (FRENCH, "Dans 5 jours"), (SPANISH, "Dentro de 5 días")):
        found = scene.said(room_id, words)
        assert len(found) == len(set(found)) == 15, room_id
        assert all("erm" in body or "érm" in body for body in found)


async def test_events_that_speak_of_a_term_of_the_day_belong_to_it(scene: Scene) -> None:
    def event(uid: str, title: str, start: str, **more: object) -> Event:
        raw = {"uid": uid, "kind": "webinar", "titles": {"en": title}, **more}
        return Event.model_validate(raw | {"timing": Timing(start=start, zone="UTC")})

    async with scene.database.write() as writer:
        await events.add(writer, event("1", "How to prevent genocide", "2026-12-15T15:00"), START)
        await events.add(writer, event("2", "Budgets", "2026-12-15T15:00"), START)
        await events.add(writer, event("3", "Too late for genocide", "2027-01-15T15:00"), START)
        await events.add(writer, event("4", "By its topic", "2026-12-16T15:00", topics=["genocide"]), START)
        await events.add(writer, event("5", "On genocide", "2026-12-16T15:00", access="invited"), START)
        await events.add(writer, event("6", "Genocide here", "2026-12-16T15:00", rooms=[FRENCH]), START)
    await scene.until(NOTE)
    (note,) = scene.said(ENGLISH, "In 5 days")
    belonging = note.partition("Coming events that belong to it:")[2]
    assert "How to prevent genocide" in belonging
    assert "By its topic" in belonging
    for other in ("Budgets", "Too late", "On genocide", "Genocide here"):
        assert other not in belonging


async def test_a_day_of_ones_own_gets_the_terms_that_its_title_names(scene: Scene) -> None:
    def day(uid: str, title: str) -> Event:
        timing = Timing(start="2026-12-18")
        return Event(uid=uid, kind="commemoration", titles={"en": title}, timing=timing)

    async with scene.database.write() as writer:
        await events.add(writer, day("own", "A day against hate speech"), START)
        await events.add(writer, day("other", "A day of trees"), START)
    await scene.until(datetime(2026, 12, 18, tzinfo=UTC))
    (note,) = scene.said(ENGLISH, "A day against hate speech")
    assert "- !term hate speech" in note
    assert scene.said(ENGLISH, "A day of trees") == [], "nothing is known that belongs to it"


@pytest.mark.parametrize(("days", "count"), [(1, 1), (4.5, 1), (5, 0), (9, 0)])
async def test_after_downtime_a_note_comes_until_the_day_begins(scene: Scene, days: float, count: int) -> None:
    await scene.until(NOTE - timedelta(hours=1))
    await scene.at(NOTE + timedelta(days=days))
    found = [body for body in scene.said(ENGLISH, "Terms that belong to it") if "9 December" in body]
    assert len(found) == count
    if found:
        assert found[0].startswith("In 4 days" if days == 1 else "In 1 day, on 9 December")


async def test_where_days_are_not_announced_there_are_no_notes(scene: Scene) -> None:
    async with scene.database.write() as writer:
        await rooms.choose_quiet(writer, ENGLISH, ["commemoration"])
        await rooms.choose_lessons_off(writer, FRENCH, ["notes"])
    await scene.until(DAY_OF_GENOCIDE + timedelta(hours=1))
    assert scene.said(ENGLISH, "In 5 days") == []
    assert scene.said(FRENCH, "Dans 5 jours") == []
    assert len(scene.said(SPANISH, "Dentro de 5 días, el 9 de diciembre")) == 1
    assert len(scene.said(FRENCH, "9 décembre 2026")) == 1, "the day itself is announced"


async def test_a_day_that_was_moved_or_cancelled_has_its_note_then_or_none(scene: Scene) -> None:
    await scene.at(START + timedelta(minutes=1))
    async with scene.database.write() as writer:
        for number, changes in (
            (14, {"certainty": "cancelled"}),
            (15, {"timing": Timing(start="2026-12-12", rule="FREQ=YEARLY")}),
        ):
            one = await events.get(writer, number)
            assert one is not None
            changed = one.model_copy(update={**changes, "version": 2})
            await events.put(writer, changed, START)
            await due.schedule(writer, due.Due(kind=event_changes.CHANGED, subject=str(number), due_at=START))
    await scene.until(datetime(2026, 12, 12, 12, tzinfo=UTC))
    assert scene.said(ENGLISH, "Crime of Genocide and of the Prevention") == []
    (note,) = scene.said(ENGLISH, "In 5 days")
    assert "on 12 December 2026: Human Rights Day" in note


async def test_without_note_days_there_are_no_notes(scene: Scene) -> None:
    await scene.at(START + timedelta(minutes=1))  # some are planned already
    await scene.start(LearningSettings(note_days=0))
    await scene.until(DAY_OF_GENOCIDE + timedelta(hours=1))
    assert scene.said(ENGLISH, "Terms that belong to it") == []
    assert len(scene.said(ENGLISH, "9 December 2026")) == 1


async def test_one_message_where_moderators_had_the_day_announced_at_that_moment(scene: Scene) -> None:
    await scene.at(START + timedelta(minutes=1))
    async with scene.database.write() as writer:
        one = await events.get(writer, 14)
        assert one is not None
        changed = one.model_copy(update={"reminders": [5 * 24 * 60, 0], "version": 2})
        await events.put(writer, changed, START)
        await due.schedule(writer, due.Due(kind=event_changes.CHANGED, subject="14", due_at=START))
    await scene.until(NOTE + timedelta(hours=1))
    assert len(scene.said(ENGLISH, "Prevention of this Crime")) == 1
