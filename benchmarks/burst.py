"""Many members ask at the same time, as after an announcement: what is answered, lost, or answered twice."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

import aiohttp

from benchmarks.contenders import COMMAND, Contender
from bot.demo.client import Client, v3

CONNECTIONS = 16
PATIENCE = 15.0
"""Seconds without any answer after which the missing ones are lost."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Of one or several bursts: commands, those with an answer, without, with more than one; and seconds."""

    sent: int = 0
    answered: int = 0
    lost: int = 0
    twice: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second, from the first command until the last answer."""
        return self.answered / self.seconds if self.seconds else 0.0

    def __add__(self, other: Burst) -> Burst:
        return Burst(
            self.sent + other.sent,
            self.answered + other.answered,
            self.lost + other.lost,
            self.twice + other.twice,
            self.seconds + other.seconds,
        )


async def measure(
    watcher: Client, members: list[Client], contenders: list[Contender], commands: int, rounds: int
) -> dict[str, Burst]:
    """Send bursts of `commands` to each contender in turn. The watcher is in all rooms."""
    found = {contender.name: Burst() for contender in contenders}
    for number in range(rounds):
        for contender in contenders if number % 2 else reversed(contenders):
            found[contender.name] += await _one(watcher, members, contender, commands)
    return found


async def join(members: list[Client], contenders: list[Contender]) -> None:
    """Spread the members over the rooms of each contender."""
    for contender in contenders:
        for member, room_id in zip(members, itertools.cycle(contender.rooms), strict=False):
            await member.join(room_id)


async def _one(watcher: Client, members: list[Client], contender: Contender, commands: int) -> Burst:
    looked = {room_id: len(watcher.seen.get(room_id, [])) for room_id in contender.rooms}
    began = time.perf_counter()
    sent = await _send(members, contender.rooms, commands)
    answers: Counter[str] = Counter()
    ended = quiet = time.perf_counter()
    while len(answers) < len(sent) and time.perf_counter() - quiet < PATIENCE:
        before = answers.total()
        for room_id in contender.rooms:
            events = watcher.seen.get(room_id, [])
            answers.update(
                target
                for event in events[looked[room_id] :]
                if event["sender"] == contender.user_id and (target := _answered(event)) in sent
            )
            looked[room_id] = len(events)
        if answers.total() > before:
            ended = quiet = time.perf_counter()
        await asyncio.sleep(0.005)
    contender.answered += len(answers)
    return Burst(
        sent=len(sent),
        answered=len(answers),
        lost=len(sent) - len(answers),
        twice=sum(count > 1 for count in answers.values()),
        seconds=ended - began,
    )


async def _send(members: list[Client], rooms: list[str], commands: int) -> set[str]:
    """Send the commands, each member in turn, as fast as the connections take them."""
    turns = itertools.islice(itertools.cycle(zip(members, itertools.cycle(rooms), strict=False)), commands)
    sent: set[str] = set()
    content = {"msgtype": "m.text", "body": COMMAND}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(members[0].homeserver, connector=connector) as web:

        async def connection() -> None:
            for member, room_id in turns:
                headers = {"Authorization": f"Bearer {member.access_token}"}
                path = v3("rooms", room_id, "send", "m.room.message", uuid4().hex)
                async with web.put(path, json=content, headers=headers) as response:
                    response.raise_for_status()
                    sent.add((await response.json())["event_id"])

        await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return sent


def _answered(event: dict[str, object]) -> str | None:
    """Return the command that a message replies to."""
    match event:
        case {"content": {"m.relates_to": {"m.in_reply_to": {"event_id": str(target)}}}}:
            return target
    return None
