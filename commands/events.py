"""The calendar of the community: `!events` and `!event`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from commands.arguments import Label, Named, Rest
from commands.attachment import Attachment, Reply
from commands.communities import line as community_line
from commands.communities import taken_from
from commands.context import Context, mark
from commands.errors import ArgumentError, CommandError
from commands.focal_card import when
from commands.moments import hour, in_full, in_words, moment
from commands.registry import command
from commands.rendering import Markdown, bullets, code, escape, join, link, paragraphs, strong
from config import countries, zones
from config.languages import SPOKEN
from storage import attendance, event_ics, events
from storage.communities import Community, concerns
from storage.events import Coming, Event, Kept, Kind
from storage.folding import fold

ROWS = 10
"""Of a list in one answer."""

PAGE = Named({"en": ("page",), "fr": ("page",), "es": ("página",)}, strict=True)

KINDS: dict[Kind, str] = {
    "commemoration": mark("commemoration"),
    "meeting": mark("network meeting"),
    "training": mark("training"),
    "webinar": mark("webinar"),
    "deadline": mark("deadline"),
}

WORDS: dict[str, Kind] = {
    "commemoration": "commemoration", "commemorations": "commemoration", "conmemoracion": "commemoration",
    "conmemoraciones": "commemoration", "days": "commemoration", "journees": "commemoration",
    "dias": "commemoration",
    "meeting": "meeting", "meetings": "meeting", "reunion": "meeting", "reunions": "meeting",
    "reuniones": "meeting",
    "training": "training", "trainings": "training", "formation": "training", "formations": "training",
    "formacion": "training", "formaciones": "training",
    "webinar": "webinar", "webinars": "webinar", "webinaire": "webinar", "webinaires": "webinar",
    "seminario": "webinar", "seminarios": "webinar",
    "deadline": "deadline", "deadlines": "deadline", "echeance": "deadline", "echeances": "deadline",
    "plazo": "deadline", "plazos": "deadline",
}  # fmt: skip
"""What the kinds are called in a filter, folded."""

ACCESS = {
    "public": mark("Everybody may come."),
    "members": mark("For members of the community."),
    "invited": mark("By invitation."),
}


@command(
    "events",
    topic="events",
    examples={
        "en": ("events", "events march", "events rwanda", "events training", "events r2p"),
        "fr": ("événements", "événements mars", "événements Rwanda", "événements formation", "événements r2p"),
        "es": ("eventos", "eventos marzo", "eventos Ruanda", "eventos formación", "eventos r2p"),
    },
    aliases={"fr": ("événements",), "es": ("eventos",)},
)
async def list_events(
    ctx: Context,
    about: Annotated[Rest | None, Label(mark("month, country, kind or words"))] = None,
    page: Annotated[int, PAGE, Label(mark("number"))] = 1,
) -> Markdown:
    """List what comes next, all of it or of one month, country, kind or community (R2P, genocide prevention)."""
    await zones.ready()
    coming = await events.coming(ctx.storage, ctx.now)
    known = await events.some(ctx.storage, list({one.event_id for one in coming}))
    fits = _filter(about) if about else lambda _event, _one: True
    rows = _next_of_each([one for one in coming if fits(known[one.event_id], one)])
    if not rows:
        return paragraphs(
            ctx.text("Nothing is in the calendar for {words}.", words=strong(about))
            if about
            else ctx.text("Nothing is in the calendar."),
            ctx.text("Past events: {example}", example=code(ctx.typed("events archive"))),
        )
    return _pages(ctx, [row(ctx, known[one.event_id], one) for one in rows], "events", about, page)


@command(
    "events archive",
    topic="events",
    examples={"en": ("events archive",), "fr": ("événements passés",), "es": ("eventos pasados",)},
    aliases={"fr": ("événements passés",), "es": ("eventos pasados",)},
)
async def list_archive(
    ctx: Context,
    about: Annotated[Rest | None, Label(mark("month, country, kind or words"))] = None,
    page: Annotated[int, PAGE, Label(mark("number"))] = 1,
) -> Markdown:
    """List past events, the latest first."""
    past = [one for one in await events.every(ctx.storage) if _is_over(one, ctx.now)]
    if about:
        fits = _filter(about)
        past = [one for one in past if fits(one, None)]
    if not past:
        return ctx.text("No past event is on record.")
    past.sort(key=lambda one: one.timing.start, reverse=True)
    rows = [
        Markdown("{} – {} ({})").format(span(ctx, one), strong(one.title(ctx.language)), call(ctx, one.id))
        for one in past
    ]
    return _pages(ctx, rows, "events archive", about, page)


@command(
    "event",
    topic="events",
    examples={"en": ("event 14",), "fr": ("événement 14",), "es": ("evento 14",)},
    aliases={"fr": ("événement",), "es": ("evento",)},
)
async def show_event(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Markdown:
    """Show one event: when, where, who may come, and from where that is known."""
    await zones.ready()
    one = await known(ctx, number)
    coming = await events.coming(ctx.storage, ctx.now, number, 1)
    head = Markdown("{} ({})").format(strong(one.title(ctx.language)), ctx.text(KINDS[one.kind]))
    lines = [head, when_of(ctx, one, coming[0]) if coming else span(ctx, one)]
    if one.certainty == "tentative":
        lines.append(ctx.text("Not yet confirmed."))
    if one.certainty == "cancelled":
        lines.append(ctx.text("Cancelled. {reason}", reason=one.reason or ""))
    if one.place:
        lines.append(escape(one.place))
    if one.link:
        lines.append(link(one.link, one.link))
    if one.organiser:
        lines.append(ctx.text("Organised by {organiser}.", organiser=one.organiser))
    if community := community_line(ctx, one.community):
        lines.append(community)
    if one.registration:
        lines.append(ctx.text("Registration: {link}", link=link(one.registration, one.registration)))
    if one.kind != "commemoration" and coming:
        lines.append(ctx.text(ACCESS[one.access]))
    lines += await _attendance(ctx, number)
    description = one.description(ctx.language)
    return paragraphs(
        join("\n", lines),
        escape(description, lines=True) if description else None,
        _source(ctx, one),
    )


async def _attendance(ctx: Context, number: int) -> list[Markdown]:
    """Say how many go, and to the person who asks what that person said."""
    if ctx.chatham:
        return []
    counted = await attendance.count(ctx.storage, number)
    lines = []
    if going := counted.get("going"):
        lines.append(ctx.plural("{count} person goes.", "{count} people go.", going))
    # What somebody said is not repeated in front of others.
    mine = await attendance.of(ctx.storage, number, ctx.asker.user_id) if ctx.asker.direct else None
    if mine is not None:
        lines.append(ctx.text("You go.") if mine == "going" else ctx.text("You may go."))
    return lines


def _filter(about: str) -> Callable[[Kept, Coming | None], bool]:
    """Return what an event must be like: of a month, a country, a kind, or with words in it."""
    folded = fold(about)
    month = _months().get(folded)
    if month:
        return lambda event, one: int((one.start if one else event.timing.start)[5:7] or 0) == month
    if folded in WORDS:
        return lambda event, _one: event.kind == WORDS[folded]
    community, rest = taken_from(about)
    if community is not None:
        return _of_community(community, about, _filter(rest) if rest else None)
    found = countries.find(about)
    if found.how is countries.How.NAMED and found.one:
        code_ = found.one.code
        names = {fold(found.one.name(language)) for language in SPOKEN}
        return lambda event, _one: (
            code_ in event.countries or any(events.speaks_of(event, [name]) for name in names)
        )
    words = folded.split()
    if not words:
        return lambda _event, _one: False
    return lambda event, _one: events.speaks_of(event, words)


def _of_community(
    community: Community, about: str, rest: Callable[[Kept, Coming | None], bool] | None
) -> Callable[[Kept, Coming | None], bool]:
    """Return what is of a community and fits the rest; of what nobody marked, what has the words in it."""
    words = fold(about).split()

    def fits(event: Kept, one: Coming | None) -> bool:
        if event.community is None:
            return events.speaks_of(event, words)
        return concerns(community, event.community) and (rest is None or rest(event, one))

    return fits


@lru_cache
def _months() -> dict[str, int]:
    return {
        fold(name): number
        for language in SPOKEN
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=language).items()
    }


def _next_of_each(rows: list[Coming]) -> list[Coming]:
    """Leave of each event only the next time: a year of one day would fill the list."""
    seen: set[int] = set()
    found = []
    for one in rows:
        if one.event_id not in seen:
            seen.add(one.event_id)
            found.append(one)
    return found


def _is_over(event: Kept, now: datetime) -> bool:
    return event.timing.rule is None and (event.timing.end or event.timing.start)[:10] < now.date().isoformat()


def row(ctx: Context, event: Kept, one: Coming) -> Markdown:
    """Write an occurrence in one line."""
    note = Markdown(", ") + ctx.text("not yet confirmed") if event.certainty == "tentative" else Markdown("")
    return Markdown("{} – {} ({}{})").format(
        when_of(ctx, event, one), strong(event.title(ctx.language)), call(ctx, event.id), note
    )


def call(ctx: Context, number: int) -> Markdown:
    """Write how an event is asked for."""
    return code(ctx.typed("event", str(number)))


def when_of(ctx: Context, event: Kept, one: Coming) -> Markdown:
    """Write when something takes place: in the reader's zone, with the event's zone beside where it differs."""
    if "T" not in one.start:
        return _days(ctx, one.start, one.end)
    zone = event.timing.zone or "UTC"
    own = _clock(ctx, one.starts_at, one.ends_at, ctx.timezone)
    if ctx.timezone == zone or _same_clock(one.starts_at, zone, ctx.timezone):
        return own
    return Markdown("{} ({})").format(own, _time(ctx, one.starts_at, zone))


def _same_clock(moment: datetime, zone: str, other: str) -> bool:
    return moment.astimezone(ZoneInfo(zone)).utcoffset() == moment.astimezone(ZoneInfo(other)).utcoffset()


def _clock(ctx: Context, begin: datetime, end: datetime, zone: str) -> Markdown:
    there = begin.astimezone(ZoneInfo(zone))
    hours = hour(there, ctx.language)
    if end > begin:
        later = end.astimezone(ZoneInfo(zone))
        same = later.date() == there.date()
        until = hour(later, ctx.language) if same else moment(later, ctx.language)
        hours = f"{hours}–{until}"
    return Markdown("{}, {} {}").format(in_full(there.date(), ctx.language), hours, zones.city(zone, ctx.language))


def _time(ctx: Context, at: datetime, zone: str) -> str:
    there = at.astimezone(ZoneInfo(zone))
    return f"{hour(there, ctx.language)} {zones.city(zone, ctx.language)}"


def _days(ctx: Context, start: str, end: str) -> Markdown:
    first = in_words(date.fromisoformat(start), ctx.language)
    if end == start:
        return escape(first)
    return Markdown("{} – {}").format(first, in_words(date.fromisoformat(end), ctx.language))


def sorted_by_start(some: Iterable[Event]) -> list[Event]:
    """Return events, the first first."""
    return sorted(some, key=lambda one: one.timing.start)


def span(ctx: Context, event: Event) -> Markdown:
    """Write when a past event took place, as exactly as it is known."""
    start, end = event.timing.start, event.timing.end
    if event.is_vague:
        return escape(when(start, ctx.language))
    return _days(ctx, start[:10], (end or start)[:10])


def _source(ctx: Context, event: Kept) -> Markdown | None:
    if not event.source:
        return None
    source = link(event.source, event.source) if event.source.startswith("http") else escape(event.source)
    if event.confirmed:
        return ctx.text("Source: {source}", source=source)
    return Markdown("{} ({})").format(
        ctx.text("Source: {source}", source=source), ctx.text("not yet checked by a moderator")
    )


def _pages(ctx: Context, rows: list[Markdown], command_name: str, about: str | None, page: int) -> Markdown:
    pages = -(-len(rows) // ROWS)
    if not 1 <= page <= pages:
        raise ArgumentError(ctx.plural("This list has {count} page.", "This list has {count} pages.", pages))
    rest = None
    if page < pages:
        word = PAGE.words.get(ctx.language, PAGE.words["en"])[0]
        more = code(ctx.typed(command_name, f"{about + ' ' if about else ''}{word} {page + 1}"))
        left = len(rows) - page * ROWS
        rest = ctx.plural("{count} more: {example}", "{count} more: {example}", left, example=more)
    return paragraphs(bullets(rows[(page - 1) * ROWS : page * ROWS]), rest)


@command(
    "event calendar",
    topic="events",
    examples={
        "en": ("event calendar", "event calendar 14"),
        "fr": ("événement calendrier", "événement calendrier 14"),
        "es": ("evento calendario", "evento calendario 14"),
    },
    aliases={
        "fr": ("événement calendrier", "événements calendrier"),
        "es": ("evento calendario", "eventos calendario"),
    },
)
async def send_calendar(ctx: Context, number: Annotated[int | None, Label(mark("number"))] = None) -> Reply:
    """Send the calendar, or one event, as a file that the calendar on your phone opens."""
    if number is None:
        chosen = [one for one in await events.every(ctx.storage) if not _is_over(one, ctx.now)]
    else:
        chosen = [await known(ctx, number)]
    name = ctx.plain("GAAMAC calendar")
    data = await asyncio.to_thread(event_ics.write, chosen, ctx.language, name)
    file = f"gaamac-{number}.ics" if number else "gaamac.ics"
    said = ctx.plural("The calendar with {count} event.", "The calendar with {count} events.", len(chosen))
    return Reply(said, (Attachment(file, "text/calendar", data),))


async def known(ctx: Context, number: int) -> Kept:
    """Return an event by its number.

    Raises:
        CommandError: there is none.

    """
    one = await events.get(ctx.storage, number)
    if one is None:
        raise CommandError(
            ctx.text(
                "There is no event {number}. {list} shows what there is.",
                number=number,
                list=code(ctx.typed("events")),
            )
        )
    return one
