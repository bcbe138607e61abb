"""What goes out: the key of a room to the devices of its members, and messages encrypted with it.

The members are those whom the homeserver names at that moment; a room's state can be forged, this cannot.
A key that somebody has who left is never used again. Before a message leaves, the ratchet that made it is
stored one step further on, so that no place of it serves twice, whatever happens.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from vodozemac import Account, Curve25519PublicKey, GroupSession, Session

from bot.answers import transaction_id
from bot.encryption import olm
from bot.encryption.device_lists import DeviceLists
from bot.encryption.own_device import MEGOLM, OwnDevice
from bot.encryption.signing import is_signed
from bot.errors import RefusedError
from bot.session import Session as Matrix
from storage import room_keys as storage
from storage.database import Database
from storage.devices import Device
from storage.room_keys import OwnRoomKey, Share

log = structlog.get_logger(__name__)

DEFAULT_AGE_MS = 7 * 24 * 3600 * 1000
SHORTEST_AGE_MS = 60 * 1000
DEFAULT_MESSAGES = 100
"""What `m.room.encryption` holds when it names neither."""
DEVICES_AT_ONCE = 50
"""Devices for which a key is encrypted in one transaction, so that answers elsewhere do not wait for it."""
CLAIM_PATIENCE_SECONDS = 600.0
"""How long a device is left alone that had no one-time key."""


class Outward:
    """Encrypts what the bot says."""

    def __init__(self, matrix: Matrix, database: Database, own: OwnDevice, lists: DeviceLists) -> None:
        self._matrix = matrix
        self._database = database
        self._own = own
        self._lists = lists
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._members: dict[str, list[str]] = {}
        self._shared: dict[str, tuple[str, int]] = {}
        self._keyless: dict[tuple[str, str], float] = {}

    def forget_members(self, room_id: str) -> None:
        """Note that somebody came or went in a room."""
        self._members.pop(room_id, None)
        self._shared.pop(room_id, None)

    async def forget_session(self, room_id: str) -> None:
        """Note that the room's settings for encryption changed: the next message begins a new session."""
        self._shared.pop(room_id, None)
        async with self._database.write() as writer:
            await storage.forget_own_room_key(writer, room_id)

    async def encrypt(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the content of an `m.room.encrypted` event that every member may read.

        Raises:
            MatrixError: the homeserver does not answer, or (`RefusedError`) does not let the bot see the room.

        """
        # One at a time in a room, or two would share keys side by side.
        async with self._locks[room_id]:
            session = await self._ready(room_id)
            plaintext = json.dumps({"room_id": room_id, "type": event_type, "content": content}).encode()
            async with self._database.write() as writer:
                group = GroupSession.from_pickle(session.pickle, self._own.pickle_key)
                message = group.encrypt(plaintext)
                session.pickle = group.pickle(self._own.pickle_key)
                session.messages_left -= 1
                await storage.put_own_room_key(writer, session)
            return {
                "algorithm": MEGOLM,
                "sender_key": self._own.curve25519,
                "device_id": self._own.device_id,
                "session_id": session.session_id,
                "ciphertext": message.to_base64(),
            }

    async def _ready(self, room_id: str) -> OwnRoomKey:
        """Return a session that all members have, and nobody else."""
        members = self._members.get(room_id)
        if members is None:
            members = self._members[room_id] = await self._ask_members(room_id)
        await self._lists.refresh(members)
        version = self._lists.version
        session = await self._current(room_id)
        if session is not None and self._shared.get(room_id) == (session.session_id, version):
            return session
        async with self._database.read() as reader:
            trusted, others = await self._lists.current(reader, members)
            given = await storage.shares(reader, session.session_id) if session else []
        trusted = [one for one in trusted if one.device_id != self._own.device_id]
        others = [one for one in others if one.device_id != self._own.device_id]
        now_trusted = {(one.user_id, one.device_id) for one in trusted}
        had = {(share.user_id, share.device_id) for share in given if share.withheld is None}
        if session is None or had - now_trusted:
            session, had, given = await self._begin(room_id), set(), []
        complete = await self._share(session, [one for one in trusted if _name(one) not in had])
        told = {(share.user_id, share.device_id) for share in given if share.withheld}
        await self._withhold(session, [one for one in others if _name(one) not in told])
        if complete:
            self._shared[room_id] = (session.session_id, version)
        return session

    async def _ask_members(self, room_id: str) -> list[str]:
        """Return who is in the room, and who is invited where the invited may read."""
        try:
            visibility = (await self._matrix.state(room_id, "m.room.history_visibility")).get("history_visibility")
        except RefusedError:
            visibility = "shared"
        wanted = ("join",) if visibility == "joined" else ("join", "invite")
        found = await self._matrix.call("GET", "rooms", room_id, "members")
        members = []
        for event in found.get("chunk") or []:
            content = event.get("content") if isinstance(event, Mapping) else None
            if isinstance(content, Mapping) and content.get("membership") in wanted:
                members.append(str(event.get("state_key")))
        return members

    async def _current(self, room_id: str) -> OwnRoomKey | None:
        async with self._database.read() as reader:
            found = await storage.own_room_key_of(reader, room_id)
        if found is None or found.messages_left <= 0 or found.expires_at <= datetime.now(UTC):
            return None
        return found

    async def _begin(self, room_id: str) -> OwnRoomKey:
        """Begin a new session, for as long as the room's settings say."""
        settings = await self._matrix.state(room_id, "m.room.encryption")
        if settings.get("algorithm") != MEGOLM:
            # Encryption cannot be taken back, nor weakened by naming another algorithm:
            # https://spec.matrix.org/latest/client-server-api/#mroomencryption
            settings = {}
        age = max(_number(settings, "rotation_period_ms", DEFAULT_AGE_MS), SHORTEST_AGE_MS)
        now = datetime.now(UTC)
        group = GroupSession()
        session = OwnRoomKey(
            room_id=room_id,
            session_id=group.session_id,
            pickle=group.pickle(self._own.pickle_key),
            created_at=now,
            expires_at=now + timedelta(milliseconds=min(age, 10 * DEFAULT_AGE_MS)),
            messages_left=max(_number(settings, "rotation_period_msgs", DEFAULT_MESSAGES), 1),
        )
        async with self._database.write() as writer:
            await storage.put_own_room_key(writer, session)
        return session

    async def _share(self, session: OwnRoomKey, devices: list[Device]) -> bool:
        """Give a session to devices. Return whether each of them has it now."""
        group = GroupSession.from_pickle(session.pickle, self._own.pickle_key)
        content = {
            "algorithm": MEGOLM,
            "room_id": session.room_id,
            "session_id": session.session_id,
            "session_key": group.session_key.to_base64(),
        }
        complete = True
        for start in range(0, len(devices), DEVICES_AT_ONCE):
            some = devices[start : start + DEVICES_AT_ONCE]
            reached = await self.say(some, "m.room_key", content)
            # Noted after it was sent: a crash in between sends it again, which does no harm.
            async with self._database.write() as writer:
                shares = [Share(user_id=one.user_id, device_id=one.device_id) for one in reached]
                await storage.put_shares(writer, session.session_id, shares)
            complete = complete and len(reached) == len(some)
        return complete

    async def _withhold(self, session: OwnRoomKey, devices: list[Device]) -> None:
        """Tell devices why they do not get a session, so that their owners learn what to do."""
        if not devices:
            return
        code = "m.unverified"
        content = {
            "algorithm": MEGOLM,
            "room_id": session.room_id,
            "session_id": session.session_id,
            "sender_key": self._own.curve25519,
            "code": code,
            "reason": "The device is not verified by its owner.",
        }
        await self._send("m.room_key.withheld", {_name(one): content for one in devices})
        async with self._database.write() as writer:
            shares = [Share(user_id=one.user_id, device_id=one.device_id, withheld=code) for one in devices]
            await storage.put_shares(writer, session.session_id, shares)

    async def say(self, devices: list[Device], kind: str, content: Mapping[str, Any]) -> list[Device]:
        """Say something to devices, encrypted for each. Return those that could be reached."""
        async with self._database.read() as reader:
            known = await storage.to_send_with(reader, [one.curve25519 for one in devices])
        claimed = await self._claim([one for one in devices if not known[one.curve25519]])
        messages: dict[tuple[str, str], Mapping[str, Any]] = {}
        reached = []
        async with self._database.write() as writer:
            sessions = await storage.to_send_with(writer, [one.curve25519 for one in devices])
            for device in devices:
                stored = sessions[device.curve25519]
                session = (
                    Session.from_pickle(stored[0].pickle, self._own.pickle_key)
                    if stored
                    else claimed.get(_name(device))
                )
                if session is None:
                    continue
                messages[_name(device)] = olm.write(self._own, device, session, kind, content)
                at = stored[0].received_at if stored else datetime.now(UTC)
                await olm.keep(writer, self._own, device.curve25519, session, at)
                reached.append(device)
        await self._send("m.room.encrypted", messages)
        return reached

    async def mend(self, device: Device) -> None:
        """Begin a new Olm session with a device whose messages cannot be decrypted any more.

        Source: https://spec.matrix.org/latest/client-server-api/#recovering-from-undecryptable-messages
        """
        session = (await self._claim([device])).get(_name(device))
        if session is None:
            return
        async with self._database.write() as writer:
            message = olm.write(self._own, device, session, "m.dummy", {})
            await olm.keep(writer, self._own, device.curve25519, session, datetime.now(UTC))
            await storage.prune_olm_sessions(writer, device.curve25519)
        await self._send("m.room.encrypted", {_name(device): message})

    async def _claim(self, devices: list[Device]) -> dict[tuple[str, str], Session]:
        """Begin Olm sessions with devices, by a one-time key of each that still has one."""
        now = time.monotonic()
        asked = [
            one
            for one in devices
            if now - self._keyless.get(_name(one), -CLAIM_PATIENCE_SECONDS) >= CLAIM_PATIENCE_SECONDS
        ]
        if not asked:
            return {}
        wanted: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for one in asked:
            wanted[one.user_id][one.device_id] = "signed_curve25519"
        found = await self._matrix.call("POST", "keys", "claim", body={"one_time_keys": wanted, "timeout": 10_000})
        keys = found.get("one_time_keys")
        async with self._database.read() as reader:
            account = await self._own.account(reader)
        sessions = {}
        for one in asked:
            session = _begun(account, one, keys)
            if session is None:
                log.info("a device has no one-time keys left", user=one.user_id, device=one.device_id)
                self._keyless[_name(one)] = now
            else:
                sessions[_name(one)] = session
        return sessions

    async def _send(self, kind: str, messages: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        if not messages:
            return
        by_user: defaultdict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for (user_id, device_id), content in messages.items():
            by_user[user_id][device_id] = content
        txn_id = transaction_id("to-device", self._own.device_id, time.time_ns())
        await self._matrix.call("PUT", "sendToDevice", kind, txn_id, body={"messages": by_user})


def _begun(account: Account, device: Device, keys: object) -> Session | None:
    """Make a session of a claimed one-time key, if that is signed by its device."""
    of_user = keys.get(device.user_id) if isinstance(keys, Mapping) else None
    of_device = of_user.get(device.device_id) if isinstance(of_user, Mapping) else None
    values: Iterable[object] = of_device.values() if isinstance(of_device, Mapping) else []
    for key in values:
        if isinstance(key, Mapping) and is_signed(
            key, device.user_id, f"ed25519:{device.device_id}", device.ed25519
        ):
            try:
                return account.create_outbound_session(
                    Curve25519PublicKey.from_base64(device.curve25519),
                    Curve25519PublicKey.from_base64(str(key.get("key"))),
                )
            except ValueError:
                continue
    return None


def _name(device: Device) -> tuple[str, str]:
    return device.user_id, device.device_id


def _number(settings: Mapping[str, Any], name: str, default: int) -> int:
    value = settings.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else default
