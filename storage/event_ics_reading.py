"""Read events from iCalendar files (RFC 5545), as Google, Outlook, Apple, Thunderbird and we write them.

What cannot be understood is left out and said; nothing of a hostile file is computed. Who organises or attends is
not read: those are private persons with their addresses.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import icalendar
from icalendar.error import BrokenCalendarProperty
from icalendar.timezone import tzids_from_tzinfo
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from pydantic import BaseModel, ValidationError

from storage import occurrences
from storage.events import KINDS, Certainty, Event, Kind
from storage.occurrences import Change, RuleError, Timing

LARGEST = 8 * 1024 * 1024
MOST = 10_000
"""Events in one file; each has at most as many changes and exceptions."""

Component = Any
"""Of icalendar: its properties may be of any type that a file makes of them."""
Problem = Literal["too_large", "not_a_calendar", "too_many"]
Trouble = Literal["no_title", "no_start", "rule", "zone", "range", "twice", "understood"]
Note = Literal["floating", "zone_guessed"]

STATUS: dict[str, Certainty] = {"TENTATIVE": "tentative", "CONFIRMED": "confirmed", "CANCELLED": "cancelled"}
WORDS: dict[str, Kind] = {
    "webinar": "webinar", "webinaire": "webinar", "training": "training", "formation": "training",
    "deadline": "deadline", "commemoration": "commemoration", "meeting": "meeting",
}  # fmt: skip
_BLOCKS = re.compile(r"</?(?:p|br|ul|ol|li|div)\b[^<>]{0,1000}>", re.IGNORECASE)
_TAGS = re.compile(r"</?(?:b|i|u|a|span|html-blob|strong|em)\b[^<>]{0,1000}>", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"]{3,900}")


_NOT_UNDERSTOOD = (
    *(ValidationError, ValueError, TypeError, AttributeError, KeyError, OverflowError, BrokenCalendarProperty),
)


class UnreadableError(Exception):
    """The file cannot be read at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class Mistake(BaseModel):
    """An event that was left out: its title, as far as there is one, and why."""

    title: str
    trouble: Trouble
    value: str = ""


class Calendar(BaseModel):
    """What a file holds. `notes` are what to look at: times without a zone, zones that had to be guessed."""

    name: str | None
    events: list[Event]
    mistakes: list[Mistake]
    notes: set[Note] = set()


class _LeftOutError(Exception):
    def __init__(self, trouble: Trouble, value: str = "") -> None:
        super().__init__(trouble)
        self.trouble: Trouble = trouble
        self.value = value[:100]


