"""The digest goes on Mondays to the rooms and persons who wish it, once each, and not when nothing happened.

What was named in it and is taken back is taken out of the rooms, too: the digests that named it are deleted.

Each recipient has a row of its own in `due`, so that a crash repeats or leaves out nobody. What a digest says is
written once for all persons of a language and a time zone, as long as the content is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import answers
from bot.clock import Once
from bot.voice import Voice, direct
from commands import digest
from commands.context import Asker, Context
from commands.digest_sections import Period
from commands.rendering import split
from config import zones
from config.settings import DigestSettings
from storage import digests
from storage import due as due_storage
from storage.database import Writer
from storage.due import Due
from storage.outbox import OutboxRow, Priority

KEPT = 200
"""Texts in memory: languages times zones, as long as a Monday lasts."""

TOGETHER, PAUSE = 50, timedelta(seconds=2)
"""How many digests are deleted at once, and how long until the next."""
LATE = timedelta(hours=2)
"""After which a digest says that it comes late."""

Contents = list[dict[str, Any]]
Key = tuple[object, ...]


class Weekly:
    """Sends one recipient the digest of a week, and plans the next."""

    grace = timedelta(days=3)
    """What is later is left out: the next Monday is nearer."""

    def __init__(
        self, voice: Voice, place: Callable[[str], Asker | None], timezone: str, settings: DigestSettings
    ) -> None:
        self._voice = voice
        self._place = place
        self._timezone = timezone
        self._settings = settings
        self._written: dict[Key, tuple[Contents, tuple[int, ...]]] = {}

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the digest; nothing when nothing happened, or the bot is not there any more."""
        await self.missed(writer, due, now)
        there = direct(due.subject) if digests.is_person(due.subject) else self._place(due.subject)
        if there is None:
            return []
        if there.room_id != due.subject:
            await digests.hand_over(writer, due.subject, there.room_id)
        await zones.ready()
        ctx = await self._voice.context(writer, there, now)
        day = digests.day_of(due)
        contents, named = await self._contents(ctx, due, late=now - due.due_at > LATE)
        return [
            OutboxRow(
                # Of the day, and not of the hour: whoever is due again on that day had it.
                txn_id=answers.transaction_id(digests.KIND, due.subject, day.isoformat(), part),
                cause=digests.cause(day, named),
                room_id=there.room_id,
                kind="message",
                priority=Priority.BACKGROUND,
                part=part,
                content=content,
                created_at=now,
            )
            for part, content in enumerate(contents)
        ]

    async def missed(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Plan the next, and say nothing."""
        zone = await digests.zone_of(writer, due.subject, self._timezone)
        await digests.again(writer, due, zone, now, self._settings)
        return []

    def following(self, _due: Due, _now: datetime) -> datetime | None:
        """Return None: `act` and `missed` plan the next, by the clocks of the recipient."""
        return None

    async def _contents(self, ctx: Context, due: Due, *, late: bool) -> tuple[Contents, tuple[int, ...]]:
        """Return the messages of a digest, and which submissions they name."""
        room_id = None if ctx.asker.direct else ctx.asker.room_id
        since, until = digests.week_of(digests.day_of(due))
        # Events that are over must not stand in what was written some hours ago.
        hour = ctx.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        state = await digests.state(ctx.storage)
        key = (room_id, ctx.language, ctx.timezone, until, hour, late, state)
        if key not in self._written:
            made = await digest.sent(ctx, Period(since, until, room_id), late=late)
            if len(self._written) >= KEPT:
                self._written.clear()
            contents = [answers.message(piece) for piece in split(made.text)] if made else []
            self._written[key] = (contents, made.named if made else ())
        return self._written[key]


class Recall(Once):
    """Deletes the digests that name something that is not published any more, some after the others."""

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the deletions of some, and come again for the rest."""
        found = await digests.naming(writer, int(due.subject), TOGETHER)
        if len(found) == TOGETHER:
            await due_storage.schedule(writer, due.model_copy(update={"due_at": now + PAUSE}))
        return [
            OutboxRow(
                txn_id=answers.transaction_id(digests.RECALL, one.id),
                room_id=one.room_id,
                kind="redaction",
                priority=Priority.BACKGROUND,
                about=one.id,
                created_at=now,
            )
            for one in found
        ]
