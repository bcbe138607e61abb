"""The calendar for the programs of visitors (iCalendar, RFC 5545): all events, a topic, a country, one event."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bot.library.asking import Ask, MissingError
from bot.library.documents import CALENDAR, Document
from commands.context import Context
from commands.rendering import plain
from config import countries
from storage import event_ics, library
from storage.events import KINDS, Kept
from storage.folding import fold


async def everything(ctx: Context, _ask: Ask) -> partial[Document]:
    """Return what writes the calendar of all events that are for everybody."""
    return _written(ctx, await library.public_events(ctx.storage), ctx.plain("GAAMAC calendar"), "gaamac")


async def of_topic(ctx: Context, ask: Ask) -> partial[Document]:
    """Return what writes the calendar of a kind of event (training), or of a topic; its name is folded."""
    known = {fold(one): one for one in (*KINDS, *(await library.subjects(ctx.storage)).topics)}
    name = known.get(ask.name)
    if name is None:
        raise MissingError
    return await _some(ctx, name, lambda one: ask.name in {fold(topic) for topic in (one.kind, *one.topics)})


async def of_country(ctx: Context, ask: Ask) -> partial[Document]:
    """Return what writes the calendar of a country, by its code. It is empty when nothing happens there."""
    country = countries.countries().get(ask.name.upper())
    if country is None:
        raise MissingError
    return await _some(ctx, country.name(ctx.language), lambda one: country.code in one.countries)


async def of_event(ctx: Context, ask: Ask) -> partial[Document]:
    """Return what writes one event."""
    one = await library.public_event(ctx.storage, int(ask.name))
    if one is None or one.is_vague:
        raise MissingError
    return _written(ctx, [one], one.title(ctx.language), f"gaamac-{one.id}")


async def _some(ctx: Context, name: str, fits: Callable[[Kept], bool]) -> partial[Document]:
    some = [one for one in await library.public_events(ctx.storage) if fits(one)]
    return _written(ctx, some, f"{ctx.plain('GAAMAC calendar')}: {name}", "gaamac")


def _written(ctx: Context, some: list[Kept], name: str, file: str) -> partial[Document]:
    return partial(_write, some, ctx.language, name, file)


def _write(some: list[Kept], language: str, name: str, file: str) -> Document:
    # Opened in a browser it is saved under a name that tells what it is.
    saved = {"Content-Disposition": f'inline; filename="{file}.ics"'}
    called = " ".join(plain(name).split())
    return Document(event_ics.write(map(_readable, some), language, called), CALENDAR, headers=saved)


def _readable(one: Kept) -> Kept:
    """Return an event without the control characters that a calendar must not have (section 3.1)."""
    texts: dict[str, object] = {
        key: plain(text) for key in ("place", "organiser", "source") if (text := getattr(one, key)) is not None
    }
    return one.model_copy(
        update={
            **texts,
            "titles": {language: " ".join(plain(text).split()) for language, text in one.titles.items()},
            "descriptions": {language: plain(text) for language, text in one.descriptions.items()},
            "topics": [plain(topic) for topic in one.topics],
        }
    )
