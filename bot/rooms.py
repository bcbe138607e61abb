"""The rooms: what is known of each, which ones the bot joins, and what they are for.

What should be so (invitations that are accepted, configured rooms, successors of upgraded rooms) is stored;
`settle` makes it so, and is called until it is. A crash or a refusal in between changes nothing about it.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from bot.errors import LimitedError, MatrixError, RefusedError
from bot.events import (
    EncryptionOn,
    Event,
    MalformedError,
    MemberChange,
    PowerChange,
    RoomName,
    RoomUpgrade,
    parse,
)
from bot.session import Session
from config.settings import InviteSettings, RoomSettings
from storage.rooms import Room

log = structlog.get_logger(__name__)

REFUSED = "refused"
"""In place of a fingerprint: the bot may not describe its commands in that room."""

Action = Callable[[], Awaitable[object]]


class Rooms:
    """What the bot knows of its rooms. Changes are provisional until the inbox has stored them."""

    def __init__(
        self, session: Session, configured: RoomSettings, invites: InviteSettings, known: list[Room]
    ) -> None:
        self._session = session
        self._configured = configured
        self._invites = invites
        self._known = {room.room_id: room for room in known}
        # The few rooms that may be to be joined, or to be followed. To look through all of them each time would
        # take longer with each room.
        self._moving = {room.room_id for room in known if _is_moving(room)}
        self._ids: dict[str, str] = {}  # configured id or alias -> room id
        self._given_up: set[str] = set()
        self._false: set[str] = set()  # rooms that were named as successors and are none
        self._before: dict[str, Room | None] = {}
        self._to_describe: set[str] = set()

    def __getitem__(self, room_id: str) -> Room:
        """Return a room that the bot knows."""
        return self._known[room_id]

    def is_joined(self, room_id: str) -> bool:
        """Tell whether the bot is in a room."""
        room = self._known.get(room_id)
        return room is not None and room.membership == "join"

    def is_encrypted(self, room_id: str) -> bool:
        """Tell whether messages in a room are encrypted. Once they are, they stay so."""
        room = self._known.get(room_id)
        return room is not None and room.encrypted

    def joined(self) -> list[Room]:
        """Return the rooms that the bot is in."""
        return [room for room in self._known.values() if room.membership == "join"]

    @property
    def moderation(self) -> str | None:
        """The id of the moderation room as it is now."""
        return self.current(self._configured.moderation) if self._configured.moderation else None

    @property
    def practices(self) -> str | None:
        """The id of the room where practices are published, as it is now."""
        return self.current(self._configured.practices) if self._configured.practices else None

    @property
    def announcements(self) -> list[str]:
        """The ids of the rooms in which events are announced, as they are now and as far as the bot is in them."""
        return self._here(self._configured.announcements)

    @property
    def learning(self) -> list[str]:
        """The ids of the rooms in which members learn: where events are announced, and where members ask."""
        return self._here([*self._configured.announcements, *self._configured.community])

    def _here(self, configured: Iterable[str]) -> list[str]:
        found = (self.current(one) for one in configured)
        return [room_id for room_id in dict.fromkeys(found) if room_id and self.is_joined(room_id)]

    @property
    def community(self) -> list[str]:
        """The ids of the rooms for the community, as they are now and as far as the bot is in them."""
        return self._here(self._configured.community)

    def current(self, configured: str) -> str | None:
        """Return the room that a configured id or alias means now, through all upgrades."""
        room_id = configured if configured.startswith("!") else self._ids.get(configured)
        seen: set[str] = set()
        while room_id and room_id not in seen:
            seen.add(room_id)
            room = self._known.get(room_id)
            if room is None or room.successor is None or not self.is_joined(room.successor):
                return room_id
            room_id = room.successor
        return room_id

    def changed(self) -> list[Room]:
        """Return the rooms as they are to be stored."""
        return [self._known[room_id] for room_id in self._before]

    def commit(self) -> None:
        """Keep the changes: they are stored."""
        self._before.clear()

    def rollback(self) -> None:
        """Take the changes back: they could not be stored, and what they came from will be read again."""
        for room_id, before in self._before.items():
            self._set(room_id, before)
        self._before.clear()

    # What a sync says

    def joined_now(self, room_id: str, section: Mapping[str, Any], at: datetime) -> bool:
        """Note that the bot is in a room. Return whether it was not before."""
        before = self._known.get(room_id)
        newly = before is None or before.membership != "join"
        summary = section.get("summary")
        count = summary.get("m.joined_member_count") if isinstance(summary, Mapping) else None
        changes: dict[str, Any] = {"membership": "join"}
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**31:
            changes["members"] = count
        if newly:
            changes["since"] = at
        self._change(room_id, at, **changes)
        return newly

    def invited(self, room_id: str, section: Mapping[str, Any], at: datetime) -> None:
        """Note an invitation, if it comes from somebody whose invitations are accepted."""
        invitation = self._own_membership(room_id, section)
        if invitation is None:
            return
        known = {self._known[moving].successor for moving in self._moving} | set(self._ids.values())
        expected = room_id in known or room_id in self._configured.every()
        allowed = any(fnmatch.fnmatchcase(invitation.sender, glob) for glob in self._invites.allowed)
        if not (allowed or expected):
            log.info("invitation not accepted", room=room_id, sender=invitation.sender)
            return
        self._change(room_id, at, membership="invite", direct=invitation.direct)
        self._given_up.discard(room_id)

    def left(self, room_id: str, at: datetime) -> None:
        """Note that the bot is not in a room any more: it left, was removed or banned."""
        if self.is_joined(room_id):
            log.warning("no longer in a room", room=room_id)
        if room_id in self._known:
            self._change(room_id, at, membership="leave")

    def apply(self, event: Event) -> None:
        """Note what a state event of a room says about it."""
        if isinstance(event, RoomUpgrade):
            self._change(event.room_id, event.sent_at, successor=event.successor)
        elif isinstance(event, RoomName):
            self._change(event.room_id, event.sent_at, name=event.name)
        elif isinstance(event, EncryptionOn):
            self._change(event.room_id, event.sent_at, encrypted=True)
        elif isinstance(event, PowerChange) and self._known[event.room_id].described == REFUSED:
            self._change(event.room_id, event.sent_at, described=None)
            self._to_describe.add(event.room_id)

    def is_direct(self, room_id: str) -> bool:
        """Tell whether this is a chat with one person, where everything said is meant for the bot.

        A room that was opened as a direct chat, or that has no name and nobody else in it. One that grew
        beyond two is no direct chat any more; a room with a task from the settings never is.
        """
        room = self._known[room_id]
        if room.members > 2 or room_id in {self.current(one) for one in self._configured.every()}:
            return False
        return room.direct or (room.members == 2 and not room.name)

    # What the commands of the bot look like there (`bot.describing`)

    def arrived(self, room_id: str) -> None:
        """Note that the bot has come to a room while it ran."""
        self._change(room_id, self._known[room_id].since, described=None)
        self._to_describe.add(room_id)

    def to_describe(self) -> set[str]:
        """Return, once, the rooms in which it may have become possible to describe commands."""
        found, self._to_describe = self._to_describe, set()
        return found

    def describe(self, room_id: str, described: str | None) -> None:
        """Keep what is stored of the descriptions in a room."""
        self._known[room_id] = self._known[room_id].model_copy(update={"described": described})

    # What should be so

    def unsettled(self) -> bool:
        """Tell whether there is a room to join."""
        return bool(self._to_do())

    def missing(self) -> dict[str, bool]:
        """Return the rooms with a task that the bot cannot join, and of each whether it was in it before."""
        found = {}
        for configured in self._configured.every():
            there = self._known.get(self.current(configured) or "")
            wanted = configured
            if there is not None and there.membership == "join" and there.successor not in (None, *self._false):
                # Removed from the room that replaced it, the bot is left with the old one.
                wanted = there.successor or ""
                there = self._known.get(wanted)
            if wanted in self._given_up and (there is None or there.membership != "join"):
                found[wanted] = there is not None and there.membership == "leave"
        return found

    async def verify(self, now: datetime) -> None:
        """Ask the homeserver whether the bot still is in its rooms with a task: of a purged one no sync tells."""
        for configured in self._configured.every():
            room_id = self.current(configured)
            if room_id is None or not self.is_joined(room_id):
                continue
            try:
                found = await self._session.state(room_id, "m.room.member", self._session.user_id)
                gone = found.get("membership") in ("leave", "ban")
            except RefusedError:
                gone = True
            except MatrixError:
                return  # It does not answer, which is noticed elsewhere.
            if gone:
                self.left(room_id, now)

    async def settle(self) -> float:
        """Join what is to be joined. Return after how many seconds to look again."""
        for name, action in self._to_do():
            try:
                await action()
            except RefusedError as error:
                log.warning("cannot join", room=name, error=str(error))
                self._given_up.add(name)
            except LimitedError as error:
                return error.retry_after
            except MatrixError as error:
                log.warning("cannot join now", room=name, error=str(error))
                return 10.0
        # A room that was joined shows in the next sync; until then it would be joined again.
        return 1.0

    def _to_do(self) -> list[tuple[str, Action]]:
        """Return what is to be joined, by name, and how."""
        wanted: list[tuple[str, Action]] = [
            (configured, partial(self._join_configured, configured))
            for configured in self._configured.every()
            if not self._is_in(configured)
        ]
        for room in [self._known[room_id] for room_id in self._moving]:
            if room.membership == "invite":
                wanted.append((room.room_id, partial(self._session.join, room.room_id)))
            elif room.membership == "join" and room.successor and not self.is_joined(room.successor):
                wanted.append((room.successor, partial(self._follow, room)))
        return [(name, action) for name, action in wanted if name not in self._given_up]

    def _is_in(self, configured: str) -> bool:
        room_id = self.current(configured)
        return room_id is not None and self.is_joined(room_id)

    async def _join_configured(self, configured: str) -> None:
        room_id = await self._session.join(configured)
        self._ids[configured] = room_id

    async def resolve(self) -> None:
        """Ask the homeserver what the configured aliases mean now."""
        for configured in self._configured.every():
            if configured.startswith("#"):
                try:
                    self._ids[configured] = await self._session.room_of(configured)
                except MatrixError as error:
                    log.warning("cannot resolve alias", alias=configured, error=str(error))

    async def _follow(self, old: Room) -> None:
        """Join the room that replaced another, if it says so itself."""
        successor = old.successor or ""
        via = (await self._session.state_event(old.room_id, "m.room.tombstone")).get("sender", "")
        await self._session.join(successor, via=str(via).partition(":")[2] or None)
        create = await self._session.state_event(successor, "m.room.create")
        predecessor = create.get("content", {}).get("predecessor")
        if not isinstance(predecessor, Mapping) or predecessor.get("room_id") != old.room_id:
            log.warning("the new room does not name the old one", room=old.room_id, successor=successor)
            self._given_up.add(successor)
            self._false.add(successor)
            await self._session.leave(successor)
            return
        log.info("followed a room upgrade", room=old.room_id, successor=successor)

    def _own_membership(self, room_id: str, section: Mapping[str, Any]) -> MemberChange | None:
        state = section.get("invite_state")
        events = state.get("events") if isinstance(state, Mapping) else None
        for raw in events if isinstance(events, list) else []:
            try:
                event = parse(raw, room_id)
            except MalformedError:
                continue
            if isinstance(event, MemberChange) and event.user_id == self._session.user_id:
                return event
        return None

    def _change(self, room_id: str, at: datetime, **values: Any) -> None:  # noqa: ANN401
        known = self._known.get(room_id)
        before = known or Room(room_id=room_id, membership="leave", since=at)
        after = before.model_copy(update=values)
        if after != known:
            self._before.setdefault(room_id, known)
            self._set(room_id, after)

    def _set(self, room_id: str, room: Room | None) -> None:
        if room is None:
            del self._known[room_id]
        else:
            self._known[room_id] = room
        if room is not None and _is_moving(room):
            self._moving.add(room_id)
        else:
            self._moving.discard(room_id)


def _is_moving(room: Room) -> bool:
    return room.membership == "invite" or room.successor is not None
