"""What stands in a digest: a section for each sort of news, each a heading and a few short lines.

A section returns None when it has nothing to say. To add one, write a function and name it in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.challenges import KIND as CHALLENGE
from commands.commitment_card import LEVELS
from commands.context import Context
from commands.events import call, when_of
from commands.focal_card import KIND
from commands.practice_card import country_name
from commands.rendering import Markdown, code, escape, join, short, strong
from commands.shortened import shortened
from config import countries
from storage import changes, commitments, digests, events, focal, glossary, glossary_changes, rooms, submissions
from storage.changes import Change
from storage.commitments import Commitment
from storage.events import Coming, Kept
from storage.focal import KINDS
from storage.submissions import Submission

ROWS = 3
"""Of a section: a digest is read on a phone."""
NAMES = 6
"""Of terms in one line."""
AHEAD = timedelta(days=14)
NEAR = timedelta(days=7)
"""An event that is so near is news by itself."""


@dataclass(frozen=True, slots=True)
class Period:
    """Of which time a digest tells, and of which room; None: it goes to a person."""

    since: datetime
    until: datetime
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a digest. `news`: whether it is a reason to send one; `named`: the submissions that it names."""

    text: Markdown
    news: bool = True
    named: tuple[int, ...] = ()


Maker = Callable[[Context, Period], Awaitable[Section | None]]


async def practices(ctx: Context, period: Period) -> Section | None:
    """Name the practices that are new."""
    found = await digests.published_between(ctx.storage, "practice", period.since, period.until)
    if not found:
        return None
    shown = found[:ROWS]
    rows = [_practice(ctx, one) for one in shown]
    text = shortened(ctx, ctx.text("New practices"), rows, len(found), ctx.typed("practices"))
    return Section(text, named=tuple(one.id for one in shown))


async def challenges(ctx: Context, period: Period) -> Section | None:
    """Name the challenges that wait for answers, the new ones first."""
    found = await submissions.published(ctx.storage, CHALLENGE, ROWS)
    if not found:
        return None
    new = await digests.published_between(ctx.storage, CHALLENGE, period.since, period.until)
    count = await submissions.count_published(ctx.storage, CHALLENGE)
    rows = [_challenge(ctx, one) for one in found]
    text = shortened(ctx, ctx.text("Open challenges"), rows, count, ctx.typed("challenges"))
    return Section(text, bool(new), tuple(one.id for one in found))


async def coming(ctx: Context, period: Period) -> Section | None:
    """Name the events of the next two weeks that are announced to the recipient."""
    some = await events.coming(ctx.storage, ctx.now, until=ctx.now + AHEAD)
    known = await events.some(ctx.storage, list({one.event_id for one in some}))
    quiet = await rooms.quiet(ctx.storage, period.room_id) if period.room_id else []
    told: dict[int, tuple[Kept, Coming]] = {}
    for one in some:
        event = known[one.event_id]
        if event.kind not in quiet and (event.rooms is None or period.room_id in event.rooms):
            told.setdefault(event.id, (event, one))
    if not told:
        return None
    shown = list(told.values())
    rows = [_event(ctx, *one) for one in shown[:ROWS]]
    news = shown[0][1].starts_at < ctx.now + NEAR
    return Section(shortened(ctx, ctx.text("Coming events"), rows, len(shown), ctx.typed("events")), news=news)


async def terms(ctx: Context, period: Period) -> Section | None:
    """Name the terms that are new, and those that changed."""
    found = await changes.between(ctx.storage, glossary_changes.SUBJECT, period.since, period.until)
    ids = list(dict.fromkeys(one.subject.removeprefix(glossary_changes.SUBJECT) for one in found))
    added = {one.subject.removeprefix(glossary_changes.SUBJECT) for one in found if one.action == "add"}
    titles = await glossary.titles(ctx.storage, ids, ctx.language)
    if not titles:
        return None
    lines = []
    for heading, some in (
        (ctx.text("New terms"), [one.text for one in titles if one.id in added]),
        (ctx.text("Changed terms"), [one.text for one in titles if one.id not in added]),
    ):
        if some:
            named = join(", ", [escape(short(one)) for one in some[:NAMES]])
            more = ctx.text("and {count} more", count=len(some) - NAMES) if len(some) > NAMES else None
            words = join(" ", [one for one in (named, more) if one])
            lines.append(ctx.text("{name}: {value}", name=strong(heading), value=words))
    lines.append(ctx.text("Look one up: {example}", example=code(ctx.typed("term", short(titles[0].text)))))
    return Section(join("\n", lines))


async def records(ctx: Context, period: Period) -> Section | None:
    """Name the countries of which what is on record changed: focal points, mechanisms and the rest."""
    found: dict[str, Change] = {}
    for one in await changes.between(ctx.storage, "focal/", period.since, period.until):
        if one.action != "confirm":
            found[one.subject] = one
    book = {one.subject: one for one in (await focal.book(ctx.storage)).records}
    rows = []
    for subject in reversed(found):
        _, kind, holder, _ = subject.split("/")
        known = countries.countries().get(holder) or countries.organisations().get(holder)
        name = known.name(ctx.language) if known else holder
        what = next(ctx.text(KIND[each]) for each in KINDS if each == kind)
        gone = Markdown(" – ") + ctx.text("no longer on record") if subject not in book else Markdown("")
        show = code(ctx.typed("country", name))
        said = ctx.text("{name}: {value}", name=strong(name), value=what)
        rows.append(Markdown("{}{} ({})").format(said, gone, show))
    if not rows:
        return None
    head = ctx.text("Focal points and mechanisms that changed")
    return Section(shortened(ctx, head, rows[:ROWS], len(rows)))


async def met(ctx: Context, period: Period) -> Section | None:
    """Name the commitments that were reported complete."""
    found = await commitments.met_since(ctx.storage, period.since, period.until)
    if not found:
        return None
    shown = found[:ROWS]
    rows = [_commitment(ctx, one) for one in shown]
    done = ctx.typed("commitments", str(ctx.text(LEVELS["complete"])))
    text = shortened(ctx, ctx.text("Commitments that were met"), rows, len(found), done)
    return Section(text, named=tuple(one.id for one in shown))


SECTIONS: Sequence[Maker] = (practices, met, challenges, coming, terms, records)
"""In the order in which they are read."""


def _practice(ctx: Context, one: Submission) -> Markdown:
    place = country_name(ctx, one.fields.get("country"))
    title = short(str(one.fields.get("title", "–")))
    where = Markdown(" – {}").format(place) if place else Markdown("")
    return Markdown("{}{} ({})").format(title, where, code(ctx.typed("practice", str(one.id))))


def _challenge(ctx: Context, one: Submission) -> Markdown:
    title = short(str(one.fields.get("title", "–")))
    return Markdown("{} ({})").format(title, code(ctx.typed("challenge", str(one.id))))


def _commitment(ctx: Context, one: Commitment) -> Markdown:
    place = country_name(ctx, one.promise.country)
    where = Markdown(" – {}").format(place) if place else Markdown("")
    return Markdown("{}{} ({})").format(
        short(one.promise.title), where, code(ctx.typed("commitment", str(one.id)))
    )


def _event(ctx: Context, event: Kept, one: Coming) -> Markdown:
    title = short(event.title(ctx.language))
    return Markdown("{} – {} ({})").format(when_of(ctx, event, one), title, call(ctx, event.id))
