"""The countries that visitors choose from in a list."""

from __future__ import annotations

from collections.abc import Mapping

from commands.context import Context
from commands.practice_card import country_name
from config import countries
from storage.folding import fold

GENERAL = "general"
"""What is said to be of no country in particular."""


def options(ctx: Context, known: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Return codes, names, and how much there is of each: by name, what is of no country at the end."""
    named = [(code, country_name(ctx, code) or code, count) for code, count in known.items() if code != GENERAL]
    named.sort(key=lambda one: fold(one[1]))
    if GENERAL in known:
        named.append((GENERAL, ctx.plain("no country in particular"), known[GENERAL]))
    return named


def chosen(typed: str) -> str:
    """Return the code of a country as it is stored; nothing when there is no such country."""
    if typed == GENERAL:
        return GENERAL
    return typed.upper() if typed.upper() in countries.countries() else ""
