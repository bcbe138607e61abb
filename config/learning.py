"""What the starter content says to learn by: questions to discuss, days and their terms, which term is broader."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import Any

from config.starter import STARTER

Texts = dict[str, str]
"""A text by language."""


@lru_cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((STARTER / "learning" / f"{name}.toml").read_text(encoding="utf-8"))


def broader() -> dict[str, list[str]]:
    """Return, by term, of which others it is a kind or a part."""
    return _read("broader")


def question(concept: str, topic: str) -> Texts:
    """Return what to discuss about a term, by language: its own question, else that of its topic."""
    found = _read("questions")
    chosen: Texts = found["term"].get(concept) or found["topic"].get(topic) or found["any"]
    return chosen


def days() -> dict[str, list[str]]:
    """Return the terms that belong to an international day, by the uid of its event."""
    return {f"{uid}@gaamac.org": terms for uid, terms in _read("days").items()}
