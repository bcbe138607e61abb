"""When an event takes place: its occurrences, computed in its own zone, so that nine o'clock stays nine o'clock.

A time that does not exist, because the clocks are put forward over it, is moved by as much as they are; of a time
that comes twice, because they are put back, the first one counts. RFC 5545, section 3.3.5, says the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, rrule, rruleset, rrulestr
from pydantic import BaseModel

EARLIEST = 1900
"""No event begins before that year: a daily rule from the year 1 on would be counted through."""
MOST = 1000
"""Occurrences in one answer."""
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")


class RuleError(ValueError):
    """A recurrence rule that is not one, or that is more frequent than daily."""


class Change(BaseModel):
    """What is different about one occurrence: another beginning and end, or that it is left out."""

    start: str | None = None
    end: str | None = None
    cancelled: bool = False


class Timing(BaseModel):
    """When an event takes place.

    `start` and `end` are a day (2026-12-09, the end being the last day) or a time on the clocks of `zone`
    (2026-12-09T15:00). `rule` is an RRULE, `left_out` are starts without an occurrence, `added` more of them, and
    `changed` what is different, by start. All of these are written as `start` is.
    """

    start: str
    end: str | None = None
    zone: str | None = None
    rule: str | None = None
    left_out: list[str] = []
    added: list[str] = []
    changed: dict[str, Change] = {}

    @property
    def all_day(self) -> bool:
        """Whether it takes whole days."""
        return "T" not in self.start


class Occurrence(BaseModel):
    """One time that an event takes place. `key` is the start by the rule, which stays when it is moved.

    `starts_at` and `ends_at` are in UTC; those of whole days are midnights in the zone that was asked for.
    """

    key: str
    start: str
    end: str
    starts_at: datetime
    ends_at: datetime


def occurrences(timing: Timing, since: datetime, until: datetime, here: str = "UTC") -> list[Occurrence]:
    """Return what takes place between two moments, in its order. Whole days are those of the zone `here`.

    Raises:
        RuleError: the rule cannot be read.

    """
    found = [
        one
        for key in _keys(timing, since - timedelta(days=370), until + timedelta(days=370))
        if (one := _occurrence(timing, key, here)) and one.ends_at > since and one.starts_at < until
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.key))[:MOST]


def check(timing: Timing) -> None:
    """See that a timing can be counted.

    Raises:
        RuleError: its rule is none, is more frequent than daily, or begins too early.
        ValueError: a time or the zone is none.

    """
    start = _wall(timing.start)
    if start.year < EARLIEST:
        raise RuleError("too early")
    if timing.end is not None and _wall(timing.end) < start:
        raise ValueError("the end is before the beginning")
    if timing.zone is not None:
        _zone(timing.zone)
    elif not timing.all_day:
        raise ValueError("a time needs a zone")
    _rules(timing.rule, timing.start, timing.zone)


def instant(wall: datetime, zone: str) -> datetime:
    """Return the moment, in UTC, at which the clocks of a zone show a time."""
    return wall.replace(tzinfo=_zone(zone), fold=0).astimezone(UTC)


def _keys(timing: Timing, since: datetime, until: datetime) -> Iterator[str]:
    start = _wall(timing.start)
    if not (timing.rule or timing.added or timing.left_out):
        yield timing.start
        return
    rules = rruleset()
    if timing.rule:
        rules.rrule(_rules(timing.rule, timing.start, timing.zone))
    rules.rdate(start)
    for one in timing.added:
        rules.rdate(_wall(one))
    for one in timing.left_out:
        rules.exdate(_wall(one))
    between = rules.xafter(since.replace(tzinfo=None), inc=True)
    for count, moment in enumerate(between):
        if moment > until.replace(tzinfo=None) or count > 2 * MOST:
            return
        yield moment.date().isoformat() if timing.all_day else moment.isoformat(timespec="minutes")


def _occurrence(timing: Timing, key: str, here: str) -> Occurrence | None:
    changed = timing.changed.get(key, Change())
    if changed.cancelled:
        return None
    start = _wall(changed.start or key)
    if changed.end is not None:
        end = _wall(changed.end)
    else:
        # The length is that of the clocks on the wall: an evening from eight to ten ends at ten.
        end = start + (_wall(timing.end) - _wall(timing.start) if timing.end else timedelta())
    if timing.all_day:
        starts_at, ends_at = instant(start, here), instant(end + timedelta(days=1), here)
    else:
        zone = timing.zone or "UTC"
        starts_at, ends_at = instant(start, zone), instant(end, zone)
    return Occurrence(
        key=key,
        start=_text(start, timing),
        end=_text(end, timing),
        starts_at=starts_at,
        ends_at=max(starts_at, ends_at),
    )


def _text(wall: datetime, timing: Timing) -> str:
    return wall.date().isoformat() if timing.all_day else wall.isoformat(timespec="minutes")


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(text) if "T" in text else datetime.combine(date.fromisoformat(text), time())


@lru_cache(maxsize=1024)
def _rules(rule: str | None, start: str, zone: str | None) -> rrule:
    """Return a rule of dateutil on the clocks of the wall."""
    if not rule:
        return rrule(DAILY, count=1, dtstart=_wall(start))
    parts = dict(part.partition("=")[::2] for part in rule.upper().removeprefix("RRULE:").split(";") if part)
    if parts.get("FREQ") not in FREQUENCIES or {"BYHOUR", "BYMINUTE", "BYSECOND"} & parts.keys():
        raise RuleError("more frequent than daily, or no rule")
    until = parts.get("UNTIL", "")
    if until.endswith("Z"):
        moment = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        parts["UNTIL"] = moment.astimezone(_zone(zone or "UTC")).strftime("%Y%m%dT%H%M%S")
    elif re.fullmatch(r"\d{8}", until):
        parts["UNTIL"] = f"{until}T235959"  # The last day belongs to it.
    try:
        made = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=_wall(start))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RuleError(str(error)) from error
    if not isinstance(made, rrule):
        raise RuleError("more than one rule")
    return made


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        msg = f"no zone is called {name}"
        raise ValueError(msg) from error
