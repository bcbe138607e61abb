"""What becomes of submissions. Every step of every kind goes through here: to the queue, decided on, published."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rapidfuzz import fuzz

from commands.attachment import MODERATION, PRACTICES, Post, Reply
from commands.context import Asker, Context, Permission
from commands.errors import CommandError
from commands.forms import FORMS, NEWS, state_of, title_of
from commands.moments import moment
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from commands.review_list import BLOCKING, CHECKLIST, summary
from commands.screening import hints
from config import countries
from storage import due, identities, people, practice_search, reviews, submissions
from storage.due import Due
from storage.folding import fold
from storage.submissions import Action, Actor, ConflictError, Facts, Kind, NotAllowedError, Submission

BUTTONS: dict[str, str] = {"👀": "claim", "✅": "approve", "✏️": "changes", "❌": "reject", "⏸️": "hold"}
"""Commands by the emoji that stands for them. What needs a reason is asked for in a direct chat."""
PUBLISH = "publish_submission"
"""The kind of what is due when something approved is to be published later."""
CONSENT = 3
"""The version of what an author agrees to; raised when its words change."""
ALIKE = 80
"""Of 100: how alike two submissions are that may be the same."""


async def submit(ctx: Context, kind: Kind, fields: Facts, said: Markdown | None = None) -> Reply:
    """Put something short, which needs no draft, into the queue; `said` is what was understood of it."""
    if await ctx.in_moderation() is None:
        raise CommandError(
            ctx.text("This bot has no moderators' room, so I can pass nothing on. Tell a moderator directly.")
        )
    author = await identities.pseudonym(ctx.writer, ctx.asker.user_id, ctx.now)
    if any(
        one.kind == kind and one.fields == fields and one.state not in ("withdrawn", "archived")
        for one in await submissions.of_author(ctx.writer, author)
    ):
        return Reply(ctx.text("The moderators have this from you already. Thank you."))
    new = Submission(
        kind=kind,
        author=author,
        language=ctx.language,
        fields=fields,
        consent={"version": CONSENT, "sent": ctx.now.isoformat()},
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    draft = await submissions.add(ctx.writer, new)
    one = await submissions.change(ctx.writer, draft.id, "submit", Actor("author", author), ctx.now)
    thanks = join(
        " ",
        [
            ctx.text("Thank you. The moderators have it now; they do not see who you are."),
            ctx.text("To take it back: {withdraw}", withdraw=code(ctx.typed("practice withdraw", str(one.id)))),
        ],
    )
    return Reply(paragraphs(thanks, said), posts=tuple(await queue_post(ctx, one)))


async def decide(
    ctx: Context, number: int, action: Action, reason: str | None = None, at: datetime | None = None
) -> Reply:
    """Take a step with a submission, tell who must know, and show its state in the queue.

    `at` is when something approved is to be published; None: now.
    """
    if not await ctx.may(Permission.MODERATOR):
        raise CommandError(ctx.text("This is for moderators."))
    before = await known(ctx, number)
    form = FORMS[before.kind]
    if not form.stays and before.state in submissions.PUBLIC:
        raise CommandError(ctx.text("That cannot be done now: it is {state}.", state=state_of(ctx, before)))
    action = _meant(before, action)
    me = await identities.pseudonym(ctx.writer, ctx.asker.user_id, ctx.now)
    actor = Actor("moderator", me)
    why = two_needed(ctx, before)
    if action in ("approve", "publish"):
        await _no_objection(ctx, before)
        if why is not None and before.state != "approved" and not set(before.approvals) - {me}:
            return await _first_of_two(ctx, before, actor, why)
    if action == "approve" and at is not None:
        return await _approve_for_later(ctx, before, actor, at)
    after = await _step(ctx, before, action, actor, reason)
    if action == "approve":
        action = "publish"
        after = await _step(ctx, after, action, Actor("bot"), None)
    posts = [*await queue_post(ctx, after), *await _effects(ctx, after, action), *await news(ctx, after, action)]
    return Reply(join(" – ", [line(ctx, after), state_of(ctx, after)]), posts=tuple(posts))


def _meant(before: Submission, action: Action) -> Action:
    """Return what is meant by approving and rejecting where a new version waits, or what is approved already."""
    if before.state == "update_pending":
        return {"approve": "publish", "reject": "decline_update"}.get(action, action)  # type: ignore[return-value]
    return "publish" if before.state == "approved" and action == "approve" else action


async def _effects(ctx: Context, after: Submission, action: Action) -> list[Post]:
    """Take over what was approved, or show in the practices room how it is now."""
    form = FORMS[after.kind]
    if form.published is None:
        return await published_post(ctx, after)
    return await form.published(ctx, after) if action == "publish" else []


async def publish(ctx: Context, number: int) -> list[Post]:
    """Publish what was approved for later; nothing if somebody has thought better of it."""
    one = await submissions.get(ctx.writer, number)
    if one is None or one.state != "approved":
        return []
    after = await submissions.change(ctx.writer, number, "publish", Actor("bot"), ctx.now)
    effects = await _effects(ctx, after, "publish")
    return [*await queue_post(ctx, after), *effects, *await news(ctx, after, "publish")]


def two_needed(ctx: Context, one: Submission) -> Markdown | None:
    """Return why two moderators must approve, where a slip would cost most; None if one is enough."""
    fields = one.proposed or one.fields
    if fields.get("attribution") == "anonymous":
        return ctx.text("It asks for anonymity.")
    text = f" {fold(' '.join(str(value) for value in fields.values() if isinstance(value, str)))} "
    for key in ctx.practices.two_moderators:
        country = countries.countries().get(key)
        named = country is not None and any(f" {fold(country.name(each))} " in text for each in ("en", "fr", "es"))
        if country is not None and (fields.get("country") == key or named):
            return ctx.text("It names {country}.", country=country.name(ctx.language))
    return None


async def _no_objection(ctx: Context, one: Submission) -> None:
    """See to it that nothing is published to which the checklist says no where harm may come of it."""
    found = reviews.latest(await reviews.of(ctx.storage, one.id))
    against = [ctx.text(CHECKLIST[item]) for item in BLOCKING if item in found and found[item].answer == "no"]
    if against:
        raise CommandError(
            ctx.text(
                "The checklist says no to: {items}. Ask for changes, or answer it anew with {review}.",
                items=join("; ", against),
                review=code(ctx.typed("review", str(one.id))),
            )
        )


async def _first_of_two(ctx: Context, before: Submission, actor: Actor, why: Markdown) -> Reply:
    action: Action = "endorse_update" if before.state == "update_pending" else "endorse"
    after = await _step(ctx, before, action, actor, None)
    said = ctx.text("Noted. A second moderator must approve it, too. {why}", why=why)
    return Reply(said, posts=tuple(await queue_post(ctx, after)))


async def _approve_for_later(ctx: Context, before: Submission, actor: Actor, at: datetime) -> Reply:
    after = await _step(ctx, before, "approve", actor, None, {"publish_at": at})
    await due.schedule(ctx.writer, Due(kind=PUBLISH, subject=str(before.id), due_at=at))
    return Reply(
        ctx.text(
            "Approved. It is published on {date} UTC. {now} publishes it at once, {hold} stops it.",
            date=when(ctx, at),
            now=code(ctx.typed("approve", str(before.id))),
            hold=code(ctx.typed("hold", str(before.id))),
        ),
        posts=(*await queue_post(ctx, after), *await news(ctx, after, "approve")),
    )


async def _step(
    ctx: Context,
    before: Submission,
    action: Action,
    actor: Actor,
    reason: str | None,
    update: Facts | None = None,
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
            moderators=2 if two_needed(ctx, before) is not None else 1,
        )
    except ConflictError as error:
        raise CommandError(
            ctx.text("Somebody was faster: it is now {state}.", state=state_of(ctx, error.now))
        ) from error
    except NotAllowedError as error:
        if error.why == "own":
            raise CommandError(ctx.text("Nobody decides on what they submitted themselves.")) from error
        if error.why == "again":
            raise CommandError(ctx.text("You have approved this already. It needs a second moderator.")) from error
        raise CommandError(
            ctx.text("That cannot be done now: it is {state}.", state=state_of(ctx, before))
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


def line(ctx: Context, one: Submission) -> Markdown:
    """Write a submission in one line, as moderators and its author see it."""
    kind = FORMS[one.kind].name
    return Markdown("{} {} ({})").format(str(one.id), strong(title_of(ctx, one)), ctx.text(kind))


def when(ctx: Context, at: datetime) -> str:
    """Write a time, in UTC."""
    return moment(at, ctx.language)


async def queue_post(ctx: Context, one: Submission) -> list[Post]:
    """Return the message in the moderation room, with the state that it has now."""
    there = await ctx.in_moderation()
    if there is None:
        return []
    head = there.text(
        "Submission {number} ({kind}): {state}",
        number=one.id,
        kind=there.text(FORMS[one.kind].name),
        state=strong(state_of(there, one)),
    )
    about = f"submission/{one.id}"
    if one.state in ("withdrawn", "erased"):
        return [Post(MODERATION, head, about=about)]
    # Of what is published and has a new version, that one is to be decided on.
    shown = one.model_copy(update={"fields": one.proposed}) if one.proposed else one
    open_ = one.state in submissions.OPEN
    text = paragraphs(
        head,
        await FORMS[one.kind].card(there, shown),
        FORMS[one.kind].details(there, shown),
        *(await _to_look_at(there, shown) if open_ else ()),
        summary(there, await reviews.of(ctx.storage, one.id)),
        there.text("Read by {who}.", who=code(one.reviewer)) if one.reviewer else None,
        there.text("Reason: {reason}", reason=one.reason) if one.reason else None,
        there.text("To be published on {date} UTC.", date=when(there, one.publish_at)) if one.publish_at else None,
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
    buttons = {key: f"{command} {one.id}" for key, command in BUTTONS.items()} if open_ else {}
    return [Post(MODERATION, text, buttons, about)]


async def _to_look_at(there: Context, one: Submission) -> list[Markdown]:
    """Return what moderators should see before they decide: what may harm, what is alike, who must agree."""
    found = hints(there, one.fields)
    parts = [join("\n", [there.text("To look at:"), bullets(found)])] if found else []
    same = await alike(there, one)
    if same:
        rows = [there.row(line(there, other), state_of(there, other)) for other in same]
        parts.append(join("\n", [there.text("Much like it:"), bullets(rows)]))
    why = two_needed(there, one)
    if why is not None:
        count = len(one.approvals)
        parts.append(there.text("Two moderators must approve it; so far {count}. {why}", count=count, why=why))
    return parts


async def alike(ctx: Context, one: Submission) -> list[Submission]:
    """Return what may be the same as a submission, published or waiting."""
    text = _whole(ctx, one)
    near = await submissions.some(ctx.storage, await practice_search.alike(ctx.storage, text, one.language, 3))
    others = {other.id: other for other in (*near, *await submissions.waiting(ctx.storage))}
    return [
        other
        for other in others.values()
        if other.id != one.id
        and other.kind == one.kind
        # Reports on different commitments differ by little else.
        and other.fields.get("commitment") == one.fields.get("commitment")
        and fuzz.token_set_ratio(text, _whole(ctx, other)) >= ALIKE
    ][:5]


def _whole(ctx: Context, one: Submission) -> str:
    return fold(f"{title_of(ctx, one)} {one.fields.get('summary') or ''}")


async def published_post(ctx: Context, one: Submission) -> list[Post]:
    """Return what changes in the practices room; its message is taken back when it is not published any more."""
    posts = FORMS[one.kind].posts
    return await posts(ctx, one) if posts else [await own_post(ctx, one, public=one.state in submissions.PUBLIC)]


async def own_post(ctx: Context, one: Submission, *, public: bool, thread: str | None = None) -> Post:
    """Return its own message in the practices room; what takes that back when it is not `public`."""
    about = f"practice/{one.id}"
    if not public:
        return Post(PRACTICES, None, about=about)
    there = await ctx.in_practices(one.language)
    return Post(PRACTICES, await FORMS[one.kind].card(there, one), about=about, thread=thread)


async def to_author(ctx: Context, one: Submission, why: str) -> tuple[str, Context] | None:
    """Return who the author is, and a context in which to write to them; None when that was erased."""
    if one.author is None:
        return None
    person = await identities.reveal(ctx.writer, one.author, by=None, why=why, at=ctx.now)
    if person is None:
        return None
    voice = await people.voice(ctx.storage, person, "")
    asker = Asker(person, person, direct=True, prefix="")
    return person, replace(ctx, asker=asker, language=voice.person or one.language, chatham=False)


async def news(ctx: Context, one: Submission, action: str) -> list[Post]:
    """Return the message that tells the author of a step, in the author's language."""
    message = FORMS[one.kind].news.get(action) or NEWS.get(action)
    author = await to_author(ctx, one, f"to tell of {action}") if message is not None else None
    if message is None or author is None:
        return []
    person, there = author
    said = there.text(
        message,
        title=strong(title_of(there, one)),
        reason=one.reason or "",
        date=when(there, one.publish_at) if one.publish_at else "",
    )
    more = there.text("How it stands: {status}", status=code(there.typed("practice status")))
    answer = there.text("To answer them: {reply}", reply=code(there.typed("practice reply", f"{one.id} …")))
    return [Post(person, paragraphs(said, join(" ", [answer, more]) if one.reason else more))]
