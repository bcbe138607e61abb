"""Talks and drafts that somebody did not finish: they are reminded once before it is forgotten."""

from __future__ import annotations

from datetime import datetime

from storage import due
from storage.database import Writer
from storage.due import Due

UNFINISHED = "unfinished"
TALK, DRAFT = "talk/", "draft/"


def talk(person: str) -> str:
    """Return the subject of the talk with a person."""
    return f"{TALK}{person}"


def draft(number: int) -> str:
    """Return the subject of a draft."""
    return f"{DRAFT}{number}"


async def remind(writer: Writer, subject: str, at: datetime) -> None:
    """Remind of it then, and not when it was to be before."""
    await due.schedule(writer, Due(kind=UNFINISHED, subject=subject, due_at=at, importance=6))


async def forget(writer: Writer, subject: str) -> None:
    """Do not remind of it."""
    await due.cancel(writer, UNFINISHED, subject)
