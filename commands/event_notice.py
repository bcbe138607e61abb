"""What is said of events without being asked: announcements, and what the week brings. Sober, without emoji."""

from __future__ import annotations

from commands.context import Context
from commands.events import call, row, when_of
from commands.rendering import Markdown, bullets, code, escape, join, link, paragraphs, strong
from storage.events import Coming, Kept


def announcement(ctx: Context, event: Kept, one: Coming, *, late: bool) -> Markdown:
    """Announce an occurrence of an event, in the language and the zone of the context."""
    lines = [strong(event.title(ctx.language)), when_of(ctx, event, one)]
    if event.certainty == "tentative":
        lines.append(ctx.text("Not yet confirmed."))
    if event.place:
        lines.append(escape(event.place))
    if event.link:
        lines.append(link(event.link, event.link))
    if event.registration:
        lines.append(ctx.text("Registration: {link}", link=link(event.registration, event.registration)))
    description = event.description(ctx.language)
    return paragraphs(
        join("\n", lines),
        escape(description, lines=True) if description else None,
        ctx.text("More: {example}", example=call(ctx, event.id)),
        ctx.text("This comes late: I was away when it was due.") if late else None,
    )


def changed(ctx: Context, event: Kept, one: Coming | None) -> Markdown:
    """Say what became of an event, in place of what was announced."""
    if event.certainty == "cancelled" or one is None:
        return paragraphs(
            strong(event.title(ctx.language)), ctx.text("Cancelled. {reason}", reason=event.reason or "")
        )
    return paragraphs(
        announcement(ctx, event, one, late=False), ctx.text("This was changed after it was announced.")
    )


def missed(ctx: Context, event: Kept, one: Coming) -> Markdown:
    """Tell moderators that something was not announced, because it would have come too late."""
    return ctx.text(
        "I was away when {event} ({when}) was to be announced. It would have come too late, so I left it out.",
        event=strong(event.title(ctx.language)),
        when=when_of(ctx, event, one),
    )


def week(ctx: Context, found: list[tuple[Kept, Coming]]) -> Markdown:
    """Say what the next seven days bring."""
    return paragraphs(
        ctx.text("In the next seven days:"),
        bullets(row(ctx, event, one) for event, one in found),
        ctx.text("The whole calendar: {example}", example=code(ctx.typed("events"))),
    )
