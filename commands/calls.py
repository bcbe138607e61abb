"""A command that a client sent in parts (MSC4391): its name, and what was said for each parameter.

It takes the same way as what is typed, without being made a line of text: what was said for one parameter can
never become two arguments, or the word that announces another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """`command` is a name or an alias; `said` has the text for each parameter by its key.

    `odd` are keys for which there was what nobody can type: a list, an object, a truth value, a fraction.
    """

    command: str
    said: Mapping[str, str]
    odd: frozenset[str] = frozenset()
