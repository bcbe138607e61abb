"""What the bot has decided to say: written in the transaction of the decision, sent afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.inbox import Doubt
from storage.schema import outbox

STANDING = ("submission/", "practice/")
"""Beginnings of the causes of messages that are mended or taken back also after a long time."""


PAGE = 1000
"""Rows of which the old ones are deleted in one transaction."""


class Priority(IntEnum):
    """What goes first when the homeserver lets only so much through."""

    ANSWER = 0
    ANNOUNCEMENT = 1
    DIGEST = 2
    BACKGROUND = 100
    """What nobody waits for; see `bot.pace`."""


class Buttons(BaseModel):
    """What reactions to a message stand for: commands by emoji. `thread` is where the message was sent."""

    commands: dict[str, str]
    thread: str | None = None


class OutboxRow(BaseModel):
    """A message, an edit, a reaction or a redaction on its way.

    `room_id` is where it goes: a room, or a person, with whom a direct chat is opened if there is none.
    `content` is the message content. For an edit it is the new content and `about` the row of the message;
    for a redaction `about` is the row of the message that goes. For a reaction `about` is the row of the message
    that it is put under, and `content` has only the emoji as `key`. With `doubt` it may have been sent before the
    database was put back from a copy; see `storage.restored`.
    """

    id: int = 0
    txn_id: str
    room_id: str
    kind: Literal["message", "edit", "reaction", "redaction"]
    priority: Priority = Priority.ANSWER
    cause: str | None = None
    part: int = 0
    about: int | None = None
    content: dict[str, Any] | None = None
    buttons: Buttons | None = None
    created_at: datetime
    doubt: Doubt | None = None


class SentAnswer(BaseModel):
    """A message that answered something: its row, its part and where it is."""

    id: int
    part: int
    room_id: str


class Sent(BaseModel):
    """Which event a row became, in which room (for a row to a person: the direct chat), and when.

    `limited`: the homeserver let it wait for its rate limit.
    """

    id: int
    room_id: str
    event_id: str
    sent_at: datetime
    limited: bool = False


# Asked with each command, and so made once: to make a question takes longer than to answer it.
_ADD = sa.insert(outbox)
_SENT = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("row"))
    .values(
        state="sent",
        content=sa.null(),
        room_id=sa.bindparam("room"),
        event_id=sa.bindparam("event_id"),
        sent_at=sa.bindparam("sent_at"),
        limited=sa.bindparam("waited"),
    )
)

_BUTTONS = sa.select(outbox.c.buttons).where(outbox.c.event_id == sa.bindparam("of"))
_ON_THEIR_WAY = (
    sa.select(outbox.c.id)
    .where(
        outbox.c.state == "pending",
        outbox.c.room_id.in_([sa.bindparam("room"), sa.bindparam("person")]),
        outbox.c.buttons.is_not(sa.null()),
    )
    .limit(1)
)


async def add(writer: Writer, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Store `rows` in their order and return them with their `id`."""
    return await writer.sql.run_sync(_add, rows) if rows else []


