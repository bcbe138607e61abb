"""Flood control: each person for themselves, a warning once a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.flood import PEOPLE, Flood, Verdict

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_person_is_answered_up_to_the_limit_warned_once_and_answered_again_later() -> None:
    flood = Flood(3)
    verdicts = [flood.verdict("@mia", after(second)) for second in (0, 1, 2, 3, 4, 59, 60, 61, 62, 62.5, 64)]
    answer, warn, ignore = Verdict.ANSWER, Verdict.WARN, Verdict.IGNORE
    assert verdicts == [answer, answer, answer, warn, ignore, ignore, answer, answer, answer, ignore, warn]


def test_nobody_pays_for_another() -> None:
    flood = Flood(1)
    assert flood.verdict("@mia", NOW) is Verdict.ANSWER
    assert flood.verdict("@mia", NOW) is Verdict.WARN
    assert flood.verdict("@tom", NOW) is Verdict.ANSWER


def test_zero_is_no_limit() -> None:
    flood = Flood(0)
    assert {flood.verdict("@mia", NOW) for _ in range(1000)} == {Verdict.ANSWER}


def test_what_is_remembered_has_a_bound() -> None:
    flood = Flood(1)
    for number in range(PEOPLE + 500):
        flood.verdict(f"@{number}", NOW)
        flood.verdict(f"@{number}", NOW)
    assert len(flood._sent) == PEOPLE
    assert len(flood._warned) == PEOPLE


@given(st.integers(1, 5), st.lists(st.floats(0, 300), max_size=60))
def test_never_more_than_the_limit_in_any_minute(limit: int, seconds: list[float]) -> None:
    flood = Flood(limit)
    times = sorted(seconds)
    answered = [second for second in times if flood.verdict("@mia", after(second)) is Verdict.ANSWER]
    for second in answered:
        assert sum(second <= other < second + 59.999 for other in answered) <= limit
