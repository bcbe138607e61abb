"""The bot's cross-signing identity: made once, kept under the operator's recovery key, never replaced.

The private halves (seeds) are nowhere but on the homeserver, encrypted under the recovery key, in the form that
Element uses, too (secret storage). They are needed to sign a new device of the bot, and to sign a member who
was verified. Before that, and after, the bot does not hold them.

Sources: https://spec.matrix.org/latest/client-server-api/#cross-signing,
https://spec.matrix.org/latest/client-server-api/#secret-storage
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.encryption import secret_storage
from bot.encryption.device_lists import read
from bot.encryption.own_device import OwnDevice
from bot.encryption.secret_storage import RecoveryKey, RecoveryKeyError, SealError
from bot.encryption.signing import decode, encode, sign
from bot.errors import ConfirmError, RefusedError
from bot.session import Session
from config.settings import MatrixSettings

log = structlog.get_logger(__name__)

SECRETS = {
    "master": "m.cross_signing.master",
    "self_signing": "m.cross_signing.self_signing",
    "user_signing": "m.cross_signing.user_signing",
}
DEFAULT_KEY = "m.secret_storage.default_key"
SETTING = "GAAMAC_MATRIX__RECOVERY_KEY"


class IdentityError(Exception):
    """The bot has no identity with which others would speak. The message says what a person can do."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One private key of the identity: 32 bytes, which are never shown."""

    secret: bytes

    def __repr__(self) -> str:
        return "Seed(...)"

    @property
    def public(self) -> str:
        """Its public half, unpadded base64."""
        return encode(self._key().public_key().public_bytes_raw())

    @property
    def key_id(self) -> str:
        """Its name in signatures."""
        return f"ed25519:{self.public}"

    def sign(self, message: bytes) -> str:
        """Return a signature of some bytes."""
        return encode(self._key().sign(message))

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.secret)


