"""With whom a verification is held, where, and by what means.

Source: https://spec.matrix.org/latest/client-server-api/#key-verification-framework
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bot.encryption.sas import CancelError
from bot.errors import MatrixError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """The keys of another device, and the master key of its owner, as our device lists have them."""

    device_id: str
    ed25519: str
    master: str | None


class Means(Protocol):
    """What a verification needs of the rest.

    A call that fails may be tried again in here; what is raised ends the verification.
    """

    @property
    def user_id(self) -> str:
        """The bot's Matrix id."""

    @property
    def device_id(self) -> str:
        """The bot's device."""

    @property
    def ed25519(self) -> str:
        """The key of the bot's device."""

    @property
    def master(self) -> str | None:
        """The bot's master key."""

    async def device(self, user_id: str, device_id: str) -> Known | None:
        """Return the keys of a device as they are now."""

    async def to_device(self, user_id: str, device_id: str, event_type: str, content: Mapping[str, Any]) -> None:
        """Say something to a device, or with `*` to all of somebody's."""

    async def in_room(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> str:
        """Say something in a room; return the event id."""

    async def verified(self, user_id: str, device_id: str, master: str | None) -> None:
        """Remember that this device, and this master key of its owner where there is one, are the right ones."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a verification takes place: between two devices, or in a room, where a request's event id names it."""

    user_id: str
    device_id: str
    room_id: str | None
    transaction_id: str

    def content(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return a content that says which verification it belongs to."""
        if self.room_id is None:
            return {**content, "transaction_id": self.transaction_id}
        return {**content, "m.relates_to": {"rel_type": "m.reference", "event_id": self.transaction_id}}

    async def send(self, means: Means, step: str, content: Mapping[str, Any]) -> None:
        """Say something to the other side."""
        event_type, content = f"m.key.verification.{step}", self.content(content)
        if self.room_id is None:
            await means.to_device(self.user_id, self.device_id, event_type, content)
        else:
            await means.in_room(self.room_id, event_type, content)

    async def cancel(self, means: Means, error: CancelError, seconds: float) -> None:
        """Say that a verification is off. Never raises, and takes no longer than that."""
        try:
            async with asyncio.timeout(seconds):
                await self.send(means, "cancel", {"code": error.code, "reason": error.reason})
        except (MatrixError, TimeoutError) as failure:
            log.warning("cannot say that a verification is off", user=self.user_id, error=type(failure).__name__)
        except Exception as failure:
            log.exception("cannot say that a verification is off", error=type(failure).__name__)
