"""What to learn by is posted in a room, or not: its moderators choose."""

from __future__ import annotations

import pytest

from storage import rooms
from tests.commands.conftest import ROOM, Conversation

MODERATOR = "@mod:example.org"
BOTH = "This is posted in this room: the term of the week, notes before international days."
WEEK = "This is posted in this room: the term of the week."
NOTES = "This is posted in this room: notes before international days."
NEITHER = "Neither the term of the week nor notes before international days are posted in this room."


@pytest.mark.parametrize(
    ("typed", "said", "off"),
    [
        ("", BOTH, []),
        ("without notes", WEEK, ["notes"]),
        ("only notes", NOTES, ["week"]),
        ("week", WEEK, ["notes"]),
        ("off", NEITHER, ["week", "notes"]),
        ("without week and notes", NEITHER, ["week", "notes"]),
        ("all", BOTH, []),
        ("on", BOTH, []),
        ("sans notes", WEEK, ["notes"]),
        ("sin semana", NOTES, ["week"]),
    ],
)
async def test_a_choice_is_kept_and_shown(ask: Conversation, typed: str, said: str, off: list[str]) -> None:
    ask.moderators.add(MODERATOR)
    assert await ask(f"!learning here {typed}", by=MODERATOR) == said
    async with ask.database.read() as reader:
        assert await rooms.lessons_off(reader, ROOM) == off
    assert await ask("!learning here", by=MODERATOR) == said


async def test_what_is_not_understood_changes_nothing(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    await ask("!learning here off", by=MODERATOR)
    said = await ask("!learning here without quizzes", by=MODERATOR) or ""
    assert said.startswith("I did not understand quizzes.")
    assert "For example: !learning here" in said
    assert (await ask("!learning here without", by=MODERATOR) or "").startswith("I did not understand without.")
    assert await ask("!learning here", by=MODERATOR) == NEITHER


async def test_it_is_for_moderators_and_for_rooms(ask: Conversation) -> None:
    assert "is for moderators of this room" in (await ask("!learning here off") or "")
    assert await ask("learning here off", direct=True) == (
        "Here we are alone. This is chosen in the room for which it is to hold."
    )


async def test_in_french_and_spanish(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    await ask("!language fr", by=MODERATOR)
    assert await ask("!apprentissage ici sans notes", by=MODERATOR) == (
        "Dans ce salon sont publiés\u00a0: le terme de la semaine."
    )
    await ask("!idioma es", by=MODERATOR)
    assert await ask("!aprendizaje aquí ninguno", by=MODERATOR) == (
        "En esta sala no se publican ni el término de la semana ni las notas antes de los días internacionales."
    )


async def test_the_next_sync_does_not_change_it(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    await ask("!learning here off", by=MODERATOR)
    async with ask.database.write() as writer:
        one = await rooms.one(writer, ROOM)
        assert one is not None
        await rooms.put(writer, [one.model_copy(update={"lessons_off": None})])
        assert await rooms.lessons_off(writer, ROOM) == ["week", "notes"]
