"""Commands as clients can offer and complete them (MSC4391): one state event for each, made from its declaration.

https://github.com/matrix-org/matrix-spec-proposals/pull/4391, with the additions that clients read (`aliases`,
`fi.mau.tail_parameter`): https://pkg.go.dev/maunium.net/go/mautrix/event/cmdschema
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from commands.arguments import Language, Parameter, Rest
from commands.context import Permission, mark, translate
from commands.registry import Command
from commands.rendering import render
from config.languages import SPOKEN

EVENT_TYPE = "org.matrix.msc4391.command_description"
TAIL = "fi.mau.tail_parameter"
LANGUAGE = mark("language, by its name or code")

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Descriptions:
    """The state events that are to stand in a room, by state key. Without any, nothing is described there."""

    contents: Mapping[str, Content]

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same descriptions, and for no others."""
        return _digest(self.digests)

    @cached_property
    def digests(self) -> dict[str, str]:
        """A short form of each description, by state key, to tell later whether it is another."""
        return {key: digest(content) for key, content in self.contents.items()}

    def missing(self, standing: Mapping[str, str]) -> dict[str, Content]:
        """Return what is to be written where `standing` are the digests of what is there. Empty: taken back."""
        changes: dict[str, Content] = {
            key: content for key, content in self.contents.items() if standing.get(key) != self.digests[key]
        }
        return changes | {key: {} for key in standing if key not in self.contents}


def describe(commands: Iterable[Command], user_id: str, language: str, *, moderators: bool) -> Descriptions:
    """Describe what everybody may run, and for `moderators` what they may, in a language.

    `user_id` is the bot: other bots may have commands of the same name.
    """
    shown = Permission.ANYONE | Permission.MODERATOR if moderators else Permission.ANYONE
    return Descriptions(
        {state_key(one.name, user_id): description(one, language) for one in commands if one.permission & shown}
    )


def state_key(command: str, user_id: str) -> str:
    """Return the state key of the description of a command of a bot."""
    return base64.b64encode(hashlib.sha256((command + user_id).encode()).digest()).decode()


def description(declared: Command, language: str) -> Content:
    """Describe a command. Its name is the same in all languages, so that another language makes no other event."""
    own = declared.aliases.get(language, ())
    aliases = [*own, *(name for name in declared.names()[1:] if name not in own)]
    content: dict[str, Any] = {
        "command": declared.name,
        "description": _text(language, declared.summary),
        "parameters": [_parameter(one, language) for one in declared.parameters],
    }
    if aliases:
        content["aliases"] = aliases
    if tail := _tail(declared.parameters):
        content[TAIL] = tail
    return content


def digest(content: Content) -> str:
    """Return a short form of a description."""
    return _digest(content)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _tail(parameters: Iterable[Parameter]) -> str | None:
    """Return the parameter that takes the rest of what is typed. Others that may be left out must be named."""
    last = [one for one in parameters if one.named is None][-1:]
    return next((one.name for one in last if one.kind is Rest or not one.required), None)


def _parameter(parameter: Parameter, language: str) -> Content:
    said = LANGUAGE if parameter.kind is Language else parameter.label
    content = {
        "key": parameter.name,
        "schema": _schema(parameter),
        "description": _text(language, said),
    }
    return content if parameter.required else {**content, "optional": True}


def _schema(parameter: Parameter) -> Content:
    if parameter.kind is int:
        return {"schema_type": "primitive", "type": "integer"}
    text = {"schema_type": "primitive", "type": "string"}
    if parameter.kind is not Language:
        return text
    # The text first: where nothing is given, clients send what the first variant has for that.
    literals = [{"schema_type": "literal", "literal_type": "string", "value": code} for code in SPOKEN]
    return {"schema_type": "union", "variants": [text, *literals]}


def _text(language: str, message: str) -> Content:
    return {"m.text": [{"body": render(translate(language, message)).body}]}
