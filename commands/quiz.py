"""The quiz: five questions from the glossary in a direct chat. Nobody else sees the answers, and no score is kept.

The questions are made when it begins and stand in the talk, so that after a crash it goes on with the same ones.
"""

from __future__ import annotations

import asyncio
from functools import partial
from random import Random
from typing import Annotated, Any

from commands import talks
from commands.arguments import Label
from commands.attachment import Reply
from commands.context import Context, mark
from commands.errors import CommandError
from commands.glossary_card import sources
from commands.quiz_questions import FORMS, Questions, QuizQuestion
from commands.registry import Command, command
from commands.rendering import Markdown, code, escape, join, paragraphs, strong
from commands.talks import SKIP, TALKS, Question, Talk
from config import learning
from config.languages import name_of
from storage import glossary, recall, teachable
from storage import talks as talk_storage
from storage.folding import fold
from storage.talks import Answers

KIND = "quiz"
LENGTH = len(FORMS)
NEW = 60
"""Terms that are tried until there are questions enough."""
BUTTONS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣")
LETTERS = "abcd"
UNKNOWN = -1
"""In place of an answer of who does not know."""


@command(
    "quiz",
    topic="glossary",
    examples={"en": ("quiz",), "fr": ("quiz",), "es": ("cuestionario",)},
    aliases={"fr": ("questionnaire",), "es": ("cuestionario",)},
    writes=True,
)
async def begin(ctx: Context) -> Reply:
    """Ask you five questions on the common language, in a direct chat.

    Nobody else sees your answers, and I keep no score. What you did not know comes back after some days.
    """
    going_on = await talk_storage.of(ctx.storage, ctx.asker.user_id, ctx.now)
    if going_on is not None and going_on.kind == KIND:
        if ctx.asker.direct and not talks.is_too_early(ctx, going_on):
            return talks.again(ctx, going_on)
        return Reply(
            ctx.text(
                "A quiz is going on in our direct chat; question {number} waits for your answer.",
                number=talks.number(going_on),
            )
        )
    if going_on is not None:
        raise CommandError(
            ctx.text(
                "Something else is going on in our direct chat. Finish it, or type {cancel} there, and ask again.",
                cancel=code(talks.word(ctx, "cancel")),
            )
        )
    questions = await _questions(ctx)
    if not questions:
        raise CommandError(ctx.text("The glossary has too few complete terms in this language for a quiz."))
    number = int(ctx.now.timestamp())
    return await talks.begin(ctx, KIND, {"quiz": number, "asked": [one.model_dump() for one in questions]})


@command(
    "quiz stop",
    topic="glossary",
    examples={"en": ("quiz stop",), "fr": ("quiz arrêter",), "es": ("cuestionario parar",)},
    aliases={"fr": ("quiz arrêter", "questionnaire arrêter"), "es": ("cuestionario parar", "quiz parar")},
    writes=True,
)
async def stop(ctx: Context) -> Reply:
    """End the quiz. What you have answered counts for when terms come back."""
    going_on = await talk_storage.of(ctx.storage, ctx.asker.user_id, ctx.now)
    if going_on is None or going_on.kind != KIND:
        raise CommandError(ctx.text("No quiz is going on. {quiz} begins one.", quiz=code(ctx.typed("quiz"))))
    return await talks.stop(ctx, going_on)


@command(
    "quiz answer",
    topic="glossary",
    examples={
        "en": ("quiz answer 1767258000-1 2",),
        "fr": ("quiz réponse 1767258000-1 2",),
        "es": ("cuestionario respuesta 1767258000-1 2",),
    },
    aliases={"fr": ("quiz réponse",), "es": ("cuestionario respuesta",)},
    writes=True,
)
async def answer(
    ctx: Context,
    question: Annotated[str, Label(mark("question"))],
    number: Annotated[int, Label(mark("number"))],
) -> Reply:
    """Answer one question of a quiz; the buttons under it do this. Each question takes one answer.

    In the direct chat a number or a letter alone is enough.
    """
    going_on = await talk_storage.of(ctx.storage, ctx.asker.user_id, ctx.now)
    if going_on is None or going_on.kind != KIND or question != _token(going_on.answers, going_on.step):
        raise CommandError(
            ctx.text("That question was answered before, or its quiz is over. Nothing was counted.")
        )
    return await talks.take(ctx, going_on, str(number))


async def _questions(ctx: Context) -> list[QuizQuestion]:
    """Make the questions: first of the terms that are to come back, then of new ones, then of the others."""
    terms = await teachable.terms_in(ctx.storage, ctx.language)
    cards = await recall.of(ctx.storage, ctx.asker.user_id)
    chance = Random(f"{ctx.surroundings.message}/{ctx.asker.user_id}")  # noqa: S311 - a game
    new = [one.id for one in terms if one.id not in cards]
    chance.shuffle(new)
    known = sorted(
        (cards[one.id] for one in terms if one.id in cards),
        key=lambda one: (one.again_at, one.box, one.concept_id),
    )
    back = [one.concept_id for one in known if one.again_at <= ctx.now]
    later = [one.concept_id for one in known if one.again_at > ctx.now]

    async def build() -> Questions:
        return Questions(terms, ctx.language, learning.broader())

    made = await ctx.storage.cached("glossary", build, part=f"/quiz/{ctx.language}")
    order = [*back, *new[:NEW], *later]
    # In a thread, because definitions are compared with each other.
    return await asyncio.to_thread(_made, made, order, chance)


