"""What was submitted is forgotten after its time, and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import retention
from config.settings import PracticeSettings
from storage import outbox, submissions
from storage.database import Database
from storage.outbox import OutboxRow
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
