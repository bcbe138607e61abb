"""Where the bot talks with each person alone."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import direct_room


class DirectRoom(BaseModel):
    """The direct chat with a person. Without `room_id` it is being made, since `updated_at`."""

    person: str
    room_id: str | None
    updated_at: datetime


async def every(reader: Reader) -> dict[str, str]:
    """Return the rooms by person."""
    query = sa.select(direct_room.c.person, direct_room.c.room_id).where(direct_room.c.room_id.is_not(None))
    return {row.person: row.room_id for row in await reader.sql.execute(query)}


async def get(reader: Reader, person: str) -> DirectRoom | None:
    """Return the direct chat with a person."""
    row = (await reader.sql.execute(sa.select(direct_room).where(direct_room.c.person == person))).first()
    return DirectRoom.model_validate(row._mapping) if row else None


async def speak(writer: Writer, person: str, language: str) -> None:
    """Set the language in which a person is talked with, where they choose none."""
    await writer.sql.execute(
        sa.update(direct_room).where(direct_room.c.person == person).values(language=language)
    )


async def put(writer: Writer, person: str, room_id: str | None, at: datetime) -> None:
    """Note where a person is talked with; None: a room is being made."""
    await writer.put(direct_room, {"person": person}, room_id=room_id, updated_at=at)
