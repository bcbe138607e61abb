"""Occurrences of generated rules, as an independent library counts them (recurring-ical-events)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from storage.occurrences import Timing, occurrences
from tests.extent import extent

ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe"),
    *("Africa/Nairobi", "Asia/Kathmandu", "America/Santiago", "Pacific/Apia"),
)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def rules(draw: st.DrawFn, start: datetime) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}"]
    # The start must be an occurrence of its own rule: RFC 5545 leaves open what happens otherwise.
    if frequency == "WEEKLY" and draw(st.booleans()):
        days = draw(st.sets(st.sampled_from(DAYS), max_size=3)) | {DAYS[start.weekday()]}
        parts.append(f"BYDAY={','.join(day for day in DAYS if day in days)}")
    elif frequency == "MONTHLY" and draw(st.booleans()):
        numbers = draw(st.sets(st.integers(1, 28), max_size=3)) | {start.day}
        parts.append(f"BYMONTHDAY={','.join(map(str, sorted(numbers)))}")
    elif frequency == "MONTHLY" and draw(st.booleans()):
        parts.append(f"BYDAY={(start.day - 1) // 7 + 1}{DAYS[start.weekday()]}")
    end = draw(st.sampled_from(["", "COUNT", "UNTIL"]))
    if end == "COUNT":
        parts.append(f"COUNT={draw(st.integers(1, 40))}")
    elif end == "UNTIL":
        until = start + timedelta(days=draw(st.integers(0, 500)))
        parts.append(f"UNTIL={until.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return ";".join(parts)


@given(st.data())
@settings(max_examples=extent(150, 37), deadline=None)
def test_generated_rules(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    wall = data.draw(st.datetimes(datetime(2025, 1, 1), datetime(2027, 6, 1)).map(_to_the_minute))  # noqa: DTZ001
    start = wall.replace(tzinfo=ZoneInfo(zone))
    # What is skipped by the clocks is not a start that anybody could type.
    assume(start.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall)
    # Between one and four in the morning clocks are changed, and the libraries follow rules of their own.
    assume(not 0 <= wall.hour <= 4)
    rule = data.draw(rules(start))
    event = icalendar.Event()
    event.add("uid", "x")
    event.add("dtstart", start)
    event.add("rrule", icalendar.vRecur.from_ical(rule))
    calendar = icalendar.Calendar()
    calendar.add_component(event)
    begin, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    theirs = sorted(one.start.astimezone(UTC) for one in recurring_ical_events.of(calendar).between(begin, end))
    ours = occurrences(Timing(start=wall.isoformat(timespec="minutes"), zone=zone, rule=rule), begin, end)
    assert [one.starts_at for one in ours] == theirs[:1000], rule


def _to_the_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
