"""What moderators do while they review: the checklist, notes, questions to the author, and the history."""

from __future__ import annotations

from typing import Annotated

from commands.arguments import Label, Rest
from commands.attachment import MODERATION, Post, Reply
from commands.context import Context, Permission, mark
from commands.deciding import known, queue_post, to_author, when
from commands.errors import ArgumentError, CommandError
from commands.forms import STATES, title_of
from commands.practice_share import own
from commands.registry import command
from commands.rendering import Markdown, bullets, code, escape, join, paragraphs, strong
from commands.review_list import ANSWERS, CHECKLIST, SHOWN, summary
from storage import audit, identities, reviews
from storage.folding import fold
from storage.reviews import Remark

LONG = 2000


@command(
    "review",
    topic="queue",
    examples={
        "en": ("review 17", "review 17 yes", "review 17 6 no It names a village"),
        "fr": ("relire 17", "relire 17 oui", "relire 17 6 non Un village est nommé"),
        "es": ("revisar 17", "revisar 17 sí", "revisar 17 6 no Nombra un pueblo"),
    },
    aliases={"fr": ("relire",), "es": ("revisar",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
)
async def review(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    said: Annotated[Rest | None, Label(mark("item and answer"))] = None,
) -> Reply:
    """Show the checklist of a submission, or answer an item of it: yes, no or unsure, with a note if you like.

    Without the number of an item, an answer is for all that are open. What may harm somebody, and is answered with
    no, cannot be approved.
    """
    one = await known(ctx, number)
    if said is not None:
        me = await identities.pseudonym(ctx.writer, ctx.asker.user_id, ctx.now)
        if me == one.author:
            raise CommandError(ctx.text("Nobody decides on what they submitted themselves."))
        await reviews.add(ctx.writer, await _answered(ctx, number, me, said))
    remarks = await reviews.of(ctx.storage, number)
    return Reply(
        paragraphs(strong(title_of(ctx, one)), _list(ctx, remarks), summary(ctx, remarks)),
        posts=tuple(await queue_post(ctx, one)) if said is not None else (),
    )


async def _answered(ctx: Context, number: int, me: str, said: str) -> list[Remark]:
    words = said.split()
    place = int(words[0]) if words[0].isascii() and words[0].isdigit() else None
    left = words if place is None else words[1:]
    answer = ANSWERS.get(fold(left[0])) if left else None
    if answer is None or (place is not None and not 1 <= place <= len(CHECKLIST)):
        raise ArgumentError(
            ctx.text(
                "I did not understand {word}. Type the number of an item, then yes, no or unsure.",
                word=code(said[:60]),
            )
        )
    found = reviews.latest(await reviews.of(ctx.storage, number))
    open_ = [item for item in CHECKLIST if item not in found]
    items = open_ if place is None else [list(CHECKLIST)[place - 1]]
    if not items:
        raise CommandError(ctx.text("Nothing is open. Say the number of the item that you answer anew."))
    note = " ".join(left[1:])[:LONG] or None
    return [Remark(submission_id=number, by=me, item=item, answer=answer, note=note, at=ctx.now) for item in items]


def _list(ctx: Context, remarks: list[Remark]) -> Markdown:
    found = reviews.latest(remarks)
    rows = []
    for place, (item, words) in enumerate(CHECKLIST.items(), start=1):
        row = Markdown("{}. {}").format(str(place), ctx.text(words))
        if item in found:
            answer = SHOWN[found[item].answer or "unsure"]
            row = Markdown("{} – {}").format(row, strong(ctx.text(answer)))
            note = found[item].note
            row = ctx.row(row, note) if note else row
        rows.append(row)
    return join("\n", rows)


@command(
    "note",
    topic="queue",
    examples={
        "en": ("note 17 I know this radio and ask them",),
        "fr": ("annoter 17 Je connais cette radio et je demande",),
        "es": ("nota 17 Conozco esta radio y pregunto",),
    },
    aliases={"fr": ("annoter",), "es": ("nota",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
)
async def note(
    ctx: Context, number: Annotated[int, Label(mark("number"))], text: Annotated[Rest, Label(mark("note"))]
) -> Markdown:
    """Leave a note for the other moderators; the author does not see it."""
    await known(ctx, number)
    me = await identities.pseudonym(ctx.writer, ctx.asker.user_id, ctx.now)
    await reviews.add(ctx.writer, [Remark(submission_id=number, by=me, note=text[:LONG], at=ctx.now)])
    return ctx.text("Noted. {history} shows it.", history=code(ctx.typed("history", str(number))))


@command(
    "ask",
    topic="queue",
    examples={
        "en": ("ask 17 May we name the radio?",),
        "fr": ("demander 17 Peut-on nommer la radio ?",),
        "es": ("preguntar 17 ¿Podemos nombrar la radio?",),
    },
    aliases={"fr": ("demander",), "es": ("preguntar",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
)
async def ask(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    question: Annotated[Rest, Label(mark("question"))],
) -> Reply:
    """Ask the author something. They answer through me, and you do not see who they are."""
    one = await known(ctx, number)
    author = await to_author(ctx, one, "to ask something")
    if author is None:
        raise CommandError(ctx.text("Its author is not known to me any more."))
    person, there = author
    post = paragraphs(
        there.text("The moderators ask about {title}:", title=strong(title_of(there, one))),
        escape(question[:LONG], lines=True),
        there.text("To answer them: {reply}", reply=code(there.typed("practice reply", f"{number} …"))),
    )
    return Reply(
        ctx.text("Passed on. The answer comes into the thread of the submission."), posts=(Post(person, post),)
    )


@command(
    "practice reply",
    topic="practices",
    examples={
        "en": ("practice reply 17 It began in 2019",),
        "fr": ("pratique répondre 17 Cela a commencé en 2019",),
        "es": ("práctica responder 17 Empezó en 2019",),
    },
    aliases={"fr": ("pratique répondre",), "es": ("práctica responder",)},
    writes=True,
)
async def reply(
    ctx: Context, number: Annotated[int, Label(mark("number"))], text: Annotated[Rest, Label(mark("answer"))]
) -> Reply:
    """Answer the moderators about what you shared. They do not see who you are."""
    one = await own(ctx, number)
    there = await ctx.in_moderation()
    if there is None or one.state == "draft":
        raise CommandError(ctx.text("The moderators do not have it yet."))
    post = paragraphs(
        there.text("The author of submission {number} answers:", number=number), escape(text[:LONG], lines=True)
    )
    return Reply(
        ctx.text("Passed on. They do not see who you are."),
        posts=(Post(MODERATION, post, thread=f"submission/{number}"),),
    )


@command(
    "history",
    topic="queue",
    examples={"en": ("history 17",), "fr": ("historique 17",), "es": ("historial 17",)},
    aliases={"fr": ("historique",), "es": ("historial",)},
    permission=Permission.MODERATOR,
)
async def history(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Markdown:
    """Show what happened to a submission: when, by which pseudonym, and why; refused attempts and notes, too."""
    await known(ctx, number)
    rows = [
        (step.at, step.actor, _step(ctx, step.action, step.after), step.reason)
        for step in await audit.of_subject(ctx.storage, f"submission/{number}")
    ]
    remarks = await reviews.of(ctx.storage, number)
    rows += [(one.at, one.by, ctx.text("a note"), one.note) for one in remarks if one.item is None]
    said = []
    for at, actor, what, reason in sorted(rows, key=lambda row: row[0]):
        row = Markdown("{} UTC – {} – {}").format(when(ctx, at), what, actor or ctx.text("the bot"))
        said.append(ctx.row(row, reason) if reason else row)
    return bullets(said)


def _step(ctx: Context, action: str, state: str | None) -> Markdown:
    if action == "refused":
        return ctx.text("refused to somebody who is no moderator")
    if action.startswith("endorse"):
        return ctx.text("approved by the first of two")
    name = STATES[state or "draft"]
    return ctx.text(name)
