"""What the library shows in tests: practices and commitments that went through the queue, and events."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

from config.settings import Settings
from storage import events, submissions
from storage.database import Database, Writer
from storage.events import Event
from storage.submissions import Action, Actor, Kind, Submission

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
PROMISE: dict[str, Any] = {
    "title": "All police academies teach early warning",
    "category": "state",
    "body": "Ministry of Interior",
    "country": "KE",
    "deadline": "2027-12-09",
    "milestones": "2027-06-01 the curriculum is written\n2027-09-01 teachers are trained",
    "known": "The list of academies that teach it is published.",
    "visibility": "public",
}
EVIDENCE = "https://example.org/academies"


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
    return await _added(writer, "practice", language, author, FIELDS | fields)


async def promise(writer: Writer, language: str = "en", **fields: Any) -> Submission:
    """Add a draft of a commitment."""
    return await _added(writer, "commitment", language, AUTHOR.pseudonym, PROMISE | fields)


async def report(writer: Writer, commitment: int, level: str = "limited", **fields: Any) -> Submission:
    """Add a draft of a report on a commitment."""
    said = {"commitment": commitment, "level": level, "text": "Two of nine teach it.", "link": EVIDENCE}
    return await _added(writer, "progress", "en", AUTHOR.pseudonym, said | fields)


async def _added(
    writer: Writer, kind: Kind, language: str, author: str | None, fields: dict[str, Any]
) -> Submission:
    now = datetime.now(UTC)
    return await submissions.add(
        writer,
        Submission(
            kind=kind,
            author=author,
            language=language,
            fields=fields,
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


async def promised(database: Database, language: str = "en", **fields: Any) -> int:
    """Publish a commitment."""
    async with database.write() as writer:
        one = await promise(writer, language, **fields)
        await taken(writer, one.id, "submit", "approve", "publish")
    return one.id


async def reported(database: Database, commitment: int, level: str = "limited", **fields: Any) -> int:
    """Publish a report on a commitment."""
    async with database.write() as writer:
        one = await report(writer, commitment, level, **fields)
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
