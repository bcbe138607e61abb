"""How much is asked of the bot: enough to see a promise kept at every run, or all of it with `make test-long`."""

from __future__ import annotations

import os
from typing import TypeVar

LONG = bool(os.environ.get("GAAMAC_TEST_LONG"))


T = TypeVar("T")


def extent(long: T, short: T) -> T:
    """Return how many of something, or which: the first in long runs, else the second."""
    return long if LONG else short
