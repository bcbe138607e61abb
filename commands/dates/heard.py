"""What was read of a date so far, before it is clear which date it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from commands.dates.understood import Reason


@dataclass(frozen=True, slots=True)
class Here:
    """Who says it: the moment on the clocks of the person's zone, and the language."""

    now: datetime
    zone: str
    language: str

    @property
    def today(self) -> date:
        """The day that it is for the person."""
        return self.now.date()


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it was said: perhaps without a year, or without a month."""

    day: int
    month: int | None = None
    year: int | None = None

    @classmethod
    def of(cls, one: date) -> Day:
        """Return a day that is known."""
        return cls(one.day, one.month, one.year)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time as it was said. `part` is am, pm, or a part of the day; `sure`: it is of the 24-hour clock."""

    hour: int
    minute: int = 0
    part: str = ""
    sure: bool = False
    midnight: bool = False


@dataclass(slots=True)
class Heard:
    """Filled in word by word. Several days or zones: what was said can mean each of them."""

    days: tuple[Day, ...] = ()
    last: Day | None = None
    weekday: int | None = None
    clock: Clock | None = None
    until: Clock | None = None
    part: str = ""
    moment: datetime | None = None
    zones: tuple[str, ...] = ()
    fixed: bool = False
    """Whether the zone is no more than a distance from UTC."""
    offset: timedelta | None = None
    duration: timedelta | None = None
    reason: Reason | None = None
    """Why there are several."""
    words: str = ""
    """Those that there is something to ask about."""

    @property
    def is_dated(self) -> bool:
        """Whether a day is known."""
        return bool(self.days) or self.moment is not None

    @property
    def is_timed(self) -> bool:
        """Whether a time of day is known."""
        return self.clock is not None or self.moment is not None

    def ask(self, reason: Reason, words: str) -> None:
        """Note that there is something to ask about; what was noted first is asked first."""
        if self.reason is None:
            self.reason, self.words = reason, words
