"""Of which events people get notices in a direct chat, and who gets the digest there."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.database import Reader, Writer
from storage.events import Event
from storage.schema import following

ALL = "all"
DIGEST = "digest"
"""The wish for the digest. It is about no event, and stands here because it is a wish to hear of something."""


async def follow(writer: Writer, person: str, what: str, at: datetime) -> None:
    """Send a person notices of all events, of a kind (`kind:training`) or of a country (`country:KE`)."""
    await writer.put(following, {"person": person, "what": what}, since=at)


async def unfollow(writer: Writer, person: str, what: str | None = None) -> int:
    """Send a person no notices of something any more, or of no event. Return how many wishes that were."""
    these = following.c.what != DIGEST if what is None else following.c.what == what
    query = sa.delete(following).where(following.c.person == person, these)
    return int((await writer.sql.execute(query)).rowcount)


async def of(reader: Reader, person: str) -> list[str]:
    """Return which events a person follows."""
    query = sa.select(following.c.what).where(following.c.person == person, following.c.what != DIGEST)
    query = query.order_by(following.c.what)
    return list((await reader.sql.execute(query)).scalars())


async def followers(reader: Reader, event: Event) -> list[str]:
    """Return who follows something that an event is about."""
    wanted = [ALL, f"kind:{event.kind}", *(f"country:{code}" for code in event.countries)]
    query = sa.select(following.c.person).where(following.c.what.in_(wanted)).distinct()
    return sorted((await reader.sql.execute(query)).scalars())
