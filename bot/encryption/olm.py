"""Olm: what one device says to another, above all the keys of rooms.

Source: https://spec.matrix.org/latest/client-server-api/#molmv1curve25519-aes-sha2
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vodozemac import AnyOlmMessage, Curve25519PublicKey, PreKeyMessage, Session

from bot.encryption.own_device import OLM, OwnDevice
from bot.encryption.signing import decode, encode
from bot.events import MalformedError, identifier
from bot.wire import decode as read_json
from storage import room_keys as storage
from storage.database import Writer
from storage.devices import Device
from storage.room_keys import OlmSession


class UnreadableError(Exception):
    """There is no session with which this can be read: the other side must begin a new one."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a device said to ours. `device_key` and `signing_key` are that device's own, Curve25519 and Ed25519."""

    sender: str
    device_key: str
    signing_key: str
    kind: str
    content: Mapping[str, Any]
    device_keys: object


async def read(writer: Writer, own: OwnDevice, event: Mapping[str, Any]) -> Payload:
    """Decrypt a to-device event and check that it is from whom it says, and for us.

    Raises:
        UnreadableError: it is well-formed, but cannot be decrypted.
        MalformedError: anything else is wrong with it.

    """
    sender = identifier(event, "sender")
    content = _object(event.get("content"))
    device_key = identifier(content, "sender_key")
    if content.get("algorithm") != OLM:
        raise MalformedError("algorithm")
    for_us = _object(_object(content.get("ciphertext")).get(own.curve25519))
    plaintext = await _decrypt(writer, own, device_key, for_us)
    try:
        payload = _object(read_json(plaintext))
    except (ValueError, RecursionError) as error:
        raise MalformedError("payload") from error
    # https://spec.matrix.org/latest/client-server-api/#molmv1curve25519-aes-sha2: all five must fit.
    if (
        payload.get("sender") != sender
        or payload.get("recipient") != own.user_id
        or _object(payload.get("recipient_keys")).get("ed25519") != own.ed25519
    ):
        raise MalformedError("recipient")
    return Payload(
        sender=sender,
        device_key=device_key,
        signing_key=identifier(_object(payload.get("keys")), "ed25519"),
        kind=identifier(payload, "type"),
        content=_object(payload.get("content")),
        device_keys=payload.get("sender_device_keys") or payload.get("org.matrix.msc4147.device_keys"),
    )


async def _decrypt(writer: Writer, own: OwnDevice, device_key: str, message: Mapping[str, Any]) -> bytes:
    body, kind = message.get("body"), message.get("type")
    if not isinstance(body, str) or kind not in (0, 1) or isinstance(kind, bool):
        raise MalformedError("ciphertext")
    try:
        key = Curve25519PublicKey.from_base64(device_key)
        first = PreKeyMessage.from_base64(body) if kind == 0 else None
        received = first.to_any() if first else AnyOlmMessage.normal(decode(body))
    except ValueError as error:
        raise MalformedError("ciphertext") from error
    known = (await storage.olm_sessions(writer, [device_key]))[device_key]
    for one in known:
        session = Session.from_pickle(one.pickle, own.pickle_key)
        if first is not None and not session.session_matches(first):
            continue
        try:
            plaintext = session.decrypt(received)
        except ValueError:
            continue
        await keep(writer, own, device_key, session, datetime.now(UTC))
        return plaintext
    if first is None:
        raise UnreadableError
    account = await own.account(writer)
    try:
        session, plaintext = account.create_inbound_session(key, first)
    except ValueError as error:
        raise UnreadableError from error
    await own.store(writer, account)
    await keep(writer, own, device_key, session, datetime.now(UTC))
    await storage.prune_olm_sessions(writer, device_key)
    return plaintext


async def keep(writer: Writer, own: OwnDevice, device_key: str, session: Session, at: datetime) -> None:
    """Store a session after a change. `at`: when it last decrypted something."""
    await storage.put_olm_session(
        writer,
        OlmSession(
            session_id=session.session_id,
            device_key=device_key,
            pickle=session.pickle(own.pickle_key),
            received_at=at,
        ),
    )


def write(
    own: OwnDevice, device: Device, session: Session, kind: str, content: Mapping[str, Any]
) -> dict[str, Any]:
    """Encrypt something for a device. The session has moved on then, and must be stored before it is sent."""
    payload = {
        "type": kind,
        "content": content,
        "sender": own.user_id,
        "recipient": device.user_id,
        "recipient_keys": {"ed25519": device.ed25519},
        "keys": {"ed25519": own.ed25519},
        "sender_device_keys": own.keys(),
    }
    message_type, body = session.encrypt(json.dumps(payload).encode()).to_parts()
    return {
        "algorithm": OLM,
        "sender_key": own.curve25519,
        "ciphertext": {device.curve25519: {"type": message_type, "body": encode(body)}},
    }


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedError("payload")
    return value
