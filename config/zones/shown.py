"""Time zones in words for people.

Not the letters of a time (EAT, CET): few know those of others, some mean three different times, and French and
Spanish have them for a handful of zones only. A city and the distance from UTC are clear everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale

from config.zones.atlas import table

MINUS = "−"


@lru_cache(maxsize=2048)
def city(zone: str, language: str) -> str:
    """Return the place that a zone is named after, as "Nueva York"; UTC+3 for one that is a distance only."""
    if zone == "UTC" or zone.startswith("Etc/"):
        return offset(zone, datetime(2000, 1, 1, tzinfo=UTC))
    named = Locale.parse(language.replace("-", "_")).time_zones
    for name in (zone, *(old for old, new in table("renamed").items() if new == zone)):
        if found := named.get(name, {}).get("city"):
            return str(found)
    return zone.rpartition("/")[2].replace("_", " ")


def offset(zone: str, moment: datetime) -> str:
    """Return how far a zone is from UTC at a moment: UTC, UTC+5:30, UTC−3."""
    east = moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    if not east:
        return "UTC"
    # Before there were zones, places had their own seconds.
    minutes = round(abs(east).total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    return f"UTC{MINUS if east < timedelta() else '+'}{hours}" + (f":{rest:02}" if rest else "")


def shown(zone: str, moment: datetime, language: str) -> str:
    """Return a zone for people: its city and its distance from UTC at that moment, as "Nairobi, UTC+3"."""
    place, distance = city(zone, language), offset(zone, moment)
    return place if place == distance else f"{place}, {distance}"
