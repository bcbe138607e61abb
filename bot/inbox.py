"""What the homeserver has to tell: read without gaps, stored before anything else happens with it.

One round: `/sync`; where a timeline was cut off, the rest from `/messages`; then one transaction that stores
what concerns the bot together with the token from which the next round goes on. A crash before its commit
repeats the round; after it, nothing of the round is asked for again.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.addressing import Address
from bot.backoff import Backoff
from bot.concern import Concern
from bot.encryption.machine import Encryption
from bot.errors import LimitedError, LoggedOutError, MatrixError, StartError
from bot.events import MAX_ID, Event
from bot.rooms import Rooms
from bot.session import Session
from bot.timeline import EVENTS, Timeline
from bot.turns import Turns
from bot.welcoming import Newcomers
from bot.wire import clean
from storage import inbox as storage
from storage import rooms as room_storage
from storage.database import Database, Writer
from storage.inbox import InboxEvent

log = structlog.get_logger(__name__)

WAIT_SECONDS = 30.0
EARLY_SECONDS = 1.0
KEEP = timedelta(seconds=30)
"""How old the stored token may become, while nothing happens that concerns the bot."""
STATE = {"types": ["m.room.tombstone", "m.room.name", "m.room.encryption"], "lazy_load_members": True}


def _filter(timeline_limit: int) -> str:
    nothing = {"not_types": ["*"]}
    room = {
        "timeline": EVENTS | {"limit": timeline_limit},
        "state": STATE,
        "ephemeral": nothing,
        "account_data": nothing,
    }
    return json.dumps({"presence": nothing, "account_data": nothing, "room": room})


FILTER = _filter(100)
FIRST_FILTER = _filter(1)
"""For the first sync ever: what was said before the bot came is not for it."""


Noted = Callable[[Writer, list[InboxEvent]], Awaitable[list[InboxEvent]]]
"""Notes of what comes in whether it may have been answered before a backup was put back. `Reconciling.noted`."""

Deliver = Callable[[list[InboxEvent]], Awaitable[None]]
"""Takes what was newly stored, and may hold up the next round for a moment. `App.deliver`."""


class Inbox:
    """Follows the homeserver until it is stopped. `deliver` is given what was newly stored.

    `welcomes` is called when somebody is to be welcomed.
    """

    def __init__(
        self,
        session: Session,
        database: Database,
        rooms: Rooms,
        address: Address,
        encryption: Encryption,
        deliver: Deliver,
        newcomers: Newcomers,
        welcomes: Callable[[], None],
        backoff: Callable[[], Backoff] = Backoff,
        noted: Noted | None = None,
    ) -> None:
        self._noted = noted
        self._newcomers = newcomers
        self._welcomes = welcomes
        self._session = session
        self._database = database
        self._rooms = rooms
        self._concern = Concern(session.user_id, rooms, address)
        self._encryption = encryption
        self._deliver = deliver
        self._timeline = Timeline(session)
        self._backoff = backoff
        self._logged_out = False
        self._token: str | None = None
        self._kept_at = datetime.min.replace(tzinfo=UTC)
        self.synced_at: datetime | None = None
        self.failing_since: datetime | None = None
        """Since when the homeserver does not answer as it should."""

    @property
    def malformed(self) -> int:
        """How many events were dropped because they are not what the specification says."""
        return self._timeline.malformed + self._encryption.malformed

    async def follow(self, log_in_again: Callable[[], Awaitable[None]], after_round: Callable[[], None]) -> None:
        """Read round after round; `after_round` is called after each that succeeded.

        Raises:
            LoggedOutError: the session has ended for good.
            StartError: it has ended softly, and `log_in_again` found that nothing but a person can help.

        """
        async with self._database.read() as reader:
            self._token = await storage.position(reader)
        backoff = self._backoff()
        while True:
            pause = 0.0
            try:
                in_a_circle = await self._step(log_in_again)
            except StartError:
                raise
            except LoggedOutError as error:
                if not error.soft:
                    raise
                self._logged_out = True
                pause = backoff.next()
            except LimitedError as error:
                pause = max(error.retry_after, 0.1)
            except MatrixError as error:
                self.failing_since = self.failing_since or datetime.now(UTC)
                pause = backoff.next()
                log.warning("sync failed", error=str(error), again_in=round(pause, 1))
            except Exception as error:
                pause = backoff.next()
                log.exception("sync failed", error=type(error).__name__, again_in=round(pause, 1))
            else:
                self.failing_since = None
                if in_a_circle:
                    pause = backoff.next()
                else:
                    backoff.reset()
                after_round()
            await asyncio.sleep(pause)

    async def _step(self, log_in_again: Callable[[], Awaitable[None]]) -> bool:
        """Read a round. Return whether it brought us nowhere at once, so that only we can slow us down.

        A homeserver that has nothing new answers late; but a proxy may store its answers.
        """
        if self._logged_out:
            await log_in_again()
            self._logged_out = False
        before, waits, began = self._token, self.synced_at is not None, time.monotonic()
        await self.round()
        return waits and self._token == before and time.monotonic() - began < EARLY_SECONDS

    async def round(self) -> None:
        """Ask once what is new, and store it. When that fails, everything is as it was before."""
        try:
            await self._round()
        except BaseException:
            self._rooms.rollback()
            raise

    async def _round(self) -> None:
        first = self._token is None
        wait = WAIT_SECONDS if self.synced_at else 0.0
        found = await self._session.sync(self._token, FIRST_FILTER if first else FILTER, wait)
        now = datetime.now(UTC)
        next_batch = found.get("next_batch")
        if not isinstance(next_batch, str) or not _storable(next_batch):
            raise MatrixError("a sync answer without next_batch")
        events: list[Event] = []
        turns = Turns()
        sections = _mapping(found.get("rooms"))
        for room_id, section in _sections(sections, "invite"):
            self._rooms.invited(room_id, section, now)
        for room_id, _section in _sections(sections, "leave"):
            self._rooms.left(room_id, now)
        for room_id, section in _sections(sections, "join"):
            events += await self._room(room_id, section, now)
            await turns.give()
        closed = await self._encryption.prepare(found, events)
        # What is closed can be judged only when it was opened.
        concerned = [] if closed else self._concern.entries(events, self.synced_at, now)
        changed = list(self._rooms.changed())
        joins = self._newcomers.among(events)
        fresh: list[InboxEvent] = []
        welcomes = False
        # A round that brought nothing to keep may be read again after a crash; that costs less than a write.
        if closed or changed or concerned or joins or now - self._kept_at > KEEP:
            async with self._database.write() as writer:
                if closed:
                    concerned = self._concern.entries(
                        await self._encryption.open(writer, found, events), self.synced_at, now
                    )
                await room_storage.put(writer, changed)
                if joins:
                    welcomes = await self._newcomers.take(writer, joins, now)
                wanted = await self._concern.wanted(writer, concerned)
                wanted = await self._noted(writer, wanted) if self._noted else wanted
                fresh = await storage.take(writer, wanted, next_batch, now)
            self._kept_at = now
        self._rooms.commit()
        self._encryption.commit(found)
        self._token = next_batch
        self.synced_at = now
        self._newcomers.look()
        if welcomes:
            self._welcomes()
        if fresh:
            await self._deliver(fresh)

    async def _room(self, room_id: str, section: Mapping[str, Any], now: datetime) -> list[Event]:
        """Return the events of a room since the last round, in their order, gaps filled."""
        newly = self._rooms.joined_now(room_id, section, now)
        if newly and self._token is not None:  # the very first sync shows all rooms at once
            self._rooms.arrived(room_id)
        for event in self._timeline.parsed(_mapping(section.get("state")).get("events"), room_id):
            self._rooms.apply(event)
        timeline = _mapping(section.get("timeline"))
        if newly:
            # What was said before the bot came is left out below; what was set holds for it, too.
            for event in self._timeline.parsed(timeline.get("events"), room_id):
                self._rooms.apply(event)
        events = await self._timeline.complete(room_id, timeline, since=self._token, newly=newly)
        for event in events:
            self._rooms.apply(event)
        # At the very first sync the timeline shows what was said before the bot was started.
        return [] if self._token is None else events


def _storable(identifier: str) -> bool:
    return bool(identifier) and clean(identifier) == identifier


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sections(rooms: Mapping[str, Any], membership: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for room_id, section in _mapping(rooms.get(membership)).items():
        if isinstance(section, Mapping) and _storable(room_id) and len(room_id.encode()) <= MAX_ID:
            yield room_id, section
