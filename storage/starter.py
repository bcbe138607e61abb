"""Fill a new database with the starter content."""

from __future__ import annotations

import asyncio
from datetime import datetime

from storage import events, focal_changes, glossary, starter_communities, starter_content
from storage.database import Database

PARTS = {"glossary", "focal", "events"}
"""What there is of it, by the names of their revisions."""


async def load(database: Database, at: datetime) -> None:
    """Load each part of the starter content, unless there was ever anything of it; what was removed stays so."""
    async with database.write() as writer:
        new = {part for part in PARTS if not await writer.revision(part)}
        if "glossary" in new:
            await glossary.replace(writer, await asyncio.to_thread(starter_content.concepts), at)
        if "focal" in new:
            await focal_changes.begin(writer, await asyncio.to_thread(starter_content.records), at)
        if "events" in new:
            for one in await asyncio.to_thread(starter_content.events):
                await events.add(writer, one, at)
        if new == PARTS:
            await starter_communities.done(writer)
        else:
            await starter_communities.fill(writer)
