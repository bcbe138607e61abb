"""Countries, their regions, and organisations that can have a focal point: what they are and how we show them.

The tables are in `config/starter/countries`; names come from there and from Babel.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError

TABLES = Path(__file__).parents[1] / "starter" / "countries"

WORLD = "001"

REGIONAL_INDICATOR_A = 0x1F1E6


class Standing(Enum):
    """In the United Nations. `OTHER` says that there is a code, and nothing else."""

    MEMBER = "members"
    OBSERVER = "observers"
    OTHER = "others"


@dataclass(frozen=True)
class Country:
    """A country or territory that has a code.

    `region` and `subregion` are numbers of M49, the subregion being the smallest there is: Africa (002) and
    Eastern Africa (014). Both are empty for Antarctica, `numeric` is empty for a code that is not of ISO 3166-1.
    """

    alpha2: str
    alpha3: str
    numeric: str
    standing: Standing
    region: str
    subregion: str

    @property
    def code(self) -> str:
        """The alpha-2 code, as an organisation has one, too."""
        return self.alpha2

    @property
    def is_un_member(self) -> bool:
        """Whether it is a member of the United Nations."""
        return self.standing is Standing.MEMBER

    @property
    def flag(self) -> str:
        """The flag as an emoji."""
        return _flag(self.alpha2)

    def name(self, language: str) -> str:
        """Return the name that is shown in a language; the English one if Babel does not know the language."""
        return name_of(self.alpha2, language)

    def region_name(self, language: str) -> str:
        """Return the name of its continent, as the United Nations group countries; empty for Antarctica."""
        return name_of(self.region, language) if self.region else ""

    def subregion_name(self, language: str) -> str:
        """Return the name of the smallest region that it is in; empty for Antarctica."""
        return name_of(self.subregion, language) if self.subregion else ""


@dataclass(frozen=True)
class Organisation:
    """An organisation that can have a focal point as a country has."""

    code: str

    @property
    def flag(self) -> str:
        """The flag as an emoji."""
        return _flag(self.code)

    def name(self, language: str) -> str:
        """Return the name that is shown in a language; the English one if Babel does not know the language."""
        return name_of(self.code, language)


Holder = Country | Organisation
"""Who can have a focal point."""


@dataclass(frozen=True)
class Region:
    """A region of the United Nations (`code` is its number of M49), or a working group of GAAMAC."""

    code: str
    countries: tuple[Country, ...]
    """All countries and territories in it, by code."""

    @property
    def members(self) -> tuple[Country, ...]:
        """Those that are members of the United Nations."""
        return tuple(country for country in self.countries if country.is_un_member)

    def name(self, language: str) -> str:
        """Return the name that is shown in a language; the English one if there is none."""
        return name_of(self.code, language)


@lru_cache
def table(name: str) -> dict[str, Any]:
    """Return one of the tables as it is written."""
    return tomllib.loads((TABLES / f"{name}.toml").read_text(encoding="utf-8"))


@lru_cache
def countries() -> dict[str, Country]:
    """Return all countries and territories by alpha-2 code."""
    found = {}
    for continent, subregion, standing, line in _lines():
        alpha2, alpha3, *numeric = line.split()
        found[alpha2] = Country(alpha2, alpha3, "".join(numeric), standing, continent, subregion)
    return dict(sorted(found.items()))


@lru_cache
def organisations() -> dict[str, Organisation]:
    """Return the organisations by code."""
    return {code: Organisation(code) for code in table("regions")["organisations"]}


@lru_cache
def regions() -> dict[str, Region]:
    """Return the regions and the working groups by code."""
    found = {code: Region(code, _inside({code})) for code in table("m49")["regions"]}
    for code, group in table("regions")["groups"].items():
        found[code] = Region(code, _inside(set(group["parts"])))
    return found


@lru_cache(maxsize=8192)
def name_of(code: str, language: str) -> str:
    """Return the name of a country, organisation, region or group in a language."""
    for one in (language.replace("-", "_"), "en"):
        root = one.split("_")[0]
        if name := _shown().get(code, {}).get(root):
            return str(name)
        try:
            names = Locale.parse(one).territories
        except (UnknownLocaleError, ValueError):
            continue
        if code in names:
            return str(names[code])
    return code


@lru_cache
def _shown() -> dict[str, dict[str, Any]]:
    tables = table("regions")
    return {**table("names")["shown"], **tables["regions"], **tables["groups"]}


def _flag(code: str) -> str:
    return "".join(chr(REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in code)


def _lines() -> Iterator[tuple[str, str, Standing, str]]:
    """Return the lines of the table with the continent and the region that they stand in."""
    tables = table("m49")["regions"]
    for continent in (*tables[WORLD]["parts"], WORLD):
        some = _parts({continent}) if continent != WORLD else {WORLD}
        for region in some:
            for standing in Standing:
                for line in tables[region].get(standing.value, ()):
                    yield *(("", "") if continent == WORLD else (continent, region)), standing, line


def _parts(codes: set[str]) -> set[str]:
    """Return regions with all that is in them."""
    tables = table("m49")["regions"]
    found, left = set[str](), set(codes)
    while left:
        found |= left
        left = {part for code in left for part in tables[code].get("parts", ())} - found
    return found


def _inside(codes: set[str]) -> tuple[Country, ...]:
    some = _parts(codes)
    return tuple(one for one in countries().values() if one.subregion in some or WORLD in some)
