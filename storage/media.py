"""Files that the bot sends: kept until they are with the homeserver, each once."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa

from storage.database import Reader, Writer
from storage.schema import media


async def add(writer: Writer, data: bytes, now: datetime) -> str:
    """Store a file and return its id: the same for the same bytes."""
    digest = hashlib.sha256(data).hexdigest()
    await writer.put(media, {"id": digest}, data=data, added_at=now)
    return digest


async def get(reader: Reader, media_id: str) -> bytes | None:
    """Return a file."""
    return (await reader.sql.execute(sa.select(media.c.data).where(media.c.id == media_id))).scalar()


async def prune(writer: Writer, before: datetime) -> None:
    """Forget the files that were added before a time."""
    await writer.sql.execute(sa.delete(media).where(media.c.added_at < before))
