"""Which events people and rooms hear of: `!events follow` and `!events here`."""

from __future__ import annotations

from typing import Annotated

from commands.arguments import Label, Rest
from commands.attachment import Post, Reply
from commands.context import Context, Permission, mark
from commands.errors import ArgumentError, CommandError
from commands.events import KINDS, WORDS
from commands.registry import command
from commands.rendering import Markdown, bullets, code, join, paragraphs, strong
from commands.timezone import OFF
from config import countries
from storage import following, rooms
from storage.events import KINDS as ALL_KINDS
from storage.events import Kind
from storage.folding import fold

EVERYTHING = frozenset({"all", "everything", "tout", "tous", "toutes", "todo", "todos", "todas"})
ONLY = frozenset({"only", "seulement", "uniquement", "solo"})
WITHOUT = frozenset({"without", "no", "sans", "sin"})
AND = frozenset({"and", "or", "et", "ou", "y", "o"})


@command(
    "events follow",
    topic="events",
    examples={
        "en": ("events follow training", "events follow kenya", "events follow all"),
        "fr": ("événements suivre formation", "événements suivre Kenya"),
        "es": ("eventos seguir formación", "eventos seguir Kenia"),
    },
    aliases={"fr": ("événements suivre",), "es": ("eventos seguir",)},
    writes=True,
    repeated=True,
)
async def follow(ctx: Context, what: Annotated[Rest | None, Label(mark("kind or country"))] = None) -> Reply:
    """Announce events to you in a direct chat, too: all, of a kind, or of a country.

    Without a word, it shows what you follow.
    """
    person = ctx.asker.user_id
    if what is None:
        return Reply(await _followed(ctx))
    wanted = _what(ctx, what)
    await following.follow(ctx.writer, person, wanted, ctx.now)
    named = strong(_named(ctx, wanted))
    if ctx.asker.direct:
        return Reply(ctx.text("From now on I announce to you here: {what}.", what=named))
    return Reply(
        ctx.text("From now on I announce to you in a direct chat: {what}.", what=named),
        posts=(Post(person, ctx.text("From now on I announce to you here: {what}.", what=named)),),
    )


@command(
    "events unfollow",
    topic="events",
    examples={
        "en": ("events unfollow training", "events unfollow all"),
        "fr": ("événements ne plus suivre formation",),
        "es": ("eventos dejar de seguir formación",),
    },
    aliases={"fr": ("événements ne plus suivre",), "es": ("eventos dejar de seguir",)},
    writes=True,
    repeated=True,
)
async def unfollow(ctx: Context, what: Annotated[Rest, Label(mark("kind or country"))]) -> Markdown:
    """Announce nothing of this to you any more."""
    wanted = _what(ctx, what)
    # "All" ends everything, also what was followed one by one.
    if not await following.unfollow(ctx.writer, ctx.asker.user_id, None if wanted == following.ALL else wanted):
        return ctx.text("You do not follow {what}.", what=strong(_named(ctx, wanted)))
    return ctx.text("You do not follow {what} any more.", what=strong(_named(ctx, wanted)))


@command(
    "events here",
    topic="events",
    examples={
        "en": ("events here without commemorations", "events here only training and webinar", "events here all"),
        "fr": ("événements ici sans commémorations", "événements ici seulement formation", "événements ici tout"),
        "es": ("eventos aquí sin conmemoraciones", "eventos aquí solo formación", "eventos aquí todo"),
    },
    aliases={"fr": ("événements ici",), "es": ("eventos aquí",)},
    permission=Permission.MODERATOR | Permission.ROOM_MODERATOR,
    writes=True,
    repeated=True,
)
async def here(ctx: Context, choice: Annotated[Rest | None, Label(mark("which events"))] = None) -> Markdown:
    """Choose which events are announced in this room: all, none, only some kinds, or without some.

    It holds for the rooms in which the operator of the bot has events announced.
    """
    room_id = ctx.asker.room_id
    if choice is not None:
        await rooms.choose_quiet(ctx.writer, room_id, _quiet(ctx, choice))
    quiet = await rooms.quiet(ctx.storage, room_id)
    heard = [kind for kind in ALL_KINDS if kind not in quiet]
    if not heard:
        return ctx.text("No events are announced in this room.")
    if not quiet:
        return ctx.text("All events are announced in this room.")
    return ctx.text(
        "Of these kinds events are announced in this room: {kinds}.",
        kinds=join(", ", [strong(ctx.text(KINDS[kind])) for kind in heard]),
    )


def _quiet(ctx: Context, choice: str) -> list[str]:
    words = [word for word in fold(choice.replace(",", " ")).split() if word not in AND]
    if len(words) == 1 and words[0] in EVERYTHING:
        return []
    if len(words) == 1 and words[0] in OFF:
        return list(ALL_KINDS)
    kinds = _kinds(ctx, words[1:] if words and words[0] in ONLY | WITHOUT else words)
    if words and words[0] in WITHOUT:
        return [kind for kind in ALL_KINDS if kind in kinds]
    return [kind for kind in ALL_KINDS if kind not in kinds]


def _kinds(ctx: Context, words: list[str]) -> set[Kind]:
    unknown = next((word for word in words if word not in WORDS), None)
    if unknown is not None or not words:
        raise ArgumentError(
            ctx.text("{word} is no kind of event. Kinds: {kinds}.", word=code(unknown or "…"), kinds=_every(ctx))
        )
    return {WORDS[word] for word in words}


def _every(ctx: Context) -> Markdown:
    return join(", ", [ctx.text(name) for name in KINDS.values()])


def _what(ctx: Context, said: str) -> str:
    folded = fold(said)
    if folded in EVERYTHING | OFF:
        return following.ALL
    if folded in WORDS:
        return f"kind:{WORDS[folded]}"
    found = countries.find(said)
    if found.how is countries.How.NAMED and found.one:
        return f"country:{found.one.code}"
    raise CommandError(
        ctx.text(
            "{word} is neither a kind of event nor a country. Kinds: {kinds}.",
            word=code(said[:100]),
            kinds=_every(ctx),
        )
    )


async def _followed(ctx: Context) -> Markdown:
    found = await following.of(ctx.storage, ctx.asker.user_id)
    if not found:
        return ctx.text(
            "You follow no events. To be told of them in a direct chat: {example}",
            example=code(ctx.typed("events follow", ctx.plain("training"))),
        )
    return paragraphs(ctx.text("I announce to you in a direct chat:"), bullets(_named(ctx, one) for one in found))


def _named(ctx: Context, what: str) -> Markdown:
    about, _, value = what.partition(":")
    if about == "kind":
        return ctx.text(next(name for kind, name in KINDS.items() if kind == value))
    if about == "country":
        return Markdown("{}").format(countries.countries()[value].name(ctx.language))
    return ctx.text("all events")
