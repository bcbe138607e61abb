"""What somebody tells of themselves to be counted: `!me`, with consent, in a direct chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from commands import places, questions
from commands.arguments import Label, Rest
from commands.attachment import YES, Post, Reply
from commands.categories import CATEGORIES, category
from commands.context import Context, mark
from commands.errors import CommandError
from commands.interests import INTERESTS, interest
from commands.names import K
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from config import countries
from config.countries import Country
from storage import constituency
from storage.constituency import Constituent
from storage.folding import fold

AGREED_TO = "1"
"""Counts the changes of what the purpose is; who agreed to an older one is asked again."""
NOTHING = frozenset({"none", "nothing", "off", "aucun", "aucune", "rien", "ninguno", "ninguna", "nada"})


@command(
    "me",
    topic="you",
    examples={"en": ("me",), "fr": ("moi",), "es": ("yo",)},
    aliases={"fr": ("moi",), "es": ("yo",)},
    writes=True,
    repeated=True,
)
async def show(ctx: Context) -> Reply:
    """Show what you told me of yourself to be counted: for whom you speak, from where, and what interests you.

    That is for your consent, and for `community` alone. In a direct chat.
    """
    if not ctx.asker.direct:
        return _in_direct(ctx)
    known = await _known(ctx)
    if known is None:
        return _asked(ctx)
    return Reply(paragraphs(_told(ctx, known), _choices(ctx), _ways_out(ctx)))


@command(
    "me yes",
    topic="you",
    examples={"en": ("me yes",), "fr": ("moi oui",), "es": ("yo sí",)},
    aliases={"fr": ("moi oui",), "es": ("yo sí",)},
    writes=True,
    repeated=True,
)
async def agree(ctx: Context) -> Reply:
    """Agree to be counted with what you tell me of yourself afterwards."""
    if not ctx.asker.direct:
        return _in_direct(ctx)
    known = await constituency.get(ctx.storage, ctx.asker.user_id)
    agreed = {"agreed_at": ctx.now, "agreed_to": AGREED_TO, "updated_at": ctx.now}
    if known is None:
        await constituency.put(ctx.writer, Constituent(person=ctx.asker.user_id, **agreed))
    elif known.agreed_to != AGREED_TO:
        await constituency.put(ctx.writer, known.model_copy(update=agreed))
    return Reply(
        paragraphs(
            ctx.text("Thank you. I have noted that you agree. Each of these is up to you:"),
            _choices(ctx),
            _ways_out(ctx),
        )
    )


@command(
    "me category",
    topic="you",
    examples={
        "en": ("me category academia", "me category none"),
        "fr": ("moi catégorie société civile", "moi catégorie aucune"),
        "es": ("yo categoría sociedad civil", "yo categoría ninguna"),
    },
    aliases={"fr": ("moi catégorie",), "es": ("yo categoría",)},
    writes=True,
    repeated=True,
)
async def choose_category(ctx: Context, said: Annotated[Rest, Label(mark("category"))]) -> Reply:
    """Say for whom you speak: a state body, civil society, academia and so on; none takes it back."""
    known = await _known(ctx)
    if known is None or not ctx.asker.direct:
        return _not_yet(ctx)
    found = None if fold(said) in NOTHING else category(said)
    if found is None and fold(said) not in NOTHING:
        raise questions.none_of(ctx, said, questions.choices(CATEGORIES)(ctx))
    return await _changed(ctx, known, category=found)


@command(
    "me country",
    topic="you",
    examples={
        "en": ("me country kenya", "me country none"),
        "fr": ("moi pays Sénégal", "moi pays aucun"),
        "es": ("yo país Colombia", "yo país ninguno"),
    },
    aliases={"fr": ("moi pays",), "es": ("yo país",)},
    writes=True,
    repeated=True,
)
async def choose_country(ctx: Context, said: Annotated[Rest, Label(mark("country"))]) -> Reply:
    """Say from which country you are; only its region is counted. None takes it back."""
    known = await _known(ctx)
    if known is None or not ctx.asker.direct:
        return _not_yet(ctx)
    if fold(said) in NOTHING:
        return await _changed(ctx, known, country=None)
    found = places.country(ctx, said, "me country")
    if not isinstance(found, Country):
        raise CommandError(ctx.text("{name} is no country.", name=strong(found.name(ctx.language))))
    return await _changed(ctx, known, country=found.code)


@command(
    "me topics",
    topic="you",
    examples={
        "en": ("me topics early warning, education", "me topics none"),
        "fr": ("moi thèmes alerte précoce, éducation", "moi thèmes aucun"),
        "es": ("yo temas alerta temprana, educación", "yo temas ninguno"),
    },
    aliases={"fr": ("moi thèmes",), "es": ("yo temas",)},
    writes=True,
    repeated=True,
)
async def choose_topics(ctx: Context, said: Annotated[Rest, Label(mark("topics"))]) -> Reply:
    """Say what interests you; what you say replaces what you said before. None takes it back."""
    known = await _known(ctx)
    if known is None or not ctx.asker.direct:
        return _not_yet(ctx)
    if fold(said) in NOTHING:
        return await _changed(ctx, known, topics=[])
    found = []
    for one in filter(None, (part.strip() for part in re.split(r"[,;،\n]", said))):
        key = interest(one)
        if key is None:
            raise questions.none_of(ctx, one, questions.choices(INTERESTS)(ctx))
        found.append(key)
    return await _changed(ctx, known, topics=[key for key in INTERESTS if key in found])


@command(
    "me forget",
    topic="you",
    examples={"en": ("me forget",), "fr": ("moi oublier",), "es": ("yo olvidar",)},
    aliases={"fr": ("moi oublier",), "es": ("yo olvidar",)},
    writes=True,
    repeated=True,
)
async def forget(ctx: Context) -> Markdown:
    """Withdraw your consent: I delete at once what you told me of yourself to be counted."""
    if await constituency.get(ctx.storage, ctx.asker.user_id) is None:
        raise CommandError(ctx.text("You have told me nothing of yourself to be counted."))
    await constituency.forget(ctx.writer, ctx.asker.user_id)
    return ctx.text(
        "Done. What you told me of yourself is deleted, and you are in no number that I make from now on. Numbers "
        "that were made before stay until they are made again, in January at the latest: if they changed at once, "
        "they would show that somebody left."
    )


async def _known(ctx: Context) -> Constituent | None:
    """Return what the person told; None of who has not agreed to the purpose as it is now."""
    known = await constituency.get(ctx.storage, ctx.asker.user_id)
    return known if known and known.agreed_to == AGREED_TO else None


async def _changed(ctx: Context, known: Constituent, **values: Any) -> Reply:  # noqa: ANN401
    now = known.model_copy(update={**values, "updated_at": ctx.now})
    await constituency.put(ctx.writer, now)
    return Reply(paragraphs(_told(ctx, now), _ways_out(ctx)))


def _not_yet(ctx: Context) -> Reply:
    """Say that nothing was stored: in a room everybody reads along, or there is no consent yet."""
    if not ctx.asker.direct:
        return _in_direct(ctx)
    asked = _asked(ctx)
    return replace(asked, text=paragraphs(ctx.text("I have stored nothing yet."), asked.text))


def _in_direct(ctx: Context) -> Reply:
    typed = code(ctx.typed("me").removeprefix(ctx.asker.prefix))
    there = ctx.text("That is between us: type {command} here. In the room I have stored nothing.", command=typed)
    return Reply(ctx.text("I have written to you in a direct chat."), posts=(Post(ctx.asker.user_id, there),))


def _asked(ctx: Context) -> Reply:
    """Return what it is for, before anything is stored."""
    said = paragraphs(
        ctx.text(
            "If you wish, tell me for whom you speak (a state body, civil society, academia …), from which "
            "country, and what interests you. What it is for: to see how diverse this community is, and where "
            "voices are missing. It is only counted, once a month, by category, region and topic; small groups "
            "are never shown, and nobody is told what you said, not even the moderators."
        ),
        ctx.text(
            "I store it with your Matrix id until you take it back with {forget} or {forgetme}. Without your "
            "consent I store nothing. If you agree, type {yes}.",
            forget=code(ctx.typed("me forget")),
            forgetme=code(ctx.typed("forgetme")),
            yes=code(ctx.typed("me", questions.yes(ctx))),
        ),
    )
    return Reply(said, buttons={YES: "me yes"})


def _told(ctx: Context, known: Constituent) -> Markdown:
    nothing = ctx.text("not told")
    whom = ctx.text(CATEGORIES[known.category]) if known.category else nothing
    land = countries.countries()[known.country].name(ctx.language) if known.country else nothing
    topics = ", ".join(str(ctx.text(INTERESTS[key])) for key in known.topics if key in INTERESTS)
    return paragraphs(
        ctx.text("You told me, to be counted:"),
        bullets(
            [
                ctx.text("Category: {category}", category=whom),
                ctx.text("Country: {country}", country=land),
                ctx.text("Topics: {topics}", topics=topics or nothing),
            ]
        ),
    )


def _choices(ctx: Context) -> Markdown:
    return bullets(
        [
            ctx.row(code(ctx.example("me category")), _names(ctx, CATEGORIES)),
            code(ctx.example("me country")),
            ctx.row(code(ctx.example("me topics")), _names(ctx, INTERESTS)),
        ]
    )


def _ways_out(ctx: Context) -> Markdown:
    return ctx.text(
        "{forget} deletes it all; {community} shows what becomes of it.",
        forget=code(ctx.typed("me forget")),
        community=code(ctx.typed("community")),
    )


def _names(ctx: Context, some: Mapping[K, str]) -> Markdown:
    return join(", ", [ctx.text(name) for name in some.values()])
