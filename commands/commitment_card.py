"""Commitments in words: as they are published, in a line, and how far they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from rapidfuzz import fuzz, process

from commands.attachment import Post
from commands.categories import CATEGORIES
from commands.context import Context, mark
from commands.deciding import own_post
from commands.forms import FORMS, Form
from commands.moments import in_full, in_short
from commands.names import K, Words, names_of
from commands.practice_card import VISIBILITY, country_name
from commands.questions import choices
from commands.registry import NEAR
from commands.rendering import Markdown, bullets, code, escape, join, link, paragraphs, strong
from config.languages import name_of
from storage import commitments, submissions
from storage.categories import Category
from storage.commitments import Commitment, Level, Milestone, Promise, Report
from storage.folding import fold
from storage.submissions import PUBLIC, Kind, Submission

KIND: Kind = "commitment"
LEVELS: Mapping[Level, str] = {
    "not started": mark("not started"),
    "limited": mark("limited"),
    "substantial": mark("substantial"),
    "complete": mark("complete"),
}
LEVEL_WORDS: Words[Level] = {
    "not started": ("not yet started", "pas commence", "no empezado"),
    "limited": ("partial", "partiel", "parcial"),
    "complete": ("completed", "done", "termine", "complet", "completado", "cumplido", "terminado"),
}
UNREPORTED = mark("no report yet")
REPORTS = 5
"""How many reports are shown with a commitment, the newest first."""


def none_of(
    ctx: Context, said: str, some: Mapping[K, str], words: Words[K], command: str | None = None
) -> Markdown:
    """Return what is said of something that is none of these: what there is, and what may be meant.

    With `command` that is shown in the example, with the name in its place.
    """
    names = names_of(some, words)
    near = process.extractOne(fold(said), names.keys(), scorer=fuzz.ratio, score_cutoff=NEAR)
    name = ctx.plain(some[names[near[0]]] if near else next(iter(some.values())))
    example = code(command.format(name) if command else name)
    # A number could be the beginning of what is said in a command.
    there = join(", ", [strong(ctx.text(one)) for one in some.values()]) if command else choices(some)(ctx)
    return join(
        " ",
        [
            ctx.text("{word} is none of these: {choices}.", word=code(said[:60]), choices=there),
            ctx.text("Did you mean {command}?", command=example)
            if near
            else ctx.text("For example: {example}", example=example),
        ],
    )


async def card(ctx: Context, one: Submission) -> Markdown:
    """Write a commitment as it is, or will be, published; what is not said yet is left out."""
    fields, public = one.fields, one.state in PUBLIC
    title = strong(fields.get("title", "–"))
    lines = [Markdown("{} ({})").format(title, code(ctx.typed("commitment", str(one.id)))) if public else title]
    about = who(ctx, fields.get("country"), fields.get("category"), fields.get("body"))
    if about:
        lines.append(about)
    if fields.get("deadline"):
        lines.append(ctx.text("By {day}.", day=in_full(date.fromisoformat(fields["deadline"]), ctx.language)))
    return paragraphs(
        join("\n", lines),
        milestones(ctx, Promise.lines(fields.get("milestones"))),
        ctx.text("How one will know: {text}", text=escape(fields["known"], lines=True))
        if fields.get("known")
        else None,
        await _progress(ctx, one.id) if public else None,
    )


def who(ctx: Context, country: str | None, category: Category | None, body: str | None) -> Markdown | None:
    """Write who commits, for which country: without the name where none is given, or the Chatham rule holds."""
    said = [escape(name)] if (name := country_name(ctx, country)) else []
    if category:
        kind = ctx.text(CATEGORIES[category])
        said.append(kind if ctx.chatham or not body else Markdown("{} ({})").format(kind, body))
    return join(" · ", said) if said else None


def milestones(ctx: Context, some: list[Milestone]) -> Markdown | None:
    """List milestones with their days; None when there are none."""
    if not some:
        return None
    rows = [Markdown("{} – {}").format(in_full(one.day, ctx.language), one.what) for one in some]
    return join("\n", [ctx.text("Milestones:"), bullets(rows)])


async def _progress(ctx: Context, number: int) -> Markdown:
    """Write what was reported on a commitment, the newest first."""
    told = await commitments.reports(ctx.storage, number)
    if not told:
        return ctx.text("How far it is: {level}.", level=ctx.text(UNREPORTED))
    rows = [report_line(ctx, report) for report in told[: -REPORTS - 1 : -1]]
    return join("\n", [ctx.text("How far it is, by the reports of its author:"), bullets(rows)])


def report_line(ctx: Context, report: Report) -> Markdown:
    """Write a report in one line."""
    level = strong(ctx.text(LEVELS[report.level]))
    said = Markdown("{} ({})").format(level, in_short(report.at.date(), ctx.language)) if report.at else level
    if report.text:
        said = Markdown("{} – {}").format(said, report.text)
    evidence = link(str(ctx.text("evidence")), report.link) if report.link else ctx.text("no link to evidence")
    return Markdown("{} – {}").format(said, evidence)


def line(ctx: Context, one: Commitment) -> Markdown:
    """Write a published commitment in one line: what, who, by when, and how far by the last report."""
    promise = one.promise
    parts = [
        strong(promise.title),
        who(ctx, promise.country, promise.category, promise.body),
        ctx.text("by {day}", day=in_short(promise.deadline, ctx.language)),
        ctx.text(LEVELS[one.level] if one.level else UNREPORTED),
    ]
    said = join(" – ", [part for part in parts if part])
    return Markdown("{} ({})").format(said, code(ctx.typed("commitment", str(one.id))))


def details(ctx: Context, one: Submission) -> Markdown:
    """Write what else moderators and the author see: the language, and who may see it."""
    shown = [ctx.text("Language: {language}", language=name_of(one.language, ctx.language))]
    whom = VISIBILITY.get(one.fields.get("visibility", ""))
    if whom is not None:
        shown.append(ctx.text("To be seen by {whom}.", whom=ctx.text(whom)))
    return join("\n", shown)


async def _posts(ctx: Context, one: Submission) -> list[Post]:
    """Return its message in the practices room; without it, its reports are taken back, too."""
    public = one.state in PUBLIC
    reports = [] if public else await submissions.belonging(ctx.storage, one.id)
    return [await own_post(ctx, one, public=public)] + [
        await own_post(ctx, report, public=False) for report in reports
    ]


def _title(_ctx: Context, one: Submission) -> str:
    return str(one.fields.get("title", "–"))


FORMS[KIND] = Form(
    name=mark("commitment"),
    title=_title,
    card=card,
    details=details,
    posts=_posts,
    news={"publish": mark("{title} is published. I remind you before each of its dates.")},
    editable=True,
)
