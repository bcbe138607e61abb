"""Where violations are reported: not here. The moderators write where, and the bot says it when it must."""

from __future__ import annotations

from typing import Annotated

from commands.arguments import Label, Rest
from commands.context import Context, Permission, mark
from commands.registry import command
from commands.rendering import Markdown, code, escape, paragraphs
from commands.screening import POINTER
from config.languages import SPOKEN, name_of
from storage import guidance

LONG = 1500
EMPTY = frozenset({"-", "–"})


@command(
    "reports",
    topic="practices",
    examples={"en": ("reports",), "fr": ("signalements",), "es": ("denuncias",)},
    aliases={"fr": ("signalements",), "es": ("denuncias",)},
)
async def show(ctx: Context) -> Markdown:
    """Say where to turn with a report of a violation. This community is no place for it."""
    pointer = await guidance.get(ctx.storage, POINTER, ctx.language)
    return paragraphs(
        ctx.text(
            "Please report no violations here: nobody could follow them up, and you would not be protected. Do "
            "not write names of victims, witnesses or suspects into a chat."
        ),
        escape(pointer, lines=True)
        if pointer
        else ctx.text("Where such reports can be made, a moderator of the community can tell you."),
    )


@command(
    "reports set",
    topic="queue",
    examples={
        "en": ("reports set en OHCHR takes reports: https://…",),
        "fr": ("signalements définir fr Le HCDH reçoit des signalements : https://…",),
        "es": ("denuncias fijar es El ACNUDH recibe denuncias: https://…",),
    },
    aliases={"fr": ("signalements définir",), "es": ("denuncias fijar",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
    repeated=True,
)
async def set_(ctx: Context, text: Annotated[Rest, Label(mark("language and text"))]) -> Markdown:
    """Write where members are to turn with a report of a violation, in a language. A dash removes it."""
    first, _, rest = text.partition(" ")
    language, said = (first, rest.strip()) if first in SPOKEN else (ctx.language, text.strip())
    await guidance.put(ctx.writer, POINTER, language, None if said in EMPTY or not said else said[:LONG], ctx.now)
    return ctx.text(
        "Done for {language}. {show} shows it.",
        language=name_of(language, ctx.language),
        show=code(ctx.typed("reports")),
    )
