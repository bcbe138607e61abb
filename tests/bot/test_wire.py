"""JSON of the homeserver: one hostile event does not make the rest unreadable."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wire import DEEPEST, LARGE, cut, decode, decode_in_turns

NESTED = "[" * 2_000 + "]" * 2_000
OBJECTS = '{"a":' * 2_000 + "1" + "}" * 2_000
LONG = "9" * 10_000

documents = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=30,
)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@pytest.mark.parametrize(
    "hostile", [NESTED, OBJECTS, LONG, f"-{LONG}", f"[{NESTED}, {LONG}]", f'{{"x": {OBJECTS}}}']
)
def test_a_hostile_event_leaves_its_neighbours_whole(hostile: str) -> None:
    tricky = 'quotes \\" and brackets ]}[{ and \\\\'
    document = f'{{"before": 1, "event": {hostile}, "after": ["{tricky}", {{"b": [2]}}]}}'
    found = decode(document.encode())
    assert found["before"] == 1
    assert found["after"] == ['quotes " and brackets ]}[{ and \\', {"b": [2]}]
    assert depth(found) <= DEEPEST


def test_numbers_that_json_does_not_know_are_nothing() -> None:
    assert decode(b'[NaN, -Infinity, 1e999, {"a": -1e999}, 1e3, "NaN"]') == [
        None,
        None,
        None,
        {"a": None},
        1000.0,
        "NaN",
    ]


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"{", b"[1,]", b'"\\', b"[" * 5_000, b"]" * 5_000, b'{"a' * 3_000, b"\xef\xbb\xbf{}"]
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its documented type; UnicodeDecodeError is one
        decode(body)


@given(documents)
def test_ordinary_json_is_read_as_it_is(document: Any) -> None:
    text = json.dumps(document)
    assert decode(text.encode()) == document
    if depth(document) <= DEEPEST:
        assert cut(text) == text


@given(documents, st.integers(DEEPEST - 3, DEEPEST + 50))
def test_what_is_too_deep_becomes_null(document: Any, levels: int) -> None:
    text = "[" * levels + json.dumps(document) + "]" * levels
    found = json.loads(cut(text))
    assert depth(found) <= DEEPEST
    if levels + depth(document) <= DEEPEST:
        assert found == json.loads(text)


@given(st.text(st.sampled_from('[]{}",:\\a1 é\ud800')))
def test_cutting_bears_any_text(text: str) -> None:
    assert len(cut(text)) <= len(text) + 4 * text.count("]") + 4 * text.count("}")


@given(st.binary())
def test_any_bytes_are_json_or_a_value_error(body: bytes) -> None:
    try:
        decode(body)
    except ValueError:
        return


SYNC = {
    "next_batch": "s1",
    "rooms": {
        "join": {f"!room{number}": {"timeline": {"events": [{"body": "é" * 40}] * 10}} for number in range(900)},
        "invite": {},
        "leave": {"!left": {}},
    },
    "to_device": {"events": []},
}


@pytest.mark.parametrize("indent", [None, 1])
async def test_a_large_sync_is_read_as_it_is_while_others_have_their_turn(indent: int | None) -> None:
    body = json.dumps(SYNC, indent=indent).encode()
    assert len(body) > LARGE
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    with mock.patch("bot.turns.LONGEST", 0.0):
        working = asyncio.create_task(others())
        assert await decode_in_turns(body) == SYNC
        working.cancel()
    assert turns > 900


@given(st.dictionaries(st.sampled_from(["rooms", "next_batch", "join"]) | st.text(), documents))
async def test_any_document_is_read_in_turns_as_at_once(document: Any) -> None:
    with mock.patch("bot.wire.LARGE", 0):
        assert await decode_in_turns(json.dumps(document).encode()) == document
        nested = {"rooms": {"join": document, "leave": document}}
        assert await decode_in_turns(json.dumps(nested).encode()) == nested


@pytest.mark.parametrize("hostile", [NESTED, OBJECTS, LONG])
async def test_a_hostile_event_in_a_large_sync_leaves_the_rest_whole(hostile: str) -> None:
    text = json.dumps(SYNC).replace('"to_device": {', f'"to_device": {{"hostile": {hostile}, ')
    found = await decode_in_turns(text.encode())
    assert found["rooms"] == SYNC["rooms"]


@pytest.mark.parametrize("end", [-1, -2, -40, 300_000])
async def test_a_large_sync_that_was_cut_off_is_refused(end: int) -> None:
    body = json.dumps(SYNC).encode()
    with pytest.raises(ValueError):  # noqa: PT011 - its documented type
        await decode_in_turns(body[:end])
    with pytest.raises(ValueError):  # noqa: PT011
        await decode_in_turns(body + b"}")
