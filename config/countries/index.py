"""All names of countries and regions by their key, in every language that Babel knows.

Babel keeps the whole data of each language that it was asked for: 150 MiB for all. So its files are read here
one by one, and only the names are kept.
"""

from __future__ import annotations

import asyncio
import pickle
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

from babel import localedata
from rapidfuzz import process
from rapidfuzz.distance import OSA

from config.countries.atlas import countries, organisations, regions, table
from config.countries.spelling import FORMAL, bare_key, key, loose_key, words
from config.languages import SPOKEN

WIDELY_SPOKEN = ("ar", "en", "es", "fr", "pt", "ru", "sw", "zh")
"""The official languages of the United Nations and of the African Union: their names may be misspelt, too."""

Codes = tuple[str, ...]

NameOf = tuple[str, str]
"""A name, and the code of what it is a name of."""

KeyOf = tuple[str, str]
"""The key of a name, and the code."""

InLanguages = list[tuple[str, Mapping[str, str]]]
"""Languages with the names of all territories by code."""


class Index:
    """Codes by the keys of names. A key that is there already is not added again: the best names come first."""

    def __init__(self) -> None:
        self.codes: dict[str, Codes] = {}
        self.sure: frozenset[str] = frozenset()
        """Keys of names in widely spoken languages, and of those in the tables."""
        self._by_length: dict[int, list[str]] = {}

    def add(self, keys: Iterable[KeyOf]) -> None:
        """Add keys that count alike: one with several codes gets all of them."""
        added: dict[str, dict[str, None]] = defaultdict(dict)
        for one, code in keys:
            if one and one not in self.codes:
                added[one][code] = None
        self.codes |= {one: _once(tuple(codes)) for one, codes in added.items()}

    def is_sure(self, never_misspelt: Container[str] = ()) -> None:
        """Say that what was added until now is sure, and, but for some keys, found by a misspelt name, too."""
        self.sure = frozenset(self.codes)
        self._by_length = defaultdict(list)
        for one in self.codes:
            if one not in never_misspelt:
                self._by_length[len(one)].append(one)

    def near(self, asked: str, allowed: int) -> dict[str, int]:
        """Return the codes of names that differ in at most so many letters, and in how many.

        A letter that is wrong, missing, superfluous or swapped with its neighbour counts one.
        """
        found: dict[str, int] = {}
        for length in range(len(asked) - allowed, len(asked) + allowed + 1):
            some = self._by_length.get(length, ())
            for name, distance, _ in process.extract(
                asked, some, scorer=OSA.distance, score_cutoff=allowed, limit=None
            ):
                for code in self.codes[name]:
                    found[code] = min(distance, found.get(code, allowed))
        return found


@dataclass(frozen=True)
class Indexes:
    """What `find` and `find_region` look into."""

    holders: Index = field(default_factory=Index)
    regions: Index = field(default_factory=Index)
    asking: set[str] = field(default_factory=set)
    """Keys of holders that ask back, also those with one code."""


async def ready() -> None:
    """Read all names if that was not done yet, off the event loop. To be awaited before the first `find`."""
    if not _read.cache_info().currsize:
        await asyncio.to_thread(indexes)


_reading = Lock()


def indexes() -> Indexes:
    """Return all names; the first time this takes about a second."""
    with _reading:
        return _read()


@lru_cache
def _read() -> Indexes:
    found = Indexes()
    in_languages = list(_babel())
    wide = [(language, names) for language, names in in_languages if language.split("_")[0] in WIDELY_SPOKEN]
    holders = countries().keys() | organisations().keys()
    keys = _keys(_named(holders, in_languages))
    asks = table("names")["asks"]
    asking = [(key(name), code) for one in asks for name in one["names"] for code in one["countries"]]
    groups = [one["countries"] for one in asks if one.get("common")]
    asking += _shared(groups, wide, dict(keys))
    shared = list(_shared(groups, in_languages, dict(keys)))
    found.asking.update(one for one, _ in [*asking, *shared])
    _add_holders(found.holders, asking, _named(holders, wide), [*shared, *keys])
    _add_regions(found.regions, _named(regions(), wide), _keys(_named(regions(), in_languages)))
    return found


def _shared(groups: list[list[str]], in_languages: InLanguages, known: Mapping[str, str]) -> Iterator[KeyOf]:
    """Return what the names of some countries share in a language, as "Korea" in English, with their codes."""
    for codes in groups:
        some = [[words(names[code]) for code in codes] for _, names in in_languages if names.keys() >= set(codes)]
        for first, *others in some:
            shared = [word for word in first if word not in FORMAL and all(word in other for other in others)]
            one = "".join(shared)
            # Not if that is the name of another country in some language.
            if len(one) > 3 and known.get(one) in (None, *codes):
                yield from ((one, code) for code in codes)


def _add_holders(index: Index, asking: list[KeyOf], wide: list[NameOf], keys: list[KeyOf]) -> None:
    tables = table("names")
    also = [(name, code) for code, names in tables["also"].items() for name in names]
    also += [(name, code) for code, names in tables["shown"].items() for name in names.values()]
    also += [(name, code) for code, one in table("regions")["organisations"].items() for name in one["also"]]
    index.add(asking)
    index.add(_keys(also))
    index.add(_keys(wide))
    index.add((loose_key(name), code) for name, code in [*also, *wide])
    # Who mistypes "America" is not asked about the United States.
    index.is_sure(never_misspelt={one for one, _ in asking if len(index.codes[one]) == 1})
    # Three plain letters are a code or nothing: few would take "cat" for Chad, as it is in one language.
    index.add((one, code) for one, code in keys if len(one) > 3 or not one.isascii())
    index.add((bare_key(name), code) for name, code in also)


def _add_regions(index: Index, wide: list[NameOf], keys: list[KeyOf]) -> None:
    written = {**table("regions")["regions"], **table("regions")["groups"]}
    ours = [(one[language], code) for code, one in written.items() for language in SPOKEN if language in one]
    ours += [(name, code) for code, one in written.items() for name in one.get("also", ())]
    index.add(_keys(ours))
    index.add(_keys(wide))
    index.add((loose_key(name), code) for name, code in [*ours, *wide])
    index.is_sure()
    index.add(keys)


def _named(codes: Container[str], in_languages: InLanguages) -> list[NameOf]:
    """Return each different name of something that we know."""
    different = dict.fromkeys((name, code) for _, names in in_languages for code, name in names.items())
    return [(name, code) for name, code in different if code in codes]


def _keys(names: Iterable[NameOf]) -> list[KeyOf]:
    return [(key(name), code) for name, code in names]


@cache
def _once(codes: Codes) -> Codes:
    """Return the same tuple for the same codes: thirty thousand would take memory."""
    return codes


def _babel() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Return the names of all territories in each language."""
    for language in localedata.locale_identifiers():
        with Path(localedata.resolve_locale_filename(language)).open("rb") as file:
            # Babel's own files, which Babel loads in the same way.
            yield language, pickle.load(file).get("territories", {})  # noqa: S301
