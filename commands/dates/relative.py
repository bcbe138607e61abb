"""Days that are counted from today: tomorrow, mardi prochain, en dos semanas, the first Monday of December."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from commands.dates.durations import read_duration
from commands.dates.heard import Day, Heard, Here
from commands.dates.text import Text
from commands.dates.understood import AskingError, Reason
from commands.dates.vocabulary import (
    END,
    MONTHS,
    NUMBER,
    ORDINALS,
    PARTS,
    RELATIVE_DAYS,
    SHORT_WEEKDAYS,
    TODAYS_PARTS,
    UNITS,
    WEEKDAYS,
    number,
    one_of,
)

RELATIVE = re.compile(rf"(?P<day>{one_of(RELATIVE_DAYS)}){END}")
TODAYS_PART = re.compile(rf"(?P<part>{one_of(TODAYS_PARTS)}){END}")
PART = re.compile(rf"(?P<part>{one_of(PARTS)}){END}")

NEXT_WEEK = (
    r"(?:next\s+week|(?:(?:of|de)\s+)?(?:la\s+)?semaine\s+prochaine|"
    r"(?:de\s+)?la\s+(?:proxima\s+semana|semana\s+(?:que\s+viene|proxima)))"
)
THIS_WEEK = r"(?:this\s+week|(?:de\s+)?cette\s+semaine|(?:de\s+)?esta\s+semana)"
ANY_WEEKDAY = rf"(?:{one_of(WEEKDAYS)}|{one_of(SHORT_WEEKDAYS)})"
WEEKDAY = re.compile(
    rf"(?:(?P<next>next)\s+|(?P<week>{NEXT_WEEK})(?:\s+on|,)?\s+(?:el\s+|le\s+)?|"
    rf"(?P<last>last)\s+|(?P<this>this|this\s+coming|coming|ce|este|(?:el\s+)?proximo|el\s+pasado)\s+|(?:on|el|le)\s+)?"
    rf"(?P<weekday>{ANY_WEEKDAY})(?![a-z0-9])\.?"
    rf"(?:\s+(?:(?P<coming>prochain|qui\s+vient|que\s+viene|proximo)|(?P<gone>dernier|passe|pasado)|"
    rf"(?P<eight>en\s+huit|week(?!\s+\w))|(?P<nextweek>{NEXT_WEEK})|(?P<thisweek>{THIS_WEEK})){END})?"
)
NTH_WEEKDAY = re.compile(
    rf"(?:the\s+|le\s+|el\s+)?(?P<nth>{one_of(ORDINALS)})\s+(?P<weekday>{one_of(WEEKDAYS)})\s+"
    rf"(?:of|in|de|d'|en|del\s+mes\s+de)\s*(?P<month>{one_of(MONTHS)}){END}"
    rf"(?:,?\s*(?:(?:de|del|of)\s+)?(?P<year>(?:19|20|21)\d\d)(?![\d:]))?"
)
LATER = re.compile(
    rf"(?:(?:with)?in|dans|en|dentro\s+de|d'ici|de\s+aqui\s+a)\s+(?P<number>{NUMBER})\s*(?P<unit>{one_of(UNITS)}){END}|"
    rf"(?P<number2>{NUMBER})\s*(?P<unit2>{one_of(UNITS)})\s+(?:from\s+(?:now|today)|later|hence|plus\s+tard|despues|mas\s+tarde){END}"
)
AGO = re.compile(
    rf"(?:il\s+y\s+a|hace)\s+(?P<number>{NUMBER})\s*(?P<unit>{one_of(UNITS)}){END}|"
    rf"(?P<number2>{NUMBER})\s*(?P<unit2>{one_of(UNITS)})\s+ago{END}"
)
SOON = re.compile(r"(?:in|dans|en|dentro\s+de)\s+")
VAGUE = re.compile(
    rf"(?:{NEXT_WEEK}|{THIS_WEEK}|(?:next|this)\s+(?:month|year|weekend)|(?:le\s+)?mois\s+prochain|ce\s+week-?end|"
    rf"l'an(?:nee)?\s+prochaine?|(?:el\s+)?(?:proximo\s+mes|mes\s+que\s+viene)|(?:este|el)\s+fin\s+de\s+semana|"
    rf"soon|bientot|pronto){END}"
)
IDIOMS = {"quinze": 14, "huit": 7, "quince": 14, "ocho": 7, "15": 14, "8": 7}
"""Days as people say them in French and Spanish for two weeks and for one."""


def relative(text: Text, at: int, heard: Heard, here: Here) -> int:
    """Read a day that is counted from today. Returns where it ends; 0: there is none."""
    if found := TODAYS_PART.match(text.plain, at):
        heard.days, heard.part = (Day.of(here.today),), TODAYS_PARTS[_words(found["part"])]
        return found.end()
    if found := RELATIVE.match(text.plain, at):
        heard.days = (Day.of(_shifted(text, found, here.today, "day", RELATIVE_DAYS[_words(found["day"])])),)
        return found.end()
    if found := NTH_WEEKDAY.match(text.plain, at):
        heard.days = (Day.of(_nth(text, found, here.today)),)
        return found.end()
    return _later(text, at, heard, here) or _weekday(text, at, heard, here)


def part(text: Text, at: int, heard: Heard, _here: Here) -> int:
    """Read a part of the day that stands by itself: tomorrow *morning* at 9."""
    found = PART.match(text.plain, at)
    if not found:
        return 0
    heard.part = PARTS[_words(found["part"])]
    return found.end()


def vague(text: Text, at: int, _heard: Heard, _here: Here) -> int:
    """Ask for the day when it was left open."""
    if found := VAGUE.match(text.plain, at):
        raise AskingError(Reason.WHICH_DAY, text.words(*found.span()))
    return 0


def _weekday(text: Text, at: int, heard: Heard, here: Here) -> int:
    found = WEEKDAY.match(text.plain, at)
    if not found:
        return 0
    short = found["weekday"] in SHORT_WEEKDAYS
    said = found.groupdict()
    if short and not any(said[one] for one in ("next", "week", "this", "last", "coming", "nextweek")):
        return 0
    wanted = SHORT_WEEKDAYS[found["weekday"]] if short else WEEKDAYS[found["weekday"]]
    if heard.days:
        # Behind a date it is the day of the week of that date.
        heard.weekday = wanted
        return found.end()
    days = _days_of_the_week(said, wanted, here.today)
    if len(days) > 1:
        heard.ask(Reason.WHICH_WEEK, text.words(*found.span()))
    heard.days = tuple(map(Day.of, days))
    return found.end()


def _days_of_the_week(said: dict[str, str | None], wanted: int, today: date) -> list[date]:
    monday = today - timedelta(today.weekday())
    # The first after today; today itself only if nothing else is said.
    coming = today + timedelta((wanted - today.weekday() - 1) % 7 + 1)
    following = monday + timedelta(7 + wanted)
    if said["last"] or said["gone"] or said["this"] == "el pasado":
        return [coming - timedelta(7) if wanted != today.weekday() else today - timedelta(7)]
    if said["week"] or said["nextweek"]:
        return [following]
    if said["thisweek"]:
        return [monday + timedelta(wanted)]
    if said["eight"]:
        return [coming + timedelta(7)]
    if said["next"]:
        return sorted({coming, following})
    if said["this"] or said["coming"] or wanted != today.weekday():
        return [coming]
    return [today, coming]


def _nth(text: Text, found: re.Match[str], today: date) -> date:
    month, wanted, nth = MONTHS[found["month"]], WEEKDAYS[found["weekday"]], ORDINALS[found["nth"]]
    years = [int(found["year"])] if found["year"] else [today.year, today.year + 1]
    for year in years:
        days = calendar.monthrange(year, month)[1]
        some = [date(year, month, one) for one in range(1, days + 1) if date(year, month, one).weekday() == wanted]
        if nth > len(some):
            raise AskingError(Reason.IMPOSSIBLE_DATE, text.words(*found.span()))
        if found["year"] or some[nth - 1 if nth > 0 else -1] >= today:
            return some[nth - 1 if nth > 0 else -1]
    return some[nth - 1 if nth > 0 else -1]


def _later(text: Text, at: int, heard: Heard, here: Here) -> int:
    for pattern, sign in ((LATER, 1), (AGO, -1)):
        if found := pattern.match(text.plain, at):
            said, unit = found["number"] or found["number2"], UNITS[found["unit"] or found["unit2"]]
            if unit in ("minute", "hour"):
                break
            days = [_shifted(text, found, here.today, unit, sign * number(said))]
            if unit == "day" and said in IDIOMS and not _is_english(found):
                heard.ask(Reason.IDIOM, text.words(*found.span()))
                days.insert(0, _shifted(text, found, here.today, "day", sign * IDIOMS[said]))
            heard.days = tuple(map(Day.of, days))
            return found.end()
    return _in_hours(text, at, heard, here)


def _is_english(found: re.Match[str]) -> bool:
    return bool(re.search(r"\bdays?\b", found.group()))


def _in_hours(text: Text, at: int, heard: Heard, here: Here) -> int:
    """Read "in 90 minutes" and "dans une heure et demie": a moment, on the clocks where the person is."""
    soon = SOON.match(text.plain, at)
    read = read_duration(text.plain, soon.end()) if soon else None
    if read is None or read[0] >= timedelta(days=1):
        return 0
    heard.moment = here.now + read[0]
    return read[1]


def _shifted(text: Text, found: re.Match[str], today: date, unit: str, by: int) -> date:
    try:
        if unit in ("day", "week"):
            return today + timedelta(days=by * (7 if unit == "week" else 1))
        months = today.year * 12 + today.month - 1 + by * (12 if unit == "year" else 1)
        year, month = divmod(months, 12)
        return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError) as error:
        raise AskingError(Reason.IMPOSSIBLE_DATE, text.words(*found.span())) from error


def _words(found: str) -> str:
    return " ".join(found.split())
