"""Calendars of Google, Outlook, Apple and Thunderbird: shown, applied, taken back; hostile ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import Conversation

MODERATOR = "@mod:example.org"
CALENDARS = Path(__file__).parent.parent / "storage" / "calendars"


@pytest.fixture(autouse=True)
def moderator(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)


async def imported(ask: Conversation, data: bytes, typed: str = "!import events") -> str:
    return await ask(typed, by=MODERATOR, file=data) or ""


def google() -> bytes:
    return (CALENDARS / "google.ics").read_bytes()


async def test_a_calendar_is_shown_applied_and_taken_back(ask: Conversation) -> None:
    said = await imported(ask, google())
    assert said.startswith("New: 2; changed: 0; cancelled: 0; as before: 0.")
    assert "- 14 January 2027 – Early warning in practice" in said
    assert "Nothing has changed yet." in said
    await ask.press("✅", by=MODERATOR)
    said = await ask("!event 35") or ""
    assert "15:00" not in said.splitlines()[1].split("(")[0], "the reader's clocks are those of UTC"
    assert "12:00–13:30 UTC (15:00 Nairobi)" in said
    assert "Source: Prevention trainings" in said
    assert "person" not in said
    assert "there is nothing to change" in await imported(ask, google())
    said = await ask("!import undo", by=MODERATOR) or ""
    assert "2 events are as before." in said
    assert "There is no event 35." in (await ask("!event 35") or "")


async def test_what_changed_and_what_is_gone(ask: Conversation) -> None:
    await imported(ask, google())
    await ask.press("✅", by=MODERATOR)
    moved = google().replace(b"20270114T163000", b"20270114T170000")
    gone = moved[: moved.index(b"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE")] + b"END:VCALENDAR\r\n"
    said = await imported(ask, gone)
    assert said.startswith("New: 0; changed: 1; cancelled: 0; as before: 0.")
    assert "- Early warning in practice (timing)" in said
    assert "1 event that came from this calendar is not in the file, and stays." in said
    said = await imported(ask, gone, "!import events all")
    assert said.startswith("New: 0; changed: 1; cancelled: 1; as before: 0.")
    assert "Gone, and to be cancelled\n" in said
    await ask.press("✅", by=MODERATOR)
    assert "Cancelled." in (await ask("!event 36") or "")
    assert "International Day" in (await ask("!event 14") or ""), "what did not come from this calendar stays"
    assert "2 events are as before." in (await ask("!import undo", by=MODERATOR) or "")
    assert "Cancelled." not in (await ask("!event 36") or "")


async def test_what_was_changed_since_the_preview_is_not_overwritten(ask: Conversation) -> None:
    await imported(ask, google())
    await ask.press("✅", by=MODERATOR)
    await imported(ask, google().replace(b"TENTATIVE", b"CONFIRMED"))
    yes = ask.buttons["✅"]
    await ask("!event edit 36 place: Kigali", by=MODERATOR)
    await ask.press("✅", by=MODERATOR)
    said = await ask(f"!{yes}", by=MODERATOR) or ""
    assert "Nothing was changed, because these were changed after I showed you the preview:" in said
    # And an import that is taken back leaves what was changed after it.
    said = await ask("!import undo", by=MODERATOR) or ""
    assert "1 event is as before. 1 was changed since, and stays as it is." in said


async def test_what_we_wrote_we_read_without_a_difference(ask: Conversation) -> None:
    await ask("!event calendar")
    (file,) = ask.attachments
    assert "there is nothing to change" in await imported(ask, file.data)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("outlook", "A time zone has a name of its own. I took one whose clocks go alike; please look."),
        ("apple", "Some times have no time zone. I took them as those of UTC."),
        ("thunderbird", "New: 1;"),
    ],
)
async def test_calendars_of_other_programs(ask: Conversation, name: str, said: str) -> None:
    assert said in await imported(ask, (CALENDARS / f"{name}.ics").read_bytes())


def event(*lines: str) -> bytes:
    inside = "\r\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT"))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inside}\r\nEND:VCALENDAR\r\n".encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is no calendar that I can read."),
        (b"<html>not found</html>", "The file is no calendar that I can read."),
        (b"\x00\xff" * 1000, "The file is no calendar that I can read."),
        (b"x" * (8 * 1024 * 1024 + 1), "The file is too large. I read calendars of up to 8 MB."),
        (b"BEGIN:VEVENT\r\n" * 10_001, "The file has too many events. I read up to 10,000."),
        (event("DTSTART:20270101T100000Z"), "it has no title"),
        (event("SUMMARY:x"), "it has no start that I can read"),
        (event("SUMMARY:x", "DTSTART:yesterday"), "it has no start that I can read"),
        (
            event("SUMMARY:x", "DTSTART:20270101T100000Z", "RRULE:FREQ=SECONDLY"),
            "it comes by a rule that I do",
        ),
        (event("SUMMARY:x", "DTSTART:20270101T100000Z", "RRULE:FREQ=DAILY;BYSECOND=1,2,3"), "by a rule that I do"),
        (event("SUMMARY:x", "DTSTART;TZID=Nowhere/Never:20270101T100000"), "I know no time zone called Nowhere"),
        (event("SUMMARY:x", "DTSTART:20270101T100000Z", "DTEND:20260101T100000Z"), "I could not read it"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_a_sentence(ask: Conversation, data: bytes, said: str) -> None:
    assert said in await imported(ask, data)
    assert "There is no event 35." in (await ask("!event 35") or "")


async def test_a_rule_without_an_end_costs_nothing(ask: Conversation) -> None:
    data = event("UID:a", "SUMMARY:Daily", "DTSTART:20200101T100000Z", "RRULE:FREQ=DAILY;COUNT=2000000000")
    assert "New: 1" in await imported(ask, data)
    await ask("!import apply", by=MODERATOR)
    said = await ask("!events daily") or ""
    assert said.count("Daily") == 1
    assert "1 December 2026" in said


async def test_members_cannot_import(ask: Conversation) -> None:
    assert "for moderators" in (await ask("!import events", file=google()) or "")
    assert "Send me the calendar (.ics) within ten minutes." in (await ask("!import events", by=MODERATOR) or "")
