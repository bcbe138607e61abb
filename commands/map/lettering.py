"""How wide texts are in the font that they are drawn with, so that none is cut."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from config.map import BOLD, REGULAR


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in pixels; `size` is that of the font."""
    advances, units = _advances(BOLD if bold else REGULAR)
    unknown = max(advances.values())
    return sum(advances.get(ord(sign), unknown) for sign in text) * size / units


def lines(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """Break a text into lines that are no wider than `room`. A single word that is wider stays whole."""
    found: list[str] = []
    for word in text.split(" "):
        longer = f"{found[-1]} {word}" if found else word
        if found and width(longer, size, bold=bold) <= room:
            found[-1] = longer
        else:
            found.append(word)
    return found


@lru_cache
def _advances(path: Path) -> tuple[dict[int, int], int]:
    with TTFont(path, lazy=True) as font:
        metrics = font["hmtx"].metrics
        by_sign = {code: metrics[name][0] for code, name in font.getBestCmap().items()}
        return by_sign, int(font["head"].unitsPerEm)
