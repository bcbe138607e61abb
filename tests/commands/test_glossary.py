"""Dialogues about the glossary, on the starter content."""

from __future__ import annotations

from datetime import date

import pytest

from storage import glossary
from tests.commands.conftest import NOW, Conversation


async def test_term_gives_definition_sources_equivalents_and_neighbours(ask: Conversation) -> None:
    said = await ask("!term genocide")
    assert said is not None
    assert said.startswith("Genocide (crime of genocide)\nGenocide is any of the five acts")
    assert "Rome Statute of the International Criminal Court (1998), art. 6" in said
    assert "(not yet checked by a moderator)" in said
    assert "fr \u2068génocide\u2069 · es \u2068genocidio\u2069" in said
    assert "See also: specific intent, protected group" in said
    assert "Often confused with: crimes against humanity" in said
    assert ask.last is not None
    assert ask.last.html is not None
    assert ask.last.html.startswith("<p><strong>Genocide</strong>")


@pytest.mark.parametrize(
    ("typed", "heading"),
    [
        ("!term r2p", "Responsibility to protect"),
        ("!term RtoP", "Responsibility to protect"),
        ("!term RESPONSABILITÉ DE PROTÉGER", "Responsibility to protect"),
        ("!term responsabilite\u0301 de prote\u0301ger", "Responsibility to protect"),
        ("!term depuracion etnica", "Ethnic cleansing"),
        ("!term limpieza étnica", "Ethnic cleansing"),
        ("!term الإبادة الجماعية", "Genocide"),
        ("!term геноцид", "Genocide"),
        ("!term 灭绝种族罪", "Genocide"),
        ("!term ប្រល័យពូជសាសន៍", "Genocide"),
        ("!TERM “Genocide”", "Genocide"),
        ("!term the genocide", "Genocide"),
        ("!terme génocide", "Genocide"),
        ("!término genocidio", "Genocide"),
        ("!term crimes contre l’humanité", "Crimes against humanity"),
        ("!term do no harm", "Do no harm"),
        ("!term Chatham House Rule", "Chatham House Rule"),
    ],
)
async def test_found_by_any_of_its_names(ask: Conversation, typed: str, heading: str) -> None:
    said = await ask(typed)
    assert said is not None
    assert said.split(" (")[0].split("\n")[0] == heading


async def test_every_starter_concept_is_found_by_each_of_its_names(ask: Conversation) -> None:
    async with ask.database.read() as reader:
        concepts = await glossary.every(reader)
        assert len(concepts) == 75
        for concept in concepts:
            for term in concept.terms:
                found = await glossary.find(reader, term.text, term.language)
                assert concept.id in [title.id for title in found.titles], term.text
                assert found.how == "name", term.text


async def test_near_miss_of_one_term_is_answered(ask: Conversation) -> None:
    said = await ask("!term genocde")
    assert said is not None
    assert said.startswith("No term is called genocde; this is the nearest.\n\nGenocide")


async def test_near_miss_of_several_terms_gets_one_suggestion(ask: Conversation) -> None:
    said = await ask("!term pilar on")
    assert said is not None
    assert said.startswith("I have no term pilar on. Did you mean !term")
    assert said.count("?") == 1


async def test_a_word_in_several_terms_gives_a_short_list(ask: Conversation) -> None:
    said = await ask("!term ethnic")
    assert said is not None
    assert said.startswith("Several terms fit ethnic:")
    assert "- !term ethnic cleansing" in said
    assert "- !term minority" in said


async def test_term_in_another_language(ask: Conversation) -> None:
    said = await ask("!term genocide in fr")
    assert said is not None
    assert said.startswith("Génocide")
    assert "en \u2068genocide\u2069" in said
    assert await ask("!term genocide in français") == said
    assert await ask("!term genocide in French") == said


async def test_term_in_a_language_without_definition_says_so(ask: Conversation) -> None:
    said = await ask("!term genocide in ru")
    assert said is not None
    assert said.startswith("Геноцид\nI have no definition in Russian; this is the one in English.")


async def test_unchecked_equivalents_are_announced_not_shown(ask: Conversation) -> None:
    said = await ask("!term genocide")
    assert said is not None
    assert "الإبادة" not in said
    assert "Waiting for a native reader: Arabic, Portuguese." in said
    in_arabic = await ask("!term genocide in ar")
    assert in_arabic is not None
    assert in_arabic.startswith("Genocide")


