"""Imports that were shown, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage import proposals
from storage.database import Database
from storage.proposals import Proposal
from tests import databases

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


async def test_a_plan_is_forgotten_when_it_is_decided_replaced_or_too_old(tmp_path: Path) -> None:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    try:
        async with database.write() as writer:
            numbers = []
            for room in ("!a:example.org", "!a:example.org", "!b:example.org"):
                one = Proposal(
                    kind="focal",
                    room_id=room,
                    person="@mod:example.org",
                    plan={"new": [1]},
                    created_at=NOW,
                    expires_at=NOW + timedelta(minutes=10),
                )
                numbers.append(await proposals.add(writer, one))
            replaced, waiting, elsewhere = [await proposals.get(writer, number) for number in numbers]
            assert replaced is not None
            assert (replaced.state, replaced.plan) == ("cancelled", None)
            assert waiting is not None
            assert elsewhere is not None
            assert waiting.state == elsewhere.state == "proposed"
            assert waiting.plan == {"new": [1]}
            newest = await proposals.newest(writer, "!a:example.org", {"focal"})
            assert newest == waiting
            await proposals.decide(writer, waiting.id, "applied", NOW)
            await proposals.expire(writer, NOW + timedelta(minutes=9))
            still = await proposals.get(writer, elsewhere.id)
            assert still == elsewhere
            await proposals.expire(writer, NOW + timedelta(minutes=11))
            for number, state in zip(numbers[1:], ("applied", "cancelled"), strict=True):
                found = await proposals.get(writer, number)
                assert found is not None
                assert (found.state, found.plan) == (state, None)
    finally:
        await database.close()
