"""What a reaction to a message of the bot stands for, and what it means to take it back."""

from __future__ import annotations

from typing import Any

from bot.errors import MatrixError
from bot.outbox import Outbox
from commands.errors import LaterError
from commands.registry import Registry
from storage import outbox as storage
from storage.database import Database, Reader
from storage.inbox import InboxEvent, Origin
from storage.outbox import Buttons as Stored


class Buttons:
    """Reads reactions as commands."""

    def __init__(self, database: Database, outbox: Outbox, registry: Registry) -> None:
        self._database = database
        self._outbox = outbox
        self._registry = registry

    async def typed(self, event: InboxEvent) -> str:
        """Return the command that a reaction stands for, as far as is known here; nothing when it is none."""
        async with self._database.read() as reader:
            found = await storage.buttons(reader, event.target or "")
        return (_command(found, event) or "") if found else ""

    async def pressed(self, event: InboxEvent) -> dict[str, Any] | None:
        """Return what a reaction says, as if the person had typed it; None when it says nothing.

        Raises:
            LaterError: the homeserver must be asked, and does not answer now.

        """
        target = event.target or ""
        found = await self._of(event.room_id, event.sender, target)
        typed = _command(found, event) if found else None
        return {"text": typed, "thread": found.thread, "pressed": target} if found and typed is not None else None

    async def released(self, reader: Reader, origin: Origin) -> dict[str, Any] | None:
        """Return what undoes the command of a reaction, if taking the reaction back is to do so."""
        if origin.kind != "reaction":
            return None
        declared = self._registry.named(origin.command or "")
        found = await storage.buttons(reader, origin.target or "")
        if declared is None or declared.undone_by is None or found is None:
            return None
        for typed in found.commands.values():
            known = self._registry.find(typed)
            if known is not None and known.command is declared:
                text = f"{declared.undone_by} {known.rest}"
                return {"text": text, "thread": found.thread, "pressed": origin.target}
        return None

    async def _of(self, room_id: str, person: str, target: str) -> Stored | None:
        """Return what reactions to an event stand for. It may have been sent without us knowing as what."""
        async with self._database.read() as reader:
            sending = await storage.is_sending_buttons(reader, room_id, person)
            found = await storage.buttons(reader, target)
        if found is not None or not sending:
            return found
        try:
            return await self._outbox.buttons_of(room_id, target)
        except MatrixError as error:
            raise LaterError from error


def _command(buttons: Stored, event: InboxEvent) -> str | None:
    """Return the command of a button. Clients add variation selectors and skin tones to emoji."""
    wanted = _bare(str((event.payload or {}).get("key")))
    return next((command for shown, command in buttons.commands.items() if _bare(shown) == wanted), None)


def _bare(key: str) -> str:
    return "".join(sign for sign in key if sign not in "\ufe0e\ufe0f" and not "\U0001f3fb" <= sign <= "\U0001f3ff")
