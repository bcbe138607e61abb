"""What members submit: one state machine, and one door through which every change of state goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel

from storage import audit, commitments, due, practice_search, reviews
from storage.audit import Entry
from storage.database import Reader, Writer
from storage.due import Due
from storage.schema import submission

Kind = Literal["practice", "challenge", "term", "correction", "event", "commitment", "progress"]
State = Literal[
    "draft", "submitted", "in_review", "changes_requested", "approved", "published", "update_pending", "archived",
    "rejected", "withdrawn", "safety_hold", "erased",
]  # fmt: skip
Action = Literal[
    "submit", "claim", "request_changes", "endorse", "approve", "publish", "reject", "hold", "release",
    "unpublish", "archive", "revise", "endorse_update", "decline_update", "withdraw", "erase",
]  # fmt: skip
Role = Literal["author", "moderator", "bot"]
Facts = dict[str, Any]

OPEN: tuple[State, ...] = ("submitted", "in_review", "update_pending")
"""States in which something waits for moderators."""
PUBLIC: tuple[State, ...] = ("published", "update_pending")
"""States in which it is seen."""
RECALL = "recall_submission"
"""The kind of what is due when something is not published any more, and was named in digests."""
NAMES: Mapping[Kind, str] = {
    "practice": "practices",
    "challenge": "challenges",
    "commitment": "commitments",
    "progress": "commitments",
}
"""Contents that what is published belongs to, for what is computed from them."""


@dataclass(frozen=True, slots=True)
class Way:
    """From where an action leads where, who may take it, and whether it needs a reason."""

    since: frozenset[State]
    to: State
    who: frozenset[Role]
    reason: bool = False


def _way(since: str, to: State, who: str, *, reason: bool = False) -> Way:
    return Way(frozenset(since.split()), to, frozenset(who.split()), reason)  # type: ignore[arg-type]


WAYS: Mapping[Action, Way] = {
    "submit": _way("draft changes_requested", "submitted", "author"),
    "claim": _way("submitted in_review", "in_review", "moderator"),
    "request_changes": _way("submitted in_review", "changes_requested", "moderator", reason=True),
    # The first of two who must agree.
    "endorse": _way("submitted in_review", "in_review", "moderator"),
    "approve": _way("submitted in_review", "approved", "moderator"),
    "publish": _way("approved update_pending", "published", "bot moderator"),
    "reject": _way("submitted in_review changes_requested safety_hold", "rejected", "moderator", reason=True),
    "hold": _way(
        "submitted in_review changes_requested approved published update_pending", "safety_hold", "moderator"
    ),
    # What was held goes through the review again, also what was published: nothing appears by a release alone.
    "release": _way("safety_hold", "in_review", "moderator"),
    "unpublish": _way("published update_pending", "archived", "moderator", reason=True),
    "archive": _way("published", "archived", "bot"),
    "revise": _way("published", "update_pending", "author"),
    "endorse_update": _way("update_pending", "update_pending", "moderator"),
    "decline_update": _way("update_pending", "published", "moderator", reason=True),
    "withdraw": _way(
        "draft submitted in_review changes_requested approved published update_pending archived safety_hold",
        "withdrawn",
        "author",
    ),
    "erase": _way(
        "draft submitted in_review changes_requested approved published update_pending archived rejected "
        "withdrawn safety_hold",
        "erased",
        "author bot",
    ),
}


class Submission(BaseModel):
    """Something that was submitted. `author` and `reviewer` are pseudonyms.

    `public_at` is since when everybody may see it as it is, on the web; None: they may not.
    """

    id: int = 0
    kind: Kind
    state: State = "draft"
    version: int = 1
    author: str | None
    language: str
    fields: Facts
    proposed: Facts | None = None
    consent: Facts
    reviewer: str | None = None
    approvals: list[str] = []
    reason: str | None = None
    publish_at: datetime | None = None
    public_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, as a pseudonym and in which role."""

    role: Role
    pseudonym: str | None = None


class RefusedError(Exception):
    """The change is not made."""


class NotAllowedError(RefusedError):
    """No way leads there: from this state, for this person, or without a reason."""

    def __init__(self, why: Literal["state", "role", "own", "reason", "again", "two"], state: State) -> None:
        super().__init__(f"{why} in {state}")
        self.why = why
        self.state = state


class ConflictError(RefusedError):
    """Somebody else was faster; `now` is how it is."""

    def __init__(self, now: Submission) -> None:
        super().__init__(now.state)
        self.now = now


async def get(reader: Reader, number: int) -> Submission | None:
    """Return a submission by its number."""
    row = (await reader.sql.execute(sa.select(submission).where(submission.c.id == number))).first()
    return Submission.model_validate(row._mapping) if row else None


