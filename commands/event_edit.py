"""What else is known of an event: moderators edit it, members suggest new ones."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ValidationError

from commands.arguments import Label, Rest
from commands.attachment import Post, Reply
from commands.communities import WORDS as COMMUNITIES
from commands.context import Context, Permission, mark
from commands.dates import duration
from commands.deciding import submit
from commands.errors import ArgumentError
from commands.event_upkeep import change, offer, open_event, read
from commands.events import KINDS, WORDS
from commands.fields import Fields, is_empty
from commands.forms import FORMS, Form
from commands.moments import hour, in_full
from commands.registry import command
from commands.rendering import Markdown, bullets, code, escape, join, link, paragraphs, strong
from config import countries, zones
from storage import event_changes
from storage.events import Event, Kept
from storage.folding import fold
from storage.submissions import Submission

FIELDS = Fields(
    names=(
        *("title", "description", "kind", "place", "link", "organiser", "registration", "access"),
        *("countries", "topics", "certainty", "source", "reminders", "rooms", "community"),
    ),
    short={
        "titre": "title", "titulo": "title", "descripcion": "description", "type": "kind", "tipo": "kind",
        "lieu": "place", "lugar": "place", "lien": "link", "url": "link", "enlace": "link",
        "organizer": "organiser", "organisateur": "organiser", "organizador": "organiser",
        "inscription": "registration", "inscripcion": "registration", "acces": "access", "acceso": "access",
        "country": "countries", "pays": "countries", "pais": "countries", "paises": "countries",
        "topic": "topics", "themes": "topics", "temas": "topics", "certitude": "certainty",
        "certeza": "certainty", "fuente": "source", "rappels": "reminders", "avisos": "reminders",
        "salons": "rooms", "salas": "rooms", "communaute": "community", "comunidad": "community",
    },
    by_language=frozenset({"title", "description"}),
)  # fmt: skip
ACCESS = {
    "public": "public", "open": "public", "publico": "public", "members": "members", "membres": "members",
    "miembros": "members", "invited": "invited", "invitation": "invited", "invitacion": "invited",
}  # fmt: skip
CERTAINTY = {
    "confirmed": "confirmed", "confirme": "confirmed", "confirmado": "confirmed", "tentative": "tentative",
    "provisoire": "tentative", "provisional": "tentative",
}  # fmt: skip
WORDED = {"kind": WORDS, "access": ACCESS, "certainty": CERTAINTY}
_ROOM = re.compile(r"![^\s:]+(?::\S+)?")


@command(
    "event edit",
    topic="events",
    examples={
        "en": ("event edit 14 place: Nairobi", "event edit 14 title fr: L’alerte rapide", "event edit 14 link: -"),
        "fr": ("événement modifier 14 lieu: Nairobi", "événement modifier 14 titre: L’alerte rapide"),
        "es": ("evento editar 14 lugar: Nairobi", "evento editar 14 título: La alerta temprana"),
    },
    aliases={"fr": ("événement modifier",), "es": ("evento editar",)},
    permission=Permission.MODERATOR,
    writes=True,
)
async def edit(
    ctx: Context,
    number: Annotated[int, Label(mark("number"))],
    what: Annotated[Rest, Label(mark("fields"))],
) -> Reply:
    """Change what is known of an event: `place: Nairobi link: https://…`. A dash empties a field.

    Fields: title, description (each with a language, as `title fr:`), kind, place, link, organiser, registration,
    access (public, members, invited), countries, topics, certainty (confirmed, tentative), source, reminders (how
    long before it is announced: 14d, 1d, 1h), rooms (where it is announced), community (genocide prevention, R2P,
    both). `!event move` changes the time.
    """
    event = await open_event(ctx, number)
    head, typed = FIELDS.split(what)
    if head.strip() or not typed:
        raise ArgumentError(
            ctx.text(
                "I know no field called {word}. There are: {choices}.",
                word=code(what.split()[0][:100]),
                choices=", ".join(FIELDS.names),
            )
        )
    update = _update(ctx, event, FIELDS.read(ctx, typed))
    try:
        after = Kept.model_validate(event.model_dump() | update)
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
        raise ArgumentError(
            ctx.text("I did not understand {word}.", word=code(", ".join(sorted(wrong)) or what[:100]))
        ) from error
    preview = paragraphs(
        strong(after.title(ctx.language)),
        bullets(ctx.row(code(name), _shown(getattr(after, name))) for name in sorted(update)),
    )
    return await offer(ctx, change(event, update), preview)


def _update(ctx: Context, event: Kept, typed: dict[str, str]) -> dict[str, Any]:
    """Return the fields as they are to be."""
    update: dict[str, Any] = {}
    for name, said in typed.items():
        field, _, language = name.partition("_")
        empty = is_empty(said)
        if field in FIELDS.by_language:
            texts = update.setdefault(f"{field}s", dict(getattr(event, f"{field}s")))
            texts.pop(language, None)
            if not empty:
                texts[language] = said
        elif name in ("reminders", "rooms"):
            update[name] = None if empty else _several(ctx, name, said)
        elif name in ("countries", "topics"):
            update[name] = [] if empty else _several(ctx, name, said)
        elif name in ("kind", "access", "certainty"):
            update[name] = _word(ctx, WORDED[name], said)
        elif name == "community":
            update[name] = None if empty else _word(ctx, COMMUNITIES, said)
        else:
            update[name] = None if empty else said
    if "source" in update:
        update["confirmed"] = True
    return update


def _several(ctx: Context, name: str, said: str) -> list[Any]:
    if name == "rooms":
        found: list[Any] = _ROOM.findall(said)
        if not found:
            raise ArgumentError(ctx.text("{word} names no room. Write its id, as {id}.", word=code(said), id="!…"))
        return found
    parts = [part.strip() for part in said.split(",") if part.strip()]
    if name == "topics":
        return parts
    return [(_country if name == "countries" else _minutes)(ctx, part) for part in parts]


def _country(ctx: Context, said: str) -> str:
    found = countries.find(said)
    if found.one is None or found.how is not countries.How.NAMED:
        raise ArgumentError(ctx.text("I know no country called {word}.", word=code(said)))
    return found.one.code


def _minutes(ctx: Context, said: str) -> int:
    length = duration(said)
    if length is None:
        raise ArgumentError(ctx.text("I did not understand {word}.", word=code(said)))
    return int(length.total_seconds() // 60)


def _word(ctx: Context, words: Any, said: str) -> str:  # noqa: ANN401 - any of three tables
    found = words.get(fold(said))
    if found is None:
        choices = ", ".join(dict.fromkeys(words.values()))
        raise ArgumentError(ctx.text("{word} is none of these: {choices}.", word=code(said), choices=choices))
    return str(found)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{language}: {text}" for language, text in value.items())
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "–" if value is None else str(value)


@command(
    "event suggest",
    topic="events",
    examples={
        "en": ('event suggest 9 Dec 2027 15:00 Nairobi "Early warning in practice" webinar https://example.org',),
        "fr": ('événement proposer 9 décembre 2027 à 15h Nairobi "L’alerte rapide" webinaire',),
        "es": ('evento proponer 9 de diciembre de 2027 a las 15:00 Nairobi "Alerta temprana" seminario',),
    },
    aliases={"fr": ("événement proposer",), "es": ("evento proponer",)},
    writes=True,
)
async def suggest(ctx: Context, what: Annotated[Rest, Label(mark("when and title"))]) -> Reply:
    """Suggest an event to the moderators, who decide. They do not see who you are."""
    # Read with the words and in the zone of the member, so that moderators see what was meant.
    event, shown = await read(ctx, what)
    # Its id is new each time, and so no part of what is the same when it is suggested twice.
    fields = {"text": what, "event": event.model_dump(mode="json", exclude={"uid"})}
    return await submit(ctx, "event", fields, paragraphs(ctx.text("I understood:"), shown))


def _event(one: Submission) -> Event:
    return Event.model_validate({**one.fields["event"], "uid": f"submission-{one.id}@gaamac-bot"})


def _title(ctx: Context, one: Submission) -> str:
    return _event(one).title(ctx.language)


async def _card(ctx: Context, one: Submission) -> Markdown:
    """Write a suggested event as it would stand in the calendar, and in the words of the member."""
    event = _event(one)
    lines = [
        Markdown("{} ({})").format(strong(event.title(ctx.language)), ctx.text(KINDS[event.kind])),
        _when(ctx, event),
        *([link(event.link, event.link)] if event.link else []),
        *([ctx.text("Not yet confirmed.")] if event.certainty == "tentative" else []),
    ]
    return paragraphs(join("\n", lines), Markdown("> {}").format(escape(one.fields["text"])))


def _when(ctx: Context, event: Event) -> Markdown:
    """Write when it takes place, on the clocks of its zone."""
    start, end, zone = event.timing.start, event.timing.end, event.timing.zone
    days = [in_full(date.fromisoformat(day[:10]), ctx.language) for day in (start, end) if day]
    said = " – ".join(dict.fromkeys(days))
    if "T" not in start:
        return escape(said)
    hours = [hour(datetime.fromisoformat(at), ctx.language) for at in (start, end) if at]
    return Markdown("{}, {} {}").format(said, "–".join(hours), zones.city(zone or "UTC", ctx.language))


async def _published(ctx: Context, one: Submission) -> list[Post]:
    """Put the event into the calendar."""
    await event_changes.add(ctx.writer, _event(one), by=ctx.asker.user_id or None, at=ctx.now)
    return []


FORMS["event"] = Form(
    name=mark("event"),
    title=_title,
    card=_card,
    details=lambda _ctx, _one: None,
    published=_published,
    states={"published": mark("in the calendar")},
    news={"publish": mark("{title} is in the calendar now. Thank you.")},
)
