"""The token bucket: free until it is told otherwise, then in turns."""

from __future__ import annotations

import asyncio

import pytest

from bot.pace import PATIENCE, SUCCESSES_TO_SPEED_UP, UNHURRIED, Pace
from storage.outbox import Priority
from tests.bot.conftest import LONGEST


async def go(pace: Pace, name: object, priority: int, gone: list[object]) -> None:
    await pace.turn(priority)
    gone.append(name)


async def test_without_a_limit_nobody_waits() -> None:
    pace = Pace()
    async with asyncio.timeout(LONGEST):
        for _ in range(1000):
            await pace.turn(0)
            pace.succeeded()
    assert pace.closed_for == 0


async def test_after_a_limit_one_goes_in_each_interval_by_priority_and_then_by_arrival() -> None:
    pace, gone = Pace(), list[object]()
    began = asyncio.get_running_loop().time()
    pace.limited(0.05)
    assert 0 < pace.closed_for <= 0.05
    order = [(2, "c"), (1, "b"), (0, "a"), (0, "a2"), (2, "c2")]
    async with asyncio.timeout(LONGEST):
        await asyncio.gather(*[go(pace, name, priority, gone) for priority, name in order])
    assert gone == ["a", "a2", "b", "c", "c2"]
    # A lower bound holds on the slowest machine.
    assert asyncio.get_running_loop().time() - began > 5 * 0.05 - 0.02


async def test_one_who_gives_up_does_not_hold_up_the_others() -> None:
    pace, gone = Pace(), list[object]()
    pace.limited(0.02)
    tasks = [asyncio.create_task(go(pace, number, 0, gone)) for number in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[3].cancel()
    async with asyncio.timeout(LONGEST):
        await asyncio.gather(*tasks, return_exceptions=True)
    assert gone == [1, 2, 4]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def waits(pace: Pace) -> bool:
    """Tell whether one would have to wait now; take a turn if not."""
    task = asyncio.create_task(pace.turn(0))
    await asyncio.sleep(0)
    done = task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return not done


async def test_what_was_possible_before_the_refusal_is_the_size_of_a_burst() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(4):
        await pace.turn(0)
        pace.succeeded()
    pace.limited(2.0)
    assert pace.closed_for == 2.0
    assert await waits(pace)
    clock.now += 100
    assert [await waits(pace) for _ in range(6)] == [False] * 4 + [True] * 2
    clock.now += 2
    assert [await waits(pace) for _ in range(2)] == [False, True]


async def test_refusals_of_one_burst_teach_once_and_the_longest_wait_counts() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.limited(1.0)
    pace.limited(5.0)
    pace.limited(0.5)
    assert pace.closed_for == 5.0
    clock.now += 5
    assert [await waits(pace), await waits(pace)] == [False, True]
    clock.now += 1.01
    assert not await waits(pace), "the first answer taught the rate"


async def test_success_makes_it_faster_until_there_is_no_limit() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.limited(0.1)
    clock.now += 1
    for _ in range(SUCCESSES_TO_SPEED_UP * 12):
        pace.succeeded()
    assert not any([await waits(pace) for _ in range(50)])


@pytest.mark.parametrize("retry_after", [0.0, 0.0001, 3600.0])
async def test_any_wait_is_borne(retry_after: float) -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.limited(retry_after)
    clock.now += retry_after
    assert not await waits(pace)


async def took(pace: Pace, priority: int) -> bool:
    """Take a turn if there is one now; tell whether there was."""
    task = asyncio.create_task(pace.turn(priority))
    await asyncio.sleep(0)
    done = task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return done


async def test_what_nobody_asked_for_goes_one_after_the_other_and_answers_in_between() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert await took(pace, Priority.BACKGROUND)
    assert not await took(pace, Priority.BACKGROUND)
    assert not await took(pace, Priority.ANNOUNCEMENT)
    assert all([await took(pace, Priority.ANSWER) for _ in range(50)])
    clock.now += 1 / UNHURRIED
    assert await took(pace, Priority.ANNOUNCEMENT)
    assert not await took(pace, Priority.BACKGROUND)


async def test_under_a_limit_thousands_of_digests_leave_a_burst_for_answers() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(5):
        assert await took(pace, Priority.ANSWER)
        pace.succeeded()
    pace.limited(1.0)
    clock.now += 1
    sent = answered = 0
    # An hour, looked at ten times a second, in which digests always wait and a member asks every twenty seconds.
    for step in range(36_000):
        clock.now += 0.1
        if step % 200 == 199:
            assert await took(pace, Priority.ANSWER), "an answer never waits for a digest"
            answered += 1
        sent += await took(pace, Priority.BACKGROUND)
    assert answered == 180
    assert 3000 < sent <= 3600, "and what the limit leaves goes to digests"


async def test_what_nobody_asked_for_waits_for_commands_and_answers_but_not_for_ever() -> None:
    clock, handled = Clock(), [True]
    pace = Pace(clock, lambda: handled[0])
    assert not await took(pace, Priority.BACKGROUND), "a command is being handled"
    handled[0] = False
    with pace.sending(Priority.ANSWER):
        assert not await took(pace, Priority.BACKGROUND), "its answer is on its way"
    assert await took(pace, Priority.BACKGROUND)
    handled[0] = True
    clock.now += 1
    assert not await took(pace, Priority.BACKGROUND)
    clock.now += PATIENCE
    assert await took(pace, Priority.BACKGROUND), "somebody always types something"


@pytest.mark.parametrize(
    ("priority", "since_answer", "rest"),
    [
        (Priority.ANNOUNCEMENT, None, 1.0),
        (Priority.BACKGROUND, None, 1.0),
        (Priority.BACKGROUND, 60.0, 1.0),
        (Priority.ANNOUNCEMENT, 1.0, 2.5),
        (Priority.BACKGROUND, 1.0, 5.0),
    ],
)
async def test_where_the_homeserver_is_slow_less_is_said_that_nobody_asked_for_and_while_members_ask(
    priority: Priority, since_answer: float | None, rest: float
) -> None:
    clock = Clock()
    pace = Pace(clock)
    if since_answer is not None:
        with pace.sending(Priority.ANSWER):
            clock.now += 0.1
        clock.now += since_answer
    assert await took(pace, priority)
    with pace.sending(priority):
        clock.now += 0.5
    clock.now += rest - 0.1
    assert not await took(pace, priority)
    assert await took(pace, Priority.ANSWER)
    clock.now += 0.2
    assert await took(pace, priority)
