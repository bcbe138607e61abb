"""The numbers of the community as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import resvg_py

from commands.map import lettering
from config.map import BOLD, REGULAR

WIDTH, MARGIN = 900, 30
LEFT, RIGHT = 360, 90
"""Where the bars begin, and what is left for their numbers."""
TITLE, HEADING, TEXT, SMALL = 28, 21, 18, 16
BAR, ROW, LINE = 22, 34, 22
INK, FAINT, COLOUR = "#1b2733", "#52606d", "#1f5f99"


@dataclass(frozen=True, slots=True)
class Bar:
    """A group with its number, below which the true one is not."""

    name: str
    number: int

    @property
    def shown(self) -> str:
        """The number as it is written: so many or more."""
        return f"{self.number}+"


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under a heading."""

    title: str
    bars: tuple[Bar, ...]


def draw(title: str, subtitle: str, charts: Sequence[Chart]) -> bytes:
    """Return the picture as PNG. It takes some hundredths of a second: use a thread."""
    most = max(bar.number for chart in charts for bar in chart.bars)
    parts, y = [_text(MARGIN, 48, title, TITLE, bold=True), _text(MARGIN, 76, subtitle, SMALL, colour=FAINT)], 96.0
    for chart in charts:
        y += 38
        parts.append(_text(MARGIN, y, chart.title, HEADING, bold=True))
        y += 14
        for bar in chart.bars:
            lines = lettering.lines(bar.name, TEXT, LEFT - MARGIN - 16)
            height = max(ROW, LINE * len(lines) + ROW - LINE)
            middle = y + height / 2
            for number, line in enumerate(lines):
                base = middle + 6 + (number - (len(lines) - 1) / 2) * LINE
                parts.append(_text(MARGIN, base, line, TEXT))
            length = (WIDTH - LEFT - RIGHT) * bar.number / most
            parts.append(
                f'<rect x="{LEFT}" y="{middle - BAR / 2:.1f}" width="{length:.1f}" height="{BAR}" '
                f'fill="{COLOUR}"/>'
            )
            parts.append(_text(LEFT + length + 8, middle + 6, bar.shown, TEXT))
            y += height
    height = round(y + MARGIN)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )
    return bytes(
        resvg_py.svg_to_bytes(svg_string=svg, font_files=[str(REGULAR), str(BOLD)], skip_system_fonts=True)
    )


def _text(x: float, y: float, words: str, size: int, *, bold: bool = False, colour: str = INK) -> str:
    weight = "bold" if bold else "normal"
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="Noto Sans" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}">{escape(words)}</text>'
    )
