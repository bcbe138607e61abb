"""Show a date as it was understood: with weekday, date, time, zone and distance from UTC.

What is shown is read by `understand` as the same date again, so that a choice can be copied.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.units import format_unit

from commands.dates.understood import Understood
from commands.moments import in_full
from config import zones


def echo(language: str, one: Understood) -> str:
    """Return a date in words: "Wednesday, 9 December 2026, 15:00–16:30 (Africa/Nairobi, UTC+3)"."""
    day = _day(one.date, language)
    if one.start is None or one.time is None:
        days = f"{day} – {_day(one.last, language)}" if one.last else day
        return f"{days}, {echo_duration(language, one.duration)}" if one.duration else days
    first = f"{day}, {one.time:%H:%M}"
    place = f"({_place(one.place, one.start)})"
    if one.duration is None:
        return f"{first} {place} – {_day(one.last, language)}" if one.last else f"{first} {place}"
    end = one.end.astimezone(ZoneInfo(one.place)) if one.end else None
    if end is None or end.utcoffset() != one.start.astimezone(ZoneInfo(one.place)).utcoffset():
        # The clocks are changed in between; two times on them would mislead.
        return f"{first} {place}, {echo_duration(language, one.duration)}"
    if end.date() == one.date:
        return f"{first}–{end:%H:%M} {place}"
    return f"{first} – {_day(end.date(), language)}, {end:%H:%M} {place}"


def echo_duration(language: str, length: timedelta) -> str:
    """Return a duration in words: "1 hour 30 minutes"."""
    minutes = round(length.total_seconds() / 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [("day", days), ("hour", hours), ("minute", minutes)]
    return " ".join(format_unit(count, unit, "long", locale=language) for unit, count in parts if count)


def _day(day: date | None, language: str) -> str:
    if day is None:
        return ""
    return in_full(day, language)


def _place(zone: str, moment: datetime) -> str:
    distance = zones.offset(zone, moment.astimezone(UTC))
    return distance if zone == "UTC" or zone.startswith("Etc/") else f"{zone}, {distance}"
