"""Reports on a commitment, in one line: `!commitment 5 progress substantial trained 40 officers https://…`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

from commands.arguments import Label, Rest
from commands.attachment import Post, Reply
from commands.commitment_card import KIND as COMMITMENT
from commands.commitment_card import LEVEL_WORDS, LEVELS, none_of, report_line
from commands.commitments import unknown
from commands.context import Context, mark
from commands.deciding import own_post, published_post, submit
from commands.errors import ArgumentError, CommandError
from commands.forms import FORMS, Form, state_of
from commands.names import names_of
from commands.questions import in_a_line
from commands.registry import command
from commands.rendering import Markdown, code, join, paragraphs, strong
from storage import identities, submissions
from storage.commitments import Level, Report
from storage.folding import fold
from storage.submissions import PUBLIC, Kind, Submission

KIND: Kind = "progress"
TEXT, LINK = 300, 500
WORDS = 4
"""Of the longest name of a level."""
COUNTED = (*PUBLIC, "safety_hold", "archived", "withdrawn")
"""States in which a report counts, or has ceased to; in the others its commitment is as it was."""
_URL = re.compile(r"https?://[^\s<>()\[\]\\]+")


@command(
    "commitment progress",
    topic="practices",
    examples={
        "en": ("commitment progress 5 substantial 40 officers are trained https://example.org/report",),
        "fr": ("engagement progrès 5 substantiel 40 agents sont formés https://example.org/rapport",),
        "es": ("compromiso avance 5 sustancial 40 agentes formados https://example.org/informe",),
    },
    aliases={"fr": ("engagement progrès",), "es": ("compromiso avance",)},
    writes=True,
)
async def progress(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    said: Annotated[Rest, Label(mark("level, what was done, link to evidence"))],
) -> Reply:
    """Report how far your commitment is: not started, limited, substantial or complete, and where one sees it.

    The moderators decide before it is published. `!commitment 5 progress …` does the same.
    """
    one = await submissions.get(ctx.storage, number)
    me = await identities.known_pseudonym(ctx.storage, ctx.asker.user_id)
    mine = one is not None and me is not None and one.author == me
    if one is None or one.kind != COMMITMENT or not (mine or one.state in PUBLIC):
        raise unknown(ctx, number)
    if not mine:
        raise CommandError(ctx.text("Only who made a commitment reports on it."))
    if one.state not in PUBLIC:
        raise CommandError(ctx.text("That cannot be done now: it is {state}.", state=state_of(ctx, one)))
    report = await _read(ctx, number, said)
    # With the country, because for some two moderators must agree to a report, too.
    fields = {**report.model_dump(exclude={"id", "at"}), "country": one.fields.get("country")}
    reply = await submit(ctx, KIND, fields, report_line(ctx, report))
    if ctx.asker.direct:
        return reply
    # Who reports is who committed, and that was nobody's business.
    hint = ctx.text("In a direct chat with me nobody else sees that it is you.")
    return replace(reply, text=paragraphs(reply.text, hint))


async def _read(ctx: Context, number: int, said: str) -> Report:
    level, rest = _level(ctx, number, said.split())
    found = _URL.search(rest)
    address = found.group().rstrip(".,;:!?") if found else None
    text = " ".join(rest.replace(address, " ", 1).split()) if address else rest
    if address and len(address) > LINK:
        raise CommandError(
            ctx.text("That has {count} characters; at most {most} fit here.", count=len(address), most=LINK)
        )
    if address and not fold(text):
        text = ""  # what is left is the stop behind the address
    else:
        text = await in_a_line(TEXT)(ctx, text, {})
    return Report(commitment=number, level=level, text=text, link=address)


def _level(ctx: Context, number: int, words: list[str]) -> tuple[Level, str]:
    """Take the level from the beginning, by its name in any of the languages.

    Raises:
        ArgumentError: it is none. What may have been meant, and an example, stand in the message.

    """
    names = names_of(LEVELS, LEVEL_WORDS)
    for length in range(min(WORDS, len(words)), 0, -1):
        key = names.get(fold(" ".join(words[:length])))
        if key is not None:
            return key, " ".join(words[length:]).lstrip(":,;–— ")
    example = ctx.typed("commitment progress", f"{number} {{}} …")
    raise ArgumentError(none_of(ctx, words[0], LEVELS, LEVEL_WORDS, example))


async def card(ctx: Context, one: Submission) -> Markdown:
    """Write a report as it is, or will be, published, with what it is about."""
    report = Report.model_validate(one.fields)
    about = await submissions.get(ctx.storage, report.commitment)
    title = strong(about.fields.get("title", "–") if about else "–")
    head = Markdown("{} ({})").format(title, code(ctx.typed("commitment", str(report.commitment))))
    return join("\n", [head, report_line(ctx, report)])


async def _posts(ctx: Context, one: Submission) -> list[Post]:
    """Return its message in the thread of the commitment, and that of the commitment as it is now."""
    number = one.fields.get("commitment")
    about = await submissions.get(ctx.storage, number) if number else None
    stands = about is not None and about.state in PUBLIC
    public = stands and one.state in PUBLIC
    posts = [await own_post(ctx, one, public=public, thread=f"practice/{number}")]
    if about is not None and stands and one.state in COUNTED:
        posts += await published_post(ctx, about)
    return posts


def _title(ctx: Context, one: Submission) -> str:
    report = Report.model_validate(one.fields)
    level = ctx.text(LEVELS[report.level])
    return ctx.plain("Commitment {number}: {level}", number=report.commitment, level=level)


FORMS[KIND] = Form(
    name=mark("report"),
    title=_title,
    card=card,
    details=lambda _ctx, _one: None,
    posts=_posts,
    news={"publish": mark("Your report is published – {title}.")},
)
