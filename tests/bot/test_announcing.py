"""Announcements: planned once, said once, in the language of each room, and late rather than never."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import announcing
from bot.announcing import Announcement, Changed, Digest, Plan
from bot.clock import Clock, Task
from bot.reminding import Reminding
from bot.repertoire import registry
from bot.voice import Voice
from commands.context import Asker
from commands.respond import Responder
from config.settings import EventSettings
from storage import (
    attendance,
    due,
    event_changes,
    events,
    following,
    outbox,
    people,
    reminders,
    rooms,
)
from storage.database import Database
from storage.events import Event
from storage.occurrences import Timing
from storage.outbox import OutboxRow
from storage.reminders import Reminder
from tests import databases

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ENGLISH, FRENCH, MODERATORS = "!english:example.org", "!french:example.org", "!moderators:example.org"
MIA = "@mia:example.org"
TRAINING = Event(
    uid="training@example.org",
    kind="training",
    titles={"en": "Early warning in practice", "fr": "L’alerte rapide en pratique"},
    timing=Timing(start="2026-12-20T15:00", end="2026-12-20T16:00", zone="Africa/Nairobi"),
)


class Scene:
    """A bot's clock with rooms for announcements, and a time that is set by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.sent: list[OutboxRow] = []
        self.responder = Responder(database, registry(), "en", "Europe/Berlin")
        self.voice = Voice(
            lambda: [self._asker(ENGLISH), self._asker(FRENCH)],
            lambda: self._asker(MODERATORS),
            self.responder.context,
            EventSettings(),
            "Europe/Berlin",
        )
        plan, digest = Plan(self.voice), Digest(self.voice)
        tasks: dict[str, Task] = {
            announcing.PLAN: plan,
            announcing.ANNOUNCE: Announcement(self.voice),
            announcing.DIGEST: digest,
            event_changes.CHANGED: Changed(self.voice),
            reminders.REMIND: Reminding(self.voice),
        }
        self.first = [plan.first(START), digest.first(START)]
        self.clock = Clock(database, tasks, self.sent.extend, lambda: self.now)

    def _asker(self, room_id: str) -> Asker:
        return Asker("", room_id, direct=False, prefix="!")

    async def begin(self) -> None:
        async with self.database.write() as writer:
            for one in self.first:
                await due.ensure(writer, one)

    async def until(self, moment: datetime, step: timedelta = timedelta(hours=1)) -> None:
        while self.now < moment:
            self.now = min(self.now + step, moment)
            while await self.clock.tick():
                pass

    def bodies(self, room_id: str, words: str) -> list[tuple[str, str]]:
        """Return when what was said in a room that has these words, and what."""
        return [
            (row.created_at.isoformat()[:13], str((row.content or {})["body"]))
            for row in self.sent
            if row.room_id == room_id and words in str((row.content or {})["body"])
        ]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await Database.open(await databases.started(tmp_path / "bot.db", START))
    async with database.write() as writer:
        for room_id in (ENGLISH, FRENCH, MODERATORS):
            await rooms.put(writer, [rooms.Room(room_id=room_id, membership="join", since=START)])
        await rooms.choose_language(writer, FRENCH, "fr")
    found = Scene(database)
    yield found
    await database.close()


async def test_a_day_is_announced_on_the_day_in_each_rooms_language(scene: Scene) -> None:
    await scene.begin()
    await scene.until(datetime(2026, 12, 11, tzinfo=UTC))
    ((at, said),) = scene.bodies(ENGLISH, "Crime of Genocide and of the Prevention of this Crime\n9 December")
    assert at == "2026-12-09T08"  # nine in Berlin
    assert said.endswith("More: !event 14")
    ((_, said),) = scene.bodies(FRENCH, "prévention de ce crime\n9")
    assert "\n9 décembre 2026\n" in said
    assert said.endswith("!événement 14")
    assert scene.bodies(MODERATORS, "") == []


async def test_a_year_of_days_each_once(scene: Scene) -> None:
    await scene.begin()
    await scene.until(START + timedelta(days=365), timedelta(hours=6))
    said = [body for _, body in scene.bodies(ENGLISH, "More: !event")]
    assert len(said) == len(set(said)) == 15


async def test_a_training_is_announced_two_weeks_a_day_and_an_hour_ahead(scene: Scene) -> None:
    async with scene.database.write() as writer:
        await events.add(writer, TRAINING, START)
    await scene.begin()
    await scene.until(datetime(2026, 12, 22, tzinfo=UTC))
    found = scene.bodies(ENGLISH, "Early warning in practice\n")
    assert [at for at, _ in found] == ["2026-12-06T08", "2026-12-19T08", "2026-12-20T11"]
    assert "Sunday, 20 December 2026, 13:00–14:00 Berlin (15:00 Nairobi)" in found[0][1]


