"""Questions of the quiz, over the whole starter glossary in each language: one answer fits, none is given away."""

from __future__ import annotations

import re
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.masking import MASK, akin, masked, names
from commands.quiz_questions import FEWEST, FORMS, OPTIONS, Form, Questions, QuizQuestion
from config import learning, starter
from config.languages import SPOKEN
from storage.folding import fold
from storage.glossary import Concept
from storage.glossary_search import STOP_WORDS, stem
from tests.extent import extent

GLOSSARY = {one.id: one for one in (Concept.model_validate(raw) for raw in starter.glossary())}
SHOWN = ("preferred", "admitted", "abbreviation")

BOTH_COULD_FIT = {
    frozenset(pair.split("/"))
    for pair in (
        # What is a kind of the other.
        "genocide/atrocity-crimes", "crimes-against-humanity/atrocity-crimes", "war-crimes/atrocity-crimes",
        "ethnic-cleansing/atrocity-crimes", "torture/atrocity-crimes", "persecution/atrocity-crimes",
        "enslavement/atrocity-crimes", "extermination/atrocity-crimes", "grave-breaches/atrocity-crimes",
        "enforced-disappearance/atrocity-crimes", "apartheid/atrocity-crimes",
        "deportation-or-forcible-transfer/atrocity-crimes", "conflict-related-sexual-violence/atrocity-crimes",
        "torture/crimes-against-humanity", "persecution/crimes-against-humanity", "torture/war-crimes",
        "enslavement/crimes-against-humanity", "extermination/crimes-against-humanity",
        "enforced-disappearance/crimes-against-humanity", "apartheid/crimes-against-humanity",
        "deportation-or-forcible-transfer/crimes-against-humanity", "deportation-or-forcible-transfer/war-crimes",
        "conflict-related-sexual-violence/crimes-against-humanity", "conflict-related-sexual-violence/war-crimes",
        "conflict-related-sexual-violence/torture", "genocide/punishable-acts-of-genocide",
        "incitement-to-genocide/punishable-acts-of-genocide", "apartheid/discrimination",
        # What is a part of the other.
        "pillar-one/responsibility-to-protect", "pillar-two/responsibility-to-protect",
        "pillar-three/responsibility-to-protect", "manifest-failure/responsibility-to-protect",
        "national-mechanism/national-architecture", "r2p-focal-point/national-architecture",
        "national-human-rights-institution/national-architecture", "triggering-factor/risk-factor",
        "enabling-circumstances/risk-factor", "preventive-diplomacy/structural-and-operational-prevention",
        "reparation/transitional-justice", "memorialization/transitional-justice",
        "guarantees-of-non-repetition/transitional-justice", "right-to-the-truth/transitional-justice",
        "guarantees-of-non-repetition/reparation", "command-responsibility/individual-criminal-responsibility",
        "command-responsibility/accountability", "chatham-house-rule/confidentiality",
        # What shares a name, or overlaps.
        "minority/protected-group", "dangerous-speech/hate-speech", "dangerous-speech/incitement",
        "dehumanization/dangerous-speech",
    )
}  # fmt: skip
"""Read by a person, and not made of the same tables as the questions."""


PREPOSITIONS = {"against", "contre", "contra", "sobre", "dans", "leur", "with", "from"}


@cache
def questions(language: str) -> Questions:
    return Questions(list(GLOSSARY.values()), language, learning.broader())


def words(text: str) -> list[str]:
    return [word for part in re.findall(r"\w+", text) for word in fold(part).split()]


def telling(term: str) -> list[str]:
    return [word for word in words(term) if word not in STOP_WORDS | PREPOSITIONS and len(word) > 3]


def stands_in(term: str, text: str) -> bool:
    """Tell whether a term stands in a text word by word, in any ending that the search of the glossary knows."""
    forms = [stem(word) for word in words(term) if word not in STOP_WORDS]
    said = [word for word in words(text) if word not in STOP_WORDS]
    return any(
        all(
            word.startswith(form.text) if form.begins else word == form.text
            for form, word in zip(forms, said[at:], strict=False)
        )
        for at in range(len(said) - len(forms) + 1)
    )


some_language = st.sampled_from(SPOKEN)
some_concept = st.sampled_from(sorted(GLOSSARY))
some_form = st.sampled_from(sorted(set(FORMS)))
some_chance = st.integers(0, 2**32)


