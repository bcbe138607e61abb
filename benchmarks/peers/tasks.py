"""What is asked of each bot. They take turns, so that a noisy machine is noisy for all."""

from __future__ import annotations

import asyncio
import signal
import statistics
import time
from collections import Counter
from dataclasses import dataclass

from benchmarks import burst, latency
from benchmarks.burst import Burst
from benchmarks.contenders import COMMAND
from benchmarks.measures import Times
from benchmarks.peers.process import Peer
from bot.demo.client import Client

SETTLED_SECONDS = 3.0
"""After which a bot that was asked nothing is idle."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is asked."""

    commands: int
    rounds: int
    burst: int
    bursts: int
    starts: int
    away: int
    killed: int
    kills: int
    many: int


FULL = Extent(commands=200, rounds=10, burst=400, bursts=2, starts=3, away=100, killed=300, kills=5, many=10_000)
SHORT = Extent(commands=10, rounds=2, burst=40, bursts=1, starts=1, away=20, killed=30, kills=1, many=100)


@dataclass(frozen=True, slots=True)
class Kept:
    """Of commands that were sent while a bot was away or died: with an answer, with more than one."""

    sent: int
    answered: int
    twice: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured of one bot. Times in milliseconds, `start` in seconds, memory in MB."""

    whole: Times
    burst: Burst
    away: Kept
    killed: Kept
    cpu_per_thousand: float
    idle: float
    after: float
    start: float


async def measure(watcher: Client, members: list[Client], peers: list[Peer], extent: Extent) -> dict[str, Found]:
    """Ask everybody everything. All of them run; one is asked at a time."""
    starts = await _starts(watcher, peers, extent.starts)
    await asyncio.sleep(SETTLED_SECONDS)
    idle = {peer.name: peer.memory for peer in peers}
    now = [peer.contender for peer in peers]
    for contender in now:
        contender.begin()
    waits = await latency.measure(watcher, now, extent.commands, extent.rounds)
    await burst.join(members, now)
    bursts = await burst.measure(watcher, members, now, extent.burst, extent.bursts)
    cpu = {contender.name: contender.cpu_per_thousand for contender in now}
    await burst.measure(watcher, members, now, extent.burst, extent.many // extent.burst)
    after = {peer.name: peer.memory for peer in peers}
    found = {}
    for peer in peers:
        found[peer.name] = Found(
            whole=latency.times(waits[peer.name])[1],
            burst=bursts[peer.name],
            away=await _away(watcher, members, peer, extent.away),
            killed=await _killed(watcher, members, peer, extent.killed, extent.kills),
            cpu_per_thousand=cpu[peer.name],
            idle=idle[peer.name],
            after=after[peer.name],
            start=statistics.median(starts[peer.name]),
        )
    return found


async def _starts(member: Client, peers: list[Peer], times: int) -> dict[str, list[float]]:
    """Stop and start them. Not their first start: what is made only once does not count."""
    found: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for _ in range(times):
        for peer in peers:
            await peer.stop()
            seconds, _ = await peer.start(member)
            found[peer.name].append(seconds)
    return found


async def _away(watcher: Client, members: list[Client], peer: Peer, commands: int) -> Kept:
    """Say something in one room while the bot is away."""
    room_id = peer.rooms[0]
    await peer.stop()
    there = [member for member, room in zip(members, _turns(peer, members), strict=True) if room == room_id]
    asked = [await there[number % len(there)].say(room_id, COMMAND) for number in range(commands)]
    await peer.start(watcher)  # is asked in another room
    return await _kept(watcher, [room_id], asked)


async def _killed(watcher: Client, members: list[Client], peer: Peer, commands: int, kills: int) -> Kept:
    """Say something in all rooms while the bot is killed and started again, several times."""
    rooms = _turns(peer, members)
    asked = []
    for number in range(commands):
        place = number % len(members)
        asked.append(await members[place].say(rooms[place], COMMAND))
        if number % (commands // kills) == commands // kills // 2:
            await peer.stop(signal.SIGKILL)
            peer.restart()
    # Who still starts hears this; what was asked before counts.
    return await _kept(watcher, peer.rooms, asked)


async def _kept(watcher: Client, rooms: list[str], asked: list[str]) -> Kept:
    """Count answers until there have been none for a while."""
    answers: Counter[str] = Counter()
    quiet = time.perf_counter()
    while time.perf_counter() - quiet < burst.PATIENCE:
        before = answers.total()
        answers = Counter(
            {event_id: sum(len(watcher.answers_to(room, event_id)) for room in rooms) for event_id in asked}
        )
        if answers.total() > before:
            quiet = time.perf_counter()
        # Also when all have an answer, for a second one may come.
        if min(answers.values()) and time.perf_counter() - quiet > SETTLED_SECONDS:
            break
        await asyncio.sleep(0.5)
    return Kept(len(asked), sum(n > 0 for n in answers.values()), sum(n > 1 for n in answers.values()))


def _turns(peer: Peer, members: list[Client]) -> list[str]:
    """Return the room of each member, as `burst.join` spread them."""
    return [peer.rooms[number % len(peer.rooms)] for number in range(len(members))]