async def of_author(reader: Reader, pseudonym: str) -> list[Submission]:
    """Return what somebody submitted, the newest first."""
    query = sa.select(submission).where(submission.c.author == pseudonym).order_by(submission.c.id.desc())
    return [Submission.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def waiting(reader: Reader, reviewer: str | None = None, states: Sequence[State] = OPEN) -> list[Submission]:
    """Return what waits for moderators, the longest first; with `reviewer` only what that one has claimed."""
    query = sa.select(submission).where(submission.c.state.in_(states))
    if reviewer is not None:
        query = query.where(submission.c.reviewer == reviewer)
    rows = await reader.sql.execute(query.order_by(submission.c.updated_at, submission.c.id))
    return [Submission.model_validate(row._mapping) for row in rows]


async def some(reader: Reader, numbers: Sequence[int]) -> list[Submission]:
    """Return submissions by their numbers, in that order, as far as they are published."""
    query = sa.select(submission).where(submission.c.id.in_(numbers), submission.c.state.in_(PUBLIC))
    found = {row.id: Submission.model_validate(row._mapping) for row in await reader.sql.execute(query)}
    return [found[number] for number in numbers if number in found]


async def untouched(reader: Reader, state: str, before: datetime) -> list[Submission]:
    """Return what is in a state and was not changed since a time."""
    query = sa.select(submission).where(submission.c.state == state, submission.c.updated_at < before)
    return [Submission.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def published(
    reader: Reader, kind: Kind, limit: int = 200, *, country: str | None = None
) -> list[Submission]:
    """Return what is published, the newest first; of one country (ISO 3166-1 alpha-2) or of all."""
    query = sa.select(submission).where(submission.c.kind == kind, submission.c.state.in_(PUBLIC))
    if country is not None:
        query = query.where(submission.c.fields["country"].as_string() == country)
    rows = await reader.sql.execute(query.order_by(submission.c.id.desc()).limit(limit))
    return [Submission.model_validate(row._mapping) for row in rows]


async def belonging(reader: Reader, number: int) -> list[Submission]:
    """Return what belongs to a submission, as reports do to their commitment, in whatever state."""
    query = sa.select(submission).where(submission.c.about == number).order_by(submission.c.id)
    return [Submission.model_validate(row._mapping) for row in await reader.sql.execute(query)]


async def count_published(reader: Reader, kind: Kind, *, country: str | None = None) -> int:
    """Return how much is published, of one country or of all."""
    query = sa.select(sa.func.count()).where(submission.c.kind == kind, submission.c.state.in_(PUBLIC))
    if country is not None:
        query = query.where(submission.c.fields["country"].as_string() == country)
    return int((await reader.sql.execute(query)).scalar_one())


async def add(writer: Writer, one: Submission) -> Submission:
    """Store a submission that is new, with its first row in the audit."""
    done = await writer.sql.execute(sa.insert(submission).values(**_stored(one)))
    key = done.inserted_primary_key
    assert key is not None  # noqa: S101 - every dialect returns it for a single row
    kept = one.model_copy(update={"id": int(key[0])})
    await audit.add(
        writer,
        Entry(
            at=one.created_at, actor=one.author, action="draft", subject=f"submission/{kept.id}", after=kept.state
        ),
    )
    return kept


async def put_all(writer: Writer, some: Sequence[Submission], at: datetime) -> None:
    """Store submissions of another instance with their numbers, where there are none."""
    if some:
        await writer.sql.execute(sa.insert(submission), [{"id": one.id, **_stored(one)} for one in some])
    for one in some:
        if one.kind == "practice" and one.state in PUBLIC:
            await practice_search.put(writer, one.id, one.language, one.fields)
        elif one.kind == "commitment" and one.state in PUBLIC:
            await commitments.put(writer, one.id, one.fields, at)


async def change(
    writer: Writer,
    number: int,
    action: Action,
    actor: Actor,
    at: datetime,
    *,
    version: int | None = None,
    reason: str | None = None,
    update: Facts | None = None,
    moderators: int = 1,
) -> Submission:
    """Take a way: guard, write and audit, in the transaction of the writer. Return the submission as it is then.

    With `version` it is only done if nobody changed it since. `update` are fields that change with it.
    `moderators` is how many different ones must have agreed before it is approved.

    Raises:
        ConflictError: somebody else was faster.
        NotAllowedError: it must not be done.

    """
    before = await get(writer, number)
    if before is None:
        raise LookupError(number)
    if version is not None and before.version != version:
        raise ConflictError(before)
    _guard(before, action, actor, reason)
    _agreed(before, action, actor, moderators)
    after = before.model_copy(
        update={
            **_consequences(before, action, actor),
            **(update or {}),
            "state": WAYS[action].to,
            "version": before.version + 1,
            "reason": reason,
            "updated_at": at,
        }
    )
    after.public_at = _public_at(before, after, at)
    await writer.sql.execute(sa.update(submission).where(submission.c.id == number).values(**_stored(after)))
    if before.state in PUBLIC or after.state in PUBLIC:
        await _redrawn(writer, before, after, at)
    entry = Entry(
        at=at,
        actor=actor.pseudonym,
        action=action,
        subject=f"submission/{number}",
        before=before.state,
        after=after.state,
        reason=reason if action != "erase" else None,
    )
    await audit.add(writer, entry)
    if action == "erase":
        await reviews.forget(writer, number)
    return after


async def _redrawn(writer: Writer, before: Submission, after: Submission, at: datetime) -> None:
    """Draw anew what is drawn from what is published."""
    public = after.state in PUBLIC
    if after.kind in NAMES:
        await writer.changed(NAMES[after.kind])
        if not public and (named := _named(before)):
            # Where it was named, it is to be taken out, too.
            await due.schedule(writer, Due(kind=RECALL, subject=str(named), due_at=at, importance=1))
    if after.kind == "practice":
        if public:
            await practice_search.put(writer, after.id, after.language, after.fields)
        else:
            await practice_search.drop(writer, after.id)
    elif after.kind == "commitment":
        await commitments.put(writer, after.id, after.fields if public else None, at)
    elif after.kind == "progress":
        # Erased, it does not say any more what it belonged to.
        await commitments.reported(writer, before.fields["commitment"], at)


def _named(one: Submission) -> int | None:
    """Return the number under which digests name something; a report only as a commitment that was met by it."""
    if one.kind != "progress":
        return one.id
    return int(one.fields["commitment"]) if one.fields.get("level") == "complete" else None


def _stored(one: Submission) -> Facts:
    """Return what is stored of a submission, besides its number."""
    country = one.fields.get("country") if one.public_at else None
    about = one.fields.get("commitment") if one.kind == "progress" else None
    return one.model_dump(exclude={"id"}) | {"public_country": country, "about": about}


def _public_at(before: Submission, after: Submission, at: datetime) -> datetime | None:
    """Return since when everybody may see something as it is; None if they may not.

    Only a practice or a commitment that is published, and whose author chose so. A new version that waits changes
    nothing. Reports are as public as their commitment.
    """
    if (
        after.kind not in ("practice", "commitment")
        or after.state not in PUBLIC
        or after.fields.get("visibility") != "public"
    ):
        return None
    return before.public_at if before.public_at is not None and before.fields == after.fields else at


async def rebuild_search(writer: Writer) -> None:
    """Write the full-text index of practices anew."""
    query = sa.select(submission).where(submission.c.kind == "practice", submission.c.state.in_(PUBLIC))
    last = 0
    while rows := (
        await writer.sql.execute(query.where(submission.c.id > last).order_by(submission.c.id).limit(500))
    ).all():
        for row in rows:
            await practice_search.put(writer, row.id, row.language, row.fields)
        last = rows[-1].id


async def replace_draft(
    writer: Writer, number: int, language: str, fields: Facts, consent: Facts, at: datetime
) -> None:
    """Put other texts into a draft, which nobody but its author knows of."""
    this = sa.and_(submission.c.id == number, submission.c.state == "draft")
    values = {"language": language, "fields": fields, "consent": consent, "updated_at": at}
    await writer.sql.execute(sa.update(submission).where(this).values(**values))


def allowed(one: Submission, actor: Actor) -> list[Action]:
    """Return what somebody may do now; what needs a reason is among it."""
    found: list[Action] = []
    for action in WAYS:
        try:
            _guard(one, action, actor, "a reason")
        except NotAllowedError:
            continue
        found.append(action)
    return found


def _guard(before: Submission, action: Action, actor: Actor, reason: str | None) -> None:
    way = WAYS[action]
    if before.state not in way.since:
        raise NotAllowedError("state", before.state)
    if actor.role not in way.who:
        raise NotAllowedError("role", before.state)
    is_author = before.author is not None and actor.pseudonym == before.author
    if actor.role == "author" and not is_author:
        raise NotAllowedError("role", before.state)
    if actor.role == "moderator" and is_author:
        raise NotAllowedError("own", before.state)
    if way.reason and not (reason or "").strip():
        raise NotAllowedError("reason", before.state)


def _agreed(before: Submission, action: Action, actor: Actor, moderators: int) -> None:
    """See to it that as many moderators agree as must."""
    if actor.role != "moderator" or action not in ("endorse", "endorse_update", "approve", "publish"):
        return
    if actor.pseudonym in before.approvals and before.state != "approved":
        raise NotAllowedError("again", before.state)
    decides = action == "approve" or (action == "publish" and before.state == "update_pending")
    if decides and len(before.approvals) + 1 < moderators:
        raise NotAllowedError("two", before.state)


def _consequences(before: Submission, action: Action, actor: Actor) -> Facts:
    """Return what changes besides the state."""
    if action in ("submit", "revise", "release"):
        return {"approvals": [], "reviewer": None}
    if action == "claim":
        return {"reviewer": actor.pseudonym}
    if action in ("approve", "endorse", "endorse_update"):
        return {"approvals": [*before.approvals, actor.pseudonym]}
    if action == "publish":
        return {"publish_at": None, "fields": before.proposed or before.fields, "proposed": None}
    if action == "decline_update":
        return {"proposed": None}
    if action in ("hold", "withdraw", "unpublish"):
        return {"publish_at": None}
    if action == "erase":
        # A tombstone: the number stays, so that nobody else gets it, and the states in the audit.
        return {
            "author": None,
            "fields": {},
            "proposed": None,
            "approvals": [],
            "consent": {},
            "publish_at": None,
            "reviewer": None,
        }
    return {}
