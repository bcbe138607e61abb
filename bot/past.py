"""What the bot said in a room in a life that this database does not know: asked of the room itself.

Each message of the bot carries its transaction id as `org.gaamac.bot.txn_id`, outside of what is encrypted, and so
does the relation to what it answers. So an encrypted room tells as much as any other, also to another device.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bot import answers
from bot.errors import RefusedError
from bot.session import Session
from storage.outbox import OutboxRow

SKEW = timedelta(hours=1)
"""How far the clock of the homeserver may be from that of the machine on which the copy was made."""
PAGE, PAGES = 500, 100
"""How far a room is read: so many messages of the bot are said in no room between a copy and its restoration."""
PARTS = 100
"""Of one answer."""


class Verdict(NamedTuple):
    """What is to be done with a message in doubt: it is there as `event_id`, or it is to be said, or neither."""

    event_id: str | None = None
    say: bool = False
    known: bool = True
    """Whether the room could tell."""


@dataclass(slots=True)
class Said:
    """What the bot said in a room since the copy was made."""

    events: dict[str, str] = field(default_factory=dict)
    """The events by their transaction ids."""
    replied: set[str] = field(default_factory=set)
    reactions: dict[tuple[str, str], str] = field(default_factory=dict)
    redactions: dict[str, str] = field(default_factory=dict)

    def answers(self, event_id: str) -> bool:
        """Tell whether an event was answered."""
        return event_id in self.replied or answers.transaction_id("answer", event_id, 0) in self.events

    def parts(self, event_id: str) -> Iterator[tuple[int, str, str]]:
        """Yield part, transaction id and event of each message of the answer to an event."""
        for part in range(PARTS):
            txn_id = answers.transaction_id("answer", event_id, part)
            if txn_id not in self.events:
                return
            yield part, txn_id, self.events[txn_id]

    def event_of(self, row: OutboxRow, target: str | None) -> str | None:
        """Return the event that a row became; `target` is the event that it is about."""
        if row.txn_id in self.events:
            return self.events[row.txn_id]
        if row.kind == "reaction":
            return self.reactions.get((target or "", str((row.content or {}).get("key"))))
        return self.redactions.get(target or "") if row.kind == "redaction" else None

    def take(self, event: Mapping[str, Any]) -> None:
        """Note one event of the bot."""
        event_id, content = event.get("event_id"), event.get("content")
        if not isinstance(event_id, str) or not isinstance(content, Mapping):
            return
        # The homeserver tells a device its own transaction ids, also of what was taken back.
        unsigned = event.get("unsigned")
        for holder, name in ((content, answers.KEY), (unsigned, "transaction_id")):
            txn_id = holder.get(name) if isinstance(holder, Mapping) else None
            if isinstance(txn_id, str):
                self.events[txn_id] = event_id
        redacts = content.get("redacts") or event.get("redacts")
        if isinstance(redacts, str):
            self.redactions[redacts] = event_id
        relation = content.get("m.relates_to")
        if not isinstance(relation, Mapping):
            return
        target, key, reply = (relation.get(part) for part in ("event_id", "key", "m.in_reply_to"))
        if event.get("type") == "m.reaction" and isinstance(target, str) and isinstance(key, str):
            self.reactions[target, key] = event_id
        replied = reply.get("event_id") if isinstance(reply, Mapping) else None
        if isinstance(replied, str):
            self.replied.add(replied)


class Past:
    """What the bot said since `copied_at`, room by room; each room is asked once."""

    def __init__(self, session: Session, copied_at: datetime) -> None:
        self._session = session
        self._since = (copied_at - SKEW).timestamp() * 1000
        self._rooms: dict[str, Said | None] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, room_id: str) -> Said | None:
        """Return what was said in a room; None if the room does not tell, or not all.

        Raises:
            MatrixError: the homeserver does not answer at the moment.

        """
        async with self._locks[room_id]:
            if room_id not in self._rooms:
                self._rooms[room_id] = await self._read(room_id)
            return self._rooms[room_id]

    def forget(self) -> None:
        """Forget what was read: hardly anything will be asked any more."""
        self._rooms.clear()

    async def _read(self, room_id: str) -> Said | None:
        kinds = ["m.room.message", "m.room.encrypted", "m.reaction", "m.room.redaction"]
        only_mine = json.dumps({"senders": [self._session.user_id], "types": kinds})
        said = Said()
        position: str | None = None
        for _ in range(PAGES):
            try:
                page = await self._session.messages(
                    room_id, start=position, end=None, event_filter=only_mine, limit=PAGE
                )
            except RefusedError:
                return None  # The bot is not in the room any more, say.
            chunk = page.get("chunk")
            for event in chunk if isinstance(chunk, list) else []:
                if not isinstance(event, Mapping) or event.get("sender") != self._session.user_id:
                    continue
                said.take(event)
                sent_at = event.get("origin_server_ts")
                if isinstance(sent_at, int) and sent_at < self._since:
                    return said
            following = page.get("end")
            if not isinstance(following, str) or following == position:
                return said
            position = following
        return None
