"""What comes in: keys from other devices, and the events that they open.

Everything happens inside the transaction that also stores the sync token. Each event is taken by itself: one
that is wrong, whatever way, is counted and dropped, and harms no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import structlog
from vodozemac import InboundGroupSession, MegolmMessage, SessionKey

from bot.encryption import olm
from bot.encryption.device_lists import DeviceLists, is_trusted
from bot.encryption.own_device import MEGOLM, OwnDevice
from bot.events import Encrypted, Event, MalformedError, identifier, parse
from bot.wire import decode as read_json
from storage import devices, room_keys, unreadable
from storage.database import Writer
from storage.room_keys import RoomKey
from storage.unreadable import Unreadable

log = structlog.get_logger(__name__)

Reason = Literal["no key", "withheld", "unknown device", "unverified device", "no identity"]
"""Why an event waits."""
WRONG = (MalformedError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)
"""What hostile content can raise. Errors of the database are not among them: they undo the whole round."""
READ = ("m.room.message", "m.reaction")
"""What is taken from an encrypted event, besides verification. State and redactions are for the homeserver to
check, which it can do only in the clear."""


@dataclass(slots=True)
class Said:
    """What other devices said to this one in a round, apart from keys, and where a session must be mended."""

    clear: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    keys_for: set[str] = field(default_factory=set)


class Inward:
    """Reads what is encrypted. `able`: the bot has an identity, and may act on what it reads."""

    def __init__(self, own: OwnDevice, lists: DeviceLists) -> None:
        self._own = own
        self._lists = lists
        self.able = False
        self.malformed = 0

    async def receive(self, writer: Writer, events: object) -> Said:
        """Take in to-device events."""
        said = Said()
        for event in events if isinstance(events, list) else []:
            try:
                await self._one(writer, event, said)
            except WRONG as error:
                self._drop("malformed to-device event dropped", error=_named(error))
        return said

    def _drop(self, sentence: str, **details: str) -> None:
        self.malformed += 1
        log.warning(sentence, **details)

    async def _one(self, writer: Writer, event: object, said: Said) -> None:
        if not isinstance(event, Mapping):
            raise MalformedError("event")
        kind, sender = identifier(event, "type"), identifier(event, "sender")
        content = event.get("content")
        if not isinstance(content, Mapping):
            raise MalformedError("content")
        if kind == "m.room.encrypted":
            try:
                payload = await olm.read(writer, self._own, event)
            except olm.UnreadableError:
                log.warning("a message of a device cannot be decrypted", user=sender)
                said.broken.append((sender, identifier(content, "sender_key")))
                return
            await self._payload(writer, payload, said)
        elif kind in ("m.room_key.withheld", "org.matrix.room_key.withheld"):
            await self._withheld(writer, sender, content, said)
        elif kind.startswith("m.key.verification."):
            said.clear.append((sender, kind, content))

    async def _payload(self, writer: Writer, payload: olm.Payload, said: Said) -> None:
        await self._lists.learn(writer, payload.device_keys, payload.sender, payload.device_key)
        if payload.kind == "m.room_key":
            await self._room_key(writer, payload, said)
        elif payload.kind.startswith("m.key.verification."):
            said.clear.append((payload.sender, payload.kind, payload.content))

    async def _room_key(self, writer: Writer, payload: olm.Payload, said: Said) -> None:
        content = payload.content
        if content.get("algorithm") != MEGOLM:
            raise MalformedError("algorithm")
        room_id, session_id = identifier(content, "room_id"), identifier(content, "session_id")
        key = content.get("session_key")
        session = InboundGroupSession(SessionKey(key if isinstance(key, str) else ""))
        if session.session_id != session_id:
            raise MalformedError("session_id")
        known = await room_keys.room_key_of(writer, room_id, session_id, payload.sender)
        if known and known.pickle:
            if known.device_key != payload.device_key:
                raise MalformedError("session_id")
            before = InboundGroupSession.from_pickle(known.pickle, self._own.pickle_key)
            if before.first_known_index <= session.first_known_index:
                return
        await room_keys.put_room_key(
            writer,
            RoomKey(
                room_id=room_id,
                session_id=session_id,
                sender=payload.sender,
                device_key=payload.device_key,
                signing_key=payload.signing_key,
                pickle=session.pickle(self._own.pickle_key),
                received_at=datetime.now(UTC),
            ),
        )
        said.keys_for.add(session_id)

    async def _withheld(self, writer: Writer, sender: str, content: Mapping[str, Any], said: Said) -> None:
        """Note that somebody does not give the bot a key, and why."""
        code = identifier(content, "code")
        if "session_id" not in content:
            return  # `m.no_olm`: the keys come as soon as that device finds one-time keys again.
        room_id, session_id = identifier(content, "room_id"), identifier(content, "session_id")
        if await room_keys.room_key_of(writer, room_id, session_id, sender):
            return
        log.warning("somebody withholds a key", user=sender, room=room_id, code=code)
        await room_keys.put_room_key(
            writer,
            RoomKey(
                room_id=room_id,
                session_id=session_id,
                sender=sender,
                device_key=identifier(content, "sender_key"),
                signing_key="",
                withheld=code,
                received_at=datetime.now(UTC),
            ),
        )
        said.keys_for.add(session_id)

    async def open(self, writer: Writer, event: Encrypted) -> Event | None:
        """Decrypt an event of a room. None: it waits for its key, or is none of ours."""
        if event.sender == self._own.user_id:
            return None
        try:
            return await self._open(writer, event)
        except WRONG as error:
            self._drop("malformed encrypted event dropped", room=event.room_id, error=_named(error))
        await unreadable.drop(writer, event.event_id)
        return None

    async def _open(self, writer: Writer, event: Encrypted) -> Event | None:
        content = event.content
        if content.get("algorithm") != MEGOLM:
            raise MalformedError("algorithm")
        session_id = identifier(content, "session_id")
        ciphertext = content.get("ciphertext")
        if not isinstance(ciphertext, str):
            raise MalformedError("ciphertext")
        message = MegolmMessage.from_base64(ciphertext)
        # Only what the sender of the event gave himself: others who have the key might pass it on as theirs.
        key = await room_keys.room_key_of(writer, event.room_id, session_id, event.sender)
        reason = await self._objection(writer, event, key)
        if reason is not None or key is None or key.pickle is None:
            await self._wait(writer, event, session_id, reason or "no key")
            return None
        session = InboundGroupSession.from_pickle(key.pickle, self._own.pickle_key)
        if message.message_index() < session.first_known_index:
            await self._wait(writer, event, session_id, "no key")
            return None
        decrypted = session.decrypt(message)
        await self._once(writer, session_id, decrypted.message_index, event.event_id)
        await unreadable.drop(writer, event.event_id)
        return _event(event, decrypted.plaintext)

    async def _objection(self, writer: Writer, event: Encrypted, key: RoomKey | None) -> Reason | None:
        """Return why an event must wait though it may have a key.

        Raises:
            MalformedError: the device that the key came from claimed a signing key that is not its own.

        """
        if not self.able:
            return "no identity"
        if key is None:
            return "no key"
        if key.pickle is None:
            return "withheld"
        device = await devices.with_key(writer, event.sender, key.device_key)
        if device is None:
            return "unknown device"
        if device.ed25519 != key.signing_key:
            raise MalformedError("keys.ed25519")
        owner = (await devices.owners(writer, [event.sender])).get(event.sender)
        return None if is_trusted(device, owner) else "unverified device"

    async def _once(self, writer: Writer, session_id: str, index: int, event_id: str) -> None:
        """Note that a place of a session was used.

        Raises:
            MalformedError: it was, by another event: somebody plays an old message again.

        """
        before = await room_keys.used_by(writer, session_id, index)
        if before is None:
            await room_keys.use(writer, session_id, index, event_id)
        elif before != event_id:
            raise MalformedError("message index")

    async def _wait(self, writer: Writer, event: Encrypted, session_id: str, reason: Reason) -> None:
        await unreadable.keep(
            writer,
            Unreadable(
                event_id=event.event_id,
                room_id=event.room_id,
                sender=event.sender,
                session_id=session_id,
                sent_at=event.sent_at,
                content=dict(event.content),
                reason=reason,
                since=datetime.now(UTC),
            ),
        )


def _named(error: Exception) -> str:
    """Say what was wrong without quoting what somebody wrote."""
    return str(error) if isinstance(error, MalformedError) else type(error).__name__


def _event(event: Encrypted, plaintext: bytes) -> Event | None:
    """Make a typed event of what was inside an encrypted one."""
    payload = read_json(plaintext)
    if not isinstance(payload, Mapping) or payload.get("room_id") != event.room_id or "state_key" in payload:
        raise MalformedError("payload")
    kind, content = identifier(payload, "type"), payload.get("content")
    if kind not in READ and not kind.startswith("m.key.verification."):
        return None
    if not isinstance(content, Mapping):
        raise MalformedError("content")
    # Relations stand outside, where the homeserver can count them:
    # https://spec.matrix.org/latest/client-server-api/#mmegolmv1aes-sha2
    relation = event.content.get("m.relates_to")
    if relation is not None:
        content = {**content, "m.relates_to": relation}
    return parse(
        {
            "type": kind,
            "event_id": event.event_id,
            "sender": event.sender,
            "origin_server_ts": int(event.sent_at.timestamp() * 1000),
            "content": content,
        },
        event.room_id,
    )
