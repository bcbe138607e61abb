"""What a command can say instead of an answer.

CommandError          said to the person as it is; nothing the command wrote is kept
└── ArgumentError     an argument was not understood; the command's usage and an example are added
LaterError            what must be known cannot be asked now; nothing is said, and the command is run again later
"""

from __future__ import annotations

from commands.rendering import Markdown


class CommandError(Exception):
    """Carries the sentence for the person, in the person's language."""

    def __init__(self, text: Markdown) -> None:
        super().__init__(str(text))
        self.text = text


class ArgumentError(CommandError):
    """What was typed does not fit the command's parameters."""


class LaterError(Exception):
    """The command cannot be decided on now. What it wrote is taken back, and it is run again after a pause."""
