"""The bot's own device: its keys, and the one-time and fallback keys with which others can reach it.

The Olm account is read from the database for each use and never kept: a round that is rolled back must not
leave a used one-time key behind. Only the two identity keys, which never change, are held in memory.

Source: https://spec.matrix.org/latest/client-server-api/#one-time-and-fallback-keys
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vodozemac import Account, InboundGroupSession

from bot.encryption.signing import sign
from bot.errors import EXIT_DATABASE, Broken, BrokenError
from bot.login import SESSION_FILE
from bot.session import Session
from storage import room_keys
from storage.database import Database, Reader, Writer
from storage.room_keys import OwnDevice as Stored
from storage.room_keys import RoomKey

OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"
PICKLE_KEY_BYTES = 32
FALLBACK_AGE = timedelta(days=7)
"""A fallback key that was used is replaced by the next upload; one that was not, after this time."""


class LostKeysError(Exception):
    """The homeserver knows this device with other keys: those that belong to it were lost."""


class OwnDevice:
    """The keys of this device. `pickle_key` protects them in the database."""

    def __init__(self, session: Session, database: Database) -> None:
        self._session = session
        self._database = database
        self.user_id = session.user_id
        self.device_id = session.login.device_id
        self.pickle_key = b""
        self.curve25519 = ""
        self.ed25519 = ""
        self._signer: Account | None = None

    async def load(self) -> None:
        """Read the keys of this device, or make them.

        Raises:
            BrokenError: they cannot be opened; nothing was changed.

        """
        async with self._database.read() as reader:
            known = await room_keys.own(reader)
        try:
            self.pickle_key = _key(self._session.login.pickle_key)
            if known is not None and known.device_id == self.device_id:
                self._signer = Account.from_pickle(known.pickle, self.pickle_key)
        except ValueError as error:
            raise BrokenError(
                f"The keys of the bot's device {self.device_id} in the database cannot be opened with the key in "
                f"{SESSION_FILE}: one of the two is damaged, or they do not belong together. Put both back from "
                f"the same backup. If there is none, move {SESSION_FILE} away, set the password and the recovery "
                "key, and start the bot again: it makes a new device.",
                exit_code=EXIT_DATABASE,
                cause=Broken.KEYS,
            ) from error
        if self._signer is None:
            self._signer = Account()
            async with self._database.write() as writer:
                await room_keys.forget_own(writer)
                newest = await room_keys.newest_room_key(writer)
                if newest is not None and not self._opens(newest):
                    # The key in the file is another one: the file was lost, and the database was not. What cannot
                    # be opened would stand in the way of the same keys when they are given to this device.
                    await room_keys.forget_room_keys(writer)
                await self.store(writer, self._signer)
        self.curve25519 = self._signer.curve25519_key.to_base64()
        self.ed25519 = self._signer.ed25519_key.to_base64()

    def _opens(self, one: RoomKey) -> bool:
        """Tell whether a key of the database can be opened."""
        try:
            InboundGroupSession.from_pickle(one.pickle or "", self.pickle_key)
        except ValueError:
            return False
        return True

    def sign(self, message: bytes) -> str:
        """Return a signature of this device."""
        assert self._signer is not None  # noqa: S101 - load comes first
        return self._signer.sign(message).to_base64()

    def signed(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return a JSON object with the signature of this device."""
        return sign(content, self.user_id, f"ed25519:{self.device_id}", self.sign)

    def keys(self) -> dict[str, Any]:
        """Return what others need to know of this device, signed."""
        return self.signed(
            {
                "user_id": self.user_id,
                "device_id": self.device_id,
                "algorithms": [OLM, MEGOLM],
                "keys": {
                    f"curve25519:{self.device_id}": self.curve25519,
                    f"ed25519:{self.device_id}": self.ed25519,
                },
            }
        )

    async def account(self, reader: Reader) -> Account:
        """Return the Olm account as it is now."""
        known = await room_keys.own(reader)
        assert known is not None  # noqa: S101 - load comes first
        return Account.from_pickle(known.pickle, self.pickle_key)

    async def store(self, writer: Writer, account: Account, *, fallback_at: datetime | None = None) -> None:
        """Store the Olm account after a change."""
        if fallback_at is None:
            known = await room_keys.own(writer)
            fallback_at = known.fallback_at if known else None
        pickle = account.pickle(self.pickle_key)
        await room_keys.put_own(writer, Stored(device_id=self.device_id, pickle=pickle, fallback_at=fallback_at))

    async def publish(self, listed: Mapping[str, Any] | None) -> None:
        """Give the homeserver the device's keys, unless it lists them already.

        Raises:
            LostKeysError: it lists others.

        """
        mine = self.keys()
        if listed is None:
            await self._session.call("POST", "keys", "upload", body={"device_keys": mine})
        elif listed.get("keys") != mine["keys"]:
            raise LostKeysError

    async def replenish(self, counts: Mapping[str, Any] | None, unused_fallback: object) -> None:
        """Fill up the one-time keys to half of what the account holds, and see that there is a fallback key.

        `counts` and `unused_fallback` are what a sync says of them; None: ask.
        """
        if counts is None:
            found = await self._session.call("POST", "keys", "upload", body={})
            counts = found.get("one_time_key_counts")
        there = counts.get("signed_curve25519", 0) if isinstance(counts, Mapping) else 0
        there = there if isinstance(there, int) else 0
        async with self._database.write() as writer:
            account = await self.account(writer)
            known = await room_keys.own(writer)
            made_at = known.fallback_at if known else None
            now = datetime.now(UTC)
            used = isinstance(unused_fallback, list) and "signed_curve25519" not in unused_fallback
            if made_at is None or used or now - made_at > FALLBACK_AGE:
                account.generate_fallback_key()  # type: ignore[attr-defined] # the stubs lack it
                made_at = now
            # Those of an earlier upload whose answer did not arrive are still there, and uploaded again.
            missing = account.max_number_of_one_time_keys // 2 - there - len(account.one_time_keys)
            if missing > 0:
                account.generate_one_time_keys(missing)
            await self.store(writer, account, fallback_at=made_at)
        await self._upload(account)

    async def _upload(self, account: Account) -> None:
        body: dict[str, Any] = {}
        for field, found, extra in (
            ("one_time_keys", account.one_time_keys, {}),
            ("fallback_keys", account.fallback_key, {"fallback": True}),  # type: ignore[attr-defined]
        ):
            if found:
                body[field] = {
                    f"signed_curve25519:{name}": self.signed({"key": key.to_base64(), **extra})
                    for name, key in found.items()
                }
        if not body:
            return
        await self._session.call("POST", "keys", "upload", body=body)
        async with self._database.write() as writer:
            # Read anew, because meanwhile others may have used a key.
            current = await self.account(writer)
            current.mark_keys_as_published()
            await self.store(writer, current)


def _key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != PICKLE_KEY_BYTES:
        raise ValueError(len(key))
    return key
