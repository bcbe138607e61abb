"""The term of the week: shown to everybody, chosen by moderators."""

from __future__ import annotations

import pytest

from storage import glossary, glossary_changes, weekly_terms
from storage.glossary import Concept, Definition, Term
from tests.commands.conftest import NOW, Conversation

MODERATOR = "@mod:example.org"


@pytest.fixture(autouse=True)
def moderator(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)


async def mod(ask: Conversation, typed: str) -> str:
    return await ask(typed, by=MODERATOR) or ""


async def test_before_the_first_one_there_is_none(ask: Conversation) -> None:
    assert await ask("!week") == "There was no term of the week yet. !terms shows the glossary."


async def test_it_is_shown_with_its_source_and_a_question(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        await weekly_terms.posted(writer, "early-warning", "2026-W48", NOW)
        await weekly_terms.posted(writer, "genocide", "2026-W49", NOW)
    said = await ask("!week") or ""
    assert said.startswith("Term of the week: genocide\n\nGenocide is any of the five acts")
    assert "\nSources:" in said
    assert "To discuss: Why does it help prevention to speak of risks early, and to leave the legal" in said
    assert said.endswith("More: !term genocide. Five questions in a direct chat: !quiz")
    assert (await ask("semana", direct=True) or "").startswith("Term of the week: genocide")


@pytest.mark.parametrize(
    ("language", "typed", "head", "question"),
    [
        (
            "fr",
            "!semaine",
            "Terme de la semaine\u00a0: alerte rapide\n",
            "À discuter\u00a0: Souvent, ce ne sont pas",
        ),
        ("es", "!semana", "Término de la semana: alerta temprana\n", "Para debatir: A menudo no faltan alertas"),
    ],
)
async def test_in_french_and_spanish(
    ask: Conversation, language: str, typed: str, head: str, question: str
) -> None:
    async with ask.database.write() as writer:
        await weekly_terms.posted(writer, "early-warning", "2026-W48", NOW)
    await ask(f"!language {language}")
    said = await ask(typed) or ""
    assert said.startswith(head)
    assert question in said


async def test_moderators_choose_see_and_take_back(ask: Conversation) -> None:
    assert await mod(ask, "!week list") == (
        "No term is chosen, so they follow by rotation. To choose one: !week genocide"
    )
    said = await mod(ask, "!week genocide")
    assert said == "genocide is a coming term of the week, number 1 of those chosen.\n\n!week list shows all."
    assert "number 2 of those chosen" in await mod(ask, "!week R2P")
    assert (await mod(ask, "!semaine génocide")).startswith(
        "genocide was chosen already, number 1 of those chosen."
    )
    assert await mod(ask, "!week list") == (
        "Coming terms of the week:\n\n1. genocide\n2. responsibility to protect\n\n"
        "After that, terms follow by rotation.\n\nTo take one back: !week drop genocide"
    )
    assert await mod(ask, "!week drop genocide") == "genocide is no coming term of the week any more."
    assert await mod(ask, "!week drop genocide") == "genocide is not among the coming terms."
    assert "1. responsibility to protect" in await mod(ask, "!semana lista")


async def test_members_do_not_choose(ask: Conversation) -> None:
    assert await ask("!week genocide") == "Moderators choose the term of the week. !term genocide explains a term."
    assert "is for moderators" in (await ask("!week list") or "")
    assert "is for moderators" in (await ask("!week drop genocide") or "")
    async with ask.database.read() as reader:
        assert await weekly_terms.chosen(reader) == []


async def test_what_is_meant_must_be_clear(ask: Conversation) -> None:
    assert await mod(ask, "!week zzyzx") == "I have no term zzyzx. !terms shows what there is."
    said = await mod(ask, "!week genocidd")
    assert said.startswith("I have no term that is called genocidd and nothing else. Did you mean one of these: ")
    assert "genocide" in said
    said = await mod(ask, "!week pillar")
    assert "Did you mean one of these: pillar one, " in said


async def test_what_is_not_complete_is_said(ask: Conversation) -> None:
    bare = Concept(id="bare", topic="crimes", terms=[Term(language="en", text="bare word")])
    async with ask.database.write() as writer:
        one = await glossary.get(writer, "genocide")
        assert one is not None
        english = [definition for definition in one.definitions if definition.language == "en"]
        half = one.model_copy(update={"id": "half", "terms": [Term(language="en", text="half word")]})
        await glossary_changes.put(writer, half.model_copy(update={"definitions": english}), by=None, at=NOW)
        await glossary_changes.put(writer, bare, by=None, at=NOW)
    assert await mod(ask, "!week bare word") == (
        "bare word is not complete: it needs a checked name, a definition and a source."
    )
    said = await mod(ask, "!week half word")
    assert "It is not complete in French, Spanish: nothing is posted in rooms of that language." in said
    without = bare.model_copy(update={"definitions": [Definition(language="en", text="What it means.")]})
    assert not without.is_complete("en"), "it has no source"


async def test_a_term_that_is_gone_is_not_shown(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        await weekly_terms.posted(writer, "gone", "2026-W48", NOW)
    assert "There was no term of the week yet." in (await ask("!week") or "")


async def test_of_a_term_that_is_complete_nowhere_any_more(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        await weekly_terms.posted(writer, "genocide", "2026-W48", NOW)
        one = await glossary.get(writer, "genocide")
        assert one is not None
        await glossary_changes.put(writer, one.model_copy(update={"sources": []}), by=None, at=NOW)
    assert await ask("!week") == "The term of the week is not in the glossary any more."
