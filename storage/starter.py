"""Fill a new database with the starter content."""

from __future__ import annotations

from datetime import datetime

from config import starter
from storage import events, focal, focal_changes, glossary, starter_communities
from storage.database import Database


async def load(database: Database, at: datetime) -> None:
    """Load each part of the starter content, unless there was ever anything of it; what was removed stays so."""
    async with database.write() as writer:
        if not await writer.revision("glossary"):
            concepts = [glossary.Concept.model_validate(raw) for raw in starter.glossary()]
            await glossary.replace(writer, concepts, at)
        if not await writer.revision("focal"):
            records = [focal.Record.model_validate(raw) for raw in starter.focal()]
            await focal_changes.begin(writer, records, at)
        if not await writer.revision("events"):
            for raw in starter.events():
                await events.add(writer, events.Event.model_validate(raw), at)
        await starter_communities.fill(writer)
