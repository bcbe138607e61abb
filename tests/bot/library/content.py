"""What the library shows in tests: practices that went the way through the queue, and events."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

from config.settings import Settings
from storage import events, submissions
from storage.database import Database, Writer
from storage.events import Event
from storage.submissions import Action, Actor, Submission

AUTHOR, MODERATOR = Actor("author", "river-lantern"), Actor("moderator", "stone-heron")
ADDRESS = "https://library.example.org"
FIELDS: dict[str, Any] = {
    "title": "Radio that answers rumours",
    "country": "KE",
    "level": "national",
    "leader": "civil society",
    "problem": "Rumours before elections",
    "summary": "Two stations answer rumours within a day.",
    "story": "First listen.\n\nThen ask, and answer on air.",
    "result": "Fewer rumours were repeated.",
    "attribution": "organisation",
    "attributed": "Radio Uhuru",
    "visibility": "public",
}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def settings(port: int, **web: str) -> Settings:
    return Settings.model_validate(
        {
            "matrix": {"homeserver": "http://localhost", "user_id": "@bot:example.org"},
            "web": {"library": f"127.0.0.1:{port}", "address": ADDRESS, **web},
        }
    )


async def draft(
    writer: Writer, language: str = "en", author: str | None = AUTHOR.pseudonym, **fields: Any
) -> Submission:
    now = datetime.now(UTC)
    return await submissions.add(
        writer,
        Submission(
            kind="practice",
            author=author,
            language=language,
            fields=FIELDS | fields,
            consent={"version": 1, "notice": "yes"},
            created_at=now,
            updated_at=now,
        ),
    )


async def taken(writer: Writer, number: int, *actions: Action, **update: Any) -> Submission:
    """Go a way with a submission: submit, approve, publish, hold, ..."""
    for action in actions:
        before = await submissions.get(writer, number)
        assert before is not None
        actor = (
            Actor("author", before.author) if action in ("submit", "revise", "withdraw", "erase") else MODERATOR
        )
        if action == "archive":
            actor = Actor("bot")
        one = await submissions.change(
            writer,
            number,
            action,
            actor,
            datetime.now(UTC),
            reason="a reason",
            update=update or None,
        )
    return one


async def published(database: Database, language: str = "en", **fields: Any) -> int:
    async with database.write() as writer:
        one = await draft(writer, language, **fields)
        await taken(writer, one.id, "submit", "approve", "publish")
    return one.id


async def added(database: Database, **facts: Any) -> int:
    day = datetime.now(UTC).date() + timedelta(days=10)
    one = Event.model_validate(
        {
            "uid": f"{facts.get('titles', {}).get('en', 'x')}@example.org",
            "kind": "training",
            "titles": {"en": "Early warning, step by step"},
            "timing": {"start": f"{day}T15:00", "end": f"{day}T16:00", "zone": "Africa/Nairobi"},
        }
        | facts
    )
    async with database.write() as writer:
        return (await events.add(writer, one, datetime.now(UTC))).id
