"""JSON of the homeserver: one hostile event does not make the rest unreadable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wire import DEEPEST, cut, decode

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
