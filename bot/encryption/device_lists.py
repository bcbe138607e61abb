"""Who has which devices, as their owners signed them, and which of them get keys and are listened to.

A device counts when it signed itself with its own key. Whoever has a cross-signing identity is spoken with
only on devices that the identity has signed, as MSC4153 asks: a homeserver that slips in a device gets
nothing. Once an identity was seen it is expected from then on. Who never had one is served on all devices.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog

from bot.encryption.signing import is_signed
from bot.errors import RefusedError
from bot.events import MalformedError, identifier
from bot.session import Session
from bot.wire import clean
from storage import devices as storage
from storage.database import Database, Reader, Writer
from storage.devices import Device, Owner

log = structlog.get_logger(__name__)

AT_ONCE = 250
"""People in one request."""
PATIENCE_SECONDS = 300.0
"""How long the homeserver of somebody is left alone that could not tell his devices."""


class DeviceLists:
    """Follows the devices of those whom the bot meets in encrypted rooms."""

    def __init__(self, session: Session, database: Database) -> None:
        self._session = session
        self._database = database
        self._changes = 0
        self._changed_at: dict[str, int] = {}
        self._failed_at: dict[str, float] = {}
        self.version = 0
        """Counts the changes of any list, so that what was computed from them is computed anew."""

    async def note(self, found: Mapping[str, Any]) -> None:
        """Note whose devices changed, according to a sync. Doing it twice does no harm."""
        lists = found.get("device_lists")
        names = [*_names(lists, "changed"), *_names(lists, "left")]
        if not names:
            return
        self._changes += 1
        self._changed_at.update(dict.fromkeys(names, self._changes))
        for name in names:
            self._failed_at.pop(name, None)
        self.version += 1
        async with self._database.write() as writer:
            await storage.outdate(writer, names)

    async def refresh(self, user_ids: Iterable[str]) -> set[str]:
        """Ask for the lists of these people that are not known or outdated. Return whose were learned.

        Raises:
            MatrixError: the bot's own homeserver does not answer; try again.

        """
        wanted = set(user_ids)
        async with self._database.read() as reader:
            known = await storage.owners(reader, wanted)
        now = time.monotonic()
        missing = sorted(
            name
            for name in wanted
            if (name not in known or known[name].outdated)
            and now - self._failed_at.get(name, -PATIENCE_SECONDS) >= PATIENCE_SECONDS
        )
        learned: set[str] = set()
        for start in range(0, len(missing), AT_ONCE):
            learned |= await self._ask(missing[start : start + AT_ONCE])
        return learned

    async def _ask(self, names: list[str]) -> set[str]:
        asked_at = self._changes
        body = {"device_keys": {name: [] for name in names}, "timeout": 10_000}
        try:
            found = await self._session.call("POST", "keys", "query", body=body)
        except RefusedError as error:
            log.warning("the homeserver refuses to tell devices", people=len(names), error=str(error))
            self._failed_at.update(dict.fromkeys(names, time.monotonic()))
            return set()
        learned: set[str] = set()
        answered = _mapping(found.get("device_keys"))
        async with self._database.write() as writer:
            known = await storage.owners(writer, names)
            for name in names:
                # A homeserver that could not ask that of somebody leaves him out.
                if name not in answered:
                    self._failed_at[name] = time.monotonic()
                    continue
                master, signing, present = read(name, found)
                before = known.get(name)
                if before and before.master_key and master not in (None, before.master_key):
                    log.info("somebody has a new cross-signing identity", user=name)
                await storage.replace(writer, name, master, signing, present)
                # What changed while the answer was under way is asked for again.
                if self._changed_at.get(name, 0) > asked_at:
                    await storage.outdate(writer, [name])
                learned.add(name)
        self.version += 1
        return learned

    async def current(self, reader: Reader, user_ids: Iterable[str]) -> tuple[list[Device], list[Device]]:
        """Return the devices of these people: those that may have keys, and those that may not."""
        names = list(user_ids)
        owners = await storage.owners(reader, names)
        trusted: list[Device] = []
        others: list[Device] = []
        for device in await storage.devices_of(reader, names):
            (trusted if is_trusted(device, owners.get(device.user_id)) else others).append(device)
        return trusted, others

    async def learn(self, writer: Writer, keys: object, sender: str, curve25519: str) -> None:
        """Take in a device that introduced itself together with a key (`sender_device_keys`, MSC4147).

        Its owner may have logged it out before the bot could ask for his devices.
        """
        if await storage.with_key(writer, sender, curve25519) is not None:
            return
        owner = (await storage.owners(writer, [sender])).get(sender)
        device = _device(sender, keys, owner.self_signing_key if owner else None, gone=True)
        if device is None or device.curve25519 != curve25519:
            return
        if await storage.named(writer, sender, device.device_id) is None:
            await storage.put(writer, device)


def is_trusted(device: Device, owner: Owner | None) -> bool:
    """Tell whether a device gets keys and is listened to."""
    return device.cross_signed or owner is None or owner.master_key is None


def read(user_id: str, found: Mapping[str, Any]) -> tuple[str | None, str | None, list[Device]]:
    """Return somebody's master and self-signing key and devices from an answer of `/keys/query`. Never raises."""
    master = _identity_key(user_id, found, "master_keys", "master")
    signing = _identity_key(user_id, found, "self_signing_keys", "self_signing")
    if master and signing:
        keys = _mapping(_mapping(found.get("self_signing_keys")).get(user_id))
        if not is_signed(keys, user_id, f"ed25519:{master}", master):
            signing = None
    signing = signing if master else None
    present = []
    for device_id, keys in _mapping(_mapping(found.get("device_keys")).get(user_id)).items():
        device = _device(user_id, keys, signing)
        if device is not None and device.device_id == device_id:
            present.append(device)
    return master, signing, present


def _identity_key(user_id: str, found: Mapping[str, Any], field: str, usage: str) -> str | None:
    """Return a public cross-signing key: the one key of an object that names its owner and its usage."""
    one = _mapping(_mapping(found.get(field)).get(user_id))
    uses = one.get("usage")
    keys = list(_mapping(one.get("keys")).values())
    if one.get("user_id") != user_id or not isinstance(uses, Sequence) or usage not in uses or len(keys) != 1:
        return None
    try:
        return identifier({"key": keys[0]}, "key")
    except MalformedError:
        return None


def _device(user_id: str, keys: object, self_signing: str | None, *, gone: bool = False) -> Device | None:
    """Return a device that has signed its own keys; None for anything else."""
    try:
        one = _mapping(keys)
        device_id = identifier(one, "device_id")
        both = _mapping(one.get("keys"))
        curve25519 = identifier(both, f"curve25519:{device_id}")
        ed25519 = identifier(both, f"ed25519:{device_id}")
    except MalformedError:
        return None
    if one.get("user_id") != user_id or not is_signed(one, user_id, f"ed25519:{device_id}", ed25519):
        return None
    return Device(
        user_id=user_id,
        device_id=device_id,
        curve25519=curve25519,
        ed25519=ed25519,
        cross_signed=self_signing is not None and is_signed(one, user_id, f"ed25519:{self_signing}", self_signing),
        gone=gone,
    )


def _names(lists: object, field: str) -> list[str]:
    found = _mapping(lists).get(field)
    names = found if isinstance(found, list) else []
    return [name for name in names if isinstance(name, str) and clean(name) == name]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
