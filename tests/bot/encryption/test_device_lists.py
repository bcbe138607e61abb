"""Lists of devices as a homeserver hands them out, honest and not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vodozemac import Account

from bot.encryption.device_lists import is_trusted, read
from bot.encryption.identity import Seed
from bot.encryption.signing import sign
from storage.devices import Device, Owner
from tests.bot.fake_homeserver import MIA

MASTER, SIGNING = Seed(bytes([1]) * 32), Seed(bytes([2]) * 32)


def listed() -> dict[str, Any]:
    """Return what a homeserver says of somebody with an identity and one device that it has signed."""
    account = Account()
    keys = {
        "user_id": MIA,
        "device_id": "PHONE",
        "algorithms": [],
        "keys": {
            "curve25519:PHONE": account.curve25519_key.to_base64(),
            "ed25519:PHONE": account.ed25519_key.to_base64(),
        },
    }
    device = sign(keys, MIA, "ed25519:PHONE", lambda data: account.sign(data).to_base64())
    device = sign(device, MIA, SIGNING.key_id, SIGNING.sign)
    master = {"user_id": MIA, "usage": ["master"], "keys": {MASTER.key_id: MASTER.public}}
    signing = {"user_id": MIA, "usage": ["self_signing"], "keys": {SIGNING.key_id: SIGNING.public}}
    return {
        "device_keys": {MIA: {"PHONE": device}},
        "master_keys": {MIA: master},
        "self_signing_keys": {MIA: sign(signing, MIA, MASTER.key_id, MASTER.sign)},
    }


def test_a_device_that_its_owner_signed() -> None:
    master, signing, (device,) = read(MIA, listed())
    assert (master, signing) == (MASTER.public, SIGNING.public)
    assert device.cross_signed
    assert is_trusted(device, Owner(user_id=MIA, outdated=False, master_key=master))


@pytest.mark.parametrize(
    "path",
    [
        ("self_signing_keys", MIA, "signatures"),
        ("self_signing_keys", MIA),
        ("device_keys", MIA, "PHONE", "signatures", MIA, SIGNING.key_id),
    ],
)
def test_a_broken_chain_is_no_chain(path: tuple[str, ...]) -> None:
    found = listed()
    place = found
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    master, _, (device,) = read(MIA, found)
    assert master == MASTER.public
    assert not device.cross_signed
    assert not is_trusted(device, Owner(user_id=MIA, outdated=False, master_key=master))


@pytest.mark.parametrize("change", ["key", "device", "owner", "signature"])
def test_a_device_that_did_not_sign_itself_is_none(change: str) -> None:
    found = listed()
    device = found["device_keys"][MIA]["PHONE"]
    if change == "key":
        device["keys"]["curve25519:PHONE"] = Account().curve25519_key.to_base64()
    elif change == "device":
        device["device_id"] = "OTHER"
    elif change == "owner":
        device["user_id"] = "@ben:example.org"
    else:
        del device["signatures"][MIA]["ed25519:PHONE"]
    assert read(MIA, found)[2] == []


@pytest.mark.parametrize("key", ["a\0", "\ud800", "k" * 300, "", 7])
def test_an_identity_that_cannot_be_stored_is_none(key: object) -> None:
    found = listed()
    found["master_keys"][MIA]["keys"] = {"ed25519:x": key}
    assert read(MIA, found)[0] is None


def test_a_homeserver_that_hides_the_identity_gains_nothing() -> None:
    found = listed()
    del found["master_keys"]
    master, _, (device,) = read(MIA, found)
    assert master is None
    assert not device.cross_signed
    before = Owner(user_id=MIA, outdated=False, master_key=MASTER.public)
    assert not is_trusted(device, before), "it was seen before, so it is expected"


def test_whoever_never_had_an_identity_is_served_on_all_devices() -> None:
    device = Device(user_id=MIA, device_id="OLD", curve25519="c", ed25519="e", cross_signed=False)
    assert is_trusted(device, None)
    assert is_trusted(device, Owner(user_id=MIA, outdated=False))


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12), st.just(MIA), st.just("PHONE")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.text(max_size=8), st.sampled_from([MIA, "PHONE", "keys"])), inner, max_size=3
        ),
    ),
    max_leaves=10,
)


@given(
    part=st.sampled_from(["device_keys", "master_keys", "self_signing_keys"]), path=st.integers(0, 3), put=anything
)
def test_no_json_raises(part: str, path: int, put: object) -> None:
    found = copy.deepcopy(listed())
    place, last = found, part
    for _ in range(path):
        inner = place[last]
        if not isinstance(inner, dict) or not inner:
            break
        place, last = inner, next(iter(inner))
    place[last] = put
    _, _, present = read(MIA, found)
    assert all(device.user_id == MIA for device in present)
