"""How much is asked of the bot: enough to see a promise kept at every run, or all of it with `make test-long`."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("GAAMAC_TEST_LONG"))


def extent(long: int, short: int) -> int:
    """Return how many of something: the first in long runs, else the second."""
    return long if LONG else short
