"""What the bot does about commitments by itself: authors are reminded once, moderators told, the year shown."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from bot import commitment_tasks, retention
from bot.clock import AGAIN, Clock
from bot.commitment_tasks import Planning, Reminding, Year
from bot.posting import Posting
from bot.queue_tasks import Desk, Nudge, Week
from bot.repertoire import registry
from commands.context import Asker
from commands.respond import Responder
from config.settings import PracticeSettings
from storage import commitments, due, identities, people, personal, schema, submissions
from storage.database import Database, Writer
from storage.due import Due
from storage.outbox import OutboxRow
from storage.submissions import Actor, Facts, Submission
from tests import databases

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
OFFICE, LIBRARY, MIA = "!office:example.org", "!library:example.org", "@mia:example.org"
MOD, BOT = Actor("moderator", "mod"), Actor("bot")
PROMISE: Facts = {
    "title": "All academies teach it",
    "category": "mechanism",
    "country": "KE",
    "deadline": "2027-12-09",
    "milestones": "2027-06-01 the curriculum is written\n2027-06-01 it is read by three ministries",
    "known": "A list.",
    "visibility": "public",
}
REMINDED = [
    ("2027-05-25", "In 7 days, on Tuesday, 1 June 2027"),
    ("2027-05-31", "In 1 day, on Tuesday, 1 June 2027"),
    ("2027-11-09", "In 30 days, on Thursday, 9 December 2027"),
    ("2027-12-02", "In 7 days, on Thursday, 9 December 2027"),
    ("2027-12-08", "In 1 day, on Thursday, 9 December 2027"),
    ("2027-12-10", "The day of what you committed to is over"),
]


class KilledError(Exception):
    """The process is gone: nothing of the transaction is left."""


class Scene:
    """A clock, a time that stands still until it is set, and what was said."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        self.sent: list[OutboxRow] = []
        rooms: Any = SimpleNamespace(moderation=OFFICE, practices=LIBRARY)
        self.desk = Desk(
            Responder(database, registry(), "en"),
            lambda: Asker("", OFFICE, direct=False, prefix="!"),
            lambda: Asker("", LIBRARY, direct=False, prefix="!"),
            Posting(rooms),
            9,
            "Europe/Berlin",
        )
        self.year = Year(self.desk)
        self.tasks: dict[str, Any] = {
            commitments.CHANGED: Planning(self.desk),
            commitments.REMIND: Reminding(self.desk),
            commitment_tasks.YEAR: self.year,
        }
        self.clock = self.started()

    def started(self) -> Clock:
        """Return a clock that knows nothing but what is stored."""
        return Clock(self.database, self.tasks, self.sent.extend, lambda: self.now)

    async def until(self, moment: datetime, step: timedelta = timedelta(hours=6)) -> None:
        while self.now < moment:
            self.now = min(self.now + step, moment)
            while await self.clock.tick():
                pass

    async def submitted(self, kind: Any, fields: Facts, *, publish: bool = True) -> Submission:
        async with self.database.write() as writer:
            author = await identities.pseudonym(writer, MIA, self.now)
            new = Submission(
                kind=kind, author=author, language="en", fields=fields, consent={}, created_at=self.now,
                updated_at=self.now,
            )  # fmt: skip
            one = await submissions.add(writer, new)
            one = await self.step(writer, one, "submit", Actor("author", author))
            if publish:
                one = await self.step(writer, one, "approve", MOD)
                one = await self.step(writer, one, "publish", BOT)
            return one

    async def reported(self, number: int, level: str) -> Submission:
        fields = {"commitment": number, "level": level, "text": "as is seen", "link": None}
        return await self.submitted("progress", fields)

    async def step(self, writer: Writer, one: Submission, action: Any, actor: Actor) -> Submission:
        return await submissions.change(writer, one.id, action, actor, self.now, reason="because")

    def told(self, room_id: str = MIA) -> list[tuple[str, str]]:
        """Return on which day what was said somewhere, as far as it is text."""
        return [
            (row.created_at.date().isoformat(), (row.content or {})["body"])
            for row in self.sent
            if row.room_id == room_id and (row.content or {})["msgtype"] == "m.notice"
        ]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    yield Scene(database)
    await database.close()


def fits(told: list[tuple[str, str]], expected: list[tuple[str, str]]) -> bool:
    return [at for at, _ in told] == [at for at, _ in expected] and all(
        words in said for (_, said), (_, words) in zip(told, expected, strict=True)
    )


