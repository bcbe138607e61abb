"""Problems that need a person are told to moderators once: when they begin, and when they are over.

What is wrong is found by `bot.symptoms`. What was told is stored with the message that tells it, so nothing is
told again after a start. What comes back within an hour is told only when it has stayed for an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog

from bot import alarm, answers
from bot.alarm import Line, SilentError
from bot.errors import Broken, MatrixError
from bot.symptoms import Look, Symptom
from commands import problem_notice
from commands.context import Asker, Context
from storage import outbox as outbox_storage
from storage import problems as storage
from storage.database import Database, Reader, Writer
from storage.failures import Failure
from storage.outbox import OutboxRow, Priority
from storage.problems import Kind, Problem

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
FLAPS = timedelta(hours=1)
KEPT = timedelta(days=30)
LASTS = {Kind.RATE_LIMIT: timedelta(minutes=10), Kind.CALENDAR: timedelta(days=1)}
"""How long these last before they are told; others are told at once."""
AFTERWARDS = {Kind.HOMESERVER}
"""What can be told only when it is over."""


class Problems:
    """Looks and tells while `run` runs.

    `moderation` is the moderation room as configured, and `there` the same as somewhere to write to, if something
    can be said in it now. `away` is how long the homeserver must be away for moderators to be told; `push` sends
    what is stored.
    """

    def __init__(
        self,
        database: Database,
        look: Callable[[datetime], Awaitable[Look]],
        moderation: str | None,
        there: Callable[[], Asker | None],
        context: Callable[[Reader, Asker, datetime], Awaitable[Context]],
        push: Callable[[list[OutboxRow]], None],
        line: Line,
        language: str,
        away: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._look = look
        self._moderation = moderation
        self._there = there
        self._context = context
        self._push = push
        self._line = line
        self._language = language
        self._away = away
        self._now = now
        self._woken = asyncio.Event()
        self._alarmed = True
        """Whether an alarm may stand in the moderation room: at first of an earlier run."""
        self._failing: Failure | None = None
        self.present: Counter[Kind] = Counter()
        """How many problems there are, by kind."""

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        pause = min(EVERY, self._away / 4).total_seconds()
        while True:
            self._woken.clear()
            try:
                if not await self._cannot_store():
                    with contextlib.suppress(MatrixError):  # The next look tries it again.
                        await self._end_alarm()
                    await self.check()
            except MatrixError as error:
                log.warning("cannot look for problems", error=str(error))
            except Exception as error:
                log.exception("cannot look for problems", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()

    def wake(self) -> None:
        """Look at once: something changed."""
        self._woken.set()

    async def check(self) -> None:
        """Look once, and tell what is to be told."""
        look = await self._look(self._now())
        found = {(one.kind, one.subject) for one in look.found}
        async with self._database.read() as reader:
            gone = [
                one.key for one in await storage.every(reader) if one.kind in look.judged and one.key not in found
            ]
        await self._note(look.found, gone)

    async def _note(self, found: list[Symptom], gone: list[Key]) -> None:
        """Note what there is and what is over, and tell it, in one transaction; in none when nothing changes."""
        now, there = self._now(), self._there()
        async with self._database.read() as reader:
            before = await storage.every(reader)
        if self._changed(before, found, gone, now):
            rows: list[OutboxRow] = []
            async with self._database.write() as writer:
                before = await storage.every(writer)
                for one in self._changed(before, found, gone, now):
                    _log(one, before)
                    rows += await self._told(writer, one, there, now)
                    await storage.put(writer, one)
                await storage.prune(writer, now - KEPT)
                stored = await outbox_storage.add(writer, rows)
                before = await storage.every(writer)
            self._push(stored)
        self.present = Counter(one.kind for one in before if one.ended_at is None)

    def _changed(
        self, known: list[Problem], found: list[Symptom], gone: list[Key], now: datetime
    ) -> list[Problem]:
        """Return the problems that begin, are over, or are to be told, as they are now."""
        before = {one.key: one for one in known}
        after = dict(before)
        for symptom in found:
            key = (symptom.kind, symptom.subject)
            after[key] = _begun(before.get(key), symptom, now)
        for key in gone:
            if key in before:
                after[key] = self._ended(before[key], now)
        can_tell = self._there() is not None
        return [one for key, one in after.items() if one != before.get(key) or (can_tell and untold(one, now))]

    def _ended(self, before: Problem, now: datetime) -> Problem:
        if before.ended_at is not None:
            return before
        told = before.said_at
        if before.kind in AFTERWARDS and now - before.begun_at >= self._away:
            told = now
        return before.model_copy(update={"ended_at": now, "said_at": told})

    async def _told(self, writer: Writer, one: Problem, there: Asker | None, now: datetime) -> list[OutboxRow]:
        """Return what is said of a problem now, and note in it that it was said."""
        what = untold(one, now)
        if what is None or there is None:
            return []
        ctx = await self._context(writer, there, now)
        text = await (problem_notice.over(ctx, one) if what == "over" else problem_notice.begins(ctx, one))
        one.said_at = None if what == "over" else now
        txn_id = answers.transaction_id("problem", one.kind, one.subject, one.begun_at.isoformat(), what)
        return [_row(txn_id, there, answers.message(text), now)]

    # When nothing can be stored, and after that

    async def _cannot_store(self) -> bool:
        """Tell whether nothing could be stored for two looks, and say so past the database."""
        before, self._failing = self._failing, self._database.failing
        if before is None or self._failing is None:
            return False
        if self._moderation and not self._alarmed:
            try:
                room_id = await self._line.room(self._moderation)
                self._alarmed = await self._line.say(room_id, Broken(self._failing.value), (), self._language)
            except SilentError as error:
                log.warning("the moderators cannot be told", reason=str(error))
        return True

    async def _end_alarm(self) -> None:
        """Say that an alarm is over, of this run or an earlier one."""
        there = self._there()
        if there is None or not self._alarmed:
            return
        last = await self._line.last(there.room_id)
        # In a room that was encrypted since, the mark would be encrypted, too, and not be found.
        if last is not None and not last.over and not await self._line.is_encrypted(there.room_id):
            now, rows = self._now(), []
            async with self._database.write() as writer:
                ctx = await self._context(writer, there, now)
                txn_id, content = alarm.over(last, ctx.language)
                if not await outbox_storage.is_known(writer, txn_id):
                    rows = await outbox_storage.add(writer, [_row(txn_id, there, content, now)])
            self._push(rows)
        self._alarmed = False


Key = tuple[Kind, str]


def untold(one: Problem, now: datetime) -> Literal["begins", "over"] | None:
    """Return what of a problem moderators are to be told now and do not know."""
    if one.ended_at is not None:
        return "over" if one.said_at is not None else None
    return "begins" if one.said_at is None and one.say_at is not None and one.say_at <= now else None


def _begun(before: Problem | None, symptom: Symptom, now: datetime) -> Problem:
    """Return a problem that there is."""
    if before is not None and before.ended_at is None:
        return before
    if before is not None and before.said_at is not None:
        return before.model_copy(update={"ended_at": None})  # Moderators were not told that it was over.
    lasts = LASTS.get(symptom.kind, timedelta())
    if before is not None and before.ended_at is not None and now - before.ended_at < FLAPS:
        lasts = max(lasts, FLAPS)
    return Problem(
        kind=symptom.kind,
        subject=symptom.subject,
        detail=symptom.detail,
        begun_at=symptom.since or now,
        say_at=None if symptom.kind in AFTERWARDS else now + lasts,
    )


def _log(one: Problem, known: list[Problem]) -> None:
    """Tell the operator, who may have no moderation room."""
    was_open = any(before.key == one.key and before.ended_at is None for before in known)
    if one.ended_at is None and not was_open:
        log.warning("a problem began", kind=one.kind, subject=one.subject, detail=one.detail)
    elif one.ended_at is not None and was_open:
        log.info("a problem is over", kind=one.kind, subject=one.subject)


def _row(txn_id: str, there: Asker, content: dict[str, Any], now: datetime) -> OutboxRow:
    return OutboxRow(
        txn_id=txn_id,
        room_id=there.room_id,
        kind="message",
        priority=Priority.ANNOUNCEMENT,
        content=content,
        created_at=now,
    )
