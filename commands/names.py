"""What people call things of which there are a few: by name in any language, by another word, or by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from commands.context import translate
from config.languages import SPOKEN
from storage.folding import fold

K = TypeVar("K", bound=str)
Words = Mapping[K, tuple[str, ...]]
"""What people also call something, folded, in all languages."""


def names_of(some: Mapping[K, str], words: Words[K]) -> dict[str, K]:
    """Return all that things are called, folded. `some` are their names, in the order in which they are shown."""
    found: dict[str, K] = {}
    for key in some:
        found |= dict.fromkeys(words.get(key, ()), key)
    for language in SPOKEN:
        found |= {fold(str(translate(language, name))): key for key, name in some.items()}
    return found | {fold(str(key)): key for key in some}


def named(said: str, some: Mapping[K, str], words: Words[K]) -> K | None:
    """Return what is meant by a name, another word, or a number in the list; None if nothing is."""
    folded, keys = fold(said), list(some)
    if folded.isdecimal() and len(folded) < 4 and 1 <= int(folded) <= len(keys):
        return keys[int(folded) - 1]
    return names_of(some, words).get(folded)
