"""A text in a form in which dates are looked for, letter for letter beside the text as it was typed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from commands.arguments import tokens

UNSEEN = dict.fromkeys([0x200B, 0x2060, 0xFEFF, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
QUOTED = "\x00"
"""Stands for each letter between quotes: a title may hold a date that is none of ours."""

SIGNS = {"’": "'", "‘": "'", "´": "'", "`": "'", "ʼ": "'", "–": "-", "—": "-", "−": "-", "‑": "-", "‐": "-"}

SPACES = re.compile(r"[^\S\n]{2,}|(?<=\n\n)\n+")
AROUND = " \t\n,;:.-–—|()@"


class Text:
    """What was typed, `said`, and the same in small letters without accents, `plain`: place by place alike."""

    def __init__(self, typed: str) -> None:
        # Thousands of spaces take long to look through, and mean nothing.
        self.said = SPACES.sub(" ", unicodedata.normalize("NFC", typed).translate(UNSEEN))
        plain = [_plain(letter) for letter in self.said]
        for token in tokens(self.said):
            if token.quoted:
                plain[token.start : token.end] = QUOTED * (token.end - token.start)
        self.plain = "".join(plain)
        self._taken: list[tuple[int, int]] = []

    def take(self, start: int, end: int) -> None:
        """Mark a passage as read."""
        self._taken.append((start, end))

    def words(self, start: int, end: int) -> str:
        """Return a passage as it was typed."""
        return " ".join(self.said[start:end].strip(AROUND).split())

    def rest(self) -> str:
        """Return what was not taken, without the signs that stood around what was."""
        pieces, place = [], 0
        for start, end in [*sorted(self._taken), (len(self.said), len(self.said))]:
            piece = self.said[place:start].strip(AROUND if self._taken else None)
            if piece:
                pieces.append(piece)
            place = max(place, end)
        return re.sub(r"[^\S\n]+", " ", " ".join(pieces)).strip()


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    if letter in SIGNS:
        return SIGNS[letter]
    if letter.isspace():
        return " "
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    bare = "".join(one for one in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(one))
    lower = bare.casefold()
    return lower if len(lower) == 1 else letter
