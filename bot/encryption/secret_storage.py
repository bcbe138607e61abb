"""Secrets on the homeserver, encrypted under the operator's recovery key.

Sources: https://spec.matrix.org/latest/client-server-api/#msecret_storagev1aes-hmac-sha2 and, for the form in
which people write a recovery key, https://spec.matrix.org/latest/appendices/#cryptographic-key-representation
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Any, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.encryption.signing import decode, encode

ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2"
PREFIX = bytes([0x8B, 0x01])
SIZE = 32
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MOST_ROUNDS = 10_000_000
"""Of PBKDF2. Clients use half a million; more would hold up the bot for minutes."""
CHECKED = bytes(SIZE)
"""What is encrypted with a key in its description, so that a wrong key is noticed."""


class RecoveryKeyError(ValueError):
    """What was given as a recovery key is none. The message says what is wrong with it."""


class SealError(ValueError):
    """A secret cannot be read: the key is not its key, or somebody changed it."""


@dataclass(frozen=True, slots=True, repr=False)
class RecoveryKey:
    """The key that opens secret storage: 32 bytes, which are never shown by accident."""

    secret: bytes

    @classmethod
    def new(cls) -> Self:
        """Make a key."""
        return cls(secrets.token_bytes(SIZE))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key as a person wrote it, with spaces anywhere.

        Raises:
            RecoveryKeyError: it is none.

        """
        signs = "".join(text.split())
        strange = next((sign for sign in signs if sign not in BASE58), None)
        if strange is not None:
            raise RecoveryKeyError(f"it holds {strange!r}, which no recovery key does (0, O, I and l neither)")
        raw = _from_base58(signs)
        if len(raw) != len(PREFIX) + SIZE + 1 or not raw.startswith(PREFIX):
            raise RecoveryKeyError(
                "it has the wrong length or beginning; a recovery key is twelve groups of four signs that begin "
                "with Es"
            )
        if reduce(xor, raw) != 0:
            raise RecoveryKeyError("one of its signs is mistyped")
        return cls(raw[len(PREFIX) : -1])

    @property
    def text(self) -> str:
        """The key as people write it: groups of four signs."""
        raw = PREFIX + self.secret
        signs = _to_base58(raw + bytes([reduce(xor, raw)]))
        return " ".join(signs[start : start + 4] for start in range(0, len(signs), 4))


def from_passphrase(text: str, description: Mapping[str, Any]) -> RecoveryKey:
    """Return the key that a passphrase stands for, as the description of the key says.

    Raises:
        RecoveryKeyError: the description names no way that is known.

    """
    how = description.get("passphrase")
    how = how if isinstance(how, Mapping) else {}
    salt, rounds, bits = how.get("salt"), how.get("iterations"), how.get("bits", SIZE * 8)
    fits = isinstance(salt, str) and isinstance(rounds, int) and 0 < rounds <= MOST_ROUNDS
    if how.get("algorithm") != "m.pbkdf2" or bits != SIZE * 8 or not fits:
        raise RecoveryKeyError("the secret storage of this account is not opened by a passphrase")
    return RecoveryKey(hashlib.pbkdf2_hmac("sha512", text.encode(), str(salt).encode(), int(rounds or 0), SIZE))


def describe(key: RecoveryKey) -> dict[str, Any]:
    """Return the content of `m.secret_storage.key.<id>`, by which a client tells whether a key is right."""
    iv = _iv()
    _, mac = _encrypt(key.secret, "", CHECKED, iv)
    return {"algorithm": ALGORITHM, "iv": encode(iv), "mac": encode(mac)}


def opens(key: RecoveryKey, description: Mapping[str, Any]) -> bool:
    """Tell whether a key is the one described. One that is described without a check is taken for it."""
    if description.get("algorithm") != ALGORITHM:
        return False
    if "iv" not in description or "mac" not in description:
        return True
    try:
        _, mac = _encrypt(key.secret, "", CHECKED, _bytes(description, "iv"))
        return hmac.compare_digest(mac, _bytes(description, "mac"))
    except SealError:
        return False


def seal(key: bytes, name: str, secret: str) -> dict[str, str]:
    """Encrypt the secret called `name`."""
    iv = _iv()
    ciphertext, mac = _encrypt(key, name, secret.encode(), iv)
    return {"iv": encode(iv), "ciphertext": encode(ciphertext), "mac": encode(mac)}


def unseal(key: bytes, name: str, sealed: Mapping[str, Any]) -> str:
    """Decrypt the secret called `name`.

    Raises:
        SealError: this key did not encrypt it, or it was changed since.

    """
    ciphertext = _bytes(sealed, "ciphertext")
    cipher_key, mac_key = _keys(key, name)
    if not hmac.compare_digest(hmac.digest(mac_key, ciphertext, "sha256"), _bytes(sealed, "mac")):
        raise SealError("another key was used, or the secret was changed")
    try:
        return _cipher(cipher_key, _bytes(sealed, "iv"), ciphertext).decode()
    except UnicodeDecodeError as error:
        raise SealError("it is no text") from error


def _encrypt(key: bytes, name: str, plaintext: bytes, iv: bytes) -> tuple[bytes, bytes]:
    cipher_key, mac_key = _keys(key, name)
    ciphertext = _cipher(cipher_key, iv, plaintext)
    return ciphertext, hmac.digest(mac_key, ciphertext, "sha256")


def _keys(key: bytes, name: str) -> tuple[bytes, bytes]:
    derived = HKDF(hashes.SHA256(), 64, salt=bytes(32), info=name.encode()).derive(key)
    return derived[:32], derived[32:]


def _cipher(key: bytes, iv: bytes, data: bytes) -> bytes:
    if len(iv) != 16:
        raise SealError("iv")
    return Cipher(AES(key), CTR(iv)).encryptor().update(data)


def _iv() -> bytes:
    iv = bytearray(os.urandom(16))
    iv[8] &= 0x7F  # some clients count with signed numbers
    return bytes(iv)


def _bytes(source: Mapping[str, Any], name: str) -> bytes:
    value = source.get(name)
    try:
        return decode(value if isinstance(value, str) else "-")
    except ValueError as error:
        raise SealError(name) from error


def _to_base58(data: bytes) -> str:
    number, signs = int.from_bytes(data), ""
    while number:
        number, rest = divmod(number, 58)
        signs = BASE58[rest] + signs
    return signs


def _from_base58(signs: str) -> bytes:
    number = 0
    for sign in signs[:100]:
        number = number * 58 + BASE58.index(sign)
    return number.to_bytes((number.bit_length() + 7) // 8)
