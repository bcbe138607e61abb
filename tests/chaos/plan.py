"""What will happen, and when: a pure function of the seed and the length."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos import words

MEMBERS = tuple(f"member{number}" for number in range(1, 13))
WITHOUT_CHAT = MEMBERS[7:9]
"""Have no chat with the bot; it opens an encrypted one when it has something to say to them."""
TALKING = MEMBERS[9]
"""Shares practices by answering question after question."""
AUTHORS = MEMBERS[10:]
"""Share practices with a form."""
MODERATORS = ("mod1", "mod2", "mod3")
HALLS = ("hall", "salon", "sala")
NEWS = ("news", "noticias")

QUIET = 0.4
"""The last part of the run, in which the bot is not stopped, so that its memory can be looked at."""
SHORT, LONG = 180.0, 600.0
"""Seconds. A short run has less time until something is due, and smaller slips of the clock; a long one more."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that somebody does. `at` and `seconds` count from the start of the run."""

    at: float
    what: str
    who: str = ""
    where: str = ""
    text: str = ""
    number: int = 0
    seconds: float = 0.0

    def line(self) -> str:
        """Write it in one short line."""
        parts = [
            self.who,
            f"in {self.where}" if self.where else "",
            f"no. {self.number}" if self.number else "",
            f"{self.seconds:.1f} s" if self.seconds else "",
            repr(self.text[:50]) if self.text else "",
        ]
        return f"{int(self.at) // 60:3d}:{self.at % 60:04.1f}  {self.what:<12} " + " ".join(p for p in parts if p)


@dataclass(frozen=True, slots=True)
class Plan:
    """The workload, what breaks of processes and the disk, and what breaks of the network."""

    seed: int
    seconds: float
    work: tuple[Step, ...]
    machine: tuple[Step, ...]
    network: tuple[Step, ...]

    def lines(self) -> list[str]:
        """Write the schedule."""
        return [step.line() for step in sorted((*self.work, *self.machine, *self.network), key=lambda one: one.at)]


def plan(seed: int, minutes: float, rate: float = 1.0) -> Plan:
    """Return what is to happen. `rate` is about how many commands are sent in a second."""
    chance = random.Random(f"gaamac chaos {seed} {minutes} {rate}")
    seconds = minutes * 60
    return Plan(
        seed=seed,
        seconds=seconds,
        work=tuple(sorted(_work(chance, seconds, rate), key=lambda one: one.at)),
        machine=tuple(_faults(chance, seconds, _MACHINE, _GENTLE)),
        network=tuple(_faults(chance, seconds, _NETWORK, _NETWORK)),
    )


def _work(chance: random.Random, seconds: float, rate: float) -> list[Step]:
    steps: list[Step] = []
    at = 1.0
    while at < seconds:
        steps += _something(chance, at)
        at += chance.expovariate(rate)
    # What takes long begins early enough to be decided within the run.
    until = max(10.0, seconds * 0.85)
    short, long = seconds < SHORT, seconds >= LONG
    for what, begin, end, every, who, where in (
        ("practice", 2.0, until, 45.0, AUTHORS, ""),
        ("talk", 5.0, until, 240.0, (TALKING,), ""),
        ("suggest", 4.0, until, 60.0, MEMBERS[:7], "hall"),
        ("import", 6.0, until, 90.0, MODERATORS, "office"),
        # Announcements and reminders fall due within the run, or soon after it.
        ("event", 3.0, 10.0 if short else 0.75 * seconds, 100.0 if long else 50.0, MODERATORS, "office"),
    ):
        # In a long run it may take minutes to confirm an event, and to wish to be reminded.
        lead = (60.0 if short else 240.0 if long else 90.0) if what == "event" else 0.0
        for number, at in enumerate(_spread(chance, begin, end, every)):
            steps.append(Step(at, what, chance.choice(who), where, number=number, seconds=lead))
    return steps


