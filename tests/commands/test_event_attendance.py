"""Who goes, who is reminded, who follows what: as members type it, in three languages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import reminders
from tests.commands.conftest import NOW, Conversation
from tests.commands.test_event_upkeep import MODERATOR, TYPED, added

KOFI = "@kofi:example.org"


@pytest.fixture
async def number(ask: Conversation) -> int:
    ask.moderators.add(MODERATOR)
    return await added(ask, TYPED)


async def test_who_goes_is_counted_and_not_named(ask: Conversation, number: int) -> None:
    said = await ask(f"!event going {number}") or ""
    assert said.startswith("Noted: you go to Early warning in practice.\nThursday, 9 December 2027")
    assert said.endswith(f"A reminder: !event remind {number} 2h")
    await ask(f"!event going {number}")  # twice counts once
    await ask(f"!event going {number}", by=KOFI)
    await ask(f"!event maybe {number}", by="@ana:example.org")
    said = await ask(f"!event {number}") or ""
    assert "\n2 people go." in said
    assert "kofi" not in said
    assert "You go." not in said, "not in front of others"
    assert "You go." in (await ask(f"event {number}", direct=True) or "")
    assert await ask(f"!event not {number}") == "Noted: you do not go to Early warning in practice."
    assert "1 person goes." in (await ask(f"!event {number}") or "")


async def test_a_reaction_in_a_room_is_not_answered_and_taken_back_by_its_command(
    ask: Conversation, number: int
) -> None:
    assert await ask(f"!event going {number}", pressed=True) == ""
    assert "1 person goes." in (await ask(f"!event {number}") or "")
    assert await ask(f"!event not {number}", pressed=True) == ""
    assert "goes" not in (await ask(f"!event {number}") or "")


async def test_a_reminder_is_shown_back_with_its_moment_and_dropped(ask: Conversation, number: int) -> None:
    said = await ask(f"!event remind {number} 2h") or ""
    assert said == (
        "I will remind you of Early warning in practice in a direct chat: Thursday, 9 December 2027, 10:00 UTC."
    )
    assert ask.posts == (
        "I will remind you of Early warning in practice here: Thursday, 9 December 2027, 10:00 UTC.",
    )
    assert ask.addressed == ("@mia:example.org",)
    await ask(f"event remind {number} 1 day", direct=True)
    said = await ask(f"event remind {number}", direct=True) or ""
    assert "1 day" in said
    assert "2 hours" in said
    assert await ask(f"!event remind {number} off") == "I do not remind you of Early warning in practice any more."
    assert await ask(f"!event remind {number} off") == "You have no reminder of Early warning in practice."
    async with ask.database.read() as reader:
        assert await reminders.of_event(reader, number) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("remind {} tomorrow", "I did not understand tomorrow."),
        ("remind {} 1 minute", "I can remind you between 5 minutes and 60 days before an event."),
        ("remind {} 90 days", "I can remind you between 5 minutes and 60 days before an event."),
        ("remind 999 2h", "There is no event 999."),
        ("going 999", "There is no event 999."),
        ("going 16", "is over."),
        ("remind 16 2h", "is over."),
    ],
)
async def test_what_cannot_be_is_said(ask: Conversation, number: int, typed: str, said: str) -> None:
    assert said in (await ask(f"!event {typed.format(number)}") or "")


async def test_five_reminders_of_an_event_are_enough(ask: Conversation, number: int) -> None:
    for hours in range(1, 6):
        await ask(f"!event remind {number} {hours}h")
    assert "that is as many as I keep" in (await ask(f"!event remind {number} 6h") or "")
    assert "I will remind you" in (await ask(f"!event remind {number} 5h") or ""), "the same again is no sixth"


async def test_a_time_that_is_over_is_said_to_be_so(ask: Conversation, number: int) -> None:
    ask.now = NOW.replace(year=2027, month=12, day=9, hour=11)
    said = await ask(f"!event remind {number} 2h") or ""
    assert said.startswith("That time is over: Early warning in practice begins Thursday")
    ask.now += timedelta(hours=3)
    assert "is over." in (await ask(f"!event going {number}") or "")


async def test_in_french_and_spanish(ask: Conversation, number: int) -> None:
    await ask("!langue fr")
    said = await ask(f"!événement participe {number}") or ""
    assert said.startswith("Noté\u00a0: vous participez à Early warning in practice.\njeudi 9 décembre 2027")
    assert "Je vous rappellerai" in (await ask(f"!événement rappel {number} 1 jour") or "")
    assert "1 personne participe." in (await ask(f"!événement {number}") or "")
    assert "Je ne vous rappelle plus" in (await ask(f"!événement rappel {number} aucun") or "")
    assert "Désormais je vous annonce en conversation privée\u00a0: formation." in (
        await ask("!événements suivre formation") or ""
    )
    await ask("!idioma es")
    assert (await ask(f"!evento quizás {number}") or "").startswith("Anotado: quizás asista a")
    assert "Le recordaré" in (await ask(f"!evento recordar {number} 2 horas") or "")
    assert "Ya no sigue formación." in (await ask("!eventos dejar de seguir formación") or "")


async def test_following(ask: Conversation) -> None:
    assert "You follow no events." in (await ask("!events follow") or "")
    said = await ask("!events follow training") or ""
    assert said == "From now on I announce to you in a direct chat: training."
    assert ask.addressed == ("@mia:example.org",)
    await ask("!events follow Kenia")
    assert (await ask("!events follow") or "").splitlines()[1:] == ["", "- Kenya", "- training"]
    assert await ask("!events unfollow kenya") == "You do not follow Kenya any more."
    assert await ask("!events unfollow kenya") == "You do not follow Kenya."
    said = await ask("!events follow everybody") or ""
    assert said.startswith("everybody is neither a kind of event nor a country. Kinds: commemoration,")
    await ask("!events unfollow all")
    assert "You follow no events." in (await ask("!events follow") or "")


async def test_a_room_chooses_what_is_announced(ask: Conversation) -> None:
    assert "for moderators" in (await ask("!events here off") or "")
    ask.moderators.add(MODERATOR)
    for typed, said in (
        ("without commemorations", "network meeting, training, webinar, deadline"),
        ("only training and webinars", ": training, webinar."),
        ("seulement formations", ": training."),
        ("off", "No events are announced"),
        ("all", "All events are announced"),
        ("without parties", "parties is no kind of event."),
        ("", "All events are announced"),
    ):
        assert said in (await ask(f"!events here {typed}", by=MODERATOR) or ""), typed


async def test_a_room_has_a_time_zone(ask: Conversation, number: int) -> None:
    said = await ask("!timezone room nairobi", by=MODERATOR) or ""
    assert said.startswith("From now on times in this room are those of Africa/Nairobi (UTC+3).")
    assert "15:00–16:30 Nairobi" in (await ask(f"!event {number}") or "")
    await ask("!timezone Europe/Zurich")
    assert "13:00–14:30 Zurich" in (await ask(f"!event {number}") or "")
    assert "forgotten" in (await ask("!timezone room off", by=MODERATOR) or "")
    assert "for moderators of this room" in (await ask("!timezone room nairobi") or "")


async def test_moderators_edit_what_is_known(ask: Conversation, number: int) -> None:
    typed = (
        f"!event edit {number} title fr: L’alerte rapide place: Nairobi countries: Kenya, Côte d’Ivoire "
        "access: members reminders: 7d, 1h organiser: GAAMAC"
    )
    said = await ask(typed, by=MODERATOR) or ""
    assert "- countries: KE, CI" in said
    assert "- reminders: 10080, 60" in said
    await ask.press("✅", by=MODERATOR)
    said = await ask(f"!event {number}") or ""
    assert "Nairobi\nhttps://example.org/join\nOrganised by GAAMAC." in said
    assert "For members of the community." in said
    assert f"!event {number}" in (await ask("!events côte d'ivoire") or "")
    await ask("!langue fr")
    assert "L’alerte rapide" in (await ask(f"!événement {number}") or "")
    await ask("!language en")
    await ask(f"!event edit {number} link: -", by=MODERATOR)
    await ask.press("✅", by=MODERATOR)
    assert "https" not in (await ask(f"!event {number}") or "")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("colour: red", "I know no field called colour:. There are: title, description"),
        ("place", "I know no field called place."),
        ("kind: party", "party is none of these: commemoration"),
        ("countries: Atlantis", "I know no country called Atlantis."),
        ("link: example", "I did not understand link."),
        ("reminders: soon", "I did not understand soon."),
        ("rooms: here", "here names no room."),
    ],
)
async def test_an_edit_that_is_not_understood_changes_nothing(
    ask: Conversation, number: int, typed: str, said: str
) -> None:
    assert said in (await ask(f"!event edit {number} {typed}", by=MODERATOR) or "")
    assert "for moderators" in (await ask(f"!event edit {number} {typed}") or "")


async def test_a_member_suggests_and_a_moderator_confirms(ask: Conversation, number: int) -> None:
    await ask("!timezone nairobi")
    said = await ask('!event suggest 10 Dec 2027 10:00 "Museums and memory" training') or ""
    assert "they do not see who you are" in said
    assert "Friday, 10 December 2027, 10:00 (Africa/Nairobi, UTC+3)" in said
    (post,) = ask.posts
    assert "mia" not in post
    assert "Museums and memory (training)\nFriday, 10 December 2027, 10:00 Nairobi" in post
    assert "for moderators" in (await ask("!approve 1") or "")
    await added(ask, TYPED)  # what moderators do in between harms no suggestion
    assert "in the calendar" in (await ask("!approve 1", by=MODERATOR) or "")
    assert "Museums and memory" in (await ask("!event 37") or "")
    again = await ask('!event suggest 10 Dec 2027 10:00 "Museums and memory" training') or ""
    assert again == "The moderators have this from you already. Thank you."
    assert "Put the title in quotation marks." in (await ask("!event suggest next week something") or "")
