"""Whether what was promised came true: read from the rooms, the database and the log when all is calm again."""

from __future__ import annotations

import json
import sqlite3
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bot.answers import KEY
from bot.direct import FOR
from storage import audit_file, schema
from tests.chaos import plan as plans
from tests.chaos import words
from tests.chaos.ledger import Asked, Ledger
from tests.chaos.town import Town
from tests.chaos.workload import ANSWERED
from tests.homeserver.running import persistently, reply_to

PLACED = "each answer is a reply, in the right room and thread, in order"
UNASKED = "nothing is said that nobody asked for, and nothing twice"
FOLLOWED = "edits and redactions are followed"
REMINDED = "every reminder is sent once, in one direct chat"
ANNOUNCED = "every announcement is made once in each room"
DECIDED = "every submission is decided once, and recorded once"
PUBLISHED = "every publication is made once, and its author told once"
IMPORTED = "every import is done once and taken back once"
CHAIN = "the chain of the audit is whole"
WHOLE = "the database is whole"
STUCK = "nothing is left undone"
SILENT = "no command failed, and what members write is not in the log"
FLAT = "memory and open files stay as they are"

MARGIN = timedelta(seconds=10)
"""What was known that long before it was due, by the clock of the bot, is said in any case."""
MORE_MEMORY = 24 << 20
MORE_FILES = 16
LONG_ENOUGH = 240.0
"""Seconds that the bot must have run for its memory to be judged."""

Json = dict[str, Any]


@dataclass
class Seen:
    """What was said in the rooms, by the ids of the rooms, and what the database holds."""

    rooms: dict[str, list[Json]] = field(default_factory=dict)
    closed: Counter[str] = field(default_factory=Counter)
    opened: dict[str, list[str]] = field(default_factory=dict)  # by member without a chat: rooms that the bot made


