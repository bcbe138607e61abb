"""Make `countries.json` of the npm package world-atlas 2.0.2, which is Natural Earth 4.1.0 (public domain).

    python -m config.map.derive <folder of the package>

Shapes are of 1:110 million. A member or observer of the United Nations that is too small for that scale gets a
dot in the middle of its largest island at 1:10 million. Where Natural Earth draws who holds a territory, we follow
the United Nations instead: Crimea with Ukraine (A/RES/68/262), the north of Cyprus with Cyprus, Somaliland with
Somalia. Kosovo (S/RES/1244) is drawn and is nobody's here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from config.countries import Standing, countries

MERGED = {"N. Cyprus": "CY", "Somaliland": "SO"}
CRIMEA = (33.0, 36.0, 44.5, 46.0)
"""West, east, south and north of what is inside the one ring that is meant."""

Ring = list[list[float]]


def read(path: Path) -> list[tuple[str, str, list[list[Ring]]]]:
    """Return numeric code, name and polygons of each country in a TopoJSON file."""
    topology = json.loads(path.read_text(encoding="utf-8"))
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append([round(x * scale[0] + shift[0], 2), round(y * scale[1] + shift[1], 2)])
        arcs.append(points)
    found = []
    for one in topology["objects"]["countries"]["geometries"]:
        polygons = [one["arcs"]] if one["type"] == "Polygon" else one["arcs"]
        drawn = [[_ring(ring, arcs) for ring in polygon] for polygon in polygons]
        found.append((one.get("id", ""), one["properties"]["name"], drawn))
    return found


def _ring(indexes: list[int], arcs: list[Ring]) -> Ring:
    points: Ring = []
    for index in indexes:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points += arc[1:] if points else arc
    return points


def derive(folder: Path) -> dict[str, Any]:
    """Return what is in `countries.json`."""
    by_number = {one.numeric: one.alpha2 for one in countries().values() if one.numeric}
    shapes: dict[str, list[list[Ring]]] = {}
    for number, name, polygons in read(folder / "countries-110m.json"):
        code = by_number.get(number) or MERGED.get(name, "")
        for polygon in polygons:
            owner = "UA" if code == "RU" and _is_crimea(polygon[0]) else code
            shapes.setdefault(owner, []).append(polygon)
    wanted = {one.alpha2 for one in countries().values() if one.standing is not Standing.OTHER} - shapes.keys()
    dots = {}
    for number, _name, polygons in read(folder / "countries-10m.json"):
        code = by_number.get(number, "")
        if code in wanted:
            dots[code] = _middle(max((polygon[0] for polygon in polygons), key=_area))
    return {"shapes": dict(sorted(shapes.items())), "dots": dict(sorted(dots.items()))}


def _is_crimea(ring: Ring) -> bool:
    west, east, south, north = CRIMEA
    return any(west < x < east and south < y < north for x, y in ring) and len(ring) < 40


def _area(ring: Ring) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True)))


def _middle(ring: Ring) -> list[float]:
    return [round((min(p[i] for p in ring) + max(p[i] for p in ring)) / 2, 2) for i in (0, 1)]


if __name__ == "__main__":
    data = json.dumps(derive(Path(sys.argv[1])), separators=(",", ":"))
    (Path(__file__).parent / "countries.json").write_text(data + "\n", encoding="utf-8")
