"""What was asked and done during a run, so that it can be compared with what came of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Asked:
    """A command that was sent. `minute` counts from the start of the run, at most two parts after the point."""

    event: str
    room: str
    who: str
    text: str
    at: float
    thread: str | None = None
    answers: int = 1
    edited_to: str | None = None
    redacted: bool = False


@dataclass(slots=True)
class Wish:
    """A reminder that was promised."""

    who: str
    title: str
    due: datetime
    promised_at: datetime


@dataclass(slots=True)
class Meeting:
    """An event of the calendar that falls due in the run."""

    number: int
    title: str
    start: datetime
    confirmed_at: datetime


@dataclass(slots=True)
class Broken:
    """A promise that was not kept: which, when, with which events."""

    promise: str
    what: str
    at: float | None = None
    events: tuple[str, ...] = ()


@dataclass(slots=True)
class Sample:
    """How large the bot was at a time: bytes in memory, open files."""

    at: float
    pid: int
    memory: int
    files: int


@dataclass(slots=True)
class Ledger:
    """Filled by the workload and the faults, read by the promises."""

    began: float = field(default_factory=time.monotonic)
    asked: list[Asked] = field(default_factory=list)
    pressed: set[str] = field(default_factory=set)
    wishes: list[Wish] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    practices: dict[int, tuple[str, int]] = field(
        default_factory=dict
    )  # by number in the plan: author, submission
    imports: dict[int, str] = field(default_factory=dict)  # by import number: country
    done: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def now(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.began

    def fail(self, promise: str, what: str, at: float | None = None, *events: str) -> None:
        """Note a promise that was not kept."""
        self.broken.append(Broken(promise, what, at, events))
