"""A copy of the database is put back: the rooms say what was said since, also to another device."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot import answers
from bot.addressing import Address
from bot.app import App
from bot.session import Session
from commands.rendering import Markdown
from config.settings import FloodSettings, MatrixSettings, RoomSettings, Settings
from storage import outbox as outbox_storage
from storage import people, restored, submissions
from storage.database import Database
from storage.outbox import OutboxRow
from storage.schema import inbox, outbox, submission
from storage.submissions import Submission
from tests.bot.conftest import NOW, quick, until
from tests.bot.fake_homeserver import BOT, MIA, ROOM, FakeHomeserver, text_event
from tests.bot.scripted import refuse

pytestmark = pytest.mark.sqlite("backups are of its file")

OFFICE = "!office:example.org"
HIDDEN = "!hidden:example.org"


class Lives:
    """A bot that lives, is copied, lives on, and lives again from the copy."""

    def __init__(self, fake: FakeHomeserver, folder: Path) -> None:
        self.fake = fake
        self.folder = folder / "old"
        self.copy = folder / "copy.db"
        self.copied_at = datetime.now(UTC)
        fake.join_room(OFFICE)
        fake.join_room(HIDDEN)

    def settings(self) -> Settings:
        return Settings(
            matrix=MatrixSettings(homeserver=self.fake.url, user_id=BOT, password=SecretStr("secret")),
            rooms=RoomSettings(moderation=OFFICE),
            flood=FloodSettings(commands_per_minute=0),
            default_language="fr",
            data_dir=self.folder,
        )

    @asynccontextmanager
    async def living(self) -> AsyncIterator[Database]:
        """Run the bot until the end of the block."""
        self.folder.mkdir(exist_ok=True)
        wanted = self.settings()
        database = await Database.open(wanted.database_url)
        session = await Session.open(wanted.matrix, self.folder)
        app = App(wanted, session, database, Address("!", BOT, "GAAMAC"), quick([]))
        stop = asyncio.Event()
        before = len(self.fake.requests("sync"))
        task = asyncio.create_task(app.run(stop))
        try:
            await until(lambda: len(self.fake.requests("sync")) > before + 1)
            yield database
        finally:
            stop.set()
            await asyncio.wait([task])
            await session.close()
            await database.close()
        task.result()

    def copied(self) -> None:
        """Copy the database of a bot that does not run."""
        self.copied_at = datetime.now(UTC)
        shutil.copy(self.folder / "bot.db", self.copy)

    async def put_back(self) -> Database:
        """Make a new folder of the copy. Return the database, to look into and to close."""
        self.folder = self.folder.with_name("new")
        self.folder.mkdir()
        shutil.copy(self.copy, self.folder / "bot.db")
        shutil.copy(self.folder.with_name("old") / "session.json", self.folder)
        database = await Database.open(self.settings().database_url)
        async with database.write() as writer:
            await restored.begin(writer, self.copied_at, datetime.now(UTC))
        # As for another device: no transaction id is recognised, and what was said before is only in the rooms.
        self.fake.taken.clear()
        return database

    async def answered(self, *events: str) -> None:
        await until(lambda: set(events) <= set(self.fake.answers_to()))

    async def finished(self, database: Database) -> dict[str, int]:
        """Wait until nothing is in doubt any more; return what was left out."""
        async with asyncio.timeout(30):
            while True:
                async with database.read() as reader:
                    marker = await restored.current(reader)
                assert marker is not None
                if marker.finished_at is not None:
                    return marker.left_out
                await asyncio.sleep(0.05)


@pytest.fixture
def lives(fake: FakeHomeserver, tmp_path: Path) -> Lives:
    return Lives(fake, tmp_path)


async def test_what_was_answered_is_not_answered_again_and_what_was_not_is(lives: Lives) -> None:
    async with lives.living():
        first = await lives.fake.say("!term genocide")
        await lives.answered(first)
    lives.copied()
    async with lives.living():
        since = [await lives.fake.say(f"!term {name}") for name in ("r2p", "torture")]
        await lives.answered(*since)
    nobody = [await lives.fake.say(f"!term {name}") for name in ("impunity", "refugee")]
    await (await lives.put_back()).close()
    async with lives.living() as database:
        later = await lives.fake.say("!term dignity")
        await lives.answered(*nobody, later)
        assert await lives.finished(database) == {}
        assert lives.fake.answers_to() == dict.fromkeys([*nobody, later], 1)
        async with database.read() as reader:
            known = [await outbox_storage.answers(reader, event) for event in since]
        assert [len(one) for one in known] == [1, 1], "an edit of the question finds its answer"


async def test_what_waited_in_the_copy_was_said_by_the_old_life_if_the_room_has_it(lives: Lives) -> None:
    async with lives.living():
        pass
    lives.copied()
    waiting = [
        OutboxRow(
            txn_id=f"txn-{name}",
            room_id=ROOM,
            kind="message",
            content=answers.message(Markdown(name)),
            created_at=datetime.now(UTC),
        )
        for name in ("said", "unsaid")
    ]
    database = await Database.open(f"sqlite+aiosqlite:///{lives.copy}")
    async with database.write() as writer:
        await outbox_storage.add(writer, waiting)
    await database.close()
    content = answers.message(Markdown("said")) | {answers.KEY: "txn-said"}
    await lives.fake.put(text_event("$said", "said", BOT) | {"content": content})
    await (await lives.put_back()).close()
    async with lives.living() as database:
        assert await lives.finished(database) == {}
        assert [one.content["body"] for one in lives.fake.taken] == ["unsaid"]


async def test_a_choice_is_made_again_without_a_word(lives: Lives) -> None:
    async with lives.living():
        pass
    lives.copied()
    async with lives.living():
        await lives.answered(await lives.fake.say("!language es"))
    database = await lives.put_back()
    async with database.read() as reader:
        assert (await people.voice(reader, MIA, ROOM)).person is None
    await database.close()
    async with lives.living() as database:
        assert await lives.finished(database) == {}
        async with database.read() as reader:
            assert (await people.voice(reader, MIA, ROOM)).person == "es"
        assert lives.fake.taken == []


async def test_what_made_something_is_not_done_again_and_the_moderators_are_told(lives: Lives) -> None:
    async with lives.living():
        pass
    lives.copied()
    async with lives.living():
        await lives.answered(await lives.fake.say("!event suggest 9 Dec 2027 15:00 UTC 1h Early warning"))
        made = len(lives.fake.taken)
    await (await lives.put_back()).close()
    async with lives.living() as database:
        assert await lives.finished(database) == {"done/event suggest": 1}
        await until(lambda: lives.fake.taken)
        [told] = lives.fake.taken
        assert told.room_id == OFFICE
        assert "Répondu à ce moment-là" in told.content["body"]
        assert "(1)" in told.content["body"]
        async with database.read() as reader:
            count = sa.select(sa.func.count()).select_from(submission)
            assert (await reader.sql.execute(count)).scalar() == 0
    assert made
    async with lives.living() as database:  # told once, also after another start
        await lives.answered(await lives.fake.say("!term genocide"))
    assert sum(one.room_id == OFFICE for one in lives.fake.taken) == 1


async def test_what_a_room_does_not_tell_is_not_said_and_counted(lives: Lives) -> None:
    async with lives.living():
        pass
    lives.copied()
    unknown = await lives.fake.say("!term genocide", HIDDEN)
    await (await lives.put_back()).close()
    lives.fake.always("messages", refuse(403, "M_FORBIDDEN"))
    async with lives.living() as database:
        later = asyncio.create_task(lives.finished(database))
        assert await later == {"unknown command": 1}
        await until(lambda: lives.fake.taken)
        assert unknown not in lives.fake.answers_to()
        assert [one.room_id for one in lives.fake.taken] == [OFFICE]
        answered = await lives.fake.say("!term torture", HIDDEN)
        await lives.answered(answered)


async def test_a_crash_in_between_changes_nothing(lives: Lives) -> None:
    async with lives.living():
        pass
    lives.copied()
    async with lives.living():
        since = [await lives.fake.say("!term genocide") for _ in range(5)]
        await lives.answered(*since)
    nobody = [await lives.fake.say("!term r2p") for _ in range(5)]
    await (await lives.put_back()).close()
    for _ in range(3):
        # Stopped as soon as the first round is stored, when nothing or little is decided.
        async with lives.living():
            pass
    async with lives.living() as database:
        await lives.answered(*nobody)
        await lives.finished(database)
    assert lives.fake.answers_to() == dict.fromkeys(nobody, 1)


@pytest.mark.parametrize(("given", "following"), [(0, 101), (34, 201), (100, 201), (101, 301)])
async def test_numbers_of_the_old_life_are_not_given_again(tmp_path: Path, given: int, following: int) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}")
    async with database.write() as writer:
        for number in range(given):
            await submissions.add(writer, submitted(number))
        await restored.begin(writer, NOW, NOW)
        assert (await submissions.add(writer, submitted(0))).id == following
    await database.close()


def submitted(number: int) -> Submission:
    return Submission(
        kind="term",
        author="ab12",
        language="en",
        fields={"title": str(number)},
        consent={},
        created_at=NOW,
        updated_at=NOW,
    )


async def test_what_is_in_the_copy_is_in_doubt_only_until_it_is_dealt_with(lives: Lives) -> None:
    async with lives.living():
        pass
    lives.copied()
    await (await lives.put_back()).close()
    async with lives.living() as database:
        await lives.finished(database)
        asked = await lives.fake.say("!term genocide")
        await lives.answered(asked)
        async with database.read() as reader:
            for table in (inbox, outbox):
                doubts = (await reader.sql.execute(sa.select(table.c.doubt))).scalars()
                assert set(doubts) <= {None}
    lives.fake.always("messages", refuse(403, "M_FORBIDDEN"))
    while_down = await lives.fake.say("!term r2p")
    async with lives.living():
        await lives.answered(while_down)
