"""Rooms: all that a first sync brings are stored together, and what members chose is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from storage import rooms
from storage.database import Database
from storage.rooms import TOGETHER, Room

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


async def test_many_rooms_new_and_known(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}")
    many = [Room(room_id=f"!{number}", membership="join", since=NOW) for number in range(2 * TOGETHER + 3)]
    async with database.write() as writer:
        await rooms.put(writer, many[:TOGETHER])
        await rooms.choose_language(writer, "!7", "fr")
        await rooms.put(writer, [])
    renamed = [room.model_copy(update={"name": f"Room {room.room_id}", "members": 3}) for room in many]
    async with database.write() as writer:
        await rooms.put(writer, renamed)
    async with database.read() as reader:
        found = {room.room_id: room for room in await rooms.every(reader)}
    await database.close()
    assert found.pop("!7") == renamed[7].model_copy(update={"language": "fr"})
    assert list(found.values()) == [room for room in renamed if room.room_id != "!7"]
