"""The common working language: `!term` and `!terms`."""

from __future__ import annotations

from typing import Annotated

from rapidfuzz import process

from commands.arguments import Label, Language, Named, Rest
from commands.communities import NAMES, TYPED, named
from commands.context import Context, mark, translate
from commands.errors import CommandError
from commands.glossary_card import capital, card, pair_names
from commands.registry import command
from commands.rendering import (
    Markdown,
    bullets,
    code,
    escape,
    join,
    paragraphs,
    strong,
)
from config.languages import SPOKEN
from storage import glossary, glossary_communities
from storage.communities import COMMUNITIES, Community
from storage.folding import fold
from storage.glossary import Lookup, Title

TOPICS = {
    "crimes": mark("Crimes"),
    "r2p": mark("Responsibility to protect"),
    "prevention": mark("Prevention"),
    "speech": mark("Speech and incitement"),
    "rights": mark("Protection and rights"),
    "justice": mark("Justice and memory"),
    "practice": mark("Principles of work"),
}
"""Names of the topics of the starter glossary. An imported topic is called by its id."""

ROWS = 10
"""Of a list in one answer."""
PAIRS = frozenset({"pairs", "pair", "paires", "paire", "pares", "par"})
"""What asks for the pairs of terms, folded."""
PAIRS_SHOWN = 20

IN = Named({"en": ("in",), "fr": ("en",), "es": ("en",)})
PAGE = Named({"en": ("page",), "fr": ("page",), "es": ("página",)}, strict=True)


@command(
    "term",
    topic="glossary",
    examples={
        "en": ("term genocide", "term responsibility to protect", "term genocide in French"),
        "fr": ("terme génocide", "terme responsabilité de protéger", "terme génocide en anglais"),
        "es": ("término genocidio", "término responsabilidad de proteger", "término genocidio en inglés"),
    },
    aliases={"fr": ("terme",), "es": ("término",)},
)
async def term(
    ctx: Context,
    words: Annotated[Rest, Label(mark("words"))],
    language: Annotated[Language | None, IN, Label(mark("language"))] = None,
) -> Markdown:
    """Explain a term of the common working language.

    I find it by its name or abbreviation in any language, with or without accents, and by words of its
    definition.
    """
    wanted = str(language) if language else ctx.language
    found = await glossary.find(ctx.storage, words, wanted)
    if found.how == "nothing":
        return _nothing(ctx, words)
    if found.alone or (found.how == "name" and len(found.titles) == 1):
        concept = await glossary.get(ctx.storage, found.titles[0].id)
        if concept:
            return await card(ctx, concept, wanted, near=words if found.how == "near" else None)
    return _choices(ctx, words, found)


@command(
    "terms",
    topic="glossary",
    examples={
        "en": ("terms", "terms justice", "terms crimes page 2", "terms r2p", "terms pairs"),
        "fr": (
            "termes",
            "termes justice",
            "termes crimes page 2",
            "termes prévention du génocide",
            "termes paires",
        ),
        "es": ("términos", "términos justicia", "términos crímenes página 2", "términos r2p", "términos pares"),
    },
    aliases={"fr": ("termes",), "es": ("términos",)},
)
async def terms(
    ctx: Context,
    topic: Annotated[Rest | None, Label(mark("topic"))] = None,
    page: Annotated[int, PAGE, Label(mark("number"))] = 1,
) -> Markdown:
    """List the topics of the glossary, or the terms of one topic or of one community.

    The communities are genocide prevention and R2P; `!terms pairs` lists what both have a name of their own for.
    """
    topics = await glossary.topics(ctx.storage)
    if not topics:
        return ctx.text("The glossary is empty.")
    if topic is None:
        return await _topic_list(ctx, topics)
    if fold(topic) in PAIRS:
        return await _pairs(ctx)
    if community := named(topic):
        return await _community_page(ctx, community, page)
    key = _topic(ctx, topic, list(topics))
    if key is None:
        found = await glossary.find(ctx.storage, topic, ctx.language)
        if found.how in ("nothing", "near"):
            raise CommandError(_no_topic(ctx, topic, topics))
        return _choices(ctx, topic, found)
    return await _topic_page(ctx, key, page)


def _choices(ctx: Context, words: str, found: Lookup) -> Markdown:
    """Offer what may be meant. One mistyped name gets one suggestion."""
    first = found.titles[0]
    if found.how == "near":
        return ctx.text(
            "I have no term {words}. Did you mean {suggestion}?",
            words=strong(words),
            suggestion=code(ctx.typed("term", first.text)),
        )
    if found.how == "definition":
        heading = ctx.text("No term is called {words}, but these speak of it:", words=strong(words))
    elif found.how == "name":
        heading = ctx.text("{words} can mean:", words=strong(words))
    else:
        heading = ctx.text("Several terms fit {words}:", words=strong(words))
    shown = found.titles[:ROWS]
    more = len(found.titles) - len(shown)
    return paragraphs(
        heading,
        bullets(code(ctx.typed("term", one.text)) for one in shown),
        ctx.plural("{count} more; add a word.", "{count} more; add a word.", more) if more else None,
    )


