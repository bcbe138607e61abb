"""Find a country or a region by whatever a person calls it."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from config.countries.atlas import Holder, Region, countries, organisations, regions
from config.countries.index import indexes
from config.countries.spelling import spellings

LONGEST = 100
"""Characters. No name is longer, and a long one takes long to compare."""

LETTERS_FOR_A_MISTAKE = ((4, 0), (7, 1), (13, 2))
"""Names of fewer letters than the first may have as many mistakes as the second."""

MOST_MISTAKES = 3

LETTERS_TO_BE_SURE = 4
"""For each mistake there must be more letters than so many, or it is asked back."""

MOST_CHOICES = 5
"""To ask back with, when no name is spelt as it was asked."""

REGIONAL_INDICATORS = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
PART_FLAG = re.compile("\U0001f3f4([\U000e0061-\U000e007a]{2})[\U000e0061-\U000e007a]+\U000e007f")
"""England, Scotland, Wales: a black flag with the letters as tags."""


UNSEEN = dict.fromkeys(
    [0xFE0E, 0xFE0F, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)]
)
"""Characters that clients add around emoji, names and pasted text."""

AROUND = string.punctuation + string.whitespace + "“”„‘’«»¿¡…"
"""What may stand around a code."""


class How(Enum):
    """How the answer to a name was found."""

    NAMED = auto()
    """One, by a name, a code or a flag."""
    MISSPELT = auto()
    """One, by a name with a mistake that could hardly be another one."""
    SEVERAL = auto()
    """A name that people say of several, or not always of this one: ask which is meant."""
    UNCLEAR = auto()
    """No name, but near to some: ask whether one of them is meant."""
    NOTHING = auto()


@dataclass(frozen=True)
class Found:
    """The answer to a name: what may be meant, the likeliest first."""

    how: How
    holders: tuple[Holder, ...] = ()
    certainty: float = 0.0
    """The part of the letters that are as in the name of the first: 1 unless it is misspelt."""

    @property
    def one(self) -> Holder | None:
        """The one that is meant; None if there is none, or if it must be asked back."""
        return self.holders[0] if self.how in (How.NAMED, How.MISSPELT) else None


NOTHING = Found(How.NOTHING)


def find(asked: str) -> Found:
    """Return the country, territory or organisation that is called so.

    By its name in any language, a former or a short name, with or without articles and "Republic of"; by its
    code (alpha-2, alpha-3 or numeric), which must be all that was asked; by its flag. Await `ready` before the
    first call, or it takes about a second.
    """
    asked = asked.translate(UNSEEN).strip()
    if not asked or len(asked) > LONGEST:
        return NOTHING
    if code := _by_flag(asked) or _by_code(asked):
        return Found(How.NAMED, (_holder(code),), 1.0)
    index = indexes()
    for one in spellings(asked):
        if codes := index.holders.codes.get(one):
            if one not in index.holders.sure and one not in index.asking:
                return _in_a_rare_language(one, codes)
            how = How.SEVERAL if len(codes) > 1 or one in index.asking else How.NAMED
            return Found(how, tuple(map(_holder, codes)), 1.0)
    if _region_code(asked):
        # "Southern Africa" is a region, and no mistake for South Africa.
        return NOTHING
    return _nearest(asked)


def find_region(asked: str) -> Region | None:
    """Return the region or the working group that is called so, in any language, or by its number of M49."""
    asked = asked.translate(UNSEEN).strip()
    if not asked or len(asked) > LONGEST:
        return None
    code = _region_code(asked) or _nearest_region(asked)
    return regions()[code] if code else None


def _by_flag(asked: str) -> str:
    if flag := REGIONAL_INDICATORS.fullmatch(asked):
        code = "".join(chr(ord(one) - 0x1F1E6 + ord("A")) for one in flag[0])
    elif flag := PART_FLAG.fullmatch(asked):
        code = "".join(chr(ord(one) - 0xE0000) for one in flag[1]).upper()
    else:
        return ""
    return code if code in countries() or code in organisations() else ""


def _by_code(asked: str) -> str:
    # Only ASCII: the folded "Áo" is Austria in Vietnamese, and not the code of Angola.
    code = asked.strip(AROUND).replace(".", "")
    return _codes().get(code.upper(), "") if len(code) <= 3 and code.isascii() else ""


@lru_cache
def _codes() -> dict[str, str]:
    found = {code: code for code in organisations()}
    for one in countries().values():
        found |= dict.fromkeys(filter(None, (one.alpha2, one.alpha3, one.numeric)), one.alpha2)
    return found


def _holder(code: str) -> Holder:
    return countries().get(code) or organisations()[code]


def _region_code(asked: str) -> str:
    if asked in regions() and asked.isdecimal():
        return asked
    known = indexes().regions.codes
    return next((min(known[one]) for one in spellings(asked) if one in known), "")


def _allowed(letters: int) -> int:
    return next((mistakes for fewer, mistakes in LETTERS_FOR_A_MISTAKE if letters < fewer), MOST_MISTAKES)


def _in_a_rare_language(name: str, codes: tuple[str, ...]) -> Found:
    """Return the answer to such a name: ask back if one mistake makes it of another, widely spoken one.

    "Nigera" is Niger somewhere, but was most likely meant to be Nigeria.
    """
    near = indexes().holders.near(name, min(1, _allowed(len(name))))
    all_codes = tuple(dict.fromkeys([*codes, *near]))
    how = How.NAMED if len(all_codes) == 1 else How.SEVERAL if all_codes == codes else How.UNCLEAR
    return Found(how, tuple(map(_holder, all_codes)), 1.0)


def _nearest(asked: str) -> Found:
    nearest: dict[str, tuple[int, int]] = {}
    for one in spellings(asked):
        for code, mistakes in indexes().holders.near(one, _allowed(len(one))).items():
            nearest[code] = min((mistakes, len(one)), nearest.get(code, (mistakes, len(one))))
    if not nearest:
        return NOTHING
    least, letters = min(nearest.values())
    # Those that are one mistake farther may be meant as well: "Austrlia" could be Austria.
    near = sorted((mistakes, code) for code, (mistakes, _) in nearest.items() if mistakes <= least + 1)
    how = How.MISSPELT if len(near) == 1 and least * LETTERS_TO_BE_SURE < letters else How.UNCLEAR
    return Found(how, tuple(_holder(code) for _, code in near[:MOST_CHOICES]), 1 - least / letters)


def _nearest_region(asked: str) -> str:
    one = next(iter(spellings(asked)), "")
    near = indexes().regions.near(one, 1) if len(one) > 4 else {}
    return next(iter(near)) if len(near) == 1 else ""
