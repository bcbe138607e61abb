"""Whether what was promised of what the bot stores came true, and what the rooms show of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from storage import audit_file, schema
from tests.chaos import words
from tests.chaos.ledger import Ledger
from tests.chaos.seen import Seen
from tests.chaos.town import Town

DECIDED = "every submission is decided once, and recorded once"
PUBLISHED = "every publication is made once, and its author told once"
IMPORTED = "every import is done once and taken back once"
CHAIN = "the chain of the audit is whole"
WHOLE = "the database is whole"
STUCK = "nothing is left undone"


class Stored:
    """Compares the database with the ledger and the rooms."""

    def __init__(self, town: Town, ledger: Ledger, seen: Seen) -> None:
        self._town = town
        self._ledger = ledger
        self._seen = seen
        self.kept: dict[str, int] = {}

    async def check(self) -> None:
        """Look at everything that is stored."""
        engine = create_async_engine(self._town.database)
        try:
            async with engine.connect() as sql:
                await self._decisions(sql)
                await self._imports(sql)
                await self._left(sql)
        finally:
            await engine.dispose()
        broken, self.kept[CHAIN] = await audit_file.verify(self._town.database)
        if broken is not None:
            self._ledger.fail(CHAIN, f"broken at row {broken.id}, missing: {broken.missing}")
        self._integrity()

    async def _decisions(self, sql: Any) -> None:
        table = schema.audit
        query = sa.select(table.c.subject, sa.func.count()).where(table.c.action.in_(("approve", "reject")))
        decided = dict((await sql.execute(query.group_by(table.c.subject))).all())
        states = dict((await sql.execute(sa.select(schema.submission.c.id, schema.submission.c.state))).all())
        self.kept[DECIDED] = len(states)
        for number, state in states.items():
            count = decided.get(f"submission/{number}", 0)
            # What never came to a race, because somebody waited in vain, is reported there.
            if count > 1 or (state in ("published", "rejected")) != (count == 1):
                self._ledger.fail(DECIDED, f"submission {number} is {state}, decided {count} times")
        self.kept[PUBLISHED] = len(self._ledger.practices)
        for number, (author, submission) in self._ledger.practices.items():
            title = words.title_of(number)
            shown = [
                event["event_id"]
                for event in self._seen.said(self._town.rooms["library"])
                if event["content"].get("body", "").split("\n")[0].endswith(f"(!practice {submission})")
            ]
            told = [
                event["event_id"]
                for event in self._seen.said(self._town.direct[author])
                if f"{title} is published" in (body := event["content"].get("body", ""))
                or ("do not take" in body and title in body)
            ]
            state = states.get(submission)
            if len(shown) != (state == "published"):
                self._ledger.fail(
                    PUBLISHED, f"practice {submission} is {state}, shown {len(shown)} times", None, *shown
                )
            if len(told) != (state in ("published", "rejected")):
                self._ledger.fail(
                    PUBLISHED, f"{author} told {len(told)} times of {submission} ({state})", None, *told
                )

    async def _imports(self, sql: Any) -> None:
        proposal, change = schema.proposal, schema.change
        states = dict((await sql.execute(sa.select(proposal.c.id, proposal.c.state))).all())
        counted = sa.select(change.c.proposal_id, sa.func.count()).group_by(change.c.proposal_id)
        changes = dict((await sql.execute(counted)).all())
        self.kept[IMPORTED] = len(self._ledger.imports)
        for number, country in self._ledger.imports.items():
            if states.get(number) != "undone" or changes.get(number) != 1:
                # What takes it back is a change of its own, without the number.
                what = f"import {number} ({country}) is {states.get(number)}, with {changes.get(number)} changes"
                self._ledger.fail(IMPORTED, what)

    async def _left(self, sql: Any) -> None:
        inbox, outbox, due = schema.inbox, schema.outbox, schema.due
        for table, where in (
            (inbox, inbox.c.state == "pending"),
            (inbox, inbox.c.state == "failed"),
            (outbox, outbox.c.state == "pending"),
            (outbox, outbox.c.state == "refused"),
            (schema.unreadable, sa.true()),
            (schema.direct_room, schema.direct_room.c.room_id.is_(None)),
            (due, due.c.due_at < datetime.now(UTC) - timedelta(minutes=1)),
        ):
            rows = (await sql.execute(sa.select(table).where(where))).mappings().all()
            self.kept[STUCK] = self.kept.get(STUCK, 0) + 1
            if rows:
                keys = ("event_id", "kind", "command", "cause", "error", "subject", "due_at", "state", "reason")
                shown = [{key: str(row[key]) for key in keys if row.get(key)} for row in rows[:5]]
                self._ledger.fail(STUCK, f"{len(rows)} rows in {table.name}: {json.dumps(shown)}")

    def _integrity(self) -> None:
        url = sa.make_url(self._town.database)
        self.kept[WHOLE] = 1
        if url.get_backend_name() != "sqlite":
            self._ledger.skipped["integrity_check (SQLite only)"] += 1
            return
        with closing(sqlite3.connect(str(url.database))) as database:
            for pragma in ("integrity_check", "foreign_key_check"):
                found = [row for row in database.execute(f"PRAGMA {pragma}") if row != ("ok",)]
                if found:
                    self._ledger.fail(WHOLE, f"{pragma}: {found[:5]}")
