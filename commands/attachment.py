"""What an answer can be besides text: files, pictures, buttons, messages to other rooms; and files received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
class ReceivedFile:
    """A file that somebody sent with a command. `name` is free of folders, and as untrusted as the rest."""

    name: str
    mimetype: str
    data: bytes


MODERATION, PRACTICES = "moderation", "practices"
YES, NO = "✅", "❌"
"""Buttons to agree and to decline."""


@dataclass(frozen=True, slots=True)
class Post:
    """A message to somewhere else: a room (`MODERATION`, `PRACTICES`), or a person (a Matrix id) in a direct chat.

    What is `about` something replaces what was posted there about it before; without `text` that is taken back.
    With `thread` it goes into the thread of what was posted about that.
    """

    to: str
    text: Markdown | None
    buttons: Mapping[str, str] = field(default_factory=dict)
    about: str | None = None
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than text: first the text, then the files.

    `buttons` are emoji with the command that each stands for, without prefix: who reacts to the answer with one
    runs the command. `awaits_file` is a command that gets the next file of this person, if it comes soon.
    """

    text: Markdown
    attachments: tuple[Attachment, ...] = ()
    buttons: Mapping[str, str] = field(default_factory=dict)
    awaits_file: str | None = None
    posts: tuple[Post, ...] = ()
