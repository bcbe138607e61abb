"""Rooms and homeservers that have other names in another instance: `--rename OLD=NEW`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel

from bot.errors import EXIT_SETTINGS, StartError
from storage.content import Content

M = TypeVar("M", bound=BaseModel)

SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
NAMED = re.compile(r"[!#]\S+")
END = r"(?![\w-])(?!\.\w)"
"""Behind a name: it is not a part of a longer one. A full stop may end the sentence."""


class Renaming:
    """One name that becomes another: of a room (!…, #…), or of a server in such names."""

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new
        self.count = 0
        before = r"(?<![\w!#])" if NAMED.fullmatch(old) else r"(?<=[!#@$])([^\s:/]+:)"
        self._pattern = re.compile(f"{before}{re.escape(old)}{END}")

    def apply(self, text: str) -> str:
        """Return a text with the new name."""
        is_room = NAMED.fullmatch(self.old) is not None
        done, count = self._pattern.subn(lambda found: self.new if is_room else f"{found[1]}{self.new}", text)
        self.count += count
        return done


def renamings(typed: Iterable[str]) -> list[Renaming]:
    """Read what was typed.

    Raises:
        StartError: it is no renaming.

    """
    found = []
    for one in typed:
        old, sign, new = one.partition("=")
        rooms = NAMED.fullmatch(old) and NAMED.fullmatch(new)
        servers = SERVER.fullmatch(old) and SERVER.fullmatch(new)
        if not sign or not (rooms or servers):
            raise StartError(
                f"--rename {one}: write OLD=NEW, both rooms (#old:example.org=#new:example.com, also ids with "
                "!) or both homeservers (example.org=example.com).",
                exit_code=EXIT_SETTINGS,
            )
        found.append(Renaming(old, new))
    return found


def renamed(content: Content, names: list[Renaming]) -> Content:
    """Return content with other names in events, submissions and guidance. The audit stays as it was signed."""
    return content.model_copy(
        update={
            "events": [_model(one, names) for one in content.events],
            "practices": [_model(one, names) for one in content.practices],
            "guidance": [_model(one, names) for one in content.guidance],
        }
    )


def _model(one: M, names: list[Renaming]) -> M:
    facts = one.model_dump(mode="json")
    # The key in calendars elsewhere, which looks like the address of a server in some.
    kept = {key: value for key, value in facts.items() if key == "uid"}
    return type(one).model_validate(_value(facts, names) | kept)


def _value(value: Any, names: list[Renaming]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        for one in names:
            value = one.apply(value)
        return value
    if isinstance(value, list):
        return [_value(each, names) for each in value]
    return {key: _value(each, names) for key, each in value.items()} if isinstance(value, dict) else value