def _spread(chance: random.Random, begin: float, end: float, every: float) -> Iterator[float]:
    """Yield times from `begin` to `end`, about so many seconds apart."""
    at = begin
    while at < end:
        yield at
        at += chance.uniform(0.6, 1.4) * every


def _something(chance: random.Random, at: float) -> list[Step]:
    """Return what members do at a moment: mostly ask something."""
    who, where = chance.choice(MEMBERS[:9]), chance.choice(HALLS)
    kinds = {"ask": 50, "thread": 6, "direct": 10, "closed": 10, "edit": 8, "redact": 6, "react": 3, "burst": 2}
    what = chance.choices([*kinds, "say", "nonsense", "choose"], [*kinds.values(), 4, 3, 2])[0]
    wait = chance.choice((0.0, 0.2, 1.0, 4.0))
    if what == "burst":
        return [
            Step(at + place * 0.02, "ask", chance.choice(MEMBERS[:9]), where, _typed(chance))
            for place in range(chance.randint(8, 16))
        ]
    if what == "direct":
        return [Step(at, "ask", chance.choice(MEMBERS[:7]), "direct", _typed(chance))]
    if what == "closed":
        return [Step(at, "closed", "closed", "closed", f"!term {chance.choice([*words.TERMS])}")]
    if what == "say":
        return [Step(at, "say", who, where, chance.choice(words.TALK))]
    if what == "choose":  # in the halls of their languages, so that edits in English can be read
        return [Step(at, "ask", chance.choice(MEMBERS[3:7]), where, chance.choice(_CHOICES))]
    if what == "edit":
        return [Step(at, what, chance.choice(MEMBERS[:3]), "hall", chance.choice([*words.TERMS]), seconds=wait)]
    return [Step(at, what, who, where, _typed(chance), seconds=wait)]


_CHOICES = (
    "!language fr",
    "!language es",
    "!langue anglais",
    "!timezone nairobi",
    "!huso Bogotá",
    "!timezone off",
)


def _typed(chance: random.Random) -> str:
    kind = chance.choices([*words.WEIGHTS], [*words.WEIGHTS.values()])[0]
    return chance.choice(words.ANYTHING[kind])


_MACHINE = {
    "kill": 5,
    "terminate": 3,
    "freeze": 3,
    "homeserver-kill": 2,
    "homeserver-restart": 2,
    "disk-full": 3,
    "clock": 3,
}
_GENTLE = {"freeze": 3, "homeserver-kill": 1, "homeserver-restart": 1, "disk-full": 2, "clock": 2}
"""What the bot survives as the same process."""
_NETWORK = {"drop": 3, "slow": 3, "cut": 4, "lost": 5, "limited": 3, "gateway": 3, "hang": 2}
_SECONDS = {
    "kill": (0.0, 4.0),
    "terminate": (0.0, 4.0),
    "freeze": (2.0, 10.0),
    "homeserver-kill": (0.5, 6.0),
    "homeserver-restart": (0.0, 0.0),
    "disk-full": (3.0, 10.0),
    "clock": (8.0, 25.0),
}


def _faults(
    chance: random.Random, seconds: float, all_kinds: dict[str, int], gentle: dict[str, int]
) -> list[Step]:
    steps: list[Step] = []
    at = chance.uniform(6.0, 10.0)
    while at < seconds - 5.0:
        kinds = all_kinds if at < seconds * (1 - QUIET) else gentle
        what = chance.choices([*kinds], [*kinds.values()])[0]
        least, most = _SECONDS.get(what, (2.0, 8.0))
        lasting = round(chance.uniform(least, most), 1)
        # By how many seconds the clock is set, forwards or back.
        slips = (-15, 15) if seconds < SHORT else (-50, -20, 20, 50)
        number = chance.choice(slips) if what == "clock" else 0
        steps.append(Step(round(at, 1), what, number=number, seconds=lasting))
        at += lasting + chance.uniform(3.0, 12.0)
    return steps
