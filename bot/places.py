"""Rooms as somewhere to write to, and people as somebody who asks there."""

from __future__ import annotations

from bot.rooms import Rooms
from commands.context import Asker
from storage.inbox import InboxEvent


class Places:
    """Those of the bot; with `prefix` commands begin, but in direct chats."""

    def __init__(self, rooms: Rooms, prefix: str) -> None:
        self._rooms = rooms
        self._prefix = prefix

    def asker(self, event: InboxEvent) -> Asker:
        """Return who said something, and where."""
        direct = self._rooms.is_direct(event.room_id)
        prefix = "" if direct else self._prefix
        return Asker(user_id=event.sender, room_id=event.room_id, direct=direct, prefix=prefix)

    def moderation(self) -> Asker | None:
        """Return the moderation room; None without one."""
        room_id = self._rooms.moderation
        return self._speaker(room_id) if room_id else None

    def practices(self) -> Asker | None:
        """Return the room for practices; None without one."""
        room_id = self._rooms.practices
        return self._speaker(room_id) if room_id else None

    def announcements(self) -> list[Asker]:
        """Return the rooms in which events are announced."""
        return [self._speaker(room_id) for room_id in self._rooms.announcements]

    def learning(self) -> list[Asker]:
        """Return the rooms with a term of the week."""
        return [self._speaker(room_id) for room_id in self._rooms.learning]

    def present(self, room_id: str) -> Asker | None:
        """Return a room, or the one that replaced it, if the bot is in it."""
        now = self._rooms.current(room_id) or room_id
        return self._speaker(now) if self._rooms.is_joined(now) else None

    def _speaker(self, room_id: str) -> Asker:
        """Return a room as somewhere to write to without having been asked."""
        return Asker(user_id="", room_id=room_id, direct=False, prefix=self._prefix)
