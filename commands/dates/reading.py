"""Read a date out of a text: its parts in whatever order, one behind the other.

A date begins where the first part is found, and ends at the first word that belongs to none. What stands between
quotes is never a date: it is a title.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from commands.dates import clock, days, durations, places, relative
from commands.dates.heard import Clock, Heard, Here
from commands.dates.text import QUOTED, Text
from commands.dates.understood import AskingError, Reason

Read = Callable[[Text, int, Heard, Here], int]

SEARCHED = 200
"""Characters in which the beginning of a date is looked for."""

BETWEEN = re.compile(r"[\s,;()@|.:]+")
LITTLE = re.compile(
    r"(?:at|on|le|el|la|las|los|the|in|en|a|de|del|du|from|desde|um|y|et|and|starting|starts|begins|beginning|"
    r"dia|jour|day|date|when|debut|inicio|commence|empieza|l'|d'|@)(?![a-z0-9])\s*"
)
"""Words that stand between the parts of a date."""
MOST_LITTLE = 3
UNTIL = re.compile(
    r"\s*(?:-|to\b|until\b|till\b|through\b|au\b|jusqu'?au\b|al\b|hasta(?:\s+el)?\b|a\b)\s*(?:(?:the|le|el)\s+)?"
)
LONE_NUMBER = re.compile(r"[\s,]*(?P<hour>\d{1,2})(?P<minute>\d\d)?(?=[\s.]*(?:$|\x00))")
START = re.compile(r"(?<![a-z0-9])[a-z0-9@+]")


@dataclass
class Draft:
    """A date that was read, and where its parts stood."""

    heard: Heard = field(default_factory=Heard)
    spans: list[tuple[int, int]] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Where the last part ends."""
        return self.spans[-1][1] if self.spans else 0


def read(text: Text, here: Here) -> Draft | None:
    """Return the first date of a text; None if there is none.

    Raises:
        AskingError: there is something that looks like a date, and is none.

    """
    for place in _beginnings(text):
        draft = Draft()
        # In the middle of a text "at 9" or "Sunday the 3rd" may belong to something else.
        _go_on(text, place, draft, here, strict=bool(text.plain[:place].strip(" \x00,;:()")))
        if draft.heard.is_dated or draft.heard.is_timed:
            return draft
    return None


def apart(text: Text, draft: Draft, here: Here) -> Draft | None:
    """Return the date with the part that it lacks, if one stands further on; None if there is none."""
    if draft.heard.is_dated and draft.heard.is_timed:
        return None
    for place in _beginnings(text, draft.end):
        more = copy.deepcopy(draft)
        before = len(more.spans)
        _go_on(text, place, more, here, strict=True)
        if more.heard.is_dated and more.heard.is_timed and len(more.spans) > before:
            return more
    return None


def lone_number(text: Text, draft: Draft) -> Draft | None:
    """Return the date with a number behind it taken as its time: "tomorrow 10". None if there is no such number.

    Raises:
        AskingError: it can be no time: "1 January 1800".

    """
    found = LONE_NUMBER.match(text.plain, draft.end)
    if not found or not draft.heard.is_dated or draft.heard.is_timed:
        return None
    more = copy.deepcopy(draft)
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if hour > 24 or minute > 59:
        raise AskingError(Reason.IMPOSSIBLE_TIME, text.words(*found.span()))
    more.heard.clock = Clock(hour, minute, sure=bool(found["minute"]))
    more.spans.append(found.span())
    return more


def _beginnings(text: Text, after: int = 0) -> Iterator[int]:
    for found in START.finditer(text.plain, after, min(len(text.plain), after + SEARCHED)):
        yield found.start()


def _go_on(text: Text, place: int, draft: Draft, here: Here, *, strict: bool) -> None:
    while place < len(text.plain):
        start, end = _part(text, place, draft.heard, here, strict=strict)
        if not end:
            return
        draft.spans.append((start, end))
        place = end
        # A title may stand between the parts: 9 December "Title" 15:00.
        while place < len(text.plain) and text.plain[place] in f" {QUOTED}":
            place += 1


def _part(text: Text, place: int, heard: Heard, here: Here, *, strict: bool) -> tuple[int, int]:
    """Read the next part. Little words are skipped only if a part stands behind them."""
    at = place
    for _ in range(MOST_LITTLE + 1):
        if signs := BETWEEN.match(text.plain, at):
            at = signs.end()
        for one in _expected(heard, strict=strict):
            if end := one(text, at, heard, here):
                return place, end
        little = LITTLE.match(text.plain, at)
        if not little:
            break
        at = little.end()
    return place, 0


def _expected(heard: Heard, *, strict: bool) -> Iterator[Read]:
    """Return what may come next, the surest first."""
    if not heard.is_dated:
        yield days.written
        yield from () if strict else (days.day_only,)
        yield relative.relative
        yield from () if strict else (relative.vague, days.month_only)
    elif heard.last is None:
        yield _last_day
    if not heard.is_timed:
        yield _strict_clock if strict else clock.clock
    if heard.is_dated or heard.is_timed or not strict:
        yield places.zone if not heard.zones else places.offset
    if heard.duration is None:
        yield durations.duration
    yield from _beside_the_date(heard)


def _beside_the_date(heard: Heard) -> Iterator[Read]:
    """Return what may stand behind a date: its day of the week, and the part of the day."""
    if heard.days and heard.weekday is None:
        yield relative.relative
    if heard.is_dated and not heard.part and not (heard.clock and heard.clock.part):
        yield relative.part


def _strict_clock(text: Text, at: int, heard: Heard, here: Here) -> int:
    return clock.clock(text, at, heard, here, sure=True)


def _last_day(text: Text, at: int, heard: Heard, here: Here) -> int:
    """Read the end of several days, with its time if the first day had one: 9 Dec 22:00 – 10 Dec 2:00."""
    until = UNTIL.match(text.plain, at)
    if not until or heard.until:
        return 0
    other = Heard()
    end = days.written(text, until.end(), other, here)
    if not end or len(other.days) != 1:
        return 0
    heard.last = other.days[0]
    if heard.clock:
        signs = re.compile(r"\s*,?\s*(?:at\s+|a\s+)?").match(text.plain, end)
        if signs and (later := clock.clock(text, signs.end(), other, here, sure=True)) and other.clock:
            heard.until = other.clock
            return later
    return end
