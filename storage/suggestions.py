"""Corrections that members suggest, for the moderators."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.database import Writer
from storage.schema import suggestion


async def add(writer: Writer, *, subject: str, person: str, text: str, at: datetime) -> int:
    """Store a suggestion and return its number."""
    done = await writer.sql.execute(
        sa.insert(suggestion).values(subject=subject, person=person, text=text, made_at=at)
    )
    key = done.inserted_primary_key
    assert key is not None  # noqa: S101 - every dialect returns it for a single row
    return int(key[0])


async def is_new(writer: Writer, *, subject: str, person: str, text: str) -> bool:
    """Tell whether this person has not said the same about it before."""
    query = sa.select(suggestion.c.id).where(
        suggestion.c.subject == subject, suggestion.c.person == person, suggestion.c.text == text
    )
    return (await writer.sql.execute(query.limit(1))).first() is None
