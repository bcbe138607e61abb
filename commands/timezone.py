"""In which time zone a person is told times: the person's choice, else the operator's."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from commands.arguments import Label, Rest
from commands.context import Context, Permission, mark
from commands.errors import ArgumentError, CommandError
from commands.registry import command
from commands.rendering import Markdown, bullets, code, paragraphs
from config import zones
from storage import digests, people, rooms
from storage.folding import fold

OFF = frozenset({"off", "none", "aucun", "desactiver", "ninguno", "ninguna", "desactivar"})
"""Folded: whoever says so wants to be told times as everybody is."""


@command(
    "timezone",
    topic="you",
    examples={
        "en": ("timezone nairobi", "timezone Europe/Zurich", "timezone off"),
        "fr": ("fuseau Genève", "fuseau Africa/Dakar", "fuseau aucun"),
        "es": ("huso Bogotá", "huso Europe/Madrid", "huso ninguno"),
    },
    aliases={"fr": ("fuseau", "fuseau horaire"), "es": ("huso", "huso horario", "zona", "zona horaria")},
    writes=True,
    repeated=True,
)
async def choose(ctx: Context, place: Annotated[Rest | None, Label(mark("city"))] = None) -> Markdown:
    """Choose the time zone in which I tell you times, and understand yours.

    Name a city, a country with one time, or the zone itself. Without a name, it shows the zone that is in force.
    """
    if place is None:
        return _in_force(ctx)
    if fold(place) in OFF:
        await people.choose_timezone(ctx.writer, ctx.asker.user_id, None, ctx.now)
        await _move_digest(ctx, ctx.asker.user_id)
        return ctx.text("I have forgotten your time zone.")
    await zones.ready()
    found = zones.find(place)
    if found.one is None:
        raise _not_one(ctx, place, found)
    await people.choose_timezone(ctx.writer, ctx.asker.user_id, found.one, ctx.now)
    await _move_digest(ctx, ctx.asker.user_id)
    return paragraphs(
        ctx.text("From now on your times are those of {zone}. There it is {time}.", **_named(ctx, found.one)),
        _caution(ctx) if found.how is zones.How.FIXED and found.one != "UTC" else None,
    )


@command(
    "timezone room",
    topic="you",
    examples={
        "en": ("timezone room nairobi", "timezone room off"),
        "fr": ("fuseau salon Dakar", "fuseau salon aucun"),
        "es": ("huso sala Bogotá", "huso sala ninguno"),
    },
    aliases={"fr": ("fuseau salon", "fuseau du salon"), "es": ("huso sala", "huso de la sala")},
    permission=Permission.MODERATOR | Permission.ROOM_MODERATOR,
    writes=True,
    repeated=True,
)
async def choose_for_room(ctx: Context, place: Annotated[Rest, Label(mark("city"))]) -> Markdown:
    """Choose the time zone in which I tell times in this room.

    Anyone who has chosen a time zone is told times in that one.
    """
    if fold(place) in OFF:
        await rooms.choose_timezone(ctx.writer, ctx.asker.room_id, None)
        await _move_digest(ctx, ctx.asker.room_id)
        return ctx.text("I have forgotten the time zone of this room.")
    await zones.ready()
    found = zones.find(place)
    if found.one is None:
        raise _not_one(ctx, place, found, "timezone room")
    await rooms.choose_timezone(ctx.writer, ctx.asker.room_id, found.one)
    await _move_digest(ctx, ctx.asker.room_id)
    return ctx.text(
        "From now on times in this room are those of {zone}. There it is {time}.", **_named(ctx, found.one)
    )


async def _move_digest(ctx: Context, recipient: str) -> None:
    """Have the digest come at the same hour by the new clocks."""
    zone = await digests.zone_of(ctx.storage, recipient, ctx.default_timezone)
    await digests.move(ctx.writer, recipient, zone, ctx.digest)


def _in_force(ctx: Context) -> Markdown:
    return ctx.text(
        "Your times are those of {zone}. There it is {time}. You can choose another: {example}.",
        **_named(ctx, ctx.timezone),
        example=code(ctx.typed("timezone", "Europe/Zurich")),
    )


def _caution(ctx: Context) -> Markdown:
    return ctx.text(
        "This is a fixed distance from UTC, without summer time. The name of a city is safer: {example}.",
        example=code(ctx.typed("timezone", "Europe/Zurich")),
    )


def _not_one(ctx: Context, place: str, found: zones.Found, command_name: str = "timezone") -> CommandError:
    if not found.zones:
        return ArgumentError(ctx.text("I know no time zone that is called {word}.", word=code(place)))
    said = ctx.text("{word} can be several time zones. Which one is yours?", word=code(place))
    if found.how is not zones.How.SEVERAL:
        said = ctx.text("I know no time zone that is called {word}. Did you mean one of these?", word=code(place))
    rows = [
        Markdown("{} ({})").format(code(ctx.typed(command_name, zone)), zones.shown(zone, ctx.now, ctx.language))
        for zone in found.zones
    ]
    return CommandError(paragraphs(said, bullets(rows)))


def _named(ctx: Context, zone: str) -> dict[str, object]:
    distance = zones.offset(zone, ctx.now)
    name = distance if zone == "UTC" or zone.startswith("Etc/") else f"{zone} ({distance})"
    return {"zone": name, "time": f"{ctx.now.astimezone(ZoneInfo(zone)):%H:%M}"}
