"""Events of ours from the homeserver's JSON."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.events import (
    MAX_ID,
    Edit,
    EncryptionOn,
    Event,
    MalformedError,
    MemberChange,
    Message,
    PowerChange,
    Reaction,
    Redaction,
    RoomName,
    RoomUpgrade,
    parse,
)
from bot.wire import clean
from tests.bot.fake_homeserver import BOT, MIA, ROOM
from tests.bot.test_any_sync import anything, raw_events

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)


def raw(kind: str, content: object, **more: object) -> dict[str, Any]:
    at = int(AT.timestamp() * 1000)
    return {"event_id": "$1", "sender": MIA, "origin_server_ts": at, "type": kind, "content": content, **more}


SHARED: dict[str, Any] = {"event_id": "$1", "room_id": ROOM, "sender": MIA, "sent_at": AT}
TEXT = {"msgtype": "m.text", "body": "!term"}


@pytest.mark.parametrize(
    ("given_", "event"),
    [
        (
            raw("m.room.message", TEXT),
            Message(**SHARED, body="!term", thread=None, mentions=frozenset()),
        ),
        (
            raw(
                "m.room.message",
                TEXT
                | {
                    "m.relates_to": {
                        "rel_type": "m.thread",
                        "event_id": "$root",
                        "m.in_reply_to": {"event_id": "$2"},
                    },
                    "m.mentions": {"user_ids": [BOT, 1]},
                },
            ),
            Message(**SHARED, body="!term", thread="$root", mentions=frozenset({BOT}), reply_to="$2"),
        ),
        (
            raw(
                "m.room.message",
                TEXT | {"m.new_content": TEXT, "m.relates_to": {"rel_type": "m.replace", "event_id": "$2"}},
            ),
            Edit(**SHARED, target="$2", body="!term", mentions=frozenset()),
        ),
        (raw("m.room.redaction", {}, redacts="$2"), Redaction(**SHARED, target="$2")),
        (raw("m.room.redaction", {"redacts": "$2"}), Redaction(**SHARED, target="$2")),
        (
            raw("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$2", "key": "👍"}}),
            Reaction(**SHARED, target="$2", key="👍"),
        ),
        (
            raw(
                "m.room.member",
                {"membership": "leave", "displayname": "Mia\x00"},
                state_key=BOT,
                unsigned={"prev_content": {"membership": "join"}},
            ),
            MemberChange(
                **SHARED, user_id=BOT, membership="leave", before="join", direct=False, display_name="Mia"
            ),
        ),
        (
            raw("m.room.tombstone", {"replacement_room": "!new"}, state_key=""),
            RoomUpgrade(**SHARED, successor="!new"),
        ),
        (raw("m.room.name", {"name": "Community"}, state_key=""), RoomName(**SHARED, name="Community")),
        (raw("m.room.name", {"name": ""}, state_key=""), RoomName(**SHARED, name=None)),
        (raw("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, state_key=""), EncryptionOn(**SHARED)),
        (raw("m.room.power_levels", {"users": {BOT: 50}}, state_key=""), PowerChange(**SHARED)),
    ],
)
def test_an_event_becomes_a_typed_one(given_: dict[str, Any], event: Event) -> None:
    assert parse(given_, ROOM) == event


@pytest.mark.parametrize(
    "given_",
    [
        raw("m.room.message", TEXT | {"msgtype": "m.notice"}),
        raw("m.room.message", {}),  # redacted
        raw("m.reaction", {}),  # redacted
        raw("m.room.tombstone", {"body": "closed"}, state_key=""),
        raw("m.room.tombstone", {"replacement_room": "!new"}),  # forged: a state event has a state key
        raw("m.room.power_levels", {"users": {BOT: 100}}),  # forged, too
        raw("m.room.topic", {"topic": "Prevention"}, state_key=""),
        raw("m.room.encrypted", {}),
    ],
)
def test_what_does_not_concern_us_is_nothing(given_: dict[str, Any]) -> None:
    assert parse(given_, ROOM) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event_id", ""),
        ("event_id", 1),
        ("event_id", "$" + "é" * (MAX_ID // 2 + 1)),
        ("event_id", "$\ud800"),
        ("sender", None),
        ("sender", "@mia\x00:example.org"),
        ("origin_server_ts", "1"),
        ("origin_server_ts", 1.5),
        ("origin_server_ts", True),
        ("origin_server_ts", 10**400),
        ("origin_server_ts", -(10**18)),
        ("content", None),
        ("content", TEXT | {"body": None}),
        ("type", 1),
    ],
)
def test_a_malformed_field_is_named_and_its_content_is_not(name: str, value: object) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(raw("m.room.message", TEXT) | {name: value}, ROOM)
    assert str(caught.value) in (name, "body")


@given(st.one_of(anything, raw_events))
def test_any_json_is_an_event_nothing_or_malformed(document: Any) -> None:
    document = json.loads(json.dumps(document))
    before = copy.deepcopy(document)
    try:
        event = parse(document, ROOM)
    except MalformedError:
        return
    assert event is None or isinstance(event, Event)
    assert repr(document) == repr(before)
    if event:
        for value in (event.event_id, event.sender, getattr(event, "body", ""), getattr(event, "target", "")):
            value.encode()
            assert "\x00" not in value


@given(st.text(st.characters(exclude_categories=())))
def test_a_clean_text_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned
