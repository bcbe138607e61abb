"""The common working language: `!term` and `!terms`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from babel.dates import format_date
from rapidfuzz import process

from commands.arguments import Label, Language, Named, Rest
from commands.context import Context, mark, translate
from commands.errors import CommandError
from commands.registry import command
from commands.rendering import (
    Markdown,
    bullets,
    code,
    escape,
    isolate,
    join,
    link,
    paragraphs,
    strong,
)
from config.languages import RIGHT_TO_LEFT, SPOKEN, name_of
from storage import glossary
from storage.folding import fold
from storage.glossary import Concept, Lookup, Source, Title

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
            return await _card(ctx, concept, wanted, near=words if found.how == "near" else None)
    return _choices(ctx, words, found)


@command(
    "terms",
    topic="glossary",
    examples={
        "en": ("terms", "terms justice", "terms crimes page 2"),
        "fr": ("termes", "termes justice", "termes crimes page 2"),
        "es": ("términos", "términos justicia", "términos crímenes página 2"),
    },
    aliases={"fr": ("termes",), "es": ("términos",)},
)
async def terms(
    ctx: Context,
    topic: Annotated[Rest | None, Label(mark("topic"))] = None,
    page: Annotated[int, PAGE, Label(mark("number"))] = 1,
) -> Markdown:
    """List the topics of the glossary, or the terms of one topic."""
    topics = await glossary.topics(ctx.storage)
    if not topics:
        return ctx.text("The glossary is empty.")
    if topic is None:
        return _topic_list(ctx, topics)
    key = _topic(ctx, topic, list(topics))
    if key is None:
        found = await glossary.find(ctx.storage, topic, ctx.language)
        if found.how in ("nothing", "near"):
            raise CommandError(_no_topic(ctx, topic, topics))
        return _choices(ctx, topic, found)
    return await _topic_page(ctx, key, page)


async def _card(ctx: Context, concept: Concept, wanted: str, near: str | None) -> Markdown:
    """Write everything about a concept: the definition first, then sources, then where to go on."""
    language = wanted if concept.defined(wanted) else ctx.language if concept.defined(ctx.language) else "en"
    return paragraphs(
        ctx.text("No term is called {words}; this is the nearest.", words=strong(near)) if near else None,
        _head(ctx, concept, wanted, language),
        sources(ctx, concept),
        _equivalents(ctx, concept, wanted),
        await _neighbours(ctx, concept, language),
    )


def _head(ctx: Context, concept: Concept, wanted: str, language: str) -> Markdown:
    shown = concept.named(wanted) if any(t.checked for t in concept.terms if t.language == wanted) else []
    name = (shown or concept.named(language) or concept.named("en") or [concept.id])[0]
    spoken_in = wanted if shown else language
    others = concept.named(spoken_in, "abbreviation") + concept.named(spoken_in, "admitted")
    head = strong(isolate(_capital(name)) if spoken_in in RIGHT_TO_LEFT else _capital(name))
    if others:
        head += Markdown(" ({})").format(", ".join(others))
    definition = concept.defined(language)
    lines = [head]
    if definition is None:
        lines.append(ctx.text("There is no definition yet."))
    else:
        if language != wanted:
            lines.append(
                ctx.text(
                    "I have no definition in {wanted}; this is the one in {language}.",
                    wanted=name_of(wanted, ctx.language),
                    language=name_of(language, ctx.language),
                )
            )
        lines.append(escape(definition.text, lines=True))
        if definition.usage_note:
            lines.append(ctx.text("Usage: {note}", note=definition.usage_note))
    return join("\n", lines)


def sources(ctx: Context, concept: Concept) -> Markdown:
    """Say where a concept comes from."""
    if not concept.sources:
        return ctx.text("Source: none on record yet.")
    rows = [_source(ctx, source) for source in concept.sources]
    if len(rows) == 1:
        return ctx.text("Source: {source}", source=rows[0])
    return Markdown("{}\n{}").format(ctx.text("Sources:"), bullets(rows))


def _source(ctx: Context, source: Source) -> Markdown:
    document = link(source.document, source.url) if source.url else escape(source.document)
    reference = join(", ", [part for part in (document, source.symbol, source.locator) if part])
    return Markdown("{} ({})").format(reference, source_state(ctx, source))


def source_state(ctx: Context, source: Source) -> Markdown:
    """Say whether somebody has checked a source, and when."""
    if source.checked_on:
        return ctx.text("checked {date}", date=_date(ctx, source.checked_on))
    if source.confirmed and source.as_of:
        return ctx.text("reference seen {date}, not yet checked by a moderator", date=_date(ctx, source.as_of))
    return ctx.text("not yet checked by a moderator")


def _equivalents(ctx: Context, concept: Concept, wanted: str) -> Markdown | None:
    """Write the name in the other languages. Those that no native reader has checked are only announced."""
    rows: list[Markdown] = []
    unchecked: list[str] = []
    languages = dict.fromkeys([*SPOKEN, *(one.language for one in concept.terms)])
    for language in languages:
        preferred = [t for t in concept.terms if t.language == language and t.kind == "preferred"]
        if language == wanted or not preferred:
            continue
        if preferred[0].checked:
            rows.append(Markdown("{} {}").format(language, isolate(escape(preferred[0].text))))
        else:
            unchecked.append(name_of(language, ctx.language))
    waiting = (
        ctx.text("Waiting for a native reader: {languages}.", languages=", ".join(unchecked))
        if unchecked
        else None
    )
    shown = join(" · ", rows)
    return join("\n", [part for part in (shown, waiting) if part]) or None


async def _neighbours(ctx: Context, concept: Concept, language: str) -> Markdown | None:
    found = await glossary.titles(ctx.storage, [*concept.related, *concept.confused_with], language)
    by_id = {one.id: one for one in found}
    related = [by_id[other] for other in concept.related if other in by_id]
    confused = [by_id[other] for other in concept.confused_with if other in by_id]
    lines = []
    if related:
        lines.append(ctx.text("See also: {terms}.", terms=", ".join(one.text for one in related)))
    if confused:
        lines.append(ctx.text("Often confused with: {terms}.", terms=", ".join(one.text for one in confused)))
    return join(" ", lines) if lines else None


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


def _topic_list(ctx: Context, topics: dict[str, int]) -> Markdown:
    rows = [
        Markdown("{} – {} ({})").format(
            topic_name(ctx, key), code(ctx.typed("terms", _short_name(ctx, key))), count
        )
        for key, count in topics.items()
    ]
    return paragraphs(
        ctx.plural("The glossary has {count} term.", "The glossary has {count} terms.", sum(topics.values())),
        bullets(rows),
    )


async def _topic_page(ctx: Context, key: str, page: int) -> Markdown:
    titles = await glossary.in_topic(ctx.storage, key, ctx.language)
    pages = max(1, -(-len(titles) // ROWS))
    if not 1 <= page <= pages:
        raise CommandError(ctx.plural("This list has {count} page.", "This list has {count} pages.", pages))
    shown = titles[(page - 1) * ROWS : page * ROWS]
    heading = Markdown("**{}** ({})").format(topic_name(ctx, key), len(titles))
    rest = None
    if page < pages:
        word = PAGE.words.get(ctx.language, PAGE.words["en"])[0]
        more = code(ctx.typed("terms", f"{_short_name(ctx, key)} {word} {page + 1}"))
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


def _date(ctx: Context, day: date) -> str:
    return format_date(day, format="long", locale=ctx.language)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
