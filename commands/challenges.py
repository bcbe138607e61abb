"""Challenges: a question to the community – how did others do it? – and the practices that may answer it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from commands import talks
from commands.arguments import Label, Rest
from commands.attachment import Reply
from commands.context import Context, mark
from commands.errors import CommandError
from commands.forms import FORMS, Form
from commands.practice_card import ATTRIBUTIONS, attribution, country_name, details, matching
from commands.practice_card import line as practice_line
from commands.practice_questions import NOTICE
from commands.practice_share import finish, save, so_far
from commands.questions import agreed, choices, country, in_a_line, one_of, says, text, yes
from commands.registry import command
from commands.rendering import Markdown, bullets, code, escape, join, paragraphs, strong
from commands.talks import TALKS, Question, Talk
from storage import submissions
from storage.folding import fold
from storage.submissions import PUBLIC, Kind, Submission

KIND: Kind = "challenge"
ROWS, ANSWERS = 10, 5


@command(
    "challenge ask",
    topic="practices",
    examples={"en": ("challenge ask",), "fr": ("défi poser",), "es": ("reto plantear",)},
    aliases={"fr": ("défi poser",), "es": ("reto plantear",)},
    writes=True,
)
async def ask(ctx: Context) -> Reply:
    """Ask the community how others dealt with a challenge. I ask you in a direct chat; the moderators decide."""
    return await talks.begin(ctx, KIND)


@command(
    "challenges",
    topic="practices",
    examples={"en": ("challenges", "challenges radio"), "fr": ("défis",), "es": ("retos",)},
    aliases={"fr": ("défis",), "es": ("retos",)},
)
async def listed(ctx: Context, words: Annotated[Rest | None, Label(mark("words"))] = None) -> Markdown:
    """List what members ask the community, the newest first."""
    found = await submissions.published(ctx.storage, KIND, limit=500)
    asked = fold(words or "").split()
    found = [one for one in found if all(word in _words(one) for word in asked)]
    if not found:
        return paragraphs(
            ctx.text("No challenge is open for {words}.", words=words)
            if words
            else ctx.text("No challenge is open."),
            ctx.text("Do you have a question to the community? {ask}", ask=code(ctx.typed("challenge ask"))),
        )
    rows = [_line(ctx, one) for one in found[:ROWS]]
    left = len(found) - len(rows)
    more = [ctx.plural("and {count} more", "and {count} more", left)] if left else []
    return bullets([*rows, *more])


@command(
    "challenge",
    topic="practices",
    examples={"en": ("challenge 17",), "fr": ("défi 17",), "es": ("reto 17",)},
    aliases={"fr": ("défi",), "es": ("reto",)},
)
async def show(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Markdown:
    """Show a challenge, with the practices that may answer it."""
    one = await submissions.get(ctx.storage, number)
    if one is None or one.kind != KIND or one.state not in PUBLIC:
        raise CommandError(
            ctx.text(
                "There is no challenge {number}. {list} shows what there is.",
                number=number,
                list=code(ctx.typed("challenges")),
            )
        )
    return await card(ctx, one)


async def card(ctx: Context, one: Submission) -> Markdown:
    """Write a challenge as it is, or will be, published."""
    fields, public = one.fields, one.state in PUBLIC
    title = strong(fields.get("title", "–"))
    head = Markdown("{} ({})").format(title, code(ctx.typed("challenge", str(one.id)))) if public else title
    place = country_name(ctx, fields.get("country"))
    return paragraphs(
        join("\n", [head, *([escape(place)] if place else [])]),
        escape(fields["context"], lines=True) if fields.get("context") else None,
        attribution(ctx, one.fields),
        await _answers(ctx, one),
        ctx.text(
            "Do you know an answer? Write it into the thread of this message, or share a practice: {share}",
            share=code(ctx.typed("practice share")),
        )
        if public
        else None,
    )


async def _answers(ctx: Context, one: Submission) -> Markdown | None:
    """Return which practices may answer it."""
    words = f"{one.fields.get('title', '')} {one.fields.get('context', '')}"
    found = (await matching(ctx, words, one.language))[:ANSWERS]
    if not found:
        return None
    return join("\n", [ctx.text("These practices may help:"), bullets(practice_line(ctx, each) for each in found)])


def _line(ctx: Context, one: Submission) -> Markdown:
    return Markdown("{} ({})").format(strong(_title(ctx, one)), code(ctx.typed("challenge", str(one.id))))


def _words(one: Submission) -> str:
    return fold(f"{one.fields.get('title', '')} {one.fields.get('context', '')}")


def _title(_ctx: Context, one: Submission) -> str:
    return str(one.fields.get("title", "–"))


FORMS[KIND] = Form(name=mark("challenge"), title=_title, card=card, details=details, editable=True)
TALKS[KIND] = Talk(
    kind=KIND,
    questions=(
        NOTICE,
        Question(
            "title",
            says(
                mark("What do you ask, in one sentence? For example: {example}"),
                example=lambda ctx: code(str(ctx.text("How did others answer rumours before elections?"))),
            ),
            in_a_line(200),
        ),
        Question(
            "context",
            says(mark("What should one know to answer? What have you tried?")),
            text(3000),
            optional=True,
            long=True,
        ),
        Question(
            "country",
            says(
                mark("In which country, or is it general? For example: {example}"),
                example=lambda ctx: code(str(ctx.text("Kenya"))),
            ),
            country,
        ),
        Question(
            "persons",
            says(
                mark("Can no victim, witness or source be recognised in it, who did not agree? Type {yes}."),
                yes=lambda ctx: code(yes(ctx)),
            ),
            agreed,
        ),
        Question(
            "attribution",
            says(mark("How should it be published? {choices}"), choices=choices(ATTRIBUTIONS)),
            one_of(ATTRIBUTIONS),
        ),
        Question(
            "attributed",
            says(mark("Which name or organisation should stand there?")),
            in_a_line(120),
            optional=True,
            when=lambda answers: answers.get("attribution") in ("name", "organisation"),
        ),
    ),
    finish=partial(finish, kind=KIND),
    preview=partial(so_far, kind=KIND),
    save=partial(save, kind=KIND),
)
