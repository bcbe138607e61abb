"""What a person chose. Nothing is stored of a person who chose nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import direct_room, person, room


class Voice(BaseModel):
    """How to answer: the language that the person chose and that of the room, their time zone (IANA).

    `chatham`: whether the Chatham House Rule holds in the room.
    """

    person: str | None = None
    room: str | None = None
    timezone: str | None = None
    chatham: bool = False


_WELCOMED_IN = sa.select(direct_room.c.language).where(
    direct_room.c.person == sa.bindparam("user_id"), direct_room.c.room_id == sa.bindparam("room_id")
)

# Asked with each command, and so made once: to make a question takes longer than to answer it.
_VOICE = sa.select(
    sa.select(person.c.language).where(person.c.user_id == sa.bindparam("user_id")).scalar_subquery(),
    sa.func.coalesce(
        sa.select(room.c.language).where(room.c.room_id == sa.bindparam("room_id")).scalar_subquery(),
        _WELCOMED_IN.scalar_subquery(),
    ),
    sa.select(person.c.timezone).where(person.c.user_id == sa.bindparam("user_id")).scalar_subquery(),
    sa.select(room.c.timezone).where(room.c.room_id == sa.bindparam("room_id")).scalar_subquery(),
    sa.select(room.c.chatham).where(room.c.room_id == sa.bindparam("room_id")).scalar_subquery(),
)


async def voice(reader: Reader, user_id: str, room_id: str) -> Voice:
    """Return all choices with one question."""
    found = (await reader.sql.execute(_VOICE, {"user_id": user_id, "room_id": room_id})).one()
    mine, rooms, zone, there, chatham = found
    return Voice(person=mine, room=rooms, timezone=zone or there, chatham=bool(chatham))


async def choose_language(writer: Writer, user_id: str, code: str, at: datetime) -> None:
    """Set the language in which a person is answered."""
    await _put(writer, user_id, {"language": code, "updated_at": at})


async def choose_timezone(writer: Writer, user_id: str, zone: str | None, at: datetime) -> None:
    """Set the time zone in which a person is told times, by its IANA name; None: forget it."""
    if zone is not None:
        await _put(writer, user_id, {"timezone": zone, "updated_at": at})
        return
    this = person.c.user_id == user_id
    await writer.sql.execute(sa.delete(person).where(this, person.c.language.is_(None)))
    await writer.sql.execute(sa.update(person).where(this).values(timezone=None, updated_at=at))


async def _put(writer: Writer, user_id: str, values: dict[str, Any]) -> None:
    done = await writer.sql.execute(sa.update(person).where(person.c.user_id == user_id).values(**values))
    if done.rowcount == 0:
        await writer.sql.execute(sa.insert(person).values(user_id=user_id, **values))
