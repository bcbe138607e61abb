"""Who is behind a pseudonym: one table apart from all content. Each look into it is recorded."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa

from storage import audit
from storage.audit import Entry
from storage.database import Reader, Writer
from storage.schema import audit as audit_table
from storage.schema import commitment, identity, submission

WAITING = ("draft", "submitted", "in_review", "changes_requested", "approved", "update_pending", "safety_hold")


async def pseudonym(writer: Writer, person: str, at: datetime) -> str:
    """Return the pseudonym of a person; make one for who has none."""
    known = await known_pseudonym(writer, person)
    if known is None:
        known = secrets.token_hex(6)
        await writer.sql.execute(sa.insert(identity).values(person=person, pseudonym=known, since=at))
    return known


async def known_pseudonym(reader: Reader, person: str) -> str | None:
    """Return the pseudonym of a person, if there is one."""
    found: str | None = (
        await reader.sql.execute(sa.select(identity.c.pseudonym).where(identity.c.person == person))
    ).scalar()
    return found


async def reveal(writer: Writer, known: str, *, by: str | None, why: str, at: datetime) -> str | None:
    """Return who is behind a pseudonym, and record that it was looked up; None if that was erased."""
    query = sa.select(identity.c.person).where(identity.c.pseudonym == known)
    person: str | None = (await writer.sql.execute(query)).scalar()
    await audit.add(writer, Entry(at=at, actor=by, action="reveal", subject=f"identity/{known}", reason=why))
    return person


async def erase(writer: Writer, person: str) -> str | None:
    """Forget who is behind a pseudonym, and return that; None if there was none."""
    known = await known_pseudonym(writer, person)
    await writer.sql.execute(sa.delete(identity).where(identity.c.person == person))
    return known


async def prune(writer: Writer, before: datetime) -> int:
    """Forget who is behind the pseudonyms of which nothing was heard since that time. Return how many.

    Who has a draft, or something with the moderators, is kept: they wait for an answer. So is who has committed to
    something, until as long after its deadline: they are reminded, and report on it.
    """
    waits = sa.exists().where(
        submission.c.author == identity.c.pseudonym,
        sa.or_(submission.c.updated_at >= before, submission.c.state.in_(WAITING)),
    )
    committed = (
        sa.exists()
        .where(submission.c.author == identity.c.pseudonym, submission.c.id == commitment.c.submission_id)
        .where(commitment.c.deadline >= before.date())
    )
    acted = sa.exists().where(audit_table.c.actor == identity.c.pseudonym, audit_table.c.at >= before)
    done = await writer.sql.execute(
        sa.delete(identity).where(identity.c.since < before, ~waits, ~committed, ~acted)
    )
    return int(done.rowcount)
