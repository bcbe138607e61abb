"""What interactive verification needs of the rest: our keys, theirs, the ways to speak, and what follows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.answers import transaction_id
from bot.encryption.device_lists import DeviceLists
from bot.encryption.identity import Identity
from bot.encryption.own_device import OwnDevice
from bot.encryption.verification import Known
from bot.errors import MatrixError
from bot.session import Session
from storage import devices
from storage.database import Database

Send = Callable[[str, str, Mapping[str, Any], str], Awaitable[str]]


class OwnMeans:
    """Given to `Verifications` (see `bot.encryption.correspondence.Means`)."""

    def __init__(
        self,
        own: OwnDevice,
        identity: Identity,
        lists: DeviceLists,
        database: Database,
        session: Session,
        send: Send,
    ) -> None:
        self._own = own
        self._identity = identity
        self._lists = lists
        self._database = database
        self._session = session
        self._send = send

    @property
    def user_id(self) -> str:
        """The bot's own Matrix id."""
        return self._own.user_id

    @property
    def device_id(self) -> str:
        """The bot's own device."""
        return self._own.device_id

    @property
    def ed25519(self) -> str:
        """The key of the bot's own device."""
        return self._own.ed25519

    @property
    def master(self) -> str | None:
        """The bot's own master key."""
        return self._identity.master

    async def device(self, user_id: str, device_id: str) -> Known | None:
        """Return the keys of somebody's device as his homeserver lists them."""
        await self._lists.refresh([user_id])
        async with self._database.read() as reader:
            found = await devices.named(reader, user_id, device_id)
            owner = (await devices.owners(reader, [user_id])).get(user_id)
        if found is None or found.gone:
            return None
        return Known(device_id=device_id, ed25519=found.ed25519, master=owner.master_key if owner else None)

    async def to_device(self, user_id: str, device_id: str, event_type: str, content: Mapping[str, Any]) -> None:
        """Say something to one device."""
        txn_id = transaction_id("verification", self._own.device_id, time.time_ns())
        body = {"messages": {user_id: {device_id: content}}}
        await self._session.call("PUT", "sendToDevice", event_type, txn_id, body=body)

    async def in_room(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> str:
        """Say something in a room; return its event id."""
        txn_id = transaction_id("verification", self._own.device_id, time.time_ns())
        return await self._send(room_id, event_type, content, txn_id)

    async def verified(self, user_id: str, device_id: str, master: str | None) -> None:
        """Remember whose identity was verified, and sign it where the recovery key is at hand."""
        if master is None:
            return
        async with self._database.write() as writer:
            await devices.verify(writer, user_id, master)
        try:
            await self._identity.sign_person(user_id, master)
        except MatrixError:
            return  # The verification holds without it; it is a convenience for the bot's other devices.
