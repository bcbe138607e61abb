"""A conversation with the bot's commands: text in, answer out, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from bot.addressing import Address
from bot.repertoire import registry
from commands.attachment import Attachment, ReceivedFile
from commands.calls import Call
from commands.context import Asker, Condition, Permission, Surroundings, Welcomes
from commands.registry import Registry
from commands.rendering import Rendered, render
from commands.respond import Answer, Responder
from config.settings import PracticeSettings
from storage import rooms, starter
from storage.database import Database, Writer
from tests import databases

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
ROOM = "!community:example.org"


class Conversation:
    """Says things to the bot and returns its answers as plain text, or None when it keeps silent."""

    def __init__(self, database: Database, commands: Registry) -> None:
        self.database = database
        self.registry = commands
        self._responder = Responder(database, commands, "en")
        self._address = Address("!", "@gaamac:example.org", "GAAMAC")
        self.moderators: set[str] = set()
        self.condition = Condition(
            version="1.2.3", started_at=NOW, synced_at=NOW, rooms=3, malformed=2, rate_limited_for=1.0
        )
        self.last: Rendered | None = None
        self.command: str | None = None
        self.attachments: tuple[Attachment, ...] = ()
        self.buttons: Mapping[str, str] = {}
        self.posts: tuple[str, ...] = ()
        self.addressed: tuple[str, ...] = ()
        self.awaits_file: str | None = None
        self.now = NOW
        self.has_moderation = True
        self.moderation_room = "!moderators:example.org"
        self.welcomes = Welcomes()
        self._messages = count(1)

    def use(self, practices: PracticeSettings) -> None:
        """Go on under other settings."""
        self._responder = Responder(self.database, self.registry, "en", practices=practices)

    async def __call__(
        self,
        typed: str | Call,
        *,
        by: str = "@mia:example.org",
        direct: bool = False,
        mentioned: bool = False,
        file: bytes | None = None,
        pressed: bool = False,
        corrects: str | None = None,
        said_at: datetime | None = None,
    ) -> str | None:
        said_to_us: str | Call | None = typed
        if isinstance(typed, str):
            said_to_us = self._address.command_in(typed, direct=direct, mentioned=mentioned, is_reply=False)
        if said_to_us is None:
            return None

        async def holds(permission: Permission) -> bool:
            return by in self.moderators or (direct and Permission.ROOM_MODERATOR in permission)

        said: list[Answer] = []

        async def finish(_writer: Writer, answer: Answer) -> None:
            said.append(answer)

        condition = self.condition
        asker = Asker(user_id=by, room_id=ROOM, direct=direct, prefix="" if direct else "!")
        surroundings = Surroundings(
            holds=holds,
            condition=lambda: condition,
            moderation=Asker("", self.moderation_room, direct=False, prefix="!") if self.has_moderation else None,
            practices=Asker("", "!practices:example.org", direct=False, prefix="!"),
            message=f"${next(self._messages)}",
            corrects=corrects,
            welcomes=self.welcomes,
            said_at=said_at,
            pressed=pressed,
            bare=direct and isinstance(typed, str) and self._address.is_bare(typed),
            file=ReceivedFile("table.csv", "text/csv", file) if file is not None else None,
        )
        await self._responder.respond(asker, said_to_us, surroundings, self.now, finish)
        assert len(said) == 1, "exactly one answer"
        self.last = render(said[0].text)
        self.command = said[0].command
        self.attachments = said[0].attachments
        self.buttons = said[0].buttons
        self.posts = tuple(render(post.text).body if post.text else "" for post in said[0].posts)
        self.addressed = tuple(post.to for post in said[0].posts)
        self.awaits_file = said[0].awaits_file
        return self.last.body

    async def press(self, key: str, *, by: str = "@mia:example.org") -> str | None:
        """React to the last answer as a person does."""
        return await self(f"!{self.buttons[key]}", by=by, pressed=True)


async def fill(database: Database) -> None:
    """Load the starter content, and put the bot into the room."""
    await starter.load(database, NOW)
    async with database.write() as writer:
        await rooms.put(writer, [rooms.Room(room_id=ROOM, membership="join", since=NOW)])


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Conversation]:
    database = await Database.open(await databases.filled(tmp_path / "bot.db", fill))
    try:
        yield Conversation(database, registry())
    finally:
        await database.close()
