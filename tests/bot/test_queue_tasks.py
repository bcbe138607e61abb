"""What the queue does by itself: publish later, remind once, tell the moderators."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.posting import Posting
from bot.queue_tasks import Desk, LookingAgain, Nudge, Publishing, Unfinished, Week
from bot.repertoire import registry
from commands import deciding, practices
from commands.context import Asker
from commands.respond import Responder
from storage import identities, outbox, submissions, talks, unfinished
from storage.database import Database
from storage.due import Due
from storage.submissions import Actor, Submission
from tests import databases

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
OFFICE, LIBRARY, MIA = "!office:example.org", "!library:example.org", "@mia:example.org"
MOD = Actor("moderator", "mod")
FIELDS = {
    "title": "Radio that warns early",
    "summary": "Stations met.",
    "result": "Fewer rumours.",
    "country": "KE",
    "attribution": "country",
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    found = await Database.open(databases.address(tmp_path / "bot.db"))
    yield found
    await found.close()


@pytest.fixture
def desk(database: Database) -> Desk:
    rooms: Any = SimpleNamespace(moderation=OFFICE, practices=LIBRARY)
    return Desk(
        Responder(database, registry(), "en"),
        lambda: Asker("", OFFICE, direct=False, prefix="!"),
        lambda: Asker("", LIBRARY, direct=False, prefix="!"),
        Posting(rooms),
        9,
        "Europe/Berlin",
    )


async def shared(database: Database, *actions: tuple[submissions.Action, Actor]) -> Submission:
    async with database.write() as writer:
        author = await identities.pseudonym(writer, MIA, NOW)
        new = Submission(
            kind="practice",
            author=author,
            language="en",
            fields=FIELDS,
            consent={},
            created_at=NOW,
            updated_at=NOW,
        )
        one = await submissions.add(writer, new)
        for action, actor in actions:
            who = Actor("author", author) if actor.role == "author" else actor
            one = await submissions.change(writer, one.id, action, who, NOW, reason="because")
        return one


async def done(database: Database, task: Any, due: Due, now: datetime = NOW) -> dict[str, str]:
    """Do a task, and return what is said, by place."""
    async with database.write() as writer:
        rows = await task.act(writer, due, now)
        await outbox.add(writer, rows)
    return {row.room_id: (row.content or {}).get("body", "") for row in rows}


ME = Actor("author")


async def test_what_was_approved_for_later_is_published_then_and_once(database: Database, desk: Desk) -> None:
    one = await shared(database, ("submit", ME), ("approve", MOD))
    due = Due(kind=deciding.PUBLISH, subject=str(one.id), due_at=NOW)
    said = await done(database, Publishing(desk), due)
    assert said[LIBRARY].startswith("Radio that warns early (!practice 1)")
    assert said[OFFICE].startswith("Submission 1 (practice): published")
    assert "is published" in said[MIA]
    assert await done(database, Publishing(desk), due) == {}


@pytest.mark.parametrize("action", ["hold", "withdraw"])
async def test_what_was_stopped_is_not_published(
    database: Database, desk: Desk, action: submissions.Action
) -> None:
    actor = MOD if action == "hold" else ME
    one = await shared(database, ("submit", ME), ("approve", MOD), (action, actor))
    assert (
        await done(database, Publishing(desk), Due(kind=deciding.PUBLISH, subject=str(one.id), due_at=NOW)) == {}
    )


async def test_a_draft_and_a_talk_are_reminded_of(database: Database, desk: Desk) -> None:
    one = await shared(database)
    due = Due(kind=unfinished.UNFINISHED, subject=unfinished.draft(one.id), due_at=NOW)
    said = await done(database, Unfinished(desk), due)
    assert said[MIA].startswith("Your draft Radio that warns early is forgotten in three days.")
    async with database.write() as writer:
        await submissions.change(writer, one.id, "submit", Actor("author", one.author), NOW)
    assert await done(database, Unfinished(desk), due) == {}
    due = Due(kind=unfinished.UNFINISHED, subject=unfinished.talk(MIA), due_at=NOW)
    assert await done(database, Unfinished(desk), due) == {}
    async with database.write() as writer:
        going_on = talks.Talk(person=MIA, kind="practice", step=2, answers={}, expires_at=NOW + timedelta(days=1))
        await talks.put(writer, going_on)
    assert "You began to share something" in (await done(database, Unfinished(desk), due))[MIA]


async def test_what_is_published_is_looked_at_again(database: Database, desk: Desk) -> None:
    one = await shared(database, ("submit", ME), ("approve", MOD), ("publish", Actor("bot")))
    due = Due(kind=practices.REVIEW, subject=str(one.id), due_at=NOW)
    said = await done(database, LookingAgain(desk), due)
    assert "could it harm somebody now? !unpublish 1 …" in said[OFFICE]
    async with database.write() as writer:
        await submissions.change(writer, one.id, "unpublish", MOD, NOW, reason="because")
    assert await done(database, LookingAgain(desk), due) == {}


async def test_the_moderators_are_told_what_waits_and_how_the_week_was(database: Database, desk: Desk) -> None:
    nudge, week = Nudge(desk), Week(desk)
    assert await done(database, nudge, nudge.first(NOW)) == {}
    assert await done(database, week, week.first(NOW)) == {}
    await shared(database, ("submit", ME))
    later = NOW + timedelta(days=4)
    said = await done(database, nudge, nudge.first(NOW), later)
    assert "1 submission waits for longer than it should:" in said[OFFICE]
    async with database.write() as writer:
        rows = await week.act(writer, week.first(NOW), later)
    assert [(row.content or {})["msgtype"] for row in rows] == ["m.notice", "m.image"]
    assert "1 received, 0 decided, 1 waiting" in (rows[0].content or {})["body"]


def test_mornings_are_those_of_the_zone(desk: Desk) -> None:
    nudge, week = Nudge(desk), Week(desk)
    assert nudge.first(NOW).due_at == datetime(2026, 12, 2, 8, 0, tzinfo=UTC)
    assert week.first(NOW).due_at == datetime(2026, 12, 7, 8, 0, tzinfo=UTC)
    assert week.following(week.first(NOW), datetime(2027, 3, 25, tzinfo=UTC)) == datetime(
        2027, 3, 29, 7, tzinfo=UTC
    )
