"""Descriptions of commands are what MSC4391 asks for and what clients read."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from bot.descriptions import TAIL, Descriptions, describe, state_key
from bot.repertoire import registry
from commands import talks
from commands.context import Permission
from config.languages import SPOKEN
from tests.bot.fake_homeserver import BOT

REGISTRY = registry()
PRIMITIVES = {"string", "integer", "boolean", "user_id", "room_id", "room_alias", "event_id", "server_name"}


def contents(language: str = "en", *, moderators: bool = True) -> dict[str, Any]:
    """Return the descriptions by the name of their command, as they come over the wire."""
    found = describe(REGISTRY.commands, BOT, language, moderators=moderators)
    return {one["command"]: one for one in json.loads(json.dumps(list(found.contents.values())))}


def is_text(found: Any) -> bool:
    match found:
        case {"m.text": [{"body": str(body), **more}], **others}:
            return bool(body.strip()) and not more and not others
    return False


def is_schema(schema: dict[str, Any], *, inside: bool = False) -> bool:
    kind = schema.get("schema_type")
    if kind == "primitive":
        return set(schema) == {"schema_type", "type"} and schema["type"] in PRIMITIVES
    if kind == "literal":
        return set(schema) == {"schema_type", "literal_type", "value"} and isinstance(schema["value"], str)
    if kind == "union":
        return (
            not inside and bool(schema["variants"]) and all(is_schema(x, inside=True) for x in schema["variants"])
        )
    return False


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", [one.name for one in REGISTRY.commands])
def test_each_command_is_described_as_the_proposal_says(name: str, language: str) -> None:
    found = contents(language)[name]
    assert set(found) <= {"command", "description", "parameters", "aliases", TAIL}
    assert is_text(found["description"])
    keys = [parameter["key"] for parameter in found["parameters"]]
    assert len(keys) == len(set(keys))
    for parameter in found["parameters"]:
        assert set(parameter) <= {"key", "schema", "description", "optional"}
        assert parameter.get("optional", True) is True
        assert is_text(parameter["description"])
        assert is_schema(parameter["schema"])
    if TAIL in found:
        # https://pkg.go.dev/maunium.net/go/mautrix/event/cmdschema: nothing that is required comes behind it.
        place = keys.index(found[TAIL])
        assert all(parameter.get("optional") for parameter in found["parameters"][place + 1 :])
    declared = REGISTRY.named(name)
    assert declared is not None
    assert keys == [parameter.name for parameter in declared.parameters]
    assert {name, *found.get("aliases", [])} == set(declared.names())
    for parameter, one in zip(declared.parameters, found["parameters"], strict=True):
        assert parameter.required is not one.get("optional", False)


def test_what_can_be_typed_without_its_name_is_the_tail_and_what_is_announced_is_not() -> None:
    found = contents()
    assert found["term"][TAIL] == "words"
    assert found["terms"][TAIL] == "topic"
    assert found["event remind"][TAIL] == "before"
    assert found["language"][TAIL] == "language"
    assert TAIL not in found["event"]
    assert TAIL not in found["status"]


def test_the_state_key_is_the_digest_of_command_and_bot() -> None:
    found = describe(REGISTRY.commands, BOT, "en", moderators=False)
    for key, content in found.contents.items():
        assert key == base64.b64encode(hashlib.sha256((content["command"] + BOT).encode()).digest()).decode()
        assert len(key) == 44


def test_a_language_changes_the_words_and_not_the_events() -> None:
    english, french = (describe(REGISTRY.commands, BOT, one, moderators=True) for one in ("en", "fr"))
    assert set(english.contents) == set(french.contents)
    assert english.fingerprint != french.fingerprint
    assert contents("fr")["term"]["aliases"][0] == "terme"
    assert contents("es")["term"]["aliases"][0] == "término"


def test_members_are_shown_what_everybody_may() -> None:
    everybody = {one.name for one in REGISTRY.commands if Permission.ANYONE in one.permission}
    assert set(contents(moderators=False)) == everybody
    assert set(contents()) == {one.name for one in REGISTRY.commands}
    assert "reject" not in everybody


def test_what_no_one_types_is_not_described() -> None:
    assert talks.ANSWER.name not in contents()


def test_differences_are_written_and_what_is_gone_is_taken_back() -> None:
    wanted = Descriptions({"a": {"command": "a"}, "b": {"command": "b"}})
    assert wanted.missing({}) == wanted.contents
    assert wanted.missing(wanted.digests) == {}
    assert wanted.missing({"a": wanted.digests["a"], "b": "other"}) == {"b": {"command": "b"}}
    assert wanted.missing({**wanted.digests, "gone": "x"}) == {"gone": {}}
    assert Descriptions({}).missing(wanted.digests) == {"a": {}, "b": {}}


def test_all_of_them_are_far_from_too_large_for_an_event() -> None:
    assert max(len(json.dumps(one)) for one in contents("fr").values()) < 4000
    assert state_key("term", BOT) != state_key("terms", BOT)
