"""Times of day: 15:00, 3pm, 15h30, a las 3 de la tarde, midi et demi, half past three, from 3 to 4pm."""

from __future__ import annotations

import re
from dataclasses import replace

from commands.dates import days
from commands.dates.heard import Clock, Heard, Here
from commands.dates.text import Text
from commands.dates.understood import AskingError, Reason
from commands.dates.vocabulary import END, NUMBERS, PARTS, number, one_of

HALF = r"(?P<half>a\.?\s?m\b\.?|p\.?\s?m\b\.?)"
PART = rf"(?:\s*,?\s*(?P<part>{one_of(word for word in PARTS if ' ' in word or chr(39) in word)}){END})?"
UNIT = r"(?:\s*(?:hrs|hours|heures|horas|uhr|o'clock|h)\b)?"
EARLIEST = 7
"""From this hour on "9h" is the morning."""
WORDS = {word: value for word, value in NUMBERS.items() if value <= 12 and word not in ("a", "an")}
AT = r"(?:at|a\s+las|a\s+la|de\s+las|desde\s+las|a\s+partir\s+de\s+las|las|a|vers|@|from|kl|um|hacia\s+las)\s*"

NOON = re.compile(
    rf"(?:12\s*)?(?:noon|midday|midi|(?:al\s+)?mediodia){END}(?:\s+(?:(?P<demi>et\s+demie?|y\s+media|trente)|(?P<quart>et\s+quart))\b)?"
)
MIDNIGHT = re.compile(rf"(?:12\s*)?(?:midnight|minuit|(?:a\s+)?(?:la\s+)?medianoche){END}")
EXACT = re.compile(
    rf"t?(?P<hour>\d{{1,2}})(?::|\s?h\s?|\s?heures?\s|\.(?=\d\d\s*(?:[ap]\.?\s?m\b|h\b|uhr|hrs|heures|horas)))(?P<minute>\d\d)(?!\d)"
    rf"(?::\d\d(?:[.,]\d+)?)?(?:\s*{HALF})?{UNIT}(?![0-9]){PART}"
)
HALVED = re.compile(rf"(?P<hour>\d{{1,2}})\s*{HALF}(?![a-z0-9]){PART}")
FULL = re.compile(
    rf"(?P<hour>\d{{1,2}})\s?(?:h|heures?)(?![a-z0-9])"
    rf"(?:\s+(?:(?P<demi>et\s+demie?|trente)|(?P<quart>et\s+quart)|(?P<moins>moins\s+(?:le\s+)?quart))\b)?{PART}"
)
MILITARY = re.compile(
    r"t?(?P<hour>[01]\d|2[0-4])(?P<minute>[0-5]\d)(?:[0-5]\d)?(?:\s*(?:hrs|hours|h\b)|(?=\s?(?:z\b|utc|gmt|[+-]\d{4})))"
)
BARE = re.compile(
    rf"(?P<at>{AT})(?P<hour>\d{{1,2}}(?![\d/.:-])|{one_of(WORDS)}(?![a-z])){UNIT}"
    rf"(?:\s+(?:(?P<demi>y\s+media|y\s+treinta|et\s+demie?)|(?P<quart>y\s+cuarto|et\s+quart)|(?P<moins>menos\s+cuarto|moins\s+(?:le\s+)?quart))\b)?"
    rf"(?:\s*{HALF})?{PART}{END}"
)
PAST = re.compile(
    rf"(?:at\s+)?(?P<how>half\s+past|quarter\s+past|quarter\s+to)\s+(?P<hour>\d{{1,2}}|{one_of(WORDS)}){END}(?:\s*{HALF})?{PART}"
)
O_CLOCK = re.compile(rf"(?:at\s+)?(?P<hour>\d{{1,2}}|{one_of(WORDS)})\s+o'?\s?clock{END}{PART}")
TO = r"\s*(?:-|to\b|until\b|till\b|jusqu'?a\b|hasta\s+las\b|hasta\b|a\s+las\b|a\b|et\b|and\b|y\s+las\b|y\b)\s*"
UNTIL = re.compile(TO)
LEAD = re.compile(
    rf"(?:at\s+|from\s+|between\s+|entre\s+(?:las\s+)?|de\s+(?:las\s+)?|desde\s+las\s+|a\s+)?(?P<hour>\d{{1,2}})(?:[:h.](?P<minute>\d\d))?{TO}(?=[\dt])"
)
LEAD_IN = re.compile(
    r"(?:at|from|between|entre(?:\s+las)?|de(?:sde)?(?:\s+las)?|a\s+las|a\s+la|a|vers|@|um|l'|las)\s*(?=[\dnm])"
)


def clock(text: Text, at: int, heard: Heard, here: Here, *, sure: bool = False) -> int:
    """Read a time or a span of times. Returns where it ends; 0: there is none. `sure`: no bare "at 3"."""
    if end := _span(text, at, heard):
        return end
    read = _one(text, at, sure=sure)
    if read is None:
        return 0
    heard.clock, end = read
    _ask_about(text, at, end, heard)
    until = UNTIL.match(text.plain, end)
    if until is None or days.written(text, until.end(), Heard(), here):
        return end
    later = _one(text, until.end(), sure=True) or _bare_end(text, until.end())
    if later:
        heard.until, end = later
        # "From 3 to 4 in the afternoon": the part of the day is of both.
        if heard.until.part and not heard.clock.part and not heard.clock.sure:
            heard.clock = replace(heard.clock, part=heard.until.part)
    return end


