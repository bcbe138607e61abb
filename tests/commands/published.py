"""What is published, for tests that only look at it."""

from __future__ import annotations

from datetime import datetime

from storage import submissions
from storage.database import Database
from storage.submissions import Action, Actor, Kind, Submission


async def publish(database: Database, kind: Kind, title: str, at: datetime, **fields: str) -> int:
    """Publish something at a time, and return its number."""
    one = Submission(
        kind=kind,
        author="an author",
        language="en",
        fields={"title": title, "summary": "What was done.", **fields},
        consent={},
        created_at=at,
        updated_at=at,
    )
    steps: tuple[tuple[Action, Actor], ...] = (
        ("submit", Actor("author", "an author")),
        ("approve", Actor("moderator", "a moderator")),
        ("publish", Actor("bot")),
    )
    async with database.write() as writer:
        number = (await submissions.add(writer, one)).id
        for action, actor in steps:
            await submissions.change(writer, number, action, actor, at)
    return number
