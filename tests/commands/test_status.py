"""What `!status` says of encryption and of problems, to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.context import Comparison
from storage import due, outbox, problems, rooms, unreadable
from storage.due import Due
from storage.outbox import OutboxRow
from storage.problems import Kind, Problem
from storage.unreadable import Unreadable
from tests.commands.conftest import NOW, ROOM, Conversation

ANNA, MIA, BEN = "@anna:example.org", "@mia:example.org", "@ben:example.org"
SIGNS = ("🐶 Dog", "🔑 Key")


async def status(ask: Conversation, by: str = MIA, typed: str = "!status") -> str:
    said = await ask(typed, by=by)
    assert said is not None
    return said


async def room(ask: Conversation, room_id: str, name: str | None, *, encrypted: bool) -> None:
    async with ask.database.write() as writer:
        known = rooms.Room(room_id=room_id, membership="join", name=name, encrypted=encrypted, since=NOW)
        await rooms.put(writer, [known])


async def test_this_room_and_whether_the_bot_takes_part(ask: Conversation) -> None:
    assert "This room is not encrypted." in await status(ask)
    assert "encrypted rooms" not in await status(ask), "not known yet"
    await room(ask, ROOM, "Members", encrypted=True)
    ask.condition = replace(ask.condition, encrypts=True)
    assert "This room is encrypted." in await status(ask)
    assert "I can read and write in encrypted rooms: my device is verified." in await status(ask)
    ask.condition = replace(ask.condition, encrypts=False)
    assert "I cannot read or write in encrypted rooms at the moment" in await status(ask)
    assert "Je ne peux" not in await status(ask)
    await ask("!language fr", by=BEN)
    assert "je ne peux ni lire ni écrire" in await status(ask, BEN)


async def test_only_moderators_learn_which_rooms_there_are(ask: Conversation) -> None:
    await room(ask, "!closed:example.org", "Closed circle", encrypted=True)
    for number in range(12):
        await room(ask, f"!open{number:02}:example.org", f"Open {number:02}", encrypted=False)
    assert "Closed circle" not in await status(ask)
    ask.moderators.add(ANNA)
    said = await status(ask, ANNA)
    assert "Encrypted rooms: \u2068Closed circle\u2069." in said
    assert "\u2068Open 08\u2069" in said
    assert "\u2068Open 11\u2069" not in said
    assert "3 more." in said


@pytest.mark.parametrize(("by", "sees"), [(MIA, True), (ANNA, True), (BEN, False)])
async def test_emoji_are_for_the_one_who_compares_and_for_moderators(
    ask: Conversation, by: str, sees: bool
) -> None:
    ask.moderators.add(ANNA)
    ask.condition = replace(ask.condition, comparisons=(Comparison(MIA, SIGNS, NOW),))
    assert ("🐶 Dog" in await status(ask, by)) is sees


async def test_what_waits_for_its_key_is_counted(ask: Conversation) -> None:
    for number in range(2):
        async with ask.database.write() as writer:
            await unreadable.keep(
                writer,
                Unreadable(
                    event_id=f"${number}",
                    room_id=ROOM,
                    sender=MIA,
                    session_id="s",
                    sent_at=NOW,
                    content={},
                    reason="no key",
                    since=NOW,
                ),
            )
    assert "2 encrypted messages wait for their keys." in await status(ask)


async def test_moderators_read_in_their_room_what_the_numbers_say(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        begun = NOW - timedelta(hours=2)
        await problems.put(writer, Problem(kind=Kind.DISK, begun_at=begun, say_at=begun, said_at=begun))
        later = NOW + timedelta(hours=1)
        await problems.put(writer, Problem(kind=Kind.CALENDAR, subject="a.org", begun_at=begun, say_at=later))
        await due.schedule(writer, Due(kind="reminder", subject="1", due_at=NOW - timedelta(minutes=5)))
        row = OutboxRow(
            txn_id="t", room_id=ROOM, kind="message", content={}, created_at=NOW - timedelta(minutes=3)
        )
        await outbox.add(writer, [row])
    ask.moderators.add(ANNA)
    ask.moderation_room = ROOM
    said = await status(ask, ANNA)
    assert "I last heard of the homeserver 0 seconds ago." in said
    assert "The oldest answer has waited for 3 minutes." in said
    assert "1 reminder or task is due and not done; it is 5 minutes late." in said
    assert "Nothing waits for moderators." in said
    assert "Problem, for 2 hours: The disk with my data is nearly full." in said
    assert "a.org" not in said, "it has not lasted a day"
    assert "The disk" not in await status(ask, MIA), "members are not moderators"
    ask.moderation_room = "!moderators:example.org"
    assert "The disk" not in await status(ask, ANNA), "nor is every room theirs"
