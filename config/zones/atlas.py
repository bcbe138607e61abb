"""The time zones that there are: names, links and countries of the IANA data, which come with `tzdata`.

A zone is one that `zone.tab` gives to a country, or UTC; other names (`US/Eastern`, `Asia/Calcutta`) lead to one.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC = "UTC"
SAME_AS_UTC = ("Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "Etc/GMT", "Etc/Greenwich", "Etc/GMT0")

AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip
"""Only in these the last part of a name is a place."""

TABLES = Path(__file__).parents[1] / "starter" / "zones"


@lru_cache
def by_country() -> dict[str, tuple[str, ...]]:
    """Return the zones of each country by alpha-2 code, the most populous first where the data say so."""
    found: dict[str, list[str]] = {}
    for line in (_data() / "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, _, name, *_ = line.split("\t")
            if _is_known(name):
                found.setdefault(code, []).append(name)
    return {code: tuple(names) for code, names in found.items()}


@lru_cache
def country_of() -> dict[str, str]:
    """Return the code of the country that each zone belongs to."""
    return {zone: code for code, names in by_country().items() for zone in names}


@lru_cache
def zones() -> tuple[str, ...]:
    """Return the names of all zones, sorted."""
    return tuple(sorted({name for names in by_country().values() for name in names} | {UTC}))


@lru_cache
def links() -> dict[str, str]:
    """Return other names of zones, with an area in front, and the zones that they lead to."""
    known = set(zones())
    targets = {}
    for line in (_data() / "tzdata.zi").read_text(encoding="utf-8").splitlines():
        if line.startswith("L "):
            _, target, name = line.split()
            targets[name] = target
    found = dict.fromkeys(SAME_AS_UTC, UTC)
    for name, target in targets.items():
        end = target
        while end not in known and end in targets:
            end = targets[end]
        if "/" in name and name not in known and end in known:
            found[name] = end
    return found | {old: new for old, new in table("renamed").items() if new in known}


@lru_cache(maxsize=1024)
def rule(zone: str) -> str:
    """Return the rule by which a zone goes on for ever (RFC 9636, footer): alike where the time is the same."""
    path = _data()
    for part in zone.split("/"):
        path /= part
    return path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode("ascii")


@lru_cache
def table(name: str) -> dict[str, Any]:
    """Return a part of the table of places."""
    found: dict[str, Any] = tomllib.loads((TABLES / "places.toml").read_text(encoding="utf-8"))[name]
    return found


def _data() -> Traversable:
    return resources.files("tzdata") / "zoneinfo"


def _is_known(name: str) -> bool:
    """Tell whether this computer can reckon with a zone: its own data go before ours, and may be older."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
