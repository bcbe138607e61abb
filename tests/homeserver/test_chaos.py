"""A minute of faults with a fixed seed; `make chaos` does the same for longer. See docs/testing.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.plan import plan
from tests.chaos.run import run

SEED = 57


def test_the_plan_is_a_function_of_the_seed() -> None:
    assert plan(SEED, 2) == plan(SEED, 2)
    assert plan(SEED, 2) != plan(SEED + 1, 2)


@pytest.mark.timeout(1500)
async def test_the_promises_are_kept_through_a_minute_of_faults(tmp_path: Path) -> None:
    outcome = await run(plan(SEED, 1.2, rate=0.8), tmp_path)
    assert not outcome.broken, "\n".join([*outcome.failures(), *outcome.summary()])
