"""What cannot be read is said once, in words that help, and not again for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.unreadable import PATIENCE, SENTENCES, Teller
from storage import people
from storage import unreadable as storage
from storage.unreadable import Unreadable
from tests.bot.conftest import NOW, Desk, bodies
from tests.bot.fake_homeserver import MIA, ROOM, FakeHomeserver

OTHER = "!other:example.org"
LATER = NOW + PATIENCE + timedelta(seconds=1)


def waiting(name: str, *, room: str = ROOM, reason: str = "no key", after: float = 0) -> Unreadable:
    since = NOW + timedelta(seconds=after)
    return Unreadable(
        event_id=f"${name}",
        room_id=room,
        sender=MIA,
        session_id="session",
        sent_at=since,
        content={"ciphertext": "..."},
        reason=reason,
        since=since,
    )


async def keep(desk: Desk, *events: Unreadable) -> None:
    async with desk.database.write() as writer:
        for event in events:
            await storage.keep(writer, event)


def teller(desk: Desk) -> Teller:
    return Teller(desk.database, desk.outbox, lambda room: room != "!left:example.org", "en")


async def test_it_is_said_once_and_after_a_while(desk: Desk, fake: FakeHomeserver) -> None:
    await keep(desk, waiting("one"), waiting("two"), waiting("new", after=30))
    one = teller(desk)
    await one.look(NOW + timedelta(seconds=10))
    await desk.emptied()
    assert bodies(fake) == []
    for _ in range(3):
        await one.look(LATER)
    await desk.emptied()
    assert len(bodies(fake)) == 1
    assert "its key has not reached me" in bodies(fake)[0]
    assert fake.answers_to() == {"$two": 1}, "a reply to the newest of those that waited long enough"
    assert fake.taken[0].content["m.mentions"] == {"user_ids": [MIA]}
    # The third one has waited now, but it was said today.
    await one.look(LATER + timedelta(minutes=5))
    await desk.emptied()
    assert len(bodies(fake)) == 1
    await one.look(LATER + timedelta(days=1, minutes=5))
    await desk.emptied()
    assert fake.answers_to() == {"$two": 1, "$new": 1}


async def test_each_room_is_told_and_none_that_was_left(desk: Desk, fake: FakeHomeserver) -> None:
    await keep(desk, waiting("a"), waiting("b", room=OTHER), waiting("c", room="!left:example.org"))
    await teller(desk).look(LATER)
    await desk.emptied()
    assert sorted(one.room_id for one in fake.taken) == sorted([ROOM, OTHER])


@pytest.mark.parametrize("reason", sorted(SENTENCES))
@pytest.mark.parametrize("language", ["en", "fr", "es"])
async def test_every_reason_in_every_language(
    desk: Desk, fake: FakeHomeserver, reason: str, language: str
) -> None:
    async with desk.database.write() as writer:
        await people.choose_language(writer, MIA, language, NOW)
    await keep(desk, waiting("one", reason=reason))
    await teller(desk).look(LATER)
    await desk.emptied()
    (said,) = bodies(fake)
    assert (said == SENTENCES[reason]) == (language == "en")


async def test_without_an_identity_nothing_is_said(desk: Desk, fake: FakeHomeserver) -> None:
    await keep(desk, waiting("one", reason="no identity"))
    await teller(desk).look(LATER)
    await desk.emptied()
    assert bodies(fake) == []
