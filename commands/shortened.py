"""A heading, the first rows, and how to see the rest: parts of a message that is read on a phone."""

from __future__ import annotations

from collections.abc import Sequence

from commands.context import Context
from commands.rendering import Markdown, bullets, code, join, strong


def shortened(
    ctx: Context, head: Markdown, rows: Sequence[Markdown], count: int, typed: str | None = None
) -> Markdown:
    """Write rows of `count`; `typed` is what shows the others."""
    shown, left = list(rows), count - len(rows)
    if left > 0 and typed:
        shown.append(ctx.plural("{count} more: {example}", "{count} more: {example}", left, example=code(typed)))
    elif left > 0:
        shown.append(ctx.plural("and {count} more", "and {count} more", left))
    return join("\n", [strong(head), bullets(shown)])
