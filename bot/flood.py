"""No person may keep the bot busy alone."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from enum import Enum, auto

MINUTE = timedelta(minutes=1)
PEOPLE = 10_000
"""Remembered at once; the one who was silent for longest is forgotten."""


class Verdict(Enum):
    """What to do with a command."""

    ANSWER = auto()
    WARN = auto()
    """One too many: say so, once in a minute."""
    IGNORE = auto()


class Flood:
    """Counts the commands of each person over a minute. `limit` 0: no limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._sent: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._warned: dict[str, datetime] = {}

    def verdict(self, user_id: str, at: datetime) -> Verdict:
        """Count one command of a person at a time and say what to do with it."""
        if self.limit == 0:
            return Verdict.ANSWER
        sent = self._sent.setdefault(user_id, deque(maxlen=self.limit))
        self._sent.move_to_end(user_id)
        if len(self._sent) > PEOPLE:
            forgotten, _ = self._sent.popitem(last=False)
            self._warned.pop(forgotten, None)
        if len(sent) < self.limit or at - sent[0] >= MINUTE:
            sent.append(at)
            return Verdict.ANSWER
        warned = self._warned.get(user_id)
        if warned is not None and at - warned < MINUTE:
            return Verdict.IGNORE
        self._warned[user_id] = at
        return Verdict.WARN
