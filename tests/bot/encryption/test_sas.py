"""Short authentication strings: what both sides agree on, and the same emoji on both."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.encryption import sas
from bot.encryption.sas import EMOJI, MAC, OLD_MAC, Agreed, CancelError, Exchange, Side
from bot.events import MalformedError
from tests.bot.encryption.peer import broken_b64

START = {
    "from_device": "XOWLHHFSWM",
    "transaction_id": "bYxBsirjUJO9osar6ST4i2M2NjrYLA7l",
    "method": "m.sas.v1",
    "key_agreement_protocols": ["curve25519-hkdf-sha256", "curve25519"],
    "hashes": ["sha256"],
    "message_authentication_codes": ["hkdf-hmac-sha256", "hmac-sha256"],
    "short_authentication_string": ["decimal", "emoji"],
}


def both() -> tuple[tuple[Side, sas.Shared], tuple[Side, sas.Shared]]:
    one, other = Exchange(), Exchange()
    return (
        (Side("@ada:example.org", "ADA", one.key), one.establish(other.key)),
        (Side("@bot:example.org", "BOT", other.key), other.establish(one.key)),
    )


def test_the_commitment_is_the_one_that_other_clients_make() -> None:
    # The example is that of the tests of matrix-rust-sdk.
    found = sas.commit("Q/NmNFEUS1fS+YeEmiZkjjblKTitrKOAk7cPEumcMlg", START)
    assert found == "CCQmB4JCdB0FW21FdAnHj/Hu8+W9+Nb0vgwPEnZZQ4g"


def test_there_are_sixty_four_emoji_of_which_no_two_are_alike() -> None:
    assert len(EMOJI) == len({sign for sign, _ in EMOJI}) == len({name for _, name in EMOJI}) == 64
    assert [EMOJI[number][1] for number in (0, 19, 31, 36, 53, 63)] == [
        "Dog", "Globe", "Robot", "Thumbs Up", "Aeroplane", "Pin",
    ]  # fmt: skip
    assert all(name == name.title() for _, name in EMOJI)


@pytest.mark.parametrize(
    ("number", "unicode_name"),
    [
        (3, "HORSE"), (9, "ROOSTER"), (14, "BUTTERFLY"), (21, "CLOUD"), (29, "HEAVY BLACK HEART"), (34, "WRENCH"),
        (37, "UMBRELLA"), (38, "HOURGLASS"), (43, "PENCIL"), (45, "BLACK SCISSORS"), (49, "BLACK TELEPHONE"),
        (51, "STEAM LOCOMOTIVE"), (56, "SOCCER BALL"), (60, "ANCHOR"), (62, "FILE FOLDER"), (63, "PUSHPIN"),
    ],
)  # fmt: skip
def test_a_sign_is_what_its_name_says(number: int, unicode_name: str) -> None:
    assert unicodedata.name(EMOJI[number][0][0]) == unicode_name


def test_both_sides_see_the_same_and_others_see_something_else() -> None:
    (ada, hers), (bot, its) = both()
    seen = hers.strings(ada, bot, "t")
    assert its.strings(ada, bot, "t") == seen
    assert len(seen[0]) == 7
    assert all(1000 <= number <= 9191 for number in seen[1])
    assert its.strings(bot, ada, "t") != seen
    assert its.strings(ada, bot, "another") != seen


@pytest.mark.parametrize("mac", [MAC, OLD_MAC])
def test_what_one_proves_the_other_finds_proved(mac: str) -> None:
    (ada, hers), (bot, its) = both()
    info = sas.binding(ada, bot, "t")
    proof = hers.prove(mac, info, {"ed25519:ADA": "key", "ed25519:master": "master", "ed25519:other": "other"})
    known = {"ed25519:ADA": "key", "ed25519:master": "master", "ed25519:unnamed": "unnamed"}
    assert its.proved(mac, info, proof, known) == {"ed25519:ADA", "ed25519:master"}
    for wrong in (known | {"ed25519:ADA": "another"}, known | {"ed25519:master": "another"}):
        with pytest.raises(CancelError) as caught:
            its.proved(mac, info, proof, wrong)
        assert caught.value.code == "m.key_mismatch"
    with pytest.raises(CancelError):
        its.proved(mac, sas.binding(bot, ada, "t"), proof, known)
    with pytest.raises(CancelError):
        its.proved(mac, info, {**proof, "mac": {"ed25519:ADA": proof["mac"]["ed25519:ADA"]}}, known)


def test_the_old_mac_is_as_wrong_as_everywhere_else() -> None:
    raw = bytes(range(32))
    assert broken_b64(raw)[:4] == "AAEC"
    assert len(broken_b64(raw)) == 43
    (_, hers), _ = both()
    assert hers.prove(MAC, "i", {}) != hers.prove(OLD_MAC, "i", {})


@pytest.mark.parametrize(
    ("macs", "chosen"),
    [([OLD_MAC, MAC], MAC), ([MAC], MAC), ([OLD_MAC], OLD_MAC), (["hmac-sha256", OLD_MAC, 7], OLD_MAC)],
)
def test_the_better_mac_is_chosen(macs: list[Any], chosen: str) -> None:
    assert sas.choose({**START, "message_authentication_codes": macs}) == Agreed(chosen, ("decimal", "emoji"))


@pytest.mark.parametrize("strings", [["decimal"], ["emoji"], ["decimal", "braille"]])
def test_only_strings_that_both_know_are_chosen(strings: list[str]) -> None:
    agreed = sas.choose({**START, "short_authentication_string": strings})
    assert agreed.strings == (strings[0],)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "m.reciprocate.v1"}, {"method": None}, {"hashes": ["md5"]}, {"hashes": []},
        {"key_agreement_protocols": ["curve25519"]}, {"message_authentication_codes": ["hmac-sha256"]},
        {"short_authentication_string": ["braille"]}, {"short_authentication_string": []},
    ],
)  # fmt: skip
def test_nothing_in_common(change: dict[str, Any]) -> None:
    with pytest.raises(CancelError) as caught:
        sas.choose({**START, **change})
    assert caught.value.code == "m.unknown_method"


@pytest.mark.parametrize(
    "field",
    ["key_agreement_protocols", "hashes", "message_authentication_codes", "short_authentication_string"],
)
@pytest.mark.parametrize("value", [None, "sha256", 7, {}])
def test_an_offer_that_is_none(field: str, value: object) -> None:
    with pytest.raises(MalformedError):
        sas.choose({**START, field: value})


def test_our_own_answer_is_one_that_we_take() -> None:
    agreed = Agreed(MAC, ("decimal", "emoji"))
    assert sas.accepted(sas.accept(agreed, "hash")) == (agreed, "hash")


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "md5"}, {"key_agreement_protocol": "curve25519"}, {"message_authentication_code": "hmac-sha256"},
        {"short_authentication_string": []}, {"short_authentication_string": ["emoji", "braille"]},
    ],
)  # fmt: skip
def test_an_answer_that_was_not_offered(change: dict[str, Any]) -> None:
    with pytest.raises(CancelError) as caught:
        sas.accepted({**sas.accept(Agreed(MAC, ("emoji",)), "hash"), **change})
    assert caught.value.code == "m.unknown_method"


@pytest.mark.parametrize("key", ["", "x", "A" * 43, "é" * 43, "\ud800", "A" * 10_000])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its documented type
        Exchange().establish(key)


json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*START, "mac", "keys", "commitment", "hash"]), json))
def test_any_json_is_taken_or_refused(content: dict[str, Any]) -> None:
    (_, hers), _ = both()
    for read in (
        sas.choose,
        sas.accepted,
        lambda it: hers.proved(MAC, "i", it, {"k": "v"}),
        lambda it: sas.commit("k", it),
    ):
        try:
            read(content)
        except (CancelError, MalformedError, ValueError):
            continue
