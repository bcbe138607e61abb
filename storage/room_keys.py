"""Keys: of the bot's own device, of the ways to other devices (Olm), and of rooms (Megolm).

Pickles are opaque here, and encrypted: the key to them is not in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import olm_session, own_device, own_room_key, room_key, room_key_share, room_key_use

SESSIONS_KEPT = 5
"""Olm sessions with one device: two sides that begin at the same time make two, and a lost one a third."""


class OwnDevice(BaseModel):
    """The Olm account of this device."""

    device_id: str
    pickle: str
    fallback_at: datetime | None = None


class OlmSession(BaseModel):
    """A way to the device whose Curve25519 key is `device_key`.

    With `receive_only` it comes from a copy of the database: what it would send next may have been sent already,
    and the other side would refuse it as a repetition.
    """

    session_id: str
    device_key: str
    pickle: str
    received_at: datetime
    receive_only: bool | None = None


class RoomKey(BaseModel):
    """A Megolm session of somebody else. Without `pickle` the sender refused to give it, for `withheld`."""

    room_id: str
    session_id: str
    sender: str
    device_key: str
    signing_key: str
    pickle: str | None = None
    withheld: str | None = None
    received_at: datetime


class OwnRoomKey(BaseModel):
    """The Megolm session with which the bot speaks in a room, until it has said or lived enough."""

    room_id: str
    session_id: str
    pickle: str
    created_at: datetime
    expires_at: datetime
    messages_left: int


class Share(BaseModel):
    """A device that has an own Megolm session, or was told why it does not (`withheld`)."""

    user_id: str
    device_id: str
    withheld: str | None = None


async def own(reader: Reader) -> OwnDevice | None:
    """Return the bot's own device."""
    row = (await reader.sql.execute(sa.select(own_device))).first()
    return OwnDevice.model_validate(row._mapping) if row else None


async def put_own(writer: Writer, device: OwnDevice) -> None:
    """Store the bot's own device as it is now."""
    values = device.model_dump(exclude={"device_id"})
    await writer.put(own_device, {"device_id": device.device_id}, **values)


async def forget_own(writer: Writer) -> None:
    """Forget a device that is not the bot's any more, and all that only it could use."""
    for table in (own_device, olm_session, own_room_key, room_key_share):
        await writer.sql.execute(sa.delete(table))


async def olm_sessions(reader: Reader, device_keys: Iterable[str]) -> dict[str, list[OlmSession]]:
    """Return the Olm sessions with some devices, by key; that which was used last comes first."""
    wanted = list(device_keys)
    found: dict[str, list[OlmSession]] = {key: [] for key in wanted}
    query = (
        sa.select(olm_session)
        .where(olm_session.c.device_key.in_(wanted))
        .order_by(olm_session.c.received_at.desc(), olm_session.c.session_id)
    )
    for row in await reader.sql.execute(query):
        one = OlmSession.model_validate(row._mapping)
        found[one.device_key].append(one)
    return found


async def to_send_with(reader: Reader, device_keys: Iterable[str]) -> dict[str, list[OlmSession]]:
    """Return of the Olm sessions with some devices those with which something may be sent."""
    found = await olm_sessions(reader, device_keys)
    return {key: [one for one in some if not one.receive_only] for key, some in found.items()}


async def put_olm_session(writer: Writer, one: OlmSession) -> None:
    """Store an Olm session as it is now."""
    values = one.model_dump(exclude={"session_id", "receive_only"})
    await writer.put(olm_session, {"session_id": one.session_id}, **values)


async def prune_olm_sessions(writer: Writer, device_key: str) -> None:
    """Forget the oldest sessions with a device: whoever makes more and more fills no disk with them."""
    same = (
        sa.select(olm_session.c.session_id)
        .where(olm_session.c.device_key == device_key)
        .order_by(olm_session.c.received_at.desc(), olm_session.c.session_id)
        .offset(SESSIONS_KEPT)
    )
    ids = list((await writer.sql.execute(same)).scalars())
    if ids:
        await writer.sql.execute(sa.delete(olm_session).where(olm_session.c.session_id.in_(ids)))


