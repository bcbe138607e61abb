"""A member who encrypts with matrix-nio, and so has no cross-signing identity."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import nio  # type: ignore[import-untyped]
import pytest

from bot.demo.homeserver import Homeserver

ENCRYPTION = {"algorithm": "m.megolm.v1.aes-sha2"}
FILTER = {"room": {"timeline": {"limit": 100}}}
"""matrix-nio does not fetch what a shorter timeline leaves out."""


class NioMember:
    """Log it in with `join`, close it in the end. Reads what it can decrypt while `listen` runs."""

    def __init__(self, client: nio.AsyncClient) -> None:
        self.client = client
        self.seen: dict[str, list[nio.Event]] = {}
        self.device_events: list[Any] = []
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def enter(cls, homeserver: Homeserver, name: str, folder: Path) -> Self:
        account = await homeserver.register(name, "secret")
        await account.close()
        config = nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False)
        folder.mkdir(parents=True)
        client = nio.AsyncClient(homeserver.url, account.user_id, store_path=str(folder), config=config)
        await client.login("secret")
        member = cls(client)
        await member.step(timeout=0, full_state=True)
        if client.should_upload_keys:
            await client.keys_upload()
        return member

    @property
    def user_id(self) -> str:
        return str(self.client.user_id)

    async def step(self, timeout: int = 1000, *, full_state: bool = False) -> None:
        """Read one sync."""
        found = await self.client.sync(timeout=timeout, full_state=full_state, sync_filter=FILTER)
        assert isinstance(found, nio.SyncResponse), found
        if self.client.should_query_keys:
            await self.client.keys_query()
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        self.device_events += found.to_device_events
        async with self._news:
            for room_id, room in found.rooms.join.items():
                self.seen.setdefault(room_id, []).extend(room.timeline.events)
            self._news.notify_all()

    def listen(self) -> None:
        async def follow() -> None:
            while True:
                await self.step(timeout=5000)

        self._task = asyncio.create_task(follow())

    async def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        """Wait until something is so of what was seen. Needs `listen`."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(condition)
        except TimeoutError:
            seen = {room: [type(event).__name__ for event in events] for room, events in self.seen.items()}
            pytest.fail(f"{self.user_id} has seen only {seen}")

    async def create(self, *invited: str, encrypted: bool = True, direct: bool = False, **settings: Any) -> str:
        state = [{"type": "m.room.encryption", "state_key": "", "content": ENCRYPTION | settings}]
        made = await self.client.room_create(
            name=None if direct else "A closed room",
            is_direct=direct,
            invite=list(invited),
            initial_state=state if encrypted else [],
        )
        assert isinstance(made, nio.RoomCreateResponse), made
        return str(made.room_id)

    async def meet(self, room: str, *user_ids: str) -> None:
        """Wait until others are in a room, and know their devices."""
        for _ in range(60):
            found = await self.client.joined_members(room)
            if set(user_ids) <= {member.user_id for member in found.members}:
                break
            await asyncio.sleep(0.1)
        if self._task is None:
            await self.step(timeout=0, full_state=True)
        if self.client.should_query_keys:
            await self.client.keys_query()

    async def say(self, room: str, body: str, **content: Any) -> str:
        return await self.send(room, "m.room.message", {"msgtype": "m.text", "body": body, **content})

    async def send(self, room: str, kind: str, content: dict[str, Any]) -> str:
        sent = await self.client.room_send(room, kind, content, ignore_unverified_devices=True)
        assert isinstance(sent, nio.RoomSendResponse), sent
        return str(sent.event_id)

    def answers(self, room: str, sender: str) -> Counter[str]:
        """Count what somebody's messages reply to, of those that could be decrypted."""
        return Counter(
            relation["m.in_reply_to"]["event_id"]
            for event in self.seen.get(room, [])
            if event.sender == sender
            and isinstance(event, nio.RoomMessage)
            and event.decrypted
            and "m.in_reply_to" in (relation := event.source["content"].get("m.relates_to", {}))
        )

    def bodies(self, room: str, sender: str) -> list[str]:
        return [
            event.body
            for event in self.seen.get(room, [])
            if event.sender == sender and isinstance(event, nio.RoomMessage)
        ]

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.client.close()
