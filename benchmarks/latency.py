"""One member asks one thing after the other: from the command to the answer on the member's screen."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from benchmarks.contenders import COMMAND, Contender
from benchmarks.measures import Times
from bot.demo.client import Client


@dataclass(slots=True)
class Latency:
    """In seconds: `taken` from the moment when the homeserver had the command, `whole` from the Enter key."""

    taken: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


async def measure(member: Client, contenders: list[Contender], commands: int, rounds: int) -> dict[str, Latency]:
    """Send `commands` to each contender, in turn for as many rounds, because a machine has moods."""
    found = {contender.name: Latency() for contender in contenders}
    for number in range(rounds):
        # Who goes first changes too.
        for contender in contenders if number % 2 else reversed(contenders):
            for _ in range(commands // rounds):
                await _one(member, contender, found[contender.name])
    return found


def times(latency: Latency) -> tuple[Times, Times]:
    """Sum up: from the homeserver's receipt, and from the Enter key."""
    return Times.of(latency.taken), Times.of(latency.whole)


async def _one(member: Client, contender: Contender, found: Latency) -> None:
    room_id = contender.rooms[0]
    began = time.perf_counter()
    event_id = await member.say(room_id, COMMAND)
    accepted = time.perf_counter()
    await member.answer_to(event_id, room_id)
    seen = time.perf_counter()
    contender.answered += 1
    found.taken.append(seen - accepted)
    found.whole.append(seen - began)