class Promises:
    """Checks them all; what is broken goes into the ledger. `kept` counts what was looked at, by promise."""

    def __init__(self, town: Town, ledger: Ledger, slip: float) -> None:
        self._town = town
        self._ledger = ledger
        self._margin = MARGIN + timedelta(seconds=slip)  # by how much its clock was wrong at most
        self._bot = town.bot.user_id
        self.kept: dict[str, int] = {}

    async def check(self) -> None:
        """Look at everything. The bot must have stopped."""
        seen = await self._look()
        self._answers(seen)
        self._order(seen)
        self._nothing_else(seen)
        self._edits(seen)
        self._reminders(seen)
        self._announcements(seen)
        await self._database(seen)
        self._log()
        self._memory()

    # What there is to look at

    async def _look(self) -> Seen:
        seen, town = Seen(), self._town
        for name, room in town.rooms.items():
            if name != "closed":
                seen.rooms[room] = await town.history(plans.MODERATORS[0], room)
        for name, room in town.direct.items():
            seen.rooms[room] = await town.history(name, room)
        seen.closed = town.closed.answers(town.rooms["closed"], self._bot)
        for name in plans.WITHOUT_CHAT:
            seen.opened[name] = await self._invited(name)
            for room in seen.opened[name]:
                await persistently(lambda name=name, room=room: town.people[name].join(room))  # type: ignore[misc]
                seen.rooms[room] = await town.history(name, room)
        return seen

    async def _invited(self, name: str) -> list[str]:
        path = "/_matrix/client/v3/sync?timeout=0"
        found = await persistently(lambda: self._town.people[name].request("GET", path))
        rooms = found.get("rooms", {}).get("invite", {})
        return [
            room
            for room, section in rooms.items()
            if any(event["sender"] == self._bot for event in section["invite_state"]["events"])
        ]

    def _said(self, seen: Seen, room: str) -> list[Json]:
        """Return the bot's messages in a room that stand, without edits."""
        return [
            event
            for event in seen.rooms.get(room, [])
            if event["sender"] == self._bot
            and event["type"] in ("m.room.message", "m.room.encrypted")
            and event["content"]
            and event["content"].get("m.relates_to", {}).get("rel_type") != "m.replace"
        ]

    def _replies(self, seen: Seen) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = defaultdict(list)
        for room in seen.rooms:
            for event in self._said(seen, room):
                if target := reply_to(event):
                    found[target].append(event)
        return found

    # Promises about what is said

    def _answers(self, seen: Seen) -> None:
        replies = self._replies(seen)
        self.kept[ANSWERED] = len(self._ledger.asked)
        for one in self._ledger.asked:
            if one.who == "closed":
                count = seen.closed[one.event]
            else:
                count = len(replies[one.event])
            wanted = 0 if one.redacted else one.answers
            if count != wanted:
                ids = (one.event, *(event["event_id"] for event in replies[one.event]))
                self._ledger.fail(
                    FOLLOWED if one.redacted else ANSWERED,
                    f"{one.who} {one.text[:50]!r}: {count} answers, wanted {wanted}",
                    one.at,
                    *ids,
                )

    def _order(self, seen: Seen) -> None:
        here = {event["event_id"]: room for room, events in seen.rooms.items() for event in events}
        replies = self._replies(seen)
        for one in self._ledger.asked:
            for event in replies[one.event]:
                relation = event["content"]["m.relates_to"]
                thread = relation.get("event_id") if relation.get("rel_type") == "m.thread" else None
                self.kept[PLACED] = self.kept.get(PLACED, 0) + 1
                if here[event["event_id"]] != one.room or thread != one.thread:
                    self._ledger.fail(
                        PLACED, f"{one.text[:50]!r} at another place", one.at, one.event, event["event_id"]
                    )
        asked = {one.event: one for one in self._ledger.asked if not one.redacted}
        typed = {event for event in asked if event not in self._ledger.pressed}
        for events in seen.rooms.values():
            order = [event["event_id"] for event in events if event["event_id"] in typed]
            answered = [
                target for event in events if event["sender"] == self._bot and (target := reply_to(event)) in typed
            ]
            answered = list(dict.fromkeys(answered))
            order = [event for event in order if event in set(answered)]
            if order != answered:
                wrong = next(a for a, b in zip(order, answered, strict=True) if a != b)
                self._ledger.fail(PLACED, "answered out of turn", asked[wrong].at, wrong)

    def _nothing_else(self, seen: Seen) -> None:
        asked = {one.event for one in self._ledger.asked}
        first = min((one.event for one in self._ledger.asked), default="")
        keys: Counter[str] = Counter()
        where: dict[str, list[str]] = defaultdict(list)
        for room, events in seen.rooms.items():
            begun = self._ledger_began(events, asked)
            for event in events:
                if event["sender"] != self._bot:
                    continue
                key = event["content"].get(KEY)
                if key:
                    keys[key] += 1
                    where[key].append(event["event_id"])
                target = reply_to(event)
                late = target is not None and target not in asked and event["origin_server_ts"] > begun
                edit = event["content"].get("m.relates_to", {}).get("rel_type") == "m.replace"
                if late and not edit:
                    self._ledger.fail(
                        UNASKED,
                        f"an answer to what was no command, in {room}",
                        None,
                        str(target),
                        event["event_id"],
                    )
        del first
        self.kept[UNASKED] = len(keys)
        for key, count in keys.items():
            if count > 1:
                self._ledger.fail(UNASKED, f"said {count} times", None, *where[key])

    def _ledger_began(self, events: list[Json], asked: set[str]) -> int:
        """Return when the run began in a room: what was answered before belongs to its preparation."""
        return min((event["origin_server_ts"] for event in events if event["event_id"] in asked), default=1 << 62)

    def _edits(self, seen: Seen) -> None:
        latest: dict[str, Json] = {}
        for events in seen.rooms.values():
            for event in events:
                relation = event["content"].get("m.relates_to", {})
                if event["sender"] == self._bot and relation.get("rel_type") == "m.replace":
                    latest[relation["event_id"]] = event
        replies = self._replies(seen)
        for one in self._ledger.asked:
            self.kept[FOLLOWED] = self.kept.get(FOLLOWED, 0) + bool(one.edited_to or one.redacted)
            if one.edited_to is None:
                continue
            for event in replies[one.event]:
                edit = latest.get(event["event_id"], event)
                body = edit["content"].get("m.new_content", edit["content"])["body"]
                if not body.startswith(one.edited_to):
                    self._ledger.fail(
                        FOLLOWED, f"not edited to {one.edited_to!r}", one.at, one.event, event["event_id"]
                    )

    def _reminders(self, seen: Seen) -> None:
        promised = Counter((wish.who, wish.title) for wish in self._ledger.wishes)
        sure = Counter(
            (wish.who, wish.title) for wish in self._ledger.wishes if wish.promised_at < wish.due - self._margin
        )
        self.kept[REMINDED] = len(promised)
        for (who, title), most in promised.items():
            room = self._town.direct.get(who)
            if room is None:
                continue
            found = [e for e in self._said(seen, room) if f"A reminder: {title}" in e["content"].get("body", "")]
            if not sure[who, title] <= len(found) <= most:
                ids = [event["event_id"] for event in found]
                self._ledger.fail(REMINDED, f"{who} reminded {len(found)} times of {title!r}", None, *ids)
        for who in plans.WITHOUT_CHAT:
            # These chats are encrypted: a promise and a reminder for each wish, and nothing else.
            wishes = [wish for wish in self._ledger.wishes if wish.who == who]
            rooms = seen.opened[who]
            said = sum(len(self._said(seen, room)) for room in rooms)
            least = len(wishes) + sum(sure[who, wish.title] for wish in wishes)
            if len(rooms) != bool(wishes) or not least <= said <= 2 * len(wishes):
                self._ledger.fail(
                    REMINDED, f"{who}: {len(rooms)} chats ({FOR}), {said} messages for {len(wishes)} wishes"
                )

    def _announcements(self, seen: Seen) -> None:
        self.kept[ANNOUNCED] = len(self._ledger.meetings) * len(plans.NEWS)
        for meeting in self._ledger.meetings:
            sure = meeting.confirmed_at < meeting.start - timedelta(hours=1) - self._margin
            for name in plans.NEWS:
                found = [
                    event["event_id"]
                    for event in self._said(seen, self._town.rooms[name])
                    if event["content"].get("body", "").startswith(meeting.title)
                ]
                if not sure <= len(found) <= 1:
                    self._ledger.fail(ANNOUNCED, f"{meeting.title!r} {len(found)} times in {name}", None, *found)

    # Promises about what is stored

    async def _database(self, seen: Seen) -> None:
        engine = create_async_engine(self._town.database)
        try:
            async with engine.connect() as sql:
                await self._decisions(sql, seen)
                await self._imports(sql)
                await self._left(sql)
        finally:
            await engine.dispose()
        broken, self.kept[CHAIN] = await audit_file.verify(self._town.database)
        if broken is not None:
            self._ledger.fail(CHAIN, f"broken at row {broken.id}, missing: {broken.missing}")
        self._integrity()

    async def _decisions(self, sql: Any, seen: Seen) -> None:
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
                for event in self._said(seen, self._town.rooms["library"])
                if event["content"].get("body", "").split("\n")[0].endswith(f"(!practice {submission})")
            ]
            told = [
                event["event_id"]
                for event in self._said(seen, self._town.direct[author])
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

    # Promises about the process

    def _log(self) -> None:
        bot, began = self._town.bot, self._ledger.began
        self.kept[SILENT] = len(bot.log)
        for entry, heard_at in zip(bot.log, bot.heard_at, strict=False):
            line = json.dumps(entry, ensure_ascii=False)
            if "command failed" in line:
                self._ledger.fail(SILENT, line[:600], heard_at - began)
            if words.CANARY in line:
                self._ledger.fail(SILENT, f"what a member wrote is in the log: {line[:200]}", heard_at - began)

    def _memory(self) -> None:
        """Compare the longest life of the bot after its first quarter with its end."""
        lives: dict[int, list[Any]] = defaultdict(list)
        for sample in self._ledger.samples:
            lives[sample.pid].append(sample)
        longest = max(lives.values(), key=len, default=[])
        if not longest or longest[-1].at - longest[0].at < LONG_ENOUGH:
            self._ledger.skipped["memory (the bot did not run long enough as one process)"] += 1
            return
        quarter, end = len(longest) // 4, len(longest) // 8
        early, late = longest[quarter : quarter + end], longest[-end:]
        self.kept[FLAT] = len(longest)
        memory = _median(one.memory for one in late) - _median(one.memory for one in early)
        files = _median(one.files for one in late) - _median(one.files for one in early)
        self.grown = f"{memory / 1e6:+.1f} MB, {files:+.0f} files in {longest[-1].at - longest[0].at:.0f} s"
        if memory > MORE_MEMORY or files > MORE_FILES:
            self._ledger.fail(FLAT, f"grown by {self.grown}", longest[-1].at)

    grown = "not judged"


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def describe(one: Asked) -> str:
    """Write a command in a line."""
    return f"{one.at:.0f} s {one.who} {one.text[:40]!r} {one.event}"