def _made(questions: Questions, order: list[str], chance: Random) -> list[QuizQuestion]:
    found: list[QuizQuestion] = []
    for concept in order:
        if len(found) == LENGTH:
            break
        one = questions.ask(concept, FORMS[len(found)], chance)
        if one is not None:
            found.append(one)
    return found


def _asked(answers: Answers, place: int) -> QuizQuestion:
    return QuizQuestion.model_validate(answers["asked"][place])


def _token(answers: Answers, place: int) -> str:
    """Return by what the buttons of a question know it: the quiz, and the number of the question."""
    return f"{answers['quiz']}-{place + 1}"


def _buttons(answers: Answers, place: int) -> dict[str, str]:
    count = len(_asked(answers, place).options)
    return {BUTTONS[at]: f"quiz answer {_token(answers, place)} {at + 1}" for at in range(count)}


def _put(ctx: Context, answers: Answers, place: int) -> Markdown:
    """Put a question into words, with the answers to choose from."""
    one = _asked(answers, place)
    if one.form == "translation":
        head = ctx.text(
            "What is {term} called in {language}?",
            term=strong(one.text),
            language=name_of(one.into, ctx.language),
        )
    elif one.form == "lookalike":
        head = ctx.text("Which term is this? Some of these are often confused.")
    else:
        head = ctx.text("Which term is this?")
    rows = [Markdown("{} {}").format(strong(str(at)), name) for at, name in enumerate(one.names, start=1)]
    return paragraphs(
        head,
        escape(one.text, lines=True) if one.form != "translation" else None,
        join("\n", rows),
        ctx.text(
            "Answer with the number, or {unknown} if you do not know. {stop} ends the quiz.",
            unknown=code("?"),
            stop=code(talks.word(ctx, "stop")),
        )
        if place == 0
        else None,
    )


async def _read(ctx: Context, said: str, answers: Answers, place: int) -> int:
    """Read a number, a letter, or the term itself; that somebody does not know is an answer, too."""
    one = _asked(answers, place)
    plain = "".join(sign for sign in said if sign not in "\ufe0f\u20e3")
    folded = fold(plain)
    if plain.strip() == "?" or folded in SKIP:
        return UNKNOWN
    names = [fold(name) for name in one.names]
    if folded in names:
        return names.index(folded)
    if folded.isdecimal() and 1 <= int(folded) <= len(names):
        return int(folded) - 1
    if len(folded) == 1 and folded in LETTERS[: len(names)]:
        return LETTERS.index(folded)
    raise CommandError(ctx.text("Please answer with a number from 1 to {most}.", most=len(names)))


async def _taken(ctx: Context, key: str, answers: Answers) -> Markdown:
    """Put the term where it belongs, and say what was right, and from where that is known."""
    place = int(key)
    one, given = _asked(answers, place), answers[key]
    right = given == one.right
    await recall.answered(ctx.writer, ctx.asker.user_id, one.concept, ctx.now, right=right)
    name = strong(one.names[one.right])
    if one.form == "translation":
        name = Markdown("{} ({})").format(name, one.text)
    concept = await glossary.get(ctx.storage, one.concept)
    return paragraphs(
        ctx.text("Right: {term}.", term=name) if right else ctx.text("The answer is {term}.", term=name),
        ctx.text(
            "{chosen} is something else: {example}",
            chosen=strong(one.names[given]),
            example=code(ctx.typed("term", one.names[given])),
        )
        if not right and given != UNKNOWN
        else None,
        sources(ctx, concept) if concept else None,
    )


async def _finish(ctx: Context, answers: dict[str, Any]) -> Reply:
    """Say how many were right, to nobody else, and which terms come back."""
    asked = [_asked(answers, place) for place in range(len(answers["asked"]))]
    missed = [one for place, one in enumerate(asked) if answers[str(place)] != one.right]
    titles = await glossary.titles(ctx.storage, [one.concept for one in missed], ctx.language)
    return Reply(
        paragraphs(
            ctx.plural(
                "{right} of {count} was right. That is between you and me; I keep no score.",
                "{right} of {count} were right. That is between you and me; I keep no score.",
                len(asked),
                right=len(asked) - len(missed),
            ),
            ctx.text("This comes back from tomorrow on: {terms}.", terms=join(", ", [one.text for one in titles]))
            if titles
            else None,
            ctx.text("Another five questions: {quiz}", quiz=code(ctx.typed("quiz"))),
        )
    )


def _stopped(ctx: Context, answers: Answers) -> Markdown:
    return ctx.plural(
        "The quiz is over; you answered {count} question. {quiz} begins another.",
        "The quiz is over; you answered {count} questions. {quiz} begins another.",
        sum(key.isdecimal() for key in answers),
        quiz=code(ctx.typed("quiz")),
    )


STOP: Command = stop.__command__  # type: ignore[attr-defined]
TALKS[KIND] = Talk(
    kind=KIND,
    questions=tuple(
        Question(
            str(place),
            partial(_put, place=place),
            partial(_read, place=place),
            when=lambda answers, place=place: place < len(answers["asked"]),  # type: ignore[misc]
            buttons=partial(_buttons, place=place),
        )
        for place in range(LENGTH)
    ),
    finish=_finish,
    taken=_taken,
    stops=frozenset(fold(name) for name in STOP.names()),
    stopped=_stopped,
)
