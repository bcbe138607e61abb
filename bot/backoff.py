"""Pauses between attempts: longer each time, and never the same for two bots that fail together."""

from __future__ import annotations

import random


class Backoff:
    """Exponential with jitter: half of each pause is fixed, half is drawn. Seconds."""

    def __init__(self, first: float = 0.5, longest: float = 60.0) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def next(self) -> float:
        """Return how long to wait after one more failure."""
        pause = min(self._first * 2.0**self._failures, self._longest)
        self._failures = min(self._failures + 1, 20)
        return pause * (0.5 + random.random() / 2)  # noqa: S311 - nothing secret

    def reset(self) -> None:
        """Begin anew after a success."""
        self._failures = 0
