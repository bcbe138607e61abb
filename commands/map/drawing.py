"""The picture: a title, the map, a legend, and what must be said under every map."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from xml.sax.saxutils import escape

import resvg_py

from commands.map import lettering
from commands.map.projection import Point, View, area
from config.map import BOLD, REGULAR, shapes


class Mark(Enum):
    """What is on record for a country. The values are colours (Okabe and Ito): all can tell them apart."""

    FOCAL_POINT = "#0072B2"
    MECHANISM = "#E69F00"
    BOTH = "#009E73"


NONE = "#D5D8DC"
OUTSIDE = "#ECEEF0"
SEA, INK, FAINT = "#FFFFFF", "#1B2733", "#52606D"

CANVAS = 1600
MARGIN = 48
TITLE, TEXT, SMALL = 52.0, 31.0, 23.0
LEADING = 1.28
BOX = 30
NARROW, TALL = 0.44, 0.95
"""Height of the map as a part of its width: a region that is higher or flatter is set into a frame like this."""
DOT = 7.5
VISIBLE = 110.0
"""Square pixels. A country that is drawn smaller gets a dot besides."""


@dataclass(frozen=True, slots=True)
class Texts:
    """All that is written on the picture, in the reader's language; the labels hold their counts."""

    title: str
    subtitle: str
    focal_point: str
    mechanism: str
    both: str
    none: str
    disclaimer: str
    credit: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, `y` being its baseline."""

    text: str
    x: float
    y: float
    size: float
    bold: bool = False
    colour: str = INK


def draw(view: View, marks: Mapping[str, Mark], texts: Texts, width: int = CANVAS) -> bytes:
    """Return the picture as PNG, `width` pixels wide. It takes a tenth of a second or more: use a thread."""
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=picture(view, marks, texts),
            width=width,
            font_files=[str(REGULAR), str(BOLD)],
            font_family="Noto Sans",
            skip_system_fonts=True,
        )
    )


def size(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, as its header says (https://www.w3.org/TR/png/#11IHDR)."""
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def picture(view: View, marks: Mapping[str, Mark], texts: Texts) -> str:
    """Return the picture as SVG."""
    head, y = _head(texts)
    map_height = _height(view)
    map_top = y + 14
    legend, y = _legend(texts, map_top + map_height + 26)
    foot, y = _foot(texts, y + 12)
    height = round(y + MARGIN - 12)
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CANVAS} {height}" font-family="Noto Sans">',
            f"<defs>{_hatching()}<clipPath id='frame'>"
            f"<rect x='0' y='{map_top}' width='{CANVAS}' height='{map_height}'/></clipPath></defs>",
            f'<rect width="{CANVAS}" height="{height}" fill="{SEA}"/>',
            f'<g clip-path="url(#frame)">{"".join(_countries(view, marks, map_top, map_height))}</g>',
            *(_line(one) for one in head),
            *legend,
            *(_line(one) for one in foot),
            "</svg>",
        ]
    )


def layout(texts: Texts) -> list[Line]:
    """Return every line of text of the world's picture, so that a test can see that none is cut."""
    head, y = _head(texts)
    labels = [Line(label, x + BOX + 14, base, TEXT) for _, label, x, base in _legend_places(texts, y)[0]]
    return [*head, *labels, *_foot(texts, y)[0]]


def _head(texts: Texts) -> tuple[list[Line], float]:
    y = float(MARGIN)
    found = []
    room = CANVAS - 2 * MARGIN
    for text, font_size, bold, colour in ((texts.title, TITLE, True, INK), (texts.subtitle, TEXT, False, FAINT)):
        for line in lettering.lines(text, font_size, room, bold=bold):
            y += font_size * LEADING
            found.append(Line(line, MARGIN, y - font_size * 0.3, font_size, bold, colour))
    return found, y


def _foot(texts: Texts, y: float) -> tuple[list[Line], float]:
    found = []
    for text in (texts.disclaimer, texts.credit):
        for line in lettering.lines(text, SMALL, CANVAS - 2 * MARGIN):
            y += SMALL * LEADING
            found.append(Line(line, MARGIN, y, SMALL, colour=FAINT))
    return found, y


