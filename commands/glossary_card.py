"""A term in words: the definition first, then sources, other languages, communities, and where to go on."""

from __future__ import annotations

from commands.communities import line as community_line
from commands.context import Context
from commands.moments import in_words
from commands.rendering import Markdown, bullets, escape, isolate, join, link, paragraphs, strong
from config.languages import RIGHT_TO_LEFT, SPOKEN, name_of
from storage import glossary, glossary_communities
from storage.glossary import Concept, Source


async def card(ctx: Context, concept: Concept, wanted: str, near: str | None) -> Markdown:
    """Write everything about a concept: the definition first, then sources, then where to go on."""
    language = wanted if concept.defined(wanted) else ctx.language if concept.defined(ctx.language) else "en"
    return paragraphs(
        ctx.text("No term is called {words}; this is the nearest.", words=strong(near)) if near else None,
        _head(ctx, concept, wanted, language),
        sources(ctx, concept),
        _equivalents(ctx, concept, wanted),
        await _communities(ctx, concept),
        await _neighbours(ctx, concept, language),
    )


def _head(ctx: Context, concept: Concept, wanted: str, language: str) -> Markdown:
    shown = concept.named(wanted) if any(t.checked for t in concept.terms if t.language == wanted) else []
    name = (shown or concept.named(language) or concept.named("en") or [concept.id])[0]
    spoken_in = wanted if shown else language
    others = concept.named(spoken_in, "abbreviation") + concept.named(spoken_in, "admitted")
    head = strong(isolate(capital(name)) if spoken_in in RIGHT_TO_LEFT else capital(name))
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
        return ctx.text("checked {date}", date=in_words(source.checked_on, ctx.language))
    if source.confirmed and source.as_of:
        return ctx.text(
            "reference seen {date}, not yet checked by a moderator", date=in_words(source.as_of, ctx.language)
        )
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


async def _communities(ctx: Context, concept: Concept) -> Markdown | None:
    """Say from which community a term comes, and what is the same thing in both."""
    found = await glossary_communities.pairs_of(ctx.storage, concept.id)
    pairs = [
        ctx.text("One thing in two communities: {names}.", names=await pair_names(ctx, pair)) for pair in found
    ]
    shown = [one for one in (community_line(ctx, concept.community), *pairs) if one]
    return join("\n", shown) if shown else None


async def pair_names(ctx: Context, pair: list[str]) -> Markdown:
    """Write a concept and what is its counterpart: "a – b, c"; several are one thing together."""
    one, *others = [title.text for title in await glossary.titles(ctx.storage, pair, ctx.language)]
    return Markdown("{} – {}").format(one, ", ".join(others)) if others else escape(one)


def capital(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]