async def test_nothing_near_says_so_and_how_to_suggest_one(ask: Conversation) -> None:
    said = await ask("!term ICC")
    assert said is not None
    assert said.startswith("I have no term ICC, and no definition speaks of it.")
    assert "!term suggest tells the moderators." in said


async def test_words_of_a_definition_are_searched_when_no_term_fits(ask: Conversation) -> None:
    said = await ask("!term civilians of another ethnic group from an area")
    assert said is not None
    assert said.startswith("No term is called civilians of another ethnic group from an area")
    assert "!term ethnic cleansing" in said


async def test_term_without_a_word_explains_itself(ask: Conversation) -> None:
    assert await ask("!term") == (
        "Something is missing: words.\n\nUsage: !term <words> [in <language>]\nFor example: !term genocide"
    )


async def test_terms_lists_topics(ask: Conversation) -> None:
    said = await ask("!terms")
    assert said is not None
    assert said.startswith("The glossary has 75 terms.")
    assert "- Crimes – !terms crimes (20)" in said


@pytest.mark.parametrize("typed", ["!terms justice", "!terms JUSTICE and memory", "!terms justce"])
async def test_terms_of_a_topic_end_with_how_to_see_the_rest(ask: Conversation, typed: str) -> None:
    said = await ask(typed)
    assert said is not None
    assert said.startswith("Justice and memory (14)\n\n- transitional justice")
    assert said.endswith("4 more: !terms justice page 2")
    rest = await ask("!terms justice page 2")
    assert rest is not None
    assert rest.endswith("\n- non-applicability of statutory limitations")
    assert rest.count("\n- ") == 4


async def test_every_topic_is_offered_by_a_name_that_works(ask: Conversation) -> None:
    for language in ("en", "fr", "es"):
        await ask(f"!language {language}")
        listed = await ask("!terms")
        assert listed is not None
        for line in [line for line in listed.splitlines() if line.startswith("- ")]:
            name = line.removeprefix("- ").partition(" – ")[0]
            typed = line.partition(" – ")[2].rpartition(" (")[0]
            said = await ask(typed)
            assert said is not None
            assert said.startswith(name), (typed, said)


async def test_terms_of_a_page_that_is_not_there(ask: Conversation) -> None:
    said = await ask("!terms justice page 9")
    assert said is not None
    assert said.startswith("This list has 2 pages.")


async def test_terms_of_an_unknown_topic(ask: Conversation) -> None:
    said = await ask("!terms zzzzzz")
    assert said is not None
    assert said.startswith("I have no topic zzzzzz. There are: !terms crimes, ")


async def test_hostile_words_come_back_harmless(ask: Conversation) -> None:
    await ask("!term <b>x</b> [a](https://evil.example) @room ![i](mxc://x/y) `c` \u202eabc")
    assert ask.last is not None
    assert ask.last.html is not None
    assert "<b>" not in ask.last.html
    assert "<a " not in ask.last.html
    assert "<img" not in ask.last.html
    assert "@room" not in ask.last.html
    assert "@room" not in ask.last.body
    assert "\u202e" not in ask.last.body


async def test_a_checked_source_shows_when(ask: Conversation) -> None:
    concept = glossary.Concept(
        id="test-term",
        topic="other",
        terms=[glossary.Term(language="en", text="test term")],
        definitions=[glossary.Definition(language="en", text="One.\nTwo.", usage_note="Note")],
        sources=[
            glossary.Source(document="Some document", url="https://un.org/doc_1", checked_on=date(2026, 11, 30))
        ],
    )
    async with ask.database.write() as writer:
        await glossary.replace(writer, [concept], NOW)
    assert await ask("!term test term") == (
        "Test term\nOne.\nTwo.\nUsage: Note\n\n"
        "Source: Some document (https://un.org/doc_1) (checked 30 November 2026)"
    )
    assert await ask("!terms") == "The glossary has 1 term.\n\n- other – !terms other (1)"


async def test_an_empty_glossary_says_so(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        await glossary.replace(writer, [], NOW)
    assert await ask("!terms") == "The glossary is empty."
