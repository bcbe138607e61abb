"""In which language the bot answers: a person's choice, else the room's, else the operator's."""

from __future__ import annotations

from typing import Annotated

from commands.arguments import Label, Language
from commands.context import Context, Permission, mark, translate
from commands.errors import CommandError
from commands.registry import command
from commands.rendering import Markdown, code, join
from config.languages import SPOKEN, name_of
from storage import people, rooms


@command(
    "language",
    topic="you",
    examples={
        "en": ("language fr", "language español"),
        "fr": ("langue fr", "langue anglais"),
        "es": ("idioma es", "idioma inglés"),
    },
    aliases={"fr": ("langue",), "es": ("idioma",)},
    writes=True,
    repeated=True,
)
async def choose(ctx: Context, language: Annotated[Language | None, Label(mark("language"))] = None) -> Markdown:
    """Choose the language in which I answer you.

    The choice holds in every room. Without a language, it shows which one is in force.
    """
    if language is None:
        return ctx.text(
            "I answer you in {language}. You can choose: {choices}.",
            language=name_of(ctx.language, ctx.language),
            choices=_choices(ctx, "language"),
        )
    code_ = _spoken(ctx, language, "language")
    await people.choose_language(ctx.writer, ctx.asker.user_id, code_, ctx.now)
    return translate(code_, "From now on I answer you in {language}.", language=name_of(code_, code_))


@command(
    "language room",
    topic="you",
    examples={"en": ("language room fr",), "fr": ("langue salon fr",), "es": ("idioma sala es",)},
    aliases={"fr": ("langue salon", "langue du salon"), "es": ("idioma sala", "idioma de la sala")},
    permission=Permission.MODERATOR | Permission.ROOM_MODERATOR,
    writes=True,
    repeated=True,
)
async def choose_for_room(ctx: Context, language: Annotated[Language, Label(mark("language"))]) -> Markdown:
    """Choose the language in which I speak in this room.

    Anyone who has chosen a language is answered in that one.
    """
    code_ = _spoken(ctx, language, "language room")
    await rooms.choose_language(ctx.writer, ctx.asker.room_id, code_)
    return translate(
        code_,
        "From now on I speak {language} in this room. Anyone who has chosen a language keeps it.",
        language=name_of(code_, code_),
    )


def _spoken(ctx: Context, language: Language, name: str) -> str:
    if language in SPOKEN:
        return str(language)
    raise CommandError(
        ctx.text(
            "I do not speak {language} yet. You can choose: {choices}.",
            language=name_of(language, ctx.language),
            choices=_choices(ctx, name),
        )
    )


def _choices(ctx: Context, name: str) -> Markdown:
    found = ctx.registry.named(name)
    typed = ctx.asker.prefix + (found.name_in(ctx.language) if found else name)
    return join(", ", [Markdown("{} ({})").format(code(f"{typed} {one}"), name_of(one, one)) for one in SPOKEN])
