"""Finding shared practices, and what authors do with their own: `!practices`, `!practice`."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated

from commands.arguments import Label, Rest
from commands.attachment import Reply
from commands.communities import taken_from
from commands.context import Context, mark
from commands.deciding import line as submitted_line
from commands.deciding import published_post, queue_post
from commands.errors import CommandError
from commands.forms import FORMS, state_of
from commands.practice_card import LEADERS, card, line
from commands.practice_share import missing, own, review_day
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs
from commands.talks import TALKS
from config import countries
from storage import due, identities, practice_search, submissions, unfinished
from storage.communities import concerns
from storage.due import Due
from storage.folding import fold
from storage.submissions import Actor, NotAllowedError, Submission

ROWS = 10
REVIEW = "review_submission"
"""The kind of what is due when something published is to be looked at again."""
BY = frozenset({"by", "par", "por"})


@command(
    "practices",
    topic="practices",
    examples={
        "en": ("practices", "practices early warning", "practices kenya", "practices r2p"),
        "fr": ("pratiques", "pratiques alerte rapide"),
        "es": ("prácticas", "prácticas alerta temprana"),
    },
    aliases={"fr": ("pratiques",), "es": ("prácticas",)},
)
async def search(ctx: Context, words: Annotated[Rest | None, Label(mark("country, or words"))] = None) -> Markdown:
    """Look for practices that members shared, by words, country, community or who led them."""
    found = await _found(ctx, words) if words else await submissions.published(ctx.storage, "practice")
    if not found:
        return paragraphs(
            ctx.text("No practice is on record for {words}.", words=words)
            if words
            else ctx.text("No practice has been shared yet."),
            ctx.text("Do you know one? {share}", share=code(ctx.typed("practice share"))),
        )
    rows = [line(ctx, one) for one in found[:ROWS]]
    left = len(found) - len(rows)
    more = [ctx.plural("and {count} more", "and {count} more", left)] if left else []
    return bullets([*rows, *more])


@command(
    "practice",
    topic="practices",
    examples={"en": ("practice 17",), "fr": ("pratique 17",), "es": ("práctica 17",)},
    aliases={"fr": ("pratique",), "es": ("práctica",)},
)
async def show(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Markdown:
    """Show a practice that was shared."""
    one = await submissions.get(ctx.storage, number)
    if one is None or one.kind != "practice" or one.state not in submissions.PUBLIC:
        raise CommandError(
            ctx.text(
                "There is no practice {number}. {list} shows what there is.",
                number=number,
                list=code(ctx.typed("practices")),
            )
        )
    return await card(ctx, one)


@command(
    "practice send",
    topic="practices",
    examples={"en": ("practice send 17",), "fr": ("pratique envoyer 17",), "es": ("práctica enviar 17",)},
    aliases={"fr": ("pratique envoyer",), "es": ("práctica enviar",)},
    writes=True,
)
async def send(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Send your practice to the moderators."""
    draft = await own(ctx, number)
    open_ = missing(TALKS[draft.kind], {**draft.fields, **draft.consent}) if draft.kind in TALKS else []
    if open_:
        count = len(open_)
        raise CommandError(
            join(
                " ",
                [
                    ctx.plural("{count} answer is still missing.", "{count} answers are still missing.", count),
                    ctx.text("{edit} asks for it.", edit=code(ctx.typed("practice edit", str(number)))),
                ],
            )
        )
    one = await _change(ctx, number, "submit")
    await unfinished.forget(ctx.writer, unfinished.draft(number))
    day = review_day(one)
    if day is not None:
        at = datetime.combine(day, time(9), UTC)
        await due.schedule(ctx.writer, Due(kind=REVIEW, subject=str(number), due_at=at, importance=6))
    return Reply(
        ctx.text(
            "Thank you. The moderators have it now; they do not see who you are. I tell you what becomes of it."
        ),
        posts=tuple(await queue_post(ctx, one)),
    )