async def test_the_author_is_reminded_before_each_date_and_asked_after_the_last(scene: Scene) -> None:
    await scene.submitted("commitment", PROMISE)
    await scene.until(datetime(2028, 6, 1, tzinfo=UTC))
    assert fits(scene.told(), REMINDED)
    first, last = scene.told()[0][1], scene.told()[-1][1]
    assert first == (
        "You committed to this: All academies teach it\nIn 7 days, on Tuesday, 1 June 2027:\n\n"
        "- the curriculum is written\n- it is read by three ministries\n\n"
        "To report how far it is: commitment progress 1 substantial … https://…"
    )
    assert last.startswith(
        "The day of what you committed to is over: All academies teach it, by Thursday, 9 December 2027."
    )
    assert "- the deadline" in scene.told()[3][1]
    assert scene.told(OFFICE) == []
    assert scene.told(LIBRARY) == []


async def test_in_the_language_of_the_author(scene: Scene) -> None:
    async with scene.database.write() as writer:
        await people.choose_language(writer, MIA, "fr", NOW)
    await scene.submitted("commitment", PROMISE)
    await scene.until(datetime(2027, 5, 26, tzinfo=UTC))
    ((_, said),) = scene.told()
    assert "Dans 7 jours, mardi 1er juin 2027\u00a0:" in said
    assert "engagement progrès 1 substantiel …" in said


