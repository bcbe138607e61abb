"""The digest: each Monday once, in the language and by the clocks of each, late rather than never."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import announcing
from bot.announcing import Digest
from bot.clock import Clock, Task
from bot.digests import Recall, Weekly
from bot.repertoire import registry
from bot.voice import Voice
from commands import digest
from commands.context import Asker, Context
from commands.digest_sections import Period
from commands.respond import Responder
from config.settings import DigestSettings, EventSettings
from storage import digests, due, glossary, glossary_changes, outbox, people, rooms, submissions
from storage.database import Database, Writer
from storage.due import Due
from storage.outbox import OutboxRow, Priority
from storage.submissions import Actor, Submission
from tests import databases

START = datetime(2026, 12, 2, 10, 0, tzinfo=UTC)
"""A Wednesday."""
MONDAY = datetime(2026, 12, 7, tzinfo=UTC)
ROOM, FRENCH, NEW = "!room:example.org", "!french:example.org", "!new:example.org"
MIA, LUZ = "@mia:example.org", "@luz:example.org"
WANTED = DigestSettings()


class KilledError(BaseException):
    """Ends all at once, as a kill does."""


class Scene:
    """A bot's clock with rooms, and a time that is set by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.sent: list[OutboxRow] = []
        self.moved: dict[str, str | None] = {}
        self.begin()

    def begin(self, push: Callable[[list[OutboxRow]], None] | None = None) -> None:
        """Begin anew, as after a crash: nothing is in memory."""
        voice = Voice(
            lambda: [self._asker(ROOM)],
            lambda: None,
            Responder(self.database, registry(), "en", "UTC").context,
            EventSettings(),
            "UTC",
        )
        tasks: dict[str, Task] = {
            digests.KIND: Weekly(voice, self._place, "UTC", WANTED),
            digests.RECALL: Recall(),
            announcing.DIGEST: Digest(voice),
        }
        self.clock = Clock(self.database, tasks, push or self.sent.extend, lambda: self.now)

    def _place(self, room_id: str) -> Asker | None:
        found = self.moved.get(room_id, room_id)
        return self._asker(found) if found else None

    def _asker(self, room_id: str) -> Asker:
        return Asker("", room_id, direct=False, prefix="!")

    async def choose(self, recipient: str, zone: str = "UTC") -> Due:
        async with self.database.write() as writer:
            return await digests.choose(writer, recipient, zone, self.now, WANTED)

    async def due(self, recipient: str) -> Due | None:
        async with self.database.read() as reader:
            return await digests.planned(reader, recipient)

    async def until(self, moment: datetime, step: timedelta = timedelta(hours=1)) -> None:
        while self.now < moment:
            self.now = min(self.now + step, moment)
            while await self.clock.tick():
                pass

    async def publish(
        self, title: str, kind: submissions.Kind = "practice", at: datetime | None = None, **fields: object
    ) -> int:
        at = at or self.now
        async with self.database.write() as writer:
            one = Submission(
                kind=kind,
                author="a",
                language="en",
                fields={"title": title, "country": "KE", **fields},
                consent={},
                created_at=at,
                updated_at=at,
            )
            number = (await submissions.add(writer, one)).id
            for action, actor in (
                ("submit", Actor("author", "a")),
                ("approve", Actor("moderator", "m")),
                ("publish", Actor("bot")),
            ):
                await submissions.change(writer, number, action, actor, at)  # type: ignore[arg-type]
        return number

    def to(self, recipient: str) -> list[str]:
        return [str((row.content or {})["body"]) for row in self.sent if row.room_id == recipient and row.content]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await Database.open(await databases.started(tmp_path / "bot.db", START))
    async with database.write() as writer:
        for room_id in (ROOM, FRENCH):
            await rooms.put(writer, [rooms.Room(room_id=room_id, membership="join", since=START)])
        await rooms.choose_language(writer, FRENCH, "fr")
        await people.choose_language(writer, LUZ, "es", START)
    yield Scene(database)
    await database.close()


async def test_it_comes_on_monday_in_the_language_of_each_and_only_once(scene: Scene) -> None:
    await scene.publish("Radio that answers rumours")
    for recipient in (ROOM, FRENCH, MIA, LUZ):
        await scene.choose(recipient)
    await scene.until(MONDAY + timedelta(hours=8))
    assert scene.sent == []
    await scene.until(MONDAY + timedelta(days=1))
    (english,), (french,), (mia,), (spanish,) = (scene.to(one) for one in (ROOM, FRENCH, MIA, LUZ))
    assert english.startswith("The week from 30 November to 6 December\n\nNew practices\n\n- Radio that answers")
    assert english.endswith("For moderators, to end this digest: !digest off")
    assert french.startswith("La semaine du 30 novembre au 6 décembre\n\nNouvelles pratiques")
    assert spanish.startswith("La semana del 30 de noviembre al 6 de diciembre\n\nNuevas prácticas")
    assert mia.endswith("To get no digest any more: digest off")
    assert {row.priority for row in scene.sent} == {Priority.BACKGROUND}


