"""Tell whether a message is for the bot, and what it says without the address."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

_FALLBACK = re.compile(r"\A(?:>[^\n]*(?:\n|\Z))+\n?")
_AFTER_NAME = re.compile(r"[\s:,،：，]+")
_SERVER = re.compile(r":[\w\[]")
_PILL = re.compile(r"\A\[[^\]\n]*\]\(https://matrix\.to/#/([^)\s]+)\)")
"""A mention as some clients write it into the plain text."""
_MARKS = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u061c"
"""Signs without width, which phones and keyboards for other directions of writing put in."""


@dataclass(frozen=True, slots=True)
class Address:
    """How the bot is called: the prefix of commands, its Matrix id, its display name."""

    prefix: str
    user_id: str
    display_name: str | None

    def command_in(self, body: str, *, direct: bool, mentioned: bool, is_reply: bool) -> str | None:
        """Return what is said to the bot; None when it is not meant.

        A message is for the bot when it begins with the prefix and a letter, when it begins with the bot's
        name, and always in a direct chat. `mentioned` says that the sender's client marked the bot as meant.
        What is returned is never empty and does not begin with the prefix; a call without words is for help.
        """
        text = _tidy(_FALLBACK.sub("", body) if is_reply else body)
        if command := self._behind_prefix(text):
            return command
        command = self._behind_name(text, mentioned=mentioned)
        if command is None and direct and text:
            command = text
        return None if command is None else self._bare(command) or "help"

    def is_bare(self, body: str) -> bool:
        """Tell whether a message has no prefix: in a talk it is an answer, and no command."""
        return not self._begins(_tidy(body))

    def _behind_prefix(self, text: str) -> str | None:
        rest = text[len(self.prefix) :].lstrip(_MARKS)
        return rest if self._begins(text) and rest[:1].isalpha() else None

    def _bare(self, text: str) -> str:
        """Take the prefix off, however often it stands there: who calls us by name needs none."""
        text = _tidy(text)
        while self._begins(text):
            text = _tidy(text[len(self.prefix) :])
        return text

    def _begins(self, text: str) -> bool:
        # Chinese and Japanese keyboards write a full-width exclamation mark.
        return unicodedata.normalize("NFKC", text[: len(self.prefix)]) == self.prefix

    def _behind_name(self, text: str, *, mentioned: bool) -> str | None:
        pill = _PILL.match(text)
        if pill and unquote(pill[1]) == self.user_id:
            return text[pill.end() :].lstrip(" :,")
        low = text.casefold()
        # A display name alone is also an ordinary word; without a mention it must be an address ("name: …").
        names = [(self.user_id, True), (self.user_id.partition(":")[0], mentioned)]
        if self.display_name:
            names += [(self.display_name, mentioned), (f"@{self.display_name}", mentioned)]
        for name, enough in names:
            if not low.startswith(name.casefold()):
                continue
            rest = text[len(name) :].lstrip(_MARKS)
            if name.startswith("@") and _SERVER.match(rest) and name != self.user_id:
                continue  # Somebody of the same name on another server.
            separator = _AFTER_NAME.match(rest)
            if rest and not separator:
                continue
            if enough or (separator and separator.group().strip()):
                return rest[separator.end() :] if separator else ""
        return None


def _tidy(text: str) -> str:
    """Remove what nobody sees: byte-order marks, zero-width signs at the edges, unusual spaces."""
    visible = text.replace("\u00a0", " ").replace("\u202f", " ").replace("\r\n", "\n")
    start, end = 0, len(visible)
    while start < end and _unseen(visible[start]):
        start += 1
    while end > start and _unseen(visible[end - 1]):
        end -= 1
    return visible[start:end]


def _unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cf", "Cc")
