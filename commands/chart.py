"""Small pictures of figures: words and bars as SVG, drawn to PNG with the fonts that the bot brings."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

import resvg_py

from config.map import BOLD, REGULAR

INK = "#222222"


def words(
    x: float,
    y: float,
    said: str,
    size: int,
    *,
    anchor: str = "start",
    weight: str = "normal",
    colour: str = INK,
) -> str:
    """Return a text at a place; `size` in pixels."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="Noto Sans" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}">{escape(said)}</text>'
    )


def box(x: float, y: float, width: float, height: float, colour: str) -> str:
    """Return a filled rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def drawn(width: int, height: int, parts: Iterable[str]) -> bytes:
    """Draw parts on white, and return the picture as PNG."""
    ground = box(0, 0, width, height, "#ffffff")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{ground}{"".join(parts)}</svg>'
    )
    return bytes(
        resvg_py.svg_to_bytes(svg_string=svg, font_files=[str(REGULAR), str(BOLD)], skip_system_fonts=True)
    )