def _add(sql: sa.Connection, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    stored = []
    for row in rows:
        values = row.model_dump(exclude={"id"})
        key = sql.execute(_ADD, {"state": "pending", **values}).inserted_primary_key
        assert key is not None  # noqa: S101 - every dialect returns it for a single row
        stored.append(row.model_copy(update={"id": key[0]}))
    return stored


async def pending(reader: Reader, *, after: int = 0, limit: int = 1000) -> list[OutboxRow]:
    """Return what waits to be sent, oldest first."""
    query = (
        sa.select(outbox)
        .where(outbox.c.state == "pending", outbox.c.id > after)
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [OutboxRow.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def answers(reader: Reader, cause: str) -> list[SentAnswer]:
    """Return the messages that answer an event and still stand, in order of their parts."""
    gone = outbox.alias()
    withdrawn = sa.exists().where(gone.c.about == outbox.c.id, gone.c.kind == "redaction")
    query = (
        sa.select(outbox.c.id, outbox.c.part, outbox.c.room_id)
        .where(
            outbox.c.cause == cause,
            outbox.c.kind == "message",
            outbox.c.state.not_in(("refused", "left out")),
            ~withdrawn,
        )
        .order_by(outbox.c.part, outbox.c.id)
    )
    return [SentAnswer.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def buttons(reader: Reader, event: str) -> Buttons | None:
    """Return what reactions to an event of ours stand for; None when they stand for nothing."""
    return await _buttons(reader, _BUTTONS, of=event)


async def offered(reader: Reader, room_id: str, until: datetime) -> Buttons | None:
    """Return the buttons of what had been said last in a room at a time; None when that has none."""
    query = (
        sa.select(outbox.c.buttons)
        # By the states, too: with them there is an index of what was said in a room.
        .where(outbox.c.state.in_(("sent", "pending")), outbox.c.room_id == room_id, outbox.c.kind == "message")
        .where(outbox.c.created_at <= until)
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    return await _buttons(reader, query)


async def buttons_of(reader: Reader, txn_id: str) -> Buttons | None:
    """Return what reactions to the message with this transaction id stand for, also while it is on its way."""
    return await _buttons(reader, sa.select(outbox.c.buttons).where(outbox.c.txn_id == txn_id))


async def _buttons(reader: Reader, query: sa.Select[Any], **values: object) -> Buttons | None:
    found = (await reader.sql.execute(query, values)).scalar()
    return Buttons.model_validate(found) if found else None


async def is_sending_buttons(reader: Reader, room_id: str, person: str) -> bool:
    """Tell whether a message with buttons is on its way to a room or a person.

    Then it may be there, and we do not know as what.
    """
    return (await reader.sql.execute(_ON_THEIR_WAY, {"room": room_id, "person": person})).first() is not None


async def is_known(reader: Reader, txn_id: str) -> bool:
    """Tell whether there is, or was, a row with this transaction id."""
    return (await reader.sql.execute(sa.select(outbox.c.id).where(outbox.c.txn_id == txn_id))).first() is not None


async def event_id(reader: Reader, row_id: int) -> str | None:
    """Return the event that a row became; None when it was never sent."""
    return (await reader.sql.execute(sa.select(outbox.c.event_id).where(outbox.c.id == row_id))).scalar()


async def sent(writer: Writer, rows: Sequence[Sent]) -> None:
    """Record what rows became, and forget their texts."""
    values = [
        {
            "row": row.id,
            "room": row.room_id,
            "event_id": row.event_id,
            "sent_at": row.sent_at,
            "waited": row.limited or None,
        }
        for row in rows
    ]
    await writer.sql.execute(_SENT, values)


async def refused(writer: Writer, row_id: int, error: str, at: datetime) -> None:
    """Record that the homeserver will never take a row, and why."""
    await writer.sql.execute(
        sa.update(outbox)
        .where(outbox.c.id == row_id)
        .values(state="refused", error=error, sent_at=at, content=sa.null())
    )


async def left_out(writer: Writer, row_id: int, at: datetime) -> None:
    """Record that a row is not sent: it was, or may have been, before a copy was put back, or nobody wants it."""
    await writer.sql.execute(
        sa.update(outbox).where(outbox.c.id == row_id).values(state="left out", sent_at=at, content=sa.null())
    )


async def count_pending(reader: Reader) -> int:
    """Return how many rows wait to be sent."""
    query = sa.select(sa.func.count()).where(outbox.c.state == "pending")
    return (await reader.sql.execute(query)).scalar_one()


async def count_refused(reader: Reader) -> int:
    """Return how many rows the homeserver refused for good."""
    query = sa.select(sa.func.count()).where(outbox.c.state == "refused")
    return (await reader.sql.execute(query)).scalar_one()


async def refused_rooms(reader: Reader, since: datetime) -> dict[str, str]:
    """Return the rooms whose last message since then was refused, and why."""
    mine = sa.select(outbox.c.room_id, outbox.c.error, outbox.c.sent_at).where(outbox.c.sent_at > since)
    found: dict[str, str] = {}
    for row in await reader.sql.execute(mine.where(outbox.c.state == "refused").order_by(outbox.c.sent_at)):
        later = sa.select(outbox.c.id).where(
            outbox.c.state == "sent", outbox.c.room_id == row.room_id, outbox.c.sent_at > row.sent_at
        )
        if (await reader.sql.execute(later.limit(1))).first() is None:
            found[row.room_id] = row.error or ""
    return found


async def stuck_rooms(reader: Reader, before: datetime) -> list[str]:
    """Return the rooms, or people, for whom a message waits since then."""
    query = sa.select(outbox.c.room_id).where(outbox.c.state == "pending", outbox.c.created_at < before)
    return list((await reader.sql.execute(query.distinct())).scalars())


async def prune(writer: Writer, before: datetime, after: int) -> int | None:
    """Delete what was sent or refused before a time, but not what stands for good, among the next rows.

    Return behind which row to go on, as `storage.inbox.prune` does.
    """
    page = sa.select(outbox.c.id, outbox.c.created_at).where(outbox.c.id > after).order_by(outbox.c.id).limit(PAGE)
    rows = (await writer.sql.execute(page)).all()
    if not rows:
        return None
    stands = sa.or_(*(outbox.c.cause.like(f"{start}%") for start in STANDING))
    old = sa.and_(outbox.c.sent_at < before, sa.or_(outbox.c.cause.is_(None), ~stands))
    await writer.sql.execute(sa.delete(outbox).where(outbox.c.id.between(after, rows[-1].id), old))
    return rows[-1].id if rows[-1].created_at < before else None
