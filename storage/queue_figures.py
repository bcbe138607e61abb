"""How much came into the queue, and how much was decided, as the audit says: numbers, and nobody."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader
from storage.schema import audit

DECISIONS = ("approve", "reject", "request_changes", "decline_update")


class Figures(BaseModel):
    """Of a time: what was received, what was decided, and after how many seconds each."""

    until: datetime
    received: int
    decided: int
    seconds: list[float]


async def between(reader: Reader, since: datetime, until: datetime) -> Figures:
    """Return the figures of a time."""
    rows = await reader.sql.execute(
        sa.select(audit.c.subject, audit.c.action, audit.c.at).where(audit.c.at > since, audit.c.at <= until)
    )
    received = decided = 0
    seconds = []
    for subject, action, at in rows.all():
        if action in ("submit", "revise"):
            received += 1
        elif action in DECISIONS:
            decided += 1
            sent = sa.select(sa.func.max(audit.c.at)).where(
                audit.c.subject == subject, audit.c.action.in_(("submit", "revise")), audit.c.at <= at
            )
            came: datetime | None = (await reader.sql.execute(sent)).scalar()
            if came is not None:
                seconds.append((at - came).total_seconds())
    return Figures(until=until, received=received, decided=decided, seconds=seconds)