@command(
    "practice status",
    topic="practices",
    examples={"en": ("practice status",), "fr": ("pratique état",), "es": ("práctica estado",)},
    aliases={"fr": ("pratique état",), "es": ("práctica estado",)},
)
async def status(ctx: Context) -> Markdown:
    """Show what became of what you shared."""
    if not ctx.asker.direct:
        return ctx.text(
            "I tell you that in a direct chat only. Open one with me, and type {command}.",
            command=code("practice status"),
        )
    me = await identities.known_pseudonym(ctx.storage, ctx.asker.user_id)
    found = await submissions.of_author(ctx.storage, me) if me else []
    if not found:
        return ctx.text("You have shared nothing yet. {share} begins.", share=code(ctx.typed("practice share")))
    return bullets(Markdown("{} – {}").format(submitted_line(ctx, one), state_of(ctx, one)) for one in found)


@command(
    "practice withdraw",
    topic="practices",
    examples={"en": ("practice withdraw 17",), "fr": ("pratique retirer 17",), "es": ("práctica retirar 17",)},
    aliases={"fr": ("pratique retirer",), "es": ("práctica retirar",)},
    writes=True,
    repeated=True,
)
async def withdraw(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Take back what you shared, at any time. What is published is deleted from the room."""
    before = await submissions.get(ctx.storage, number)
    after = await _change(ctx, number, "withdraw")
    sent = before is not None and before.state != "draft"
    stays = FORMS[after.kind].stays
    posts = [*await queue_post(ctx, after), *(await published_post(ctx, after) if stays else ())] if sent else []
    for one in await submissions.belonging(ctx.storage, number):
        if "withdraw" in submissions.allowed(one, Actor("author", after.author)):
            posts += await queue_post(ctx, await _change(ctx, one.id, "withdraw"))
    await unfinished.forget(ctx.writer, unfinished.draft(number))
    return Reply(
        ctx.text(
            "Withdrawn. I take it out of the rooms; who has read it, and other servers, may have kept a copy."
        ),
        posts=tuple(posts),
    )


async def _change(ctx: Context, number: int, action: submissions.Action) -> Submission:
    """Take a step with something of one's own."""
    one = await own(ctx, number)
    if one.state in submissions.PUBLIC and not FORMS[one.kind].stays:
        raise CommandError(ctx.text("That cannot be done now: it is {state}.", state=state_of(ctx, one)))
    try:
        return await submissions.change(
            ctx.writer, number, action, Actor("author", one.author), ctx.now, version=one.version
        )
    except NotAllowedError as error:
        raise CommandError(
            ctx.text("That cannot be done now: it is {state}.", state=state_of(ctx, one))
        ) from error


async def _found(ctx: Context, said: str) -> list[Submission]:
    """Return what fits the words; of a community what is marked so, then what has its name in it."""
    community, rest = taken_from(said)
    if community is None:
        return await _fitting(ctx, said)
    some = await (_fitting(ctx, rest) if rest else submissions.published(ctx.storage, "practice", limit=2000))
    marked = [one for one in some if concerns(community, one.fields.get("community"))]
    named = [one for one in await _fitting(ctx, said) if one.fields.get("community") is None]
    return marked + named


async def _fitting(ctx: Context, said: str) -> list[Submission]:
    """Return what fits the words, after a country and who led it were taken out of them."""
    words, leader = _leader(ctx, said.split())
    words, country = _country(words)
    if words:
        found = await submissions.some(
            ctx.storage, await practice_search.find(ctx.storage, " ".join(words), ctx.language)
        )
    else:
        found = await submissions.published(ctx.storage, "practice", limit=2000)
    if (country or leader) and not found and words:
        return []
    return [
        one
        for one in found
        if country in (None, one.fields.get("country")) and leader in (None, one.fields.get("leader"))
    ]


def _leader(ctx: Context, words: list[str]) -> tuple[list[str], str | None]:
    """Take "by academia" from the end."""
    for place, word in enumerate(words):
        if fold(word) in BY:
            said = fold(" ".join(words[place + 1 :]))
            names = {fold(str(ctx.text(name))): key for key, name in LEADERS.items()}
            names |= {fold(key): key for key in LEADERS}
            if said in names:
                return words[:place], names[said]
    return words, None


def _country(words: list[str]) -> tuple[list[str], str | None]:
    """Take a country from the beginning or the end; the longest name wins."""
    for length in range(min(len(words), 5), 0, -1):
        for part, rest in ((words[:length], words[length:]), (words[-length:], words[:-length])):
            found = countries.find(" ".join(part))
            if found.one is not None and found.how is countries.How.NAMED:
                return rest, found.one.code
    return words, None
