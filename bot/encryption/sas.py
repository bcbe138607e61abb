"""The arithmetic of short authentication strings: what two devices agree on, what people compare, what is proved.

Knows no network and no time. Everything here is done the same way by both sides, each with its own half of a
Diffie-Hellman exchange.

Source: https://spec.matrix.org/latest/client-server-api/#short-authentication-string-sas-verification
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vodozemac import Curve25519PublicKey, EstablishedSas, Sas

from bot.encryption.signing import canonical, encode
from bot.events import MalformedError

METHOD = "m.sas.v1"
KEY_AGREEMENT = "curve25519-hkdf-sha256"
HASH = "sha256"
MAC = "hkdf-hmac-sha256.v2"
OLD_MAC = "hkdf-hmac-sha256"
"""The same with a mistake in its base64. Only with who knows nothing better."""
STRINGS = ("decimal", "emoji")


class CancelError(Exception):
    """Why a verification ends before its time: a code of the specification, and a sentence for people."""

    def __init__(self, code: str, reason: str, *, theirs: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.theirs = theirs
        """The other side said so, and need not be told."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two devices. `key` is the public half of its part of the exchange."""

    user_id: str
    device_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was chosen of what both know: how keys are proved, and which strings people may compare."""

    mac: str
    strings: tuple[str, ...]


def offer() -> dict[str, Any]:
    """Return what we can do, as a start says it."""
    return {
        "method": METHOD,
        "key_agreement_protocols": [KEY_AGREEMENT],
        "hashes": [HASH],
        "message_authentication_codes": [MAC, OLD_MAC],
        "short_authentication_string": list(STRINGS),
    }


def choose(start: Mapping[str, Any]) -> Agreed:
    """Choose from what the other side offers.

    Raises:
        CancelError: nothing of it will do.
        MalformedError: it is no offer.

    """
    if start.get("method") != METHOD:
        raise CancelError("m.unknown_method", "Only verification by emoji is possible.")
    macs = _texts(start, "message_authentication_codes")
    strings = tuple(one for one in STRINGS if one in _texts(start, "short_authentication_string"))
    mac = next((one for one in (MAC, OLD_MAC) if one in macs), None)
    known = KEY_AGREEMENT in _texts(start, "key_agreement_protocols") and HASH in _texts(start, "hashes")
    if mac is None or not strings or not known:
        raise CancelError("m.unknown_method", "No method in common.")
    return Agreed(mac, strings)


def accept(agreed: Agreed, commitment: str) -> dict[str, Any]:
    """Return the answer to a start."""
    return {
        "method": METHOD,
        "key_agreement_protocol": KEY_AGREEMENT,
        "hash": HASH,
        "message_authentication_code": agreed.mac,
        "short_authentication_string": list(agreed.strings),
        "commitment": commitment,
    }


def accepted(content: Mapping[str, Any]) -> tuple[Agreed, str]:
    """Read the answer to our own start: what was chosen, and the commitment.

    Raises:
        CancelError: what was chosen was not offered.
        MalformedError: it is no answer.

    """
    mac, commitment = text(content, "message_authentication_code"), text(content, "commitment")
    strings = tuple(_texts(content, "short_authentication_string"))
    known = content.get("key_agreement_protocol") == KEY_AGREEMENT and content.get("hash") == HASH
    if mac not in (MAC, OLD_MAC) or not known or not strings or not set(strings) <= set(STRINGS):
        raise CancelError("m.unknown_method", "What was chosen was not offered.")
    return Agreed(mac, strings), commitment


def commit(key: str, start: Mapping[str, Any]) -> str:
    """Return the hash by which the side that accepts is bound to its key before it has seen the other's.

    Raises:
        ValueError, RecursionError: `start` cannot be put into the canonical form.

    """
    return encode(hashlib.sha256(key.encode() + canonical(dict(start))).digest())


class Exchange:
    """Our half of a Diffie-Hellman exchange. Good for one use."""

    def __init__(self) -> None:
        self._sas = Sas()
        self.key = self._sas.public_key.to_base64()

    def establish(self, theirs: str) -> Shared:
        """Put the two halves together.

        Raises:
            ValueError: `theirs` is no key, or one that makes the secret a known one.

        """
        key = Curve25519PublicKey.from_base64(theirs)
        return Shared(self._sas.diffie_hellman(key), key.to_base64())


class Shared:
    """A secret that only two devices know, if nobody stood between them.

    `theirs`: the other's key, written as everybody writes it.
    """

    def __init__(self, established: EstablishedSas, theirs: str) -> None:
        self._established = established
        self.theirs = theirs

    def strings(
        self, starter: Side, accepter: Side, transaction_id: str
    ) -> tuple[tuple[tuple[str, str], ...], tuple[int, int, int]]:
        """Return what people compare: seven emoji with their English names, and three numbers."""
        sides = "|".join(f"{one.user_id}|{one.device_id}|{one.key}" for one in (starter, accepter))
        found = self._established.bytes(f"MATRIX_KEY_VERIFICATION_SAS|{sides}|{transaction_id}")
        return tuple(EMOJI[number] for number in found.emoji_indices), found.decimals

    def prove(self, mac: str, info: str, keys: Mapping[str, str]) -> dict[str, Any]:
        """Return the content that proves that we have these keys, by their ids. `info`: see `binding`."""
        return {
            "mac": {key_id: self._mac(mac, key, info + key_id) for key_id, key in keys.items()},
            "keys": self._mac(mac, ",".join(sorted(keys)), info + "KEY_IDS"),
        }

    def proved(self, mac: str, info: str, content: Mapping[str, Any], keys: Mapping[str, str]) -> set[str]:
        """Return which of these keys the other side proved to have. Others that it names are ignored.

        Raises:
            CancelError: a proof is wrong.
            MalformedError: it is no proof.

        """
        macs = content.get("mac")
        if not isinstance(macs, Mapping):
            raise MalformedError("mac")
        self._check(mac, ",".join(sorted(macs)), info + "KEY_IDS", text(content, "keys"))
        found = set(keys) & set(macs)
        for key_id in sorted(found):
            self._check(mac, keys[key_id], info + key_id, text(macs, key_id))
        return found

    def _mac(self, mac: str, message: str, info: str) -> str:
        if mac == OLD_MAC:
            return self._established.calculate_mac_invalid_base64(message, info)
        return self._established.calculate_mac(message, info)

    def _check(self, mac: str, message: str, info: str, found: str) -> None:
        right = self._mac(mac, message, info)
        if not hmac.compare_digest(right.encode(), found.rstrip("=").encode()):
            raise CancelError("m.key_mismatch", "The keys do not match.")


def binding(prover: Side, other: Side, transaction_id: str) -> str:
    """Return what ties a proof to its maker, its receiver and this one verification."""
    return (
        f"MATRIX_KEY_VERIFICATION_MAC{prover.user_id}{prover.device_id}"
        f"{other.user_id}{other.device_id}{transaction_id}"
    )


def text(content: Mapping[str, Any], name: str) -> str:
    """Return a field that is a text.

    Raises:
        MalformedError: it is none.

    """
    value = content.get(name)
    if not isinstance(value, str):
        raise MalformedError(name)
    return value


def _texts(content: Mapping[str, Any], name: str) -> list[str]:
    values = content.get(name)
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise MalformedError(name)
    return [one for one in values if isinstance(one, str)]


EMOJI: tuple[tuple[str, str], ...] = (
    ("\U0001f436", "Dog"),
    ("\U0001f431", "Cat"),
    ("\U0001f981", "Lion"),
    ("\U0001f40e", "Horse"),
    ("\U0001f984", "Unicorn"),
    ("\U0001f437", "Pig"),
    ("\U0001f418", "Elephant"),
    ("\U0001f430", "Rabbit"),
    ("\U0001f43c", "Panda"),
    ("\U0001f413", "Rooster"),
    ("\U0001f427", "Penguin"),
    ("\U0001f422", "Turtle"),
    ("\U0001f41f", "Fish"),
    ("\U0001f419", "Octopus"),
    ("\U0001f98b", "Butterfly"),
    ("\U0001f337", "Flower"),
    ("\U0001f333", "Tree"),
    ("\U0001f335", "Cactus"),
    ("\U0001f344", "Mushroom"),
    ("\U0001f30f", "Globe"),
    ("\U0001f319", "Moon"),
    ("\u2601\ufe0f", "Cloud"),
    ("\U0001f525", "Fire"),
    ("\U0001f34c", "Banana"),
    ("\U0001f34e", "Apple"),
    ("\U0001f353", "Strawberry"),
    ("\U0001f33d", "Corn"),
    ("\U0001f355", "Pizza"),
    ("\U0001f382", "Cake"),
    ("\u2764\ufe0f", "Heart"),
    ("\U0001f600", "Smiley"),
    ("\U0001f916", "Robot"),
    ("\U0001f3a9", "Hat"),
    ("\U0001f453", "Glasses"),
    ("\U0001f527", "Spanner"),
    ("\U0001f385", "Santa"),
    ("\U0001f44d", "Thumbs Up"),
    ("\u2602\ufe0f", "Umbrella"),
    ("\u231b", "Hourglass"),
    ("\u23f0", "Clock"),
    ("\U0001f381", "Gift"),
    ("\U0001f4a1", "Light Bulb"),
    ("\U0001f4d5", "Book"),
    ("\u270f\ufe0f", "Pencil"),
    ("\U0001f4ce", "Paperclip"),
    ("\u2702\ufe0f", "Scissors"),
    ("\U0001f512", "Lock"),
    ("\U0001f511", "Key"),
    ("\U0001f528", "Hammer"),
    ("\u260e\ufe0f", "Telephone"),
    ("\U0001f3c1", "Flag"),
    ("\U0001f682", "Train"),
    ("\U0001f6b2", "Bicycle"),
    ("\u2708\ufe0f", "Aeroplane"),
    ("\U0001f680", "Rocket"),
    ("\U0001f3c6", "Trophy"),
    ("\u26bd", "Ball"),
    ("\U0001f3b8", "Guitar"),
    ("\U0001f3ba", "Trumpet"),
    ("\U0001f514", "Bell"),
    ("\u2693", "Anchor"),
    ("\U0001f3a7", "Headphones"),
    ("\U0001f4c1", "Folder"),
    ("\U0001f4cc", "Pin"),
)
"""The sixty-four signs, by number, with their English names.

Source: https://spec.matrix.org/latest/client-server-api/#sas-method-emoji
"""
