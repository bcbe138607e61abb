"""A look at a database from outside: it changes nothing, and the bot may be running with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage import inbox, outbox, postgres, schema
from storage import rooms as room_storage
from storage.database import Reader
from storage.migrate import current, is_known

WINDOW = timedelta(seconds=10)
LIMITED = timedelta(days=7)
"""For how long it counts that messages had to wait for a rate limit."""
SENT = 1000
"""Messages that are looked at, the latest ones."""


class Burst(BaseModel):
    """The most messages that were sent within `WINDOW`, and when the last of them was."""

    messages: int
    at: datetime


class Inspection(BaseModel):
    """What a database holds. Of one that is not `current` nothing but its schema is known."""

    state: Literal["empty", "older", "current", "newer"]
    found: str | None = None
    newest: str = schema.HEAD
    rooms: list[room_storage.Room] = []
    waiting: int = 0
    unsent: int = 0
    unsent_since: datetime | None = None
    refused: int = 0
    burst: Burst | None = None
    limited: int = 0
    limited_at: datetime | None = None
    """How many messages had to wait for a rate limit within `LIMITED`, and when the last of them was sent."""


async def inspect(url: str) -> Inspection:
    """Look at the database at `url`. One that does not exist is `empty`, and is not made.

    Raises:
        UnusableDatabaseError: the server or the database cannot be used.

    """
    async with postgres.explaining(url):
        engine = looker(url)
        if engine is None:
            return Inspection(state="empty")
        try:
            found = await current(engine)
            if found != schema.HEAD:
                state: Literal["empty", "older", "newer"]
                state = "empty" if found is None else "older" if is_known(found) else "newer"
                return Inspection(state=state, found=found)
            async with engine.connect() as connection:
                return await _contents(Reader(connection, {}))
        finally:
            await engine.dispose()


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database; None for any other."""
    address = sa.make_url(url)
    return Path(address.database) if address.get_backend_name() == "sqlite" and address.database else None


def looker(url: str) -> AsyncEngine | None:
    """Return what connects to a database and makes none; None when there is none."""
    address, path = sa.make_url(url), file_of(url)
    if address.get_backend_name() != "sqlite":
        return postgres.engine(address, writes=False, name=f"{postgres.NAME} look")
    if path is not None:
        if not path.exists():
            return None
        # Not `ro`: a reader of a write-ahead log must write into the file with its index.
        address = address.set(database=f"file:{quote(str(path.absolute()))}", query={"mode": "rw", "uri": "true"})
    # An error is logged with its words, and its parameters would be what somebody wrote.
    return create_async_engine(address, hide_parameters=True)


async def _contents(reader: Reader) -> Inspection:
    table = schema.outbox
    oldest = sa.select(sa.func.min(table.c.created_at)).where(table.c.state == "pending")
    latest = (
        sa.select(table.c.sent_at)
        .where(table.c.state == "sent", table.c.kind != "redaction")
        .order_by(table.c.id.desc())
        .limit(SENT)
    )
    waited = sa.select(sa.func.count(), sa.func.max(table.c.sent_at)).where(
        table.c.limited, table.c.sent_at > datetime.now(UTC) - LIMITED
    )
    limited, limited_at = (await reader.sql.execute(waited)).one()
    times = [at for at in (await reader.sql.execute(latest)).scalars() if at is not None]
    return Inspection(
        state="current",
        found=schema.HEAD,
        rooms=await room_storage.every(reader),
        waiting=await inbox.count_pending(reader),
        unsent=await outbox.count_pending(reader),
        unsent_since=(await reader.sql.execute(oldest)).scalar(),
        refused=await outbox.count_refused(reader),
        burst=_burst(sorted(times)),
        limited=limited,
        limited_at=limited_at,
    )


def _burst(times: Sequence[datetime]) -> Burst | None:
    """Find the fullest window among times in their order."""
    fullest: Burst | None = None
    start = 0
    for end, at in enumerate(times):
        while at - times[start] > WINDOW:
            start += 1
        if fullest is None or end - start + 1 > fullest.messages:
            fullest = Burst(messages=end - start + 1, at=at)
    return fullest
