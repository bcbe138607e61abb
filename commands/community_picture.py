"""The numbers of the community as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commands import chart
from commands.map import lettering

WIDTH, MARGIN = 900, 30
LEFT, RIGHT = 360, 90
"""Where the bars begin, and what is left for their numbers."""
TITLE, HEADING, TEXT, SMALL = 28, 21, 18, 16
BAR, ROW, LINE = 22, 34, 22
FAINT, COLOUR = "#52606d", "#1f5f99"


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
    most = max(bar.number for one in charts for bar in one.bars)
    parts = [
        chart.words(MARGIN, 48, title, TITLE, weight="bold"),
        chart.words(MARGIN, 76, subtitle, SMALL, colour=FAINT),
    ]
    y = 96.0
    for one in charts:
        y += 38
        parts.append(chart.words(MARGIN, y, one.title, HEADING, weight="bold"))
        y += 14
        for bar in one.bars:
            lines = lettering.lines(bar.name, TEXT, LEFT - MARGIN - 16)
            height = max(ROW, LINE * len(lines) + ROW - LINE)
            middle = y + height / 2
            for number, line in enumerate(lines):
                base = middle + 6 + (number - (len(lines) - 1) / 2) * LINE
                parts.append(chart.words(MARGIN, base, line, TEXT))
            length = (WIDTH - LEFT - RIGHT) * bar.number / most
            parts.append(chart.box(LEFT, middle - BAR / 2, length, BAR, COLOUR))
            parts.append(chart.words(LEFT + length + 8, middle + 6, bar.shown, TEXT))
            y += height
    return chart.drawn(WIDTH, round(y + MARGIN), parts)
