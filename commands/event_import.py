"""A whole calendar at once: `!import events` with an iCalendar file, shown before it is applied."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from commands.attachment import Reply
from commands.context import Context, Permission, mark
from commands.errors import CommandError
from commands.events import sorted_by_start, span
from commands.imports import IMPORTS, Import, offer
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from storage import event_ics_reading, event_import, events
from storage.event_ics_reading import Calendar, Mistake, Note, Problem, Trouble, UnreadableError
from storage.event_import import Changed, Plan

KEPT = "events"
NAMED = 5
MISTAKES = 10

PROBLEMS: dict[Problem, str] = {
    "too_large": mark("The file is too large. I read calendars of up to 8 MB."),
    "too_many": mark("The file has too many events. I read up to 10,000."),
    "not_a_calendar": mark("The file is no calendar that I can read. I need one in the iCalendar format (.ics)."),
}
TROUBLES: dict[Trouble, str] = {
    "no_title": mark("it has no title"),
    "no_start": mark("it has no start that I can read"),
    "rule": mark("it comes by a rule that I do not follow: {value}"),
    "zone": mark("I know no time zone called {value}"),
    "range": mark("it changes a series from one day on; write two series"),
    "twice": mark("it is there twice"),
    "understood": mark("I could not read it"),
}
NOTES: dict[Note, str] = {
    "floating": mark("Some times have no time zone. I took them as those of {zone}."),
    "zone_guessed": mark("A time zone has a name of its own. I took one whose clocks go alike; please look."),
}


@command(
    "import events",
    topic="events",
    examples={"en": ("import events",), "fr": ("importer événements",), "es": ("importar eventos",)},
    aliases={"fr": ("importer événements",), "es": ("importar eventos",)},
    permission=Permission.MODERATOR,
    writes=True,
    file=True,
)
async def import_events(ctx: Context) -> Reply:
    """Read a calendar (.ics) and show what would change.

    Send the file with this command as its caption, or reply to the file with it, or send the file within ten
    minutes. Nothing changes before you confirm. Events that are not in the file stay as they are.
    """
    return await _import(ctx, whole=False)


@command(
    "import events all",
    topic="events",
    examples={"en": ("import events all",), "fr": ("importer événements tout",), "es": ("importar eventos todo",)},
    aliases={"fr": ("importer événements tout",), "es": ("importar eventos todo",)},
    permission=Permission.MODERATOR,
    writes=True,
    file=True,
)
async def import_all(ctx: Context) -> Reply:
    """Read a calendar (.ics) that holds all there are: what came from it before and is gone is cancelled."""
    return await _import(ctx, whole=True)


async def _import(ctx: Context, *, whole: bool) -> Reply:
    file = ctx.surroundings.file
    if file is None:
        return Reply(
            ctx.text("Send me the calendar (.ics) within ten minutes."),
            awaits_file="import events all" if whole else "import events",
        )
    try:
        calendar = await asyncio.to_thread(event_ics_reading.read, file.data, ctx.language, ctx.timezone)
    except UnreadableError as error:
        raise CommandError(ctx.text(PROBLEMS[error.problem])) from error
    plan = event_import.plan(calendar, await events.every(ctx.storage), ctx.now, ctx.language)
    left = plan.gone
    if not whole:
        plan = plan.model_copy(update={"gone": []})
    if plan.is_empty:
        return Reply(
            paragraphs(
                ctx.text("Everything in this calendar is already so; there is nothing to change."),
                _mistakes(ctx, calendar.mistakes),
                _left(ctx, left) if not whole else None,
            )
        )
    preview = paragraphs(*_preview(ctx, plan, calendar), _left(ctx, left) if not whole else None)
    return await offer(ctx, KEPT, plan.model_dump(mode="json"), preview)


async def apply(ctx: Context, proposal_id: int, raw: dict[str, object]) -> Markdown:
    """Do what was shown.

    Raises:
        CommandError: an event was changed since; then nothing is done.

    """
    plan = Plan.model_validate(raw)
    conflicts = await event_import.conflicts(ctx.writer, plan)
    if conflicts:
        raise CommandError(
            paragraphs(
                ctx.text("Nothing was changed, because these were changed after I showed you the preview:"),
                bullets([Markdown("{}").format(title) for title in conflicts[:NAMED]]),
                ctx.text("Import the calendar again to see what would change now."),
            )
        )
    await event_import.apply(ctx.writer, plan, by=ctx.asker.user_id, at=ctx.now, proposal_id=proposal_id)
    return _counts(ctx, plan)


async def undo(ctx: Context, proposal_id: int) -> Markdown:
    """Take back what an import did, but for what was changed since."""
    done, left = await event_import.undo(ctx.writer, proposal_id, by=ctx.asker.user_id, at=ctx.now)
    said = ctx.plural("{count} event is as before.", "{count} events are as before.", done)
    if not left:
        return said
    changed = ctx.plural(
        "{count} was changed since, and stays as it is.", "{count} were changed since, and stay as they are.", left
    )
    return join(" ", [said, changed])


def merged(ctx: Context, calendar: Calendar, plan: Plan) -> Markdown:
    """Tell moderators what a calendar that the operator subscribed to has changed."""
    return paragraphs(
        ctx.text("From the calendar {name}:", name=strong(calendar.name or "–")), *_preview(ctx, plan, calendar)
    )


def _preview(ctx: Context, plan: Plan, calendar: Calendar) -> list[Markdown | None]:
    parts: list[Markdown | None] = [_counts(ctx, plan)]
    if plan.new:
        rows = [
            Markdown("{} – {}").format(span(ctx, one), strong(one.title(ctx.language)))
            for one in sorted_by_start(plan.new)[:NAMED]
        ]
        parts.append(_rows(ctx, ctx.text("New"), rows, len(plan.new)))
    if plan.changed:
        parts.append(_rows(ctx, ctx.text("Changed"), _changed(plan.changed), len(plan.changed)))
    if plan.gone:
        parts.append(_rows(ctx, ctx.text("Gone, and to be cancelled"), _changed(plan.gone), len(plan.gone)))
    parts.append(_mistakes(ctx, calendar.mistakes))
    parts += [ctx.text(NOTES[note], zone=ctx.timezone) for note in sorted(calendar.notes)]
    return parts


def _counts(ctx: Context, plan: Plan) -> Markdown:
    return ctx.text(
        "New: {new}; changed: {changed}; cancelled: {gone}; as before: {same}.",
        new=len(plan.new),
        changed=len(plan.changed),
        gone=len(plan.gone),
        same=plan.same,
    )


def _changed(some: Sequence[Changed]) -> list[Markdown]:
    return [Markdown("{} ({})").format(strong(one.title), ", ".join(sorted(one.update))) for one in some[:NAMED]]


def _rows(ctx: Context, heading: Markdown, rows: list[Markdown], total: int) -> Markdown:
    left = total - len(rows)
    more = ctx.plural("and {count} more", "and {count} more", left) if left else None
    return join("\n", [strong(heading), bullets([*rows, *([more] if more else [])])])


def _left(ctx: Context, gone: list[Changed]) -> Markdown | None:
    if not gone:
        return None
    return ctx.plural(
        "{count} event that came from this calendar is not in the file, and stays. {all} cancels it.",
        "{count} events that came from this calendar are not in the file, and stay. {all} cancels them.",
        len(gone),
        all=code(ctx.typed("import events all")),
    )


def _mistakes(ctx: Context, mistakes: list[Mistake]) -> Markdown | None:
    if not mistakes:
        return None
    rows = [
        ctx.row(
            strong(one.title[:100] or "–"),
            ctx.text(TROUBLES[one.trouble], value=code(one.value) if one.value else "–"),
        )
        for one in mistakes[:MISTAKES]
    ]
    return _rows(ctx, ctx.text("Left out"), rows, len(mistakes))


IMPORTS[KEPT] = Import(apply, undo)