def _bare_end(text: Text, at: int) -> tuple[Clock, int] | None:
    """Read the end in "a las 3 ... a las 5": it needs no second preposition."""
    if found := re.compile(rf"(?P<hour>\d{{1,2}})(?![\d/.:])(?:\s*{HALF})?{PART}{END}").match(text.plain, at):
        return _made(text, found), found.end()
    return None


def _span(text: Text, at: int, heard: Heard) -> int:
    """Read "3-4pm", "15-16h", "de 9 à 11h", "de 3 a 5 de la tarde": the unit stands behind the second time."""
    lead = LEAD.match(text.plain, at)
    if not lead or lead["minute"]:
        return 0
    end = next((one for one in (HALVED, FULL) if one.match(text.plain, lead.end())), None)
    if end is None:
        found = re.compile(rf"(?P<hour>\d{{1,2}})(?![\d:]){PART}{END}").match(text.plain, lead.end())
        if not found or not found["part"]:
            return 0
    else:
        found = end.match(text.plain, lead.end())
        assert found  # noqa: S101 - it was just found
    until = _made(text, found)
    hour = int(lead["hour"])
    part = until.part
    if part == "pm" and hour % 12 > until.hour % 12:
        part = "am"  # "11-1pm"
    heard.clock = Clock(hour, 0, part, sure=until.sure)
    heard.until = until
    _ask_about(text, at, found.end(), heard)
    return found.end()


def _one(text: Text, at: int, *, sure: bool) -> tuple[Clock, int] | None:
    lead = LEAD_IN.match(text.plain, at)
    for start in dict.fromkeys((at, lead.end() if lead else at)):
        if found := NOON.match(text.plain, start):
            minute = 30 if found["demi"] else 15 if found["quart"] else 0
            return Clock(12, minute, sure=True), found.end()
        if found := MIDNIGHT.match(text.plain, start):
            return Clock(0, midnight=True), found.end()
        for pattern in (EXACT, HALVED, FULL, MILITARY):
            if found := pattern.match(text.plain, start):
                return _made(text, found), found.end()
    if found := PAST.match(text.plain, at):
        return _past(text, found), found.end()
    for pattern in (O_CLOCK, BARE) if not sure else (O_CLOCK,):
        # A bare "a" is too little before a word: "a una".
        if (found := pattern.match(text.plain, at)) and not _is_too_little(found):
            return _made(text, found), found.end()
    return None


def _is_too_little(found: re.Match[str]) -> bool:
    preposition = found.groupdict().get("at")
    return preposition is not None and preposition.strip() == "a" and not found["hour"].isdecimal()


def _made(text: Text, found: re.Match[str]) -> Clock:
    said = found.groupdict()
    hour = number(found["hour"])
    minute = int(said.get("minute") or 0)
    if said.get("demi"):
        minute = 30
    elif said.get("quart"):
        minute = 15
    elif said.get("moins"):
        hour, minute = hour - 1 if hour > 1 else hour + 11, 45
    part = PARTS[" ".join(said["part"].split())] if said.get("part") else ""
    if said.get("half"):
        part = "am" if said["half"].startswith("a") else "pm"
    if hour > 24 or minute > 59 or (hour == 24 and minute) or (part in ("am", "pm") and not 1 <= hour <= 12):
        raise AskingError(Reason.IMPOSSIBLE_TIME, text.words(*found.span()))
    # Nobody meets at "3h", but many say so of the afternoon.
    exact = found.re in (EXACT, MILITARY) or hour > 12 or hour == 0 or (found.re is FULL and hour >= EARLIEST)
    return Clock(hour, minute, part, sure=exact and not part)


def _past(text: Text, found: re.Match[str]) -> Clock:
    one = _made(text, found)
    how = " ".join(found["how"].split())
    if how == "quarter to":
        return replace(one, hour=one.hour - 1 if one.hour > 1 else 12, minute=45)
    return replace(one, minute=30 if how == "half past" else 15)


def _ask_about(text: Text, at: int, end: int, heard: Heard) -> None:
    """Keep the words, in case that what they mean is to be asked."""
    if heard.reason is None:
        heard.words = text.words(at, end)


def hours_of(one: Clock, part: str) -> list[tuple[int, int]]:
    """Return what a time can mean, as minutes and days to be added: none if it contradicts the part of the day."""
    part = one.part or part
    if one.midnight or (one.hour == 12 and not one.minute and part in ("am", "evening", "small hours")):
        return [(0, 0), (0, 1)]
    if one.hour == 24:
        return [(0, 1)]
    hours = _hours(one, part)
    return [(hour * 60 + one.minute, 0) for hour in hours]


def _hours(one: Clock, part: str) -> list[int]:
    hour = one.hour
    if hour > 12 or hour == 0:
        return [hour] if _fits(hour, part) else []
    if part == "am":
        return [hour % 12]
    if part == "pm":
        return [hour % 12 + 12]
    if part in ("morning", "small hours"):
        return [hour] if hour < 12 else [12, 0]
    if part == "afternoon":
        return [hour % 12 + 12]
    if part == "evening":
        # Two at night is two in the morning.
        return [hour + 12 if 4 <= hour < 12 else hour % 12]
    return [hour] if one.sure or hour == 12 else [hour, hour + 12]


def _fits(hour: int, part: str) -> bool:
    return not part or (part in ("morning", "small hours", "am")) == (hour < 12) or part == "evening"
