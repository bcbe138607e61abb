"""Practices are found by what people type: other forms of a word, without accents, in three languages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage import practice_search
from storage.database import Database
from tests import databases

PRACTICES = {
    1: ("en", "Radio that warns early", "Local stations answered rumours on air before elections."),
    2: ("en", "Museums and memory", "Schools visit a memorial each year, guided by survivors who wish so."),
    3: ("fr", "L’alerte précoce par la radio", "Des journalistes ont vérifié les rumeurs chaque semaine."),
    4: ("es", "Escuelas que recuerdan", "Los estudiantes entrevistaron a personas mayores sobre la memoria."),
    5: ("en", "Mediation in markets", "Women traders mediate quarrels; early warning reaches the police."),
    6: ("fr", "Former les enseignants", "Des formations sur les discours de haine dans les écoles."),
    7: ("es", "Alerta temprana en la frontera", "Líderes comunitarios avisan de rumores y discursos de odio."),
    8: ("en", "Training for local journalists", "A course on hate speech for young reporters."),
}
QUESTIONS = [
    ("radio", 1), ("radios", 1), ("quarrels warning", 5), ("early warn", 1), ("early warnings", 1),
    ("museum", 2), ("museums", 2), ("memory", 2), ("memorial", 2), ("memorials", 2), ("survivor", 2),
    ("schools memorial", 2), ("visiting schools", 2), ("alerte", 3), ("alertes précoces", 3),
    ("alerte precoce", 3), ("ALERTE PRÉCOCE", 3), ("journaliste", 3), ("rumeur", 3), ("verifier rumeurs", 3),
    ("escuela", 4), ("escuelas", 4), ("estudiante", 4), ("entrevista", 4), ("memoria", 4), ("mediation", 5),
    ("mediating", 5), ("market", 5), ("women traders", 5), ("police", 5), ("enseignant", 6),
    ("formation", 6), ("discours de haine", 6), ("écoles haine", 6), ("alerta temprana", 7), ("frontera", 7),
    ("discursos de odio", 7), ("lideres", 7), ("hate speech", 8), ("train journalist", 8),
    ("courses for reporters", 8),
]  # fmt: skip


@pytest.fixture(scope="module")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    found = await Database.open(databases.address(tmp_path_factory.mktemp("search") / "bot.db"))
    async with found.write() as writer:
        for number, (language, title, summary) in PRACTICES.items():
            await practice_search.put(writer, number, language, {"title": title, "summary": summary})
    yield found
    await found.close()


@pytest.mark.parametrize(("asked", "first"), QUESTIONS)
async def test_the_first_is_what_was_meant(database: Database, asked: str, first: int) -> None:
    async with database.read() as reader:
        found = await practice_search.find(reader, asked, PRACTICES[first][0])
    assert found[:1] == [first]


@pytest.mark.parametrize(
    "asked", ["", "the of", '" OR 1', "title:x", "a* NEAR(b)", "volcano", "'; DROP", "((", "🙂"]
)
async def test_what_is_no_word_finds_nothing_and_breaks_nothing(database: Database, asked: str) -> None:
    async with database.read() as reader:
        assert await practice_search.find(reader, asked, "en") == []


async def test_what_is_dropped_or_changed_is_not_found_by_the_old_words(database: Database) -> None:
    async with database.write() as writer:
        await practice_search.put(writer, 99, "en", {"title": "Volcanoes"})
        await practice_search.put(writer, 99, "en", {"title": "Glaciers"})
        assert await practice_search.find(writer, "volcano", "en") == []
        assert await practice_search.find(writer, "glacier", "en") == [99]
        await practice_search.drop(writer, 99)
        assert await practice_search.find(writer, "glacier", "en") == []
