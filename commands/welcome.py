"""The welcome for who comes to a community room for the first time, and `!welcome`, which switches it by room."""

from __future__ import annotations

from typing import Annotated

from commands.arguments import Label, Rest
from commands.chatham import OFF, ON
from commands.context import Context, Permission, mark
from commands.errors import ArgumentError, CommandError
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs
from config.languages import SPOKEN, name_of
from storage import rooms
from storage.folding import fold


def words(ctx: Context, prefix: str) -> Markdown:
    """Return the welcome, for a direct chat, in which nothing needs the prefix of the rooms."""
    return paragraphs(
        ctx.text(
            "Welcome. I am the bot of this community, and write to you once because you are new here. You need "
            "not answer. What I can do for you, here or in the rooms (there with {prefix} in front):",
            prefix=code(prefix),
        ),
        bullets(
            [
                ctx.text("{example}: what a term means, with sources", example=code(ctx.example("term"))),
                ctx.text("{example}: who to turn to in a country", example=code(ctx.example("focal"))),
                ctx.text("{example}: what takes place, and reminders of it", example=code(ctx.example("events"))),
                ctx.text("{example}: what others have done that worked", example=code(ctx.example("practices"))),
                ctx.text("{example}: all the rest", example=code(ctx.example("help"))),
            ]
        ),
        ctx.text(
            "I keep no text of a message after it is answered. Who you are is kept apart from what you share, and "
            "moderators do not see it. {mydata} sends you all that I store of you, and {forgetme} erases it.",
            mydata=code(ctx.typed("mydata")),
            forgetme=code(ctx.typed("forgetme")),
        ),
        ctx.text(
            "I answer you in {language}; others are: {choices}. {timezone} tells me your time zone.",
            language=name_of(ctx.language, ctx.language),
            choices=_languages(ctx),
            timezone=code(ctx.typed("timezone", "nairobi")),
        ),
        ctx.text(
            "Only if you wish: with {me} you can tell me whether you are with a state body, civil society or "
            "academia, say, from which country, and what interests you. I ask for your consent first, and only "
            "count.",
            me=code(ctx.typed("me")),
        ),
    )


def _languages(ctx: Context) -> Markdown:
    """Return how to choose each other language, in that language: who reads this may not know the one it is in."""
    declared = ctx.registry.named("language")
    typed = [
        (code(f"{declared.name_in(one) if declared else 'language'} {one}"), name_of(one, one))
        for one in SPOKEN
        if one != ctx.language
    ]
    return join(", ", [Markdown("{} ({})").format(example, name) for example, name in typed])


@command(
    "welcome",
    topic="bot",
    examples={
        "en": ("welcome", "welcome on", "welcome off"),
        "fr": ("bienvenue", "bienvenue oui", "bienvenue non"),
        "es": ("bienvenida", "bienvenida sí", "bienvenida no"),
    },
    aliases={"fr": ("bienvenue",), "es": ("bienvenida",)},
    permission=Permission.ROOM_MODERATOR | Permission.MODERATOR,
    writes=True,
    repeated=True,
)
async def choose(ctx: Context, choice: Annotated[Rest | None, Label(mark("on or off"))] = None) -> Markdown:
    """Set whether I welcome who comes to this room for the first time, or show whether I do.

    I do that once for each person, in a direct chat, and only in rooms that the operator names as those of the
    community.
    """
    if ctx.asker.direct:
        raise CommandError(ctx.text("Here we are alone. That is set in the room to which people come."))
    if not ctx.surroundings.welcomes.possible:
        raise CommandError(
            ctx.text("This is not one of the rooms for the community (rooms.community), so I welcome nobody here.")
        )
    if choice is not None:
        word = fold(choice)
        if word not in ON | OFF:
            raise ArgumentError(ctx.text("I did not understand {word}.", word=code(choice[:60])))
        await rooms.choose_welcome(ctx.writer, ctx.asker.room_id, word in ON)
    if await rooms.welcomes(ctx.storage, ctx.asker.room_id, ctx.surroundings.welcomes.default):
        return ctx.text("Who comes to this room for the first time gets one message from me, in a direct chat.")
    return ctx.text("I do not welcome who comes to this room.")