def _nothing(ctx: Context, words: str) -> Markdown:
    return paragraphs(
        ctx.text("I have no term {words}, and no definition speaks of it.", words=strong(words)),
        ctx.text(
            "{list} shows what there is. Should it be here? {suggest} tells the moderators.",
            list=code(ctx.typed("terms")),
            suggest=code(ctx.typed("term suggest")),
        ),
    )


async def _topic_list(ctx: Context, topics: dict[str, int]) -> Markdown:
    rows = [
        Markdown("{} – {} ({})").format(
            topic_name(ctx, key), code(ctx.typed("terms", _short_name(ctx, key))), count
        )
        for key, count in topics.items()
    ]
    known = await glossary_communities.counted(ctx.storage)
    communities = [
        Markdown("{} ({})").format(code(ctx.typed("terms", ctx.plain(TYPED[one]))), known[one])
        for one in COMMUNITIES
        if one in known
    ]
    return paragraphs(
        ctx.plural("The glossary has {count} term.", "The glossary has {count} terms.", sum(topics.values())),
        bullets(rows),
        ctx.text("By community: {communities}", communities=join(", ", communities)) if communities else None,
    )


async def _pairs(ctx: Context) -> Markdown:
    """List what the two communities have different words for."""
    found = await glossary_communities.pairs(ctx.storage)
    if not found:
        return ctx.text("No pair of terms is on record.")
    rows = [await pair_names(ctx, pair) for pair in found[:PAIRS_SHOWN]]
    left = len(found) - len(rows)
    more = [ctx.plural("and {count} more", "and {count} more", left)] if left else []
    return paragraphs(
        ctx.text("What the communities of genocide prevention and of R2P have different words for:"),
        bullets([*rows, *more]),
    )


async def _community_page(ctx: Context, community: Community, page: int) -> Markdown:
    titles = await glossary_communities.of_community(ctx.storage, community, ctx.language)
    name, typed = ctx.plain(NAMES[community]), ctx.plain(TYPED[community])
    if not titles:
        return ctx.text("No term of the glossary is marked so: {name}.", name=strong(name))
    listed_ = _page(ctx, Markdown("{} ({})").format(strong(capital(name)), len(titles)), titles, typed, page)
    if community == "both":
        return listed_
    shared = code(ctx.typed("terms", ctx.plain(TYPED["both"])))
    return paragraphs(listed_, ctx.text("Terms that come from both: {example}", example=shared))


async def _topic_page(ctx: Context, key: str, page: int) -> Markdown:
    titles = await glossary.in_topic(ctx.storage, key, ctx.language)
    heading = Markdown("**{}** ({})").format(topic_name(ctx, key), len(titles))
    return _page(ctx, heading, titles, _short_name(ctx, key), page)


def _page(ctx: Context, heading: Markdown, titles: list[Title], name: str, page: int) -> Markdown:
    pages = max(1, -(-len(titles) // ROWS))
    if not 1 <= page <= pages:
        raise CommandError(ctx.plural("This list has {count} page.", "This list has {count} pages.", pages))
    shown = titles[(page - 1) * ROWS : page * ROWS]
    rest = None
    if page < pages:
        word = PAGE.words.get(ctx.language, PAGE.words["en"])[0]
        more = code(ctx.typed("terms", f"{name} {word} {page + 1}"))
        count = len(titles) - page * ROWS
        rest = ctx.plural("{count} more: {example}", "{count} more: {example}", count, example=more)
    return paragraphs(heading, bullets(_row(one) for one in shown), rest)


def _row(title: Title) -> Markdown:
    return escape(title.text)


def _topic(ctx: Context, typed: str, topics: list[str]) -> str | None:
    """Find a topic by its id or its name in any language; near misses are taken."""
    names: dict[str, str] = {}
    for key in topics:
        names[fold(key)] = key
        for language in SPOKEN:
            name = fold(str(_name_in(ctx, key, language)))
            names.setdefault(name, key)
            names.setdefault(name.split()[0], key)
    wanted = fold(typed)
    if wanted in names:
        return names[wanted]
    near = process.extractOne(wanted, names.keys(), score_cutoff=85)
    return names[near[0]] if near and len(wanted) > 3 else None


def _no_topic(ctx: Context, topic: str, topics: dict[str, int]) -> Markdown:
    choices = join(", ", [code(ctx.typed("terms", _short_name(ctx, key))) for key in topics])
    return ctx.text("I have no topic {topic}. There are: {choices}.", topic=strong(topic), choices=choices)


def topic_name(ctx: Context, key: str) -> Markdown:
    """Return what a topic is called."""
    return _name_in(ctx, key, ctx.language)


def _short_name(ctx: Context, key: str) -> str:
    """Return the first word of a topic's name when it is enough to find it, else its id."""
    word = str(topic_name(ctx, key)).split()[0].lower()
    return word if _topic(ctx, word, list(TOPICS)) == key else key


def _name_in(_ctx: Context, key: str, language: str) -> Markdown:
    return translate(language, TOPICS[key]) if key in TOPICS else escape(key)
