"""iCalendar files as other programs write them, read into what they mean."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from storage import event_ics_reading
from storage.event_ics_reading import Calendar

FOLDER = Path(__file__).parent / "calendars"


def read(name: str) -> Calendar:
    return event_ics_reading.read((FOLDER / f"{name}.ics").read_bytes(), "en", "Europe/Berlin")


def timing(calendar: Calendar, uid: str) -> dict[str, Any]:
    (found,) = [one for one in calendar.events if one.uid == uid]
    return found.timing.model_dump(exclude_defaults=True)


def test_google() -> None:
    """A series with an exception and one that was moved to another day, HTML, a folded title, people left out."""
    found = read("google")
    assert found.name == "Prevention trainings"
    assert found.mistakes == []
    assert timing(found, "abc123@google.com") == {
        "start": "2027-01-14T15:00",
        "end": "2027-01-14T16:30",
        "zone": "Africa/Nairobi",
        "rule": "FREQ=WEEKLY;UNTIL=20270225T205959Z;BYDAY=TH;WKST=MO",
        "left_out": ["2027-01-28T15:00"],
        "changed": {"2027-02-04T15:00": {"start": "2027-02-05T10:00", "end": "2027-02-05T11:30"}},
    }
    series, day = found.events
    assert series.descriptions == {"en": "Early warning, step by step.\n\nBring a case."}
    assert series.link == "https://meet.example.org/abc-defg-hij"
    assert "example.org" not in series.model_dump_json().replace("meet.example.org", "")
    assert timing(found, "day@google.com") == {"start": "2027-04-07"}
    assert day.title("en").endswith("a title that is folded")
    assert day.certainty == "tentative"


def test_outlook() -> None:
    """Names of zones that only Windows knows, one that nobody knows, whole days as midnights, a BOM."""
    found = read("outlook")
    assert timing(found, "040000008200E00074C5B7101A82E008") == {
        "start": "2027-03-25T09:00",
        "end": "2027-03-25T10:00",
        "zone": "Europe/Berlin",
        "rule": "FREQ=WEEKLY;COUNT=3;BYDAY=TH",
    }
    assert timing(found, "0400000082ALLDAY") == {"start": "2027-06-08", "end": "2027-06-09"}
    assert timing(found, "0400000082CUSTOM")["zone"] == "America/New_York"
    assert found.notes == {"zone_guessed"}
    assert found.events[0].titles == {"fr": "Réunion des points focaux"}
    assert found.events[0].link == "https://teams.example.org/l/meetup"


def test_apple() -> None:
    """Line feeds alone, floating times, times in UTC with a duration, a day that comes each year."""
    found = read("apple")
    assert found.notes == {"floating"}
    assert timing(found, "FLOATING-1")["zone"] == "Europe/Berlin"
    assert timing(found, "UTC-1") == {"start": "2027-05-04T09:00", "end": "2027-05-04T10:30", "zone": "UTC"}
    assert found.events[-1].certainty == "cancelled"
    yearly = timing(found, "5F6E2C0A-0000-4E0B-9D0C-1234567890AB")
    assert yearly == {"start": "2027-07-11", "end": "2027-07-12", "rule": "FREQ=YEARLY"}


def test_thunderbird() -> None:
    """A name of a zone with a path, exceptions written in UTC on both sides of a change of the clocks."""
    (series,) = read("thunderbird").events
    assert series.timing.zone == "Europe/Lisbon"
    assert series.timing.left_out == ["2027-05-03T18:00"]
    assert series.timing.changed["2027-06-07T18:00"].cancelled
    assert (series.kind, series.topics) == ("training", ["Memory"])


def test_the_newer_of_two_with_one_uid_counts() -> None:
    data = b"BEGIN:VCALENDAR\r\n" + b"".join(
        b"BEGIN:VEVENT\r\nUID:a\r\nSEQUENCE:%d\r\nSUMMARY:Number %d\r\nDTSTART:20270101\r\nEND:VEVENT\r\n" % (n, n)
        for n in (1, 3, 2)
    )
    found = event_ics_reading.read(data + b"END:VCALENDAR\r\n", "en", "UTC")
    assert [one.title("en") for one in found.events] == ["Number 3"]


def test_ten_thousand_events() -> None:
    one = (
        b"BEGIN:VEVENT\r\nUID:u%d\r\nDTSTART;TZID=Europe/Berlin:20270101T100000\r\nSUMMARY:Event %d\r\n"
        b"RRULE:FREQ=WEEKLY;COUNT=10\r\nEND:VEVENT\r\n"
    )
    data = b"BEGIN:VCALENDAR\r\n" + b"".join(one % (n, n) for n in range(10_000)) + b"END:VCALENDAR\r\n"
    found = event_ics_reading.read(data, "en", "UTC")
    assert len(found.events) == 10_000
    assert found.mistakes == []
    assert found.events[-1].timing.zone == "Europe/Berlin"


@pytest.mark.parametrize("cut", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_file_that_was_cut_off_is_refused_or_read_as_far_as_it_goes(cut: float) -> None:
    whole = (FOLDER / "google.ics").read_bytes()
    with contextlib.suppress(event_ics_reading.UnreadableError):
        found = event_ics_reading.read(whole[: int(len(whole) * cut)], "en", "UTC")
        assert len(found.events) <= 2
