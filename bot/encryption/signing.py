"""Signed JSON, as keys, devices and identities carry it.

Source: https://spec.matrix.org/latest/appendices/#signing-json
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from vodozemac import Ed25519PublicKey, Ed25519Signature

Sign = Callable[[bytes], str]
"""Makes an unpadded base64 Ed25519 signature of some bytes."""


def encode(data: bytes) -> str:
    """Return unpadded base64, as Matrix writes keys and signatures."""
    return base64.b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Read base64, padded or not.

    Raises:
        ValueError: it is none.

    """
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except binascii.Error as error:
        msg = "not base64"
        raise ValueError(msg) from error


def canonical(content: Mapping[str, Any]) -> bytes:
    """Return the one form of a JSON object that is signed.

    Raises:
        ValueError, RecursionError: it holds what no JSON may (a lone surrogate, a fraction) or is nested too deep.

    """
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def sign(content: Mapping[str, Any], user_id: str, key_id: str, make: Sign) -> dict[str, Any]:
    """Return `content` with one more signature in it, by the key `key_id` (`ed25519:...`) of `user_id`."""
    signed: dict[str, Any] = copy.deepcopy(dict(content))
    signatures = signed.setdefault("signatures", {})
    signatures.setdefault(user_id, {})[key_id] = make(_signed_part(signed))
    return signed


def is_signed(content: Mapping[str, Any], user_id: str, key_id: str, public_key: str) -> bool:
    """Tell whether `content` carries a valid signature of `user_id` by this Ed25519 key. Never raises."""
    try:
        signature = content["signatures"][user_id][key_id]
        Ed25519PublicKey.from_base64(public_key).verify_signature(
            _signed_part(content), Ed25519Signature.from_base64(signature)
        )
    except (KeyError, TypeError, ValueError, RecursionError):
        return False
    return True


def _signed_part(content: Mapping[str, Any]) -> bytes:
    return canonical({key: value for key, value in content.items() if key not in ("signatures", "unsigned")})
