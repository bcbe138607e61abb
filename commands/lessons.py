"""What to learn by is posted in a room: `!learning here`."""

from __future__ import annotations

from typing import Annotated

from commands.arguments import Label, Rest
from commands.context import Context, Permission, mark
from commands.errors import ArgumentError, CommandError
from commands.event_following import AND, EVERYTHING, ONLY, WITHOUT
from commands.registry import command
from commands.rendering import Markdown, code, join, strong
from commands.timezone import OFF
from storage import rooms
from storage.folding import fold
from storage.rooms import NOTES, WEEK

SERIES = {WEEK: mark("the term of the week"), NOTES: mark("notes before international days")}
WORDS = {
    "week": WEEK, "term": WEEK, "semaine": WEEK, "terme": WEEK, "semana": WEEK, "termino": WEEK,
    "notes": NOTES, "note": NOTES, "days": NOTES, "journees": NOTES, "notas": NOTES, "nota": NOTES, "dias": NOTES,
}  # fmt: skip
"""What the two are called, folded."""


@command(
    "learning here",
    topic="glossary",
    examples={
        "en": ("learning here", "learning here without notes", "learning here off", "learning here all"),
        "fr": ("apprentissage ici", "apprentissage ici sans notes", "apprentissage ici aucun"),
        "es": ("aprendizaje aquí", "aprendizaje aquí sin notas", "aprendizaje aquí ninguno"),
    },
    aliases={"fr": ("apprentissage ici",), "es": ("aprendizaje aquí",)},
    permission=Permission.MODERATOR | Permission.ROOM_MODERATOR,
    writes=True,
    repeated=True,
)
async def here(ctx: Context, choice: Annotated[Rest | None, Label(mark("week or notes"))] = None) -> Markdown:
    """Choose whether the term of the week, and notes before international days, are posted in this room.

    It holds for community rooms and rooms for announcements. Where commemorations are not announced
    (`events here without commemorations`), there are no notes either.
    """
    if ctx.asker.direct:
        raise CommandError(ctx.text("Here we are alone. This is chosen in the room for which it is to hold."))
    room_id = ctx.asker.room_id
    if choice is not None:
        await rooms.choose_lessons_off(ctx.writer, room_id, _off(ctx, choice))
    off = await rooms.lessons_off(ctx.storage, room_id)
    on = [strong(ctx.text(name)) for one, name in SERIES.items() if one not in off]
    if not on:
        return ctx.text(
            "Neither the term of the week nor notes before international days are posted in this room."
        )
    return ctx.text("This is posted in this room: {series}.", series=join(", ", on))


def _off(ctx: Context, choice: str) -> list[str]:
    words = [word for word in fold(choice.replace(",", " ")).split() if word not in AND]
    if len(words) == 1 and words[0] in EVERYTHING | {"on"}:
        return []
    if len(words) == 1 and words[0] in OFF:
        return list(SERIES)
    named = words[1:] if words and words[0] in ONLY | WITHOUT else words
    unknown = next((word for word in named if word not in WORDS), None)
    if unknown is not None or not named:
        raise ArgumentError(ctx.text("I did not understand {word}.", word=code((unknown or choice)[:60])))
    meant = {WORDS[word] for word in named}
    return [one for one in SERIES if (one in meant) == (words[0] in WITHOUT)]
