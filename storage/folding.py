"""Bring texts that people would call the same to the same form, for searching."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

VIRAMAS = (8, 9)
"""Combining classes that are part of a letter in Indic and Khmer script, not an accent on it."""

KASHIDA = "\u0640"
"""Only stretches an Arabic word."""


def fold(text: str) -> str:
    """Return `text` without case, accents, vowel marks of Arabic, punctuation and superfluous spaces.

    Composed and decomposed, full-width and presentation forms become one (NFKD). Letters, digits and vowel
    signs of all scripts stay, so that an Arabic or Khmer word is found by itself and by nothing else.
    """
    once = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(map(_kept, unicodedata.normalize("NFKD", once))).split())


@lru_cache(maxsize=10_000)
def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if unicodedata.combining(character) not in (0, *VIRAMAS) or category == "Cf" or character == KASHIDA:
        return ""
    return character if category[0] in "LNM" else " "
