"""The queue of the moderators: what members submitted, and what becomes of it. All go through `decide`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from babel.dates import format_datetime

from commands.arguments import Label, Rest
from commands.attachment import MODERATION, PRACTICES, Post, Reply
from commands.context import Asker, Context, Permission, mark
from commands.errors import CommandError
from commands.practice_card import STATES, card, details, line
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from commands.screening import hints
from storage import audit, identities, people, submissions
from storage.submissions import Action, Actor, ConflictError, NotAllowedError, Submission

ROWS = 10
BUTTONS: dict[str, Action] = {"👀": "claim", "✅": "approve", "⏸️": "hold"}
"""What needs a reason is typed: ✏️ and ❌ say how."""
TYPED: dict[Action, str] = {
    "claim": "claim",
    "approve": "approve",
    "hold": "hold",
    "release": "release",
    "request_changes": "changes",
    "reject": "reject",
    "unpublish": "unpublish",
}
NEWS: dict[str, str] = {
    "claim": mark("A moderator is reading {title}."),
    "request_changes": mark("The moderators ask for changes of {title}: {reason}"),
    "reject": mark("The moderators do not take {title}: {reason}"),
    "hold": mark("The moderators hold {title} back, because publishing it now might harm somebody."),
    "release": mark("{title} is with the moderators again."),
    "unpublish": mark("{title} is no longer published: {reason}"),
    "publish": mark("{title} is published. Thank you for sharing it."),
    "decline_update": mark("The moderators do not take the new version of {title}: {reason}"),
}


@command(
    "queue",
    topic="practices",
    examples={"en": ("queue",), "fr": ("file",), "es": ("cola",)},
    aliases={"fr": ("file",), "es": ("cola",)},
    permission=Permission.MODERATOR,
)
async def show_queue(ctx: Context) -> Markdown:
    """List what waits for the moderators, the longest first."""
    return _listed(ctx, await submissions.waiting(ctx.storage))


@command(
    "queue mine",
    topic="practices",
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
    topic="practices",
    examples={"en": ("claim 17",), "fr": ("prendre 17",), "es": ("tomar 17",)},
    aliases={"fr": ("prendre",), "es": ("tomar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def claim(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Take a submission for review, so that others see who reads it."""
    return await decide(ctx, number, "claim")


