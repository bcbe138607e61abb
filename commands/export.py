"""The content of the bot as files, for those who keep it."""

from __future__ import annotations

import asyncio
from typing import Annotated

from commands.arguments import Label
from commands.attachment import Attachment, Reply
from commands.context import Context, Permission, mark
from commands.errors import ArgumentError
from commands.registry import command
from commands.rendering import code
from storage import glossary, glossary_csv, glossary_tbx

FORMATS = {
    "csv": ("text/csv", glossary_csv.write),
    "tbx": ("application/x-tbx", glossary_tbx.write),
}


@command(
    "export glossary",
    topic="glossary",
    examples={
        "en": ("export glossary", "export glossary tbx"),
        "fr": ("exporter glossaire", "exporter glossaire tbx"),
        "es": ("exportar glosario", "exportar glosario tbx"),
    },
    aliases={
        "fr": ("exporter glossaire", "exporter le glossaire"),
        "es": ("exportar glosario", "exportar el glosario"),
    },
    permission=Permission.MODERATOR,
)
async def export_glossary(ctx: Context, form: Annotated[str, Label(mark("csv or tbx"))] = "csv") -> Reply:
    """Send the whole glossary as a file.

    As a table (csv) that a spreadsheet opens, or for terminology programs (tbx).
    """
    wanted = form.casefold().removeprefix(".")
    if wanted not in FORMATS:
        raise ArgumentError(ctx.text("I do not know a file of the kind {word}.", word=code(form)))
    mimetype, write = FORMATS[wanted]
    concepts = await glossary.every(ctx.storage)
    # A large glossary takes its time, and others wait for the loop.
    data = await asyncio.to_thread(write, concepts)
    sentence = ctx.plural(
        "The glossary with {count} concept, as of now.",
        "The glossary with {count} concepts, as of now.",
        len(concepts),
    )
    return Reply(sentence, (Attachment(f"glossary-{ctx.now:%Y-%m-%d}.{wanted}", mimetype, data),))
