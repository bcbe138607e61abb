"""What a person chose. Nothing is stored of a person who chose nothing."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import person, room


class Voice(BaseModel):
    """In which language to answer: the choice of the person and that of the room."""

    person: str | None = None
    room: str | None = None


# Asked with each command, and so made once: to make a question takes longer than to answer it.
_VOICE = sa.select(
    sa.select(person.c.language).where(person.c.user_id == sa.bindparam("user_id")).scalar_subquery(),
    sa.select(room.c.language).where(room.c.room_id == sa.bindparam("room_id")).scalar_subquery(),
)


async def voice(reader: Reader, user_id: str, room_id: str) -> Voice:
    """Return both choices with one question."""
    mine, rooms = (await reader.sql.execute(_VOICE, {"user_id": user_id, "room_id": room_id})).one()
    return Voice(person=mine, room=rooms)


async def choose_language(writer: Writer, user_id: str, code: str, at: datetime) -> None:
    """Set the language in which a person is answered."""
    values = {"language": code, "updated_at": at}
    done = await writer.sql.execute(sa.update(person).where(person.c.user_id == user_id).values(**values))
    if done.rowcount == 0:
        await writer.sql.execute(sa.insert(person).values(user_id=user_id, **values))
