"""Who may do what, asked of the homeserver at the moment of the decision.

Never from events that came by sync: an encrypted "state event" is a member's word, and a client library may
merge a demotion away. In rooms of version 12 and later the creators rank above every level (MSC4289) and do
not stand among the users.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.errors import LimitedError, RefusedError, UnreachableError
from bot.rooms import Rooms
from bot.session import Session
from commands.context import Permission

CREATOR = 10**9
"""Above every power level (they end at 2^53, but nobody sets them so)."""

_WITHOUT_PRIVILEGED_CREATORS = {str(version) for version in range(1, 12)}
TRIES = 3


class Authority:
    """Answers whether a person holds a permission in a room."""

    def __init__(self, session: Session, rooms: Rooms, level: int) -> None:
        self._session = session
        self._rooms = rooms
        self._level = level

    async def holds(self, permission: Permission, user_id: str, room_id: str, *, direct: bool) -> bool:
        """Tell whether the person holds one of the permissions.

        Raises:
            MatrixError: the homeserver could not be asked. Nobody holds anything then.

        """
        if Permission.ANYONE in permission:
            return True
        if Permission.ROOM_MODERATOR in permission and (direct or await self._reaches(user_id, room_id)):
            return True
        if Permission.MODERATOR in permission:
            room = self._rooms.moderation
            # Whoever was removed from a room is shown it as it was then: of later demotions nobody would know.
            return room is not None and self._rooms.is_joined(room) and await self._reaches(user_id, room)
        return False

    async def power(self, user_id: str, room_id: str) -> int | None:
        """Return a person's power level in a room; None when not joined to it."""
        member, levels, create = await asyncio.gather(
            self._ask(lambda: self._session.state(room_id, "m.room.member", user_id)),
            self._ask(lambda: self._session.state(room_id, "m.room.power_levels")),
            self._ask(lambda: self._session.state_event(room_id, "m.room.create")),
        )
        if member.get("membership") != "join":
            return None
        if user_id in _creators(create):
            return CREATOR
        return _level(levels, user_id, create)

    async def may_set(self, user_id: str, room_id: str, event_type: str) -> bool:
        """Tell whether somebody may set the state of a room that is of this type."""
        power = await self.power(user_id, room_id)
        levels = await self._ask(lambda: self._session.state(room_id, "m.room.power_levels"))
        return power is not None and power >= needed_to_set(levels, event_type)

    async def _reaches(self, user_id: str, room_id: str) -> bool:
        power = await self.power(user_id, room_id)
        return power is not None and power >= self._level

    async def _ask(self, question: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Ask with patience. What does not exist, or is not for the bot to see, is an empty answer."""
        attempt = 0
        while True:
            try:
                return await question()
            except RefusedError:
                return {}
            except (LimitedError, UnreachableError) as error:
                attempt += 1
                if attempt == TRIES:
                    raise
                wait = error.retry_after if isinstance(error, LimitedError) else 0.5 * attempt
                await asyncio.sleep(min(wait, 10.0))


def needed_to_set(levels: Mapping[str, Any], event_type: str) -> int:
    """Return the power that state of a type needs in a room with these power levels.

    https://spec.matrix.org/latest/client-server-api/#mroompower_levels
    """
    events = levels.get("events")
    level = events.get(event_type) if isinstance(events, Mapping) else None
    return _number(levels.get("state_default", 50) if level is None else level)


def _creators(create: Mapping[str, Any]) -> set[str]:
    content = create.get("content")
    if not isinstance(content, Mapping):
        return set()
    if str(content.get("room_version", "1")) in _WITHOUT_PRIVILEGED_CREATORS:
        return set()
    additional = content.get("additional_creators")
    more = additional if isinstance(additional, list) else []
    return {str(create.get("sender")), *(user for user in more if isinstance(user, str))}


def _level(levels: Mapping[str, Any], user_id: str, create: Mapping[str, Any]) -> int:
    if not levels:
        # Without the event only the creator has power: https://spec.matrix.org/latest/client-server-api/#mroompower_levels
        return 100 if create.get("sender") == user_id else 0
    users = levels.get("users")
    level = users.get(user_id) if isinstance(users, Mapping) else None
    if level is None:
        level = levels.get("users_default", 0)
    return _number(level)


def _number(level: Any) -> int:  # noqa: ANN401 - what a homeserver sent
    try:
        return int(level)
    except (TypeError, ValueError, OverflowError):  # OverflowError: 1e999 is infinite
        return 0