async def test_late_it_says_so_and_too_late_the_moderators_are_told(scene: Scene) -> None:
    await scene.begin()
    await scene.until(START + timedelta(hours=1))
    await scene.until(datetime(2026, 12, 9, 12, tzinfo=UTC), timedelta(days=40))
    ((_, said),) = scene.bodies(ENGLISH, "Crime of Genocide")
    assert said.endswith("This comes late: I was away when it was due.")
    await scene.until(datetime(2026, 12, 11, 12, tzinfo=UTC), timedelta(days=40))
    assert scene.bodies(ENGLISH, "Human Rights Day (") == []
    ((_, said),) = scene.bodies(MODERATORS, "Human Rights Day")
    assert "It would have come too late, so I left it out." in said


async def test_away_for_a_quarter_of_a_year_nothing_after_it_is_missed(scene: Scene) -> None:
    await scene.begin()
    await scene.until(START + timedelta(hours=1))
    await scene.until(datetime(2027, 3, 1, tzinfo=UTC), timedelta(days=400))
    before = len(scene.sent)
    await scene.until(datetime(2027, 3, 26, tzinfo=UTC))
    said = [row for row in scene.sent[before:] if row.room_id == ENGLISH and "More: !event" in str(row.content)]
    assert len(said) == 4  # 8, 21, 24 and 25 March


async def test_the_clock_set_back_announces_nothing_again(scene: Scene) -> None:
    await scene.begin()
    await scene.until(datetime(2026, 12, 11, tzinfo=UTC))
    before = len(scene.sent)
    scene.now = START
    await scene.until(datetime(2026, 12, 11, tzinfo=UTC))
    assert len(scene.sent) == before


async def test_on_mondays_the_week(scene: Scene) -> None:
    await scene.begin()
    await scene.until(datetime(2026, 12, 31, tzinfo=UTC))
    found = scene.bodies(ENGLISH, "In the next seven days:")
    assert [at for at, _ in found] == ["2026-12-07T08"]  # of the others nothing is to be said
    assert "9 December" in found[0][1]
    assert "10 December" in found[0][1]


async def test_what_was_cancelled_is_not_announced(scene: Scene) -> None:
    async with scene.database.write() as writer:
        await events.add(writer, TRAINING.model_copy(update={"certainty": "cancelled"}), START)
    await scene.begin()
    await scene.until(datetime(2026, 12, 22, tzinfo=UTC))
    assert scene.bodies(ENGLISH, "Early warning") == []


async def test_a_new_event_is_planned_and_a_moved_one_mended_and_planned_anew(scene: Scene) -> None:
    await scene.begin()
    await scene.until(START + timedelta(hours=1))
    async with scene.database.write() as writer:
        kept = await event_changes.add(writer, TRAINING, by="@mod:example.org", at=scene.now)
    await scene.until(datetime(2026, 12, 7, tzinfo=UTC))
    assert [at for at, _ in scene.bodies(ENGLISH, "Early warning in practice\n")] == ["2026-12-06T08"]
    later = Timing(start="2026-12-22T15:00", end="2026-12-22T16:00", zone="Africa/Nairobi")
    async with scene.database.write() as writer:
        await event_changes.change(writer, kept, {"timing": later}, by="@mod:example.org", at=scene.now)
    before = len(scene.sent)
    await scene.until(scene.now + timedelta(hours=1))
    edits = [row for row in scene.sent[before:] if row.kind == "edit"]
    assert {row.room_id for row in edits} == {ENGLISH, FRENCH}
    assert "22 December" in str(edits[0].content)
    assert "This was changed after it was announced." in str(edits[0].content)
    await scene.until(datetime(2026, 12, 23, tzinfo=UTC))
    said = [at for at, body in scene.bodies(ENGLISH, "Early warning in practice\n") if "changed" not in body]
    # Two weeks ahead of the new day again, and a day ahead of it; not a day ahead of the old one.
    assert said == ["2026-12-06T08", "2026-12-08T08", "2026-12-21T08", "2026-12-22T11"]


async def test_a_cancelled_event_is_said_to_be_so_where_it_was_announced(scene: Scene) -> None:
    await scene.begin()
    await scene.until(START + timedelta(hours=1))
    async with scene.database.write() as writer:
        kept = await event_changes.add(writer, TRAINING, by="@mod:example.org", at=scene.now)
    await scene.until(datetime(2026, 12, 7, tzinfo=UTC))
    async with scene.database.write() as writer:
        update = {"certainty": "cancelled", "reason": "The venue is not available."}
        await event_changes.change(writer, kept, update, by="@mod:example.org", at=scene.now)
    before = len(scene.sent)
    await scene.until(datetime(2026, 12, 23, tzinfo=UTC))
    edits = [row for row in scene.sent[before:] if row.kind == "edit"]
    assert len(edits) == 2
    assert "Cancelled. The venue is not available." in str(edits[0].content)
    assert not [
        body
        for at, body in scene.bodies(ENGLISH, "Early warning")
        if at > "2026-12-07T00" and "Cancel" not in body
    ]
    async with scene.database.read() as reader:
        assert len(await outbox.answers(reader, f"event/{kept.id}")) == 2


