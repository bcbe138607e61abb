"""Time zones inside a date: Africa/Nairobi, UTC+3, CET, (Nairobi), heure de Paris, hora de Bogotá."""

from __future__ import annotations

import re
from datetime import timedelta

from commands.dates.durations import read_duration
from commands.dates.heard import Heard, Here
from commands.dates.text import Text
from commands.dates.understood import AskingError, Reason
from config import zones
from config.zones.atlas import AREAS, table

OFFSET = re.compile(r"(?:(?:utc|gmt|tu)\s*)?(?P<sign>[+-])\s?(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?!\w|:)")
NONE = re.compile(r"(?:utc|gmt)(?![\w+-])")
ZULU = re.compile(r"z(?!\w)")
NAME = re.compile(r"[a-z]+(?:/[a-z0-9_'+-]+){1,2}")
LETTERS = re.compile(r"[a-z]{2,5}(?![\w/])")
LED = re.compile(
    r"(?:l'|a\s+l')?(?:heure|hora|tiempo)\s+(?:locale\s+|local\s+)?(?:de\s+la\s+|del\s+|de\s+l'|de\s+|du\s+|d'|en\s+|a\s+)"
)
FOLLOWED = re.compile(r"\s+(?:(?:local|standard|summer)\s+)?time(?!\w)")
IN = re.compile(r"(?:in|at|a|en|au)\s+")
WORD = re.compile(r"[^\s,;()|\x00]+")
MOST_WORDS = 4
FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")

SURE_LETTERS = ("utc", "gmt")
"""Those that are no words of a language in small letters."""


def zone(text: Text, at: int, heard: Heard, here: Here) -> int:
    """Read a zone. Returns where it ends; 0: there is none that is surely meant as one."""
    for read in (offset, _name, _letters, _called, _place):
        if end := read(text, at, heard, here):
            return end
    return 0


def offset(text: Text, at: int, heard: Heard, _here: Here) -> int:
    """Read a distance from UTC; without "UTC" only behind the time: 15:00+03:00. Returns where it ends, or 0."""
    if heard.clock and text.plain[at - 1].isdigit() and (zulu := ZULU.match(text.plain, at)):
        heard.offset = timedelta()
        return zulu.end()
    if heard.zones and (same := NONE.match(text.plain, at)):
        heard.offset = timedelta()
        return same.end()
    found = OFFSET.match(text.plain, at)
    if not found or (found.group()[0] in "+-" and not (heard.clock and _is_distance(found))):
        return 0
    distance = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if distance > timedelta(hours=14) or int(found["minutes"] or 0) > 59:
        raise AskingError(Reason.ZONE_UNKNOWN, text.words(at, found.end()))
    heard.offset = distance if found["sign"] == "+" else -distance
    return found.end()


def _is_distance(found: re.Match[str]) -> bool:
    """Tell a distance from the end of a span: "15:00-16:30" is one, "15:00-0500" is none."""
    return found["sign"] == "+" or (
        len(found["hours"]) == 2 and bool(found["minutes"]) and ":" not in found.group()
    )


def _name(text: Text, at: int, heard: Heard, _here: Here) -> int:
    found = NAME.match(text.plain, at)
    if not found:
        return 0
    # "America/New York" is two words to us.
    for end in [one for one in _ends(text, at) if one > found.end()]:
        some = zones.find(text.said[at:end], exactly=True)
        if some.one:
            _take(text, at, end, heard, some)
            return end
    said = text.said[at : found.end()]
    some = zones.find(said)
    if some.how is zones.How.NOTHING:
        if said.partition("/")[0].casefold() not in {area.casefold() for area in AREAS}:
            return 0
        raise AskingError(Reason.ZONE_UNKNOWN, said)
    _take(text, at, found.end(), heard, some)
    return found.end()


def _letters(text: Text, at: int, heard: Heard, _here: Here) -> int:
    found = LETTERS.match(text.plain, at)
    if not found:
        return 0
    said = text.said[at : found.end()]
    if found.group() not in SURE_LETTERS and not (said.isupper() and said in table("abbreviations")):
        return 0
    _take(text, at, found.end(), heard, zones.find(said))
    return found.end()


def _called(text: Text, at: int, heard: Heard, _here: Here) -> int:
    """Read "Nairobi time", "heure de Paris", "hora de Bogotá": here the name may be misspelt."""
    led = LED.match(text.plain, at)
    for end in _ends(text, led.end() if led else at):
        followed = FOLLOWED.match(text.plain, end)
        if not led and not followed:
            continue
        some = zones.find(text.said[led.end() if led else at : end])
        if some.how is not zones.How.NOTHING:
            whole = followed.end() if followed else end
            _take(text, at, whole, heard, some)
            return whole
    return 0


def _place(text: Text, at: int, heard: Heard, _here: Here) -> int:
    """Read a city or a country that stands alone between the parts of a date, or at its end."""
    if not heard.is_timed:
        return 0
    within = IN.match(text.plain, at)
    start = within.end() if within else at
    for end in _ends(text, start):
        said = text.said[start:end]
        if not _may_be_a_place(said) or not is_alone(text, end):
            continue
        some = zones.find(said, exactly=True)
        if some.how is not zones.How.NOTHING:
            _take(text, start, end, heard, some)
            return end
    return 0


def _may_be_a_place(said: str) -> bool:
    """Tell codes that people say ("USA") and names from short words of a language."""
    return len(said) > 3 or bool(FLAG.fullmatch(said)) or (len(said) == 3 and said.isupper())


def is_alone(text: Text, end: int) -> bool:
    """Tell whether nothing follows that a place could belong to, as in "15:00 Kenya training"."""
    after = len(text.plain) - len(text.plain[end:].lstrip(" "))
    if after == len(text.plain) or text.plain[after] in ",;()|\x00-" or text.plain[after].isdigit():
        return True
    return read_duration(text.plain, after, prefixed=True) is not None


def _ends(text: Text, at: int) -> list[int]:
    """Return where names of up to four words would end, the longest first."""
    found, place = [], at
    for _ in range(MOST_WORDS):
        word = WORD.match(text.plain, place)
        if not word:
            break
        found.append(word.end() - (1 if word.group().endswith(".") else 0))
        if text.plain[word.end() : word.end() + 1] != " ":
            break
        place = word.end() + 1
    return found[::-1]


def _take(text: Text, start: int, end: int, heard: Heard, found: zones.Found) -> None:
    heard.zones, heard.fixed = found.zones, found.how is zones.How.FIXED
    if found.one is None:
        heard.ask(Reason.ZONES, text.words(start, end))
