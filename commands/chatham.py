"""Rooms under the Chatham House Rule: what is said may be used, but not who said it or who was there."""

from __future__ import annotations

from typing import Annotated

from commands.arguments import Label, Rest
from commands.context import Context, Permission, mark
from commands.errors import ArgumentError, CommandError
from commands.registry import command
from commands.rendering import Markdown, code
from storage import rooms
from storage.folding import fold

ON = frozenset({"on", "oui", "si", "yes", "active", "activar", "activer"})
OFF = frozenset({"off", "non", "no", "desactive", "desactivar", "desactiver"})


@command(
    "chatham",
    topic="bot",
    examples={
        "en": ("chatham", "chatham on", "chatham off"),
        "fr": ("règle chatham", "règle chatham oui", "règle chatham non"),
        "es": ("regla chatham", "regla chatham sí", "regla chatham no"),
    },
    aliases={"fr": ("règle chatham",), "es": ("regla chatham",)},
    permission=Permission.ROOM_MODERATOR | Permission.MODERATOR,
    writes=True,
    repeated=True,
)
async def choose(ctx: Context, choice: Annotated[Rest | None, Label(mark("on or off"))] = None) -> Markdown:
    """Set that the Chatham House Rule holds in this room, or show whether it does.

    Then I name nobody here, take down for no event who goes, and tell nobody how many do.
    """
    if ctx.asker.direct:
        raise CommandError(ctx.text("Here we are alone. The rule is set in the room for which it is to hold."))
    if choice is not None:
        word = fold(choice)
        if word not in ON | OFF:
            raise ArgumentError(ctx.text("I did not understand {word}.", word=code(choice[:60])))
        await rooms.choose_chatham(ctx.writer, ctx.asker.room_id, word in ON)
    if await rooms.is_chatham(ctx.storage, ctx.asker.room_id):
        return ctx.text(
            "The Chatham House Rule holds in this room: you may use what you hear, but tell nobody who said it, "
            "or who was here. I name nobody here, and take down for no event who goes."
        )
    return ctx.text("The Chatham House Rule does not hold in this room.")
