"""A plugin for maubot: a command with an argument."""

import json
import os

from maubot import MessageEvent, Plugin
from maubot.handlers import command

TEXT = json.loads(os.environ["PEER"])["text"]


class Term(Plugin):
    """Answers `!term`."""

    @command.new("term")
    @command.argument("words", pass_raw=True)
    async def term(self, event: MessageEvent, words: str) -> None:
        """Answer with the same text each time."""
        await event.reply(TEXT)
