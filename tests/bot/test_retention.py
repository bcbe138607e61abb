"""What was submitted, and what was handled and sent, is forgotten after its time, and not before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import retention
from config.settings import PracticeSettings
from storage import inbox, outbox, schema, submissions
from storage.database import Database, Writer
from storage.inbox import InboxEvent
from storage.outbox import OutboxRow, Sent
from storage.submissions import Action, Actor, Submission
from tests import databases

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
ME, MOD = Actor("author", "author"), Actor("moderator", "mod")
WAYS: dict[str, tuple[tuple[Action, Actor], ...]] = {
    "draft": (),
    "submitted": (("submit", ME),),
    "rejected": (("submit", ME), ("reject", MOD)),
    "withdrawn": (("submit", ME), ("withdraw", ME)),
    "published": (("submit", ME), ("approve", MOD), ("publish", Actor("bot"))),
}


async def test_each_is_forgotten_after_its_time(tmp_path: Path) -> None:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    new = Submission(
        kind="practice",
        author="author",
        language="en",
        fields={"title": "x"},
        consent={},
        created_at=NOW,
        updated_at=NOW,
    )
    numbers: dict[str, int] = {}
    async with database.write() as writer:
        for state, ways in WAYS.items():
            one = await submissions.add(writer, new)
            for action, actor in ways:
                one = await submissions.change(writer, one.id, action, actor, NOW, reason="because")
            assert one.state == state
            numbers[state] = one.id
            message = OutboxRow(
                txn_id=state,
                room_id="!mods:example.org",
                kind="message",
                cause=f"submission/{one.id}",
                content={},
                created_at=NOW,
            )
            await outbox.add(writer, [message])

    async def erased_after(days: int) -> tuple[set[str], list[OutboxRow]]:
        async with database.write() as writer:
            rows = await retention.forget(writer, PracticeSettings(), NOW + timedelta(days=days))
            found = {state: await submissions.get(writer, number) for state, number in numbers.items()}
        return {state for state, one in found.items() if one and one.state == "erased"}, rows

    assert await erased_after(29) == (set(), [])
    gone, rows = await erased_after(31)
    assert gone == {"draft"}
    assert [row.kind for row in rows] == ["redaction"]
    gone, rows = await erased_after(91)
    assert gone == {"draft", "rejected", "withdrawn"}
    assert [row.kind for row in rows] == ["redaction", "redaction"]
    assert (await erased_after(3000))[0] == gone, "what waits, or is published, stays"
    await database.close()


async def test_what_was_handled_and_sent_goes_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (inbox, outbox):
        monkeypatch.setattr(module, "PAGE", 20)
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}")
    hours = [NOW + timedelta(hours=number) for number in range(2 * inbox.PAGE + 20)]
    events = [
        InboxEvent(event_id=f"$in{number}", room_id="!r", sender="@m:x", kind="message", sent_at=at)
        for number, at in enumerate(hours)
    ]
    rows = [
        OutboxRow(
            txn_id=f"t{number}",
            room_id="!r",
            kind="message",
            cause="practice/1" if number == 0 else f"$in{number}",
            content={},
            created_at=at,
        )
        for number, at in enumerate(hours)
    ]
    async with database.write() as writer:
        await inbox.add(writer, events)
        kept = await outbox.add(writer, rows)
        for event, at in zip(events[1:], hours[1:], strict=True):  # the first is still to be handled
            await inbox.handled(writer, event.event_id, "answered", at)
        await outbox.sent(
            writer,
            [
                Sent(id=row.id, room_id="!r", event_id=f"$out{row.id}", sent_at=row.created_at)
                for row in kept
                if row.txn_id != "t1"  # still on its way
            ],
        )
    pages = []
    write = database.write

    @asynccontextmanager
    async def counted() -> AsyncIterator[Writer]:
        async with write() as writer:
            yield writer
        pages.append(1)

    database.write = counted  # type: ignore[method-assign]
    await retention.prune(database, hours[-5])
    async with database.read() as reader:
        events_left = list((await reader.sql.execute(sa.select(schema.inbox.c.event_id))).scalars())
        rows_left = list((await reader.sql.execute(sa.select(schema.outbox.c.txn_id))).scalars())
    last = range(len(hours) - 5, len(hours))
    assert events_left == ["$in0", *(f"$in{number}" for number in last)]
    assert rows_left == ["t0", "t1", *(f"t{number}" for number in last)]
    assert len(pages) == 6
    pages.clear()
    await retention.prune(database, hours[-5])
    assert len(pages) == 2, "what came later is not looked through"
    await database.close()
