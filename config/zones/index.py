"""Zones by the keys of all names of their places, in the languages that many people speak."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock

from babel import localedata

from config import countries
from config.countries.index import Index
from config.countries.spelling import key, loose_key
from config.zones.atlas import AREAS, links, rule, table, zones

LANGUAGES = ("root", "en", "fr", "es", "pt", "ar", "sw", "ru", "de", "it")
"""Files of CLDR; what is alike in many languages stands in the root."""

NO_PLACE = frozenset({"East", "West", "North", "South", "ACT", "LHI", "NSW", "Center", "Knox_IN", "Yancowinna"})
"""Last parts of names that say nothing by themselves."""

_reading = Lock()


async def ready() -> None:
    """Read all names if that was not done yet, off the event loop. To be awaited before the first `find`."""
    await countries.ready()
    if not _read.cache_info().currsize:
        await asyncio.to_thread(index)


def index() -> Index:
    """Return all names of places with their zones."""
    with _reading:
        return _read()


@lru_cache
def _read() -> Index:
    names = [*_whole(), *_last_parts(), *_tables(), *_exemplar_cities()]
    found = Index()
    found.add((key(name), zone) for name, zone in names)
    found.add((loose_key(name), zone) for name, zone in names)
    found.is_sure()
    for zone in zones():
        # Four hundred small files: read now, off the event loop, and not when somebody asks.
        rule(zone)
    return found


def _whole() -> Iterator[tuple[str, str]]:
    for zone in zones():
        yield zone, zone
    yield from links().items()


def _last_parts() -> Iterator[tuple[str, str]]:
    for name, zone in [*((zone, zone) for zone in zones()), *links().items()]:
        area, _, place = name.partition("/")
        if area in AREAS and place not in NO_PLACE:
            yield place.rpartition("/")[2], zone


def _tables() -> Iterator[tuple[str, str]]:
    for zone, names in table("places").items():
        for name in names:
            yield name, zone


def _exemplar_cities() -> Iterator[tuple[str, str]]:
    """Return what CLDR calls the places. Read as files: Babel would keep the whole data of each language."""
    ours = {**links(), **{zone: zone for zone in zones()}}
    for language in LANGUAGES:
        with Path(localedata.resolve_locale_filename(language)).open("rb") as file:
            # Babel's own files, which Babel loads in the same way.
            named = pickle.load(file).get("time_zones", {})  # noqa: S301
        for name, one in named.items():
            if name in ours and one.get("city"):
                yield str(one["city"]), ours[name]
