"""Commands that come in parts get the answers that the same commands get when they are typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.documentation import _reader
from bot.repertoire import registry
from commands.arguments import read, read_call
from commands.calls import Call
from commands.errors import ArgumentError
from commands.registry import Command, Registry
from config.languages import SPOKEN
from storage.database import Database
from storage.schema import audit
from tests import databases
from tests.commands.conftest import Conversation, fill
from tests.extent import extent

MODERATOR = "@moderator:example.org"
REGISTRY = registry()
EXAMPLES = [
    pytest.param(declared, example, id=example)
    for declared in REGISTRY.commands
    for language in SPOKEN
    for example in declared.examples_in(language)
]


def in_parts(declared: Command, typed: str, commands: Registry = REGISTRY) -> Call:
    """Return what a client sends for a command that was typed."""
    found = commands.find(typed)
    assert found is not None
    values = read(_reader(), declared.parameters, found.rest)
    return Call(declared.name, {name: str(value) for name, value in values.items() if value is not None})


@pytest.mark.parametrize(("declared", "example"), EXAMPLES)
def test_each_example_has_the_same_arguments_in_parts(declared: Command, example: str) -> None:
    found = REGISTRY.find(example)
    assert found is not None
    assert found.command is declared
    typed = read(_reader(), declared.parameters, found.rest)
    assert read_call(_reader(), declared.parameters, in_parts(declared, example)) == typed


async def test_each_example_has_the_same_answer_in_parts(tmp_path: Path) -> None:
    """Both go through all examples one after the other, so that also what they change is the same."""
    answers: dict[str, list[str | None]] = {}
    for how in ("typed", "in parts"):
        database = await Database.open(await databases.filled(tmp_path / f"{how}.db", fill))
        try:
            ask = Conversation(database, REGISTRY)
            ask.moderators.add(MODERATOR)
            said = answers[how] = []
            for parameters in EXAMPLES:
                declared, example = parameters.values
                assert isinstance(declared, Command)
                assert isinstance(example, str)
                asked = in_parts(declared, example) if how == "in parts" else f"!{example}"
                said.append(_comparable(await ask(asked, by=MODERATOR)))
                assert ask.command == declared.name
        finally:
            await database.close()
    assert answers["in parts"] == answers["typed"]
    assert len(set(answers["typed"])) > 100


def _comparable(answer: str | None) -> str | None:
    """Leave out what is drawn by lot."""
    return answer and re.sub(r"\b[0-9a-f]{6}\b|[Cc]ontributor \w+", "…", answer)


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize(
    ("call", "sentences"),
    [
        (Call("event", {}), ["missing: number.", "numéro", "número"]),
        (Call("event", {"number": " "}), ["missing: number.", "numéro", "número"]),
        (Call("event", {"number": "soon"}), ["soon is not a number.", "soon n’est pas un nombre", "soon no es"]),
        (Call("event", {"number": "-3"}), ["-3 is not a number.", "-3 n’est pas un nombre", "-3 no es"]),
        (
            Call("event", {}, frozenset({"number"})),
            ["number is to be words", "numéro doit être du texte", "número debe ser texto"],
        ),
        (Call("event", {"number": "3", "day": "x"}), ["did not understand day.", "day", "day"]),
        (Call("term", {"words": "r2p", "language": "elvish"}), ["called elvish.", "elvish", "elvish"]),
    ],
)
async def test_what_is_wrong_is_said_in_the_persons_language(
    ask: Conversation, language: str, call: Call, sentences: list[str]
) -> None:
    await ask(f"!language {language}")
    answer = await ask(call)
    assert answer is not None
    assert sentences[SPOKEN.index(language)] in answer
    # And how it is done, as it is typed.
    assert f"!{REGISTRY.named(call.command).name_in(language)} " in answer  # type: ignore[union-attr]


async def test_an_unknown_command_is_answered_as_a_typed_one(ask: Conversation) -> None:
    assert await ask(Call("evnts", {})) == await ask("!evnts")
    assert await ask(Call("rooms add", {"room": "!a:b"})) == await ask("!rooms add")


async def test_a_name_in_another_language_is_a_name(ask: Conversation) -> None:
    assert await ask(Call("terme", {"words": "genocide"})) == await ask("!term genocide")


async def test_a_value_never_becomes_another_argument(ask: Conversation) -> None:
    """When typed, these words would announce the language, or a page."""
    in_french = await ask("!term genocide in French")
    assert await ask(Call("term", {"words": "genocide", "language": "French"})) == in_french
    assert await ask(Call("term", {"words": "genocide in French"})) != in_french
    assert await ask(Call("terms", {"topic": "crimes page 2"})) != await ask("!terms crimes page 2")
    assert await ask(Call("terms", {"topic": "crimes", "page": "2"})) == await ask("!terms crimes page 2")


async def test_who_may_not_may_not_in_parts_either(ask: Conversation) -> None:
    for name in ("queue", "reject", "export focal"):
        answer = await ask(Call(name, {"number": "1", "nonsense": "x"}))
        assert answer is not None
        assert "is for moderators" in answer


async def test_an_attempt_to_decide_is_recorded_with_its_number(ask: Conversation) -> None:
    await ask(Call("reject", {"reason": "no", "number": "17"}))
    async with ask.database.read() as reader:
        (attempt,) = await reader.sql.execute(sa.select(audit.c.subject, audit.c.reason))
    assert tuple(attempt) == ("submission/17", "reject")


async def test_in_a_talk_a_command_in_parts_is_a_command_and_no_answer(ask: Conversation) -> None:
    begun = await ask("practice share", direct=True)
    assert begun is not None
    answer = await ask(Call("status", {}), direct=True)
    assert ask.command == "status"
    assert answer is not None


keys = st.one_of(st.sampled_from(["number", "words", "language", "page", "topic", "about"]), st.text(max_size=20))
values = st.one_of(st.sampled_from(["1", '"', "in fr", "“a” b", "x" * 5000, "{number}", "`", "\n", "‮"]), st.text())


@hypothesis_settings(max_examples=extent(300, 75), deadline=None)
@given(
    st.sampled_from(REGISTRY.commands), st.dictionaries(keys, values, max_size=6), st.frozensets(keys, max_size=3)
)
def test_whatever_is_sent_is_understood_or_objected_to(
    declared: Command, said: Mapping[str, str], odd: frozenset[str]
) -> None:
    call = Call(declared.name, said, odd)
    try:
        found = read_call(_reader(), declared.parameters, call)
    except ArgumentError:
        return
    assert set(found) == {parameter.name for parameter in declared.parameters}
    assert set(said) <= set(found)
    assert not odd
