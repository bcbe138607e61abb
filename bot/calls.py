"""Commands in parts, as clients send them beside the text of a message (MSC4391)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.wire import clean
from commands.calls import Call

CALL = "org.matrix.msc4391.command"
"""Holds a command in parts: https://github.com/matrix-org/matrix-spec-proposals/pull/4391"""
LARGEST = 2**53
"""https://spec.matrix.org/latest/appendices/#canonical-json"""


def kept(call: Call) -> dict[str, Any]:
    """Return a command in parts as the inbox keeps it."""
    return {"command": call.command, "said": dict(call.said), "odd": sorted(call.odd)}


def restored(payload: Mapping[str, Any]) -> Call | None:
    """Return the command in parts that the inbox kept with an event; None when it was typed."""
    found = payload.get("call")
    return Call(found["command"], found["said"], frozenset(found["odd"])) if found else None


def call_in(content: Mapping[str, Any]) -> Call | None:
    """Return the command that stands in parts in the content of a message; None when there is none (MSC4391).

    What parameters are given is judged where it is known which there are; here it is made harmless.
    """
    found = content.get(CALL)
    name = found.get("command") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(name, str) or not clean(name).strip():
        return None
    given = found.get("arguments")
    if not isinstance(given, Mapping):
        # What is no object has no parameters; as one that no command has it is answered as such.
        given = {} if given is None else {"arguments": given}
    said: dict[str, str] = {}
    odd: set[str] = set()
    for key, value in given.items():
        if isinstance(value, str):
            said[clean(key)] = clean(value)
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST:
            said[clean(key)] = str(value)
        elif value is not None:  # so clients send what was left out
            odd.add(clean(key))
    return Call(clean(name).strip(), said, frozenset(odd))