async def test_nothing_is_sent_when_nothing_happened(scene: Scene) -> None:
    scene.now = datetime(2026, 12, 16, tzinfo=UTC)
    await scene.publish("An old question", "challenge", scene.now - timedelta(days=60))
    await scene.choose(ROOM)
    await scene.until(datetime(2027, 1, 12, tzinfo=UTC))
    assert scene.sent == []
    planned = await scene.due(ROOM)
    assert planned is not None
    assert planned.due_at == datetime(2027, 1, 18, 9, tzinfo=UTC)


async def test_each_gets_it_in_the_morning_of_their_own_place(scene: Scene) -> None:
    await scene.publish("Radio that answers rumours")
    there = await scene.choose(MIA, "Asia/Tokyo")
    here = await scene.choose(ROOM, "America/Bogota")
    assert MONDAY <= there.due_at < MONDAY + timedelta(hours=1), "from nine in Tokyo on"
    assert here.due_at == MONDAY + timedelta(hours=14), "nine in Bogota"


async def test_thousands_are_spread_over_an_hour(scene: Scene) -> None:
    due_at = []
    async with scene.database.write() as writer:
        for number in range(300):
            found = await digests.choose(writer, f"@member{number}:example.org", "UTC", START, WANTED)
            due_at.append(found.due_at)
    assert min(due_at) >= MONDAY + timedelta(hours=9)
    assert max(due_at) < MONDAY + timedelta(hours=10)
    assert len(set(due_at)) > 250


