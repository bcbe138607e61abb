"""Interactive verification: who may have one, which of them a message belongs to, and what became of them.

The bot never asks for a verification, and accepts each that another user asks for. It does not verify other
sessions of its own account: whoever has its password would have them trusted; the recovery key is the way.

Source: https://spec.matrix.org/latest/client-server-api/#key-verification-framework
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.encryption import sas
from bot.encryption.correspondence import Address, Known, Means
from bot.encryption.sas import CancelError
from bot.encryption.verifying import STEPS, Patience, Shown, Verifying
from bot.events import VERIFICATION_REQUEST, MalformedError, identifier

__all__ = ["Known", "Means", "Patience", "Shown", "Verifications"]

log = structlog.get_logger(__name__)

PREFIX = "m.key.verification."
OLDEST = timedelta(minutes=10)
NEWEST = timedelta(minutes=5)
"""Requests that are older than the one, or further in the future than the other, are nobody's any more."""
MOST_OF_ONE_USER = 3
MOST = 50
REMEMBERED = 20
"""Verifications that have ended and are still shown."""
ENDED = 1_000
"""Verifications of which is known that they have ended, so that late messages of theirs are not answered."""
ALL_DEVICES = "*"

_Key = tuple[str, str]
"""Where (a room, or the user whose device it is) and the transaction id."""


class Verifications:
    """All that are under way. Its methods return at once; what there is to do goes on in tasks."""

    def __init__(self, means: Means, patience: Patience | None = None) -> None:
        self._means = means
        self._patience = patience or Patience()
        self._running: dict[_Key, Verifying] = {}
        self._ended: dict[_Key, None] = {}
        self._past: deque[Shown] = deque(maxlen=REMEMBERED)
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusals = 0
        self._closed = False

    def recent(self) -> list[Shown]:
        """Return the verifications that are under way and the last ones that were, the oldest first."""
        return sorted([*self._past, *(one.shown for one in self._running.values())], key=lambda one: one.since)

    def to_device(self, sender: str, event_type: str, content: object) -> None:
        """Take in a to-device event. Never raises."""
        self._guarded(lambda: self._to_device(sender, event_type, content))

    def in_room(
        self, room_id: str, event_id: str, sender: str, event_type: str, content: object, sent_at: datetime
    ) -> None:
        """Take in an event of a room, which may have been encrypted. Never raises.

        A request is an `m.room.message`, or what is of the same type as a to-device request.
        """
        self._guarded(lambda: self._in_room(room_id, event_id, sender, event_type, content, sent_at))

    async def close(self) -> None:
        """End all of them without another word."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _guarded(self, receive: Callable[[], None]) -> None:
        if self._closed:
            return
        try:
            receive()
        except (MalformedError, ValueError, RecursionError) as error:
            log.warning("malformed verification event dropped", field=str(error)[:100])
        except Exception as error:
            log.exception("verification event dropped", error=type(error).__name__)

    def _to_device(self, sender: str, event_type: str, raw: object) -> None:
        content, step = _object(raw), event_type.removeprefix(PREFIX)
        user_id, transaction_id = identifier({"sender": sender}, "sender"), identifier(content, "transaction_id")
        key = (user_id, transaction_id)
        running = self._running.get(key)
        if running is not None:
            # A request that comes again, from whichever device, changes nothing.
            running.take(step, content)
        elif key in self._ended:
            return
        elif step == "request":
            if _is_request(content) and _is_timely(_time(content.get("timestamp"))):
                self._admit(Address(user_id, identifier(content, "from_device"), None, transaction_id))
        elif step == "start":
            self._admit(Address(user_id, identifier(content, "from_device"), None, transaction_id), content)
        elif step in STEPS and user_id != self._means.user_id:
            # It says nothing of the device that it comes from.
            error = CancelError("m.unknown_transaction", "This verification is not known here.")
            self._refuse(Address(user_id, ALL_DEVICES, None, transaction_id), error)

    def _in_room(
        self, room_id: str, event_id: str, sender: str, event_type: str, raw: object, sent_at: datetime
    ) -> None:
        content = _object(raw)
        user_id = identifier({"sender": sender}, "sender")
        if VERIFICATION_REQUEST in (event_type, content.get("msgtype")):
            key = (identifier({"room_id": room_id}, "room_id"), identifier({"event_id": event_id}, "event_id"))
            wanted = (
                content.get("to") == self._means.user_id and key not in self._running and key not in self._ended
            )
            if wanted and _is_request(content) and _is_timely(sent_at):
                self._admit(Address(user_id, identifier(content, "from_device"), *key))
            return
        running = self._running.get((room_id, _reference(content)))
        if running is None:
            return  # Other people's.
        step = event_type.removeprefix(PREFIX)
        if user_id == running.address.user_id:
            running.take(step, content)
        elif user_id == self._means.user_id and step == "ready":
            running.answered(content.get("from_device"))

    def _admit(self, address: Address, start: Mapping[str, Any] | None = None) -> None:
        """Begin a verification, if it may."""
        if address.user_id == self._means.user_id:
            if address.device_id != self._means.device_id:
                log.warning(
                    "another session of the bot's account asks to be verified: use the recovery key for that",
                    device=address.device_id,
                )
                self._refuse(address, CancelError("m.user", "The recovery key verifies sessions of this account."))
            return
        theirs = [one for one in self._running.values() if one.address.user_id == address.user_id]
        same = [one for one in theirs if one.address.device_id == address.device_id and one.is_open]
        error = CancelError("m.user", "Too many verifications at once.")
        if same or len(theirs) >= MOST_OF_ONE_USER or len(self._running) >= MOST:
            # A device that begins a second one loses both, says the specification.
            for one in same:
                one.end(error)
            self._refuse(address, error)
            return
        running = Verifying(self._means, self._patience, address, start)
        self._running[_key(address)] = running
        self._spawn(running.run()).add_done_callback(lambda _: self._end(running))

    def _end(self, one: Verifying) -> None:
        del self._running[_key(one.address)]
        self._past.append(one.shown)
        self._forget_later(one.address)

    def _forget_later(self, address: Address) -> None:
        self._ended[_key(address)] = None
        if len(self._ended) > ENDED:
            del self._ended[next(iter(self._ended))]

    def _refuse(self, address: Address, error: CancelError) -> None:
        """Say no, unless so many are being told already that somebody means to keep us busy."""
        log.info("verification refused", user=address.user_id, code=error.code, reason=error.reason)
        self._forget_later(address)
        if self._refusals < MOST:
            self._refusals += 1
            self._spawn(address.cancel(self._means, error, self._patience.idle)).add_done_callback(self._refused)

    def _refused(self, _: asyncio.Task[None]) -> None:
        self._refusals -= 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="verification")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("an error in a verification", exc_info=error)


def _key(address: Address) -> _Key:
    return (address.room_id or address.user_id, address.transaction_id)


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedError("content")
    return value


def _is_request(content: Mapping[str, Any]) -> bool:
    methods = content.get("methods")
    if not isinstance(methods, list):
        raise MalformedError("methods")
    # Who cannot compare emoji is left to our other sessions, if there are any.
    return sas.METHOD in methods


def _is_timely(sent_at: datetime) -> bool:
    return -NEWEST <= datetime.now(UTC) - sent_at <= OLDEST


def _time(value: object) -> datetime:
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError("timestamp")
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MalformedError("timestamp") from error


def _reference(content: Mapping[str, Any]) -> str:
    relation = content.get("m.relates_to")
    if not isinstance(relation, Mapping) or relation.get("rel_type") != "m.reference":
        raise MalformedError("m.relates_to")
    return identifier(relation, "event_id")
