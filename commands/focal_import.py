"""Many records at once: `!import focal` with a table, shown before it is applied; and `!export focal`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from commands.attachment import Attachment, Reply
from commands.context import Context, Permission, mark
from commands.errors import CommandError
from commands.focal_card import KIND
from commands.imports import IMPORTS, Import, offer
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from config import countries
from storage import focal, focal_changes, focal_csv
from storage.focal import Record
from storage.focal_changes import Plan
from storage.focal_csv import Mistake, Problem

KEPT = "focal"
"""What these imports are called in storage."""

NAMED = 5
"""Records of each sort that a preview names."""

MISTAKES = 40
"""Shown in one answer: enough for a file that somebody wrote by hand."""


@command(
    "import focal",
    topic="focal",
    examples={"en": ("import focal",), "fr": ("importer focal",), "es": ("importar focal",)},
    aliases={"fr": ("importer focal",), "es": ("importar focal",)},
    permission=Permission.MODERATOR,
    writes=True,
    file=True,
)
async def import_focal(ctx: Context) -> Reply:
    """Read records from a table (CSV) and show what would change.

    Send the file with this command as its caption, or reply to the file with it, or send the file within ten
    minutes. Nothing changes before you confirm. Records that are not in the file stay as they are; a row whose
    status is "removed" removes one.
    """
    return await _import(ctx, whole=False)


@command(
    "import focal all",
    topic="focal",
    examples={"en": ("import focal all",), "fr": ("importer focal tout",), "es": ("importar focal todo",)},
    aliases={"fr": ("importer focal tout",), "es": ("importar focal todo",)},
    permission=Permission.MODERATOR,
    writes=True,
    file=True,
)
async def import_all(ctx: Context) -> Reply:
    """Read records from a table (CSV) that holds all there are: what is not in it is removed."""
    return await _import(ctx, whole=True)


@command(
    "export focal",
    topic="focal",
    examples={"en": ("export focal",), "fr": ("exporter focal",), "es": ("exportar focal",)},
    aliases={"fr": ("exporter focal",), "es": ("exportar focal",)},
    permission=Permission.MODERATOR,
)
async def export_focal(ctx: Context) -> Reply:
    """Send all records as a table (CSV) that a spreadsheet opens, and that I take back."""
    book = await focal.book(ctx.storage)
    data = await asyncio.to_thread(focal_csv.write, book.records)
    sentence = ctx.plural(
        "The table with {count} record, as of now.",
        "The table with {count} records, as of now.",
        len(book.records),
    )
    return Reply(sentence, (Attachment(f"focal-{ctx.now:%Y-%m-%d}.csv", "text/csv", data),))


async def _import(ctx: Context, *, whole: bool) -> Reply:
    file = ctx.surroundings.file
    if file is None:
        name = "import focal all" if whole else "import focal"
        return Reply(
            ctx.text(
                "Send me the table (CSV) within ten minutes. {export} gives you one to begin with.",
                export=code(ctx.typed("export focal")),
            ),
            awaits_file=name,
        )
    table = await asyncio.to_thread(focal_csv.read, file.data, ctx.now.date())
    if table.mistakes:
        raise CommandError(_mistakes(ctx, table.mistakes))
    book = await focal.book(ctx.writer)
    plan = focal_changes.plan(book, table.records, table.removed, whole=whole, silent=table.silent)
    if plan.is_empty:
        return Reply(ctx.text("Everything in this table is already so; there is nothing to change."))
    return await offer(ctx, KEPT, plan.model_dump(mode="json"), _preview(ctx, plan))


async def apply(ctx: Context, proposal_id: int, raw: dict[str, object]) -> Markdown:
    """Do what was shown.

    Raises:
        CommandError: a record was changed since; then nothing is done.

    """
    plan = Plan.model_validate(raw)
    conflicts = await focal_changes.conflicts(ctx.writer, plan)
    if conflicts:
        raise CommandError(
            paragraphs(
                ctx.text("Nothing was changed, because these were changed after I showed you the preview:"),
                _list(ctx, conflicts),
                ctx.text("Import the table again to see what would change now."),
            )
        )
    await focal_changes.apply(ctx.writer, plan, by=ctx.asker.user_id, at=ctx.now, proposal_id=proposal_id)
    return _counts(ctx, plan)


async def undo(ctx: Context, proposal_id: int) -> Markdown:
    """Take back what an import did, but for what was changed since."""
    count, left = await focal_changes.undo(ctx.writer, proposal_id, by=ctx.asker.user_id, at=ctx.now)
    said = ctx.plural("{count} record is as before.", "{count} records are as before.", count)
    if not left:
        return said
    return paragraphs(said, ctx.text("These were changed since, and stay as they are:"), _list(ctx, left))


def _preview(ctx: Context, plan: Plan) -> Markdown:
    parts: list[Markdown | None] = [_counts(ctx, plan)]
    if plan.new:
        parts.append(_section(ctx, ctx.text("New"), plan.new))
    if plan.changed:
        rows = [
            Markdown("{} ({})").format(_record(ctx, one.record), ", ".join(one.fields))
            for one in plan.changed[:NAMED]
        ]
        parts.append(_rows(ctx, ctx.text("Changed"), rows, len(plan.changed)))
    if plan.removed:
        parts.append(_section(ctx, ctx.text("Removed"), [one.record for one in plan.removed]))
    return paragraphs(*parts)


def _counts(ctx: Context, plan: Plan) -> Markdown:
    return ctx.text(
        "New: {new}; changed: {changed}; removed: {removed}; as before: {same}.",
        new=len(plan.new),
        changed=len(plan.changed),
        removed=len(plan.removed),
        same=plan.same,
    )


def _section(ctx: Context, heading: Markdown, records: list[Record]) -> Markdown:
    return _rows(ctx, heading, [_record(ctx, one) for one in records[:NAMED]], len(records))


def _rows(ctx: Context, heading: Markdown, rows: list[Markdown], total: int) -> Markdown:
    left = total - len(rows)
    more = ctx.plural("and {count} more", "and {count} more", left) if left else None
    return join("\n", [strong(heading), bullets([*rows, *([more] if more else [])])])


def _list(ctx: Context, records: Iterable[Record]) -> Markdown:
    found = [_record(ctx, one) for one in records]
    left = len(found) - 2 * NAMED
    more = [ctx.plural("and {count} more", "and {count} more", left)] if left > 0 else []
    return bullets([*found[: 2 * NAMED], *more])


def _record(ctx: Context, record: Record) -> Markdown:
    holder = countries.countries().get(record.holder) or countries.organisations().get(record.holder)
    name = holder.name(ctx.language) if holder else record.holder
    number = f" {record.number}" if record.number > 1 else ""
    return Markdown("{} – {}{}").format(name, ctx.text(KIND[record.kind]), number)


PROBLEMS: dict[Problem, str] = {
    "encoding": mark("the file is not in UTF-8. Save it as “CSV UTF-8”"),
    "quotes": mark("the quotation marks do not fit, so nothing after this can be read"),
    "length": mark("a cell is far too long"),
    "too_many_rows": mark("a table has at most {value} rows"),
    "too_many_cells": mark("this row has more cells than there are headings"),
    "no_rows": mark("the table has no rows"),
    "heading_missing": mark("the column {column} is missing"),
    "heading_unknown": mark("there is no column {value}"),
    "heading_twice": mark("the column {column} is there twice"),
    "kind": mark("{value} is no kind of record"),
    "country": mark("I know no country called {value}"),
    "country_unclear": mark("{value} can mean several countries. Write its code"),
    "number": mark("{value} is no number from 1 to 99"),
    "year": mark("{value} is no year"),
    "status": mark("{value} is no status. Write active, vacant, unknown or removed"),
    "evidence": mark("{value} is no level of evidence. Write A, A-, B, C, D or GK"),
    "date": mark("{value} is no date. Write 2026, 2026-11 or 2026-11-30"),
    "future": mark("{value} lies in the future"),
    "address": mark("{value} is no address that begins with https://"),
    "empty": mark("the cell is empty"),
    "contact": mark("a contact needs the address of the official page that publishes it"),
    "long": mark("the text is too long"),
    "twice": mark("this record stands in line {value} already"),
    "community": mark("{value} is no community. Write genocide prevention, R2P, both, or nothing"),
}


def _mistakes(ctx: Context, mistakes: list[Mistake]) -> Markdown:
    lines = len(dict.fromkeys(one.line for one in mistakes))
    rows = [_mistake(ctx, one) for one in mistakes[:MISTAKES]]
    left = len(mistakes) - len(rows)
    more = [ctx.plural("and {count} more", "and {count} more", left)] if left else []
    return paragraphs(
        ctx.plural(
            "{count} line of this table has a mistake. Nothing was changed.",
            "{count} lines of this table have mistakes. Nothing was changed.",
            lines,
        ),
        bullets([*rows, *more]),
    )


def _mistake(ctx: Context, one: Mistake) -> Markdown:
    said = ctx.text(PROBLEMS[one.problem], value=code(one.value) if one.value else "–", column=code(one.column))
    where = ctx.text("line {line}", line=one.line)
    if one.column and not one.problem.startswith("heading"):
        where = Markdown("{}, {}").format(where, code(one.column))
    return ctx.row(where, said)


IMPORTS[KEPT] = Import(apply, undo)
