"""How days and hours are written: the day before the month, and hours of 24, in every language.

In English CLDR would put the month first, which reads differently on two sides of an ocean; so English is written
as in Britain. In French the first of a month is an ordinal number, which CLDR does not know.
"""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date, format_skeleton, format_time

LOCALES = {"en": "en_GB"}
"""Of CLDR, where it is not that of the language."""


def in_words(day: date, language: str) -> str:
    """Return a day: "9 December 2026"."""
    return _first(format_date(day, "long", locale=_locale(language)), day, language)


def in_full(day: date, language: str) -> str:
    """Return a day with its weekday: "Wednesday, 9 December 2026"."""
    said = format_date(day, "full", locale=_locale(language))
    name, gap, rest = said.partition(" ")
    return f"{name}{gap}{_first(rest, day, language)}"


def in_short(day: date, language: str) -> str:
    """Return a day for a line in a list: "9 Dec 2026"."""
    return _first(format_date(day, "d MMM y", locale=_locale(language)), day, language)


def of_year(day: date, language: str, *, short: bool = False) -> str:
    """Return a day of a year that is known: "9 December", or "9 Dec"."""
    said = str(format_skeleton("MMMd" if short else "MMMMd", day, locale=_locale(language)))
    return _first(said, day, language)


def month(day: date, language: str) -> str:
    """Return a month: "December 2026"."""
    return str(format_skeleton("yMMMM", day, locale=_locale(language)))


def hour(at: datetime, language: str) -> str:
    """Return a time of day on the clocks of `at`: "15:00"."""
    return format_time(at, "HH:mm", locale=_locale(language))


def moment(at: datetime, language: str) -> str:
    """Return a day and a time on the clocks of `at`: "9 Dec 2026, 15:00"."""
    return f"{in_short(at.date(), language)}, {hour(at, language)}"


def _locale(language: str) -> str:
    return LOCALES.get(language, language)


def _first(said: str, day: date, language: str) -> str:
    return f"1er{said[1:]}" if language == "fr" and day.day == 1 else said
