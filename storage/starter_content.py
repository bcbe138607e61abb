"""The starter content as what is stored. Reading it takes a tenth of a second or more, and so is for a thread."""

from __future__ import annotations

from config import starter
from storage.events import Event
from storage.focal import Record
from storage.glossary import Concept


def concepts() -> list[Concept]:
    """Return the starter glossary."""
    return [Concept.model_validate(raw) for raw in starter.glossary()]


def records() -> list[Record]:
    """Return the starter records of focal points and mechanisms."""
    return [Record.model_validate(raw) for raw in starter.focal()]


def events() -> list[Event]:
    """Return the starter events."""
    return [Event.model_validate(raw) for raw in starter.events()]
