"""Days as they are written: 9 Dec 2026, décembre 9, 2026-12-09, 15/12/2026, 9–11 December."""

from __future__ import annotations

import re
from datetime import date

from commands.dates.heard import Day, Heard, Here
from commands.dates.text import Text
from commands.dates.understood import AskingError, Reason
from commands.dates.vocabulary import END, MONTHS, SHORT_WEEKDAYS, WEEKDAYS, one_of

WEEKDAY = one_of([*WEEKDAYS, *SHORT_WEEKDAYS])
PREFIX = (
    rf"(?:(?:(?:the|le|el|on)\s+)?(?P<weekday>{WEEKDAY})\b\.?\s*,?\s*(?:(?:the|le|el)\s+)?)?"
    r"(?:(?:the|le|el|du|del|from|between|entre)\s+)?"
)
NTH = r"(?:\s?(?:st|nd|rd|th|er|re)(?![a-z])|[oea](?![a-z]))?"
MONTH = rf"(?P<month>{one_of(MONTHS)})(?![a-z])\.?"
YEAR = r"(?:\s*[,\-/]?\s*(?:(?:de|del|of)\s+)?(?P<year>(?:19|20|21)\d\d)(?![\d:]|h\d|\s?[ap]m\b))"
SHORT_YEAR = r"(?:\s*'(?P<short>\d\d)(?!\d)|-(?P<short2>\d\d)(?![\d:]))"
OF = r"(?:\s+of\s+|\s+de\s+|\s+d'|\s*[\s\-./]\s*|)"
TO = r"\s*(?:-|\b(?:to|until|till|through|au|al|a|et|and|y)\b|&)\s*(?:(?:the|le|el)\s+)?"
FIRST = r"first|premier|primero"

DAY_MONTH = re.compile(
    rf"{PREFIX}(?P<day>\d{{1,2}}|{FIRST}){NTH}(?:{TO}(?P<last>\d{{1,2}}){NTH})?{OF}{MONTH}(?:{YEAR}|{SHORT_YEAR})?{END}"
)
MONTH_DAY = re.compile(
    rf"{PREFIX}{MONTH}\s*(?:(?:the|le|el)\s+)?(?P<day>\d{{1,2}})(?![\d:]|\s*(?:h|[ap]\.?\s?m)\b){NTH}"
    rf"(?:{TO}(?P<last>\d{{1,2}})(?![\d:]){NTH})?{YEAR}?{END}"
)
ISO = re.compile(
    r"(?P<year>(?:19|20|21)\d\d)(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})(?!\d)(?:t(?=\d))?"
)
COMPACT = re.compile(r"(?P<year>(?:19|20|21)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?:t(?=\d{4})|(?!\w))")
NUMERIC = re.compile(
    rf"{PREFIX}(?P<one>\d{{1,2}})(?P<sign>[/.-])(?P<two>\d{{1,2}})(?P=sign)(?P<year>(?:19|20|21)\d\d|\d\d)(?![\w:/])"
)
NUMERIC_SHORT = re.compile(
    rf"{PREFIX}(?P<one>\d{{1,2}})(?:/(?P<two>\d{{1,2}})(?![\w:/])|\.(?P<three>\d{{1,2}})\.(?!\w))"
)
DAY_ONLY = re.compile(
    rf"(?:(?:(?:the|le|el|on)\s+)?(?P<weekday>{WEEKDAY})\b\.?,?\s+(?:(?:the|le|el)\s+)?|(?:the|le|el)\s+)"
    rf"(?P<day>\d{{1,2}}){NTH}(?![\w:/]|\s*-?\s*\d|\s*(?:h|hrs|heures?|uhr|o'clock)\b|\s*[ap]\.?\s?m\b)|"
    rf"(?P<nth>\d{{1,2}})(?:st|nd|rd|th){END}"
)
MONTH_ONLY = re.compile(
    rf"(?:(?:in|en|early|late|mid|mid-|debut|mi-?|fin|a\s+mediados\s+de|a\s+finales\s+de|a\s+principios\s+de|"
    rf"(?:at\s+)?(?:the\s+)?(?:end|beginning)\s+of)\s*)?{MONTH}{YEAR}?{END}"
)


