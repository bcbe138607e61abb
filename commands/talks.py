"""Guided talks: one question after the other in a direct chat, where every message without prefix is an answer.

A talk is declared as questions and as what becomes of the answers. What was answered is stored with each message,
so that a talk goes on after a restart, and on another device.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Any

from commands.arguments import Label, Rest
from commands.attachment import Post, Reply
from commands.context import Context, mark
from commands.errors import CommandError
from commands.registry import Command, command
from commands.rendering import Markdown, code, join, paragraphs
from storage import talks as storage
from storage import unfinished
from storage.folding import fold
from storage.talks import Answers

LASTS = timedelta(days=7)
REMINDED = timedelta(days=1)
"""How long before a talk is forgotten its person is reminded of it."""
BACK = frozenset({"back", "retour", "atras", "volver"})
SKIP = frozenset({"skip", "passer", "omitir", "saltar"})
CANCEL = frozenset({"cancel", "annuler", "cancelar", "stop", "arreter", "parar"})
PREVIEW = frozenset({"preview", "apercu", "vista previa"})
SAVE = frozenset({"save", "enregistrer", "guardar"})
"""What people type, folded; shown in their language by `word`."""
SHOWN = {
    "back": {"en": "back", "fr": "retour", "es": "atrás"},
    "skip": {"en": "skip", "fr": "passer", "es": "omitir"},
    "cancel": {"en": "cancel", "fr": "annuler", "es": "cancelar"},
    "stop": {"en": "stop", "fr": "arrêter", "es": "parar"},
    "preview": {"en": "preview", "fr": "aperçu", "es": "vista previa"},
    "save": {"en": "save", "fr": "enregistrer", "es": "guardar"},
}
MORE = "+"
"""Begins a message that continues the answer before it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `ask` puts it into words, `read` understands an answer or raises a `CommandError`.

    It is asked only `when` that holds for the answers so far. An answer that is `long` may be continued in further
    messages. `label` names it in a form, with the
    `options` there are.
    """

    key: str
    ask: Callable[[Context, Answers], Markdown]
    read: Callable[[Context, str, Answers], Awaitable[Any]]
    optional: bool = False
    when: Callable[[Answers], bool] | None = None
    long: bool = False
    label: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    buttons: Callable[[Answers], Mapping[str, str]] | None = None
    """What reactions to the question stand for."""

    def applies(self, answers: Answers) -> bool:
        """Tell whether it is to be asked."""
        return self.when is None or self.when(answers)


@dataclass(frozen=True, slots=True)
class Talk:
    """Questions, and what becomes of the answers. `preview` shows them, `save` keeps them for another day.

    In one with `taken`, each answer counts as it was given: nothing goes back, or is corrected. `taken` is called
    once for each, by the key of its question, and returns what is said to it. Who says one of `stops` (folded), or
    wants to cancel, ends the talk, and is told what `stopped` returns.
    """

    kind: str
    questions: tuple[Question, ...]
    finish: Callable[[Context, Answers], Awaitable[Reply]]
    preview: Callable[[Context, Answers], Awaitable[Markdown]] | None = None
    save: Callable[[Context, Answers], Awaitable[Reply]] | None = None
    taken: Callable[[Context, str, Answers], Awaitable[Markdown]] | None = None
    stops: frozenset[str] = frozenset()
    stopped: Callable[[Context, Answers], Markdown] | None = None

    def following(self, step: int, answers: Answers) -> int:
        """Return the first question from `step` on that is to be asked; their number when none is left."""
        places = range(step, len(self.questions))
        return next((place for place in places if self.questions[place].applies(answers)), len(self.questions))

    def before(self, step: int, answers: Answers) -> int | None:
        """Return the last question before `step` that was to be asked."""
        places = range(step - 1, -1, -1)
        return next((place for place in places if self.questions[place].applies(answers)), None)


TALKS: dict[str, Talk] = {}
"""By kind; each module that has a talk adds its own."""


async def begin(ctx: Context, kind: str, answers: Answers | None = None, *, first: str | None = None) -> Reply:
    """Begin a talk with the person who asks, in a direct chat, whatever was talked of before.

    It begins with the question `first`, if there is one of that key.
    """
    talk = TALKS[kind]
    step = next((place for place, one in enumerate(talk.questions) if one.key == first), 0)
    going_on = storage.Talk(
        person=ctx.asker.user_id, kind=kind, step=step, answers=answers or {}, expires_at=ctx.now + LASTS
    )
    await _keep(ctx, talk, going_on)
    return again(ctx, going_on)


def again(ctx: Context, going_on: storage.Talk) -> Reply:
    """Ask the question that is to be answered, in a direct chat."""
    question = _reply(ctx, TALKS[going_on.kind], going_on)
    if ctx.asker.direct:
        return question
    post = Post(ctx.asker.user_id, question.text, question.buttons)
    return Reply(ctx.text("I have asked you in a direct chat."), posts=(post,))


async def take(ctx: Context, going_on: storage.Talk, said: str) -> Reply:
    """Take what was said as the answer to the question that is to be answered."""
    return await _answered(ctx, TALKS[going_on.kind], going_on, said)


@command("talk", topic="you", examples={"en": ("talk …",)}, writes=True)
async def answer(ctx: Context, said: Annotated[Rest, Label(mark("answer"))]) -> Reply:
    """Take what was said as the answer to the question of the talk that is going on."""
    going_on = await storage.of(ctx.storage, ctx.asker.user_id, ctx.now)
    if going_on is None or going_on.kind not in TALKS:
        raise CommandError(ctx.text("That talk is over, so nothing was changed."))
    talk = TALKS[going_on.kind]
    if talk.taken is not None and ctx.surroundings.corrects is not None:
        raise CommandError(ctx.text("An answer counts as it was first given."))
    if ctx.surroundings.corrects is not None:
        return await _corrected(ctx, talk, going_on, said)
    steered = await _steered(ctx, talk, going_on, said)
    if steered is None and talk.taken is not None and is_too_early(ctx, going_on):
        raise CommandError(
            ctx.text(
                "You wrote this before my question came, so I do not count it. Please answer question {number}.",
                number=number(going_on),
            )
        )
    return steered or await _answered(ctx, talk, going_on, said)


async def _steered(ctx: Context, talk: Talk, going_on: storage.Talk, said: str) -> Reply | None:
    """Do what one of the words says that are no answers; None if it is none."""
    folded, answers = fold(said), going_on.answers
    if folded in CANCEL | talk.stops:
        return await stop(ctx, going_on)
    if talk.taken is not None:
        return None
    if folded in SAVE and talk.save is not None:
        await _end(ctx)
        return await talk.save(ctx, dict(answers))
    if folded in PREVIEW and talk.preview is not None:
        return Reply(paragraphs(await talk.preview(ctx, dict(answers)), _asked(ctx, talk, going_on)))
    if folded in BACK:
        before = talk.before(going_on.step, answers)
        return await _go_on(ctx, talk, going_on, before if before is not None else going_on.step, answers)
    if folded in SKIP:
        question = talk.questions[going_on.step]
        # What was answered before stays as it was.
        if not question.optional and question.key not in answers:
            raise CommandError(ctx.text("This one is needed."))
        return await _go_on(ctx, talk, going_on, going_on.step + 1, answers)
    return None


async def stop(ctx: Context, going_on: storage.Talk) -> Reply:
    """End a talk before its end."""
    stopped = TALKS[going_on.kind].stopped
    await _end(ctx)
    return Reply(stopped(ctx, going_on.answers) if stopped else ctx.text("Dropped. Nothing was changed."))


def is_too_early(ctx: Context, going_on: storage.Talk) -> bool:
    """Tell whether something was said before the question was asked: twice, or on two devices at once."""
    said_at = ctx.surroundings.said_at
    return said_at is not None and said_at < going_on.expires_at - LASTS


async def _answered(ctx: Context, talk: Talk, going_on: storage.Talk, said: str) -> Reply:
    answers, messages = dict(going_on.answers), dict(going_on.messages or {})
    taken = None
    if said.startswith(MORE):
        place = talk.before(going_on.step, answers)
        question = talk.questions[place] if place is not None else None
        if question is None or not question.long or question.key not in answers:
            raise CommandError(ctx.text("There is no longer answer that this could continue."))
        whole = f"{answers[question.key]}\n{said.removeprefix(MORE).strip()}"
        answers[question.key] = await question.read(ctx, whole, answers)
        step = going_on.step
    else:
        question = talk.questions[going_on.step]
        answers[question.key] = await question.read(ctx, said, answers)
        messages[ctx.surroundings.message] = question.key
        step = going_on.step + 1
        taken = await talk.taken(ctx, question.key, answers) if talk.taken else None
    reply = await _go_on(ctx, talk, going_on.model_copy(update={"messages": messages}), step, answers)
    return replace(reply, text=paragraphs(taken, reply.text))


async def _corrected(ctx: Context, talk: Talk, going_on: storage.Talk, said: str) -> Reply:
    """Take the new text of an answer that was edited."""
    key = (going_on.messages or {}).get(ctx.surroundings.corrects or "")
    question = next((one for one in talk.questions if one.key == key), None)
    if question is None:
        raise CommandError(
            ctx.text("I cannot correct that by an edit. {back} leads to it.", back=code(word(ctx, "back")))
        )
    answers = dict(going_on.answers)
    answers[question.key] = await question.read(ctx, said, answers)
    going_on = going_on.model_copy(update={"answers": answers})
    await _keep(ctx, talk, going_on)
    reply = _reply(ctx, talk, going_on)
    return replace(reply, text=paragraphs(ctx.text("Corrected."), reply.text))


async def _go_on(ctx: Context, talk: Talk, going_on: storage.Talk, step: int, answers: Answers) -> Reply:
    """Ask the next question, or finish."""
    step = talk.following(step, answers)
    if step == len(talk.questions):
        await _end(ctx)
        return await talk.finish(ctx, dict(answers))
    update = {"step": step, "answers": answers, "expires_at": ctx.now + LASTS}
    going_on = going_on.model_copy(update=update)
    await _keep(ctx, talk, going_on)
    return _reply(ctx, talk, going_on)


async def _keep(ctx: Context, talk: Talk, going_on: storage.Talk) -> None:
    await storage.put(ctx.writer, going_on)
    if talk.save is not None and going_on.answers:
        await unfinished.remind(ctx.writer, unfinished.talk(ctx.asker.user_id), going_on.expires_at - REMINDED)


async def _end(ctx: Context) -> None:
    await storage.end(ctx.writer, ctx.asker.user_id)
    await unfinished.forget(ctx.writer, unfinished.talk(ctx.asker.user_id))


def _reply(ctx: Context, talk: Talk, going_on: storage.Talk) -> Reply:
    """Return the question that is to be answered, with its buttons."""
    buttons = talk.questions[going_on.step].buttons
    return Reply(_asked(ctx, talk, going_on), buttons=buttons(going_on.answers) if buttons else {})


def number(going_on: storage.Talk) -> int:
    """Return which question is to be answered, of those that apply, from 1."""
    before = TALKS[going_on.kind].questions[: going_on.step]
    return sum(one.applies(going_on.answers) for one in before) + 1


def _asked(ctx: Context, talk: Talk, going_on: storage.Talk) -> Markdown:
    question, answers = talk.questions[going_on.step], going_on.answers
    total = sum(one.applies(answers) for one in talk.questions)
    there = {"number": number(going_on), "total": total}
    if talk.taken is not None:
        return Markdown("{} {}").format(ctx.text("({number} of {total})", **there), question.ask(ctx, answers))
    words = [code(word(ctx, "cancel"))]
    if answers and talk.save is not None:
        words.insert(0, code(word(ctx, "save")))
    if answers and talk.preview is not None:
        words.insert(0, code(word(ctx, "preview")))
    if talk.before(going_on.step, answers) is not None:
        words.insert(0, code(word(ctx, "back")))
    if question.optional or question.key in answers:
        words.insert(0, code(word(ctx, "skip")))
    earlier = answers.get(question.key)
    return paragraphs(
        Markdown("{} {}").format(ctx.text("({number} of {total})", **there), question.ask(ctx, answers)),
        ctx.text("If one message is too short for it, begin the next with {sign}.", sign=code(MORE))
        if question.long
        else None,
        ctx.text("Until now: {answer}", answer=str(earlier)[:200]) if isinstance(earlier, str) else None,
        ctx.text("Or type: {words}", words=join(", ", words)),
    )


def word(ctx: Context, name: str) -> str:
    """Return what is typed to steer a talk: back, skip, cancel, stop, preview, save."""
    return SHOWN[name].get(ctx.language, name)


ANSWER: Command = answer.__command__  # type: ignore[attr-defined]
"""Not in the registry: nobody types it. What is said in a talk leads to it."""
