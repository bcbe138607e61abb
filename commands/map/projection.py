"""From longitude and latitude to the plane: Equal Earth, in which areas are true and no continent looks larger.

Source: Šavrič, Patterson, Jenny, "The Equal Earth map projection", 2018, DOI 10.1080/13658816.2018.1504949.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from config.countries import Region
from config.map import shapes

A = (1.340264, -0.081106, 0.000893, 0.003796)
ROOT = math.sqrt(3)

Point = tuple[float, float]

WITHIN = {"RU": (20.0, 60.0)}
"""Of a country that reaches far beyond its region, the degrees east between which it widens the frame."""

PART = 0.2
"""Of the area of its largest island or mainland: smaller ones do not widen the frame, be they far away."""

MARGIN = 0.04
"""Of the width of a region, on each side."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of the world: `middle` is its central meridian, the frame is in the units of the projection."""

    middle: float
    left: float
    right: float
    bottom: float
    top: float
    codes: frozenset[str] | None
    """The countries it is about; None for all."""

    @classmethod
    def world(cls) -> Self:
        """Return the whole world but Antarctica."""
        right, _ = _equal_earth(180, 0)
        return cls(0.0, -right, right, _equal_earth(0, -56.5)[1], _equal_earth(0, 83.7)[1], None)

    @classmethod
    def of(cls, region: Region) -> Self:
        """Return the smallest frame with the countries of a region in it."""
        codes = frozenset(one.alpha2 for one in region.members) or frozenset(
            one.alpha2 for one in region.countries
        )
        places = list(_places(codes))
        if not places:
            return cls.world()
        middle = _middle([longitude for longitude, _ in places])
        points = [_equal_earth(_turned(longitude - middle), latitude) for longitude, latitude in places]
        left, right = _ends(x for x, _ in points)
        bottom, top = _ends(y for _, y in points)
        margin = max(right - left, top - bottom) * MARGIN
        everyone = frozenset(one.alpha2 for one in region.countries)
        return cls(middle, left - margin, right + margin, bottom - margin, top + margin, everyone)

    def place(self, longitude: float, latitude: float) -> Point:
        """Return a point in the units of the projection, y upwards."""
        return _equal_earth(_turned(longitude - self.middle), latitude)

    def rings(self, polygon: list[list[list[float]]]) -> Iterator[list[Point]]:
        """Return the rings of a polygon, cut where the far side of the earth is in this view."""
        for ring in polygon:
            places = _continuous([(longitude - self.middle, latitude) for longitude, latitude in ring])
            for shift in (-360.0, 0.0, 360.0):
                piece = _cut([(x + shift, y) for x, y in places])
                if piece:
                    yield [_equal_earth(x, y) for x, y in piece]

    def shows(self, ring: list[Point]) -> bool:
        """Tell whether any of a ring may lie in the frame, which the picture widens a little."""
        wide, high = self.right - self.left, self.top - self.bottom
        left, right = _ends(x for x, _ in ring)
        bottom, top = _ends(y for _, y in ring)
        slack = max(wide, high)
        return (
            right > self.left - slack
            and left < self.right + slack
            and top > self.bottom - slack
            and bottom < self.top + slack
        )


def _continuous(ring: list[Point]) -> list[Point]:
    """Return a ring without jumps from one side of the earth to the other."""
    found = [(_turned(ring[0][0]), ring[0][1])]
    for longitude, latitude in ring[1:]:
        step = _turned(longitude - found[-1][0])
        found.append((found[-1][0] + step, latitude))
    return found


def _cut(ring: list[Point]) -> list[Point]:
    """Return what of a ring lies between 180 degrees west and east (Sutherland and Hodgman, 1974)."""
    for sign in (1, -1):
        found: list[Point] = []
        for (x1, y1), (x2, y2) in zip(ring[-1:] + ring[:-1], ring, strict=True):
            inside_1, inside_2 = sign * x1 <= 180, sign * x2 <= 180
            if inside_1 != inside_2:
                found.append((sign * 180.0, y1 + (y2 - y1) * (sign * 180 - x1) / (x2 - x1)))
            if inside_2:
                found.append((x2, y2))
        ring = found
        if len(ring) < 3:
            return []
    return ring


def _equal_earth(longitude: float, latitude: float) -> Point:
    t = math.asin(ROOT / 2 * math.sin(math.radians(latitude)))
    t2, t6 = t * t, t**6
    slope = 3 * (9 * A[3] * t6 * t2 + 7 * A[2] * t6 + 3 * A[1] * t2 + A[0])
    x = 2 * ROOT * math.radians(longitude) * math.cos(t) / slope
    return x, t * (A[3] * t6 * t2 + A[2] * t6 + A[1] * t2 + A[0])


def area(ring: Sequence[Sequence[float]]) -> float:
    """Return the area of a ring, in the square of its units (shoelace formula)."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))) / 2


def _turned(longitude: float) -> float:
    return (longitude + 180) % 360 - 180 if not -180 <= longitude <= 180 else longitude


def _places(codes: Iterable[str]) -> Iterator[tuple[float, float]]:
    """Return the outlines of the largest parts of countries, and the dots."""
    data = shapes()
    for code in codes:
        if code in data["shapes"]:
            west, east = WITHIN.get(code, (-180.0, 180.0))
            outlines = [polygon[0] for polygon in data["shapes"][code]]
            largest = max(map(area, outlines))
            for ring in outlines:
                if area(ring) >= PART * largest:
                    yield from ((x, y) for x, y in ring if west <= x <= east)
        elif code in data["dots"]:
            longitude, latitude = data["dots"][code]
            yield longitude, latitude


def _middle(longitudes: list[float]) -> float:
    """Return the middle of the smallest arc with all of them: what is left when the widest gap is taken away."""
    sorted_ = sorted(longitudes)
    gaps = [(b - a, b) for a, b in itertools.pairwise(sorted_)]
    widest, begin = max([*gaps, (sorted_[0] + 360 - sorted_[-1], sorted_[0])])
    return _turned(begin + (360 - widest) / 2)


def _ends(values: Iterable[float]) -> tuple[float, float]:
    found = list(values)
    return min(found), max(found)
