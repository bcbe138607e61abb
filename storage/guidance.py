"""Texts that moderators write for members, by name and language."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.database import Reader, Writer
from storage.schema import guidance


async def get(reader: Reader, name: str, language: str) -> str | None:
    """Return a text in a language, else in any in which there is one."""
    query = sa.select(guidance.c.language, guidance.c.text).where(guidance.c.name == name)
    found = {row.language: str(row.text) for row in await reader.sql.execute(query.order_by(guidance.c.language))}
    return found.get(language) or found.get("en") or next(iter(found.values()), None)


async def put(writer: Writer, name: str, language: str, text: str | None, at: datetime) -> None:
    """Set a text; None removes it."""
    if text is None:
        this = sa.and_(guidance.c.name == name, guidance.c.language == language)
        await writer.sql.execute(sa.delete(guidance).where(this))
    else:
        await writer.put(guidance, {"name": name, "language": language}, text=text, updated_at=at)
