"""Hostile keys and events: each is dropped or waits, and harms no other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from vodozemac import Account, Curve25519PublicKey, GroupSession

from bot.encryption.device_lists import DeviceLists
from bot.encryption.inward import Inward
from bot.encryption.own_device import MEGOLM, OLM, OwnDevice
from bot.encryption.signing import encode
from bot.events import Encrypted, Event, Message
from bot.login import Login
from bot.session import Session
from storage import devices, unreadable
from storage.database import Database
from storage.devices import Device
from tests import databases
from tests.bot.fake_homeserver import BOT, MIA, ROOM
from tests.extent import extent

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
BEN = "@ben:example.org"


class Sender:
    """A device that speaks to the bot: by its own rules, if a test wants that."""

    def __init__(self, user_id: str = MIA, device_id: str = "PHONE") -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.account = Account()
        self.group = GroupSession()

    @property
    def device(self) -> Device:
        return Device(
            user_id=self.user_id,
            device_id=self.device_id,
            curve25519=self.account.curve25519_key.to_base64(),
            ed25519=self.account.ed25519_key.to_base64(),
            cross_signed=False,
        )

    def payload(self, own: OwnDevice, **changes: Any) -> dict[str, Any]:
        return {
            "type": "m.room_key",
            "sender": self.user_id,
            "recipient": BOT,
            "recipient_keys": {"ed25519": own.ed25519},
            "keys": {"ed25519": self.device.ed25519},
            "content": {
                "algorithm": MEGOLM,
                "room_id": ROOM,
                "session_id": self.group.session_id,
                "session_key": self.group.session_key.to_base64(),
            },
            **changes,
        }

    def event(self, text: str, **changes: Any) -> Encrypted:
        """Encrypt a message, and claim what `changes` say about it."""
        inside = {"type": "m.room.message", "room_id": ROOM, "content": {"msgtype": "m.text", "body": text}}
        inside |= changes.pop("inside", {})
        content = {
            "algorithm": MEGOLM,
            "session_id": self.group.session_id,
            "ciphertext": self.group.encrypt(json.dumps(inside).encode()).to_base64(),
        }
        fields = {"event_id": f"${text}", "room_id": ROOM, "sender": self.user_id, "sent_at": NOW, **changes}
        return Encrypted(**fields, content=content)


class Place:
    """The bot's side, without a network."""

    def __init__(self, database: Database, own: OwnDevice, lists: DeviceLists) -> None:
        self.database = database
        self.own = own
        self.inward = Inward(own, lists)
        self.inward.able = True

    async def meet(self, sender: Sender, *, master: str | None = None) -> None:
        async with self.database.write() as writer:
            await devices.replace(writer, sender.user_id, master, None, [sender.device])

    async def wrapped(self, sender: Sender, payload: object, outside: str | None = None) -> dict[str, Any]:
        """Encrypt something for the bot's device."""
        async with self.database.write() as writer:
            account = await self.own.account(writer)
            account.generate_one_time_keys(1)
            key = next(iter(account.one_time_keys.values()))
            account.mark_keys_as_published()
            await self.own.store(writer, account)
        session = sender.account.create_outbound_session(Curve25519PublicKey.from_base64(self.own.curve25519), key)
        kind, body = session.encrypt(json.dumps(payload).encode()).to_parts()
        return {
            "type": "m.room.encrypted",
            "sender": outside or sender.user_id,
            "content": {
                "algorithm": OLM,
                "sender_key": sender.device.curve25519,
                "ciphertext": {self.own.curve25519: {"type": kind, "body": encode(body)}},
            },
        }

    async def tell(self, *events: object) -> set[str]:
        async with self.database.write() as writer:
            return (await self.inward.receive(writer, list(events))).keys_for

    async def give_key(self, sender: Sender) -> None:
        assert await self.tell(await self.wrapped(sender, sender.payload(self.own))) == {sender.group.session_id}

    async def open(self, event: Encrypted) -> Event | None:
        async with self.database.write() as writer:
            return await self.inward.open(writer, event)

    async def reasons(self) -> list[str]:
        async with self.database.read() as reader:
            return [one.reason for one in await unreadable.waiting(reader, all_of_them=True)]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    session = Session(
        Login(homeserver="http://127.0.0.1:1", user_id=BOT, device_id="D", access_token="t", pickle_key="01" * 32)
    )
    own = OwnDevice(session, database)
    await own.load()
    yield Place(database, own, DeviceLists(session, database))
    await session.close()
    await database.close()


async def test_a_key_opens_what_its_sender_says(place: Place) -> None:
    mia = Sender()
    await place.meet(mia)
    early = mia.event("early")
    assert await place.open(early) is None
    assert await place.reasons() == ["no key"]
    mia.group = GroupSession()
    later = mia.event("later")
    await place.open(later)
    assert await place.reasons() == ["no key", "no key"]
    mia.group = GroupSession()
    await place.give_key(mia)
    found = await place.open(mia.event("now"))
    assert isinstance(found, Message)
    assert found.body == "now"
    assert place.inward.malformed == 0


