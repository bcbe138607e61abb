"""What was said in the rooms of a run, read from their beginning."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import plan as plans
from tests.chaos.town import Town
from tests.homeserver.running import persistently, reply_to

Json = dict[str, Any]


@dataclass
class Seen:
    """All events by the ids of the rooms; `closed` counts the answers in the encrypted room.

    `opened` are the rooms that the bot made, by the member for whom it did.
    """

    bot: str
    rooms: dict[str, list[Json]] = field(default_factory=dict)
    closed: Counter[str] = field(default_factory=Counter)
    opened: dict[str, list[str]] = field(default_factory=dict)

    def said(self, room: str) -> list[Json]:
        """Return the bot's messages in a room that stand, without edits."""
        return [
            event
            for event in self.rooms.get(room, [])
            if event["sender"] == self.bot
            and event["type"] in ("m.room.message", "m.room.encrypted")
            and event["content"]
            and event["content"].get("m.relates_to", {}).get("rel_type") != "m.replace"
        ]

    def replies(self) -> dict[str, list[Json]]:
        """Return the bot's messages by what they reply to."""
        found: dict[str, list[Json]] = defaultdict(list)
        for room in self.rooms:
            for event in self.said(room):
                if target := reply_to(event):
                    found[target].append(event)
        return found


async def look(town: Town) -> Seen:
    """Read every room."""
    seen = Seen(town.bot.user_id)
    for name, room in town.rooms.items():
        if name != "closed":
            seen.rooms[room] = await town.history(plans.MODERATORS[0], room)
    for name, room in town.direct.items():
        seen.rooms[room] = await town.history(name, room)
    seen.closed = town.closed.answers(town.rooms["closed"], seen.bot)
    for name in plans.WITHOUT_CHAT:
        seen.opened[name] = await _invited(town, name)
        for room in seen.opened[name]:
            await persistently(lambda name=name, room=room: town.people[name].join(room))  # type: ignore[misc]
            seen.rooms[room] = await town.history(name, room)
    return seen


async def _invited(town: Town, name: str) -> list[str]:
    """Return the rooms that the bot made for a member."""
    path = "/_matrix/client/v3/sync?timeout=0"
    found = await persistently(lambda: town.people[name].request("GET", path))
    return [
        room
        for room, section in found.get("rooms", {}).get("invite", {}).items()
        if any(event["sender"] == town.bot.user_id for event in section["invite_state"]["events"])
    ]
