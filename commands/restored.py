"""What the moderators are told when the bot was put back from a backup: how much is left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from commands.context import Context
from commands.deciding import when
from commands.rendering import Markdown, bullets, code, join, paragraphs

UNKNOWN, MESSAGE, REMINDER, TALK = "unknown command", "message", "reminder", "talk"
"""Kinds of what is left out; of commands that were done and are not in the backup, `done(name)`."""
DONE = "done/"


def done(name: str) -> str:
    """Return the kind of a command that was answered, and whose effect is not in the backup."""
    return f"{DONE}{name}"


def left_out(ctx: Context, counted: Mapping[str, int], copied_at: datetime, until: datetime) -> Markdown | None:
    """Return what the moderators are told; None when nothing was left out."""
    if not counted:
        return None
    lines = [
        ctx.plural(
            "{count} message that was due then is not said again, because I cannot see whether it was said.",
            "{count} messages that were due then are not said again, because I cannot see whether they were said.",
            counted[MESSAGE],
        )
        if counted.get(MESSAGE)
        else None,
        ctx.plural(
            "{count} message to a person, such as a reminder, likewise.",
            "{count} messages to persons, such as reminders, likewise.",
            counted[REMINDER],
        )
        if counted.get(REMINDER)
        else None,
        ctx.plural(
            "{count} command is not answered, because I cannot see whether it was.",
            "{count} commands are not answered, because I cannot see whether they were.",
            counted[UNKNOWN],
        )
        if counted.get(UNKNOWN)
        else None,
        ctx.plural(
            "{count} talk that went on without me was ended. Who was in it can begin again.",
            "{count} talks that went on without me were ended. Who was in them can begin again.",
            counted[TALK],
        )
        if counted.get(TALK)
        else None,
        _done(ctx, counted),
    ]
    return paragraphs(
        ctx.text(
            "I was put back from a backup of {copied}. What happened until {until} I looked up in the rooms.",
            copied=when(ctx, copied_at),
            until=when(ctx, until),
        ),
        bullets([line for line in lines if line is not None]),
    )


def _done(ctx: Context, counted: Mapping[str, int]) -> Markdown | None:
    names = {kind.removeprefix(DONE): count for kind, count in counted.items() if kind.startswith(DONE)}
    if not names:
        return None
    shown = [join(" ", [code(ctx.typed(name)), Markdown(f"({count})")]) for name, count in sorted(names.items())]
    return ctx.text(
        "Answered then, and not in the backup: {commands}. What of it still holds must be done again.",
        commands=join(", ", shown),
    )
