"""Recovery keys and secrets, hostile ones included."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.encryption.secret_storage import (
    RecoveryKey,
    RecoveryKeyError,
    SealError,
    describe,
    from_passphrase,
    opens,
    seal,
    unseal,
)

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_read_as_it_is_written(secret: bytes) -> None:
    key = RecoveryKey(secret)
    assert RecoveryKey.parse(key.text) == key
    assert RecoveryKey.parse("\n" + key.text.replace(" ", "") + " ") == key
    assert key.text.startswith("Es")
    assert len(key.text.split()) == 12
    assert secret.hex() not in repr(key)


def test_a_key_of_another_program_is_read() -> None:
    # Alice's private key of RFC 7748, section 6.1, as matrix-js-sdk writes it in its tests.
    key = RecoveryKey.parse("EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d")
    assert key.secret.hex() == "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        (lambda text: text[:-1], "length|mistyped"),
        (lambda text: text + "A", "length|mistyped"),
        (lambda text: "", "length"),
        (lambda text: text.replace(text[5], "0", 1), "'0'"),
        (lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"), "mistyped"),
        (lambda text: "A" + text[1:], "length|mistyped"),
        (lambda text: "no key at all", "holds|length"),
        (lambda text: "é" * 48, "holds"),
        (lambda text: "A" * 100_000, "length"),
    ],
)
def test_each_mistake_is_named(mistake: object, named: str) -> None:
    assert callable(mistake)
    with pytest.raises(RecoveryKeyError, match=named):
        RecoveryKey.parse(mistake(RecoveryKey(bytes(range(32))).text))


@given(st.text(max_size=60), st.text(max_size=200))
def test_what_is_sealed_is_unsealed_by_its_key_and_name(name: str, secret: str) -> None:
    if any(0xD800 <= ord(sign) <= 0xDFFF for sign in name + secret):
        return
    key = RecoveryKey.new()
    sealed = seal(key.secret, name, secret)
    assert unseal(key.secret, name, sealed) == secret
    with pytest.raises(SealError):
        unseal(key.secret, name + "x", sealed)
    with pytest.raises(SealError):
        unseal(RecoveryKey.new().secret, name, sealed)


def test_a_key_is_told_from_another() -> None:
    key = RecoveryKey.new()
    description = describe(key)
    assert opens(key, description)
    assert not opens(RecoveryKey.new(), description)
    assert not opens(key, {**description, "algorithm": "another"})
    assert opens(key, {"algorithm": description["algorithm"]}), "without a check it is taken for the right one"


@given(st.dictionaries(st.sampled_from(["iv", "mac", "ciphertext", "algorithm", "passphrase"]), anything))
def test_hostile_descriptions_and_secrets_raise_nothing_else(found: dict[str, object]) -> None:
    key = RecoveryKey(bytes(32))
    assert opens(key, {**found, "algorithm": "m.secret_storage.v1.aes-hmac-sha2"}) in (True, False)
    with pytest.raises(SealError):
        unseal(key.secret, "name", found)
    with pytest.raises(RecoveryKeyError):
        from_passphrase("words", found)


def test_a_passphrase_is_read_as_its_description_says() -> None:
    how = {"algorithm": "m.pbkdf2", "salt": "salt", "iterations": 1000}
    key = from_passphrase("words", {"passphrase": how})
    assert key == from_passphrase("words", {"passphrase": {**how, "bits": 256}})
    assert key != from_passphrase("other words", {"passphrase": how})
    for wrong in (
        {"iterations": 10**12},
        {"iterations": 0},
        {"bits": 128},
        {"salt": None},
        {"algorithm": "m.other"},
    ):
        with pytest.raises(RecoveryKeyError):
            from_passphrase("words", {"passphrase": {**how, **wrong}})