async def test_what_it_says_is_written_once_for_all_of_a_language(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.publish("Radio that answers rumours")
    people_ = [f"@member{number}:example.org" for number in range(40)]
    for person in people_:
        await scene.choose(person)
    written: list[str] = []
    compose = digest.compose

    async def counted(ctx: Context, period: Period) -> digest.Digest | None:
        written.append(ctx.language)
        return await compose(ctx, period)

    monkeypatch.setattr(digest, "compose", counted)
    await scene.until(MONDAY + timedelta(hours=10), timedelta(hours=10))
    assert len(scene.sent) == len(people_)
    assert len({str(row.content) for row in scene.sent}) == 1
    assert written == ["en"]


async def test_digests_that_name_what_is_taken_back_are_deleted(scene: Scene) -> None:
    gone = await scene.publish("Radio that answers rumours")
    await scene.choose(ROOM)
    await scene.until(MONDAY + timedelta(hours=10))
    await scene.publish("Another one")
    await scene.choose(MIA)
    await scene.until(MONDAY + timedelta(days=8))
    naming, other = (next(row for row in scene.sent if row.room_id == one) for one in (ROOM, MIA))
    async with scene.database.write() as writer:
        await submissions.change(writer, gone, "unpublish", Actor("moderator", "m"), scene.now, reason="Harm")
    await scene.until(scene.now + timedelta(hours=1), timedelta(minutes=1))
    deletions = [row.about for row in scene.sent if row.kind == "redaction"]
    assert deletions == [naming.id]
    assert other.id not in deletions


async def test_a_commitment_whose_report_is_taken_back_was_not_met(scene: Scene) -> None:
    number = await scene.publish(
        "Train officers",
        "commitment",
        category="state",
        deadline="2026-12-20",
        known="A report",
        visibility="members",
    )
    half = await scene.publish("", "progress", commitment=number, level="substantial", text="Half are trained")
    whole = await scene.publish("", "progress", commitment=number, level="complete", text="All are trained")
    await scene.choose(ROOM)
    await scene.until(MONDAY + timedelta(hours=9))
    (said,) = scene.to(ROOM)
    assert "Commitments that were met\n\n- Train officers" in said
    async with scene.database.write() as writer:
        await submissions.change(writer, half, "withdraw", Actor("author", "a"), scene.now)
    await scene.until(scene.now + timedelta(hours=1))
    assert [row.kind for row in scene.sent] == ["message"]
    async with scene.database.write() as writer:
        await submissions.change(writer, whole, "withdraw", Actor("author", "a"), scene.now)
    await scene.until(scene.now + timedelta(hours=1))
    assert [row.kind for row in scene.sent] == ["message", "redaction"]
    assert scene.sent[1].about == scene.sent[0].id


async def test_what_was_taken_back_meanwhile_is_not_told_to_the_others(scene: Scene) -> None:
    number = await scene.publish("Radio that answers rumours")
    await scene.publish("Another one")
    await scene.choose(MIA)
    await scene.until(MONDAY + timedelta(hours=10))
    await scene.choose(ROOM, "America/Bogota")
    async with scene.database.write() as writer:
        await submissions.change(writer, number, "withdraw", Actor("author", "a"), scene.now)
    await scene.until(MONDAY + timedelta(hours=15))
    assert "Radio that answers rumours" in scene.to(MIA)[0]
    assert "Radio that answers rumours" not in scene.to(ROOM)[0]


@pytest.mark.parametrize("where", ["before the commit", "after the commit"])
async def test_a_kill_between_the_steps_repeats_nothing_and_leaves_out_nobody(
    scene: Scene, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.publish("Radio that answers rumours")
    everybody = [ROOM, *(f"@member{number}:example.org" for number in range(6))]
    for recipient in everybody:
        await scene.choose(recipient)
    scene.now = MONDAY + timedelta(hours=11)
    add = outbox.add

    async def dying(writer: Writer, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
        await add(writer, rows)
        raise KilledError

    def unsent(_rows: list[OutboxRow]) -> None:
        raise KilledError

    for _ in everybody:
        with monkeypatch.context() as patched:
            if where == "before the commit":
                patched.setattr(outbox, "add", dying)
            else:
                scene.begin(push=unsent)
            with pytest.raises(KilledError):
                await scene.clock.tick()
        scene.begin()
    await scene.until(MONDAY + timedelta(days=1))
    async with scene.database.read() as reader:
        rows = await outbox.pending(reader)
    assert sorted(row.room_id for row in rows) == sorted(everybody)


async def test_what_was_missed_comes_late_and_what_is_older_not(scene: Scene) -> None:
    await scene.publish("Radio that answers rumours")
    await scene.choose(ROOM)
    await scene.until(MONDAY + timedelta(days=2), timedelta(days=10))
    (said,) = scene.to(ROOM)
    assert "This comes late: I was away when it was due." in said
    assert "The week from 30 November to 6 December" in said
    await scene.publish("Another one")
    await scene.until(MONDAY + timedelta(days=11), timedelta(days=10))
    assert len(scene.sent) == 1, "four days are too late"
    planned = await scene.due(ROOM)
    assert planned is not None
    assert planned.due_at == MONDAY + timedelta(days=14, hours=9)


async def test_who_moves_gets_it_once_all_the_same(scene: Scene) -> None:
    await scene.publish("Radio that answers rumours")
    await scene.choose(MIA, "Europe/Zurich")
    await scene.until(MONDAY + timedelta(hours=10))
    assert len(scene.to(MIA)) == 1
    async with scene.database.write() as writer:
        await digests.move(writer, MIA, "America/Bogota", WANTED)
    await scene.until(MONDAY + timedelta(days=1))
    assert len(scene.to(MIA)) == 1
    async with scene.database.write() as writer:
        await digests.end(writer, MIA)
        # As if it had been ended and wished again early on the same day.
        await digests.choose(writer, MIA, "UTC", MONDAY, WANTED)
    await scene.until(MONDAY + timedelta(days=2))
    assert len(scene.to(MIA)) == 1


async def test_it_follows_a_room_and_waits_where_the_bot_is_not(scene: Scene) -> None:
    await scene.publish("Radio that answers rumours")
    await scene.choose(ROOM)
    await scene.choose(FRENCH)
    scene.moved = {ROOM: NEW, FRENCH: None}
    await scene.until(MONDAY + timedelta(days=1))
    assert len(scene.to(NEW)) == 1
    assert scene.to(ROOM) == scene.to(FRENCH) == []
    assert await scene.due(ROOM) is None
    assert await scene.due(NEW) is not None
    assert await scene.due(FRENCH) is not None


async def test_a_room_with_the_digest_gets_no_second_list_of_events(scene: Scene) -> None:
    await scene.choose(ROOM)
    async with scene.database.write() as writer:
        first = Due(kind=announcing.DIGEST, subject="events", due_at=MONDAY + timedelta(hours=9), importance=8)
        await due.ensure(writer, first)
    await scene.until(MONDAY + timedelta(days=1))
    (said,) = scene.to(ROOM)
    assert "Coming events" in said
    assert "In the next seven days" not in said


async def test_terms_that_are_new_or_changed_are_named(scene: Scene) -> None:
    async with scene.database.write() as writer:
        known = await glossary.get(writer, "genocide")
        assert known is not None
        changed = known.model_copy(update={"topic": "justice"})
        await glossary_changes.put(writer, changed, by=None, at=START)
        added = known.model_copy(update={"id": "new", "terms": [glossary.Term(language="en", text="new word")]})
        await glossary_changes.put(writer, added, by=None, at=START)
    await scene.choose(ROOM)
    await scene.until(MONDAY + timedelta(days=1))
    (said,) = scene.to(ROOM)
    assert "New terms: new word\nChanged terms: genocide\nLook one up: !term genocide" in said
