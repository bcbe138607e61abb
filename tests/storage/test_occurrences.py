"""Occurrences: on the clocks of the event's zone, over every change of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from storage.occurrences import Change, RuleError, Timing, check, instant, occurrences

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe"])
def test_nine_stays_nine_over_both_changes_of_the_clocks(zone: str) -> None:
    timing = Timing(start="2026-01-01T09:00", zone=zone, rule="FREQ=DAILY")
    found = occurrences(timing, BEGIN, END)
    local = [one.starts_at.astimezone(ZoneInfo(zone)) for one in found]
    assert {(at.hour, at.minute) for at in local} == {(9, 0)}
    assert len({at.utcoffset() for at in local}) == 2
    assert len(local) in (364, 365)


def test_a_time_that_is_skipped_is_moved_and_of_two_the_first_counts() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    skipped = instant(datetime.fromisoformat("2026-03-29T02:30"), "Europe/Berlin")
    assert skipped.astimezone(berlin).isoformat() == "2026-03-29T03:30:00+02:00"
    twice = instant(datetime.fromisoformat("2026-10-25T02:30"), "Europe/Berlin")
    assert twice.isoformat() == "2026-10-25T00:30:00+00:00"


def test_exceptions_additions_and_moved_ones() -> None:
    timing = Timing(
        start="2026-06-01T09:00",
        end="2026-06-01T10:00",
        zone="UTC",
        rule="FREQ=WEEKLY;COUNT=4",
        left_out=["2026-06-08T09:00"],
        added=["2026-06-10T18:00"],
        changed={
            "2026-06-15T09:00": Change(start="2026-06-16T11:00", end="2026-06-16T12:00"),
            "2026-06-22T09:00": Change(cancelled=True),
        },
    )
    assert [(one.key, one.start) for one in occurrences(timing, BEGIN, END)] == [
        ("2026-06-01T09:00", "2026-06-01T09:00"),
        ("2026-06-10T18:00", "2026-06-10T18:00"),
        ("2026-06-15T09:00", "2026-06-16T11:00"),
    ]


def test_days_last_until_midnight() -> None:
    timing = Timing(start="2026-12-09", rule="FREQ=YEARLY")
    (one,) = occurrences(timing, BEGIN, END, "Africa/Nairobi")
    assert (one.start, one.end) == ("2026-12-09", "2026-12-09")
    assert one.ends_at - one.starts_at == timedelta(days=1)
    assert one.starts_at.isoformat() == "2026-12-08T21:00:00+00:00"


def test_until_includes_its_day_and_understands_utc() -> None:
    by_day = Timing(start="2026-06-01T09:00", zone="America/New_York", rule="FREQ=DAILY;UNTIL=20260603")
    by_moment = by_day.model_copy(update={"rule": "FREQ=DAILY;UNTIL=20260603T130000Z"})
    for timing in (by_day, by_moment):
        assert len(occurrences(timing, BEGIN, END)) == 3


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=HOURLY;COUNT=3", "FREQ=DAILY;BYSECOND=1,2", "nonsense", "FREQ=DAILY;COUNT=x",
             "FREQ=DAILY;UNTIL=never", "FREQ=WEEKLY;BYDAY=XX", "FREQ="],
)  # fmt: skip
def test_a_rule_that_is_none_or_too_frequent_is_refused(rule: str) -> None:
    with pytest.raises(RuleError):
        check(Timing(start="2026-06-01T09:00", zone="UTC", rule=rule))


def test_what_cannot_be_is_refused() -> None:
    for wrong in (
        {"start": "2026-06-01T09:00"},
        {"start": "2026-06-01T09:00", "zone": "Mars/Base"},
        {"start": "2026-02-30"},
        {"start": "1800-01-01", "rule": "FREQ=DAILY"},
        {"start": "2026-06-02", "end": "2026-06-01"},
    ):
        with pytest.raises(ValueError, match=r".*"):
            check(Timing(**wrong))


def test_a_rule_without_end_is_looked_at_no_further_than_asked() -> None:
    timing = Timing(start="1900-01-01T09:00", zone="UTC", rule="FREQ=DAILY")
    assert len(occurrences(timing, BEGIN, BEGIN + timedelta(days=10))) == 10
    assert occurrences(Timing(start="2026-01-01", rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), BEGIN, END) != []
