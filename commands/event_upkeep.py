"""What moderators do to the calendar: `!event add`, `!event move` and `!event cancel`.

What was understood is shown first, with its weekday and zone, and done on ✅.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from commands import talks
from commands.arguments import Label, Rest, tokens
from commands.attachment import NO, YES, Reply
from commands.communities import line as community_line
from commands.communities import taken_from
from commands.context import Context, Permission, mark
from commands.dates import Unclear, Understood, echo, explain, notes, understand
from commands.errors import ArgumentError, CommandError
from commands.events import KINDS, WORDS, known
from commands.imports import WITHIN
from commands.registry import command
from commands.rendering import Markdown, code, escape, join, link, paragraphs, strong
from config import zones
from storage import event_changes, proposals
from storage.communities import Community
from storage.events import Event, Kept, Kind
from storage.folding import fold
from storage.occurrences import Timing
from storage.proposals import Proposal

KEPT = "event"
_LINK = re.compile(r"https?://\S+")
_TENTATIVE = {"tentative", "provisoire", "provisional"}


@command(
    "event add",
    topic="events",
    examples={
        "en": (
            'event add 9 Dec 2027 15:00 Africa/Nairobi 90m "Early warning in practice" webinar https://example.org',
        ),
        "fr": ('événement ajouter 9 décembre 2027 à 15h Nairobi 90m "L’alerte rapide" webinaire',),
        "es": ('evento añadir 9 de diciembre de 2027 a las 15:00 Nairobi 90m "Alerta temprana" seminario',),
    },
    aliases={"fr": ("événement ajouter",), "es": ("evento añadir",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def add(ctx: Context, what: Annotated[Rest | None, Label(mark("when and title"))] = None) -> Reply:
    """Put an event into the calendar.

    Say when, where the clocks are, how long, and the title in quotation marks; besides, if you like, the kind
    (meeting, training, webinar, deadline, commemoration), a link, the word tentative, and the community (R2P,
    genocide prevention). Say nothing, and I ask you one thing after the other in a direct chat.
    """
    if what is None:
        return await talks.begin(ctx, "event")
    event, preview = await read(ctx, what)
    return await offer(ctx, {"what": "add", "event": event.model_dump(mode="json")}, preview)


@command(
    "event move",
    topic="events",
    examples={
        "en": ("event move 14 10 Dec 2027 16:00 Africa/Nairobi",),
        "fr": ("événement déplacer 14 10 décembre 2027 à 16h Nairobi",),
        "es": ("evento mover 14 10 de diciembre de 2027 a las 16:00 Nairobi",),
    },
    aliases={"fr": ("événement déplacer",), "es": ("evento mover",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def move(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    when: Annotated[Rest, Label(mark("when"))],
) -> Reply:
    """Give an event another time. It keeps its length, unless you say another."""
    event = await open_event(ctx, number)
    if event.timing.rule:
        raise CommandError(ctx.text("This event comes again and again by a rule, so it cannot be moved."))
    date = await understood(ctx, when)
    timing = _timing(date)
    if timing.end is None and event.timing.end is not None and timing.all_day == event.timing.all_day:
        length = datetime.fromisoformat(event.timing.end) - datetime.fromisoformat(event.timing.start)
        timing = timing.model_copy(
            update={"end": _text(datetime.fromisoformat(timing.start) + length, timing.start)}
        )
    preview = join(
        "\n", [strong(event.title(ctx.language)), escape(echo(ctx.language, date)), *notes(ctx.language, date)]
    )
    return await offer(ctx, change(event, {"timing": timing.model_dump(mode="json")}), preview)


@command(
    "event cancel",
    topic="events",
    examples={
        "en": ("event cancel 14 The venue is not available",),
        "fr": ("événement annuler 14 La salle n’est pas disponible",),
        "es": ("evento cancelar 14 La sala no está disponible",),
    },
    aliases={"fr": ("événement annuler",), "es": ("evento cancelar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def cancel(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    reason: Annotated[Rest, Label(mark("reason"))],
) -> Reply:
    """Cancel an event, with the reason that everybody reads."""
    event = await open_event(ctx, number)
    preview = join("\n", [strong(event.title(ctx.language)), ctx.text("Cancelled. {reason}", reason=reason[:500])])
    return await offer(ctx, change(event, {"certainty": "cancelled", "reason": reason[:500]}), preview)


@command(
    "event confirm",
    topic="events",
    examples={"en": ("event confirm 3",), "fr": ("événement confirmer 3",), "es": ("evento confirmar 3",)},
    aliases={"fr": ("événement confirmer",), "es": ("evento confirmar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def confirm(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Markdown:
    """Do what was shown within the last ten minutes."""
    plan = await _shown(ctx, number)
    by, at = ctx.asker.user_id, ctx.now
    if plan["what"] == "add":
        kept = await event_changes.add(ctx.writer, Event.model_validate(plan["event"]), by=by, at=at)
    else:
        event = await open_event(ctx, plan["number"])
        if event.version != plan["version"]:
            raise CommandError(
                ctx.text("Nothing was changed: somebody changed this event after I showed it to you.")
            )
        kept = await event_changes.change(ctx.writer, event, plan["update"], by=by, at=at)
    await proposals.decide(ctx.writer, number, "applied", at)
    return ctx.text("Done: {event}", event=code(ctx.typed("event", str(kept.id))))


@command(
    "event drop",
    topic="events",
    examples={"en": ("event drop 3",), "fr": ("événement abandonner 3",), "es": ("evento descartar 3",)},
    aliases={"fr": ("événement abandonner",), "es": ("evento descartar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def drop(ctx: Context, number: Annotated[int, Label(mark("number"))]) -> Markdown:
    """Drop what was shown; nothing is changed."""
    await _shown(ctx, number)
    await proposals.decide(ctx.writer, number, "cancelled", ctx.now)
    return ctx.text("Dropped. Nothing was changed.")


async def read(ctx: Context, what: str) -> tuple[Event, Markdown]:
    """Return the event that was typed, and what was understood of it.

    Raises:
        CommandError: something is missing, must be asked back, or cannot be.

    """
    title, kind, address, tentative, rest = _parts(ctx, what)
    community, rest = taken_from(rest, inside=True)
    date = await understood(ctx, rest)
    return compose(ctx, title=title, kind=kind, date=date, link_=address, tentative=tentative, community=community)


def compose(
    ctx: Context,
    *,
    title: str,
    kind: Kind,
    date: Understood,
    link_: str | None = None,
    place: str | None = None,
    tentative: bool = False,
    community: Community | None = None,
) -> tuple[Event, Markdown]:
    """Return an event that is new, and how it is shown before it is stored.

    Raises:
        ArgumentError: something of it cannot be.

    """
    try:
        event = Event(
            uid=f"{secrets.token_hex(8)}@gaamac-bot",
            kind=kind,
            titles={ctx.language: title},
            timing=_timing(date),
            link=link_,
            place=place,
            certainty="tentative" if tentative else "confirmed",
            community=community,
        )
    except ValidationError as error:
        raise ArgumentError(ctx.text("I cannot put this into the calendar as it is.")) from error
    return event, join(
        "\n",
        [
            Markdown("{} ({})").format(strong(title), ctx.text(KINDS[kind])),
            escape(echo(ctx.language, date)),
            *([escape(place)] if place else []),
            *([link(link_, link_)] if link_ else []),
            *([ctx.text("Not yet confirmed.")] if tentative else []),
            *([shown] if (shown := community_line(ctx, community)) else []),
            *notes(ctx.language, date),
        ],
    )


def _parts(ctx: Context, what: str) -> tuple[str, Kind, str | None, bool, str]:
    """Take title, kind, link and certainty out of what was typed; the rest says when."""
    quoted = next((one for one in tokens(what) if one.quoted), None)
    if quoted is None or not quoted.text.strip():
        raise ArgumentError(ctx.text("Put the title in quotation marks."))
    title = " ".join(quoted.text.split())[:300]
    rest = f"{what[: quoted.start]} {what[quoted.end :]}"
    address = _LINK.search(rest)
    rest = _LINK.sub(" ", rest)
    kind: Kind = "meeting"
    tentative = False
    left = []
    for word in rest.split():
        folded = fold(word)
        if folded in WORDS:
            kind = WORDS[folded]
        elif folded in _TENTATIVE:
            tentative = True
        else:
            left.append(word)
    return title, kind, address[0] if address else None, tentative, " ".join(left)


async def understood(ctx: Context, words: str) -> Understood:
    """Understand when something takes place.

    Raises:
        CommandError: it must be asked back, or something else stands between.

    """
    await zones.ready()
    found = understand(words, ctx.language, ctx.now, ctx.timezone)
    if isinstance(found, Unclear):
        raise CommandError(explain(ctx.language, found))
    if found.rest.strip():
        raise ArgumentError(ctx.text("I did not understand {word}.", word=code(found.rest.strip()[:100])))
    if found.is_past:
        raise CommandError(ctx.text("This is in the past."))
    return found


def _timing(date: Understood) -> Timing:
    if date.time is None:
        last = date.last or (date.date + date.duration - timedelta(days=1) if date.duration else None)
        return Timing(start=date.date.isoformat(), end=last.isoformat() if last else None)
    start = datetime.combine(date.date, date.time)
    end = None
    if date.end is not None:
        end = date.end.astimezone(ZoneInfo(date.place)).replace(tzinfo=None)
    return Timing(
        start=start.isoformat(timespec="minutes"),
        end=end.isoformat(timespec="minutes") if end else None,
        zone=date.place,
    )


def _text(wall: datetime, like: str) -> str:
    return wall.isoformat(timespec="minutes") if "T" in like else wall.date().isoformat()


async def open_event(ctx: Context, number: int) -> Kept:
    """Return an event that can be changed."""
    event = await known(ctx, number)
    if event.certainty == "cancelled":
        raise CommandError(ctx.text("This event is cancelled already."))
    return event


def change(event: Kept, update: dict[str, Any]) -> dict[str, Any]:
    """Return the plan of a change of an event as it is now."""
    return {"what": "change", "number": event.id, "version": event.version, "update": update}


async def offer(ctx: Context, plan: dict[str, Any], preview: Markdown) -> Reply:
    """Keep a plan, and show it with the buttons that decide on it."""
    number = await proposals.add(
        ctx.writer,
        Proposal(
            kind=KEPT,
            room_id=ctx.asker.room_id,
            person=ctx.asker.user_id,
            plan=plan,
            created_at=ctx.now,
            expires_at=ctx.now + WITHIN,
        ),
    )
    return Reply(
        paragraphs(
            preview,
            ctx.text(
                "Nothing has changed yet. {yes} or {apply} within ten minutes does it, {no} drops it.",
                yes=YES,
                apply=code(ctx.typed("event confirm", str(number))),
                no=NO,
            ),
        ),
        buttons={YES: f"event confirm {number}", NO: f"event drop {number}"},
    )


async def _shown(ctx: Context, number: int) -> dict[str, Any]:
    """Return the plan that is to be decided on."""
    found = await proposals.get(ctx.writer, number)
    if found is None or found.kind != KEPT:
        raise CommandError(ctx.text("There is nothing to confirm under this number."))
    if found.state == "applied":
        raise CommandError(ctx.text("This is done already."))
    if found.plan is None:
        raise CommandError(
            ctx.text(
                "This is not open any more: it was declined, or something newer was shown in its place. Type the "
                "command again, if you want it."
            )
        )
    if found.expires_at < ctx.now:
        raise CommandError(ctx.text("This was shown more than ten minutes ago, so I did nothing. Type it again."))
    return found.plan
