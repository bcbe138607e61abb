"""The pages of the glossary."""

from __future__ import annotations

from itertools import groupby

from bot.library.asking import Ask, MissingError, Sheet, pages_of
from commands.communities import name as name_of_community
from commands.context import Context
from commands.glossary import topic_name
from commands.glossary_card import pair_names, source_state
from commands.rendering import render
from config.languages import SPOKEN, name_of
from storage import glossary, glossary_communities, library
from storage.glossary import Concept, Title

TERMS = 100
"""Of the list on one page."""


async def listed(ctx: Context, ask: Ask) -> Sheet:
    """Show the terms by topic."""
    count = sum((await glossary.topics(ctx.storage)).values())
    pages = pages_of(ask, count, TERMS)
    some = await library.titles(ctx.storage, ctx.language, TERMS, (ask.page - 1) * TERMS)
    facts = {
        "topics": [
            (render(topic_name(ctx, key)).body, list(titles))
            for key, titles in groupby(some, lambda one: one.topic)
        ],
        "count": count,
        "pages": pages,
    }
    about = ctx.plain("The words of the prevention of atrocities, with their sources.")
    return Sheet("glossary.html", ctx.plain("Glossary"), facts, about=about)


async def one(ctx: Context, ask: Ask) -> Sheet:
    """Show a term: what it means, from where that is known, and what it is called elsewhere."""
    concept = await glossary.get(ctx.storage, ask.name)
    if concept is None:
        raise MissingError
    spoken = ctx.language if concept.defined(ctx.language) else "en"
    definition = concept.defined(spoken)
    named = _name(concept, ctx.language)
    facts = {
        "heading": named[0],
        "spoken": named[1],
        "others": [*concept.named(named[1], "abbreviation"), *concept.named(named[1], "admitted")],
        "definition": definition,
        "defined_in": spoken,
        "sources": [(one, render(source_state(ctx, one)).body) for one in concept.sources],
        "related": await _titles(ctx, concept.related),
        "confused": await _titles(ctx, concept.confused_with),
        "topic": render(topic_name(ctx, concept.topic)).body,
        "community": name_of_community(ctx, concept.community),
        "pairs": [
            render(await pair_names(ctx, pair)).body
            for pair in await glossary_communities.pairs_of(ctx.storage, concept.id)
        ],
        **_elsewhere(ctx, concept, named[1]),
    }
    return Sheet("term.html", named[0], facts, about=definition.text if definition else "")


async def _titles(ctx: Context, ids: list[str]) -> list[Title]:
    return await glossary.titles(ctx.storage, ids, ctx.language)


def _name(concept: Concept, language: str) -> tuple[str, str]:
    """Return the name of a concept, with its language."""
    for spoken in (language, "en", *(one.language for one in concept.terms)):
        if found := concept.named(spoken):
            return found[0][:1].upper() + found[0][1:], spoken
    return concept.id, "en"


def _elsewhere(ctx: Context, concept: Concept, own: str) -> dict[str, object]:
    """Return the names in other languages; those that no native reader has checked are only announced."""
    shown, waiting = [], []
    for language in dict.fromkeys([*SPOKEN, *(one.language for one in concept.terms)]):
        preferred = [one for one in concept.terms if one.language == language and one.kind == "preferred"]
        if language == own or not preferred:
            continue
        name = name_of(language, ctx.language)
        if preferred[0].checked:
            shown.append((language, name, preferred[0].text))
        else:
            waiting.append(name)
    return {"elsewhere": shown, "waiting": waiting}
