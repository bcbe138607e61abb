"""JSON from the homeserver, read so that no event in it can make the whole answer unreadable.

One /sync answer carries events of many rooms and senders. Python's decoder gives up on the whole of it when
one event is nested some hundred levels deep (`RecursionError`) or holds a number of more than 4,300 digits
(`ValueError`); asked again, the homeserver sends the same. So such parts are cut out and the rest is read.
Numbers that JSON does not know (`NaN`, or `1e999`, which becomes infinite) are read as null: written again they
would be no JSON, and PostgreSQL would refuse what they are in.
"""

from __future__ import annotations

import json
import math
from functools import partial
from typing import Any

DEEPEST = 64
"""Levels of nesting that are kept. No event type of the specification needs a dozen."""


def decode(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Decode a JSON document.

    Raises:
        ValueError: it is not JSON in UTF-8 at all.

    """
    text = body.decode("utf-8")
    try:
        return _loads(text)
    except RecursionError:
        return _loads(cut(text), parse_int=_number)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _loads(cut(text), parse_int=_number)


def cut(text: str) -> str:
    """Replace each array or object that lies deeper than `DEEPEST` with null."""
    kept: list[str] = []
    depth = start = position = 0
    while position < len(text):
        character = text[position]
        if character == '"':
            position = _end_of_string(text, position)
        elif character in "[{":
            depth += 1
            if depth == DEEPEST + 1:
                kept.append(text[start:position])
        elif character in "]}":
            if depth == DEEPEST + 1:
                kept.append("null")
                start = position + 1
            depth -= 1
        position += 1
    if depth <= DEEPEST:  # else what is too deep has no end, and this is not JSON
        kept.append(text[start:])
    return "".join(kept)


def clean(text: str) -> str:
    """Take out of a text what cannot be stored as UTF-8 or ends a C string."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def _end_of_string(text: str, position: int) -> int:
    position += 1
    while position < len(text) and text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    return position


def _fraction(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _nothing(_name: str) -> None:
    return None


_loads = partial(json.loads, parse_float=_fraction, parse_constant=_nothing)


def _number(digits: str) -> int:
    # Canonical JSON allows numbers up to 2^53; what is longer than any of them is nobody's honest value.
    return int(digits) if len(digits) <= 20 else 0
