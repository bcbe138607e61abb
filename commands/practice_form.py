"""A practice in one message: `practice form` gives a form, and reads one that is filled in."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

from commands.arguments import Label, Rest
from commands.attachment import Reply
from commands.context import Context, mark
from commands.errors import CommandError
from commands.practice_questions import QUESTIONS
from commands.practice_share import finish
from commands.questions import agreed, yes
from commands.registry import command
from commands.rendering import Markdown, bullets, code, paragraphs, strong
from commands.talks import Question
from storage.folding import fold

FIELDS: tuple[Question, ...] = tuple(one for one in QUESTIONS if one.label)
NOTICE = mark("I have read what the bot says about privacy")
_LINE = re.compile(r"^\s*([^:：\[\n]{2,80}?)\s*(?:\[[^\]\n]*\])?\s*[:：][ \t]*(.*)$")
"""A label, perhaps what there is to choose from, and what was filled in."""


@command(
    "practice form",
    topic="practices",
    examples={"en": ("practice form",), "fr": ("pratique formulaire",), "es": ("práctica formulario",)},
    aliases={"fr": ("pratique formulaire",), "es": ("práctica formulario",)},
    writes=True,
)
async def form(ctx: Context, filled: Annotated[Rest | None, Label(mark("filled form"))] = None) -> Reply:
    """Give a form for a practice, to be filled in and sent back in one message; or read one that is filled in."""
    if not ctx.asker.direct:
        raise CommandError(
            ctx.text(
                "I give and take forms in a direct chat only. Open one with me, and type {command}.",
                command=code("practice form"),
            )
        )
    if filled is None:
        return Reply(_template(ctx))
    answers: dict[str, Any] = {}
    wrong = []
    said = _read(ctx, filled)
    for question in _questions():
        text = said.get(question.key, "")
        if not question.applies(answers):
            continue
        if not text and question.optional:
            continue
        try:
            answers[question.key] = await question.read(ctx, text, answers)
        except CommandError as error:
            why = error.text if text else ctx.text("This one is needed.")
            wrong.append(ctx.row(strong(ctx.text(question.label)), why))
    if wrong:
        raise CommandError(
            paragraphs(
                ctx.text("Nothing is stored yet. Please correct this, and send the form again:"), bullets(wrong)
            )
        )
    return await finish(ctx, answers)


def _questions() -> tuple[Question, ...]:
    notice = next(one for one in QUESTIONS if one.key == "notice")
    labelled = Question("notice", notice.ask, notice.read, label=NOTICE)
    # Who fills in a form says what they say; none of it depends on whether they want to be asked more.
    rest = [replace(one, when=None) for one in FIELDS]
    return (labelled, *rest)


def _template(ctx: Context) -> Markdown:
    lines = [ctx.typed("practice form"), *(_line(ctx, one) for one in _questions())]
    notice = next(one for one in QUESTIONS if one.key == "notice")
    return paragraphs(
        notice.ask(ctx, {}),
        ctx.text(
            "Copy this, fill it in, and send it back. What you leave empty is left out; where something is to be "
            "agreed to, write {yes}.",
            yes=code(yes(ctx)),
        ),
        Markdown("```\n" + "\n".join(lines) + "\n```"),
    )


def _line(ctx: Context, question: Question) -> str:
    """Return a line of the form: the label, and what there is to choose from."""
    options = [str(ctx.text(name)) for name in question.options.values()] or (
        [yes(ctx)] if question.read is agreed else []
    )
    choice = f" [{' / '.join(options)}]" if options else ""
    return f"{ctx.text(question.label)}{choice}:"


def _read(ctx: Context, filled: str) -> dict[str, str]:
    """Return what stands behind each label, in any of the languages of the bot; a text may have many lines."""
    labels = {fold(str(ctx.text(one.label))): one.key for one in _questions()}
    labels |= {fold(one.label): one.key for one in _questions()}
    found: dict[str, list[str]] = {}
    at: str | None = None
    for line in filled.splitlines():
        match = _LINE.match(line)
        key = labels.get(fold(match[1])) if match else None
        if match and key:
            at = key
            found[at] = [match[2]]
        elif at is not None:
            found[at].append(line)
    return {key: "\n".join(lines).strip() for key, lines in found.items()}
