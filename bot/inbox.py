"""What the homeserver has to tell: read without gaps, stored before anything else happens with it.

One round: `/sync`; where a timeline was cut off, the rest from `/messages`; then one transaction that stores
what concerns the bot together with the token from which the next round goes on. A crash before its commit
repeats the round; after it, nothing of the round is asked for again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.addressing import Address
from bot.backoff import Backoff
from bot.errors import LimitedError, LoggedOutError, MatrixError
from bot.events import Edit, Event, MalformedError, MemberChange, Message, Redaction, parse
from bot.rooms import Rooms
from bot.session import Session
from storage import inbox as storage
from storage import rooms as room_storage
from storage.database import Database, Writer
from storage.inbox import InboxEvent

log = structlog.get_logger(__name__)

WAIT_SECONDS = 30.0
PAGE = 500
EVENTS = {
    "types": [
        "m.room.message", "m.room.encrypted", "m.room.redaction", "m.reaction", "m.room.member",
        "m.room.tombstone", "m.room.name", "m.room.encryption",
    ],
    "lazy_load_members": True,
}  # fmt: skip
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
PAGES_FILTER = json.dumps(EVENTS)


class Inbox:
    """Follows the homeserver until it is stopped. `deliver` is called with what was newly stored."""

    def __init__(
        self,
        session: Session,
        database: Database,
        rooms: Rooms,
        address: Address,
        deliver: Callable[[list[InboxEvent]], None],
    ) -> None:
        self._session = session
        self._database = database
        self._rooms = rooms
        self._address = address
        self._deliver = deliver
        self._token: str | None = None
        self.synced_at: datetime | None = None
        self.malformed = 0

    async def follow(self, log_in_again: Callable[[], Awaitable[None]], after_round: Callable[[], None]) -> None:
        """Read round after round; `after_round` is called after each that succeeded.

        Raises:
            LoggedOutError: the session has ended for good.

        """
        async with self._database.read() as reader:
            self._token = await storage.position(reader)
        backoff = Backoff()
        while True:
            pause = 0.0
            try:
                await self.round()
            except LoggedOutError as error:
                if not error.soft:
                    raise
                await log_in_again()
            except LimitedError as error:
                pause = max(error.retry_after, 0.1)
            except MatrixError as error:
                pause = backoff.next()
                log.warning("sync failed", error=str(error), again_in=round(pause, 1))
            except Exception as error:
                pause = backoff.next()
                log.exception("sync failed", error=type(error).__name__, again_in=round(pause, 1))
            else:
                backoff.reset()
                after_round()
            await asyncio.sleep(pause)

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
        if not isinstance(next_batch, str):
            raise MatrixError("a sync answer without next_batch")
        events: list[Event] = []
        sections = _mapping(found.get("rooms"))
        for room_id, section in _sections(sections, "invite"):
            self._rooms.invited(room_id, section, now)
        for room_id, _section in _sections(sections, "leave"):
            self._rooms.left(room_id, now)
        for room_id, section in _sections(sections, "join"):
            events += await self._room(room_id, section, now)
        concerned = [entry for event in events if (entry := self._entry(event, now))]
        async with self._database.write() as writer:
            for room in self._rooms.changed():
                await room_storage.put(writer, room)
            wanted = [entry for entry in concerned if await self._is_known(writer, entry, concerned)]
            fresh = await storage.add(writer, wanted)
            await storage.advance(writer, next_batch, now)
        self._rooms.commit()
        self._token = next_batch
        self.synced_at = now
        if fresh:
            self._deliver(fresh)

    async def _room(self, room_id: str, section: Mapping[str, Any], now: datetime) -> list[Event]:
        """Return the events of a room since the last round, in their order, gaps filled."""
        newly = self._rooms.joined_now(room_id, section, now)
        for event in self._parsed(_list(_mapping(section.get("state")).get("events")), room_id):
            self._rooms.apply(event)
        timeline = _mapping(section.get("timeline"))
        events = list(self._parsed(_list(timeline.get("events")), room_id))
        if self._token is not None:
            start = timeline.get("prev_batch")
            joined = newly and self._own_join(events) is not None
            if timeline.get("limited") is True and isinstance(start, str) and not joined:
                events = await self._gap(room_id, start, newly=newly) + events
            if newly:
                place = self._own_join(events)
                events = events[place + 1 :] if place is not None else []
        for event in events:
            self._rooms.apply(event)
        # At the very first sync the timeline shows what was said before the bot was started.
        return [] if self._token is None else events

    async def _gap(self, room_id: str, start: str, *, newly: bool) -> list[Event]:
        """Return what lies between the last round (or the bot's own join) and a cut-off timeline."""
        found: list[Event] = []
        position: str | None = start
        end = None if newly else self._token
        while position is not None:
            page = await self._session.messages(
                room_id, start=position, end=end, event_filter=PAGES_FILTER, limit=PAGE
            )
            chunk = list(self._parsed(_list(page.get("chunk")), room_id))
            found += chunk
            following = page.get("end")
            position = following if isinstance(following, str) and following != position else None
            if newly and self._own_join(chunk) is not None:
                break
        found.reverse()
        return found

    def _own_join(self, events: list[Event]) -> int | None:
        """Return the place of the bot's last join among events."""
        for place in range(len(events) - 1, -1, -1):
            event = events[place]
            if (
                isinstance(event, MemberChange)
                and event.user_id == self._session.user_id
                and event.membership == "join"
                and event.before != "join"
            ):
                return place
        return None

    def _parsed(self, raw: list[Any], room_id: str) -> Iterator[Event]:
        """Make typed events; drop and count what is malformed."""
        for one in raw:
            try:
                event = parse(one, room_id)
            except MalformedError as error:
                self.malformed += 1
                log.warning("malformed event dropped", room=room_id, field=str(error))
                continue
            except Exception as error:
                self.malformed += 1
                log.exception("event dropped", room=room_id, error=type(error).__name__)
                continue
            if event is not None:
                yield event

    def _entry(self, event: Event, now: datetime) -> InboxEvent | None:
        """Return what is to be stored of an event; None when it does not concern the bot."""
        if event.sender == self._session.user_id or not self._rooms.is_joined(event.room_id):
            return None
        # The sender's homeserver may claim any time; it cannot have come before the last round, nor after now.
        earliest = self.synced_at or event.sent_at
        shared = {
            "event_id": event.event_id,
            "room_id": event.room_id,
            "sender": event.sender,
            "sent_at": min(max(event.sent_at, earliest), now),
        }
        if isinstance(event, Message):
            text = self._said(event)
            if text is None:
                return None
            return InboxEvent(kind="message", payload={"text": text, "thread": event.thread}, **shared)
        if isinstance(event, Edit):
            payload = {"text": self._said(event), "thread": None}
            return InboxEvent(kind="edit", target=event.target, payload=payload, **shared)
        if isinstance(event, Redaction):
            return InboxEvent(kind="redaction", target=event.target, **shared)
        return None

    def _said(self, event: Message | Edit) -> str | None:
        return self._address.command_in(
            event.body,
            direct=self._rooms.is_direct(event.room_id),
            mentioned=self._session.user_id in event.mentions,
            is_reply=isinstance(event, Message) and event.is_reply,
        )

    async def _is_known(self, writer: Writer, entry: InboxEvent, together: list[InboxEvent]) -> bool:
        """Tell whether an edit or redaction is about something that concerned the bot, or begins to."""
        if entry.kind == "message" or (entry.kind == "edit" and entry.payload and entry.payload["text"]):
            return True
        target = entry.target or ""
        others = (other for other in together if other is not entry)
        if any(target in (other.event_id, other.target if other.kind == "edit" else None) for other in others):
            return True
        return await storage.origin(writer, target) is not None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _sections(rooms: Mapping[str, Any], membership: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for room_id, section in _mapping(rooms.get(membership)).items():
        if isinstance(section, Mapping):
            yield room_id, section