@pytest.mark.parametrize("seed", range(5))
async def test_killed_at_random_moments_each_reminder_comes_once(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(5):
        await scene.submitted("commitment", {**PROMISE, "title": f"Number {number}"})
    kills = 0
    write = scene.database.write

    class Dying:
        """A transaction in which the process may die before it is committed, whatever was written."""

        def __init__(self) -> None:
            self._real = write()

        async def __aenter__(self) -> Writer:
            return await self._real.__aenter__()

        async def __aexit__(self, *error: Any) -> bool | None:
            nonlocal kills
            if error[0] is None and chance.random() < 0.4:
                kills += 1
                killed = KilledError()
                await self._real.__aexit__(KilledError, killed, None)
                raise killed
            return await self._real.__aexit__(*error)

    scene.database.write = Dying  # type: ignore[method-assign, assignment]
    while scene.now < datetime(2028, 1, 1, tzinfo=UTC):
        scene.now += timedelta(hours=chance.choice((1, 6, 12)))
        before = -1
        while before != kills:  # started again, until it lives through it
            before = kills
            scene.clock = scene.started()
            await scene.clock.tick()
    assert kills > 10
    async with scene.database.read() as reader:
        # What was stored is sent, whether the process lives to see that or not.
        rows = await reader.sql.execute(sa.select(schema.outbox.c.content).where(schema.outbox.c.room_id == MIA))
        bodies = [row.content["body"] for row in rows]
    said = [(body.split("Number ")[1][0], body.split(" 2027")[0]) for body in bodies]
    assert len(said) == len(set(said)) == 5 * len(REMINDED)


async def test_away_over_several_dates_one_is_told_only_what_still_helps(scene: Scene) -> None:
    await scene.submitted("commitment", PROMISE)
    await scene.until(datetime(2026, 12, 2, tzinfo=UTC))
    await scene.until(datetime(2027, 12, 5, 12, tzinfo=UTC), timedelta(days=400))
    assert [body.split("\n")[1] for _, body in scene.told()] == ["In 4 days, on Thursday, 9 December 2027:"]
    await scene.until(datetime(2028, 3, 1, tzinfo=UTC), timedelta(days=400))
    assert len(scene.told()) == 2
    assert "is over" in scene.told()[-1][1]


async def test_back_on_the_day_itself_it_says_today(scene: Scene) -> None:
    await scene.submitted("commitment", PROMISE)
    await scene.until(datetime(2026, 12, 2, tzinfo=UTC))
    await scene.until(datetime(2027, 6, 1, 12, tzinfo=UTC), timedelta(days=400))
    assert fits(scene.told(), [("2027-06-01", "Today, on Tuesday, 1 June 2027:")])


async def test_the_clock_set_back_reminds_of_nothing_again(scene: Scene) -> None:
    await scene.submitted("commitment", PROMISE)
    await scene.until(datetime(2027, 12, 20, tzinfo=UTC))
    before = len(scene.sent)
    scene.now = NOW + timedelta(days=150)
    async with scene.database.write() as writer:
        await commitments.plan(writer, 1, scene.desk.morning, scene.now)
    await scene.until(datetime(2027, 12, 20, tzinfo=UTC))
    assert len(scene.sent) == before


async def test_what_is_met_moved_or_taken_back_is_not_reminded_of(scene: Scene) -> None:
    met = await scene.submitted("commitment", PROMISE)
    moved = await scene.submitted("commitment", {**PROMISE, "title": "Moved"})
    gone = await scene.submitted("commitment", {**PROMISE, "title": "Gone"})
    await scene.submitted("commitment", {**PROMISE, "title": "Waits"}, publish=False)
    await scene.until(NOW + timedelta(days=1))
    await scene.reported(met.id, "complete")
    later = {**PROMISE, "title": "Moved", "deadline": "2028-02-01", "milestones": ""}
    async with scene.database.write() as writer:
        author = Actor("author", moved.author)
        await submissions.change(writer, moved.id, "revise", author, scene.now, update={"proposed": later})
        await scene.step(writer, moved, "publish", MOD)
        await scene.step(writer, gone, "withdraw", Actor("author", gone.author))
    await scene.until(datetime(2028, 3, 1, tzinfo=UTC))
    assert [at for at, _ in scene.told()] == ["2028-01-02", "2028-01-25", "2028-01-31", "2028-02-02"]
    assert all("Moved" in said for _, said in scene.told())


async def test_what_was_met_and_is_not_after_all_is_reminded_of_again(scene: Scene) -> None:
    one = await scene.submitted("commitment", PROMISE)
    await scene.until(NOW + timedelta(days=1))
    await scene.reported(one.id, "complete")
    await scene.until(datetime(2027, 11, 1, tzinfo=UTC))
    assert scene.told() == []
    await scene.reported(one.id, "limited")
    await scene.until(datetime(2028, 3, 1, tzinfo=UTC))
    assert fits(scene.told(), REMINDED[2:])


async def test_a_reminder_that_is_due_is_not_lost_to_a_change_at_the_same_moment(scene: Scene) -> None:
    one = await scene.submitted("commitment", PROMISE)
    await scene.until(datetime(2027, 5, 25, 6, tzinfo=UTC))
    scene.now = datetime(2027, 5, 25, 8, tzinfo=UTC)
    await scene.reported(one.id, "limited")
    async with scene.database.write() as writer:
        await commitments.plan(writer, one.id, scene.desk.morning, scene.now)
    while await scene.clock.tick():
        pass
    assert fits(scene.told(), REMINDED[:1])


async def test_a_reminder_that_failed_is_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.submitted("commitment", PROMISE)
    await scene.until(datetime(2027, 5, 25, 6, tzinfo=UTC))

    async def broken(*_: Any, **__: Any) -> str | None:
        raise RuntimeError

    monkeypatch.setattr(identities, "reveal", broken)
    scene.now = datetime(2027, 5, 25, 8, tzinfo=UTC)
    await scene.clock.tick()
    monkeypatch.undo()
    assert scene.told() == []
    scene.now += AGAIN[0]
    await scene.clock.tick()
    assert len(scene.told()) == 1


async def test_who_was_forgotten_is_not_written_to(scene: Scene) -> None:
    await scene.submitted("commitment", PROMISE)
    await scene.until(NOW + timedelta(days=1))
    async with scene.database.write() as writer:
        await personal.forget(writer, MIA, scene.now)
    await scene.until(datetime(2028, 3, 1, tzinfo=UTC), timedelta(days=10))
    assert scene.sent == []


async def test_who_committed_is_known_until_a_year_after_the_deadline(scene: Scene) -> None:
    """Otherwise nobody could be reminded of what takes longer than a year, nor report on it."""
    one = await scene.submitted("commitment", {**PROMISE, "deadline": "2030-12-09"})

    async def known_at(now: datetime) -> bool:
        async with scene.database.write() as writer:
            await identities.prune(writer, now - timedelta(days=365))
            return await identities.known_pseudonym(writer, MIA) == one.author

    assert await known_at(datetime(2030, 1, 1, tzinfo=UTC))
    assert await known_at(datetime(2031, 12, 1, tzinfo=UTC))
    assert not await known_at(datetime(2032, 1, 1, tzinfo=UTC))


async def test_what_is_not_taken_after_all_is_forgotten_with_its_reports(scene: Scene) -> None:
    one = await scene.submitted("commitment", PROMISE)
    report = await scene.reported(one.id, "limited")
    gone = await scene.submitted("commitment", PROMISE)
    await scene.reported(gone.id, "limited")
    kept = await scene.submitted("commitment", PROMISE)
    await scene.reported(kept.id, "limited")
    async with scene.database.write() as writer:
        one = await scene.step(writer, one, "hold", MOD)
        await scene.step(writer, one, "reject", MOD)
        for each in (gone, *await submissions.belonging(writer, gone.id)):
            await scene.step(writer, each, "withdraw", Actor("author", gone.author))
        await retention.forget(writer, PracticeSettings(), NOW + timedelta(days=89))
        still = await submissions.get(writer, report.id)
        assert still is not None
        assert still.state == "published"
        await retention.forget(writer, PracticeSettings(), NOW + timedelta(days=91))
        found = [await submissions.get(writer, number) for number in range(1, 7)]
        assert [each.state for each in found if each] == [*["erased"] * 4, "published", "published"]
        await retention.forget(writer, PracticeSettings(), NOW + timedelta(days=200))


async def test_moderators_are_told_what_is_overdue_and_nobody_else(scene: Scene) -> None:
    one = await scene.submitted("commitment", PROMISE)
    met = await scene.submitted("commitment", {**PROMISE, "title": "Met"})
    await scene.reported(met.id, "complete")
    nudge, week = Nudge(scene.desk), Week(scene.desk)

    async def said(task: Nudge | Week, now: datetime) -> str:
        async with scene.database.write() as writer:
            rows = await task.act(writer, task.first(now), now)
        assert {row.room_id for row in rows} <= {OFFICE}
        return "\n".join((row.content or {})["body"] for row in rows)

    on_the_day, after = datetime(2027, 12, 9, 9, tzinfo=UTC), datetime(2027, 12, 10, 9, tzinfo=UTC)
    assert await said(nudge, on_the_day) == ""
    morning = await said(nudge, after)
    assert morning.startswith("1 commitment is past its date and not reported complete. This is for moderators;")
    assert "- All academies teach it – Kenya" in morning
    assert "Met" not in morning
    assert await said(nudge, after + timedelta(days=1)) == "", "once a day would be nagging"
    monday = datetime(2028, 3, 6, 9, tzinfo=UTC)
    assert "1 commitment is past its date" in await said(week, monday)
    scene.now = monday
    await scene.reported(one.id, "complete")
    assert "past its date" not in await said(week, monday + timedelta(days=7))


async def test_once_a_year_the_year_before_is_shown_in_the_practices_room(scene: Scene) -> None:
    assert scene.year.first(NOW).due_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
    async with scene.database.write() as writer:
        await due.ensure(writer, scene.year.first(NOW))
    await scene.until(datetime(2027, 1, 14, tzinfo=UTC), timedelta(days=1))
    scene.now = datetime(2027, 2, 1, tzinfo=UTC)
    await scene.submitted("commitment", {**PROMISE, "deadline": "2029-12-09", "milestones": ""})
    await scene.until(datetime(2027, 12, 31, tzinfo=UTC), timedelta(days=1))
    assert scene.told(LIBRARY) == [], "in 2026 there was none"
    await scene.until(datetime(2029, 2, 1, tzinfo=UTC), timedelta(hours=6))
    shown = scene.told(LIBRARY)
    assert [at for at, _ in shown] == ["2028-01-15", "2029-01-15"]
    assert shown[0][1].startswith("1 commitment in 2027, by the last report of each:\n1 no report yet")
    pictures = [row for row in scene.sent if (row.content or {})["msgtype"] == "m.image"]
    assert [row.room_id for row in pictures] == [LIBRARY] * 2
    assert "Africa: 1 no report yet" in str(pictures[0].content)


async def test_a_year_without_a_practices_room_is_shown_nowhere(scene: Scene) -> None:
    await scene.submitted("commitment", PROMISE)
    scene.desk.practices = lambda: None
    one = Due(kind=commitment_tasks.YEAR, subject="commitments", due_at=datetime(2027, 1, 15, tzinfo=UTC))
    async with scene.database.write() as writer:
        assert await scene.year.act(writer, one, one.due_at) == []


def test_days_of_the_same_date_are_told_together() -> None:
    promise = commitments.Promise.model_validate({**PROMISE, "milestones": "2027-12-09 the last\n2027-06-01 a"})
    assert promise.dates() == {date(2027, 12, 9): (30, 7, 1, -1), date(2027, 6, 1): (7, 1)}
