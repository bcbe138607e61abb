"""Who is meant, as phones, pills and keyboards of many scripts write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.addressing import Address

BOT = "@gaamac:example.org"
ADDRESS = Address("!", BOT, "GAAMAC Bot")


def heard(body: str, *, direct: bool = False, mentioned: bool = False, is_reply: bool = False) -> str | None:
    return ADDRESS.command_in(body, direct=direct, mentioned=mentioned, is_reply=is_reply)


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("!term genocide", "term genocide"),
        ("!TERM Genocide", "TERM Genocide"),
        ("  !term genocide \n", "term genocide"),
        ("！term 种族灭绝", "term 种族灭绝"),
        ("\u00a0!term genocide\u00a0", "term genocide"),
        ("\u200b!term genocide\u200b", "term genocide"),
        ("\ufeff!term", "term"),
        ("!\u200bterm", "term"),
        ("!\u200fالمصطلح", "المصطلح"),
        ("!term\u00a0genocide", "term genocide"),
        ("!term “early warning”", "term “early warning”"),
        ("!état", "état"),
        ("GAAMAC Bot: term genocide", "term genocide"),
        ("gaamac bot, term genocide", "term genocide"),
        ("GAAMAC Bot： term genocide", "term genocide"),
        ("GAAMAC Bot: !term genocide", "term genocide"),
        ("GAAMAC Bot: !! term genocide", "term genocide"),
        ("GAAMAC Bot:\u200bterm", "term"),
        ("@gaamac:example.org term genocide", "term genocide"),
        ("@gaamac:example.org: term genocide", "term genocide"),
        ("@gaamac:example.org", "help"),
        ("@gaamac: term genocide", "term genocide"),
        ("[GAAMAC Bot](https://matrix.to/#/@gaamac:example.org) term genocide", "term genocide"),
        ("[any](https://matrix.to/#/%40gaamac%3Aexample.org): !term", "term"),
        ("GAAMAC Bot:", "help"),
    ],
)
def test_for_the_bot(typed: str, command: str) -> None:
    assert heard(typed) == command


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hello",
        "!",
        "!!!",
        "! what a day",
        "that was great!",
        "?!term",
        "GAAMAC Bot is a good name",
        "GAAMAC Bots: term",
        "gaamac",
        "@gaamac:other.org: term genocide",
        "@gaamac:example.org.other: term",
        "[GAAMAC Bot](https://matrix.to/#/@gaamac:other.org) term",
        "> !term genocide",
    ],
)
def test_not_for_the_bot(typed: str) -> None:
    assert heard(typed) is None


def test_a_mention_makes_the_name_enough() -> None:
    assert heard("GAAMAC Bot term genocide") is None
    assert heard("GAAMAC Bot term genocide", mentioned=True) == "term genocide"
    assert heard("GAAMAC Bot", mentioned=True) == "help"
    assert heard("I asked GAAMAC Bot", mentioned=True) is None


def test_a_reply_is_read_without_what_it_quotes() -> None:
    quoted = "> <@mia:example.org> !term r2p\n> second line\n\n!term genocide"
    assert heard(quoted, is_reply=True) == "term genocide"
    assert heard(quoted) is None
    assert heard("> <@mia:example.org> !term r2p", is_reply=True) is None
    assert heard("!term genocide", is_reply=True) == "term genocide"


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("term genocide", "term genocide"),
        ("!term genocide", "term genocide"),
        ("! term genocide", "term genocide"),
        ("!", "help"),
        ("GAAMAC Bot: term", "term"),
        ("\u200b", None),
        (" \n", None),
    ],
)
def test_in_a_direct_chat_no_prefix_is_needed(typed: str, command: str | None) -> None:
    assert heard(typed, direct=True) == command


texts = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=()), max_size=8),
        st.sampled_from(
            ["!", "！", "!!", "GAAMAC Bot", BOT, "@gaamac", ":", " ", "\u200b", "> ", "\n", "term", "ß", "İ"]
        ),
    ),
    max_size=8,
).map("".join)


@given(
    body=texts,
    prefix=st.sampled_from(["!", "!!", "?", "‼", ">>", "¡", "。"]),
    name=st.one_of(st.none(), texts),
    direct=st.booleans(),
    mentioned=st.booleans(),
    is_reply=st.booleans(),
)
def test_anything_may_be_typed(
    body: str, prefix: str, name: str | None, direct: bool, mentioned: bool, is_reply: bool
) -> None:
    address = Address(prefix, BOT, name or None)
    command = address.command_in(body, direct=direct, mentioned=mentioned, is_reply=is_reply)
    if command is not None:
        assert command.split(), "there is a word in it"
        assert not command.startswith(prefix)
