"""What needs a person: since when, and whether moderators know."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import problem


class Kind(StrEnum):
    """Kinds of problems."""

    DISK = "disk"
    CLOCK = "clock"
    REFUSED = "refused"
    REMOVED = "removed"
    NOT_JOINED = "not_joined"
    ENCRYPTION = "encryption"
    STUCK = "stuck"
    RATE_LIMIT = "rate_limit"
    CALENDAR = "calendar"
    HOMESERVER = "homeserver"
    BACKUP = "backup"


class Problem(BaseModel):
    """A problem of a kind with a subject: a room by its id or alias, the host of a calendar, or nothing.

    Moderators are told of it from `say_at` on; when that is None, only when it is over. `said_at` is when they
    were told that it began, and None when they know that it is over. `ended_at`: when it was over.
    """

    kind: Kind
    subject: str = ""
    begun_at: datetime
    say_at: datetime | None
    said_at: datetime | None = None
    ended_at: datetime | None = None
    detail: str = ""

    @property
    def key(self) -> tuple[Kind, str]:
        """What tells it apart from others."""
        return self.kind, self.subject


async def every(reader: Reader) -> list[Problem]:
    """Return all problems, the longest first, also those that are over and not yet forgotten."""
    rows = await reader.sql.execute(sa.select(problem).order_by(problem.c.begun_at, problem.c.kind))
    return [Problem.model_validate({**row._mapping, "detail": row.detail or ""}) for row in rows]


async def present(reader: Reader, now: datetime) -> list[Problem]:
    """Return the problems that there are and of which moderators are or should be told."""
    return [
        one for one in await every(reader) if one.ended_at is None and one.say_at is not None and one.say_at <= now
    ]


async def put(writer: Writer, one: Problem) -> None:
    """Store a problem as it is now."""
    key = {"kind": one.kind.value, "subject": one.subject}
    await writer.put(problem, key, **one.model_dump(exclude={"kind", "subject"}))


async def prune(writer: Writer, before: datetime) -> None:
    """Forget what was over before that time."""
    await writer.sql.execute(sa.delete(problem).where(problem.c.ended_at < before))
