"""The terms that are complete in a language: those that a quiz asks, and that may be the term of the week."""

from __future__ import annotations

import sqlalchemy as sa

from storage import glossary
from storage.database import Reader
from storage.glossary import Concept
from storage.schema import concept as concepts
from storage.schema import definition as definitions
from storage.schema import source as sources
from storage.schema import term as terms

MOST = 2_000
"""Terms that are read, in the order of the glossary: more than anybody learns, and quickly read."""

_COMPLETE = (
    sa.select(concepts.c.id)
    .where(
        sa.exists().where(
            terms.c.concept_id == concepts.c.id,
            terms.c.language == sa.bindparam("language"),
            terms.c.kind == "preferred",
            terms.c.checked,
        ),
        sa.exists().where(
            definitions.c.concept_id == concepts.c.id, definitions.c.language == sa.bindparam("language")
        ),
        sa.exists().where(sources.c.concept_id == concepts.c.id),
    )
    .order_by(concepts.c.position, concepts.c.id)
)


async def ids(reader: Reader, language: str) -> list[str]:
    """Return which terms are complete in a language: with a name that was checked, a definition and a source."""
    return list((await reader.sql.execute(_COMPLETE, {"language": language})).scalars())


async def terms_in(reader: Reader, language: str) -> list[Concept]:
    """Return the first terms that are complete in a language; read once for each state of the glossary."""

    async def read() -> list[Concept]:
        return await glossary.some(reader, (await ids(reader, language))[:MOST])

    return await reader.cached("glossary", read, part=f"/teachable/{language}")
