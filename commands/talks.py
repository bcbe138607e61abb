"""Guided talks: one question after the other in a direct chat, where every message without prefix is an answer.

A talk is declared as questions and as what becomes of the answers. What was answered is stored with each message,
so that a talk goes on after a restart, and on another device.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from commands.arguments import Label, Rest
from commands.attachment import Post, Reply
from commands.context import Context, mark
from commands.errors import CommandError
from commands.registry import Command, command
from commands.rendering import Markdown, code, join, paragraphs
from storage import talks as storage
from storage.folding import fold
from storage.talks import Answers

LASTS = timedelta(days=7)
BACK = frozenset({"back", "retour", "atras", "volver"})
SKIP = frozenset({"skip", "passer", "omitir", "saltar"})
CANCEL = frozenset({"cancel", "annuler", "cancelar", "stop"})
"""What people type, folded; shown in their language by `word`."""
SHOWN = {
    "back": {"en": "back", "fr": "retour", "es": "atrás"},
    "skip": {"en": "skip", "fr": "passer", "es": "omitir"},
    "cancel": {"en": "cancel", "fr": "annuler", "es": "cancelar"},
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `ask` puts it into words, `read` understands an answer or raises a `CommandError`."""

    key: str
    ask: Callable[[Context, Answers], Markdown]
    read: Callable[[Context, str, Answers], Awaitable[Any]]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """Questions, and what becomes of the answers."""

    kind: str
    questions: tuple[Question, ...]
    finish: Callable[[Context, Answers], Awaitable[Reply]]


TALKS: dict[str, Talk] = {}
"""By kind; each module that has a talk adds its own."""


async def begin(ctx: Context, kind: str, answers: Answers | None = None) -> Reply:
    """Begin a talk with the person who asks, in a direct chat, whatever was talked of before."""
    talk = TALKS[kind]
    going_on = storage.Talk(
        person=ctx.asker.user_id, kind=kind, step=0, answers=answers or {}, expires_at=ctx.now + LASTS
    )
    await storage.put(ctx.writer, going_on)
    question = _asked(ctx, talk, going_on)
    if ctx.asker.direct:
        return Reply(question)
    return Reply(ctx.text("I have asked you in a direct chat."), posts=(Post(ctx.asker.user_id, question),))


@command("talk", topic="you", examples={"en": ("talk …",)}, writes=True)
async def answer(ctx: Context, said: Annotated[Rest, Label(mark("answer"))]) -> Reply:
    """Take what was said as the answer to the question of the talk that is going on."""
    going_on = await storage.of(ctx.storage, ctx.asker.user_id, ctx.now)
    if going_on is None or going_on.kind not in TALKS:
        raise CommandError(ctx.text("We were not talking of anything."))
    talk, folded = TALKS[going_on.kind], fold(said)
    if folded in CANCEL:
        await storage.end(ctx.writer, ctx.asker.user_id)
        return Reply(ctx.text("Dropped. Nothing was changed."))
    question = talk.questions[going_on.step]
    step, answers = going_on.step, dict(going_on.answers)
    if folded in BACK:
        step = max(0, step - 1)
    elif folded in SKIP:
        # What was answered before stays as it was.
        if not question.optional and question.key not in answers:
            raise CommandError(ctx.text("This one is needed."))
        step += 1
    else:
        answers[question.key] = await question.read(ctx, said, answers)
        step += 1
    if step == len(talk.questions):
        await storage.end(ctx.writer, ctx.asker.user_id)
        return await talk.finish(ctx, answers)
    update = {"step": step, "answers": answers, "expires_at": ctx.now + LASTS}
    going_on = going_on.model_copy(update=update)
    await storage.put(ctx.writer, going_on)
    return Reply(_asked(ctx, talk, going_on))


def _asked(ctx: Context, talk: Talk, going_on: storage.Talk) -> Markdown:
    question = talk.questions[going_on.step]
    there = {"number": going_on.step + 1, "total": len(talk.questions)}
    words = [code(word(ctx, "cancel"))]
    if going_on.step:
        words.insert(0, code(word(ctx, "back")))
    if question.optional or question.key in going_on.answers:
        words.insert(0, code(word(ctx, "skip")))
    earlier = going_on.answers.get(question.key)
    return paragraphs(
        Markdown("{} {}").format(ctx.text("({number} of {total})", **there), question.ask(ctx, going_on.answers)),
        ctx.text("Until now: {answer}", answer=str(earlier)[:200]) if isinstance(earlier, str) else None,
        ctx.text("Or type: {words}", words=join(", ", words)),
    )


def word(ctx: Context, name: str) -> str:
    """Return what is typed to steer a talk: back, skip, cancel."""
    return SHOWN[name].get(ctx.language, name)


ANSWER: Command = answer.__command__  # type: ignore[attr-defined]
"""Not in the registry: nobody types it. What is said in a talk leads to it."""
