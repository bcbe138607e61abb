"""The example settings: they load as they are, with every line put in force, and hold every key there is."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import config
from config.settings import Settings, load

EXAMPLE = Path(config.__file__).parent / "example.toml"
ONLY_EXAMPLES: dict[str, Any] = {
    **dict.fromkeys(("database_url", "rooms", "invites", "matrix", "cluster"), True),
    "backup": {"folder", "passphrase"},
}
"""What stands there as an example and is not what holds when it is left out."""


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("GAAMAC_"):
            monkeypatch.delenv(name)


def in_force() -> str:
    """Return the example with all of its lines in force."""
    return re.sub(r"(?m)^#: ", "", EXAMPLE.read_text(encoding="utf-8"))


def keys_of(section: type[BaseModel], prefix: str = "") -> set[str]:
    found = set()
    for name, declared in section.model_fields.items():
        kind = declared.annotation
        inner = isinstance(kind, type) and issubclass(kind, BaseModel)
        found |= keys_of(kind, f"{name}.") if inner and isinstance(kind, type) else {prefix + name}
    return found


def keys_in(document: Mapping[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for name, value in document.items():
        found |= keys_in(value, f"{name}.") if isinstance(value, dict) else {prefix + name}
    return found


def test_it_loads_as_it_is() -> None:
    settings = load(EXAMPLE)
    assert settings.matrix.user_id == "@gaamac-bot:example.org"
    assert settings.rooms.every() == []
    assert settings.invites.allowed == ["@*:example.org"]


def test_it_loads_with_every_line_in_force(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(in_force(), encoding="utf-8")
    settings = load(file)
    assert settings.matrix.access_token is not None
    assert len(settings.rooms.every()) == 4


def test_every_key_is_in_it_and_no_other() -> None:
    assert keys_in(tomllib.loads(in_force())) == keys_of(Settings)


def test_what_it_shows_is_what_holds_when_it_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(in_force(), encoding="utf-8")
    assert load(file).model_dump(exclude=ONLY_EXAMPLES) == load(EXAMPLE).model_dump(exclude=ONLY_EXAMPLES)


def test_every_key_is_explained_in_the_lines_above_it() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"(#: )?\w+ = ", line):
            assert re.match(r"# \S", lines[number - 1]), line
