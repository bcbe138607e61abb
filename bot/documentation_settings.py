"""The page of settings, `docs/settings.md`: what `config/example.toml` says of each, and what the models take."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

import config
from config.settings import FROM_FILE, PREFIX, Settings

EXAMPLE = Path(config.__file__).parent / "example.toml"

INTRODUCTION = f"""\
# Settings

This page is written by `make docs` from `config/example.toml` and `config/settings.py`; edit those.

The settings stand in a TOML file that `--config` or `{PREFIX}CONFIG` names. Each is also an environment \
variable, which goes before the file; lists are written there as JSON. With `{FROM_FILE}` at its end a variable \
names a file that holds the value, as `{PREFIX}MATRIX__PASSWORD{FROM_FILE}`: so no secret stands in the settings, \
or in the environment."""

_SECTION = re.compile(r"\[([\w.]+)\]")
_KEY = re.compile(r"(?:#: )?(\w+) = ")


@dataclass(slots=True)
class Explained:
    """What the example says: of each section by its name, of each key by its path."""

    sections: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)


def explained(text: str) -> Explained:
    """Read the comments: those above a key belong to it, those behind the head of a section to that."""
    found, section, at_head = Explained(), "", False
    comment: list[str] = []
    for line in text.splitlines():
        if head := _SECTION.match(line):
            section, at_head, comment = head[1], True, []
        elif key := _KEY.match(line):
            found.keys[f"{section}.{key[1]}".lstrip(".")] = " ".join(comment)
            at_head, comment = False, []
        elif line.startswith("# "):
            comment.append(line[2:])
        else:
            if at_head and comment:
                found.sections[section] = " ".join(comment)
                at_head = False
            comment = []
    return found


def page() -> str:
    """Return the page as it should be."""
    parts = explained(EXAMPLE.read_text(encoding="utf-8"))
    return "\n\n".join([INTRODUCTION, *_sections(Settings, "", {}, parts)]) + "\n"


def _sections(
    model: type[BaseModel], path: str, defaults: Mapping[str, object], parts: Explained
) -> Iterator[str]:
    """Write the section of a model, then those inside it."""
    inner: list[tuple[str, type[BaseModel], Mapping[str, object]]] = []
    rows = []
    for name, declared in model.model_fields.items():
        key, kind = f"{path}{name}", declared.annotation
        default = defaults.get(name, declared.get_default(call_default_factory=True))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            inner.append((key, kind, dict(default) if isinstance(default, BaseModel) else {}))
        else:
            variable = PREFIX + key.upper().replace(".", "__")
            left_out = "must be set" if declared.is_required() else _shown(default)
            rows.append(f"| `{name}` | {parts.keys[key]} | {values(declared)} | {left_out} | `{variable}` |")
    if rows:
        head = f"## `[{path[:-1]}]`" if path else "## At the top of the file"
        if path[:-1] in parts.sections:
            head += f"\n\n{parts.sections[path[:-1]]}"
        table = ["| key | what it is | takes | left out | variable |", "|---|---|---|---|---|", *rows]
        yield head + "\n\n" + "\n".join(table)
    for key, kind, values_before in inner:
        yield from _sections(kind, f"{key}.", values_before, parts)


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default not in (None, "", []) else ""


def values(declared: FieldInfo) -> str:
    """Say what a setting takes."""
    return _kind(declared.annotation) + _bounds(declared.metadata)


def _kind(kind: Any) -> str:  # noqa: ANN401 - any annotation
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inside)
    if origin is list:
        return "a list"
    if origin is typing.Annotated:
        return _kind(inside[0])
    if origin in (types.UnionType, typing.Union):
        [one] = [part for part in inside if part is not type(None)]
        return _kind(one)
    return {bool: "`true` or `false`", int: "a whole number", SecretStr: "a text, secret", Path: "a folder"}.get(
        kind, "a text"
    )


def _bounds(metadata: list[Any]) -> str:
    least = next((one.ge for one in metadata if isinstance(one, annotated_types.Ge)), None)
    most = next((one.le for one in metadata if isinstance(one, annotated_types.Le)), None)
    if least is None:
        return ""
    return f", {least} or more" if most is None else f", {least} to {most}"
