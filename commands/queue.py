"""The queue of the moderators: what members submitted, who reads it, and what they decide."""

from __future__ import annotations

from typing import Annotated

from commands import talks
from commands.arguments import Label, Rest
from commands.attachment import Reply
from commands.context import Context, Permission, mark
from commands.deciding import decide, known, line
from commands.errors import ArgumentError
from commands.event_upkeep import understood
from commands.forms import state_of, title_of
from commands.registry import command
from commands.rendering import Markdown, bullets, code, strong
from commands.talks import TALKS, Question, Talk
from storage import identities, submissions
from storage.submissions import Action, State, Submission
from storage.talks import Answers

ROWS = 10
LATER: tuple[State, ...] = ("safety_hold", "approved")
"""States in which something is with the moderators and waits for nobody yet."""
TALK = "reason"
ON = frozenset({"on", "le", "el"})


@command(
    "queue",
    topic="queue",
    examples={"en": ("queue",), "fr": ("file",), "es": ("cola",)},
    aliases={"fr": ("file",), "es": ("cola",)},
    permission=Permission.MODERATOR,
)
async def show_queue(ctx: Context) -> Markdown:
    """List what is with the moderators, what waits the longest first.

    What is held back, or approved for later, comes last. `!queue waiting` lists what nobody
    has taken yet, `!queue mine` what you have taken.
    """
    open_ = await submissions.waiting(ctx.storage)
    return _listed(ctx, [*open_, *await submissions.waiting(ctx.storage, states=LATER)])


@command(
    "queue waiting",
    topic="queue",
    examples={"en": ("queue waiting",), "fr": ("file attente",), "es": ("cola pendientes",)},
    aliases={"fr": ("file attente",), "es": ("cola pendientes",)},
    permission=Permission.MODERATOR,
)
async def show_waiting(ctx: Context) -> Markdown:
    """List what nobody has taken yet."""
    return _listed(ctx, [one for one in await submissions.waiting(ctx.storage) if one.reviewer is None])


@command(
    "queue mine",
    topic="queue",
    examples={"en": ("queue mine",), "fr": ("file miennes",), "es": ("cola mías",)},
    aliases={"fr": ("file miennes",), "es": ("cola mías",)},
    permission=Permission.MODERATOR,
)
async def show_mine(ctx: Context) -> Markdown:
    """List what you have claimed."""
    me = await identities.known_pseudonym(ctx.storage, ctx.asker.user_id)
    return _listed(ctx, await submissions.waiting(ctx.storage, me) if me else [])