class Identity:
    """Sees that the bot's device is signed by the bot's identity. `show` gives a new recovery key to a person."""

    def __init__(
        self,
        session: Session,
        own: OwnDevice,
        settings: MatrixSettings,
        show: Callable[[RecoveryKey], None],
    ) -> None:
        self._session = session
        self._own = own
        self._settings = settings
        self._show = show
        self.master: str | None = None
        self._shown: RecoveryKey | None = None
        self._made: tuple[str, RecoveryKey] | None = None

    async def establish(self) -> None:
        """See that this device is signed: by the identity that there is, or by a new one where there is none.

        Raises:
            IdentityError: a person must do something first.
            MatrixError: try again.

        """
        found = await self._query()
        listed = _mapping(_mapping(found.get("device_keys")).get(self._own.user_id)).get(self._own.device_id)
        await self._own.publish(listed)
        master, _, devices = read(self._own.user_id, found)
        if master is None:
            seeds = await self._make()
        elif any(one.device_id == self._own.device_id and one.cross_signed for one in devices):
            self.master = master
            return
        else:
            seeds = await self._restore(found, master)
        await self._sign_device(seeds["self_signing"])
        self.master = seeds["master"].public
        self._made = self._shown = None
        log.info("this device is signed by the bot's identity", device=self._own.device_id)

    async def sign_person(self, user_id: str, master: str) -> None:
        """Sign the identity of somebody who was verified, so that all devices of the bot know. Needs the seeds."""
        if self._settings.recovery_key is None:
            return
        found = await self._session.call("POST", "keys", "query", body={"device_keys": {user_id: []}})
        keys = _mapping(_mapping(found.get("master_keys")).get(user_id))
        if _mapping(keys.get("keys")).get(f"ed25519:{master}") != master:
            return
        seeds = await self._stored(await self._key_of_storage())
        if seeds is None:
            return
        bare = {name: value for name, value in keys.items() if name not in ("signatures", "unsigned")}
        seed = seeds["user_signing"]
        await self._upload_signatures(user_id, master, sign(bare, self._own.user_id, seed.key_id, seed.sign))

    async def _query(self) -> dict[str, Any]:
        return await self._session.call("POST", "keys", "query", body={"device_keys": {self._own.user_id: []}})

    async def _make(self) -> dict[str, Seed]:
        """Make the identity. A crash anywhere in between is made good by the next start.

        The seeds are put into secret storage first, and used from there if they are found.
        """
        key_id, key = await self._key_of_storage(make=True)
        seeds = await self._stored((key_id, key))
        if seeds is None:
            seeds = {name: Seed(secrets.token_bytes(32)) for name in SECRETS}
            for name, secret_name in SECRETS.items():
                sealed = secret_storage.seal(key.secret, secret_name, encode(seeds[name].secret))
                await self._put(secret_name, {"encrypted": {key_id: sealed}})
        await self._put(DEFAULT_KEY, {"key": key_id})
        await self._publish(seeds)
        log.info("made the bot's cross-signing identity")
        return seeds

    async def _publish(self, seeds: Mapping[str, Seed]) -> None:
        user_id, master = self._own.user_id, seeds["master"]
        body = {"master_key": self._own.signed(_public(user_id, "master", master))}
        for name in ("self_signing", "user_signing"):
            public = _public(user_id, name, seeds[name])
            body[f"{name}_key"] = sign(public, user_id, master.key_id, master.sign)
        path = ("keys", "device_signing", "upload")
        try:
            await self._session.call("POST", *path, body=body)
        except ConfirmError as error:
            password = self._settings.password
            if ["m.login.password"] not in error.flows or password is None:
                raise IdentityError(
                    "The homeserver wants the account's owner to confirm the bot's new cross-signing identity. "
                    + (
                        "Set GAAMAC_MATRIX__PASSWORD and start the bot again."
                        if ["m.login.password"] in error.flows
                        else "It takes no password for that: sign in as the bot in Element, set up its recovery "
                        f"key there (Settings, Encryption), put that key into {SETTING}, and start the bot again."
                    )
                ) from error
            auth = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": user_id},
                "password": password.get_secret_value(),
                "session": error.session,
            }
            try:
                await self._session.call("POST", *path, body={**body, "auth": auth})
            except (ConfirmError, RefusedError) as refused:
                raise IdentityError(
                    "The homeserver did not accept the password with which the bot's new cross-signing identity "
                    "must be confirmed. Correct GAAMAC_MATRIX__PASSWORD and start the bot again."
                ) from refused

    async def _restore(self, found: Mapping[str, Any], master: str) -> dict[str, Seed]:
        """Return the seeds of the identity that the account has."""
        seeds = await self._stored(await self._key_of_storage())
        if seeds is None:
            raise IdentityError(
                f"The account {self._own.user_id} has a cross-signing identity whose private keys are not in its "
                "secret storage. Sign in as the bot in Element, reset its identity there (Settings, Encryption), "
                f"put the new recovery key into {SETTING}, and start the bot again. Members will see once that "
                "the bot's identity has changed."
            )
        listed = _mapping(_mapping(found.get("self_signing_keys")).get(self._own.user_id)).get("keys")
        if seeds["master"].public != master or seeds["self_signing"].public not in _mapping(listed).values():
            raise IdentityError(
                f"The private keys in the secret storage of {self._own.user_id} belong to an older identity. "
                "Sign in as the bot in Element and reset its identity there (Settings, Encryption), put the new "
                f"recovery key into {SETTING}, and start the bot again."
            )
        log.info("restored the bot's cross-signing identity")
        return seeds

    async def _key_of_storage(self, *, make: bool = False) -> tuple[str, RecoveryKey]:
        """Return the key of the account's secret storage; `make` one where there is no storage yet."""
        if self._made is not None:
            # A step behind it failed; the key is with a person by now, and not in the settings.
            return self._made
        if make and await account_data(self._session, DEFAULT_KEY) is None:
            configured = self._settings.recovery_key
            return await self._new_storage(configured.get_secret_value() if configured else None)
        return await open_storage(self._session, self._settings)

    async def _new_storage(self, configured: str | None) -> tuple[str, RecoveryKey]:
        if configured is None:
            if self._shown is None:
                # Before anything is encrypted with it: what nobody could open must not come into being.
                self._shown = RecoveryKey.new()
                self._show(self._shown)
            key = self._shown
        else:
            try:
                key = RecoveryKey.parse(configured)
            except RecoveryKeyError as error:
                raise IdentityError(f"{SETTING} is not a recovery key: {error}") from error
        key_id = secrets.token_hex(16)
        await self._put(f"m.secret_storage.key.{key_id}", secret_storage.describe(key))
        self._made = key_id, key
        return self._made

    async def _stored(self, storage: tuple[str, RecoveryKey]) -> dict[str, Seed] | None:
        """Return the seeds in secret storage; None when one of them is not there or cannot be read."""
        key_id, key = storage
        seeds = {}
        for name, secret_name in SECRETS.items():
            found = await account_data(self._session, secret_name) or {}
            sealed = _mapping(found.get("encrypted")).get(key_id)
            if not isinstance(sealed, Mapping):
                return None
            try:
                seeds[name] = Seed(decode(secret_storage.unseal(key.secret, secret_name, sealed)))
                _ = seeds[name].public
            except (SealError, ValueError):
                return None
        return seeds

    async def _sign_device(self, seed: Seed) -> None:
        keys = self._own.keys()
        signed = sign(keys, self._own.user_id, seed.key_id, seed.sign)
        await self._upload_signatures(self._own.user_id, self._own.device_id, signed)

    async def _upload_signatures(self, user_id: str, name: str, signed: Mapping[str, Any]) -> None:
        found = await self._session.call("POST", "keys", "signatures", "upload", body={user_id: {name: signed}})
        if found.get("failures"):
            raise IdentityError("The homeserver does not accept the signature of the bot's identity.")

    async def _put(self, kind: str, content: Mapping[str, Any]) -> None:
        await self._session.call("PUT", "user", self._own.user_id, "account_data", kind, body=content)