def read(data: bytes, language: str, zone: str) -> Calendar:
    """Return the events of a file. Texts without a language are in `language`, times without a zone in `zone`.

    Raises:
        UnreadableError: it is too large, or no calendar.

    """
    if len(data) > LARGEST:
        raise UnreadableError("too_large")
    if data.upper().count(b"BEGIN:VEVENT") > MOST:
        raise UnreadableError("too_many")
    try:
        # A null character is no text, and not every database can hold it.
        text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")
        parsed = icalendar.Calendar.from_ical(text, multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError("not_a_calendar") from error
    calendars = [one for one in parsed if getattr(one, "name", "") == "VCALENDAR"]
    if not calendars:
        raise UnreadableError("not_a_calendar")
    return _Reader(calendars, language, zone).read()


class _Reader:
    def __init__(self, calendars: list[Component], language: str, zone: str) -> None:
        self._calendars = calendars
        self._language = language
        self._zone = zone
        self._zones = {str(one.get("tzid")): one for calendar in calendars for one in calendar.walk("VTIMEZONE")}
        self._known: dict[str, str | None] = {}
        self._notes: set[Note] = set()
        self._clocks: tzinfo | None = None
        """Of the event that is being read: what is written so is not moved to other clocks."""

    def read(self) -> Calendar:
        masters: dict[str, Component] = {}
        changes: dict[str, list[Component]] = {}
        mistakes = []
        for component in (one for calendar in self._calendars for one in calendar.walk("VEVENT")):
            uid = _uid(component)
            if "recurrence-id" in component:
                changes.setdefault(uid, []).append(component)
            elif uid not in masters or _number(component) >= _number(masters[uid]):
                masters[uid] = component
        for uid, several in changes.items():
            if uid not in masters:
                # A single occurrence of a series that is not in the file: an event of its own.
                masters[uid] = several.pop(0)
        events = []
        for uid, component in masters.items():
            try:
                events.append(self._event(uid, component, changes.get(uid, [])))
            except _LeftOutError as error:
                mistakes.append(
                    Mistake(title=_text(component, "summary"), trouble=error.trouble, value=error.value)
                )
            except RuleError:
                rule = str(component.get("rrule") or "")
                mistakes.append(Mistake(title=_text(component, "summary"), trouble="rule", value=rule[:100]))
            except (
                ValidationError,
                ValueError,
                TypeError,
                AttributeError,
                KeyError,
                OverflowError,
                BrokenCalendarProperty,
            ):
                mistakes.append(Mistake(title=_text(component, "summary"), trouble="understood"))
        names = [str(one.get("x-wr-calname") or one.get("name") or "").strip()[:200] for one in self._calendars]
        return Calendar(
            name=next((name for name in names if name), None), events=events, mistakes=mistakes, notes=self._notes
        )

    def _event(self, uid: str, component: Component, changes: list[Component]) -> Event:
        title = _text(component, "summary")
        if not title:
            raise _LeftOutError("no_title")
        categories = [text for text in _categories(component) if text]
        kind = next((WORDS[word] for word in map(str.casefold, categories) if word in WORDS), None)
        place, link = _text(component, "location")[:300] or None, _link(component)
        if place and link is None and _LINK.fullmatch(place):
            place, link = None, place
        summary = component.get("summary")
        language = str(getattr(summary, "params", {}).get("LANGUAGE", ""))[:2].lower() or self._language
        status = _text(component, "status").upper()
        description = _plain(_text(component, "description"))[:5000]
        return Event(
            uid=uid,
            kind=kind or "meeting",
            titles={language: title[:300]},
            descriptions={language: description} if description else {},
            timing=self._timing(component, changes),
            place=place,
            link=link,
            certainty=STATUS.get(status, "confirmed"),
            topics=[text[:100] for text in categories if text.casefold() not in (*WORDS, *KINDS)][:20],
        )

    def _timing(self, component: Component, changes: list[Component]) -> Timing:
        start = _value(component, "dtstart")
        if start is None:
            raise _LeftOutError("no_start")
        zone = self._zone_of(component, "dtstart") if isinstance(start, datetime) else None
        self._clocks = start.tzinfo if isinstance(start, datetime) else None
        end = _end(component, start)
        all_day = zone is None or _fills_days(component, start, end)
        first = self._wall(start, zone, all_day=all_day)
        until = self._ending(end, zone, all_day=all_day)
        timing = Timing(
            start=first,
            end=until if until != first else None,
            zone=None if all_day else zone,
            rule=_rule(component),
            left_out=self._several(component, "exdate", zone, all_day=all_day),
            added=self._several(component, "rdate", zone, all_day=all_day),
        )
        for one in changes[:MOST]:
            if str(getattr(one["recurrence-id"], "params", {}).get("RANGE", "")):
                raise _LeftOutError("range")
            key = self._wall(_value(one, "recurrence-id"), zone, all_day=all_day)
            begin = _value(one, "dtstart")
            if _text(one, "status").upper() == "CANCELLED":
                timing.changed[key] = Change(cancelled=True)
            elif begin is not None:
                until = self._ending(_end(one, begin), zone, all_day=all_day)
                timing.changed[key] = Change(start=self._wall(begin, zone, all_day=all_day), end=until)
        occurrences.check(timing)
        return timing

    def _several(self, component: Component, name: str, zone: str | None, *, all_day: bool) -> list[str]:
        found = component.get(name)
        lists: Iterable[Any] = found if isinstance(found, list) else [found] if found is not None else []
        moments = [one.dt for some in lists for one in some.dts][:MOST]
        return [self._wall(one[0] if isinstance(one, tuple) else one, zone, all_day=all_day) for one in moments]

    def _ending(self, end: date | None, zone: str | None, *, all_day: bool) -> str | None:
        if end is None:
            return None
        if all_day:
            # The end of whole days is the day after the last (section 3.6.1).
            last = end.date() if isinstance(end, datetime) else end
            return (last - timedelta(days=1)).isoformat()
        return self._wall(end, zone, all_day=False)

    def _wall(self, moment: date | None, zone: str | None, *, all_day: bool) -> str:
        """Write a moment on the clocks of the zone of the event."""
        if moment is None:
            raise _LeftOutError("no_start")
        if not isinstance(moment, datetime):
            return moment.isoformat() if all_day else f"{moment.isoformat()}T00:00"
        if all_day:
            return moment.date().isoformat()
        if moment.tzinfo is not None and str(moment.tzinfo) != str(self._clocks):
            moment = moment.astimezone(ZoneInfo(zone or "UTC"))
        return moment.replace(tzinfo=None).isoformat(timespec="minutes")

    def _zone_of(self, component: Component, name: str) -> str:
        """Return the IANA name of the zone in which a time is written."""
        field = component[name]
        moment = field.dt
        tzid = str(field.params.get("TZID", ""))
        if not tzid:
            if moment.tzinfo is not None:
                return "UTC"
            self._notes.add("floating")
            return self._zone
        if tzid not in self._known:
            self._known[tzid] = self._named(tzid, moment)
        found = self._known[tzid]
        if found is None:
            raise _LeftOutError("zone", tzid)
        return found

    def _named(self, tzid: str, moment: datetime) -> str | None:
        """Find a zone: by its name, as Windows, Evolution or Apple call it, else by how its clocks go."""
        defined = self._zones.get(tzid)
        places = [tzid, str(defined.get("x-lic-location") or "") if defined is not None else ""]
        for place in places:
            for name in (place, WINDOWS_TO_OLSON.get(place, ""), "/".join(place.split("/")[-2:])):
                if name in available_timezones():
                    return name
        if defined is None:
            return None
        self._notes.add("zone_guessed")
        own = defined.to_tz(lookup_tzid=False)
        found = sorted(name for name in tzids_from_tzinfo(own) if name in available_timezones())
        for name in (self._zone, *_WELL_KNOWN, *found):
            if name in found and "/" in name:
                return name
        return _alike(own, moment, self._zone)


def _alike(own: Any, moment: datetime, preferred: str) -> str | None:  # noqa: ANN401 - a tzinfo of any kind
    """Return a zone whose clocks go as those of `own` through the two years after a moment."""
    days = [moment.replace(tzinfo=None) + timedelta(days=7 * week) for week in range(104)]
    offsets = [day.replace(tzinfo=own).utcoffset() for day in days]
    cities = sorted(name for name in available_timezones() if name.partition("/")[0] in _AREAS)
    for name in (preferred, *_WELL_KNOWN, *cities):
        there = ZoneInfo(name)
        if all(day.replace(tzinfo=there).utcoffset() == offset for day, offset in zip(days, offsets, strict=True)):
            return name
    return None


_WELL_KNOWN = (
    *("Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "America/Bogota", "America/Argentina/Buenos_Aires", "Africa/Dakar", "Africa/Lagos"),
    *("Africa/Johannesburg", "Africa/Nairobi", "Asia/Kolkata", "Asia/Bangkok", "Asia/Tokyo", "Australia/Sydney"),
)
"""Of many zones whose clocks go alike, those that people have heard of."""
_AREAS = ("Africa", "America", "Asia", "Australia", "Europe", "Pacific")


def _value(component: Component, name: str) -> date | None:
    try:
        value = getattr(component.get(name), "dt", None)
    except BrokenCalendarProperty:
        return None
    return value if isinstance(value, date) else None


def _end(component: Component, start: date) -> date | None:
    end = _value(component, "dtend")
    if end is not None:
        return end
    length = getattr(component.get("duration"), "dt", None)
    return start + length if isinstance(length, timedelta) else None


def _fills_days(component: Component, start: date, end: date | None) -> bool:
    """Tell whether an event with times takes whole days: Outlook writes midnights, and says so beside."""
    if not isinstance(start, datetime):
        return True
    marked = str(component.get("x-microsoft-cdo-alldayevent") or "").upper() == "TRUE"
    midnights = isinstance(end, datetime) and (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0)
    return marked and midnights


def _rule(component: Component) -> str | None:
    found = component.get("rrule")
    if found is None:
        return None
    if isinstance(found, list):
        raise RuleError("more than one rule")
    return str(found.to_ical().decode())


def _uid(component: Component) -> str:
    uid = str(component.get("uid") or "").strip()
    if not uid or len(uid) > 255:
        what = f"{uid}\0{component.get('summary')}\0{_value(component, 'dtstart')}"
        return f"{hashlib.sha256(what.encode('utf-8', 'replace')).hexdigest()[:32]}@imported"
    return uid


def _number(component: Component) -> int:
    try:
        return int(component.get("sequence") or 0)
    except (ValueError, TypeError):
        return 0


def _text(component: Component, name: str) -> str:
    found = component.get(name)
    if isinstance(found, list):
        found = found[0] if found else ""
    return str(found or "").replace("\r\n", "\n").strip()


def _plain(text: str) -> str:
    """Return a description without the HTML that Google puts into it."""
    return re.sub(r"\n{3,}", "\n\n", _TAGS.sub("", _BLOCKS.sub("\n", text))).strip()


def _link(component: Component) -> str | None:
    for name in ("url", "x-google-conference", "x-microsoft-skypeteamsmeetingurl"):
        found = _LINK.fullmatch(_text(component, name))
        if found:
            return found.group()
    return None


def _categories(component: Component) -> list[str]:
    found = component.get("categories")
    lists = found if isinstance(found, list) else [found] if found is not None else []
    return [str(text).strip() for some in lists for text in getattr(some, "cats", [])]
