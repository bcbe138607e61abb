"""What is old is forgotten, each day: what was handled and sent; what was submitted, and not taken or withdrawn.

The messages about what was submitted are taken back with it. Who is behind a pseudonym, and the audit, have their
time, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from bot import answers
from config.settings import PracticeSettings
from storage import (
    audit,
    awaited_files,
    identities,
    inbox,
    media,
    outbox,
    proposals,
    room_keys,
    submissions,
    talks,
    unreadable,
)
from storage.database import Database, Writer
from storage.outbox import OutboxRow
from storage.submissions import Actor

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
"""Handled events and sent answers, without their texts, so that edits and redactions find them."""


async def each_day(
    database: Database, settings: PracticeSettings, push: Callable[[list[OutboxRow]], None]
) -> None:
    """Forget what is old, day after day. What takes back messages is stored, and given to `push`."""
    while True:
        before = datetime.now(UTC) - KEPT
        try:
            await prune(database, before)
            async with database.write() as writer:
                gone = await forget(writer, settings, datetime.now(UTC))
                await room_keys.prune(writer, before)
                await unreadable.prune(writer, before)
                await media.prune(writer, before)
                await awaited_files.prune(writer, datetime.now(UTC))
                await talks.prune(writer, datetime.now(UTC))
                await proposals.expire(writer, datetime.now(UTC))
        except Exception as error:
            log.exception("cannot do what is done each day", error=type(error).__name__)
        else:
            push(gone)
        await asyncio.sleep(24 * 3600)


async def forget(writer: Writer, settings: PracticeSettings, now: datetime) -> list[OutboxRow]:
    """Erase what is older than the settings say, and return what takes back the messages about it."""
    limits = {
        "draft": settings.draft_days,
        "changes_requested": settings.closed_days,
        "rejected": settings.closed_days,
        "withdrawn": settings.closed_days,
    }
    old: dict[int, None] = {}  # in their order, each once
    for state, days in limits.items():
        for one in await submissions.untouched(writer, state, now - timedelta(days=days)):
            belonging = await submissions.belonging(writer, one.id)
            old |= dict.fromkeys([one.id, *(each.id for each in belonging if each.state != "erased")])
    rows: list[OutboxRow] = []
    for number in old:
        await submissions.change(writer, number, "erase", Actor("bot"), now)
        for cause in (f"submission/{number}", f"practice/{number}"):
            standing = await outbox.answers(writer, cause)
            rows += answers.withdrawal(standing, trigger=f"forgotten/{number}", cause=cause, now=now)
    await identities.prune(writer, now - timedelta(days=settings.identity_days))
    await audit.prune(writer, now - timedelta(days=settings.audit_days), now)
    return await outbox.add(writer, rows)


async def prune(database: Database, before: datetime) -> None:
    """Delete what was handled and sent before a time: page after page, each in a transaction of its own."""
    for page in (inbox.prune, outbox.prune):
        after: int | None = 0
        while after is not None:
            async with database.write() as writer:
                after = await page(writer, before, after)
