"""The part of `gaamac-bot check` that looks at rooms: is the bot in them, may it speak, who moderates."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.authority import CREATOR, Authority, needed_to_set
from bot.check_encryption import of_room
from bot.descriptions import EVENT_TYPE
from bot.errors import RefusedError
from bot.findings import Report
from bot.rooms import Rooms
from bot.session import Session
from config.settings import Settings
from storage.rooms import Room

OTHERS = 200
"""Rooms without a task that are looked at."""
AT_ONCE = 8
"""Rooms that are looked at side by side."""


class RoomCheck:
    """Asks the homeserver about the bot's rooms. `running`: the bot runs, and so should be in them.

    `signed`: whether its device is signed by its identity; None: it has not run yet.
    """

    def __init__(
        self,
        report: Report,
        settings: Settings,
        session: Session,
        known: list[Room],
        *,
        running: bool,
        signed: bool | None,
    ) -> None:
        self._signed = signed
        self._report = report
        self._settings = settings
        self._session = session
        self._running = running
        self._names = {room.room_id: room.name for room in known}
        self._rooms = Rooms(session, settings.rooms, settings.invites, known)
        self._authority = Authority(session, self._rooms, settings.moderation.power)

    async def run(self) -> None:
        """Look at every room.

        Raises:
            MatrixError: the homeserver cannot be asked.

        """
        joined = await self._session.joined_rooms()
        self._report.ok("rooms", "rooms", f"The bot is in {len(joined)} room{'' if len(joined) == 1 else 's'}.")
        looked_at = set()
        for configured, tasks in self._tasks().items():
            looked_at.add(await self._configured(configured, tasks, set(joined)))
        if not self._settings.rooms.community:
            self._report.warning(
                "rooms.no-community",
                "rooms.community",
                "No community room is set; the bot answers only where it is invited.",
                "Set GAAMAC_ROOMS__COMMUNITY.",
            )
        if not self._settings.rooms.moderation:
            self._report.warning(
                "rooms.no-moderation",
                "rooms.moderation",
                "No moderation room is set, so nobody may use the moderators' commands.",
                "Set GAAMAC_ROOMS__MODERATION.",
            )
        await self._others([room_id for room_id in joined if room_id not in looked_at])

    def _tasks(self) -> dict[str, list[str]]:
        """Return what each configured room is for."""
        rooms = self._settings.rooms
        tasks: dict[str, list[str]] = {}
        for task, configured in (
            *(("community", room) for room in rooms.community),
            ("moderation", rooms.moderation),
            ("practices", rooms.practices),
            *(("announcements", room) for room in rooms.announcements),
        ):
            if configured:
                tasks.setdefault(configured, []).append(task)
        return tasks

    async def _configured(self, configured: str, tasks: list[str], joined: set[str]) -> str | None:
        """Look at a room that has a task. Return its id."""
        about = f"room {configured} ({', '.join(tasks)})"
        try:
            room_id = await self._session.room_of(configured) if configured[0] == "#" else configured
        except RefusedError:
            advice = "Correct it in the settings."
            self._report.problem("rooms.unknown", about, "The homeserver does not know this alias.", advice)
            return None
        room_id = self._rooms.current(room_id) or room_id
        about = f"room {self._called(room_id, configured)} ({', '.join(tasks)})"
        if room_id not in joined:
            self._not_joined(about)
            return room_id
        await self._may(about, room_id, commands=not {"community", "moderation"}.isdisjoint(tasks))
        of_room(self._report, about, await self._state(room_id, "m.room.encryption"), signed=self._signed)
        if "moderation" in tasks:
            await self._moderators(about, room_id)
        return room_id

    async def _may(self, about: str, room_id: str, *, commands: bool) -> None:
        """Look whether the bot may speak in a room and, where `commands` are given, describe them."""
        power, levels = await self._power(room_id)
        shown = "of a creator" if power == CREATOR else str(power)
        needed = _needed(levels)
        give = f"Give {self._session.user_id} power {{}} in the settings of the room"
        if power is not None and power >= needed:
            said = f"The bot may speak: its power is {shown}, speaking needs {needed}."
            self._report.ok("power", about, said)
        else:
            said = f"The bot may not speak: power {shown}, speaking needs {needed}."
            self._report.problem("power.speak", about, said, give.format(needed) + ".")
        needed = needed_to_set(levels, EVENT_TYPE)
        if commands and self._settings.commands.describe and (power is None or power < needed):
            self._report.warning(
                "power.describe",
                about,
                f"The bot may not describe its commands: power {shown}, that needs {needed}. Everything else "
                "works; no client offers its commands there.",
                f"{give.format(needed)}, or give the state {EVENT_TYPE} a lower level there, or set "
                "commands.describe to false (docs/native.md).",
            )

    def _called(self, room_id: str, shown: str) -> str:
        # A room's name is anybody's text; control characters would reach the operator's terminal.
        name = "".join(sign for sign in self._names.get(room_id) or "" if sign.isprintable())
        return f'{shown} "{name}"' if name else shown

    def _not_joined(self, about: str) -> None:
        if self._running:
            self._report.problem(
                "rooms.not-joined",
                about,
                "The bot runs and is not in this room.",
                f"Invite {self._session.user_id}, or unban it. It comes at once, or when it is started again.",
            )
        else:
            self._report.warning(
                "rooms.not-yet-joined",
                about,
                "The bot is not in this room yet. It joins when it is started, if the room is public or the bot "
                "was invited.",
                f"If the room is not public, invite {self._session.user_id}.",
            )

    async def _power(self, room_id: str) -> tuple[int | None, Mapping[str, Any]]:
        """Return the bot's power in a room, and what needs which power there."""
        power = await self._authority.power(self._session.user_id, room_id)
        return power, await self._state(room_id, "m.room.power_levels")

    async def _moderators(self, about: str, room_id: str) -> None:
        """Count who is a moderator: joined to this room, with the power that the settings ask for."""
        level = self._settings.moderation.power
        levels = await self._state(room_id, "m.room.power_levels")
        create = await self._session.state_event(room_id, "m.room.create")
        users = levels.get("users")
        candidates = {str(create.get("sender")), *(users if isinstance(users, Mapping) else ())}
        additional = create.get("content", {}).get("additional_creators")
        candidates |= {str(user) for user in additional} if isinstance(additional, list) else set()
        candidates.discard(self._session.user_id)
        powers = await self._side_by_side(sorted(candidates), lambda user: self._authority.power(user, room_id))
        count = sum(power is not None and power >= level for power in powers)
        by_default = levels.get("users_default", 0)
        if isinstance(by_default, int) and by_default >= level:
            self._report.problem(
                "power.everybody",
                about,
                f"Everybody in this room is a moderator: power {by_default} is the default there.",
                "Lower the default power of the room, or raise moderation.power.",
            )
        elif count:
            self._report.ok("power", about, f"Moderators found (joined, power {level} or more): {count}.")
        else:
            self._report.warning(
                "power.nobody",
                about,
                f"No moderator was found: nobody in this room has power {level} or more.",
                "Give moderators that power in this room, or lower moderation.power.",
            )

    async def _others(self, room_ids: list[str]) -> None:
        """Look at rooms without a task, and name those where the bot can do nothing."""
        looked_at = room_ids[:OTHERS]

        async def trouble(room_id: str) -> str | None:
            power, levels = await self._power(room_id)
            if power is None or power < _needed(levels):
                return f"The bot may not speak: power {power}, speaking needs {_needed(levels)}."
            if self._signed is False and await self._state(room_id, "m.room.encryption"):
                return "The room is encrypted, and the bot's device is not signed: it cannot read there."
            return None

        found = await self._side_by_side(looked_at, trouble)
        for room_id, text in zip(looked_at, found, strict=True):
            if text:
                self._report.warning("rooms.other", f"room {self._called(room_id, room_id)}", text)
        fine = found.count(None)
        if room_ids:
            skipped = len(room_ids) - len(looked_at)
            more = f" {skipped} more were not looked at." if skipped else ""
            self._report.ok(
                "rooms", "other rooms", f"The bot may read and speak in {fine} of {len(looked_at)}.{more}"
            )

    async def _side_by_side(self, items: list[str], ask: Any) -> list[Any]:  # noqa: ANN401
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(item: str) -> Any:  # noqa: ANN401
            async with slots:
                return await ask(item)

        return list(await asyncio.gather(*(one(item) for item in items)))

    async def _state(self, room_id: str, event_type: str) -> dict[str, Any]:
        try:
            return await self._session.state(room_id, event_type)
        except RefusedError:
            return {}


def _needed(levels: Mapping[str, Any]) -> int:
    """Return the power that a message needs."""
    events = levels.get("events")
    level = events.get("m.room.message") if isinstance(events, Mapping) else None
    level = levels.get("events_default", 0) if level is None else level
    try:
        return int(level)
    except (TypeError, ValueError, OverflowError):
        return 0
