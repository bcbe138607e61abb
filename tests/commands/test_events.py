"""The calendar: what members read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from storage import events
from storage.events import Event
from storage.occurrences import Timing
from tests.commands.conftest import NOW, Conversation

WEBINAR = Event(
    uid="webinar@example.org",
    kind="webinar",
    titles={"en": "Early warning in practice", "fr": "L’alerte rapide en pratique"},
    descriptions={"en": "What works at the national level."},
    timing=Timing(start="2026-12-15T15:00", end="2026-12-15T16:30", zone="Africa/Nairobi"),
    link="https://example.org/join",
    organiser="Africa Working Group",
    countries=["KE"],
    certainty="tentative",
)


@pytest.fixture
async def webinar(ask: Conversation) -> int:
    async with ask.database.write() as writer:
        return (await events.add(writer, WEBINAR, NOW)).id


async def test_what_comes_next(ask: Conversation) -> None:
    said = await ask("!events") or ""
    lines = said.split("\n")
    assert lines[0] == (
        "- 9 December 2026 – International Day of Commemoration and Dignity of the Victims of the Crime of "
        "Genocide and of the Prevention of this Crime (!event 14)"
    )
    assert lines[1].startswith("- 10 December 2026 – Human Rights Day")
    assert said.endswith("5 more: !events page 2")
    assert "27 January 2027" in said


async def test_of_a_month_a_country_a_kind_and_words(ask: Conversation, webinar: int) -> None:
    march = await ask("!events march") or ""
    assert [line[2:].partition(" –")[0] for line in march.split("\n")][:2] == ["8 March 2027", "21 March 2027"]
    assert "Rwanda" in (await ask("!events rwanda") or "")
    assert f"!event {webinar}" in (await ask("!events kenya") or "")
    assert f"!event {webinar}" in (await ask("!events webinars") or "")
    assert f"!event {webinar}" in (await ask("!events early warning") or "")
    assert "Nothing is in the calendar for training." in (await ask("!events training") or "")
    assert await ask("!événements juin")


async def test_one_event_in_the_readers_zone_with_its_own_beside(ask: Conversation, webinar: int) -> None:
    await ask("!timezone zurich")
    said = await ask(f"!event {webinar}") or ""
    assert said.split("\n")[:3] == [
        "Early warning in practice (webinar)",
        "Tuesday, 15 December 2026, 13:00–14:30 Zurich (15:00 Nairobi)",
        "Not yet confirmed.",
    ]
    await ask("!timezone nairobi")
    assert "Nairobi (" not in (await ask(f"!event {webinar}") or "")
    await ask("!language fr")
    said = await ask(f"!event {webinar}") or ""
    assert said.startswith("L’alerte rapide en pratique")
    assert "15:00" in said


async def test_a_day_has_no_zone(ask: Conversation) -> None:
    said = await ask("!event 14") or ""
    assert "\n9 December 2026\n" in said
    assert "Source: A/RES/69/323 (not yet checked by a moderator)" in said
    assert "may come" not in said


async def test_an_event_that_is_not_there(ask: Conversation) -> None:
    assert await ask("!event 999") == "There is no event 999. !events shows what there is."
    assert "is not a number" in (await ask("!event tomorrow") or "")


async def test_the_archive(ask: Conversation) -> None:
    said = await ask("!events archive") or ""
    assert said.startswith("- 13 September 2023 – 14 September 2023 – Africa Working Group: first Regional Forum")
    said = await ask("!events archive forum") or ""
    assert "- March 2010 – Second regional forum on the prevention of genocide" in said
    assert "- 2013 – Fourth regional forum" in said
    assert "GAAMAC I (" in (await ask("!events archive gaamac") or "") + (
        await ask("!events archive gaamac page 2") or ""
    )


async def test_the_starter_calendar_goes_on_for_years(ask: Conversation) -> None:
    later = datetime(2031, 5, 1, tzinfo=UTC)
    async with ask.database.write() as writer:
        await events.recompute(writer, later)
    ask.now = later
    assert "18 June 2031" in (await ask("!events") or "")


@pytest.mark.parametrize("typed", ["!event calendar", "!événement calendrier", "!eventos calendario"])
async def test_the_calendar_as_a_file(ask: Conversation, webinar: int, typed: str) -> None:
    assert await ask(typed) == "The calendar with 16 events."
    (file,) = ask.attachments
    assert (file.name, file.mimetype) == ("gaamac.ics", "text/calendar")
    assert b"webinar@example.org" in file.data
    assert await ask(f"!event calendar {webinar}") == "The calendar with 1 event."
    assert ask.attachments[0].data.count(b"BEGIN:VEVENT") == 1
    assert "There is no event 999" in (await ask("!event calendar 999") or "")
