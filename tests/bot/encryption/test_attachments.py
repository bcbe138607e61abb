"""Encrypted files, compared with another library's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment  # type: ignore[import-untyped]

from bot.encryption.attachments import AttachmentError, seal, unseal


@given(st.binary(max_size=5000))
def test_what_is_sealed_is_unsealed_here_and_elsewhere(data: bytes) -> None:
    ciphertext, file = seal(data)
    assert unseal(ciphertext, file) == data
    assert decrypt_attachment(ciphertext, file["key"]["k"], file["hashes"]["sha256"], file["iv"]) == data
    theirs, keys = encrypt_attachment(data)
    assert unseal(theirs, keys) == data


def test_no_key_is_used_twice() -> None:
    assert seal(b"a")[1]["key"] != seal(b"a")[1]["key"]


def test_a_changed_file_is_refused() -> None:
    ciphertext, file = seal(b"a file")
    with pytest.raises(AttachmentError, match="changed on its way"):
        unseal(ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]), file)


@pytest.mark.parametrize(
    "change", [{"v": "v1"}, {"iv": "x"}, {"iv": None}, {"hashes": {}}, {"key": {"k": "AAAA"}}, {"key": None}]
)
def test_what_is_not_understood_is_refused(change: dict[str, Any]) -> None:
    ciphertext, file = seal(b"a file")
    with pytest.raises(AttachmentError):
        unseal(ciphertext, {**file, **change})