@command(
    "claim",
    topic="queue",
    examples={"en": ("claim 17",), "fr": ("prendre 17",), "es": ("tomar 17",)},
    aliases={"fr": ("prendre",), "es": ("tomar",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
    repeated=True,
)
async def claim(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Take a submission for review, so that others see who reads it."""
    return await decide(ctx, number, "claim")


@command(
    "approve",
    topic="queue",
    examples={
        "en": ("approve 17", "approve 17 on 9 December 2027 9:00"),
        "fr": ("approuver 17", "approuver 17 le 9 décembre 2027 à 9h"),
        "es": ("aprobar 17", "aprobar 17 el 9 de diciembre de 2027 a las 9:00"),
    },
    aliases={"fr": ("approuver",), "es": ("aprobar",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
    repeated=True,
)
async def approve(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    later: Annotated[Rest | None, Label(mark("when"))] = None,
) -> Reply:
    """Approve a submission; it is published, at once or when you say.

    What asks for anonymity, or names a country on the operator's list, needs two moderators.
    """
    if later is None:
        return await decide(ctx, number, "approve")
    words = later.split()
    date = await understood(ctx, " ".join(words[1:] if words[0].casefold() in ON else words))
    if date.start is None:
        raise ArgumentError(ctx.text("Please say at which hour, too."))
    return await decide(ctx, number, "approve", at=date.start)


@command(
    "changes",
    topic="queue",
    examples={
        "en": ("changes 17 Please say in which year it began",),
        "fr": ("modifications 17 Précisez l’année",),
        "es": ("cambios 17 Indique el año",),
    },
    aliases={"fr": ("modifications",), "es": ("cambios",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
    repeated=True,
)
async def changes(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    what: Annotated[Rest | None, Label(mark("reason"))] = None,
) -> Reply:
    """Ask the author for changes; they read what you write."""
    return await _with_reason(ctx, number, "request_changes", what)


@command(
    "reject",
    topic="queue",
    examples={
        "en": ("reject 17 This is news, and no practice",),
        "fr": ("refuser 17 C’est une nouvelle, pas une pratique",),
        "es": ("rechazar 17 Es una noticia, no una práctica",),
    },
    aliases={"fr": ("refuser",), "es": ("rechazar",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
    repeated=True,
)
async def reject(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    reason: Annotated[Rest | None, Label(mark("reason"))] = None,
) -> Reply:
    """Do not take a submission; the author reads the reason."""
    return await _with_reason(ctx, number, "reject", reason)


@command(
    "hold",
    topic="queue",
    examples={"en": ("hold 17",), "fr": ("suspendre 17",), "es": ("retener 17",)},
    aliases={"fr": ("suspendre",), "es": ("retener",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
    repeated=True,
)
async def hold(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Hold something back for safety, also what is published: it is taken down at once."""
    return await decide(ctx, number, "hold")


@command(
    "release",
    topic="queue",
    examples={"en": ("release 17",), "fr": ("libérer 17",), "es": ("liberar 17",)},
    aliases={"fr": ("libérer",), "es": ("liberar",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
    repeated=True,
)
async def release(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Let something that was held back be reviewed again. Nothing is published by this alone."""
    return await decide(ctx, number, "release")


@command(
    "unpublish",
    topic="queue",
    examples={
        "en": ("unpublish 17 The situation has changed",),
        "fr": ("dépublier 17 La situation a changé",),
        "es": ("despublicar 17 La situación ha cambiado",),
    },
    aliases={"fr": ("dépublier",), "es": ("despublicar",)},
    permission=Permission.MODERATOR,
    audited=True,
    writes=True,
    repeated=True,
)
async def unpublish(
    ctx: Context, number: Annotated[int, Label(mark("number"))], reason: Annotated[Rest, Label(mark("reason"))]
) -> Reply:
    """Take a practice down at once. It stays on record, and the author reads the reason."""
    return await decide(ctx, number, "unpublish", reason)


async def _with_reason(ctx: Context, number: int, action: Action, reason: str | None) -> Reply:
    """Decide; who pressed a button is asked for the reason in a direct chat."""
    if reason is not None:
        return await decide(ctx, number, action, reason)
    if not ctx.surroundings.pressed:
        raise ArgumentError(
            ctx.text("Something is missing: {parameter}.", parameter=code(str(ctx.text("reason"))))
        )
    one = await known(ctx, number)
    return await talks.begin(ctx, TALK, {"number": number, "action": action, "title": title_of(ctx, one)})


def _why(ctx: Context, answers: Answers) -> Markdown:
    title = strong(answers["title"])
    if answers["action"] == "reject":
        return ctx.text("Why is {title} not taken? The author reads what you write.", title=title)
    return ctx.text("What should be changed in {title}? The author reads what you write.", title=title)


async def _read_why(_ctx: Context, said: str, _answers: Answers) -> str:
    return said[:1000]


async def _decide(ctx: Context, answers: Answers) -> Reply:
    return await decide(ctx, int(answers["number"]), answers["action"], answers["reason"])


TALKS[TALK] = Talk(kind=TALK, questions=(Question("reason", _why, _read_why),), finish=_decide)


def _listed(ctx: Context, found: list[Submission]) -> Markdown:
    if not found:
        return ctx.text("Nothing waits.")
    rows = [Markdown("{} – {}").format(line(ctx, one), state_of(ctx, one)) for one in found[:ROWS]]
    left = len(found) - len(rows)
    more = [ctx.plural("and {count} more", "and {count} more", left)] if left else []
    return bullets([*rows, *more])
