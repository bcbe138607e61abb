"""The bot's session where several instances share it: encrypted, in the database.

With it one can act as the bot, so the database alone must not be enough: the key is derived from a secret of the
settings.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from storage.database import Reader, Writer
from storage.schema import shared_login

SALT, NONCE = 16, 12
"""Bytes before the ciphertext."""
ABOUT = b"gaamac-bot session 1"
"""Authenticated with it, so that nothing else that was encrypted with the same secret passes for it."""


class WrongSecretError(Exception):
    """What is stored was encrypted with another secret."""


async def get(reader: Reader, secret: str) -> bytes | None:
    """Return what was stored; None if nothing was.

    Raises:
        WrongSecretError: the secret is another one.

    """
    found: bytes | None = (await reader.sql.execute(sa.select(shared_login.c.data))).scalar()
    if found is None:
        return None
    salt, nonce, rest = found[:SALT], found[SALT : SALT + NONCE], found[SALT + NONCE :]
    try:
        return ChaCha20Poly1305(await _key(secret, salt)).decrypt(nonce, rest, ABOUT)
    except InvalidTag as error:
        raise WrongSecretError from error


async def put(writer: Writer, secret: str, data: bytes, now: datetime) -> None:
    """Store something in place of what was stored before."""
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    sealed = salt + nonce + ChaCha20Poly1305(await _key(secret, salt)).encrypt(nonce, data, ABOUT)
    await writer.put(shared_login, {"id": 1}, data=sealed, updated_at=now)


async def forget(writer: Writer) -> None:
    """Forget what is stored."""
    await writer.sql.execute(sa.delete(shared_login))


async def _key(secret: str, salt: bytes) -> bytes:
    # The costs of RFC 7914 for what is opened while somebody waits: 16 MiB, some tens of milliseconds.
    scrypt = Scrypt(salt=salt, length=32, n=2**14, r=8, p=1)
    return await asyncio.to_thread(scrypt.derive, secret.encode())
