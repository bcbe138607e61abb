"""Two communities, one language: which concepts come from which, and what is one thing with two names."""

from __future__ import annotations

import sqlalchemy as sa

from storage import glossary
from storage.communities import Community
from storage.database import Reader
from storage.glossary import KINDS, Title
from storage.schema import concept, relation

_IS_PAIR = relation.c.kind == KINDS["counterparts"]
# Asked with each term, and so made once: to make a question takes longer than to answer it.
_PAIRS = (
    sa.select(relation.c.concept_id, relation.c.other_id)
    .join(concept, concept.c.id == relation.c.concept_id)
    .where(_IS_PAIR)
    .order_by(concept.c.position, relation.c.position)
)
_NAMED = sa.select(relation.c.concept_id).where(_IS_PAIR, relation.c.other_id == sa.bindparam("this"))
_PAIRS_OF = _PAIRS.where(sa.or_(relation.c.concept_id == sa.bindparam("this"), relation.c.concept_id.in_(_NAMED)))


async def of_community(reader: Reader, community: Community, language: str) -> list[Title]:
    """Return the titles of what comes from a community, in the order of the glossary."""
    query = sa.select(concept.c.id).where(concept.c.community == community).order_by(concept.c.position)
    return await glossary.titles(reader, list((await reader.sql.execute(query)).scalars()), language)


async def counted(reader: Reader) -> dict[Community, int]:
    """Return how many concepts come from each community."""
    query = sa.select(concept.c.community, sa.func.count()).where(concept.c.community.is_not(None))
    return {row[0]: row[1] for row in await reader.sql.execute(query.group_by(concept.c.community))}


async def pairs(reader: Reader, concept_id: str | None = None) -> list[list[str]]:
    """Return what is one thing with two names: a concept, then its counterparts; all, or those with one in it."""
    asked = _PAIRS if concept_id is None else _PAIRS_OF
    found: dict[str, list[str]] = {}
    for one, other in await reader.sql.execute(asked, {"this": concept_id} if concept_id else {}):
        found.setdefault(one, [one]).append(other)
    return list(found.values())