def check(one: QuizQuestion, language: str) -> None:
    """Check all that a question promises."""
    right = GLOSSARY[one.concept]
    options = [GLOSSARY[key] for key in one.options]
    assert one.language == language
    assert one.options.count(one.concept) == 1
    assert one.options.index(one.concept) == one.right
    assert FEWEST <= len(options) <= OPTIONS
    assert one.names == [option.named(one.into)[0] for option in options]
    assert len({fold(name) for name in one.names}) == len(options)
    for option in options:
        if option is not right:
            check_does_not_fit(one, right, option)
    if one.form == "translation":
        check_translation(one, right)
    else:
        check_not_given_away(one, right)


def check_does_not_fit(one: QuizQuestion, right: Concept, other: Concept) -> None:
    """Check that a wrong answer is wrong."""
    shared = {fold(term.text) for term in right.terms} & {fold(term.text) for term in other.terms}
    assert not shared, "it is called the same somewhere"
    if one.form == "translation":
        asked = {fold(term.text) for term in right.terms if term.language == one.into}
        assert not asked & {fold(term.text) for term in other.terms if term.language == one.into}
        return
    named = any(stands_in(name, one.text) for name in _names(other, one.language))
    confused = other.id in right.confused_with or right.id in other.confused_with
    if confused or other.id in right.related or right.id in other.related:
        assert confused, f"{other.id} is related, and not often confused"
        assert named, f"the question does not set {other.id} apart"
    if frozenset({right.id, other.id}) in BOTH_COULD_FIT:
        assert confused
        assert named
    mine, theirs = right.defined(one.language), other.defined(one.language)
    assert mine is not None
    assert theirs is not None
    assert fold(mine.text) != fold(theirs.text)


def check_not_given_away(one: QuizQuestion, right: Concept) -> None:
    """Check that neither the answer nor a synonym stands in the question, nor a word of the answer in any form."""
    for name in _names(right, one.language):
        assert not stands_in(name, one.text), name
    for word in telling(one.names[one.right]):
        form = stem(word)
        for said in words(one.text):
            assert not (said.startswith(form.text) if form.begins else said == form.text), (word, said)
    definition = right.defined(one.language)
    assert definition is not None
    assert set(words(one.text)) <= set(words(definition.text)), "nothing is added"
    assert len(words(one.text)) > 0.6 * len(words(definition.text)), "enough is left to know it by"


def check_translation(one: QuizQuestion, right: Concept) -> None:
    assert one.into != one.language
    assert one.into in SPOKEN
    assert one.text == right.named(one.language)[0]
    for word in telling(one.names[one.right]):
        assert not any(said.startswith(stem(word).text) for said in words(one.text)), "it can be guessed"


def _names(concept: Concept, language: str) -> list[str]:
    return [term.text for term in concept.terms if term.language == language and term.kind in SHOWN]


@settings(max_examples=extent(300, 75), deadline=None)
@given(language=some_language, concept=some_concept, form=some_form, seed=some_chance)
def test_one_answer_fits_and_the_question_does_not_hold_it(
    language: str, concept: str, form: Form, seed: int
) -> None:
    one = questions(language).ask(concept, form, Random(seed))
    assert one is not None, "something can be asked of each term"
    check(one, language)


@pytest.mark.parametrize("language", SPOKEN)
def test_each_term_of_the_starter_glossary_in_each_form(language: str) -> None:
    """Not drawn: all of them, so that none was left out by chance."""
    made: dict[Form, int] = dict.fromkeys(FORMS, 0)
    for concept in GLOSSARY:
        for form in made:
            for seed in range(5):
                one = questions(language).ask(concept, form, Random(seed))
                assert one is not None
                check(one, language)
                made[form] += one.form == form and not seed
    assert made["definition"] == len(GLOSSARY)
    assert made["lookalike"] >= 20
    assert made["translation"] >= 30


@settings(max_examples=extent(200, 50), deadline=None)
@given(language=some_language, concept=some_concept, seed=some_chance)
def test_wrong_answers_are_of_the_same_kind_if_there_are_enough(language: str, concept: str, seed: int) -> None:
    asking = questions(language)
    one = asking.ask(concept, "definition", Random(seed))
    assert one is not None
    if one.form != "definition":
        return
    right = GLOSSARY[concept]
    fitting = [
        key
        for key, other in GLOSSARY.items()
        if other.topic == right.topic and key != concept and asking.is_other(right, other)
    ]
    same = [key for key in one.options if key != concept and GLOSSARY[key].topic == right.topic]
    assert len(same) == min(len(fitting), OPTIONS - 1)


