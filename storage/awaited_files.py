"""Commands that wait for a file: sent first, with the file behind."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.database import Reader, Writer
from storage.schema import awaited_file


async def expect(writer: Writer, *, room_id: str, person: str, command: str, expires_at: datetime) -> None:
    """Let the next file of a person in a room go to `command`."""
    key = {"room_id": room_id, "person": person}
    await writer.put(awaited_file, key, command=command, expires_at=expires_at)


async def is_expected(reader: Reader, room_id: str, person: str) -> bool:
    """Tell whether a command waits for a file of a person in a room."""
    query = sa.select(awaited_file.c.command).where(_of(room_id, person))
    return (await reader.sql.execute(query)).first() is not None


async def command(reader: Reader, room_id: str, person: str, at: datetime) -> str | None:
    """Return the command that waits for a file that was sent `at` that time."""
    query = sa.select(awaited_file.c.command).where(_of(room_id, person), awaited_file.c.expires_at >= at)
    return (await reader.sql.execute(query)).scalar()


async def forget(writer: Writer, room_id: str, person: str) -> None:
    """Wait no longer."""
    await writer.sql.execute(sa.delete(awaited_file).where(_of(room_id, person)))


async def prune(writer: Writer, before: datetime) -> None:
    """Forget what waited until that time in vain."""
    await writer.sql.execute(sa.delete(awaited_file).where(awaited_file.c.expires_at < before))


def _of(room_id: str, person: str) -> sa.ColumnElement[bool]:
    return sa.and_(awaited_file.c.room_id == room_id, awaited_file.c.person == person)
