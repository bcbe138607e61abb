"""What of all that happens in rooms concerns the bot, and so is stored."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from bot.addressing import Address
from bot.calls import kept
from bot.events import Edit, Event, File, Message, Reaction, Redaction
from bot.received import described
from bot.rooms import Rooms
from storage import awaited_files, talks
from storage import inbox as storage
from storage import outbox as outbox_storage
from storage.database import Writer
from storage.inbox import InboxEvent


class Concern:
    """Judges events for the account `user_id`."""

    def __init__(self, user_id: str, rooms: Rooms, address: Address) -> None:
        self._user_id = user_id
        self._rooms = rooms
        self._address = address

    def entries(self, events: list[Event], since: datetime | None, now: datetime) -> list[InboxEvent]:
        """Return what of these events may be to be stored. They came between `since` and `now`."""
        return [entry for event in events if (entry := self._entry(event, since, now))]

    async def wanted(self, writer: Writer, entries: list[InboxEvent]) -> list[InboxEvent]:
        """Return what of `entries` is to be stored: commands, and what is about something that is known."""
        mentioned = _mentioned(entries)
        found: list[InboxEvent] = []
        for entry in entries:
            if await self._is_known(writer, entry, mentioned, found):
                found.append(entry)
        return found

    def _entry(self, event: Event, since: datetime | None, now: datetime) -> InboxEvent | None:
        """Return what is to be stored of an event; None when it does not concern the bot."""
        if event.sender == self._user_id or not self._rooms.is_joined(event.room_id):
            return None
        # The sender's homeserver may claim any time; it cannot have come before the last round, nor after now.
        earliest = since or event.sent_at
        shared = {
            "event_id": event.event_id,
            "room_id": event.room_id,
            "sender": event.sender,
            "sent_at": min(max(event.sent_at, earliest), now),
        }
        if isinstance(event, Message):
            said = self._said(event)
            if said is None:
                return None
            payload: dict[str, Any] = {**said, "thread": event.thread, "reply_to": event.reply_to}
            if "call" not in said and self._rooms.is_direct(event.room_id) and self._address.is_bare(event.body):
                payload["bare"] = True
            return InboxEvent(kind="message", payload=payload, **shared)
        if isinstance(event, File):
            said = self._said(event) if event.caption is not None or event.call else None
            sent: dict[str, Any] = {
                **(said or {"text": None}),
                "thread": event.thread,
                "file": described(event),
            }
            return InboxEvent(kind="message" if said is not None else "file", payload=sent, **shared)
        if isinstance(event, Reaction):
            return InboxEvent(kind="reaction", target=event.target, payload={"key": event.key[:100]}, **shared)
        if isinstance(event, Edit):
            payload = {**(self._said(event) or {"text": None}), "thread": None}
            return InboxEvent(kind="edit", target=event.target, payload=payload, **shared)
        if isinstance(event, Redaction):
            return InboxEvent(kind="redaction", target=event.target, **shared)
        return None

    def _said(self, event: Message | Edit | File) -> dict[str, Any] | None:
        """Return what is said to the bot, as it is kept: words or a command in parts; None: it is not meant."""
        direct = self._rooms.is_direct(event.room_id)
        if event.call and (self._user_id in event.mentions or (direct and not event.mentions)):
            return {"text": event.call.command, "call": kept(event.call)}
        if event.call and event.mentions:
            return None  # It names whose command it is; to us its words mean nothing.
        text = self._address.command_in(
            event.caption or "" if isinstance(event, File) else event.body,
            direct=direct,
            mentioned=self._user_id in event.mentions,
            is_reply=isinstance(event, Message) and event.is_reply,
        )
        return None if text is None else {"text": text}

    async def _is_known(
        self, writer: Writer, entry: InboxEvent, mentioned: Counter[str], before: list[InboxEvent]
    ) -> bool:
        """Tell whether what is no command concerns the bot all the same; `before` is what came with it."""
        if entry.kind == "message" or (entry.kind == "edit" and entry.payload and entry.payload["text"]):
            return True
        if entry.kind == "reaction":
            return await self._is_button(writer, entry)
        if entry.kind == "file":
            return await self._is_awaited(writer, entry, before)
        target = entry.target or ""
        if mentioned[target] > (1 if entry.kind == "edit" else 0):  # by another than itself
            return True
        return await storage.origin(writer, target) is not None

    async def _is_button(self, writer: Writer, entry: InboxEvent) -> bool:
        # A message that the homeserver has and of which we do not yet know the event may be the one.
        if await outbox_storage.is_sending_buttons(writer, entry.room_id, entry.sender):
            return True
        return await outbox_storage.buttons(writer, entry.target or "") is not None

    async def _is_awaited(self, writer: Writer, entry: InboxEvent, before: list[InboxEvent]) -> bool:
        # A command that is not handled yet may turn out to wait for this file.
        if any((one.room_id, one.sender) == (entry.room_id, entry.sender) for one in before):
            return True
        if await storage.has_pending_of(writer, entry.room_id, entry.sender):
            return True
        # In a talk it is said that files are not taken.
        if self._rooms.is_direct(entry.room_id) and await talks.of(writer, entry.sender, entry.sent_at):
            return True
        return await awaited_files.is_expected(writer, entry.room_id, entry.sender)


def _mentioned(together: list[InboxEvent]) -> Counter[str]:
    """Count how often an event is among these, or is what one of them edits."""
    counted = Counter(entry.event_id for entry in together)
    counted.update(entry.target for entry in together if entry.kind == "edit" and entry.target)
    return counted
