"""What a command may know and do: who asks, where, in which language, and the storage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Flag, auto
from typing import TYPE_CHECKING

from commands.attachment import ReceivedFile
from commands.rendering import Markdown
from config.languages import catalogue
from config.settings import DigestSettings, PracticeSettings
from storage import rooms
from storage.database import Reader, Writer

if TYPE_CHECKING:
    from commands.registry import Registry


class Permission(Flag):
    """Who may run a command. Combine with `|`: whoever is one of them may."""

    ANYONE = auto()
    MODERATOR = auto()
    """Joined to the moderation room with enough power."""
    ROOM_MODERATOR = auto()
    """With enough power in the room where the command was typed; in a direct chat the person."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who typed something, and where. `prefix` is what commands begin with there, for examples."""

    user_id: str
    room_id: str
    direct: bool
    prefix: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Signs that a person compares to verify the bot: what `user_id` should see in the app, and since when."""

    user_id: str
    signs: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """How the bot is, for `!status`. Times in seconds; None when not known yet.

    `encrypts`: whether it takes part in encrypted rooms.
    """

    version: str
    started_at: datetime
    synced_at: datetime | None
    rooms: int
    malformed: int
    rate_limited_for: float
    encrypts: bool | None = None
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Welcomes:
    """Whether who comes to the room can be welcomed, and whether that is done where nobody chose."""

    possible: bool = False
    default: bool = True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command can ask of the running bot. No Matrix beyond this."""

    holds: Callable[[Permission], Awaitable[bool]]
    condition: Callable[[], Condition]
    moderation: Asker | None = None
    """The moderation room, as somewhere to write to; None when there is none."""
    practices: Asker | None = None
    """The room for practices, likewise."""
    file: ReceivedFile | None = None
    """What was sent with the command; only for commands declared with `file=True`."""
    pressed: bool = False
    """Whether the command came by a reaction, and not by being typed."""
    bare: bool = False
    """Whether it was typed in a direct chat without the prefix: in a talk that is an answer."""
    message: str = ""
    """The event in which it was said."""
    corrects: str | None = None
    """The event whose text this one replaces; only for answers in a talk."""
    welcomes: Welcomes = field(default_factory=Welcomes)
    said_at: datetime | None = None
    """When it was said, as far as that is known."""


@dataclass(slots=True)
class Context:
    """Given to a command with each call."""

    asker: Asker
    language: str
    now: datetime
    storage: Reader
    registry: Registry
    surroundings: Surroundings
    default_language: str = "en"
    timezone: str = "UTC"
    """The IANA name of the zone that the person chose, else of that of the settings."""
    default_timezone: str = "UTC"
    fresh_months: int = 12
    """After how many months without a confirmation a record counts as old."""
    practices: PracticeSettings = field(default_factory=PracticeSettings)
    digest: DigestSettings = field(default_factory=DigestSettings)
    chatham: bool = False
    """Whether the Chatham House Rule holds where this is said: no names, no attendance."""
    _held: dict[Permission, bool] = field(default_factory=dict)

    @property
    def writer(self) -> Writer:
        """The write transaction; only commands declared with `writes=True` have one."""
        if not isinstance(self.storage, Writer):
            msg = "a command that writes must be declared with writes=True"
            raise TypeError(msg)
        return self.storage

    async def may(self, permission: Permission) -> bool:
        """Tell whether the person who asks holds a permission, as the homeserver sees it now."""
        if Permission.ANYONE in permission:
            return True
        if permission not in self._held:
            self._held[permission] = await self.surroundings.holds(permission)
        return self._held[permission]

    async def in_moderation(self) -> Context | None:
        """Return a context in which to write to the moderators, in their room's language; None without a room."""
        there = self.surroundings.moderation
        if there is None:
            return None
        return await self._in(there, self.default_language)

    async def in_practices(self, language: str) -> Context:
        """Return a context in which to write in the room for practices, in the language of what is published."""
        there = self.surroundings.practices or Asker("", "", direct=False, prefix="!")
        return replace(await self._in(there, language), language=language)

    async def _in(self, there: Asker, default: str) -> Context:
        language = await rooms.language(self.storage, there.room_id) or default
        chatham = await rooms.is_chatham(self.storage, there.room_id)
        return replace(self, asker=there, language=language, chatham=chatham)

    def typed(self, name: str, rest: str = "") -> str:
        """Return a command as this person would type it: in this language, with the prefix of this room."""
        found = self.registry.named(name)
        return f"{self.asker.prefix}{found.name_in(self.language) if found else name} {rest}".rstrip()

    def example(self, name: str) -> str:
        """Return the first example of a command as this person would type it."""
        found = self.registry.named(name)
        return self.asker.prefix + (found.examples_in(self.language)[0] if found else name)

    def text(self, message: str, /, **values: object) -> Markdown:
        """Return a message of the catalogue in the person's language, with `values` put in."""
        return translate(self.language, message, **values)

    def plain(self, message: str, /, **values: object) -> str:
        """Return a message as bare text, for a picture or a file, where nothing is Markdown."""
        return catalogue(self.language).gettext(message).format(**values)

    def plural(self, one: str, many: str, count: int, /, **values: object) -> Markdown:
        """Return the form of a message that fits `count`, which it can use as {count}."""
        found = catalogue(self.language).ngettext(one, many, count)
        return Markdown(found).format(count=count, **values)

    def row(self, name: object, said: object) -> Markdown:
        """Return a row of a list: what it is about, and what is said of it."""
        return self.text("{name}: {said}", name=name, said=said)


def translate(language: str, message: str, /, **values: object) -> Markdown:
    """Return a message of the catalogue in a language, with `values` put in."""
    return Markdown(catalogue(language).gettext(message)).format(**values)


def mark(message: str) -> str:
    """Mark a message for the catalogues where it is declared and not yet said."""
    return message