async def test_what_was_read_is_not_read_again_as_another_event(place: Place) -> None:
    mia = Sender()
    await place.meet(mia)
    await place.give_key(mia)
    event = mia.event("once")
    assert await place.open(event) is not None
    assert await place.open(event) is not None, "the same event may come again after a crash"
    again = Encrypted("$again", ROOM, MIA, NOW, content=event.content)
    assert await place.open(again) is None
    assert place.inward.malformed == 1


@pytest.mark.parametrize(
    "inside",
    [
        {"type": "m.room.power_levels", "state_key": "", "content": {"users": {MIA: 100}}},
        {"type": "m.room.member", "state_key": MIA, "content": {"membership": "leave"}},
        {"type": "m.room.message", "state_key": ""},
        {"type": "m.room.redaction", "content": {"redacts": "$other"}},
        {"type": "m.room.encryption", "content": {}},
        {"room_id": "!elsewhere:example.org"},
        {"room_id": None},
        {"content": None},
        {"content": {"msgtype": "m.text", "body": 7}},
        {"type": 7},
    ],
)
async def test_forged_content_is_refused(place: Place, inside: dict[str, Any]) -> None:
    mia = Sender()
    await place.meet(mia)
    await place.give_key(mia)
    assert await place.open(mia.event("forged", inside=inside)) is None
    assert isinstance(await place.open(mia.event("fair")), Message)
    assert await place.reasons() == []


async def test_a_message_counts_only_from_the_one_whose_key_it_has(place: Place) -> None:
    mia, ben = Sender(), Sender(BEN)
    await place.meet(mia)
    await place.meet(ben)
    await place.give_key(mia)
    assert await place.open(mia.event("as ben", sender=BEN)) is None
    assert await place.reasons() == ["no key"]
    # Ben passes Mia's key on as his own, before and after hers.
    stolen = ben.payload(place.own, content=mia.payload(place.own)["content"])
    await place.tell(await place.wrapped(ben, stolen))
    assert isinstance(await place.open(mia.event("still mia")), Message)


async def test_a_device_must_be_listed_with_the_keys_that_it_names(place: Place) -> None:
    mia = Sender()
    await place.give_key(mia)
    assert await place.open(mia.event("nobody knows the device")) is None
    assert await place.reasons() == ["unknown device"]
    other = Sender(device_id="OTHER")
    await place.meet(other)
    claimed = other.payload(place.own, keys={"ed25519": mia.device.ed25519})
    await place.tell(await place.wrapped(other, claimed))
    assert await place.open(other.event("another signing key")) is None
    assert place.inward.malformed == 1


async def test_an_unverified_device_of_somebody_with_an_identity_waits(place: Place) -> None:
    mia = Sender()
    await place.meet(mia, master="a master key")
    await place.give_key(mia)
    assert await place.open(mia.event("hidden")) is None
    assert await place.reasons() == ["unverified device"]


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": BEN},
        {"recipient": MIA},
        {"recipient_keys": {"ed25519": "another"}},
        {"recipient_keys": None},
        {"keys": {}},
        {"content": {"algorithm": MEGOLM}},
        {"content": {"algorithm": MEGOLM, "room_id": ROOM, "session_id": "x", "session_key": "x"}},
        {"content": []},
        {"type": None},
    ],
)
async def test_a_key_that_is_not_meant_so_is_not_taken(place: Place, changes: dict[str, Any]) -> None:
    mia = Sender()
    await place.meet(mia)
    assert await place.tell(await place.wrapped(mia, mia.payload(place.own, **changes))) == set()
    assert place.inward.malformed == 1
    await place.give_key(mia)


async def test_a_bad_event_harms_no_other_beside_it(place: Place) -> None:
    mia = Sender()
    await place.meet(mia)
    ours = place.own.curve25519
    hostile: list[object] = [
        None,
        [],
        {"type": "m.room.encrypted", "sender": MIA, "content": {}},
        *(
            {
                "type": "m.room.encrypted",
                "sender": MIA,
                "content": {"algorithm": OLM, "sender_key": key, "ciphertext": {ours: message}},
            }
            for key in ("x", "", None, "A" * 43)
            for message in (
                {},
                None,
                {"type": 0, "body": "x"},
                {"type": 1, "body": "AAAA"},
                {"type": True, "body": ""},
            )
        ),
    ]
    good = await place.wrapped(mia, mia.payload(place.own))
    assert await place.tell(*hostile, good, *hostile) == {mia.group.session_id}
    assert isinstance(await place.open(mia.event("through")), Message)


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@hypothesis_settings(
    max_examples=extent(60, 15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    raw=anything,
    content=st.dictionaries(
        st.sampled_from(["algorithm", "session_id", "ciphertext", "sender_key", "room_id", "code"]),
        st.one_of(anything, st.sampled_from([MEGOLM, OLM, ROOM, "m.unverified"])),
        max_size=6,
    ),
)
async def test_no_json_raises(place: Place, raw: object, content: dict[str, Any]) -> None:
    kinds = ("m.room.encrypted", "m.room_key.withheld", "m.room_key", "m.dummy")
    await place.tell(raw, *({"type": kind, "sender": MIA, "content": content} for kind in kinds))
    await place.open(Encrypted("$any", ROOM, MIA, NOW, content=content))
