"""Sharing a practice: `!practice share` asks in a direct chat, and shows what will be published before it goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from commands import talks
from commands.arguments import Label
from commands.attachment import Reply
from commands.context import Context, mark
from commands.errors import CommandError
from commands.imports import NO, YES
from commands.practice_card import ATTRIBUTIONS, LEADERS, LEVELS, STATES, VISIBILITY, card, details
from commands.queue import queue_post
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from commands.screening import hints
from commands.talks import TALKS, Question, Talk
from config import countries
from storage import identities, submissions
from storage.folding import fold
from storage.submissions import Action, Actor, NotAllowedError, Submission
from storage.talks import Answers

TALK = "practice"
CONSENT = 1
"""The version of what an author agrees to; raised when its words change."""
TITLE, SUMMARY, LONG = 120, 400, 6000
AGREED = frozenset({"yes", "oui", "si", "y", "o", "i agree", "d'accord", "de acuerdo"})
GENERAL = frozenset({"general", "none", "general practice", "generale", "aucun", "ninguno"})


@command(
    "practice share",
    topic="practices",
    examples={"en": ("practice share",), "fr": ("pratique partager",), "es": ("práctica compartir",)},
    aliases={"fr": ("pratique partager",), "es": ("práctica compartir",)},
    writes=True,
)
async def share(ctx: Context) -> Reply:
    """Share a practice: what was done to prevent atrocities, and what changed. I ask you in a direct chat."""
    return await talks.begin(ctx, TALK)


def _notice(ctx: Context, _answers: Answers) -> Markdown:
    return ctx.text(
        "Before you begin: what you write is read by the moderators of this community, who do not see who you "
        "are, and published only after they approve it. I keep who you are apart from it, so that I can tell you "
        "what becomes of it; {withdraw} takes it back at any time. Do not report ongoing violations, and name "
        "neither victims nor suspects: this is no place where they could be protected. Type {yes} to go on.",
        withdraw=code(ctx.typed("practice withdraw")),
        yes=code(_yes(ctx)),
    )


def _says(message: str, **values: Callable[[Context], object]) -> Callable[[Context, Answers], Markdown]:
    def ask(ctx: Context, _answers: Answers) -> Markdown:
        return ctx.text(message, **{name: value(ctx) for name, value in values.items()})

    return ask


def _choices(some: Mapping[str, str]) -> Callable[[Context], Markdown]:
    def shown(ctx: Context) -> Markdown:
        return join(
            ", ",
            [
                Markdown("{} {}").format(strong(str(number)), ctx.text(name))
                for number, name in enumerate(some.values(), start=1)
            ],
        )

    return shown


def _one_of(some: Mapping[str, str]) -> Callable[[Context, str, Answers], Awaitable[str]]:
    async def read(ctx: Context, said: str, _answers: Answers) -> str:
        keys = list(some)
        words = {fold(str(ctx.text(name))): key for key, name in some.items()} | {fold(key): key for key in keys}
        folded = fold(said)
        if folded.isdigit() and 1 <= int(folded) <= len(keys):
            return keys[int(folded) - 1]
        if folded in words:
            return words[folded]
        raise CommandError(
            ctx.text("{word} is none of these: {choices}.", word=code(said[:60]), choices=_choices(some)(ctx))
        )

    return read


def _text(most: int) -> Callable[[Context, str, Answers], Awaitable[str]]:
    async def read(ctx: Context, said: str, _answers: Answers) -> str:
        text = said.replace("\0", "").strip()
        if not fold(text):
            raise CommandError(ctx.text("This one is needed."))
        if len(text) > most:
            raise CommandError(
                ctx.text("That has {count} characters; at most {most} fit here.", count=len(text), most=most)
            )
        return text

    return read


async def _title(ctx: Context, said: str, answers: Answers) -> str:
    return " ".join((await _text(TITLE)(ctx, said, answers)).split())


async def _agreed(ctx: Context, said: str, _answers: Answers) -> str:
    if fold(said) not in AGREED:
        raise CommandError(
            ctx.text(
                "I go on only with {yes}. {cancel} ends it, and I keep nothing.",
                yes=code(_yes(ctx)),
                cancel=code(talks.word(ctx, "cancel")),
            )
        )
    return ctx.now.isoformat()


async def _country(ctx: Context, said: str, _answers: Answers) -> str:
    if fold(said) in GENERAL:
        return "general"
    found = countries.find(said)
    if found.one is None or found.how is not countries.How.NAMED:
        raise CommandError(ctx.text("I know no country called {word}.", word=code(said[:60])))
    return found.one.code


def _yes(ctx: Context) -> str:
    return {"fr": "oui", "es": "sí"}.get(ctx.language, "yes")


async def _finish(ctx: Context, answers: dict[str, Any]) -> Reply:
    """Keep a draft, and show it as it will be published; send a new version of what the moderators have."""
    number = answers.pop("of", None)
    if number is not None:
        return await _new_version(ctx, int(number), answers)
    author = await identities.pseudonym(ctx.writer, ctx.asker.user_id, ctx.now)
    consent = {"version": CONSENT, **{key: answers.pop(key) for key in ("notice", "rights", "persons")}}
    one = await submissions.add(
        ctx.writer,
        Submission(
            kind="practice",
            author=author,
            language=ctx.language,
            fields=answers,
            consent=consent,
            created_at=ctx.now,
            updated_at=ctx.now,
        ),
    )
    return preview(ctx, one)


@command(
    "practice edit",
    topic="practices",
    examples={"en": ("practice edit 17",), "fr": ("pratique modifier 17",), "es": ("práctica editar 17",)},
    aliases={"fr": ("pratique modifier",), "es": ("práctica editar",)},
    writes=True,
)
async def edit(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Change what you shared: I ask again, and what you skip stays as it was. The moderators decide on it anew."""
    one = await own(ctx, number)
    if one.state not in ("draft", "changes_requested", "published"):
        raise CommandError(ctx.text("That cannot be done now: it is {state}.", state=_state(ctx, one)))
    if one.state == "published" and one.fields["attribution"] == "anonymous":
        raise CommandError(
            ctx.text("What is published anonymously is not changed. Withdraw it, and share it again, please.")
        )
    given = {key: value for key, value in one.consent.items() if key != "version"}
    return await talks.begin(ctx, TALK, {**one.fields, **given, "of": number})