async def test_who_wished_so_is_reminded_once_in_a_direct_chat(scene: Scene) -> None:
    async with scene.database.write() as writer:
        kept = await events.add(writer, TRAINING, START)
        for minutes in (120, 24 * 60):
            wish = Reminder(event_id=kept.id, person=MIA, minutes=minutes, zone="Africa/Nairobi")
            await reminders.add(writer, wish, START)
        await people.choose_timezone(writer, MIA, "Africa/Nairobi", START)
    await scene.until(datetime(2026, 12, 22, tzinfo=UTC))
    found = scene.bodies(MIA, "A reminder: Early warning in practice")
    assert [at for at, _ in found] == ["2026-12-19T12", "2026-12-20T10"]
    assert "Sunday, 20 December 2026, 15:00–16:00 Nairobi" in found[0][1]
    assert found[0][1].endswith(f"More: event {kept.id}")


async def test_a_moved_event_moves_its_reminders_and_who_goes_is_told(scene: Scene) -> None:
    async with scene.database.write() as writer:
        kept = await events.add(writer, TRAINING, START)
        wish = Reminder(event_id=kept.id, person=MIA, minutes=120, zone="UTC")
        await reminders.add(writer, wish, START)
        await attendance.answer(writer, kept.id, "@kofi:example.org", "going", START)
        later = Timing(start="2026-12-22T15:00", zone="America/New_York")
        await event_changes.change(writer, kept, {"timing": later}, by="@mod:example.org", at=START)
    await scene.until(datetime(2026, 12, 24, tzinfo=UTC))
    assert [at for at, _ in scene.bodies(MIA, "A reminder")] == ["2026-12-22T18"]
    for person in (MIA, "@kofi:example.org"):
        ((_, said),) = scene.bodies(person, "has changed. It now reads:")
        assert "22 December 2026, 21:00" in said


async def test_what_comes_again_reminds_again(scene: Scene) -> None:
    weekly = Timing(start="2026-11-25T15:00", zone="UTC", rule="FREQ=WEEKLY;COUNT=4")
    async with scene.database.write() as writer:
        kept = await events.add(writer, TRAINING.model_copy(update={"timing": weekly}), START)
        await reminders.add(writer, Reminder(event_id=kept.id, person=MIA, minutes=60, zone="UTC"), START)
    await scene.until(datetime(2027, 1, 2, tzinfo=UTC))
    assert [at for at, _ in scene.bodies(MIA, "A reminder")] == [
        f"{day}T14" for day in ("2026-11-25", "2026-12-02", "2026-12-09", "2026-12-16")
    ]


async def test_a_late_reminder_says_so_and_one_that_comes_too_late_is_left_out(scene: Scene) -> None:
    async with scene.database.write() as writer:
        kept = await events.add(writer, TRAINING, START)
        for person, minutes in ((MIA, 120), (MIA, 300), ("@kofi:example.org", 60)):
            wish = Reminder(event_id=kept.id, person=person, minutes=minutes, zone="UTC")
            await reminders.add(writer, wish, START)
    await scene.until(datetime(2026, 12, 20, 9, tzinfo=UTC), timedelta(days=30))
    ((_, said),) = scene.bodies(MIA, "A reminder")
    assert said.endswith("This comes late: I was away when it was due.")
    await scene.until(datetime(2026, 12, 21, tzinfo=UTC), timedelta(days=30))
    assert scene.bodies("@kofi:example.org", "") == []
    assert len(scene.bodies(MIA, "A reminder")) == 1
    ((_, said),) = scene.bodies(MODERATORS, "when members were to be reminded")
    assert "example.org" not in said


async def test_who_follows_a_kind_or_a_country_is_told_in_a_direct_chat(scene: Scene) -> None:
    async with scene.database.write() as writer:
        await events.add(writer, TRAINING.model_copy(update={"countries": ["KE"]}), START)
        await following.follow(writer, MIA, "kind:training", START)
        await following.follow(writer, MIA, "country:KE", START)
        await following.follow(writer, "@kofi:example.org", "kind:meeting", START)
    await scene.begin()
    await scene.until(datetime(2026, 12, 22, tzinfo=UTC))
    assert [at for at, _ in scene.bodies(MIA, "Early warning")] == ["2026-12-06T08", "2026-12-19T08"]
    assert scene.bodies("@kofi:example.org", "") == []


async def test_a_room_hears_only_what_it_chose(scene: Scene) -> None:
    async with scene.database.write() as writer:
        await rooms.choose_quiet(writer, ENGLISH, ["commemoration"])
        await events.add(writer, TRAINING.model_copy(update={"rooms": [ENGLISH]}), START)
    await scene.begin()
    await scene.until(datetime(2026, 12, 22, tzinfo=UTC))
    assert scene.bodies(ENGLISH, "Crime of Genocide") == []
    assert len(scene.bodies(FRENCH, "prévention de ce crime\n")) == 1
    assert len(scene.bodies(ENGLISH, "Early warning in practice\n")) == 3
    assert scene.bodies(FRENCH, "L’alerte rapide en pratique\n") == []
