"""All that is stored of a person: to be shown, and to be forgotten. A test compares it with the schema.

Encryption keys are neither: they belong to devices, are needed as long as the person is in an encrypted room with
the bot, and go with what `docs/privacy.md` says.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from storage import constituency, digests, due, identities, newcomers, submissions, unfinished
from storage.database import Reader, Writer
from storage.reminders import REMIND
from storage.schema import metadata, outbox
from storage.submissions import Actor, Submission

Rule = Literal["delete", "replace", "keep"]
ERASED = "@erased"
"""Stands where there was a person."""

RULES: dict[str, Rule] = {
    "person": "delete",
    "attendance": "delete",
    "reminder": "delete",
    "following": "delete",
    "talk": "delete",
    "recall": "delete",
    "direct_room": "delete",
    "awaited_file": "delete",
    "identity": "delete",
    "constituent": "delete",
    "counted": "delete",
    "inbox": "replace",
    "proposal": "replace",
    "change": "replace",
    "focal": "replace",
    "unreadable": "delete",
    "room_key": "keep",
    "room_key_share": "keep",
    "device_list": "keep",
    "device": "keep",
}
"""What becomes of the rows of a table when a person is forgotten."""

STAYS = "met"
"""A mark that is no id; see `storage.newcomers`. It is shown, and not deleted."""

HIDDEN = frozenset({"pickle", "content"})
"""Columns that say nothing to anybody: encrypted."""


def columns() -> dict[str, list[str]]:
    """Return the columns of each table that hold a person's id."""
    found = {
        table.name: [column.name for column in table.columns if "person" in column.info]
        for table in metadata.sorted_tables
    }
    return {name: names for name, names in found.items() if names}


async def everything(reader: Reader, person: str) -> dict[str, list[dict[str, Any]]]:
    """Return all rows that have to do with a person, by table; and what the person submitted."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, names in columns().items():
        table = metadata.tables[name]
        query = sa.select(table).where(sa.or_(*(table.c[column] == person for column in names)))
        rows = [
            {key: value for key, value in row._mapping.items() if key not in HIDDEN}
            for row in await reader.sql.execute(query)
        ]
        if rows:
            found[name] = rows
    pseudonym = await identities.known_pseudonym(reader, person)
    if pseudonym is not None:
        sent = await submissions.of_author(reader, pseudonym)
        found["submission"] = [one.model_dump(mode="json") for one in sent]
    if await newcomers.was_met(reader, person):
        waits = await newcomers.is_waiting(reader, person)
        found[STAYS] = [{"mark": await newcomers.mark(reader, person), "is_to_be_welcomed": waits}]
    return found


async def forget(writer: Writer, person: str, at: datetime) -> list[Submission]:
    """Forget a person. Return what they had submitted to others, as it is now: erased."""
    pseudonym = await identities.known_pseudonym(writer, person)
    sent = await submissions.of_author(writer, pseudonym) if pseudonym is not None else []
    author = Actor("author", pseudonym)
    erased = []
    for one in sent:
        if one.state != "erased":
            gone = await submissions.change(writer, one.id, "erase", author, at)
            await unfinished.forget(writer, unfinished.draft(one.id))
            erased += [gone] if one.state != "draft" else []
    # Reminders are due under a name with the person in it.
    await due.cancel_ending(writer, REMIND, f"/{person}")
    await digests.end(writer, person)
    await unfinished.forget(writer, unfinished.talk(person))
    await newcomers.forget(writer, person)
    await constituency.forget(writer, person)
    await writer.sql.execute(sa.delete(outbox).where(outbox.c.room_id == person))
    for name, names in columns().items():
        table = metadata.tables[name]
        for column in names:
            this = table.c[column] == person
            if RULES[name] == "delete":
                await writer.sql.execute(sa.delete(table).where(this))
            elif RULES[name] == "replace":
                # What is being answered is needed until it is; the sender of the rest is nobody's business.
                rest = sa.and_(this, table.c.state != "pending") if name == "inbox" else this
                await writer.sql.execute(sa.update(table).where(rest).values({column: ERASED}))
    return erased
