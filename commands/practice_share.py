"""Sharing a practice: `!practice share` asks in a direct chat, and shows what will be published before it goes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from commands import talks
from commands.arguments import Label
from commands.attachment import NO, YES, Reply
from commands.context import Context, mark
from commands.deciding import CONSENT, queue_post
from commands.errors import CommandError
from commands.forms import FORMS, state_of
from commands.practice_questions import AGREEMENTS, QUESTIONS
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs
from commands.screening import hints
from commands.talks import TALKS, Talk
from storage import identities, submissions, unfinished
from storage.submissions import Action, Actor, Kind, NotAllowedError, Submission

TALK: Kind = "practice"
BEFORE = timedelta(days=3)
"""How long before a draft is forgotten its author is reminded of it."""
LAST_WORD = ("more",)
"""Answers that steer the talk, and are nothing to keep."""


@command(
    "practice share",
    topic="practices",
    examples={"en": ("practice share",), "fr": ("pratique partager",), "es": ("práctica compartir",)},
    aliases={"fr": ("pratique partager",), "es": ("práctica compartir",)},
    writes=True,
)
async def share(ctx: Context) -> Reply:
    """Share a practice: what was done to prevent atrocities, and what changed. I ask you in a direct chat.

    `practice form` gives a form instead, for those who prefer to write all in one message.
    """
    return await talks.begin(ctx, TALK)


@command(
    "practice edit",
    topic="practices",
    examples={"en": ("practice edit 17",), "fr": ("pratique modifier 17",), "es": ("práctica editar 17",)},
    aliases={"fr": ("pratique modifier",), "es": ("práctica editar",)},
    writes=True,
)
async def edit(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Reply:
    """Go on with a draft, or change what you shared. What you skip stays as it was.

    Moderators decide anew on what they had.
    """
    one = await own(ctx, number)
    if not FORMS[one.kind].editable or one.state not in ("draft", "changes_requested", "published"):
        raise CommandError(ctx.text("That cannot be done now: it is {state}.", state=state_of(ctx, one)))
    if one.state == "published" and one.fields.get("attribution") == "anonymous":
        raise CommandError(
            ctx.text("What is published anonymously is not changed. Withdraw it, and share it again, please.")
        )
    given = {key: value for key, value in one.consent.items() if key in AGREEMENTS}
    answers = {**one.fields, **given, "of": number}
    open_ = missing(TALKS[one.kind], answers) if one.state == "draft" else []
    return await talks.begin(ctx, one.kind, answers, first=open_[0] if open_ else None)


def missing(talk: Talk, answers: dict[str, Any]) -> list[str]:
    """Return which questions must be answered before it can be sent."""
    return [
        one.key for one in talk.questions if one.applies(answers) and not one.optional and one.key not in answers
    ]


async def finish(ctx: Context, answers: dict[str, Any], kind: Kind = TALK) -> Reply:
    """Keep a draft, and show it as it will be published; send a new version of what the moderators have."""
    one = await _kept(ctx, kind, answers)
    if one.state == "draft":
        return await preview(ctx, one)
    return Reply(
        ctx.text("The moderators have the new version now. I tell you what becomes of it."),
        posts=tuple(await queue_post(ctx, one)),
    )


async def save(ctx: Context, answers: dict[str, Any], kind: Kind = TALK) -> Reply:
    """Keep what is answered so far as a draft."""
    of = answers.get("of")
    earlier = await own(ctx, int(of)) if of is not None else None
    if earlier is not None and earlier.state != "draft":
        raise CommandError(
            ctx.text(
                "What the moderators have is changed in one go. Go on, or {cancel}.",
                cancel=talks.word(ctx, "cancel"),
            )
        )
    if "notice" not in answers:
        return Reply(ctx.text("Dropped. Nothing was changed."))
    one = await _kept(ctx, kind, answers)
    return Reply(
        ctx.text(
            "Saved. {edit} goes on with it; I keep it for {days} days.",
            edit=code(ctx.typed("practice edit", str(one.id))),
            days=ctx.practices.draft_days,
        )
    )


async def _kept(ctx: Context, kind: Kind, answers: dict[str, Any]) -> Submission:
    """Store answers: as a draft, or as a new version."""
    of = answers.pop("of", None)
    consent = {"version": CONSENT, **{key: answers.pop(key) for key in AGREEMENTS if key in answers}}
    fields = {key: value for key, value in answers.items() if key not in LAST_WORD}
    language = str(fields.get("language") or ctx.language)
    if of is None:
        author = await identities.pseudonym(ctx.writer, ctx.asker.user_id, ctx.now)
        new = Submission(
            kind=kind,
            author=author,
            language=language,
            fields=fields,
            consent=consent,
            created_at=ctx.now,
            updated_at=ctx.now,
        )
        one = await submissions.add(ctx.writer, new)
        await _remind(ctx, one.id)
        return one
    one = await own(ctx, int(of))
    if one.state == "draft":
        await submissions.replace_draft(ctx.writer, one.id, language, fields, consent, ctx.now)
        await _remind(ctx, one.id)
        return one.model_copy(update={"fields": fields, "language": language, "consent": consent})
    action: Action = "revise" if one.state == "published" else "submit"
    update = {"proposed": fields} if action == "revise" else {"fields": fields, "consent": consent}
    try:
        return await submissions.change(
            ctx.writer, one.id, action, Actor("author", one.author), ctx.now, version=one.version, update=update
        )
    except NotAllowedError as error:
        raise CommandError(
            ctx.text("That cannot be done now: it is {state}.", state=state_of(ctx, one))
        ) from error


async def _remind(ctx: Context, number: int) -> None:
    at = ctx.now + timedelta(days=ctx.practices.draft_days) - BEFORE
    await unfinished.remind(ctx.writer, unfinished.draft(number), max(at, ctx.now + timedelta(hours=12)))


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


async def preview(ctx: Context, one: Submission) -> Reply:
    """Show what will be published, what to look at again, and how to send it."""
    return Reply(
        paragraphs(
            ctx.text("This will be published, if the moderators approve it:"),
            await shown(ctx, one),
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


async def shown(ctx: Context, one: Submission) -> Markdown:
    """Show something as it will be published, and what to look at again."""
    found = hints(ctx, one.fields)
    return paragraphs(
        await FORMS[one.kind].card(ctx, one),
        FORMS[one.kind].details(ctx, one),
        join("\n", [ctx.text("Please look at this again; could it harm somebody?"), bullets(found)])
        if found
        else None,
    )


async def so_far(ctx: Context, answers: dict[str, Any], kind: Kind = TALK) -> Markdown:
    """Show what is answered so far as it would be published."""
    fields = {key: value for key, value in answers.items() if key not in (*AGREEMENTS, *LAST_WORD, "of")}
    one = Submission(
        kind=kind,
        author=None,
        language=str(fields.get("language") or ctx.language),
        fields=fields,
        consent={},
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    return await shown(ctx, one)


def review_day(one: Submission) -> date | None:
    """Return on which day its author wants it to be looked at again."""
    said = one.fields.get("review_by")
    return date.fromisoformat(said) if said else None


TALKS[TALK] = Talk(kind=TALK, questions=QUESTIONS, finish=finish, preview=so_far, save=save)