def _legend(texts: Texts, y: float) -> tuple[list[str], float]:
    places, y = _legend_places(texts, y)
    drawn = []
    for mark, label, x, base in places:
        drawn.append(
            f'<rect x="{x:.1f}" y="{base - BOX + 4:.1f}" width="{BOX}" height="{BOX}" rx="4" fill="{_fill(mark)}" '
            f'stroke="{FAINT}" stroke-width="1"/>'
        )
        drawn.append(_line(Line(label, x + BOX + 14, base, TEXT)))
    return drawn, y


def _legend_places(texts: Texts, y: float) -> tuple[list[tuple[Mark | None, str, float, float]], float]:
    """Return where each entry of the legend stands: as many in a row as there is room for."""
    entries: list[tuple[Mark | None, str]] = [
        (Mark.FOCAL_POINT, texts.focal_point),
        (Mark.MECHANISM, texts.mechanism),
        (Mark.BOTH, texts.both),
        (None, texts.none),
    ]
    x, base = float(MARGIN), y + TEXT
    found = []
    for mark, label in entries:
        wide = BOX + 14 + lettering.width(label, TEXT) + 44
        if x > MARGIN and x + wide - 44 > CANVAS - MARGIN:
            x, base = float(MARGIN), base + TEXT * 1.6
        found.append((mark, label, x, base))
        x += wide
    return found, base + 14


def _line(line: Line) -> str:
    weight = ' font-weight="700"' if line.bold else ""
    return (
        f'<text x="{line.x:.1f}" y="{line.y:.1f}" font-size="{line.size}"{weight} fill="{line.colour}">'
        f"{escape(line.text)}</text>"
    )


def _hatching() -> str:
    """Return the stripes of BOTH, so that it can be told without colours."""
    return (
        '<pattern id="both" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="9" height="9" fill="{Mark.BOTH.value}"/>'
        '<rect width="3" height="9" fill="#FFFFFF"/></pattern>'
    )


def _fill(mark: Mark | None) -> str:
    return "url(#both)" if mark is Mark.BOTH else mark.value if mark else NONE


def _height(view: View) -> float:
    ratio = (view.top - view.bottom) / (view.right - view.left)
    return round(CANVAS * min(max(ratio, NARROW), TALL))


def _countries(view: View, marks: Mapping[str, Mark], top: float, height: float) -> Iterator[str]:
    """Draw the countries, then the dots over them."""
    scale = min(CANVAS / (view.right - view.left), height / (view.top - view.bottom))
    x0 = CANVAS / 2 - (view.left + view.right) / 2 * scale
    y0 = top + height / 2 + (view.top + view.bottom) / 2 * scale

    def at(point: Point) -> Point:
        return x0 + point[0] * scale, y0 - point[1] * scale

    data = shapes()
    dots: dict[str, Point] = {}
    for code, polygons in sorted(data["shapes"].items(), key=lambda one: one[0] in marks):
        drawn = [
            [at(point) for point in ring]
            for polygon in polygons
            for ring in view.rings(polygon)
            if view.shows(ring)
        ]
        if not drawn or code == "AQ":
            continue
        path = "".join(_path(ring) for ring in drawn)
        yield (
            f'<path d="{path}" fill="{_colour(view, code, marks)}" fill-rule="evenodd" stroke="#FFFFFF" '
            'stroke-width="1.1" stroke-linejoin="round"/>'
        )
        largest = max(drawn, key=area)
        if sum(map(area, drawn)) < VISIBLE and code in marks:
            dots[code] = _centre(largest)
    for code, place in data["dots"].items():
        if view.codes is None or code in view.codes:
            dots[code] = at(view.place(*place))
    for code, (x, y) in sorted(dots.items(), key=lambda one: one[0] in marks):
        radius = (DOT if view.codes is None else DOT * 1.6) * (1 if code in marks else 0.62)
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{_dot(marks.get(code))}" stroke="#FFFFFF" '
            'stroke-width="1.6"/>'
        )


def _dot(mark: Mark | None) -> str:
    """Return the colour of a dot, which is too small for stripes."""
    return mark.value if mark else "#9AA3AC"


def _colour(view: View, code: str, marks: Mapping[str, Mark]) -> str:
    if view.codes is not None and code not in view.codes:
        return OUTSIDE
    return _fill(marks.get(code))


def _path(ring: list[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z"


def _centre(ring: list[Point]) -> Point:
    return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)
