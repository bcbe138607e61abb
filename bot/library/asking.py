"""What a visitor asks for, and the context in which it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from commands.context import Asker, Condition, Context, Permission, Surroundings
from commands.registry import Registry
from config.languages import SPOKEN
from config.settings import Settings
from storage.database import Reader

LONGEST_WORDS = 200
"""Characters of a search."""
LAST_PAGE = 100_000


class MissingError(Exception):
    """There is no such page, or not for everybody."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A page: its path without the language, and what may be asked of it. It is the key under which it is kept."""

    language: str
    path: str
    name: str = ""
    page: int = 1
    words: str = ""
    country: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a template shows, and the title of the page. `status` is that of HTTP."""

    template: str
    title: str
    facts: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    about: str = ""
    """A sentence that describes the page."""


def pages_of(ask: Ask, count: int, rows: int) -> int:
    """Return on how many pages so many rows stand.

    Raises:
        MissingError: the one that is asked for is none of them.

    """
    pages = -(-count // rows)
    if ask.page > max(1, pages):
        raise MissingError
    return pages


async def _nothing(_permission: Permission) -> bool:
    return False


def _no_condition() -> Condition:
    raise RuntimeError("the library does not tell how the bot is")


def context(settings: Settings, reader: Reader, language: str, now: datetime) -> Context:
    """Return a context in which nobody asks: no person, no room, no permission."""
    return Context(
        asker=Asker("", "", direct=False, prefix=settings.command_prefix),
        language=language,
        now=now,
        storage=reader,
        registry=Registry([]),
        surroundings=Surroundings(holds=_nothing, condition=_no_condition),
        default_language=settings.default_language,
        timezone=settings.default_timezone,
        fresh_months=settings.focal.fresh_months,
        practices=settings.practices,
    )


def preferred(header: str, default: str) -> str:
    """Return the language of ours that a browser prefers (`Accept-Language`, RFC 9110, section 12.5.4)."""
    best, weight = default, 0.0
    for part in header[:500].split(","):
        name, _, parameter = part.partition(";")
        language = name.strip().casefold().partition("-")[0]
        try:
            quality = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if language in SPOKEN and weight < quality <= 1:
            best, weight = language, quality
    return best
