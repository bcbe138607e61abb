"""The measure of growth, in small: a bot in some rooms that it has not asked for, started twice, and asked."""

from __future__ import annotations

from benchmarks import growth


async def test_a_crowd_is_told_of_at_the_first_sync_and_the_bot_answers_after_the_second_start() -> None:
    found = await growth.crowd(30, 600)
    assert found.rooms == 30
    assert found.command > 0


async def test_a_history_is_filled_and_forgotten() -> None:
    found = await growth.history(60)
    assert found.rows == 60
    assert found.step > 0
