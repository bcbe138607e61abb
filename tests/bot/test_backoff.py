"""Pauses after failures."""

from __future__ import annotations

from bot.backoff import Backoff


def test_pauses_grow_to_a_limit_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(first=0.5, longest=60.0)
    pauses = [backoff.next() for _ in range(40)]
    for number, pause in enumerate(pauses):
        whole = min(0.5 * 2**number, 60.0)
        assert whole / 2 <= pause <= whole
    backoff.reset()
    assert backoff.next() <= 0.5


def test_two_that_fail_together_do_not_come_back_together() -> None:
    one, other = Backoff(), Backoff()
    assert [one.next() for _ in range(10)] != [other.next() for _ in range(10)]
