"""`name: value` pairs in what was typed, in one line or one under the other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from commands.context import Context
from commands.errors import ArgumentError
from commands.rendering import code
from storage.folding import fold

_FIELD = re.compile(
    r"(?:^|(?<=\s))(?P<name>[a-zA-Z_éíóúñè]+)(?:\s+(?P<language>[a-z]{2}))?\s*[:=]\s+?(?=\S)|"
    r"(?:^|(?<=\s))(?P<name2>[a-zA-Z_éíóúñè]+)(?:\s+(?P<language2>[a-z]{2}))?[:=](?!//)(?=\S)"
)


@dataclass(frozen=True, slots=True)
class Fields:
    """Which names there are, what else they are called (folded), and which have a text per language."""

    names: Sequence[str]
    short: Mapping[str, str] = field(default_factory=dict)
    by_language: frozenset[str] = frozenset()

    def split(self, typed: str) -> tuple[str, str]:
        """Return what stands before the first pair, and the rest."""
        first = _FIELD.search(typed)
        return (typed[: first.start()], typed[first.start() :]) if first else (typed, "")

    def read(self, ctx: Context, typed: str) -> dict[str, str]:
        """Return the pairs; `title fr: …` becomes `title_fr`.

        Raises:
            ArgumentError: something is no field.

        """
        found: dict[str, str] = {}
        if not typed.strip():
            return {}
        marks = [m for m in _FIELD.finditer(typed) if self._name(m) is not None]
        if not marks or marks[0].start() != len(typed) - len(typed.lstrip()):
            raise ArgumentError(
                ctx.text(
                    "I know no field called {word}. There are: {choices}.",
                    word=code(typed.split()[0]),
                    choices=", ".join(self.names),
                )
            )
        for at, following in zip(marks, [*marks[1:], None], strict=True):
            value = typed[at.end() : following.start() if following else len(typed)].strip()
            name = self._name(at) or ""
            if name in self.by_language:
                name = f"{name}_{at['language'] or at['language2'] or ctx.language}"
            found[name] = value.strip('"“”«» ')
        return found

    def _name(self, match: re.Match[str]) -> str | None:
        name = fold(match["name"] or match["name2"]).replace(" ", "_")
        name = self.short.get(name, name)
        return name if name in self.names else None


def is_empty(value: str) -> bool:
    """Tell whether a value says that a field is to be emptied."""
    return value in ("", "-", "–")