def written(text: Text, at: int, heard: Heard, here: Here) -> int:
    """Read a day that has at least a day and a month. Returns where it ends; 0: there is none."""
    for pattern, read in (
        (ISO, _in_order),
        (COMPACT, _in_order),
        (NUMERIC, _numeric),
        (DAY_MONTH, _named),
        (MONTH_DAY, _named),
        (NUMERIC_SHORT, _numeric),
    ):
        found = pattern.match(text.plain, at)
        if found and not (pattern is MONTH_DAY and found["month"] == "mar" and here.language != "en"):
            read(text, found, heard)
            return found.end()
    return 0


def day_only(text: Text, at: int, heard: Heard, _here: Here) -> int:
    """Read a day of which only the number is said: the 15th, le 15."""
    found = DAY_ONLY.match(text.plain, at)
    if not found:
        return 0
    _note(heard, (Day(int(found["day"] or found["nth"])),), found["weekday"])
    return found.end()


def month_only(text: Text, at: int, heard: Heard, here: Here) -> int:
    """Ask for the day when only a month is said."""
    found = MONTH_ONLY.match(text.plain, at)
    if not found or (found.group() in ("may", "mar", "set", "ago", "mars", "march") and here.language != "en"):
        return 0
    raise AskingError(Reason.WHICH_DAY, text.words(at, found.end()))


def weekday_of(word: str) -> int:
    """Return the number of a weekday, Monday being 0."""
    return WEEKDAYS[word] if word in WEEKDAYS else SHORT_WEEKDAYS[word]


def is_day(year: int | None, month: int, day: int) -> bool:
    """Tell whether there is such a day; without a year, in any year."""
    try:
        date(year or 2000, month, day)
    except ValueError:
        return False
    return True


def _in_order(text: Text, found: re.Match[str], heard: Heard) -> None:
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    if month > 12:
        raise AskingError(Reason.IMPOSSIBLE_DATE, text.words(*found.span()))
    _note(heard, (Day(day, month, year),))


def _numeric(text: Text, found: re.Match[str], heard: Heard) -> None:
    """Read day/month or month/day: which, depends on where one grew up. With points it is always the day first."""
    one = int(found["one"])
    with_points = "." in found.group()
    two = int(found["two"] if found.re is NUMERIC else found["two"] or found["three"])
    year = _year(found["year"]) if found.re is NUMERIC else None
    both = ((one, two),) if with_points else ((one, two), (two, one))
    words = text.words(*found.span())
    days = tuple(
        dict.fromkeys(Day(day, month, year) for day, month in both if month <= 12 and is_day(year, month, day))
    )
    if not days:
        # "31/06" is nothing, but it is clear which month was meant.
        days = tuple(Day(day, month, year) for day, month in both if 1 <= month <= 12)[:1]
    if not days:
        raise AskingError(Reason.IMPOSSIBLE_DATE, words)
    if len(days) > 1:
        heard.ask(Reason.DAY_OR_MONTH, words)
    _note(heard, days, found["weekday"])


def _named(_text: Text, found: re.Match[str], heard: Heard) -> None:
    groups = found.groupdict()
    year = groups["year"] or groups.get("short") or groups.get("short2")
    month = MONTHS[found["month"]]
    day = int(found["day"]) if found["day"].isdecimal() else 1
    _note(heard, (Day(day, month, _year(year) if year else None),), found["weekday"])
    if found["last"]:
        heard.last = Day(int(found["last"]), month, _year(year) if year else None)


def _note(heard: Heard, days: tuple[Day, ...], weekday: str | None = None) -> None:
    heard.days = days
    if weekday:
        heard.weekday = weekday_of(weekday)


def _year(written: str) -> int:
    return int(written) if len(written) == 4 else 2000 + int(written)
