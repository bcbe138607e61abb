"""What a date in words can turn out to be: understood, or to be asked back.

Nothing here is said yet; `echo` and `asking` find the words.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum, auto
from zoneinfo import ZoneInfo


class Caution(Enum):
    """What the person should look at twice when the date is shown back."""

    PAST = auto()
    YEAR_GUESSED = auto()
    """No year was given: it is the next such day."""
    MONTH_GUESSED = auto()
    """No month was given: it is the next day of that number."""
    DAY_GUESSED = auto()
    """Only a time was given: it is the next such time."""
    FIXED_OFFSET = auto()
    """A distance from UTC was given and no place, so that summer time is not followed."""
    NEXT_DAY = auto()
    """It ends at an earlier hour than it begins, and so on the next day."""


class Reason(Enum):
    """Why something was not understood."""

    NOTHING = auto()
    MISSPELT = auto()
    DAY_OR_MONTH = auto()
    MORNING_OR_EVENING = auto()
    MIDNIGHT = auto()
    WHICH_WEEK = auto()
    IDIOM = auto()
    """"Quinze jours" are two weeks to some."""
    WHICH_DAY = auto()
    WHICH_TIME = auto()
    WEEKDAY = auto()
    """The date is another day of the week than was said."""
    IMPOSSIBLE_DATE = auto()
    IMPOSSIBLE_TIME = auto()
    BACKWARDS = auto()
    TOO_LONG = auto()
    ZONES = auto()
    """Several zones are called so, or the name was misspelt."""
    ZONE_UNKNOWN = auto()
    OFFSET = auto()
    """The zone has another distance from UTC at that moment."""
    SKIPPED = auto()
    """The clocks are put forward over this time."""
    TWICE = auto()
    """The clocks are put back, and this time comes twice."""
    SCATTERED = auto()
    """A time or a date stands apart from the rest, and may belong to something else."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A date, perhaps with a time. `rest` is what was said besides."""

    date: dt.date
    time: dt.time | None = None
    """On the clocks of the zone; the fold says which of two equal times. None: all day."""
    zone: str | None = None
    """The IANA name of the zone that was named; None: none was."""
    here: str = "UTC"
    """The zone of the person who said it."""
    duration: dt.timedelta | None = None
    """How long it takes, by a stop watch."""
    last: dt.date | None = None
    """The last day of something that takes whole days, or of which nobody said at what time it ends.

    None: there is no other day, or `duration` tells the end.
    """
    rest: str = ""
    cautions: frozenset[Caution] = frozenset()

    @property
    def place(self) -> str:
        """The zone in which date and time are meant."""
        return self.zone or self.here

    @property
    def start(self) -> dt.datetime | None:
        """The moment in UTC; None if it is all day."""
        if self.time is None:
            return None
        return dt.datetime.combine(self.date, self.time, ZoneInfo(self.place)).astimezone(dt.UTC)

    @property
    def end(self) -> dt.datetime | None:
        """The moment in UTC when it ends; None if it is all day, or if that was not said."""
        return self.start + self.duration if self.start and self.duration else None

    @property
    def is_past(self) -> bool:
        """Whether it lies in the past already."""
        return Caution.PAST in self.cautions


@dataclass(frozen=True, slots=True)
class Unclear:
    """Something to be asked back, with what may be meant, the likeliest first; perhaps nothing."""

    reason: Reason
    words: str = ""
    """The words that it is about, as they were said."""
    choices: tuple[Understood, ...] = ()


class AskingError(Exception):
    """Raised while reading, as soon as it is clear that only the person knows. Never leaves this package."""

    def __init__(self, reason: Reason, words: str = "", choices: tuple[Understood, ...] = ()) -> None:
        super().__init__(reason.name)
        self.unclear = Unclear(reason, words, choices)