@command(
    "approve",
    topic="practices",
    examples={"en": ("approve 17",), "fr": ("approuver 17",), "es": ("aprobar 17",)},
    aliases={"fr": ("approuver",), "es": ("aprobar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def approve(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Approve a submission; it is published. What asks for anonymity needs two moderators."""
    return await decide(ctx, number, "approve")


@command(
    "changes",
    topic="practices",
    examples={
        "en": ("changes 17 Please say in which year it began",),
        "fr": ("modifications 17 Précisez l’année",),
        "es": ("cambios 17 Indique el año",),
    },
    aliases={"fr": ("modifications",), "es": ("cambios",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def changes(
    ctx: Context, number: Annotated[int, Label(mark("number"))], what: Annotated[Rest, Label(mark("reason"))]
) -> Reply:
    """Ask the author for changes; they read what you write."""
    return await decide(ctx, number, "request_changes", what)


@command(
    "reject",
    topic="practices",
    examples={
        "en": ("reject 17 This is news, and no practice",),
        "fr": ("refuser 17 C’est une nouvelle, pas une pratique",),
        "es": ("rechazar 17 Es una noticia, no una práctica",),
    },
    aliases={"fr": ("refuser",), "es": ("rechazar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def reject(
    ctx: Context, number: Annotated[int, Label(mark("number"))], reason: Annotated[Rest, Label(mark("reason"))]
) -> Reply:
    """Do not take a submission; the author reads the reason."""
    return await decide(ctx, number, "reject", reason)


@command(
    "hold",
    topic="practices",
    examples={"en": ("hold 17",), "fr": ("suspendre 17",), "es": ("retener 17",)},
    aliases={"fr": ("suspendre",), "es": ("retener",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def hold(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Hold something back for safety, also what is published: it is taken down at once."""
    return await decide(ctx, number, "hold")


@command(
    "release",
    topic="practices",
    examples={"en": ("release 17",), "fr": ("libérer 17",), "es": ("liberar 17",)},
    aliases={"fr": ("libérer",), "es": ("liberar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def release(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Let something that was held back be reviewed again. Nothing is published by this alone."""
    return await decide(ctx, number, "release")


@command(
    "unpublish",
    topic="practices",
    examples={
        "en": ("unpublish 17 The situation has changed",),
        "fr": ("dépublier 17 La situation a changé",),
        "es": ("despublicar 17 La situación ha cambiado",),
    },
    aliases={"fr": ("dépublier",), "es": ("despublicar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def unpublish(
    ctx: Context, number: Annotated[int, Label(mark("number"))], reason: Annotated[Rest, Label(mark("reason"))]
) -> Reply:
    """Take a practice down at once. It stays on record, and the author reads the reason."""
    return await decide(ctx, number, "unpublish", reason)


@command(
    "history",
    topic="practices",
    examples={"en": ("history 17",), "fr": ("historique 17",), "es": ("historial 17",)},
    aliases={"fr": ("historique",), "es": ("historial",)},
    permission=Permission.MODERATOR,
)
async def history(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Markdown:
    """Show what happened to a submission: when, by which pseudonym, and why."""
    await known(ctx, number)
    rows = []
    for step in await audit.of_subject(ctx.storage, f"submission/{number}"):
        name = STATES[step.after or "draft"]
        state = ctx.text(name)
        when = format_datetime(step.at, format="medium", locale=ctx.language)
        row = Markdown("{} UTC – {} – {}").format(when, state, step.actor or ctx.text("the bot"))
        rows.append(Markdown("{}: {}").format(row, step.reason) if step.reason else row)
    return bullets(rows)


async def decide(ctx: Context, number: int, action: Action, reason: str | None = None) -> Reply:
    """Take a step with a submission, tell who must know, and show its state in the queue."""
    before = await known(ctx, number)
    if before.state == "update_pending":
        action = {"approve": "publish", "reject": "decline_update"}.get(action, action)  # type: ignore[assignment]
    me = await identities.pseudonym(ctx.writer, ctx.asker.user_id, ctx.now)
    actor = Actor("moderator", me)
    if action == "approve" and needs_two(before) and not before.approvals:
        return await _first_approval(ctx, before, actor)
    if action == "approve" and me in before.approvals:
        raise CommandError(ctx.text("You have approved this already. It needs a second moderator."))
    after = await _step(ctx, before, action, actor, reason)
    told = action
    if action == "approve":
        after = await _step(ctx, after, "publish", Actor("bot"), None)
        told = "publish"
    return Reply(
        join(" ", [line(ctx, after), ctx.text(STATES[after.state])]),
        posts=(*await queue_post(ctx, after), *published_post(ctx, after), *await news(ctx, after, told)),
    )


def needs_two(one: Submission) -> bool:
    """Tell whether two moderators must approve: where a slip would cost most."""
    return one.fields.get("attribution") == "anonymous"


async def _first_approval(ctx: Context, before: Submission, actor: Actor) -> Reply:
    """Note the first of two approvals."""
    after = await _step(
        ctx, before, "claim", actor, None, {"approvals": [actor.pseudonym], "reviewer": before.reviewer}
    )
    return Reply(
        ctx.text("Noted. It asks for anonymity, so a second moderator must approve it, too."),
        posts=tuple(await queue_post(ctx, after)),
    )


async def _step(
    ctx: Context,
    before: Submission,
    action: Action,
    actor: Actor,
    reason: str | None,
    update: dict[str, object] | None = None,
) -> Submission:
    try:
        return await submissions.change(
            ctx.writer,
            before.id,
            action,
            actor,
            ctx.now,
            version=before.version,
            reason=reason[:1000] if reason else None,
            update=update,
        )
    except ConflictError as error:
        raise CommandError(
            ctx.text("Somebody was faster: it is now {state}.", state=ctx.text(STATES[error.now.state]))
        ) from error
    except NotAllowedError as error:
        if error.why == "own":
            raise CommandError(ctx.text("Nobody decides on what they submitted themselves.")) from error
        raise CommandError(
            ctx.text("That cannot be done now: it is {state}.", state=ctx.text(STATES[error.state]))
        ) from error


async def known(ctx: Context, number: int) -> Submission:
    """Return a submission.

    Raises:
        CommandError: there is none, or it is a draft, which is nobody's business.

    """
    one = await submissions.get(ctx.storage, number)
    if one is None or one.state == "draft":
        raise CommandError(ctx.text("There is no submission {number}.", number=number))
    return one


async def queue_post(ctx: Context, one: Submission) -> list[Post]:
    """Return the message in the moderation room, with the state that it has now."""
    there = await ctx.in_moderation()
    if there is None:
        return []
    head = there.text("Submission {number}: {state}", number=one.id, state=strong(there.text(STATES[one.state])))
    about = f"submission/{one.id}"
    if one.state in ("withdrawn", "erased"):
        return [Post(MODERATION, head, about=about)]
    # Of what is published and has a new version, that one is to be decided on.
    shown = one.model_copy(update={"fields": one.proposed}) if one.proposed else one
    found = hints(there, [str(value) for value in shown.fields.values() if isinstance(value, str)])
    open_ = one.state in submissions.OPEN
    text = paragraphs(
        head,
        card(there, shown),
        details(there, shown),
        join("\n", [there.text("To look at:"), bullets(found)]) if found else None,
        there.text("Read by {who}.", who=code(one.reviewer)) if one.reviewer else None,
        there.text("Reason: {reason}", reason=one.reason) if one.reason else None,
        there.text(
            "👀 {claim}, ✅ {approve}, ✏️ {changes}, ❌ {reject}, ⏸️ {hold}",
            claim=code(there.typed("claim", str(one.id))),
            approve=code(there.typed("approve", str(one.id))),
            changes=code(there.typed("changes", f"{one.id} …")),
            reject=code(there.typed("reject", f"{one.id} …")),
            hold=code(there.typed("hold", str(one.id))),
        )
        if open_
        else None,
    )
    buttons = {key: f"{TYPED[action]} {one.id}" for key, action in BUTTONS.items()} if open_ else {}
    return [Post(MODERATION, text, buttons, about)]


def published_post(ctx: Context, one: Submission) -> list[Post]:
    """Return the message in the practices room; taken back when it is not published any more."""
    about = f"practice/{one.id}"
    if one.state in ("published", "update_pending"):
        there = replace(ctx, asker=Asker("", "", direct=False, prefix="!"), language=one.language)
        return [Post(PRACTICES, card(there, one, one.id), about=about)]
    return [Post(PRACTICES, None, about=about)]


async def news(ctx: Context, one: Submission, action: str) -> list[Post]:
    """Return the message that tells the author of a step, in the author's language."""
    if action not in NEWS or one.author is None:
        return []
    person = await identities.reveal(ctx.writer, one.author, by=None, why=f"to tell of {action}", at=ctx.now)
    if person is None:
        return []
    voice = await people.voice(ctx.storage, person, "")
    there = replace(
        ctx, asker=Asker(person, person, direct=True, prefix=""), language=voice.person or one.language
    )
    said = there.text(NEWS[action], title=strong(one.fields.get("title", "–")), reason=one.reason or "")
    more = there.text("How it stands: {status}", status=code(there.typed("practice status")))
    return [Post(person, paragraphs(said, more))]


def _listed(ctx: Context, found: list[Submission]) -> Markdown:
    if not found:
        return ctx.text("Nothing waits.")
    rows = [Markdown("{} – {}").format(line(ctx, one), ctx.text(STATES[one.state])) for one in found[:ROWS]]
    left = len(found) - len(rows)
    more = [ctx.plural("and {count} more", "and {count} more", left)] if left else []
    return bullets([*rows, *more])
