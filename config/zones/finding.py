"""Find a time zone by whatever a person calls it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from config import countries
from config.countries.spelling import key, spellings
from config.languages import SPOKEN
from config.zones.atlas import UTC, by_country, country_of, links, rule, table, zones
from config.zones.index import index

LONGEST = 60
"""Characters. No name is longer."""

LETTERS_FOR_A_MISTAKE = ((5, 0), (8, 1))
"""Names of fewer letters than the first may have as many mistakes as the second."""
MOST_MISTAKES = 2
LETTERS_TO_BE_SURE = 4
"""For each mistake there must be more letters than so many, or it is asked back."""
MOST_CHOICES = 6

EASTERNMOST, WESTERNMOST = 14, -12

OFFSET = re.compile(
    r"(?:(?P<name>UTC|GMT|UT|TU)\s*)?(?P<sign>[+\-−–])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?",
    re.IGNORECASE,
)
AROUND = re.compile(r"^[\s(\[,]+|[\s)\],.]+$")
CALLED = re.compile(
    r"(?:the\s+)?(?P<first>.+?)\s+(?:standard\s+|summer\s+|local\s+)?time(?:\s+zone)?|"
    r"(?:l['’])?heure\s+(?:locale\s+)?(?:normale\s+)?(?:à\s+|de\s+la\s+|de\s+l['’]|de\s+|du\s+|d['’])(?P<second>.+)|"
    r"(?:la\s+)?hora\s+(?:local\s+)?(?:en\s+|del\s+|de\s+)(?P<third>.+)",
    re.IGNORECASE,
)


class How(Enum):
    """How the answer to a name was found."""

    NAMED = auto()
    """One, by its name, or that of a place or of a country that has one time."""
    FIXED = auto()
    """One that is a distance from UTC and knows no summer time. Right today, perhaps wrong in half a year."""
    MISSPELT = auto()
    """One, by a name with a mistake that could hardly be another one."""
    SEVERAL = auto()
    """A name that people say of several: ask which is meant."""
    UNCLEAR = auto()
    """No name, but near to some: ask whether one of them is meant."""
    NOTHING = auto()


@dataclass(frozen=True)
class Found:
    """The answer to a name: zones by their IANA names, the likeliest first."""

    how: How
    zones: tuple[str, ...] = ()
    certainty: float = 0.0
    """The part of the letters that are as in the name of the first: 1 unless it is misspelt."""

    @property
    def one(self) -> str | None:
        """The one that is meant; None if there is none, or if it must be asked back."""
        return self.zones[0] if self.how in (How.NAMED, How.FIXED, How.MISSPELT) else None


NOTHING = Found(How.NOTHING)


def find(asked: str, *, exactly: bool = False) -> Found:
    """Return the zone that is called so.

    By its IANA name, also an old one and with spaces; by a city; by a country or its flag, if the country has
    one time; by letters like EAT, if they have one meaning; by its distance from UTC. With `exactly` there may
    be no mistake in the name. Await `ready` before the first call, or it takes about a second.
    """
    asked = AROUND.sub("", asked)
    if not asked or len(asked) > LONGEST:
        return NOTHING
    found = _find(asked, exactly=exactly)
    if found.how is How.NOTHING and (said := CALLED.fullmatch(asked)):
        return _find(said["first"] or said["second"] or said["third"], exactly=exactly)
    return found


def _find(asked: str, *, exactly: bool) -> Found:
    if name := _names().get(asked.casefold().replace(" ", "_")):
        return Found(How.NAMED, (name,), 1.0)
    if asked.upper() in ("GMT", "TU", "UT"):
        return Found(How.FIXED, (UTC,), 1.0)
    if distance := OFFSET.fullmatch(asked):
        return _at(distance)
    if some := table("abbreviations").get(asked.upper().replace(".", "")):
        return Found(How.NAMED if len(some) == 1 else How.SEVERAL, tuple(some), 1.0)
    if some := _exact(asked):
        return Found(How.NAMED if len(some) == 1 else How.SEVERAL, some, 1.0)
    return NOTHING if exactly else _nearest(asked)


@lru_cache
def _names() -> dict[str, str]:
    """Return all IANA names in small letters. Etc/GMT+5 and the like mean the opposite of what people read."""
    found = {name.casefold(): zone for name, zone in links().items()}
    found |= {zone.casefold(): zone for zone in zones()}
    found |= {f"etc/gmt{number:+}": f"Etc/GMT{number:+}" for number in range(WESTERNMOST - 2, 13) if number}
    return found | dict.fromkeys(("utc", "z", "zulu", "universal"), UTC)


def _at(distance: re.Match[str]) -> Found:
    hours, minutes = int(distance["hours"]), int(distance["minutes"] or 0)
    east = hours if distance["sign"] == "+" else -hours
    if not WESTERNMOST <= east <= EASTERNMOST or minutes > 59:
        return NOTHING
    if minutes:
        # There is no Etc zone for it, but there are few places.
        signed = f"{'-' if distance['sign'] == '+' else ''}{hours}:{minutes:02}"
        some = [zone for zone in zones() if re.fullmatch(rf"(?:<[^>]+>|[A-Z]+){re.escape(signed)}", rule(zone))]
        return Found(How.SEVERAL, tuple(some[:MOST_CHOICES]), 1.0) if some else NOTHING
    # POSIX counts to the west: three hours before UTC is Etc/GMT-3.
    return Found(How.FIXED, (f"Etc/GMT{-east:+}" if east else UTC,), 1.0)


def _exact(asked: str) -> tuple[str, ...]:
    """Return the zones of a place, of a country, or of both when they are called alike."""
    known = index()
    found = next((codes for one in spellings(asked) if (codes := known.codes.get(one))), ())
    place = countries.find(asked)
    if place.how in (countries.How.NAMED, countries.How.SEVERAL):
        # What is a city here and, in some other language, a country is the city: "Brasilia".
        some = [one for one in place.holders if not found or _is_called(one, asked)]
        found = tuple(dict.fromkeys([*found, *(zone for one in some for zone in _of(one.code))]))
    return _different(found)


def _is_called(one: countries.Holder, asked: str) -> bool:
    return key(asked) in {key(one.name(language)) for language in SPOKEN}


def _of(country: str) -> tuple[str, ...]:
    some = by_country().get(country, ())
    first = table("first").get(country)
    return _different((first, *some) if first in some else some)


def _different(some: tuple[str, ...]) -> tuple[str, ...]:
    """Return zones without those that keep the same time as an earlier one of their country."""
    if len(some) < 2:
        return some
    found: dict[tuple[str, str], str] = {}
    for zone in some:
        found.setdefault((country_of().get(zone, zone), rule(zone)), zone)
    return tuple(found.values())


def _nearest(asked: str) -> Found:
    nearest: dict[str, tuple[int, int]] = {}
    for one in spellings(asked):
        for zone, mistakes in index().near(one, _allowed(len(one))).items():
            nearest[zone] = min((mistakes, len(one)), nearest.get(zone, (mistakes, len(one))))
    if not nearest:
        return _misspelt_country(asked)
    least, letters = min(nearest.values())
    near = sorted((mistakes, zone) for zone, (mistakes, _) in nearest.items() if mistakes <= least + 1)
    some = _different(tuple(zone for _, zone in near))
    how = How.MISSPELT if len(some) == 1 and least * LETTERS_TO_BE_SURE < letters else How.UNCLEAR
    return Found(how, some[:MOST_CHOICES], 1 - least / letters)


def _misspelt_country(asked: str) -> Found:
    place = countries.find(asked)
    some = tuple(dict.fromkeys(zone for one in place.holders for zone in _of(one.code)))
    if not some:
        return NOTHING
    how = How.MISSPELT if place.one and len(some) == 1 else How.UNCLEAR
    return Found(how, some if place.one else some[:MOST_CHOICES], place.certainty)


def _allowed(letters: int) -> int:
    return next((mistakes for fewer, mistakes in LETTERS_FOR_A_MISTAKE if letters < fewer), MOST_MISTAKES)
