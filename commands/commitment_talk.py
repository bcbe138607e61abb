"""Committing to something: `!commit` asks in a direct chat, and shows what will be published before it goes."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import partial

from commands import talks
from commands.attachment import Reply
from commands.categories import CATEGORIES, WORDS, category
from commands.commitment_card import KIND, milestones, none_of
from commands.context import Context, mark
from commands.dates import Unclear, explain, understand
from commands.errors import CommandError
from commands.moments import in_full
from commands.practice_card import VISIBILITY
from commands.practice_questions import NOTICE
from commands.practice_share import finish, save, so_far
from commands.questions import agreed, choices, country, day, in_a_line, one_of, says, text, yes
from commands.registry import command
from commands.rendering import Markdown, code, paragraphs
from commands.talks import TALKS, Question, Talk
from config import zones
from storage.commitments import Promise
from storage.talks import Answers

TITLE, BODY, STEP, KNOWN = 200, 120, 200, 1000
MILESTONES = 10
LONGEST = timedelta(days=30 * 366)
"""How far ahead a deadline may be."""
_ISO = re.compile(r"\s*(\d{4}-\d\d-\d\d)\s+(\S.*)", re.DOTALL)
_NEXT = re.compile(r"\n|;\s*(?=\d)")
"""Where a milestone ends: with its line, or where a semicolon is followed by a number."""


@command(
    "commit",
    topic="practices",
    examples={"en": ("commit",), "fr": ("engagement prendre",), "es": ("compromiso asumir",)},
    aliases={"fr": ("engagement prendre",), "es": ("compromiso asumir",)},
    writes=True,
)
async def commit(ctx: Context) -> Reply:
    """Commit to something for the prevention of atrocities, by a date. I ask you in a direct chat.

    It is published when the moderators approve it. I remind you before each of its dates.
    """
    return await talks.begin(ctx, KIND)


async def _category(ctx: Context, said: str, _answers: Answers) -> str:
    found = category(said)
    if found is None:
        raise CommandError(none_of(ctx, said, CATEGORIES, WORDS))
    return found


async def _deadline(ctx: Context, said: str, answers: Answers) -> str:
    found = await day(ctx, said, answers)
    if date.fromisoformat(found) > ctx.now.date() + LONGEST:
        raise CommandError(ctx.text("That is more than 30 years ahead. Please name an earlier day."))
    later = [one.day for one in Promise.lines(answers.get("milestones")) if one.day > date.fromisoformat(found)]
    if later:
        raise CommandError(
            ctx.text(
                "A milestone is on {day}, after that. Skip this one, change the milestones, and come {back}.",
                day=in_full(later[0], ctx.language),
                back=code(talks.word(ctx, "back")),
            )
        )
    return found


async def _milestones(ctx: Context, said: str, answers: Answers) -> str:
    """Read milestones; return them as lines, each of which begins with its date (ISO 8601)."""
    await zones.ready()
    lines = [line for line in _NEXT.split(await text(MILESTONES * STEP)(ctx, said, answers)) if line.strip()]
    if len(lines) > MILESTONES:
        raise CommandError(ctx.text("That is too many; I keep up to {most} milestones.", most=MILESTONES))
    earlier = {one.day for one in Promise.lines(answers.get("milestones"))}
    last = date.fromisoformat(answers["deadline"])
    found = []
    for line in lines:
        by, what = _one(ctx, line)
        if by < ctx.now.date() and by not in earlier:
            raise CommandError(ctx.text("{day} is in the past.", day=in_full(by, ctx.language)))
        if by > last:
            raise CommandError(
                ctx.text(
                    "{day} is after the deadline, {deadline}.",
                    day=in_full(by, ctx.language),
                    deadline=in_full(last, ctx.language),
                )
            )
        found.append(f"{by.isoformat()} {what}")
    return "\n".join(sorted(found))


def _one(ctx: Context, line: str) -> tuple[date, str]:
    """Take the date from a line, and return what is left of it."""
    exact = _ISO.fullmatch(line)
    head, _, tail = (exact[1], "", exact[2]) if exact else line.partition(":")
    found = understand(head, ctx.language, ctx.now, ctx.timezone)
    if isinstance(found, Unclear) or found.rest.strip():
        tail, found = "", understand(line, ctx.language, ctx.now, ctx.timezone)
    if isinstance(found, Unclear):
        raise CommandError(
            paragraphs(
                explain(ctx.language, found),
                ctx.text("One line for each, the date first. For example: {example}", example=_example(ctx)),
            )
        )
    what = " ".join((tail or found.rest).split()).strip(" :–—-,.;")
    if not what:
        raise CommandError(ctx.text("What is to be done by {day}?", day=in_full(found.date, ctx.language)))
    if len(what) > STEP:
        raise CommandError(
            ctx.text("That has {count} characters; at most {most} fit here.", count=len(what), most=STEP)
        )
    return found.date, what


def _example(ctx: Context) -> Markdown:
    return code(str(ctx.text("1 June 2027: the curriculum is written")))


def _ask_milestones(ctx: Context, answers: Answers) -> Markdown:
    return ctx.text(
        "By {day}, then. Are there milestones on the way? One line for each, the date first. For example: "
        "{example}",
        day=in_full(date.fromisoformat(answers["deadline"]), ctx.language),
        example=_example(ctx),
    )


def _ask_known(ctx: Context, answers: Answers) -> Markdown:
    return paragraphs(
        milestones(ctx, Promise.lines(answers.get("milestones"))),
        ctx.text(
            "How will one know that it is done? For example: {example}",
            example=code(str(ctx.text("The list of academies that teach it is published."))),
        ),
    )


QUESTIONS = (
    NOTICE,
    Question("category", says(mark("Who commits? {choices}"), choices=choices(CATEGORIES)), _category),
    Question(
        "body",
        says(mark("What is this body called? Skip it if it is not to be named.")),
        in_a_line(BODY),
        optional=True,
    ),
    Question(
        "country",
        says(
            mark("For which country? For example: {example}. If it is for none in particular, type {general}."),
            example=lambda ctx: code(str(ctx.text("Kenya"))),
            general=lambda ctx: code(str(ctx.text("general"))),
        ),
        country,
    ),
    Question(
        "title",
        says(
            mark("What is committed to, in one sentence? For example: {example}"),
            example=lambda ctx: code(str(ctx.text("All police academies teach early warning."))),
        ),
        in_a_line(TITLE),
    ),
    Question(
        "deadline",
        says(mark("By when? For example: {example}"), example=lambda ctx: code(str(ctx.text("9 December 2027")))),
        _deadline,
    ),
    Question("milestones", _ask_milestones, _milestones, optional=True, long=True),
    Question("known", _ask_known, text(KNOWN)),
    Question(
        "rights",
        says(mark("May you say this for those who commit? Type {yes}."), yes=lambda ctx: code(yes(ctx))),
        agreed,
    ),
    Question(
        "visibility",
        says(
            mark(
                "Who may see it? {choices}. In the community both are shown. What everybody may see can also "
                "stand on public web pages, with what you report on it, and search engines find it there."
            ),
            choices=choices(VISIBILITY),
        ),
        one_of(VISIBILITY),
    ),
)
TALKS[KIND] = Talk(
    kind=KIND,
    questions=QUESTIONS,
    finish=partial(finish, kind=KIND),
    preview=partial(so_far, kind=KIND),
    save=partial(save, kind=KIND),
)
