"""Describes the bot's commands in its rooms, for clients that can offer and complete them.

A room is looked at when the bot comes to it and when somebody asked something in it, those of the settings also at
the start; so what nobody uses costs nothing. What is remembered of a room tells whether anything is to be done.
Only differences are written, one after the other and behind everything that somebody waits for. A crash in between
repeats what was written, and a homeserver makes nothing of state that is as it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog

from bot.authority import Authority
from bot.backoff import Backoff
from bot.descriptions import EVENT_TYPE, Content, Descriptions, describe, digest
from bot.errors import LimitedError, LoggedOutError, MatrixError, RefusedError
from bot.pace import BACKGROUND, Pace
from bot.rooms import REFUSED, Rooms
from bot.session import Session
from commands.registry import Registry
from storage import people
from storage import rooms as storage
from storage.database import Database

log = structlog.get_logger(__name__)

GATHER_SECONDS = 1.0
"""What was asked in a room in this time leads to one look at it."""
REST_SECONDS = 20.0
"""Between two times in which something is written in a room: who changes the language to and fro must not make the
bot write all the time."""
READABLE = 5000
"""Members of a room whose whole state is read to find what an earlier life of the bot left there."""


class Describing:
    """Keeps the descriptions of commands as they should be. Does nothing new when `switched_on` is false."""

    def __init__(
        self,
        session: Session,
        database: Database,
        rooms: Rooms,
        authority: Authority,
        pace: Pace,
        registry: Registry,
        default_language: str,
        *,
        switched_on: bool = True,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._session = session
        self._database = database
        self._rooms = rooms
        self._authority = authority
        self._pace = pace
        self._registry = registry
        self._default_language = default_language
        self._switched_on = switched_on
        self._backoff = backoff
        self._waiting: dict[str, str] = {}  # room -> who asked something there last
        self._news = asyncio.Event()
        self._written_at: dict[str, float] = {}
        self._wanted = lru_cache(maxsize=None)(self._describe)

    def look(self, room_id: str, person: str = "") -> None:
        """Look at a room soon; `person` asked something in it. Returns at once."""
        self._waiting[room_id] = person
        self._news.set()

    async def run(self) -> None:
        """Do what is to be done until cancelled."""
        backoff = self._backoff()
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(GATHER_SECONDS)
            waiting, self._waiting = self._waiting, {}
            later = {
                room_id: person for room_id, person in waiting.items() if not await self._done(room_id, person)
            }
            if not later:
                backoff.reset()
                continue
            await asyncio.sleep(backoff.next())
            self._waiting = later | self._waiting
            self._news.set()

    async def _done(self, room_id: str, person: str) -> bool:
        """Look at a room. Return whether that is done; else it is to be tried again."""
        try:
            await self._look(room_id, person)
        except LoggedOutError:
            return False  # The inbox meets the same, and knows what to do.
        except MatrixError as error:
            log.warning("cannot describe commands now", room=room_id, error=str(error))
            return False
        except Exception as error:
            log.exception("cannot describe commands now", room=room_id, error=type(error).__name__)
            return False
        return True

    async def _look(self, room_id: str, person: str) -> None:
        if not self._rooms.is_joined(room_id):
            return
        direct = self._rooms.is_direct(room_id)
        if direct and not person:
            return  # In whose language is known when they ask something.
        async with self._database.read() as reader:
            voice = await people.voice(reader, person, room_id)
        language = (voice.person if direct else None) or voice.room or self._default_language
        wanted = await asyncio.to_thread(self._wanted, language, room_id == self._rooms.moderation)
        described = self._rooms[room_id].described
        if described in (REFUSED, wanted.fingerprint) or (described is None and not wanted.contents):
            return
        rest = self._written_at.get(room_id, -REST_SECONDS) + REST_SECONDS - time.monotonic()
        if rest > 0:
            asyncio.get_running_loop().call_later(rest, self.look, room_id, person)
            return
        if await self._authority.may_set(self._session.user_id, room_id, EVENT_TYPE):
            await self._write(room_id, wanted)
        else:
            await self._refused(room_id, "the bot's power does not suffice")

    def _describe(self, language: str, moderators: bool) -> Descriptions:
        if not self._switched_on:
            return Descriptions({})
        return describe(self._registry.commands, self._session.user_id, language, moderators=moderators)

    async def _write(self, room_id: str, wanted: Descriptions) -> None:
        async with self._database.read() as reader:
            known = await storage.descriptions(reader, room_id)
        self._written_at[room_id] = time.monotonic()
        changes = wanted.missing(await self._standing(room_id) if known is None else known)
        try:
            for key, content in changes.items():
                await self._put(room_id, key, content)
        except RefusedError as error:
            await self._refused(room_id, str(error))
            return
        await self._remember(room_id, wanted.fingerprint if wanted.contents else None, wanted.digests)
        if changes:
            log.info("described the commands", room=room_id, written=len(changes))

    async def _standing(self, room_id: str) -> dict[str, str]:
        """Return the digests of what an earlier life of the bot described in a room, as far as it can be known."""
        if self._rooms[room_id].members > READABLE:
            return {}
        return {
            str(event.get("state_key")): digest(event["content"])
            for event in await self._session.all_state(room_id)
            if self._is_ours(event)
        }

    def _is_ours(self, event: Any) -> bool:  # noqa: ANN401 - what a homeserver sent
        return (
            isinstance(event, dict)
            and event.get("type") == EVENT_TYPE
            and event.get("sender") == self._session.user_id
            and isinstance(event.get("content"), dict)
            and bool(event["content"])
        )

    async def _put(self, room_id: str, key: str, content: Content) -> None:
        while True:
            await self._pace.turn(BACKGROUND)
            try:
                await self._session.call("PUT", "rooms", room_id, "state", EVENT_TYPE, key, body=content)
            except LimitedError as error:
                self._pace.limited(error.retry_after)
            else:
                self._pace.succeeded()
                return

    async def _refused(self, room_id: str, reason: str) -> None:
        """Remember that it cannot be done, until it may have become possible."""
        log.info("the commands cannot be described", room=room_id, reason=reason)
        async with self._database.read() as reader:
            known = await storage.descriptions(reader, room_id)
        await self._remember(room_id, REFUSED, known)

    async def _remember(self, room_id: str, described: str | None, digests: dict[str, str] | None) -> None:
        async with self._database.write() as writer:
            await storage.describe(writer, room_id, described, digests)
        self._rooms.describe(room_id, described)
