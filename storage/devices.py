"""Whose devices the bot meets in encrypted rooms, and which of them their owners have signed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import device, device_list

AT_ONCE = 500
"""Ids in one question: SQLite takes 32,766, and a question of that size is slow to make."""


class Device(BaseModel):
    """A device. `gone`: its owner has logged it out, but it may have sent something before."""

    user_id: str
    device_id: str
    curve25519: str
    ed25519: str
    cross_signed: bool
    gone: bool = False


class Owner(BaseModel):
    """Whose devices are followed. `master_key` is never forgotten once it was seen, only replaced."""

    user_id: str
    outdated: bool
    master_key: str | None = None
    self_signing_key: str | None = None
    verified_key: str | None = None


async def owners(reader: Reader, user_ids: Iterable[str]) -> dict[str, Owner]:
    """Return what is known of the device lists of some people."""
    found: dict[str, Owner] = {}
    for some in _parts(list(user_ids)):
        query = sa.select(device_list).where(device_list.c.user_id.in_(some))
        for row in await reader.sql.execute(query):
            one = Owner.model_validate(row._mapping)
            found[one.user_id] = one
    return found


async def devices_of(reader: Reader, user_ids: Iterable[str]) -> list[Device]:
    """Return the devices of some people, without those that are gone."""
    found: list[Device] = []
    for some in _parts(list(user_ids)):
        query = sa.select(device).where(device.c.user_id.in_(some), sa.not_(device.c.gone))
        found += [Device.model_validate(row._mapping) for row in await reader.sql.execute(query)]
    return found


async def with_key(reader: Reader, user_id: str, curve25519: str) -> Device | None:
    """Return the device of a person that has this key, also one that is gone."""
    query = (
        sa.select(device)
        .where(device.c.user_id == user_id, device.c.curve25519 == curve25519)
        .order_by(device.c.gone)
    )
    row = (await reader.sql.execute(query)).first()
    return Device.model_validate(row._mapping) if row else None


async def named(reader: Reader, user_id: str, device_id: str) -> Device | None:
    """Return a device by its id."""
    query = sa.select(device).where(device.c.user_id == user_id, device.c.device_id == device_id)
    row = (await reader.sql.execute(query)).first()
    return Device.model_validate(row._mapping) if row else None


async def outdate(writer: Writer, user_ids: Iterable[str]) -> None:
    """Note that the devices of some people are not what they were. Who is not followed stays so."""
    for some in _parts(list(user_ids)):
        query = sa.update(device_list).where(device_list.c.user_id.in_(some)).values(outdated=True)
        await writer.sql.execute(query)


async def replace(
    writer: Writer,
    user_id: str,
    master_key: str | None,
    self_signing_key: str | None,
    present: Sequence[Device],
) -> None:
    """Store a person's devices as the homeserver lists them now."""
    values: dict[str, object] = {"outdated": False, "self_signing_key": self_signing_key}
    if master_key is not None:
        values["master_key"] = master_key
    await writer.put(device_list, {"user_id": user_id}, **values)
    await writer.sql.execute(sa.update(device).where(device.c.user_id == user_id).values(gone=True))
    for one in present:
        await put(writer, one)


async def put(writer: Writer, one: Device) -> None:
    """Store a device."""
    key = {"user_id": one.user_id, "device_id": one.device_id}
    await writer.put(device, key, **one.model_dump(exclude=set(key)))


async def verify(writer: Writer, user_id: str, master_key: str) -> None:
    """Note that a person's identity was verified."""
    await writer.put(device_list, {"user_id": user_id}, verified_key=master_key, outdated=True)


def _parts(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
