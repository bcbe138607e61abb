"""Commands in parts (MSC4391): what is read of them, and whose they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.addressing import Address
from bot.calls import CALL, call_in, kept, restored
from bot.concern import Concern
from bot.events import parse
from bot.login import Login
from bot.rooms import Rooms
from bot.session import Session
from commands.calls import Call
from config.settings import InviteSettings, RoomSettings
from storage.inbox import InboxEvent
from storage.rooms import Room
from tests.bot.fake_homeserver import BOT, MIA, ROOM
from tests.extent import extent

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DIRECT = "!direct:example.org"
OTHER_BOT = "@other:example.org"
STATUS = {"command": "status"}


def entry(content: dict[str, Any], *, room: str = ROOM) -> InboxEvent | None:
    """Return what is stored of a message in a room with many, or in a direct chat."""
    known = [
        Room(room_id=ROOM, membership="join", members=5, name="Community", since=NOW),
        Room(room_id=DIRECT, membership="join", members=2, direct=True, since=NOW),
    ]
    login = Login(homeserver="http://127.0.0.1:1", user_id=BOT, device_id="D", access_token="t", pickle_key="0")
    rooms = Rooms(Session(login), RoomSettings(), InviteSettings(), known)
    raw = {"type": "m.room.message", "event_id": "$1", "sender": MIA, "origin_server_ts": 1, "content": content}
    event = parse(json.loads(json.dumps(raw)), room)
    assert event is not None
    found = Concern(BOT, rooms, Address("!", BOT, "GAAMAC")).entries([event], None, NOW)
    return found[0] if found else None


def message(call: object, body: str = "/status", *, to: object = (BOT,), **more: Any) -> dict[str, Any]:
    mentions = {} if to is None else {"m.mentions": {"user_ids": list(to) if isinstance(to, tuple) else to}}
    return {"msgtype": "m.text", "body": body, CALL: call, **mentions, **more}


def payload(found: InboxEvent | None) -> dict[str, Any]:
    assert found is not None
    assert found.payload is not None
    return found.payload


def test_what_clients_send_is_read() -> None:
    call = {"command": "term", "arguments": {"words": " r2p ", "page": 2, "language": None, "x": ""}}
    assert call_in({CALL: call}) == Call("term", {"words": " r2p ", "page": "2", "x": ""})
    assert call_in({CALL: {"command": " practice share "}}) == Call("practice share", {})
    assert call_in({CALL: {"command": "status", "arguments": None}}) == Call("status", {})


@pytest.mark.parametrize(
    "value",
    [True, False, 1.5, [], ["a"], {}, {"id": "!a:b", "type": "room_id"}, 2**53, -(2**53), 10**400],
)
def test_what_nobody_can_type_is_marked_as_such(value: object) -> None:
    assert call_in({CALL: {"command": "event", "arguments": {"number": value}}}) == Call(
        "event", {}, frozenset({"number"})
    )


@pytest.mark.parametrize("arguments", ["fr", 5, ["fr"], True])
def test_arguments_that_are_none_are_one_that_no_command_has(arguments: object) -> None:
    call = call_in({CALL: {"command": "language", "arguments": arguments}})
    assert call is not None
    assert {*call.said, *call.odd} == {"arguments"}


@pytest.mark.parametrize("found", [None, "status", ["status"], {}, {"command": None}, {"command": " \n"}, 5])
def test_what_is_no_command_leaves_the_words(found: object) -> None:
    assert call_in({CALL: found}) is None
    assert payload(entry(message(found, "!status"))) == {"text": "status", "thread": None, "reply_to": None}


def test_the_parts_win_over_the_words() -> None:
    call = {"command": "term", "arguments": {"words": "genocide"}}
    found = payload(entry(message(call, "!forgetme yes")))
    assert restored(found) == Call("term", {"words": "genocide"})
    assert found["text"] == "term"


def test_only_what_names_the_bot_is_its_own() -> None:
    assert entry(message(STATUS, "!status", to=(OTHER_BOT,))) is None
    assert entry(message(STATUS, "!status", to=(OTHER_BOT,)), room=DIRECT) is None
    assert restored(payload(entry(message(STATUS, to=(OTHER_BOT, BOT))))) == Call("status", {})
    # Who names nobody has only said something.
    assert entry(message(STATUS, to=None)) is None
    assert entry(message(STATUS, to="nobody")) is None
    assert payload(entry(message(STATUS, "!term r2p", to=None)))["text"] == "term r2p"
    # In a direct chat there is nobody else.
    assert restored(payload(entry(message(STATUS, to=None), room=DIRECT))) == Call("status", {})


def test_in_a_talk_it_is_no_answer() -> None:
    assert "bare" not in payload(entry(message(STATUS, "status"), room=DIRECT))
    assert payload(entry({"msgtype": "m.text", "body": "status"}, room=DIRECT))["bare"] is True


def test_in_a_thread_in_an_edit_and_with_a_file() -> None:
    relation = {"rel_type": "m.thread", "event_id": "$root"}
    assert payload(entry(message(STATUS) | {"m.relates_to": relation}))["thread"] == "$root"
    edit = {
        "msgtype": "m.text",
        "body": "* /status",
        "m.new_content": message(STATUS),
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$old"},
        CALL: {"command": "forgetme"},
    }
    found = entry(edit)
    assert found is not None
    assert (found.kind, found.target, restored(payload(found))) == ("edit", "$old", Call("status", {}))
    file = message({"command": "import events"}, "calendar.ics", msgtype="m.file", url="mxc://a/b")
    found = entry(file)
    assert found is not None
    assert (found.kind, payload(found)["file"]["name"]) == ("message", "calendar.ics")
    assert restored(payload(found)) == Call("import events", {})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@hypothesis_settings(max_examples=extent(300, 75), deadline=None)
@given(st.one_of(json_values, st.fixed_dictionaries({"command": st.text(), "arguments": json_values})))
def test_whatever_is_sent_can_be_kept(found: object) -> None:
    call = call_in({CALL: found})
    if call is None:
        return
    stored = json.dumps(kept(call), allow_nan=False)
    stored.encode()
    assert "\\u0000" not in stored
    assert restored({"call": json.loads(stored)}) == call
