"""The monthly list for moderators: which records nobody has confirmed for long."""

from __future__ import annotations

from commands.context import Context
from commands.focal_card import KIND, as_of
from commands.rendering import Markdown, bullets, code, paragraphs, strong
from config import countries
from storage import focal

ROWS = 15
"""Named in the list, the oldest first."""


async def report(ctx: Context) -> Markdown | None:
    """Return the list; None when every record is fresh."""
    found = (await focal.book(ctx.storage)).stale(ctx.now.date(), ctx.fresh_months)
    if not found:
        return None
    rows = []
    for one in found[:ROWS]:
        holder = countries.countries().get(one.holder) or countries.organisations()[one.holder]
        rows.append(
            Markdown("{} – {} ({})").format(
                strong(holder.name(ctx.language)),
                ctx.text(KIND[one.kind]),
                ctx.text("as of {date}", date=as_of(ctx, one)),
            )
        )
    left = len(found) - len(rows)
    return paragraphs(
        ctx.plural(
            "{count} record of who to turn to was not confirmed for {months} months. The oldest:",
            "{count} records of who to turn to were not confirmed for {months} months. The oldest:",
            len(found),
            months=ctx.fresh_months,
        ),
        bullets(rows),
        ctx.plural(
            "{count} more: {example}", "{count} more: {example}", left, example=code(ctx.typed("export focal"))
        )
        if left
        else None,
        ctx.text(
            "Still right? {confirm}. Changed? {set}",
            confirm=code(ctx.typed("focal confirm", f"{_first(ctx, found)}")),
            set=code(ctx.typed("focal set", f"{_first(ctx, found)} …")),
        ),
    )


def _first(ctx: Context, found: list[focal.Kept]) -> str:
    holder = countries.countries().get(found[0].holder) or countries.organisations()[found[0].holder]
    return holder.name(ctx.language)
