"""The guided way to a new event: one question after the other, in a direct chat."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.commands.conftest import NOW, Conversation

MODERATOR = "@mod:example.org"


@pytest.fixture(autouse=True)
def moderator(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)


async def say(ask: Conversation, typed: str) -> str:
    return await ask(typed, by=MODERATOR, direct=True) or ""


async def test_a_new_event_by_questions(ask: Conversation) -> None:
    assert await ask("!event add", by=MODERATOR) == "I have asked you in a direct chat."
    assert ask.addressed == (MODERATOR,)
    assert ask.posts == ("(1 of 7) What is the event called?\n\nOr type: cancel",)
    said = await say(ask, "Help in times of need")  # a command elsewhere, an answer here
    assert said.startswith("(2 of 7) When does it begin")
    assert said.endswith("Or type: back, cancel")
    said = await say(ask, "some day")
    assert "(3 of 7)" not in said
    assert "Usage" not in said
    said = await say(ask, "9 Dec 2027 at 15:00 Nairobi")
    assert said.startswith("(3 of 7) How long does it take?")
    assert said.endswith("Or type: skip, back, cancel")
    said = await say(ask, "back")
    assert "Until now: Thursday, 9 December 2027, 15:00 (Africa/Nairobi, UTC+3)" in said
    await say(ask, "10 Dec 2027 at 15:00 Nairobi")
    assert "(4 of 7) What kind of event" in await say(ask, "90m")
    assert "party is no kind of event." in await say(ask, "party")
    assert await say(ask, "skip") == "This one is needed."
    assert "(5 of 7) Where" in await say(ask, "webinar")
    assert "(6 of 7) Is there a link" in await say(ask, "skip")
    assert "I did not understand example.org." in await say(ask, "example.org")
    assert (
        "(7 of 7) From which community does it come? One of these: genocide prevention, R2P, both."
        in await say(ask, "https://example.org/join")
    )
    assert "UNESCO is none of these: genocide prevention, R2P, both." in await say(ask, "UNESCO")
    said = await say(ask, "r2p")
    assert said.splitlines()[:4] == [
        "Help in times of need (webinar)",
        "Friday, 10 December 2027, 15:00–16:30 (Africa/Nairobi, UTC+3)",
        "https://example.org/join",
        "Community: R2P.",
    ]
    assert await say(ask, ask.buttons["✅"]) == "Done: event 35"


async def test_commands_with_the_prefix_are_commands_in_a_talk(ask: Conversation) -> None:
    await say(ask, "event add")
    assert "International Day" in await say(ask, "!event 14")
    assert "(2 of 7)" in await say(ask, "event 14")  # without it, this is the title
    assert await say(ask, "cancel") == "Dropped. Nothing was changed."
    assert "International Day" in await say(ask, "event 14")


async def test_a_talk_in_french_and_spanish(ask: Conversation) -> None:
    await say(ask, "langue fr")
    said = await say(ask, "événement ajouter")
    assert said == "(1 sur 7) Comment s’appelle l’événement\u202f?\n\nOu écrivez\u00a0: annuler"
    await say(ask, "L’alerte rapide")
    assert "(3 sur 7)" in await say(ask, "9 décembre 2027 à 15h Nairobi")
    assert "(4 sur 7)" in await say(ask, "passer")
    assert "(5 sur 7)" in await say(ask, "formation")
    assert "(6 sur 7)" in await say(ask, "Nairobi")
    assert "(7 sur 7)" in await say(ask, "passer")
    said = await say(ask, "prévention du génocide")
    assert "L’alerte rapide (formation)" in said
    assert "Communauté\u00a0: prévention du génocide." in said
    await say(ask, "!idioma es")
    assert "(1 de 7) ¿Cómo se llama el evento?" in await say(ask, "evento añadir")
    assert "Dropped" not in await say(ask, "cancelar")


async def test_a_talk_is_forgotten_after_a_week(ask: Conversation) -> None:
    await say(ask, "event add")
    ask.now = NOW + timedelta(days=8)
    assert "I don't know" in await say(ask, "Zzyzx at noon")


async def test_nobody_answers_for_another(ask: Conversation) -> None:
    await say(ask, "event add")
    assert "International Day" in (await ask("event 14", direct=True) or "")
    assert "International Day" in (await ask("!event 14", by=MODERATOR) or ""), "nor in a room"
    assert "for moderators" in (await ask("event add", direct=True) or "")
