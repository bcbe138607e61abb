"""JSON from the homeserver, read so that no event in it can make the whole answer unreadable.

One /sync answer carries events of many rooms and senders. Python's decoder gives up on the whole of it when
one event is nested some hundred levels deep (`RecursionError`) or holds a number of more than 4,300 digits
(`ValueError`); asked again, the homeserver sends the same. So such parts are cut out and the rest is read.
Numbers that JSON does not know (`NaN`, or `1e999`, which becomes infinite) are read as null: written again they
would be no JSON, and PostgreSQL would refuse what they are in.

The first /sync of an account in thousands of rooms has many megabytes. Python's decoder would hold up everything
else for as long as it takes; so a large answer is read room by room.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Generator
from functools import partial
from typing import Any

from bot.turns import Turns

LARGE = 1 << 18
"""Bytes from which on an answer is read in parts."""
PARTED = {("rooms",), ("rooms", "join"), ("rooms", "invite"), ("rooms", "leave")}
"""What of a /sync answer has many members."""
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


async def decode_in_turns(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Decode a JSON document; while a large one is decoded, others have their turn.

    Raises:
        ValueError: it is not JSON in UTF-8 at all.

    """
    if len(body) < LARGE or not body.startswith(b"{"):
        return decode(body)
    text = body.decode("utf-8")
    turns = Turns()
    parts = _members(text, 0, ())
    try:
        while True:
            next(parts)
            await turns.give()
    except StopIteration as done:
        found, end = done.value
        if _SPACE.fullmatch(text, end):
            return found
        raise ValueError("something stands behind the end of the document") from None
    except (ValueError, RecursionError, IndexError):
        return decode(body)  # Not JSON, or with a part that is to be cut out.


_SPACE = re.compile(r"[ \t\n\r]*")


def _members(text: str, start: int, path: tuple[str, ...]) -> Generator[None, None, tuple[dict[str, Any], int]]:
    """Decode the object at `start`, and pause after each of its members. Return it and where it ends."""
    found: dict[str, Any] = {}
    position = _behind_space(text, start + 1)
    while text[position] != "}":
        if found:
            position = _behind(text, position, ",")
        if text[position] != '"':
            raise ValueError(position)
        name, position = _DECODER.raw_decode(text, position)
        position = _behind(text, _behind_space(text, position), ":")
        inner = (*path, name)
        if inner in PARTED and text[position] == "{":
            found[name], position = yield from _members(text, position, inner)
        else:
            found[name], position = _DECODER.raw_decode(text, position)
            yield
        position = _behind_space(text, position)
    return found, position + 1


def _behind(text: str, position: int, sign: str) -> int:
    if text[position] != sign:
        raise ValueError(position)
    return _behind_space(text, position + 1)


def _behind_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    assert space is not None  # noqa: S101 - it matches nothing, too
    return space.end()


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
_DECODER = json.JSONDecoder(parse_float=_fraction, parse_constant=_nothing)


def _number(digits: str) -> int:
    # Canonical JSON allows numbers up to 2^53; what is longer than any of them is nobody's honest value.
    return int(digits) if len(digits) <= 20 else 0
