"""What is said of events without being asked: announcements, and what the week brings. Sober, without emoji."""

from __future__ import annotations

from commands.attachment import YES
from commands.context import Context
from commands.events import call, row, when_of
from commands.rendering import Markdown, bullets, code, escape, join, link, paragraphs, strong
from storage.events import Coming, Kept, Kind

ATTENDED: frozenset[Kind] = frozenset({"meeting", "training", "webinar"})
"""Kinds of events to which people go."""


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
        ctx.text("{yes} if you go. A reminder in a direct chat: {example}", yes=YES, example=_reminder(ctx, event))
        if buttons(event)
        else None,
        ctx.text("More: {example}", example=call(ctx, event.id)),
        ctx.text("This comes late: I was away when it was due.") if late else None,
    )


def buttons(event: Kept) -> dict[str, str]:
    """Return what reactions to an announcement stand for. Commemorations and deadlines have none."""
    return {YES: f"event going {event.id}"} if event.kind in ATTENDED else {}


def reminder(ctx: Context, event: Kept, one: Coming, *, late: bool) -> Markdown:
    """Remind somebody who wished so."""
    lines = [ctx.text("A reminder: {event}", event=strong(event.title(ctx.language))), when_of(ctx, event, one)]
    if event.certainty == "tentative":
        lines.append(ctx.text("Not yet confirmed."))
    if event.place:
        lines.append(escape(event.place))
    if event.link:
        lines.append(link(event.link, event.link))
    return paragraphs(
        join("\n", lines),
        ctx.text("More: {example}", example=call(ctx, event.id)),
        ctx.text("This comes late: I was away when it was due.") if late else None,
    )


def news(ctx: Context, event: Kept, one: Coming | None) -> Markdown:
    """Tell who goes, or wishes to be reminded, that an event changed."""
    title = strong(event.title(ctx.language))
    if event.certainty == "cancelled" or one is None:
        return paragraphs(
            ctx.text("{event} is cancelled. {reason}", event=title, reason=event.reason or ""),
            ctx.text("You get this because you go, or wished to be reminded."),
        )
    return paragraphs(
        join("\n", [ctx.text("{event} has changed. It now reads:", event=title), when_of(ctx, event, one)]),
        ctx.text("More: {example}", example=call(ctx, event.id)),
        ctx.text("You get this because you go, or wished to be reminded."),
    )


def missed_reminders(ctx: Context, event: Kept) -> Markdown:
    """Tell moderators that people were not reminded of an event, because it would have come too late."""
    return ctx.text(
        "I was away when members were to be reminded of {event}. It had begun when I came back, so I left it out.",
        event=strong(event.title(ctx.language)),
    )


def _reminder(ctx: Context, event: Kept) -> Markdown:
    return code(ctx.typed("event remind", f"{event.id} 2h"))


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
