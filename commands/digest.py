"""The digest: what happened in a week, for a room or a person: `!digest`, `!digest weekly`, `!digest off`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from commands.context import Context, Permission
from commands.digest_sections import SECTIONS, Period
from commands.moments import hour, in_words, of_year
from commands.registry import command
from commands.rendering import Markdown, code, paragraphs, strong
from config import zones
from storage import digests
from storage.digests import WEEK


@command(
    "digest",
    topic="you",
    examples={"en": ("digest",), "fr": ("synthèse",), "es": ("resumen",)},
    aliases={"fr": ("synthèse",), "es": ("resumen",)},
)
async def show(ctx: Context) -> Markdown:
    """Show what happened in the last seven days, and who gets that each week.

    New practices, open challenges, coming events, new and changed terms, focal points that changed, and
    commitments that were met.
    """
    await zones.ready()
    room_id = None if ctx.asker.direct else ctx.asker.room_id
    found = await compose(ctx, Period(ctx.now - WEEK, ctx.now, room_id))
    return paragraphs(
        found.text if found else ctx.text("Nothing has happened in the last seven days."),
        await _chosen(ctx),
    )


@command(
    "digest weekly",
    topic="you",
    examples={"en": ("digest weekly",), "fr": ("synthèse hebdomadaire",), "es": ("resumen semanal",)},
    aliases={
        "fr": ("synthèse hebdomadaire", "synthèse hebdo", "synthèse par semaine"),
        "es": ("resumen semanal", "resumen cada semana"),
    },
    permission=Permission.MODERATOR | Permission.ROOM_MODERATOR,
    writes=True,
    repeated=True,
)
async def weekly(ctx: Context) -> Markdown:
    """Send the digest each Monday: to you in a direct chat, or, as its moderator, to a room.

    Nothing is sent in a week in which nothing happened.
    """
    await zones.ready()
    zone = await digests.zone_of(ctx.storage, _recipient(ctx), ctx.default_timezone)
    due = await digests.choose(ctx.writer, _recipient(ctx), zone, ctx.now, ctx.digest)
    values = {"day": _moment(ctx, due.due_at, zone), "off": code(ctx.typed("digest off"))}
    if ctx.asker.direct:
        return ctx.text("I send you the digest each Monday, the next on {day}. {off} ends it.", **values)
    return ctx.text("I send the digest to this room each Monday, the next on {day}. {off} ends it.", **values)


@command(
    "digest off",
    topic="you",
    examples={"en": ("digest off",), "fr": ("synthèse arrêter",), "es": ("resumen desactivar",)},
    aliases={
        "fr": ("synthèse arrêter", "synthèse arrêt", "synthèse non"),
        "es": ("resumen desactivar", "resumen no", "resumen parar"),
    },
    permission=Permission.MODERATOR | Permission.ROOM_MODERATOR,
    writes=True,
    repeated=True,
)
async def off(ctx: Context) -> Markdown:
    """Send the digest no more: to you, or, as its moderator, to a room."""
    was = await digests.end(ctx.writer, _recipient(ctx))
    if ctx.asker.direct:
        return ctx.text("I send you no digest any more.") if was else ctx.text("I send you no digest.")
    if was:
        return ctx.text("I send no digest to this room any more.")
    return ctx.text("I send no digest to this room.")


@dataclass(frozen=True, slots=True)
class Digest:
    """What is said, and the numbers of the submissions that are named in it."""

    text: Markdown
    named: tuple[int, ...]


async def compose(ctx: Context, period: Period) -> Digest | None:
    """Write the digest of a time; None when nothing happened."""
    found = [one for one in [await make(ctx, period) for make in SECTIONS] if one is not None]
    if not any(one.news for one in found):
        return None
    last = period.until - timedelta(seconds=1)
    head = ctx.text(
        "The week from {first} to {last}",
        first=of_year(period.since.date(), ctx.language),
        last=of_year(last.date(), ctx.language),
    )
    text = paragraphs(strong(head), *(one.text for one in found))
    return Digest(text, tuple(number for one in found for number in one.named))


async def sent(ctx: Context, period: Period, *, late: bool) -> Digest | None:
    """Write the digest as it is sent, with how to end it; None when nothing happened."""
    found = await compose(ctx, period)
    if found is None:
        return None
    text = paragraphs(
        found.text,
        ctx.text("This comes late: I was away when it was due.") if late else None,
        ctx.text("To get no digest any more: {off}", off=code(ctx.typed("digest off")))
        if period.room_id is None
        else ctx.text("For moderators, to end this digest: {off}", off=code(ctx.typed("digest off"))),
    )
    return replace(found, text=text)


async def _chosen(ctx: Context) -> Markdown:
    """Say whether the digest comes here each week, and how to change that."""
    due = await digests.planned(ctx.storage, _recipient(ctx))
    zone = await digests.zone_of(ctx.storage, _recipient(ctx), ctx.default_timezone)
    on, end = code(ctx.typed("digest weekly")), code(ctx.typed("digest off"))
    if ctx.asker.direct:
        if due is None:
            return ctx.text("You do not get this each week. {on} changes that.", on=on)
        next_day = _moment(ctx, due.due_at, zone)
        return ctx.text("You get this each Monday, next on {day}. {off} ends it.", day=next_day, off=end)
    if due is None:
        return ctx.text(
            "This room does not get this each week; its moderators can change that: {on}. To get it yourself, "
            "type the same in a direct chat with me.",
            on=on,
        )
    return ctx.text(
        "This room gets this each Monday, next on {day}. To get it yourself, type {on} in a direct chat with me.",
        day=_moment(ctx, due.due_at, zone),
        on=code(ctx.typed("digest weekly").removeprefix(ctx.asker.prefix)),
    )


def _recipient(ctx: Context) -> str:
    return ctx.asker.user_id if ctx.asker.direct else ctx.asker.room_id


def _moment(ctx: Context, at: datetime, zone: str) -> str:
    there = at.astimezone(ZoneInfo(zone))
    return f"{in_words(there.date(), ctx.language)}, {hour(there, ctx.language)} {zones.city(zone, ctx.language)}"
