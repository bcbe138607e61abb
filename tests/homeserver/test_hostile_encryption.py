"""A member who makes keys and encrypted events by hand: late, forged, played again, or nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from vodozemac import Account, Curve25519PublicKey, GroupSession

from bot.demo.client import Client, ClientError, v3
from bot.demo.homeserver import Homeserver
from bot.encryption.own_device import MEGOLM, OLM
from bot.encryption.signing import encode, sign
from tests.homeserver.nio_member import ENCRYPTION
from tests.homeserver.running import RunningBot, fresh, joined

DEVICE = "BYHAND"


class WithFirstKey:
    """A session that is given away as it was in the beginning, and not as it has become."""

    def __init__(self) -> None:
        group = GroupSession()
        self.session_id = group.session_id
        self.session_key = group.session_key
        self.encrypt = group.encrypt


class Craftsman:
    """Uploads the keys of a device, and then sends what a test wants."""

    def __init__(self, client: Client, bot: RunningBot) -> None:
        self.client = client
        self.account = Account()
        self.group: GroupSession | WithFirstKey = GroupSession()
        self.bot_id = bot.user_id
        self.bot_device = ""
        self.bot_keys: Mapping[str, str] = {}

    @property
    def curve25519(self) -> str:
        return self.account.curve25519_key.to_base64()

    @property
    def ed25519(self) -> str:
        return self.account.ed25519_key.to_base64()

    async def prepare(self) -> None:
        found = await self.client.request("GET", v3("account", "whoami"))
        device = found["device_id"]
        keys = {
            "user_id": self.client.user_id,
            "device_id": device,
            "algorithms": [OLM, MEGOLM],
            "keys": {f"curve25519:{device}": self.curve25519, f"ed25519:{device}": self.ed25519},
        }
        signed = sign(
            keys, self.client.user_id, f"ed25519:{device}", lambda data: self.account.sign(data).to_base64()
        )
        await self.client.request("POST", v3("keys", "upload"), {"device_keys": signed})
        listed = await self.client.request("POST", v3("keys", "query"), {"device_keys": {self.bot_id: []}})
        ((self.bot_device, theirs),) = listed["device_keys"][self.bot_id].items()
        self.bot_keys = {name.partition(":")[0]: key for name, key in theirs["keys"].items()}

    async def give_key(self) -> None:
        """Give the bot the key of the present session."""
        content = {
            "algorithm": MEGOLM,
            "room_id": self.room,
            "session_id": self.group.session_id,
            "session_key": self.group.session_key.to_base64(),
        }
        payload = {
            "type": "m.room_key",
            "content": content,
            "sender": self.client.user_id,
            "recipient": self.bot_id,
            "recipient_keys": {"ed25519": self.bot_keys["ed25519"]},
            "keys": {"ed25519": self.ed25519},
        }
        wanted = {"one_time_keys": {self.bot_id: {self.bot_device: "signed_curve25519"}}}
        claimed = await self.client.request("POST", v3("keys", "claim"), wanted)
        (key,) = claimed["one_time_keys"][self.bot_id][self.bot_device].values()
        session = self.account.create_outbound_session(
            Curve25519PublicKey.from_base64(self.bot_keys["curve25519"]),
            Curve25519PublicKey.from_base64(key["key"]),
        )
        kind, body = session.encrypt(json.dumps(payload).encode()).to_parts()
        await self.tell({"type": kind, "body": encode(body)})

    async def tell(self, message: object, sender_key: object = None) -> None:
        content = {
            "algorithm": OLM,
            "sender_key": self.curve25519 if sender_key is None else sender_key,
            "ciphertext": {self.bot_keys["curve25519"]: message},
        }
        await self.client.send_to_device("m.room.encrypted", {self.bot_id: {self.bot_device: content}})

    def encrypted(self, body: str, **inside: Any) -> dict[str, Any]:
        payload = {
            "type": "m.room.message",
            "room_id": self.room,
            "content": {"msgtype": "m.text", "body": body},
            **inside,
        }
        return {
            "algorithm": MEGOLM,
            "sender_key": self.curve25519,
            "device_id": DEVICE,
            "session_id": self.group.session_id,
            "ciphertext": self.group.encrypt(json.dumps(payload).encode()).to_base64(),
        }

    async def put(self, content: Mapping[str, Any]) -> str:
        return await self.client.send(self.room, "m.room.encrypted", dict(content))

    async def say(self, body: str, **inside: Any) -> str:
        return await self.put(self.encrypted(body, **inside))

    async def enter(self) -> None:
        state = [{"type": "m.room.encryption", "state_key": "", "content": ENCRYPTION}]
        self.room = await self.client.create_room(name="Closed", invite=[self.bot_id], initial_state=state)
        await joined(self.client, self.room, self.bot_id)

    def answered(self) -> list[str]:
        """Return what the bot replied to, in the order of its answers."""
        return [
            event["content"]["m.relates_to"]["m.in_reply_to"]["event_id"]
            for event in self.client.seen.get(self.room, [])
            if event["sender"] == self.bot_id and event["type"] == "m.room.encrypted"
        ]

    async def until_answered(self, *events: str) -> None:
        async with asyncio.timeout(60):
            while not set(events) <= set(self.answered()):
                await asyncio.sleep(0.05)


@pytest.fixture
async def max_(homeserver: Homeserver, bot: RunningBot) -> AsyncIterator[Craftsman]:
    client = await homeserver.register(fresh("max"), "secret")
    craftsman = Craftsman(client, bot)
    await client.listen()
    await craftsman.prepare()
    await craftsman.enter()
    yield craftsman
    await client.close()


async def test_an_event_whose_key_comes_late_is_answered_then(max_: Craftsman, bot: RunningBot) -> None:
    max_.group = WithFirstKey()
    late = [await max_.say("!term impunity") for _ in range(2)]
    await bot.end()
    late.append(await max_.say("!term genocide"))
    await bot.start()
    await asyncio.sleep(1)
    assert max_.answered() == []
    await max_.give_key()
    await max_.until_answered(*late)
    assert max_.answered() == late, "in their order, each once"


@pytest.mark.parametrize("away", [False, True], ids=["running", "away"])
async def test_hostile_events_stop_nothing(max_: Craftsman, bot: RunningBot, away: bool) -> None:
    await max_.give_key()
    await max_.until_answered(await max_.say("!term genocide"))
    if away:
        await bot.end()
    # To-device: what is known to have stopped clients.
    await max_.tell({}, sender_key="x")
    hostile: list[Any] = [
        {},
        None,
        [],
        {"type": 0, "body": "x"},
        {"type": 1, "body": "===="},
        {"type": 0, "body": 7},
    ]
    for message in hostile:
        await max_.tell(message)
    deep: Any = {}
    for _ in range(200):
        deep = {"a": deep}
    await max_.tell(deep)
    good = max_.encrypted("unused")
    refused = 0
    for change in (
        {"sender_key": "", "session_id": ""},
        {"session_id": 7},
        {"session_id": "x" * 300},
        {"ciphertext": "not base64 at all"},
        {"ciphertext": ""},
        {"ciphertext": {"a": 1}},
        {"algorithm": "m.olm.v1.curve25519-aes-sha2"},
        {"algorithm": None},
        {"ciphertext": good["ciphertext"][:-4]},
        {"more": deep},
        {"m.relates_to": {"m.in_reply_to": 7}},
    ):
        try:
            await max_.put({**good, **change})
        except ClientError:
            refused += 1
    assert refused <= 2, "the homeserver lets most of it through"
    # Forged state inside encryption, and an old message played again.
    levels = {"users": {max_.client.user_id: 100, max_.bot_id: 0}}
    await max_.say("x", type="m.room.power_levels", state_key="", content=levels)
    await max_.say("x", type="m.room.member", state_key=max_.bot_id, content={"membership": "leave"})
    await max_.say("x", content=[], unsigned=None)
    again = max_.encrypted("!term impunity")
    once = await max_.put(again)
    twice = await max_.put(again)
    if away:
        await bot.start()
    last = await max_.say("!term genocide")
    await max_.until_answered(once, last)
    await asyncio.sleep(1)
    assert twice not in max_.answered()
    assert len(max_.answered()) == 3