async def room_key_of(reader: Reader, room_id: str, session_id: str, sender: str) -> RoomKey | None:
    """Return the key that somebody gave for a Megolm session of his own."""
    query = sa.select(room_key).where(
        room_key.c.room_id == room_id, room_key.c.session_id == session_id, room_key.c.sender == sender
    )
    row = (await reader.sql.execute(query)).first()
    return RoomKey.model_validate(row._mapping) if row else None


async def newest_room_key(reader: Reader) -> RoomKey | None:
    """Return the key that was given last."""
    query = sa.select(room_key).where(room_key.c.pickle.is_not(None)).order_by(room_key.c.received_at.desc())
    row = (await reader.sql.execute(query.limit(1))).first()
    return RoomKey.model_validate(row._mapping) if row else None


async def forget_room_keys(writer: Writer) -> None:
    """Forget the keys that others gave; which messages were read with them stays known."""
    await writer.sql.execute(sa.delete(room_key).where(room_key.c.pickle.is_not(None)))


async def put_room_key(writer: Writer, one: RoomKey) -> None:
    """Store a key of a room."""
    key = {"room_id": one.room_id, "session_id": one.session_id, "sender": one.sender}
    await writer.put(room_key, key, **one.model_dump(exclude=set(key)))


async def used_by(reader: Reader, session_id: str, index: int) -> str | None:
    """Return the event that was read with this place of a Megolm session."""
    query = sa.select(room_key_use.c.event_id).where(
        room_key_use.c.session_id == session_id, room_key_use.c.message_index == index
    )
    return (await reader.sql.execute(query)).scalar()


async def use(writer: Writer, session_id: str, index: int, event_id: str) -> None:
    """Note which event was read with this place of a Megolm session."""
    values = {"session_id": session_id, "message_index": index, "event_id": event_id}
    await writer.sql.execute(sa.insert(room_key_use).values(**values))


async def own_room_key_of(reader: Reader, room_id: str) -> OwnRoomKey | None:
    """Return the session with which the bot speaks in a room."""
    row = (await reader.sql.execute(sa.select(own_room_key).where(own_room_key.c.room_id == room_id))).first()
    return OwnRoomKey.model_validate(row._mapping) if row else None


async def put_own_room_key(writer: Writer, one: OwnRoomKey) -> None:
    """Store the session with which the bot speaks in a room, and forget the one before."""
    before = await own_room_key_of(writer, one.room_id)
    if before is not None and before.session_id != one.session_id:
        await forget_own_room_key(writer, one.room_id)
    await writer.put(own_room_key, {"room_id": one.room_id}, **one.model_dump(exclude={"room_id"}))


async def forget_own_room_key(writer: Writer, room_id: str) -> None:
    """Forget the session with which the bot speaks in a room: the next message begins another."""
    session = sa.select(own_room_key.c.session_id).where(own_room_key.c.room_id == room_id).scalar_subquery()
    await writer.sql.execute(sa.delete(room_key_share).where(room_key_share.c.session_id == session))
    await writer.sql.execute(sa.delete(own_room_key).where(own_room_key.c.room_id == room_id))


async def forget_own_room_keys(writer: Writer) -> None:
    """Forget the sessions with which the bot speaks: each room begins another with the next message."""
    await writer.sql.execute(sa.delete(room_key_share))
    await writer.sql.execute(sa.delete(own_room_key))


async def shares(reader: Reader, session_id: str) -> list[Share]:
    """Return who was given an own Megolm session, or was told that he is not."""
    query = sa.select(room_key_share).where(room_key_share.c.session_id == session_id)
    return [Share.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def put_shares(writer: Writer, session_id: str, given: Sequence[Share]) -> None:
    """Note who was given an own Megolm session."""
    for one in given:
        key = {"session_id": session_id, "user_id": one.user_id, "device_id": one.device_id}
        await writer.put(room_key_share, key, withheld=one.withheld)


async def prune(writer: Writer, before: datetime) -> None:
    """Forget the keys that came before a time: what they read was read long ago."""
    old = sa.select(room_key.c.session_id).where(room_key.c.received_at < before)
    await writer.sql.execute(sa.delete(room_key_use).where(room_key_use.c.session_id.in_(old)))
    await writer.sql.execute(sa.delete(room_key).where(room_key.c.received_at < before))
