"""Fill an empty database with the starter content."""

from __future__ import annotations

from datetime import datetime

from config import starter
from storage import glossary
from storage.database import Database


async def load(database: Database, at: datetime) -> int:
    """Load the starter glossary when there is none. Return the number of concepts loaded."""
    async with database.write() as writer:
        if not await glossary.is_empty(writer):
            return 0
        concepts = [glossary.Concept.model_validate(raw) for raw in starter.glossary()]
        await glossary.replace(writer, concepts, at)
        return len(concepts)
