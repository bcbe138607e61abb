"""Which terms a person was asked in a quiz, and when they come back: boxes, as Sebastian Leitner kept his cards.

What is answered rightly goes one box up and comes back later; what is not goes to the first box, and comes back
tomorrow. Neither answers nor scores are stored.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from pydantic import BaseModel

from storage.database import Reader, Writer
from storage.schema import recall

DAYS = {1: 1, 2: 3, 3: 7, 4: 21}
"""After how many days a term comes back, by its box."""
HIGHEST = max(DAYS)


class Card(BaseModel):
    """A term that was asked. `again_at`: from when on it is asked again."""

    concept_id: str
    box: int
    again_at: datetime


async def of(reader: Reader, person: str) -> dict[str, Card]:
    """Return the cards of a person by their terms."""
    query = sa.select(recall.c.concept_id, recall.c.box, recall.c.again_at).where(recall.c.person == person)
    found = [Card.model_validate(row._mapping) for row in await reader.sql.execute(query)]
    return {one.concept_id: one for one in found}


async def answered(writer: Writer, person: str, concept_id: str, now: datetime, *, right: bool) -> Card:
    """Put a term into the box where it belongs after an answer."""
    key = {"person": person, "concept_id": concept_id}
    query = sa.select(recall.c.box).where(recall.c.person == person, recall.c.concept_id == concept_id)
    box = (await writer.sql.execute(query)).scalar() or 1
    box = min(box + 1, HIGHEST) if right else 1
    again_at = now + timedelta(days=DAYS[box])
    await writer.put(recall, key, box=box, again_at=again_at)
    return Card(concept_id=concept_id, box=box, again_at=again_at)
