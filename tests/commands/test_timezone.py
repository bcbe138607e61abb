"""Dialogues about time zones."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from storage import people
from storage.schema import person
from tests.commands.conftest import ROOM, Conversation

MIA = "@mia:example.org"


async def chosen(ask: Conversation) -> str | None:
    async with ask.database.read() as reader:
        return (await people.voice(reader, MIA, ROOM)).timezone


async def test_without_a_choice_it_is_the_zone_of_the_settings(ask: Conversation) -> None:
    assert (
        await ask("!timezone")
        == "Your times are those of UTC. There it is 09:00. You can choose another: !timezone Europe/Zurich."
    )


@pytest.mark.parametrize(
    ("typed", "zone", "time"),
    [
        ("!timezone Europe/Zurich", "Europe/Zurich (UTC+1)", "10:00"),
        ("!timezone nairobi", "Africa/Nairobi (UTC+3)", "12:00"),
        ("!timezone New York", "America/New_York (UTC−5)", "04:00"),
        ("!timezone Genéve", "Europe/Zurich (UTC+1)", "10:00"),
        ("!timezone kenya", "Africa/Nairobi (UTC+3)", "12:00"),
        ("!fuseau Le Caire", "Africa/Cairo (UTC+2)", "11:00"),
        ("!huso Bogotá", "America/Bogota (UTC−5)", "04:00"),
        ("!zona Madrid", "Europe/Madrid (UTC+1)", "10:00"),
        ("!timezone UTC", "UTC", "09:00"),
    ],
)
async def test_a_choice_holds(ask: Conversation, typed: str, zone: str, time: str) -> None:
    assert await ask(typed) == f"From now on your times are those of {zone}. There it is {time}."
    said = await ask("!timezone")
    assert said is not None
    assert said.startswith(f"Your times are those of {zone}. There it is {time}.")


async def test_it_is_forgotten_and_nothing_stays(ask: Conversation) -> None:
    await ask("!timezone nairobi")
    assert await chosen(ask) == "Africa/Nairobi"
    assert await ask("!timezone off") == "I have forgotten your time zone."
    async with ask.database.read() as reader:
        assert (await reader.sql.execute(sa.select(person))).all() == []


async def test_the_language_stays_when_the_zone_is_forgotten(ask: Conversation) -> None:
    await ask("!timezone nairobi")
    await ask("!language fr")
    await ask("!fuseau aucun")
    async with ask.database.read() as reader:
        voice = await people.voice(reader, MIA, ROOM)
    assert (voice.person, voice.timezone) == ("fr", None)


async def test_the_choice_is_of_one_person(ask: Conversation) -> None:
    await ask("!timezone nairobi", by="@other:example.org")
    assert await chosen(ask) is None


async def test_what_can_be_several_is_asked_back(ask: Conversation) -> None:
    assert await ask("!timezone IST") == (
        "IST can be several time zones. Which one is yours?\n\n"
        "- !timezone Asia/Kolkata (Kolkata, UTC+5:30)\n"
        "- !timezone Europe/Dublin (Dublin, UTC)\n"
        "- !timezone Asia/Jerusalem (Jerusalem, UTC+2)"
    )
    assert await chosen(ask) is None


async def test_a_distance_is_taken_with_a_caution(ask: Conversation) -> None:
    assert await ask("!timezone UTC+3") == (
        "From now on your times are those of UTC+3. There it is 12:00.\n\n"
        "This is a fixed distance from UTC, without summer time. The name of a city is safer: "
        "!timezone Europe/Zurich."
    )


async def test_what_is_no_place_gets_an_example(ask: Conversation) -> None:
    said = await ask("!timezone xyzzy")
    assert said is not None
    assert said.startswith("I know no time zone that is called xyzzy.\n\nUsage: !timezone [<city>]")
    assert await chosen(ask) is None
