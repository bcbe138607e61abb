"""Whatever JSON comes as a sync answer: the inbox reads what is right in it, and goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.addressing import Address
from bot.encryption.machine import Encryption
from bot.errors import MatrixError
from bot.inbox import Inbox
from bot.login import Login
from bot.rooms import Rooms
from bot.session import Session
from bot.welcoming import Newcomers
from bot.wire import decode
from config.settings import InviteSettings, MatrixSettings, RoomSettings, WelcomeSettings
from storage import inbox as storage
from storage import rooms as room_storage
from storage.database import Database
from storage.inbox import InboxEvent
from storage.rooms import Room
from tests import databases
from tests.bot.conftest import NOW
from tests.bot.fake_homeserver import BOT, MIA, ROOM, text_event
from tests.extent import extent

OTHER = "!other:example.org"
MATRIX = MatrixSettings(homeserver="http://127.0.0.1:1", user_id=BOT)


@dataclass
class Reading:
    """An inbox that reads what it is told to read."""

    inbox: Inbox
    session: Feeding
    database: Database
    delivered: list[InboxEvent]


class Feeding(Session):
    """Answers /sync with what stands in `found`, and /messages with an end."""

    found: Any = None

    async def sync(self, since: str | None, sync_filter: str, wait: float) -> dict[str, Any]:
        return dict(self.found)

    async def messages(self, room_id: str, **_query: Any) -> dict[str, Any]:
        return {"chunk": self.found.get("chunk")}

    async def call(self, *_path: Any, **_more: Any) -> dict[str, Any]:
        return {"device_keys": {}}


@pytest.fixture(scope="module")
async def reading(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Reading]:
    database = await Database.open(databases.address(tmp_path_factory.mktemp("inbox") / "bot.db"))
    known = [Room(room_id=ROOM, membership="join", members=5, since=NOW)]
    known.append(Room(room_id=OTHER, membership="join", members=2, direct=True, since=NOW))
    async with database.write() as writer:
        for room in known:
            await room_storage.put(writer, [room])
    login = Login(
        homeserver="http://127.0.0.1:1", user_id=BOT, device_id="D", access_token="t", pickle_key="00" * 32
    )
    session = Feeding(login)
    rooms = Rooms(session, RoomSettings(community=[ROOM]), InviteSettings(allowed=["@*:example.org"]), known)
    delivered: list[InboxEvent] = []
    encryption = Encryption(session, database, MATRIX, rooms.is_encrypted, lambda _key: None)
    await encryption.load()
    newcomers = Newcomers(session, database, rooms, WelcomeSettings(), known, lambda: False)
    address = Address("!", BOT, "GAAMAC")

    async def deliver(events: list[InboxEvent]) -> None:
        delivered.extend(events)

    inbox = Inbox(session, database, rooms, address, encryption, deliver, newcomers, lambda: None)
    yield Reading(inbox, session, database, delivered)
    await encryption.close()
    await session.close()
    await database.close()


texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.sampled_from(
        ["", BOT, MIA, ROOM, "$a", "$b", "!status", "m.replace", "m.thread", "join", "\ud800", "\x00"]
    ),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-(10**30), 10**30), st.floats(), texts)
keys = st.one_of(
    texts,
    st.sampled_from(
        [
            "events", "timeline", "state", "limited", "prev_batch", "summary", "m.joined_member_count",
            "invite_state", "type", "sender", "event_id", "content", "state_key", "unsigned", "body", "msgtype",
            "m.relates_to", "rel_type", "m.new_content", "m.mentions", "user_ids", "redacts", "membership",
        ]
    ),
)  # fmt: skip
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=15,
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return something right, and now and then anything at all."""
    return st.integers(0, 14).flatmap(lambda drawn: anything if drawn == 7 else good)


relations = st.fixed_dictionaries(
    {"rel_type": mostly(st.sampled_from(["m.replace", "m.thread", "m.annotation"])), "event_id": mostly(texts)},
    optional={"key": mostly(texts), "m.in_reply_to": anything},
)
contents = st.fixed_dictionaries(
    {"msgtype": mostly(st.just("m.text")), "body": mostly(texts.map("!status ".__add__))},
    optional={
        "m.relates_to": mostly(relations),
        "m.new_content": mostly(st.fixed_dictionaries({"msgtype": st.just("m.text"), "body": texts})),
        "m.mentions": anything,
        "membership": mostly(st.sampled_from(["join", "leave", "invite"])),
        "replacement_room": mostly(st.just(OTHER)),
        "name": anything,
        "redacts": mostly(texts),
    },
)
kinds = ["m.room.message", "m.room.redaction", "m.reaction", "m.room.member", "m.room.tombstone", "m.room.name"]
raw_events = st.fixed_dictionaries(
    {
        "type": mostly(st.sampled_from(kinds)),
        "event_id": mostly(texts.map("$".__add__)),
        "sender": mostly(st.sampled_from([MIA, BOT])),
        "origin_server_ts": mostly(st.integers(-(10**17), 10**17)),
        "content": mostly(contents),
    },
    optional={"state_key": mostly(st.sampled_from(["", BOT])), "unsigned": anything, "redacts": mostly(texts)},
)
sections = st.fixed_dictionaries(
    {},
    optional={
        "timeline": mostly(
            st.fixed_dictionaries(
                {"events": mostly(st.lists(mostly(raw_events), max_size=4))},
                optional={"limited": mostly(st.just(True)), "prev_batch": mostly(texts)},
            )
        ),
        "state": mostly(st.fixed_dictionaries({"events": mostly(st.lists(mostly(raw_events), max_size=2))})),
        "invite_state": mostly(
            st.fixed_dictionaries({"events": mostly(st.lists(mostly(raw_events), max_size=2))})
        ),
        "summary": mostly(st.fixed_dictionaries({"m.joined_member_count": anything})),
    },
)
by_room = st.dictionaries(mostly(st.sampled_from([ROOM, OTHER])).map(str), mostly(sections), max_size=3)
syncs = st.fixed_dictionaries(
    {"next_batch": mostly(texts.map("s".__add__)), "chunk": mostly(st.lists(mostly(raw_events), max_size=3))},
    optional={
        "rooms": mostly(
            st.fixed_dictionaries({}, optional=dict.fromkeys(("join", "invite", "leave"), mostly(by_room)))
        )
    },
)


@given(found=syncs)
@hypothesis_settings(max_examples=extent(400, 100), deadline=None, suppress_health_check=list(HealthCheck))
async def test_any_answer_is_read_or_refused_whole(reading: Reading, found: dict[str, Any]) -> None:
    reading.session.found = decode(json.dumps(found).encode())
    reading.delivered.clear()
    try:
        await reading.inbox.round()
    except MatrixError:
        return  # without a usable next_batch
    if reading.delivered:  # a round that brought nothing need not be stored
        async with reading.database.read() as reader:
            assert await storage.position(reader) == found["next_batch"]
    for event in reading.delivered:
        assert event.sender != BOT
        assert event.room_id in (ROOM, OTHER) or event.room_id
        event.model_dump_json()


async def test_after_all_that_a_command_is_read(reading: Reading) -> None:
    # Twice, because by now the bot may have been told that it is not in the room any more.
    for event_id in ("$the-first", "$the-last"):
        timeline = {"events": [text_event(event_id, "!status")]}
        reading.session.found = {"next_batch": "s", "rooms": {"join": {ROOM: {"timeline": timeline}}}}
        reading.delivered.clear()
        await reading.inbox.round()
    assert [event.event_id for event in reading.delivered] == ["$the-last"]
