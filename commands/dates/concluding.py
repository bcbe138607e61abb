"""From what was read to a date: fill in what was not said, and find what must be asked."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from commands.dates.clock import hours_of
from commands.dates.durations import LONGEST
from commands.dates.heard import Day, Heard, Here
from commands.dates.understood import AskingError, Caution, Reason, Understood
from config import zones

YEARS = 9
"""To look ahead for 29 February."""
MOST_CHOICES = 8

Dated = tuple[date, frozenset[Caution]]


def conclude(heard: Heard, here: Here) -> tuple[Understood, ...]:
    """Return what was meant; several when `heard.reason` says why. Raises AskingError when it is nothing."""
    some = [
        one for day, minutes, zone in _combinations(heard, here) for one in _made(heard, here, day, minutes, zone)
    ]
    if heard.reason in (Reason.WHICH_WEEK, Reason.MORNING_OR_EVENING):
        # What is over already was not meant.
        some = [one for one in some if not one.is_past] or some
    # Two equal times, before and after the clocks were put back, are equal to Python but for their fold.
    found = tuple({(one, one.time.fold if one.time else 0): one for one in some}.values())[:MOST_CHOICES]
    if len(found) > 1 and heard.reason is None:
        heard.ask(Reason.MORNING_OR_EVENING, heard.words)
    return found


def _combinations(
    heard: Heard, here: Here
) -> Iterator[tuple[Dated, tuple[int, int] | None, tuple[str | None, Caution | None]]]:
    if heard.moment is not None:
        moment = heard.moment.astimezone(ZoneInfo(heard.zones[0])) if heard.zones else heard.moment
        day = (moment.date(), frozenset[Caution]())
        yield day, (moment.hour * 60 + moment.minute, 0), (heard.zones[0] if heard.zones else None, None)
        return
    if heard.part and heard.clock is None:
        raise AskingError(Reason.WHICH_TIME, heard.words)
    hours: list[tuple[int, int]] | list[None] = [None]
    if heard.clock:
        hours = hours_of(heard.clock, heard.part)
        if not hours:
            raise AskingError(Reason.IMPOSSIBLE_TIME, heard.words)
        if len(hours) > 1:
            heard.ask(Reason.MIDNIGHT if hours[0][0] == 0 else Reason.MORNING_OR_EVENING, heard.words)
    for day, minutes in product(_days(heard, here), hours):
        yield from ((day, minutes, zone) for zone in _zones(heard, here, day[0], minutes))


def _days(heard: Heard, here: Here) -> list[Dated]:
    if not heard.days:
        return [(here.today, frozenset({Caution.DAY_GUESSED}))]
    found = [_day(one, heard, here) for one in heard.days]
    if heard.weekday is None:
        return found
    right = [one for one in found if one[0].weekday() == heard.weekday]
    if not right:
        raise AskingError(Reason.WEEKDAY, heard.words, _around(found[0][0], heard.weekday, here))
    if len(right) == 1 and heard.reason is Reason.DAY_OR_MONTH:
        # The day of the week tells which of the two was meant.
        heard.reason = None
    return right


def _day(one: Day, heard: Heard, here: Here) -> Dated:
    year = one.year or (heard.last.year if heard.last else None)
    if year and one.month:
        if not one.year and heard.last and heard.last.month and heard.last.month < one.month:
            year -= 1
        return _real(year, one, here), frozenset()
    if one.month:
        for later in range(YEARS):
            if _is_real(here.today.year + later, one.month, one.day):
                found = date(here.today.year + later, one.month, one.day)
                if found >= here.today:
                    return found, frozenset({Caution.YEAR_GUESSED})
        return _real(here.today.year + (one.month < here.today.month), one, here), frozenset()
    months = here.today.year * 12 + here.today.month - 1
    for later in range(12):
        year, month = divmod(months + later, 12)
        if _is_real(year, month + 1, one.day) and date(year, month + 1, one.day) >= here.today:
            return date(year, month + 1, one.day), frozenset({Caution.MONTH_GUESSED})
    raise AskingError(Reason.IMPOSSIBLE_DATE, str(one.day))


def _real(year: int, one: Day, here: Here) -> date:
    month = one.month or 1
    if _is_real(year, month, one.day):
        return date(year, month, one.day)
    days = calendar.monthrange(year, month)[1]
    near: tuple[Understood, ...] = ()
    if days < one.day <= 31:
        end = date(year, month, days)
        near = tuple(Understood(day, here=here.zone) for day in (end, end + timedelta(1)))
    raise AskingError(Reason.IMPOSSIBLE_DATE, "", near)


def _is_real(year: int, month: int, day: int) -> bool:
    return 1 <= day <= calendar.monthrange(year, month)[1]


def _around(day: date, weekday: int, here: Here) -> tuple[Understood, ...]:
    """Return a date, and the nearest one that is the day of the week that was said."""
    distance = (weekday - day.weekday() + 3) % 7 - 3
    return tuple(Understood(one, here=here.zone) for one in (day, day + timedelta(distance)))


def _zones(
    heard: Heard, here: Here, day: date, minutes: tuple[int, int] | None
) -> list[tuple[str | None, Caution | None]]:
    """Return the zone that was named, None for that of the person, and whether it is only a distance from UTC."""
    if heard.zones:
        caution = Caution.FIXED_OFFSET if heard.fixed and heard.zones[0] != "UTC" else None
        return [(zone, caution) for zone in heard.zones]
    if heard.offset is None or minutes is None:
        return [(None, None)]
    wall = datetime.combine(day, time(minutes[0] // 60, minutes[0] % 60))
    for fold in (0, 1):
        if wall.replace(tzinfo=ZoneInfo(here.zone), fold=fold).utcoffset() == heard.offset:
            # The person gave the distance of their own zone.
            return [(None, None)]
    hours, rest = divmod(abs(heard.offset), timedelta(hours=1))
    sign = "-" if heard.offset < timedelta() else "+"
    found = zones.find(f"UTC{sign}{hours}:{rest // timedelta(minutes=1):02}")
    if found.how is zones.How.FIXED:
        return [(found.zones[0], Caution.FIXED_OFFSET if heard.offset else None)]
    if not found.zones:
        raise AskingError(Reason.ZONE_UNKNOWN, f"UTC{sign}{hours}:{rest // timedelta(minutes=1):02}")
    heard.ask(Reason.ZONES, f"UTC{sign}{hours}:{rest // timedelta(minutes=1):02}")
    return [(zone, None) for zone in found.zones]


def _made(
    heard: Heard,
    here: Here,
    dated: Dated,
    minutes: tuple[int, int] | None,
    zone: tuple[str | None, Caution | None],
) -> list[Understood]:
    day, cautions = dated
    if zone[1]:
        cautions |= {zone[1]}
    if minutes is None:
        return [_all_day(heard, here, day, cautions)]
    wall = datetime.combine(day + timedelta(minutes[1]), time(minutes[0] // 60, minutes[0] % 60))
    place = zone[0] or here.zone
    if not heard.is_dated and wall.replace(tzinfo=ZoneInfo(place)) < here.now:
        wall += timedelta(1)
    found = []
    for one in _on_the_clock(heard, wall, place):
        understood = Understood(one.date(), one.time(), zone[0], here.zone, cautions=cautions)
        understood = _ending(heard, here, understood)
        if understood.start and understood.start < here.now.astimezone(UTC) - timedelta(minutes=1):
            understood = replace(understood, cautions=understood.cautions | {Caution.PAST})
        found.append(understood)
    return found


def _all_day(heard: Heard, here: Here, day: date, cautions: frozenset[Caution]) -> Understood:
    last = _last(heard, here, day)
    if last is None and heard.duration is not None and heard.duration >= timedelta(days=1):
        last = day + heard.duration - timedelta(days=1)
    if last is not None and (last < day or last - day > LONGEST):
        raise AskingError(Reason.BACKWARDS if last < day else Reason.TOO_LONG, heard.words)
    if (last or day) < here.today:
        cautions |= {Caution.PAST}
    # Less than a day, and nobody said when: it is kept, for whoever asks for the time.
    duration = heard.duration if heard.duration and heard.duration < timedelta(days=1) else None
    return Understood(day, None, None, here.zone, duration, last if last != day else None, cautions=cautions)


def _last(heard: Heard, here: Here, day: date) -> date | None:
    if heard.last is None:
        return None
    month = heard.last.month or day.month
    year = heard.last.year or (day.year if (month, heard.last.day) >= (day.month, day.day) else day.year + 1)
    if not heard.last.year and (month, heard.last.day) < (day.month, day.day) and month == day.month:
        year = day.year
    return _real(year, Day(heard.last.day, month, year), here)


def _on_the_clock(heard: Heard, wall: datetime, place: str) -> list[datetime]:
    """Return a time as it is on the clocks of a place: none or two where they are changed."""
    zone = ZoneInfo(place)
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    before, after = (one.utcoffset() or timedelta() for one in (first, second))
    if before == after:
        both = [wall]
    elif before < after:
        # Skipped: what they may have meant is that much earlier or later.
        heard.ask(Reason.SKIPPED, f"{wall:%H:%M}")
        return [wall - (after - before), wall + (after - before)]
    else:
        both = [wall.replace(fold=0), wall.replace(fold=1)]
    if heard.offset is not None and heard.zones:
        some = [one for one in both if one.replace(tzinfo=zone).utcoffset() == heard.offset]
        if not some:
            heard.ask(Reason.OFFSET, place)
            moment = (wall - heard.offset).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
            return [both[0], moment]
        return some
    if heard.offset is not None:
        return [one for one in both if one.replace(tzinfo=zone).utcoffset() == heard.offset] or both
    if len(both) > 1:
        heard.ask(Reason.TWICE, f"{wall:%H:%M}")
    return both


def _ending(heard: Heard, here: Here, one: Understood) -> Understood:
    """Return a date with how long it takes, if that was said as a duration, as a time, or as a last day."""
    if heard.until is None and heard.last is None:
        return replace(one, duration=heard.duration)
    last = _last(heard, here, one.date) or one.date
    if heard.until is None or one.start is None or one.time is None:
        return _over_days(heard, replace(one, last=last if last != one.date else None))
    hours = hours_of(heard.until, heard.until.part or heard.part) or [(0, 0)]
    ends = [_moment(one, last + timedelta(shift), minutes) for minutes, shift in hours]
    later = [end for end in ends if end > one.start]
    cautions = one.cautions
    if not later:
        if heard.last is not None:
            raise AskingError(Reason.BACKWARDS, heard.words)
        later = [_moment(one, last + timedelta(1), hours[0][0])]
        cautions |= {Caution.NEXT_DAY}
    if later[0] - one.start > LONGEST:
        raise AskingError(Reason.TOO_LONG, heard.words)
    return replace(one, duration=later[0] - one.start, cautions=cautions)


def _over_days(heard: Heard, one: Understood) -> Understood:
    """Return a date that lasts until some other day, of which it is not said when it ends."""
    if one.last is not None and one.last < one.date:
        raise AskingError(Reason.BACKWARDS, heard.words)
    if heard.duration is None or one.last is None:
        return replace(one, duration=heard.duration)
    # An hour, or three days? Perhaps an hour on each; that would be three events.
    raise AskingError(Reason.SCATTERED, "", (replace(one, last=None, duration=heard.duration), one))


def _moment(one: Understood, day: date, minutes: int) -> datetime:
    """Return when it ends, on the same clocks; of two equal times the one before the clocks were changed."""
    zone = ZoneInfo(one.place)
    wall = datetime.combine(day, time(minutes // 60, minutes % 60), zone)
    started = one.start.astimezone(zone).utcoffset() if one.start else None
    later = wall.replace(fold=1)
    return (later if later.utcoffset() == started else wall).astimezone(UTC)
