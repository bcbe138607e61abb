"""What to learn by: each term has a question in three languages, and no question asks about a situation."""

from __future__ import annotations

import re

import pytest

from config import countries, learning, starter
from config.languages import SPOKEN

GLOSSARY = {raw["id"]: raw for raw in starter.glossary()}
DAYS = {raw["uid"] for raw in starter.events() if raw["kind"] == "commemoration"}
QUESTIONS = {key: learning.question(key, raw["topic"]) for key, raw in GLOSSARY.items()}
TEMPLATES = {topic: learning.question("none such", topic) for topic in (*starter.TOPICS, "another")}


@pytest.mark.parametrize("key", [*QUESTIONS, *TEMPLATES])
def test_a_question_stands_in_three_languages_and_is_one(key: str) -> None:
    texts = QUESTIONS.get(key) or TEMPLATES[key]
    assert set(texts) == set(SPOKEN)
    for text in texts.values():
        assert text.endswith("?")
        assert "!" not in text
        assert 20 < len(text) < 200
    assert "\u202f?" in texts["fr"]
    assert "'" not in texts["fr"]
    assert not re.search(r" [?;:]", texts["fr"])
    assert texts["es"].count("¿") == texts["es"].count("?") == 1


def test_each_term_has_a_question_of_its_own() -> None:
    for language in SPOKEN:
        texts = [texts[language] for texts in (*QUESTIONS.values(), *TEMPLATES.values())]
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("language", SPOKEN)
def test_no_question_names_a_country_or_asks_whether_something_is_a_crime(language: str) -> None:
    names = {one.name(language) for one in countries.countries().values()}
    accusing = r"(?i)^(is|was|are|were|does|did|est-ce|s’agit-il|¿es|¿fue|¿son|¿eran|¿hubo)\b"
    for texts in (*QUESTIONS.values(), *TEMPLATES.values()):
        assert not any(re.search(rf"\b{re.escape(name)}\b", texts[language]) for name in names)
        assert not re.match(accusing, texts[language])


def test_each_day_of_the_calendar_has_terms_that_are_there() -> None:
    assert set(learning.days()) == DAYS
    for terms in learning.days().values():
        assert 3 <= len(terms) <= 5
        assert len(set(terms)) == len(terms)
        assert set(terms) <= set(GLOSSARY)