async def _new_version(ctx: Context, number: int, answers: dict[str, Any]) -> Reply:
    one = await own(ctx, number)
    given = {key: answers.pop(key) for key in ("notice", "rights", "persons")}
    consent = {"version": CONSENT, **given}
    if one.state == "draft":
        await submissions.replace_draft(ctx.writer, one.id, answers, consent, ctx.now)
        return preview(ctx, one.model_copy(update={"fields": answers}))
    me = Actor("author", one.author)
    action: Action = "revise" if one.state == "published" else "submit"
    update = {"proposed": answers} if action == "revise" else {"fields": answers, "consent": consent}
    try:
        kept = await submissions.change(
            ctx.writer, one.id, action, me, ctx.now, version=one.version, update=update
        )
    except NotAllowedError as error:
        raise CommandError(ctx.text("That cannot be done now: it is {state}.", state=_state(ctx, one))) from error
    return Reply(
        ctx.text("The moderators have the new version now. I tell you what becomes of it."),
        posts=tuple(await queue_post(ctx, kept)),
    )


async def own(ctx: Context, number: int) -> Submission:
    """Return what the person who asks has submitted.

    Raises:
        CommandError: it is not theirs, or not there, which sounds the same.

    """
    me = await identities.known_pseudonym(ctx.storage, ctx.asker.user_id)
    one = await submissions.get(ctx.storage, number)
    if one is None or me is None or one.author != me:
        raise CommandError(ctx.text("You have shared nothing with the number {number}.", number=number))
    return one


def _state(ctx: Context, one: Submission) -> Markdown:
    name = STATES[one.state]
    return ctx.text(name)


def preview(ctx: Context, one: Submission) -> Reply:
    """Show what will be published, what to look at again, and how to send it."""
    texts = [str(value) for value in one.fields.values() if isinstance(value, str)]
    found = hints(ctx, texts)
    return Reply(
        paragraphs(
            ctx.text("This will be published, if the moderators approve it:"),
            card(ctx, one),
            details(ctx, one),
            join("\n", [ctx.text("Please look at this again; could it harm somebody?"), bullets(found)])
            if found
            else None,
            ctx.text(
                "{yes} or {send} sends it to the moderators. {no} or {withdraw} drops it.",
                yes=YES,
                send=code(ctx.typed("practice send", str(one.id))),
                no=NO,
                withdraw=code(ctx.typed("practice withdraw", str(one.id))),
            ),
        ),
        buttons={YES: f"practice send {one.id}", NO: f"practice withdraw {one.id}"},
    )


TALKS[TALK] = Talk(
    kind=TALK,
    questions=(
        Question("notice", _notice, _agreed),
        Question("title", _says(mark("What do you call the practice, in ten words or less?")), _title),
        Question(
            "country",
            _says(
                mark("In which country, or is it general? For example: {example}"),
                example=lambda ctx: code(str(ctx.text("Kenya"))),
            ),
            _country,
        ),
        Question("level", _says(mark("At which level? {choices}"), choices=_choices(LEVELS)), _one_of(LEVELS)),
        Question("leader", _says(mark("Who led it? {choices}"), choices=_choices(LEADERS)), _one_of(LEADERS)),
        Question(
            "problem", _says(mark("Which risk or problem does it respond to?")), _text(SUMMARY), optional=True
        ),
        Question("summary", _says(mark("What was done, in two or three sentences?")), _text(SUMMARY)),
        Question(
            "story",
            _says(mark("What were the steps, so that others could do the same? It may be long.")),
            _text(LONG),
            optional=True,
        ),
        Question("result", _says(mark("What changed, and how do you know?")), _text(LONG)),
        Question(
            "rights",
            _says(mark("Do you have the right to share this? Type {yes}."), yes=lambda ctx: code(_yes(ctx))),
            _agreed,
        ),
        Question(
            "persons",
            _says(
                mark("Can no victim, witness or source be recognised in it, who did not agree? Type {yes}."),
                yes=lambda ctx: code(_yes(ctx)),
            ),
            _agreed,
        ),
        Question(
            "attribution",
            _says(mark("How should it be published? {choices}"), choices=_choices(ATTRIBUTIONS)),
            _one_of(ATTRIBUTIONS),
        ),
        Question(
            "attributed",
            _says(mark("Which name or organisation should stand there, if any?")),
            _text(TITLE),
            optional=True,
        ),
        Question(
            "visibility",
            _says(mark("Who may see it? {choices}"), choices=_choices(VISIBILITY)),
            _one_of(VISIBILITY),
        ),
    ),
    finish=_finish,
)
