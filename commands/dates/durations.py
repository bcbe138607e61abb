"""How long something takes: 90m, 1h30, two hours, une demi-heure, hora y media, 1 j."""

from __future__ import annotations

import re
from datetime import timedelta

from commands.dates.heard import Heard, Here
from commands.dates.text import Text
from commands.dates.understood import AskingError, Reason
from commands.dates.vocabulary import END, NUMBERS, UNITS, number, one_of

LONGEST = timedelta(days=366)

MEASURES = {word: unit for word, unit in UNITS.items() if unit not in ("month", "year")}
LENGTHS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
HALVES = {
    "half an hour": 30, "half-hour": 30, "une demi-heure": 30, "demi-heure": 30, "une demie heure": 30,
    "media hora": 30, "an hour and a half": 90, "one hour and a half": 90, "one and a half hours": 90,
    "une heure et demie": 90, "1 heure et demie": 90, "hora y media": 90, "una hora y media": 90,
    "1 hora y media": 90, "three quarters of an hour": 45, "trois quarts d'heure": 45, "quarter of an hour": 15,
    "a quarter of an hour": 15, "un quart d'heure": 15, "un cuarto de hora": 15, "half a day": 720,
    "une demi-journee": 720,
}  # fmt: skip
"""In minutes."""

FOR = re.compile(
    r"(?:(?:for|lasting|pendant|durant|durante|por|duree|duration|duracion)\b\s*:?\s*(?:de\s+|of\s+)?)?"
)
HALF = re.compile(rf"{one_of(HALVES)}{END}")
HOURS = re.compile(rf"(?P<hours>\d{{1,3}})\s*(?:h|:)\s*(?P<minutes>\d{{2}})(?:\s*(?:m|min|mn|h)\b)?{END}")
AMOUNT = re.compile(
    rf"(?:(?P<digits>\d{{1,4}})(?:[.,](?P<part>\d{{1,2}}))?\s?|(?P<word>{one_of(NUMBERS)})\s+)"
    r"(?P<first_half>(?:\s?and\s+)?a\s+half\s+)?"
    rf"(?P<unit>{one_of(MEASURES)})(?![a-z])(?P<half>\s+(?:et\s+demie?|y\s+media|y\s+medio))?"
)
AND = re.compile(r"\s*(?:,|et|y|and)?\s*")


def duration(text: Text, at: int, heard: Heard, _here: Here) -> int:
    """Read how long it takes. Returns where it ends; 0: nothing is said of it here."""
    read = read_duration(text.plain, at, prefixed=True)
    if read is None:
        return 0
    if read[0] > LONGEST or not read[0]:
        raise AskingError(Reason.TOO_LONG, text.words(at, read[1]))
    heard.duration = read[0]
    return read[1]


def read_duration(plain: str, at: int, *, prefixed: bool = False) -> tuple[timedelta, int] | None:
    """Return the duration at a place of a text and where it ends; None if there is none.

    `prefixed`: "for" or the like may stand before it.
    """
    if prefixed and (prefix := FOR.match(plain, at)):
        at = prefix.end()
    if half := HALF.match(plain, at):
        return timedelta(minutes=HALVES[" ".join(half.group().split())]), half.end()
    # "1h30", but "15:30" is a time, unless an h stands behind.
    if (hours := HOURS.match(plain, at)) and (":" not in hours.group() or hours.group().endswith("h")):
        return timedelta(hours=int(hours["hours"]), minutes=int(hours["minutes"])), hours.end()
    total, end = timedelta(), at
    place, last = at, ""
    while amount := AMOUNT.match(plain, place):
        unit = MEASURES[amount["unit"]]
        if last and LENGTHS[unit] >= LENGTHS[last]:
            break
        much = float(f"{number(amount['digits'] or amount['word'])}.{amount['part'] or 0}")
        much += 0.5 if amount["half"] or amount["first_half"] else 0
        total, end, last = total + LENGTHS[unit] * much, amount.end(), unit
        separator = AND.match(plain, end)
        place = separator.end() if separator else end
    return (total, end) if last else None
