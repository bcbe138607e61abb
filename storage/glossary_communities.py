"""Two communities, one language: which concepts come from which, and what is one thing with two names."""

from __future__ import annotations

import sqlalchemy as sa

from storage import glossary
from storage.communities import Community
from storage.database import Reader
from storage.glossary import KINDS, Title
from storage.schema import concept, relation

_PAIRS = (
    sa.select(relation.c.concept_id, relation.c.other_id)
    .join(concept, concept.c.id == relation.c.concept_id)
    .where(relation.c.kind == KINDS["counterparts"])
    .order_by(concept.c.position, relation.c.position)
)


async def of_community(reader: Reader, community: Community, language: str) -> list[Title]:
    """Return the titles of what comes from a community, in the order of the glossary."""
    query = sa.select(concept.c.id).where(concept.c.community == community).order_by(concept.c.position)
    return await glossary.titles(reader, list((await reader.sql.execute(query)).scalars()), language)


async def counted(reader: Reader) -> dict[Community, int]:
    """Return how many concepts come from each community."""
    query = sa.select(concept.c.community, sa.func.count()).where(concept.c.community.is_not(None))
    return {row[0]: row[1] for row in await reader.sql.execute(query.group_by(concept.c.community))}


async def pairs(reader: Reader) -> list[list[str]]:
    """Return what is one thing with two names: a concept, then its counterparts."""
    found: dict[str, list[str]] = {}
    for one, other in await reader.sql.execute(_PAIRS):
        found.setdefault(one, [one]).append(other)
    return list(found.values())


async def pairs_of(reader: Reader, concept_id: str) -> list[list[str]]:
    """Return the pairs with a concept in them."""

    async def by_concept() -> dict[str, list[list[str]]]:
        found: dict[str, list[list[str]]] = {}
        for pair in await pairs(reader):
            for one in pair:
                found.setdefault(one, []).append(pair)
        return found

    # Asked with each term, and there are few of them.
    return (await reader.cached("glossary", by_concept, part="/pairs")).get(concept_id, [])
