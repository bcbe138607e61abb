"""The other side of a verification, written from the specification and with other cryptography than the bot's.

Source: https://spec.matrix.org/latest/client-server-api/#short-authentication-string-sas-verification
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.encryption.verification import Known, Verifications

BOT = "@bot:example.org"
ADA = "@ada:example.org"
ROOM = "!room"
LONGEST = 10.0
"""Seconds until a test gives up; nothing takes so long."""

numbers = count(1)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def broken_b64(data: bytes) -> str:
    """Base64 as the old MAC has it: written over its own input while that is still being read."""
    buffer = bytearray(data) + bytearray(16)
    groups, rest = divmod(len(data), 3)
    for group in range(groups):
        buffer[4 * group : 4 * group + 4] = base64.b64encode(bytes(buffer[3 * group : 3 * group + 3]))
    last = base64.b64encode(bytes(buffer[3 * groups : 3 * groups + rest])).rstrip(b"=")
    return (bytes(buffer[: 4 * groups]) + last).decode()


class Wire:
    """What the bot's verifications have at hand. `fails_at`: which call of the network fails, `hangs_at` hangs."""

    def __init__(self) -> None:
        self.user_id = BOT
        self.device_id = "BOTDEVICE"
        self.ed25519 = b64(os.urandom(32))
        self.master: str | None = b64(os.urandom(32))
        self.devices: dict[tuple[str, str], Known] = {}
        self.remembered: list[tuple[str, str, str | None]] = []
        self.said: dict[str, asyncio.Queue[tuple[str | None, str, dict[str, Any]]]] = defaultdict(asyncio.Queue)
        self.calls = 0
        self.fails_at = self.hangs_at = 0

    async def device(self, user_id: str, device_id: str) -> Known | None:
        await self._call()
        return self.devices.get((user_id, device_id))

    async def to_device(self, user_id: str, device_id: str, event_type: str, content: Mapping[str, Any]) -> None:
        await self._call()
        self.said[user_id].put_nowait((device_id, event_type, json.loads(json.dumps(content))))

    async def in_room(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> str:
        await self._call()
        self.said[room_id].put_nowait((None, event_type, json.loads(json.dumps(content))))
        return f"$said{next(numbers)}"

    async def verified(self, user_id: str, device_id: str, master: str | None) -> None:
        await self._call()
        self.remembered.append((user_id, device_id, master))

    async def _call(self) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        if self.calls == self.fails_at:
            raise OSError
        if self.calls == self.hangs_at:
            await asyncio.Event().wait()


class Peer:
    """A device of a person who verifies the bot, step by step. `room_id`: in that room, and not by to-device."""

    def __init__(
        self,
        wire: Wire,
        bot: Verifications,
        user_id: str = ADA,
        device_id: str = "ADADEVICE",
        room_id: str | None = None,
    ) -> None:
        self.wire, self.bot = wire, bot
        self.user_id, self.device_id, self.room_id = user_id, device_id, room_id
        self.transaction_id = f"${'event' if room_id else 'transaction'}{next(numbers)}"
        self.ed25519, self.master = b64(os.urandom(32)), b64(os.urandom(32))
        self.private = X25519PrivateKey.generate()
        self.key = b64(self.private.public_key().public_bytes_raw())
        self.secret = b""
        self.mac = "hkdf-hmac-sha256.v2"
        wire.devices[user_id, device_id] = Known(device_id, self.ed25519, self.master)

    def say(self, step: str, content: Mapping[str, Any], sender: str | None = None) -> None:
        """Say something in this verification."""
        self.tell(step, self.addressed(content), sender)

    def tell(self, step: str, content: object, sender: str | None = None) -> None:
        """Say something, whatever it is."""
        kind = f"m.key.verification.{step}"
        if self.room_id is None:
            self.bot.to_device(sender or self.user_id, kind, content)
        else:
            event_id = f"$event{next(numbers)}"
            self.bot.in_room(self.room_id, event_id, sender or self.user_id, kind, content, datetime.now(UTC))

    def addressed(self, content: Mapping[str, Any]) -> dict[str, Any]:
        if self.room_id is None:
            return {**content, "transaction_id": self.transaction_id}
        return {**content, "m.relates_to": {"rel_type": "m.reference", "event_id": self.transaction_id}}

    async def hear(self, step: str) -> dict[str, Any]:
        """Return what the bot says next, which has to be this."""
        said = self.wire.said[self.room_id or self.user_id]
        to, kind, content = await asyncio.wait_for(said.get(), LONGEST)
        assert kind == f"m.key.verification.{step}", content
        assert to == (None if self.room_id else self.device_id)
        assert self.addressed(content) == content
        return content

    async def cancelled(self) -> str:
        """Return the code with which the bot cancels."""
        content = await self.hear("cancel")
        assert isinstance(content["reason"], str)
        return str(content["code"])

    def request(self, sent_at: datetime | None = None, **changes: Any) -> None:
        """Ask the bot for a verification."""
        sent_at = sent_at or datetime.now(UTC)
        content: dict[str, Any] = {"from_device": self.device_id, "methods": ["m.sas.v1", "m.qr_code.show.v1"]}
        if self.room_id is None:
            content["timestamp"] = int(sent_at.timestamp() * 1000)
            self.say("request", content | changes)
        else:
            content |= {"msgtype": "m.key.verification.request", "to": BOT, "body": "please"} | changes
            self.bot.in_room(
                self.room_id, self.transaction_id, self.user_id, "m.room.message", content, sent_at
            )  # fmt: skip

    async def requested(self) -> None:
        """Ask the bot, and hear that it is ready."""
        self.request()
        ready = await self.hear("ready")
        assert ready["from_device"] == self.wire.device_id
        assert ready["methods"] == ["m.sas.v1"]

    def offer(self, **changes: Any) -> dict[str, Any]:
        """Return the content of a start."""
        return self.addressed(
            {
                "from_device": self.device_id,
                "method": "m.sas.v1",
                "key_agreement_protocols": ["curve25519-hkdf-sha256", "curve25519"],
                "hashes": ["sha256"],
                "message_authentication_codes": ["hkdf-hmac-sha256", "hkdf-hmac-sha256.v2", "hmac-sha256"],
                "short_authentication_string": ["decimal", "emoji"],
            }
            | changes
        )

    async def start(self, **changes: Any) -> list[int]:
        """Start, exchange keys, and return the numbers of the emoji."""
        offer = self.offer(**changes)
        self.tell("start", offer)
        accept = await self.hear("accept")
        assert (accept["key_agreement_protocol"], accept["hash"]) == ("curve25519-hkdf-sha256", "sha256")
        assert set(accept["short_authentication_string"]) == set(offer["short_authentication_string"])
        self.mac = accept["message_authentication_code"]
        self.say("key", {"key": self.key})
        theirs = (await self.hear("key"))["key"]
        assert accept["commitment"] == self.commitment(theirs, offer)
        self.establish(theirs)
        return self.emoji(starter=(self.user_id, self.device_id, self.key), accepter=(*self.bots(), theirs))

    async def accept(self, key: str | None = None, **changes: Any) -> list[int]:
        """Wait for the bot to start, exchange keys, and return the numbers of the emoji."""
        start = await self.hear("start")
        assert start["from_device"] == self.wire.device_id
        self.say("accept", self.acceptance(start) | changes)
        theirs = (await self.hear("key"))["key"]
        self.say("key", {"key": key or self.key})
        self.establish(theirs)
        return self.emoji(starter=(*self.bots(), theirs), accepter=(self.user_id, self.device_id, self.key))

    def acceptance(self, start: Mapping[str, Any]) -> dict[str, Any]:
        """Return the content of an accept."""
        return {
            "method": "m.sas.v1",
            "key_agreement_protocol": "curve25519-hkdf-sha256",
            "hash": "sha256",
            "message_authentication_code": self.mac,
            "short_authentication_string": start["short_authentication_string"],
            "commitment": self.commitment(self.key, start),
        }

    async def prove(self, **changes: Any) -> None:
        """Check what the bot proves, and prove our keys. `changes`: wrong or other MACs."""
        found = await self.hear("mac")
        info = "".join((*self.bots(), self.user_id, self.device_id, self.transaction_id))
        keys = {f"ed25519:{self.wire.device_id}": self.wire.ed25519}
        if self.wire.master:
            keys[f"ed25519:{self.wire.master}"] = self.wire.master
        assert self.addressed(self.macs(info, keys)) == found
        self.say("mac", self.proof() | changes)

    def proof(self, **more: str) -> dict[str, Any]:
        """Return the content of a mac. `more`: other keys by their ids."""
        info = "".join((self.user_id, self.device_id, *self.bots(), self.transaction_id))
        keys = {f"ed25519:{self.device_id}": self.ed25519, f"ed25519:{self.master}": self.master}
        return self.macs(info, keys | more)

    async def finish(self) -> None:
        """Hear that the bot is done, and say so."""
        await self.hear("done")
        self.say("done", {})

    def bots(self) -> tuple[str, str]:
        return self.wire.user_id, self.wire.device_id

    def establish(self, theirs: str) -> None:
        self.secret = self.private.exchange(X25519PublicKey.from_public_bytes(unb64(theirs)))

    def commitment(self, key: str, start: Mapping[str, Any]) -> str:
        text = json.dumps(start, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return b64(hashlib.sha256((key + text).encode()).digest())

    def emoji(self, starter: tuple[str, str, str], accepter: tuple[str, str, str]) -> list[int]:
        info = "|".join(("MATRIX_KEY_VERIFICATION_SAS", *starter, *accepter, self.transaction_id))
        bits = int.from_bytes(self._derive(info, 6), "big")
        return [bits >> (48 - 6 * (place + 1)) & 63 for place in range(7)]

    def macs(self, info: str, keys: Mapping[str, str]) -> dict[str, Any]:
        """Return MACs of keys and of the list of their ids."""
        return {
            "mac": {name: self._mac(key, info + name) for name, key in keys.items()},
            "keys": self._mac(",".join(sorted(keys)), info + "KEY_IDS"),
        }

    def _mac(self, message: str, info: str) -> str:
        key = self._derive(f"MATRIX_KEY_VERIFICATION_MAC{info}", 32)
        found = hmac.digest(key, message.encode(), "sha256")
        return broken_b64(found) if self.mac == "hkdf-hmac-sha256" else b64(found)

    def _derive(self, info: str, length: int) -> bytes:
        return HKDF(SHA256(), length, None, info.encode()).derive(self.secret)
