"""The argument parser takes whatever a phone sends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.repertoire import registry
from commands.arguments import Label, Language, Named, Rest, parameters_of, read, tokens
from commands.context import Asker, Condition, Context, Permission, Surroundings
from commands.errors import ArgumentError
from commands.registry import Registry
from commands.rendering import Markdown
from storage.database import Reader


async def _nobody(_permission: Permission) -> bool:
    return False


def _condition() -> Condition:
    raise NotImplementedError


CONTEXT = Context(
    asker=Asker("@a:x", "!r", direct=False, prefix="!"),
    language="en",
    now=datetime(2026, 1, 1, tzinfo=UTC),
    storage=Reader.__new__(Reader),
    registry=Registry([]),
    surroundings=Surroundings(_nobody, _condition),
)


async def sample(
    _ctx: Context,
    number: int,
    word: str,
    rest: Annotated[Rest | None, Label("rest")] = None,
    language: Annotated[Language | None, Named({"en": ("in",), "fr": ("en",)})] = None,
) -> Markdown:
    return Markdown(f"{number}{word}{rest}{language}")


PARAMETERS = parameters_of(sample)
TYPED = st.lists(
    st.one_of(
        st.text(max_size=10),
        st.sampled_from(
            ['"', "“", "”", "«", "»", "'", "’", " in ", " en ", "fr", "French", "12", "#3", " ", "\u00a0"]
        ),
    ),
    max_size=12,
).map("".join)


@given(TYPED)
@example("1 “")
@example("1 a b in in fr")
def test_any_text_is_understood_or_refused_with_a_sentence(text: str) -> None:
    try:
        values = read(CONTEXT, PARAMETERS, text)
    except ArgumentError as error:
        values = {}
        complaint = error.text
    else:
        complaint = Markdown("")
    if not values:
        assert complaint.endswith(".")
        return
    assert set(values) == {"number", "word", "rest", "language"}
    assert isinstance(values["number"], int)
    assert values["word"] in text


@given(TYPED)
def test_tokens_stand_in_order_where_they_say(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert end <= token.start < token.end
        assert token.text in text[token.start : token.end]
        end = token.end


@given(
    st.integers(min_value=0, max_value=10**9 - 1),
    st.text(alphabet=st.characters(categories=["L"]), min_size=1, max_size=8),
    st.lists(st.text(alphabet=st.characters(categories=["L"]), min_size=3, max_size=8), min_size=1, max_size=4),
    st.sampled_from(["fr", "es", "ar"]),
)
def test_well_formed_arguments_come_through(number: int, word: str, rest: list[str], language: str) -> None:
    said = " ".join(rest)
    values = read(CONTEXT, PARAMETERS, f"{number}  {word} {said} in {language}")
    assert values == {"number": number, "word": word, "rest": said, "language": language}


def test_a_quoted_word_may_hold_anything() -> None:
    values = read(CONTEXT, PARAMETERS, '7 "two words" "in fr"')
    assert values == {"number": 7, "word": "two words", "rest": "in fr", "language": None}


def test_a_parameter_of_a_type_that_cannot_be_read_is_a_mistake_of_ours() -> None:
    async def wrong(_ctx: Context, _value: float) -> Markdown:
        return Markdown("")

    with pytest.raises(TypeError, match="no way to read"):
        parameters_of(wrong)


def test_the_number_may_stand_before_the_verb() -> None:
    commands = registry()
    for typed, name, rest in (
        ("practice 17 withdraw", "practice withdraw", "17"),
        ("pratique #17 retirer", "practice withdraw", "#17"),
        ("event 12 remind 2h", "event remind", "12 2h"),
        ("commitment 5 progress limited it began", "commitment progress", "5 limited it began"),
        ("practice 17", "practice", "17"),
        ("practice 17 nonsense", "practice", "17 nonsense"),
        ("practice withdraw 17", "practice withdraw", "17"),
        ("challenge 17 ask", "challenge", "17 ask"),
        ("practice 17 ☺", "practice", "17 ☺"),
        ("note 17 practice", "note", "17 practice"),
    ):
        found = commands.find(typed)
        assert found is not None
        assert (found.command.name, found.rest) == (name, rest), typed
