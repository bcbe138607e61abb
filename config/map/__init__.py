"""The shapes of countries for the map, and the fonts that are drawn with."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
REGULAR, BOLD = FOLDER / "NotoSans-Regular.ttf", FOLDER / "NotoSans-Bold.ttf"


@lru_cache
def shapes() -> dict[str, Any]:
    """Return `shapes` (polygons by alpha-2 code; "" for what is nobody's here) and `dots` (places by code).

    A polygon is a list of rings, the first its outline and the others holes; a ring is a list of longitude and
    latitude in degrees.
    """
    found: dict[str, Any] = json.loads((FOLDER / "countries.json").read_text(encoding="utf-8"))
    return found
