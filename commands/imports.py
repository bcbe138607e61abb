"""Imports are shown before they are done: ✅ or `!import apply` does it, `!import undo` takes it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from commands.arguments import Label
from commands.attachment import NO, YES, Reply
from commands.context import Context, Permission, mark
from commands.errors import CommandError
from commands.registry import command
from commands.rendering import Markdown, code, join, paragraphs
from storage import proposals
from storage.proposals import Proposal

WITHIN = timedelta(minutes=10)
"""A preview that is older may no longer be what the moderator has in mind."""


@dataclass(frozen=True, slots=True)
class Import:
    """How a kind of import is done and taken back. What they return is said to the moderator."""

    apply: Callable[[Context, int, dict[str, Any]], Awaitable[Markdown]]
    undo: Callable[[Context, int], Awaitable[Markdown]]


async def offer(ctx: Context, kind: str, plan: dict[str, Any], preview: Markdown) -> Reply:
    """Keep a plan, and show it with the buttons that decide on it."""
    number = await proposals.add(
        ctx.writer,
        Proposal(
            kind=kind,
            room_id=ctx.asker.room_id,
            person=ctx.asker.user_id,
            plan=plan,
            created_at=ctx.now,
            expires_at=ctx.now + WITHIN,
        ),
    )
    return Reply(
        paragraphs(
            preview,
            ctx.text(
                "Nothing has changed yet. {yes} or {apply} within ten minutes does it, {no} drops it.",
                yes=YES,
                apply=code(ctx.typed("import apply", str(number))),
                no=NO,
            ),
        ),
        buttons={YES: f"import apply {number}", NO: f"import cancel {number}"},
    )


@command(
    "import apply",
    topic="bot",
    examples={"en": ("import apply 3",), "fr": ("importer appliquer 3",), "es": ("importar aplicar 3",)},
    aliases={"fr": ("importer appliquer",), "es": ("importar aplicar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def apply(ctx: Context, number: Annotated[int | None, Label(mark("number"))] = None) -> Markdown:
    """Do an import that was shown within the last ten minutes."""
    found = await _shown(ctx, number)
    if found.expires_at < ctx.now:
        await proposals.decide(ctx.writer, found.id, "cancelled", ctx.now)
        return ctx.text(
            "Import {number} was shown more than ten minutes ago, so I did nothing. Send the file again.",
            number=found.id,
        )
    done = await IMPORTS[found.kind].apply(ctx, found.id, found.plan or {})
    await proposals.decide(ctx.writer, found.id, "applied", ctx.now)
    return paragraphs(
        join(" ", [ctx.text("Import {number} is done.", number=found.id), done]),
        ctx.text("To take it back: {undo}", undo=code(ctx.typed("import undo", str(found.id)))),
    )


@command(
    "import cancel",
    topic="bot",
    examples={"en": ("import cancel 3",), "fr": ("importer annuler 3",), "es": ("importar cancelar 3",)},
    aliases={"fr": ("importer annuler",), "es": ("importar cancelar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def cancel(ctx: Context, number: Annotated[int | None, Label(mark("number"))] = None) -> Markdown:
    """Drop an import that was shown."""
    found = await _shown(ctx, number)
    await proposals.decide(ctx.writer, found.id, "cancelled", ctx.now)
    return ctx.text("Import {number} is dropped. Nothing was changed.", number=found.id)


@command(
    "import undo",
    topic="bot",
    examples={"en": ("import undo", "import undo 3"), "fr": ("importer défaire",), "es": ("importar deshacer",)},
    aliases={"fr": ("importer défaire",), "es": ("importar deshacer",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def undo(ctx: Context, number: Annotated[int | None, Label(mark("number"))] = None) -> Markdown:
    """Take back the last import, or the one with a number. What was changed since stays."""
    found = await (proposals.get(ctx.writer, number) if number else proposals.newest_applied(ctx.writer, IMPORTS))
    if found is None or found.kind not in IMPORTS:
        raise CommandError(ctx.text("There is no import to take back."))
    if found.state == "undone":
        raise CommandError(ctx.text("Import {number} was taken back already.", number=found.id))
    if found.state != "applied":
        raise CommandError(ctx.text("Import {number} was never done.", number=found.id))
    done = await IMPORTS[found.kind].undo(ctx, found.id)
    await proposals.decide(ctx.writer, found.id, "undone", ctx.now)
    return join(" ", [ctx.text("Import {number} is taken back.", number=found.id), done])


async def _shown(ctx: Context, number: int | None) -> Proposal:
    """Return the import that is to be decided on."""
    found = await (
        proposals.get(ctx.writer, number) if number else proposals.newest(ctx.writer, ctx.asker.room_id, IMPORTS)
    )
    if found is None or found.kind not in IMPORTS:
        raise CommandError(ctx.text("There is no import to decide on."))
    said = {
        "applied": mark("Import {number} is done already."),
        "undone": mark("Import {number} was taken back already."),
        "cancelled": mark("Import {number} was dropped. Send the file again."),
    }.get(found.state)
    if said:
        raise CommandError(ctx.text(said, number=found.id))
    return found


IMPORTS: dict[str, Import] = {}
"""By kind; each module that imports something adds its own."""
