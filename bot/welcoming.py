"""Who comes to a community room for the first time is welcomed once, in a direct chat.

An event that somebody joined does not say whether they were there before: a new name makes the same event, and
what it says of the time before cannot be relied on. So it is remembered who was met (`storage.newcomers`). Who is
in a room when the bot comes to it, or was in it before, is asked of the homeserver, and not welcomed.
"""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from bot import answers
from bot.backoff import Backoff
from bot.clock import Once
from bot.direct import WELCOME
from bot.errors import MatrixError
from bot.events import Event, MalformedError, MemberChange, parse
from bot.rooms import Rooms
from bot.session import Session
from bot.turns import Turns
from bot.voice import Voice
from commands import welcome
from commands.context import Asker
from commands.rendering import split
from config.settings import WelcomeSettings
from storage import newcomers
from storage import rooms as room_storage
from storage.database import Database, Writer
from storage.due import Due
from storage.newcomers import Join
from storage.outbox import OutboxRow, Priority
from storage.rooms import Room

log = structlog.get_logger(__name__)

THERE = frozenset({"join", "leave", "ban"})
"""Who left was there once; so does count who declined an invitation, of whom a room says the same."""
TOGETHER = 500
"""People of one transaction."""


class Newcomers:
    """Remembers who is in the community rooms, and plans welcomes. `known` are the rooms as they are stored."""

    def __init__(
        self,
        session: Session,
        database: Database,
        rooms: Rooms,
        settings: WelcomeSettings,
        known: Sequence[Room],
        catching_up: Callable[[], bool],
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._session = session
        self._database = database
        self._rooms = rooms
        self._settings = settings
        self._catching_up = catching_up
        self._backoff = backoff
        self._apart = timedelta(hours=1) / settings.per_hour
        self._known_at = {room.room_id: room.members_known_at for room in known if room.members_known_at}
        self._woken = asyncio.Event()

    def among(self, events: Sequence[Event]) -> list[Join]:
        """Return who is in a community room now, by these events; most of them were before.

        They are as the homeserver tells them. An encrypted event that says it is a member event never comes here.
        """
        changes = [one for one in events if isinstance(one, MemberChange) and one.membership == "join"]
        if not changes:
            return []
        rooms = set(self._rooms.community)
        return [
            Join(one.user_id, one.room_id)
            for one in changes
            if one.room_id in rooms and self._is_member(one.user_id)
        ]

    async def take(self, writer: Writer, joins: list[Join], now: datetime) -> bool:
        """Remember people, and plan the welcome of those who are new. Return whether there are any."""
        fresh = await newcomers.meet(writer, joins, now)
        wished = {
            room_id: self._knows(room_id) and await room_storage.welcomes(writer, room_id, self._settings.on)
            for room_id in {join.room_id for join in fresh.values()}
        }
        fresh = {one: join for one, join in fresh.items() if wished[join.room_id]}
        if self._catching_up():
            # They may have been welcomed before a backup was put back. What is due now is held against the rooms.
            await newcomers.plan_at_once(writer, fresh, now)
        elif fresh:
            await newcomers.plan(writer, fresh, now, self._apart)
        return bool(fresh)

    def look(self) -> None:
        """Look whether there is a community room of which it is not known who is in it."""
        if any(True for _ in self._unknown()):
            self._woken.set()

    async def run(self) -> None:
        """Learn who is in the community rooms, until cancelled."""
        backoff = self._backoff()
        while True:
            await self._woken.wait()
            self._woken.clear()
            for room_id in list(self._unknown()):
                try:
                    await self._learn(room_id)
                except MatrixError as error:
                    log.warning("cannot learn who is in a room", room=room_id, error=str(error))
                    await asyncio.sleep(backoff.next())
                except Exception as error:
                    log.exception("cannot store who is in a room", room=room_id, error=type(error).__name__)
                    await asyncio.sleep(backoff.next())
                else:
                    backoff.reset()

    async def _learn(self, room_id: str) -> None:
        found = await self._session.call("GET", "rooms", room_id, "members")
        people, turns = set[str](), Turns()
        chunk = found.get("chunk")
        for raw in chunk if isinstance(chunk, list) else []:
            try:
                event = parse(raw, room_id)
            except MalformedError:
                continue
            if isinstance(event, MemberChange) and event.membership in THERE and self._is_member(event.user_id):
                people.add(event.user_id)
            await turns.give()
        now = datetime.now(UTC)
        joins = [Join(person, room_id) for person in sorted(people)]
        for start in range(0, len(joins), TOGETHER):
            async with self._database.write() as writer:
                await newcomers.meet(writer, joins[start : start + TOGETHER], now)
        async with self._database.write() as writer:
            await room_storage.know_members(writer, room_id, now)
        # Not before all is stored: until then who joins is remembered, and not welcomed.
        self._known_at[room_id] = now
        log.info("learned who is in a room", room=room_id)

    def _unknown(self) -> Iterator[str]:
        return (room_id for room_id in self._rooms.community if not self._knows(room_id))

    def _knows(self, room_id: str) -> bool:
        """Tell whether it is known who is in a room. What happened while the bot was not in it is not."""
        known_at = self._known_at.get(room_id)
        return known_at is not None and known_at >= self._rooms[room_id].since

    def _is_member(self, person: str) -> bool:
        mine = person == self._session.user_id
        return not mine and not any(fnmatch.fnmatchcase(person, glob) for glob in self._settings.skip)


class Welcoming(Once):
    """Welcomes one person."""

    grace = timedelta(days=14)
    """Later it would only be odd."""

    def __init__(self, voice: Voice, settings: WelcomeSettings, prefix: str) -> None:
        self._voice = voice
        self._settings = settings
        self._prefix = prefix

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the welcome, in the language of the room; nothing if it was switched off meanwhile."""
        payload = due.payload or {}
        person, room_id = str(payload["person"]), str(payload["room"])
        if not await room_storage.welcomes(writer, room_id, self._settings.on):
            return []
        there = Asker(user_id=person, room_id=room_id, direct=True, prefix="")
        ctx = await self._voice.context(writer, there, now)
        return [
            OutboxRow(
                # The same whenever it is said, and in whatever life.
                txn_id=answers.transaction_id(newcomers.WELCOME, due.subject, part),
                cause=f"{WELCOME}{room_id}",
                room_id=person,
                kind="message",
                priority=Priority.BACKGROUND,
                part=part,
                content=answers.message(piece),
                created_at=now,
            )
            for part, piece in enumerate(split(welcome.words(ctx, self._prefix)))
        ]
