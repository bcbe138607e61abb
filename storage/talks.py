"""Guided talks: what a person was asked and has answered so far. One at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import talk

Answers = dict[str, Any]


class Talk(BaseModel):
    """A talk. `step` is the number of the question that is to be answered; `answers` are by its key.

    `messages` says which message (by its event) answered which question.
    """

    person: str
    kind: str
    step: int
    answers: Answers
    expires_at: datetime
    messages: dict[str, str] | None = None


# Asked with each message in a direct chat, and so made once.
_OF = sa.select(talk).where(talk.c.person == sa.bindparam("by"))


async def of(reader: Reader, person: str, now: datetime) -> Talk | None:
    """Return the talk with a person that is going on."""
    row = (await reader.sql.execute(_OF, {"by": person})).first()
    found = Talk.model_validate(row._mapping) if row else None
    return found if found and found.expires_at > now else None


async def put(writer: Writer, one: Talk) -> None:
    """Store how far a talk is."""
    await writer.put(talk, {"person": one.person}, **one.model_dump(exclude={"person"}))


async def end(writer: Writer, person: str) -> None:
    """Forget the talk with a person."""
    await writer.sql.execute(sa.delete(talk).where(talk.c.person == person))


async def prune(writer: Writer, before: datetime) -> None:
    """Forget talks that expired before that time."""
    await writer.sql.execute(sa.delete(talk).where(talk.c.expires_at < before))