async def open_storage(session: Session, settings: MatrixSettings) -> tuple[str, RecoveryKey]:
    """Return the id of the account's secret storage key, and that key from the settings.

    Raises:
        IdentityError: there is no storage, or no key to it, or another.

    """
    default = await account_data(session, DEFAULT_KEY)
    key_id = default.get("key") if default else None
    if not isinstance(key_id, str):
        raise IdentityError(
            f"The account {session.user_id} has a cross-signing identity, but no secret storage from which it "
            "could be restored. Sign in as the bot in Element, set up recovery there (Settings, Encryption), put "
            f"the recovery key into {SETTING}, and start the bot again."
        )
    if settings.recovery_key is None:
        raise IdentityError(
            f"This device is not signed by the identity of {session.user_id}. Put the recovery key that was shown "
            f"when the identity was made into {SETTING} (or {SETTING}_FILE), and start the bot again."
        )
    description = await account_data(session, f"m.secret_storage.key.{key_id}") or {}
    for key in _readings(settings.recovery_key.get_secret_value(), description):
        if secret_storage.opens(key, description):
            return key_id, key
    raise IdentityError(
        f"{SETTING} does not open the secret storage of {session.user_id}. Check that it is the recovery key of "
        "this account, complete and without mistakes, and start the bot again."
    )


async def account_data(session: Session, kind: str) -> dict[str, Any] | None:
    """Return a part of the account's own data on the homeserver; None where there is none."""
    try:
        return await session.call("GET", "user", session.user_id, "account_data", kind)
    except RefusedError as error:
        if error.status == 404:
            return None
        raise


def _readings(configured: str, description: Mapping[str, Any]) -> list[RecoveryKey]:
    """Return what a person may have meant: a recovery key, or the passphrase that an older client asked for."""
    found = []
    with contextlib.suppress(RecoveryKeyError):
        found.append(RecoveryKey.parse(configured))
    if "passphrase" in description:
        with contextlib.suppress(RecoveryKeyError):
            found.append(secret_storage.from_passphrase(configured, description))
    return found


def _public(user_id: str, usage: str, seed: Seed) -> dict[str, Any]:
    return {"user_id": user_id, "usage": [usage], "keys": {seed.key_id: seed.public}}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
