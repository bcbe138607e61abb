"""The rooms that the bot is in, and what it must know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import room

Membership = Literal["invite", "join", "leave"]

CHOSEN = frozenset({"language", "timezone", "quiet", "chatham", "welcome", "members_known_at", "lessons_off"})
"""What members chose for a room, or was learned of it apart; no sync changes that."""
WEEK, NOTES = "week", "notes"
"""What to learn by is posted in rooms, and can be switched off there."""
TOGETHER = 500
"""Rooms of one statement."""


class Room(BaseModel):
    """A room. `successor` is the room that replaced it; `since` when the bot came to it.

    `quiet` are kinds of events that are not announced in it; in a `chatham` room the Chatham House Rule holds.
    `lessons_off` is what of the term of the week (`week`) and the notes before days (`notes`) is not posted in it.
    `described` is the fingerprint of the descriptions of commands that stand in it, or why there are none.
    `welcome`: whether who comes is welcomed; None: as the settings say. `members_known_at`: since when it is known
    who is in it.
    """

    room_id: str
    membership: Membership
    direct: bool = False
    members: int = 0
    name: str | None = None
    encrypted: bool = False
    language: str | None = None
    timezone: str | None = None
    quiet: list[str] | None = None
    chatham: bool | None = None
    lessons_off: list[str] | None = None
    successor: str | None = None
    described: str | None = None
    welcome: bool | None = None
    members_known_at: datetime | None = None
    since: datetime


_SHORT = [column for column in room.c if column.name != "descriptions"]
"""A page of text for each of thousands of rooms need not be in memory."""


async def every(reader: Reader) -> list[Room]:
    """Return all rooms, those that the bot left included."""
    return await reader.sql.run_sync(
        lambda sql: [Room.model_validate(row._mapping) for row in sql.execute(sa.select(*_SHORT))]
    )


async def one(reader: Reader, room_id: str) -> Room | None:
    """Return a room."""
    row = (await reader.sql.execute(sa.select(*_SHORT).where(room.c.room_id == room_id))).first()
    return Room.model_validate(row._mapping) if row else None


async def put(writer: Writer, shown: Sequence[Room]) -> None:
    """Store rooms as they are now. At the first start these are all of them."""
    if shown:
        await writer.sql.run_sync(_put, shown)


def _put(sql: sa.Connection, shown: Sequence[Room]) -> None:
    for start in range(0, len(shown), TOGETHER):
        some = {one.room_id: one for one in shown[start : start + TOGETHER]}
        known = set(sql.execute(sa.select(room.c.room_id).where(room.c.room_id.in_(list(some)))).scalars())
        changes = [
            {"which": key, **some[key].model_dump(exclude={"room_id", *CHOSEN})} for key in some if key in known
        ]
        if changes:
            sql.execute(sa.update(room).where(room.c.room_id == sa.bindparam("which")), changes)
        added = [one.model_dump() for key, one in some.items() if key not in known]
        if added:
            sql.execute(sa.insert(room), added)


async def language(reader: Reader, room_id: str) -> str | None:
    """Return the language chosen for a room."""
    return (await reader.sql.execute(sa.select(room.c.language).where(room.c.room_id == room_id))).scalar()


async def choose_language(writer: Writer, room_id: str, code: str) -> None:
    """Set the language of a room."""
    await writer.sql.execute(sa.update(room).where(room.c.room_id == room_id).values(language=code))


async def choose_timezone(writer: Writer, room_id: str, zone: str | None) -> None:
    """Set the time zone in which times are told in a room, by its IANA name; None: forget it."""
    await writer.sql.execute(sa.update(room).where(room.c.room_id == room_id).values(timezone=zone))


async def quiet(reader: Reader, room_id: str) -> list[str]:
    """Return the kinds of events that are not announced in a room."""
    found = (await reader.sql.execute(sa.select(room.c.quiet).where(room.c.room_id == room_id))).scalar()
    return list(found or [])


async def choose_quiet(writer: Writer, room_id: str, kinds: list[str]) -> None:
    """Set the kinds of events that are not announced in a room."""
    await writer.sql.execute(sa.update(room).where(room.c.room_id == room_id).values(quiet=kinds))


async def lessons_off(reader: Reader, room_id: str) -> list[str]:
    """Return what to learn by is not posted in a room."""
    found = (await reader.sql.execute(sa.select(room.c.lessons_off).where(room.c.room_id == room_id))).scalar()
    return list(found or [])


async def choose_lessons_off(writer: Writer, room_id: str, off: list[str]) -> None:
    """Set what to learn by is not posted in a room."""
    await writer.sql.execute(sa.update(room).where(room.c.room_id == room_id).values(lessons_off=off))


async def is_chatham(reader: Reader, room_id: str) -> bool:
    """Tell whether the Chatham House Rule holds in a room."""
    return bool((await reader.sql.execute(sa.select(room.c.chatham).where(room.c.room_id == room_id))).scalar())


async def choose_chatham(writer: Writer, room_id: str, holds: bool) -> None:
    """Set whether the Chatham House Rule holds in a room."""
    await writer.sql.execute(sa.update(room).where(room.c.room_id == room_id).values(chatham=holds))


async def welcomes(reader: Reader, room_id: str, otherwise: bool) -> bool:
    """Tell whether who comes to a room is welcomed; `otherwise` holds where nobody chose that."""
    found: bool | None = (
        await reader.sql.execute(sa.select(room.c.welcome).where(room.c.room_id == room_id))
    ).scalar()
    return otherwise if found is None else found


async def choose_welcome(writer: Writer, room_id: str, wished: bool) -> None:
    """Set whether who comes to a room is welcomed."""
    await writer.sql.execute(sa.update(room).where(room.c.room_id == room_id).values(welcome=wished))


async def know_members(writer: Writer, room_id: str, at: datetime) -> None:
    """Note that it is known who is in a room."""
    await writer.sql.execute(sa.update(room).where(room.c.room_id == room_id).values(members_known_at=at))


async def descriptions(reader: Reader, room_id: str) -> dict[str, str] | None:
    """Return the digests of the descriptions of commands in a room, by state key; None: nothing is known."""
    found = (await reader.sql.execute(sa.select(room.c.descriptions).where(room.c.room_id == room_id))).scalar()
    return dict(found) if found is not None else None


async def describe(writer: Writer, room_id: str, described: str | None, digests: Mapping[str, str] | None) -> None:
    """Note what descriptions of commands stand in a room, by their fingerprint and one by one."""
    values = {"described": described, "descriptions": sa.null() if digests is None else dict(digests)}
    await writer.sql.execute(sa.update(room).where(room.c.room_id == room_id).values(**values))
