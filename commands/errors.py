"""What a command can say instead of an answer.

CommandError          said to the person as it is; nothing the command wrote is kept
└── ArgumentError     an argument was not understood; the command's usage and an example are added
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
