"""Events as iCalendar: strict, and read back as they were written by two libraries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]

from config import starter
from storage import event_ics
from storage.events import Event, Kept
from storage.occurrences import Change, Timing, occurrences

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


def kept(number: int, one: Event) -> Kept:
    return Kept(**one.model_dump(), id=number, updated_at=NOW)


STARTERS = [kept(number, Event.model_validate(raw)) for number, raw in enumerate(starter.events(), 1)]
SERIES = kept(
    99,
    Event(
        uid="series@example.org",
        kind="training",
        titles={"en": "Early warning, step by step; with commas, and a very long title " + "ä" * 80},
        descriptions={"en": "First line\nsecond line"},
        timing=Timing(
            start="2026-10-01T09:00",
            end="2026-10-01T10:30",
            zone="Europe/Zurich",
            rule="FREQ=WEEKLY;COUNT=8",
            left_out=["2026-10-08T09:00"],
            added=["2026-10-09T14:00"],
            changed={
                "2026-10-15T09:00": Change(start="2026-10-16T11:00", end="2026-10-16T12:00"),
                "2026-11-05T09:00": Change(cancelled=True),
            },
        ),
        link="https://example.org/join?a=1;b=2",
        certainty="tentative",
    ),
)


def test_it_is_strict() -> None:
    data = event_ics.write([*STARTERS, SERIES], "en", "GAAMAC calendar")
    assert data.startswith(b"BEGIN:VCALENDAR\r\n")
    assert data.endswith(b"END:VCALENDAR\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75, line
        assert b"\n" not in line
        line.decode()  # no character is cut in two
    calendar = icalendar.Calendar.from_ical(data)
    assert not calendar.errors
    zones = {str(one["tzid"]) for one in calendar.walk("VTIMEZONE")}
    assert zones == {"Europe/Zurich"}
    for event in calendar.walk("VEVENT"):
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(event)
        assert not event.errors
    uids = [str(event["uid"]) for event in calendar.walk("VEVENT") if "recurrence-id" not in event]
    assert len(uids) == len(set(uids))


def test_what_is_written_is_read_back() -> None:
    data = event_ics.write([*STARTERS, SERIES], "fr", "Calendrier")
    calendar = icalendar.Calendar.from_ical(data)
    by_uid = {str(one["uid"]): one for one in calendar.events if "recurrence-id" not in one}
    for one in STARTERS:
        if one.is_vague:
            assert one.uid not in by_uid
            continue
        event = by_uid[one.uid]
        assert str(event["summary"]) == one.title("fr")
        assert event.start.isoformat() == one.timing.start
        last = one.timing.end or one.timing.start
        assert (event.end - timedelta(days=1)).isoformat() == last
    event = by_uid[SERIES.uid]
    assert str(event["summary"]) == SERIES.title("en")
    assert "First line\nsecond line" in str(event["description"])


def test_another_library_counts_the_same_occurrences() -> None:
    data = event_ics.write([SERIES], "en", "x")
    begin, end = datetime(2026, 9, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    theirs = sorted(
        one.start.astimezone(UTC)
        for one in recurring_ical_events.of(icalendar.Calendar.from_ical(data)).between(begin, end)
        if one.get("status") != "CANCELLED"
    )
    assert theirs == [one.starts_at for one in occurrences(SERIES.timing, begin, end)]


def test_an_empty_calendar_is_one() -> None:
    assert b"END:VCALENDAR" in event_ics.write([], "es", "Calendario")
