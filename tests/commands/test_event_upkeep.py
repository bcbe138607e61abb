"""How moderators keep the calendar: shown first, done on ✅."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.commands.conftest import NOW, Conversation

MODERATOR = "@mod:example.org"
TYPED = (
    '!event add 9 Dec 2027 15:00 Africa/Nairobi 90m "Early warning in practice" webinar https://example.org/join'
)


@pytest.fixture
def moderator(ask: Conversation) -> str:
    ask.moderators.add(MODERATOR)
    return MODERATOR


async def added(ask: Conversation, typed: str = TYPED) -> int:
    """Add an event and return its number."""
    await ask(typed, by=MODERATOR)
    said = await ask.press("✅", by=MODERATOR) or ""
    assert said.startswith("Done: !event ")
    return int(said.rpartition(" ")[2])


async def test_what_was_understood_is_shown_and_done_when_confirmed(ask: Conversation, moderator: str) -> None:
    said = await ask(TYPED, by=moderator) or ""
    assert said.split("\n")[:3] == [
        "Early warning in practice (webinar)",
        "Thursday, 9 December 2027, 15:00–16:30 (Africa/Nairobi, UTC+3)",
        "https://example.org/join",
    ]
    assert "Nothing has changed yet. ✅ or !event confirm 1 within ten minutes does it, ❌ drops it." in said
    assert "Nothing is in the calendar" in (await ask("!events early warning") or "")
    assert await ask("!event confirm 1", by=moderator) == "Done: !event 35"
    said = await ask("!event 35") or ""
    assert said.startswith("Early warning in practice (webinar)\nThursday, 9 December 2027, 12:00–13:30 UTC")
    assert await ask("!event confirm 1", by=moderator) == "This is done already."


async def test_dropped_or_too_late_nothing_happens(ask: Conversation, moderator: str) -> None:
    await ask(TYPED, by=moderator)
    assert await ask.press("❌", by=moderator) == "Dropped. Nothing was changed."
    await ask(TYPED, by=moderator)
    ask.now = NOW + timedelta(minutes=11)
    assert "more than ten minutes ago" in (await ask("!event confirm 2", by=moderator) or "")
    assert "There is nothing to confirm" in (await ask("!event confirm 9", by=moderator) or "")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("!event add 9 Dec 2027 15:00 no title", "Put the title in quotation marks."),
        ('!event add 03/04/2027 15:00 "Title"', "can be two dates"),
        ('!event add 31 June 2027 15:00 "Title"', "There is no such day"),
        ('!event add 28 March 2027 2:30 Europe/Berlin "Title"', "there is no"),
        ('!event add 1 Jan 2020 15:00 "Title"', "This is in the past."),
        ('!event add 9 Dec 2027 15:00 ""', "Put the title in quotation marks."),
    ],
)
async def test_what_is_unclear_is_asked_back(ask: Conversation, moderator: str, typed: str, said: str) -> None:
    assert said in (await ask(typed, by=moderator) or "")
    assert ask.buttons == {}


async def test_only_moderators(ask: Conversation) -> None:
    for typed in (TYPED, "!event move 14 10 Dec 2027", "!event cancel 14 x", "!event confirm 1", "!event drop 1"):
        assert "is for moderators" in (await ask(typed) or "")


async def test_moved_it_keeps_its_length(ask: Conversation, moderator: str) -> None:
    number = await added(ask)
    said = await ask(f"!event move {number} 10 Dec 2027 16:00 Africa/Nairobi", by=moderator) or ""
    assert "Friday, 10 December 2027, 16:00 (Africa/Nairobi, UTC+3)" in said
    await ask.press("✅", by=moderator)
    assert "10 December 2027, 13:00–14:30 UTC" in (await ask(f"!event {number}") or "")


async def test_cancelled_with_its_reason(ask: Conversation, moderator: str) -> None:
    number = await added(ask)
    assert "Something is missing: reason" in (await ask(f"!event cancel {number}", by=moderator) or "")
    await ask(f"!event cancel {number} The venue is not available <b>", by=moderator)
    await ask.press("✅", by=moderator)
    assert "Cancelled. The venue is not available <b>" in (await ask(f"!event {number}") or "")
    assert "Nothing is in the calendar" in (await ask("!events early warning") or "")
    assert "cancelled already" in (await ask(f"!event move {number} 10 Dec 2028", by=moderator) or "")


async def test_two_moderators_at_once(ask: Conversation, moderator: str) -> None:
    number = await added(ask)
    await ask(f"!event cancel {number} No room", by=moderator)
    first = dict(ask.buttons)
    await ask(f"!event move {number} 10 Dec 2027 16:00 Nairobi", by=moderator)
    # In one room the newer preview takes the place of the older one.
    ask.buttons = first
    assert "something newer was shown in its place" in (await ask.press("✅", by=moderator) or "")


async def test_a_series_is_not_moved(ask: Conversation, moderator: str) -> None:
    assert "comes again and again by a rule" in (await ask("!event move 14 10 Dec 2027", by=moderator) or "")


async def test_in_french_and_spanish(ask: Conversation, moderator: str) -> None:
    await ask("!language fr", by=moderator)
    said = (
        await ask('!événement ajouter 9 décembre 2027 à 15h Nairobi 90m "L’alerte rapide" webinaire', by=moderator)
        or ""
    )
    assert said.startswith("L’alerte rapide (webinaire)\nJeudi 9 décembre 2027") or "jeudi 9 décembre 2027" in said
    await ask("!language es", by=moderator)
    said = (
        await ask(
            '!evento añadir 9 de diciembre de 2027 a las 15:00 Nairobi 90m "Alerta temprana" seminario',
            by=moderator,
        )
        or ""
    )
    assert "9 de diciembre de 2027" in said
    assert "(seminario web)" in said
