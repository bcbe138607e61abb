"""Files in encrypted rooms: encrypted by themselves, with a key that travels in the event.

Source: https://spec.matrix.org/latest/client-server-api/#sending-encrypted-attachments
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from bot.encryption.signing import decode, encode

KEY_SIZE = 32
IV_SIZE = 16


class AttachmentError(ValueError):
    """A file cannot be decrypted. The message says what is wrong with it."""


def seal(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """Encrypt a file. Return what is uploaded, and the `file` of the event, in which only `url` is missing."""
    key = os.urandom(KEY_SIZE)
    iv = os.urandom(IV_SIZE // 2) + bytes(IV_SIZE // 2)  # The lower half counts blocks.
    ciphertext = _cipher(key, iv, data)
    return ciphertext, {
        "v": "v2",
        "key": {
            "kty": "oct",
            "key_ops": ["encrypt", "decrypt"],
            "alg": "A256CTR",
            "k": base64.urlsafe_b64encode(key).decode().rstrip("="),
            "ext": True,
        },
        "iv": encode(iv),
        "hashes": {"sha256": encode(hashlib.sha256(ciphertext).digest())},
    }


def unseal(ciphertext: bytes, file: Mapping[str, Any]) -> bytes:
    """Decrypt a file as the `file` of its event says.

    Raises:
        AttachmentError: it was changed on its way, or the event is not what the specification says.

    """
    try:
        version, how = file["v"], file["key"]
        digest = decode(file["hashes"]["sha256"])
        iv = decode(file["iv"])
        key = decode(how["k"].replace("-", "+").replace("_", "/"))
        fits = version == "v2" and how["alg"] == "A256CTR" and how["kty"] == "oct"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AttachmentError("how it is encrypted is not said") from error
    if not fits or len(key) != KEY_SIZE or len(iv) != IV_SIZE:
        raise AttachmentError("it is encrypted in a way that is not known")
    if not hmac.compare_digest(hashlib.sha256(ciphertext).digest(), digest):
        raise AttachmentError("it was changed on its way")
    return _cipher(key, iv, ciphertext)


def _cipher(key: bytes, iv: bytes, data: bytes) -> bytes:
    return Cipher(AES(key), CTR(iv)).encryptor().update(data)
