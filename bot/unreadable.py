"""Say, once and after a while, that a message cannot be read, and what its sender can do about it.

Nobody knows whether what cannot be read was meant for the bot. So it is said in a room once a day at most, as
a reply to the newest such message; what becomes readable later is answered all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from bot import answers
from bot.outbox import Outbox
from commands.context import mark, translate
from storage import outbox as outbox_storage
from storage import people
from storage import unreadable as storage
from storage.database import Database
from storage.outbox import OutboxRow
from storage.unreadable import Unreadable

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=1)
"""A key may take its time, through other homeservers above all."""
SILENCE = timedelta(days=1)
LOOK_SECONDS = 10.0

NO_KEY = mark(
    "I cannot read an encrypted message that you sent here: its key has not reached me. Please send it again. If "
    "it is the same then, close your app and open it again."
)
WITHHELD = mark(
    "I cannot read an encrypted message that you sent here: your app does not give me its key. If your settings "
    "say that messages go to verified devices only, verify me: open my profile and compare the emoji."
)
UNVERIFIED = mark(
    "I do not act on an encrypted message that you sent here, because it comes from a device that you have not "
    "verified. Verify that device in the settings of your app; then I answer without being asked again."
)
SENTENCES = {
    "no key": NO_KEY,
    "unknown device": NO_KEY,
    "withheld": WITHHELD,
    "unverified device": UNVERIFIED,
}


class Teller:
    """Looks what waits, and tells those who wait."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        is_joined: Callable[[str], bool],
        default_language: str,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._is_joined = is_joined
        self._default_language = default_language
        self._patience = patience

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, self._patience.total_seconds()))
            try:
                await self.look(datetime.now(UTC))
            except Exception as error:
                log.exception("cannot look what is unreadable", error=type(error).__name__)

    async def look(self, now: datetime) -> None:
        """Tell what has waited for long enough."""
        before = now - self._patience
        async with self._database.read() as reader:
            found = await storage.to_tell(reader, reasons=tuple(SENTENCES), before=before, not_since=now - SILENCE)
        for one in found:
            if self._is_joined(one.room_id):
                await self._tell(one, now)

    async def _tell(self, one: Unreadable, now: datetime) -> None:
        async with self._database.write() as writer:
            voice = await people.voice(writer, one.sender, one.room_id)
            language = voice.person or voice.room or self._default_language
            content = answers.message(translate(language, SENTENCES[one.reason]), mention=one.sender)
            content["m.relates_to"] = answers.relation(one.event_id, None)
            row = OutboxRow(
                txn_id=answers.transaction_id("unreadable", one.event_id),
                room_id=one.room_id,
                kind="message",
                cause=one.event_id,
                content=content,
                created_at=now,
            )
            stored = await outbox_storage.add(writer, [row])
            await storage.told(writer, one.room_id, now, before=now - self._patience)
        log.warning("a message cannot be read", room=one.room_id, user=one.sender, reason=one.reason)
        self._outbox.push(stored)
