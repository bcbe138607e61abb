"""How fast shared practices are found in a large library. No homeserver."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from storage import practice_search, submissions
from storage.database import Database
from storage.schema import submission

VOCABULARY = 6_000
"""Words of a language; how often each occurs falls with its place, as in real texts (Zipf)."""
LANGUAGES = ("en", "fr", "es")
ASKED = slice(50, 2_000)
"""People ask for neither the commonest nor the rarest."""


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds for a search with its practices read: median and 95th percentile; and for filling the library."""

    practices: int
    searches: int
    median: float
    p95: float
    written: float


async def measure(count: int, searches: int) -> Result:
    """Fill a library with practices of chance words, and look for one to three of them."""
    chance = random.Random(1)  # noqa: S311 - chance words, no secrets
    letters = "abcdefghilmnoprstuv"
    words = {
        language: ["".join(chance.choices(letters, k=chance.randint(4, 9))) for _ in range(VOCABULARY)]
        for language in LANGUAGES
    }
    often = [1 / place for place in range(1, VOCABULARY + 1)]
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'bot.db'}")
        try:
            begin = time.perf_counter()
            async with database.write() as writer:
                for number in range(1, count + 1):
                    language = chance.choice(LANGUAGES)
                    fields = {
                        "title": " ".join(chance.choices(words[language], often, k=6)),
                        "summary": " ".join(chance.choices(words[language], often, k=30)),
                        "story": " ".join(chance.choices(words[language], often, k=150)),
                        "country": "KE",
                    }
                    await writer.sql.execute(
                        sa.insert(submission).values(
                            id=number,
                            kind="practice",
                            state="published",
                            version=1,
                            author="a",
                            language=language,
                            fields=fields,
                            consent={},
                            approvals=[],
                            created_at=now,
                            updated_at=now,
                        )
                    )
                    await practice_search.put(writer, number, language, fields)
            written = time.perf_counter() - begin
            times = []
            for _ in range(searches):
                language = chance.choice(LANGUAGES)
                asked = " ".join(chance.choices(words[language][ASKED], k=chance.randint(1, 3)))
                begin = time.perf_counter()
                async with database.read() as reader:
                    found = await practice_search.find(reader, asked, language)
                    await submissions.some(reader, found[:10])
                times.append(time.perf_counter() - begin)
        finally:
            await database.close()
    times.sort()
    return Result(count, searches, times[len(times) // 2], times[int(len(times) * 0.95)], written)
