"""Files and pictures in an answer."""

from __future__ import annotations

from dataclasses import dataclass

from commands.rendering import Markdown


@dataclass(frozen=True, slots=True)
class Picture:
    """What is particular to a picture: its size in pixels, and in words what it shows (for who cannot see it)."""

    width: int
    height: int
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file with its name and type (`text/csv`); with `picture` it is shown, and not only offered."""

    name: str
    mimetype: str
    data: bytes
    picture: Picture | None = None
    thumbnail: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with files: first the text, then they."""

    text: Markdown
    attachments: tuple[Attachment, ...]