@settings(max_examples=extent(100, 25), deadline=None)
@given(language=some_language, concept=some_concept, form=some_form, seed=some_chance)
def test_the_same_chance_makes_the_same_question(language: str, concept: str, form: Form, seed: int) -> None:
    asked = [questions(language).ask(concept, form, Random(seed)) for _ in range(2)]
    assert asked[0] == asked[1]


def test_what_is_narrower_is_not_listed_as_broader_too() -> None:
    broader = learning.broader()
    for key, others in broader.items():
        assert {key, *others} <= set(GLOSSARY)
        assert all(key not in broader.get(other, ()) for other in others)


# Glossaries of others, which may hold anything

LETTERS = st.text("abcdefg ", min_size=1, max_size=12).filter(lambda text: bool(text.strip()))


def _concept(key: str, name: str, text: str, related: list[str]) -> Concept:
    raw: dict[str, Any] = {
        "id": key,
        "topic": "any",
        "terms": [{"language": "en", "text": name}],
        "definitions": [{"language": "en", "text": text}],
        "sources": [{"document": "A book"}],
        "related": related,
    }
    return Concept.model_validate(raw)


@settings(max_examples=extent(200, 50), deadline=None)
@given(
    entries=st.lists(st.tuples(LETTERS, st.lists(LETTERS, min_size=1, max_size=6)), min_size=1, max_size=8),
    seed=some_chance,
)
def test_in_any_glossary_no_answer_stands_in_its_question_and_no_two_are_alike(
    entries: list[tuple[str, list[str]]], seed: int
) -> None:
    some = [
        _concept(f"c{at}", name, f"{' '.join(text)}.", [f"c{at + 1}"] if at % 3 == 0 else [])
        for at, (name, text) in enumerate(entries)
    ]
    asking = Questions(some, "en")
    for concept in some:
        one = asking.ask(concept.id, "definition", Random(seed))
        if one is None:
            continue
        answer = fold(concept.named("en")[0])
        assert answer not in one.text.split()
        assert len({fold(name) for name in one.names}) == len(one.names) >= FEWEST
        assert [fold(name) for name in one.names].count(answer) == 1
        assert not set(one.options) & set(concept.related)


# Masking


@pytest.mark.parametrize(
    ("text", "answer", "others", "left"),
    [
        ("Genocide is an act. Genocidal acts are not.", "genocide", [], f"{MASK} is an act. {MASK} acts are not."),
        ("A responsibility to protect (R2P).", "responsibility to protect", ["R2P"], f"{MASK} ({MASK})."),
        ("L’alerte rapide est utile.", "alerte rapide", [], f"{MASK} est utile."),
        ("Las víctimas y la víctima.", "víctima", [], f"{MASK} y {MASK}."),
        ("Early action after a warning.", "early warning", [], f"{MASK} action after {MASK}."),
        ("Nothing of it.", "genocide", [], "Nothing of it."),
        ("Women, peace and security: women.", "women, peace and security", [], f"{MASK}: {MASK}."),
        ("A rule can discriminate.", "discrimination", [], f"A rule can {MASK}."),
        ("Common article 3 has 3 parts.", "common article 3", [], f"{MASK} has {MASK} parts."),
    ],
)  # fmt: skip
def test_what_gives_an_answer_away_is_masked(text: str, answer: str, others: list[str], left: str) -> None:
    assert masked(text, answer, others) == left


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("crime", "crimes"), ("genocidio", "genocidios"), ("victime", "victimes"), ("dignity", "dignities"),
        ("discriminate", "discrimination"), ("protecting", "protect"), ("penal", "penale"),
    ],
)  # fmt: skip
def test_forms_of_a_word(one: str, other: str) -> None:
    assert akin(one, other)


@pytest.mark.parametrize(("one", "other"), [("war", "warning"), ("crime", "grime"), ("r2p", "r2d")])
def test_words_that_are_others(one: str, other: str) -> None:
    assert not akin(one, other)


def test_a_term_is_named_by_its_words_in_their_order() -> None:
    assert names(words("crimes against humanity"), "crime against humanity")
    assert names(words("the crimes of war"), "crimes of war")
    assert not names(words("war and its crimes"), "crimes of war")
    assert not names(words("hate in a speech"), "hate speech act")
