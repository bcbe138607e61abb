"""Events as iCalendar (RFC 5545), for the calendars of members. No database here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar

from storage.events import Kept

PRODUCT = "-//GAAMAC//gaamac-bot//EN"
STATUS = {"tentative": "TENTATIVE", "confirmed": "CONFIRMED", "cancelled": "CANCELLED"}


def write(events: Iterable[Kept], language: str, name: str) -> bytes:
    """Return a calendar called `name`, with texts in a language as far as there are.

    Events of which only the month or the year is known are left out: a calendar has no place for them.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    # RFC 7986, and what Apple and Google read in its place.
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    for one in events:
        if not one.is_vague:
            for component in _components(one, language):
                calendar.add_component(component)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _components(one: Kept, language: str) -> Iterable[icalendar.Event]:
    """Return the event, and a component for each occurrence that is different."""
    yield _event(one, language, one.timing.start, one.timing.end, series=True)
    for key, change in one.timing.changed.items():
        start = change.start or key
        length = _wall(one.timing.end or one.timing.start) - _wall(one.timing.start)
        component = _event(one, language, start, change.end or _text(_wall(start) + length, start), series=False)
        component.add("recurrence-id", _moment(key, one.timing.zone))
        if change.cancelled:
            component["status"] = "CANCELLED"
        yield component


def _event(one: Kept, language: str, start: str, end: str | None, *, series: bool) -> icalendar.Event:
    component = icalendar.Event()
    component.add("uid", one.uid)
    component.add("dtstamp", one.updated_at.astimezone(UTC))
    component.add("last-modified", one.updated_at.astimezone(UTC))
    component.add("sequence", one.version - 1)
    component.add("dtstart", _moment(start, one.timing.zone))
    if end is not None and "T" in end:
        component.add("dtend", _moment(end, one.timing.zone))
    elif "T" not in start:
        # The end of whole days is the day after the last one (section 3.6.1).
        component.add("dtend", date.fromisoformat(end or start) + timedelta(days=1))
    component.add("summary", one.title(language))
    component.add("status", STATUS[one.certainty])
    # What fills no hours makes nobody busy.
    component.add("transp", "TRANSPARENT" if "T" not in start else "OPAQUE")
    component.add("categories", [one.kind, *one.topics])
    if text := description(one, language):
        component.add("description", text)
    if one.place:
        component.add("location", one.place)
    if one.link:
        component.add("url", one.link)
    if series and one.timing.rule:
        component.add("rrule", icalendar.vRecur.from_ical(one.timing.rule.removeprefix("RRULE:")))
    if series and one.timing.left_out:
        component.add("exdate", [_moment(key, one.timing.zone) for key in one.timing.left_out])
    if series and one.timing.added:
        component.add("rdate", [_moment(key, one.timing.zone) for key in one.timing.added])
    return component


def description(one: Kept, language: str) -> str:
    """Return the description of an event with what else a calendar has no field for."""
    parts = [one.description(language), one.organiser, one.registration, one.source]
    return "\n".join(part for part in parts if part)


def _moment(text: str, zone: str | None) -> date | datetime:
    if "T" not in text:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone or "UTC"))


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(wall: datetime, like: str) -> str:
    return wall.isoformat(timespec="minutes") if "T" in like else wall.date().isoformat()
