"""The term of the week, `!week`: what it says, and how moderators choose it."""

from __future__ import annotations

from typing import Annotated

from commands.arguments import Label, Rest
from commands.context import Context, Permission, mark
from commands.errors import CommandError
from commands.glossary_card import sources
from commands.registry import command
from commands.rendering import Markdown, code, escape, join, paragraphs, strong
from config import learning
from config.languages import SPOKEN, name_of
from storage import glossary, weekly_terms
from storage.glossary import Concept


@command(
    "week",
    topic="glossary",
    examples={
        "en": ("week", "week genocide"),
        "fr": ("semaine", "semaine génocide"),
        "es": ("semana", "semana genocidio"),
    },
    aliases={"fr": ("semaine",), "es": ("semana",)},
    writes=True,
)
async def week(ctx: Context, words: Annotated[Rest | None, Label(mark("words"))] = None) -> Markdown:
    """Show the term of the week. Moderators choose a coming one by its name.

    Where none is chosen, terms follow by rotation, and none comes again before all were had.
    """
    if words is not None:
        return await _choose(ctx, words)
    newest = await weekly_terms.newest(ctx.storage)
    concept = await glossary.get(ctx.storage, newest) if newest else None
    if concept is None:
        return ctx.text(
            "There was no term of the week yet. {list} shows the glossary.", list=code(ctx.typed("terms"))
        )
    language = next((one for one in (ctx.language, *SPOKEN) if concept.is_complete(one)), None)
    if language is None:
        raise CommandError(ctx.text("The term of the week is not in the glossary any more."))
    return card(ctx, concept, language)


@command(
    "week list",
    topic="glossary",
    examples={"en": ("week list",), "fr": ("semaine liste",), "es": ("semana lista",)},
    aliases={"fr": ("semaine liste",), "es": ("semana lista",)},
    permission=Permission.MODERATOR,
)
async def listed(ctx: Context) -> Markdown:
    """List the terms of the coming weeks that moderators chose."""
    chosen = await weekly_terms.chosen(ctx.storage)
    titles = await glossary.titles(ctx.storage, chosen, ctx.language)
    if not titles:
        return ctx.text(
            "No term is chosen, so they follow by rotation. To choose one: {example}",
            example=code(ctx.typed("week", ctx.plain("genocide"))),
        )
    return paragraphs(
        ctx.text("Coming terms of the week:"),
        join("\n", [Markdown("{}. {}").format(at, one.text) for at, one in enumerate(titles, start=1)]),
        ctx.text("After that, terms follow by rotation."),
        ctx.text("To take one back: {example}", example=code(ctx.typed("week drop", titles[0].text))),
    )


@command(
    "week drop",
    topic="glossary",
    examples={
        "en": ("week drop genocide",),
        "fr": ("semaine retirer génocide",),
        "es": ("semana quitar genocidio",),
    },
    aliases={"fr": ("semaine retirer",), "es": ("semana quitar",)},
    permission=Permission.MODERATOR,
    writes=True,
    repeated=True,
)
async def drop(ctx: Context, words: Annotated[Rest, Label(mark("words"))]) -> Markdown:
    """Take back a term that was chosen for a coming week."""
    concept = await _named(ctx, words)
    name = strong(_name(ctx, concept))
    if not await weekly_terms.take_back(ctx.writer, concept.id):
        return ctx.text("{term} is not among the coming terms.", term=name)
    return ctx.text("{term} is no coming term of the week any more.", term=name)


async def _choose(ctx: Context, words: str) -> Markdown:
    if not await ctx.may(Permission.MODERATOR):
        raise CommandError(
            ctx.text(
                "Moderators choose the term of the week. {example} explains a term.",
                example=code(ctx.typed("term", words[:60])),
            )
        )
    concept = await _named(ctx, words)
    name = strong(_name(ctx, concept))
    lacking = [language for language in SPOKEN if not concept.is_complete(language)]
    if len(lacking) == len(SPOKEN):
        raise CommandError(
            ctx.text("{term} is not complete: it needs a checked name, a definition and a source.", term=name)
        )
    added = await weekly_terms.choose(ctx.writer, concept.id, ctx.now)
    place = (await weekly_terms.chosen(ctx.storage)).index(concept.id) + 1
    return paragraphs(
        ctx.text("{term} is a coming term of the week, number {place} of those chosen.", term=name, place=place)
        if added
        else ctx.text("{term} was chosen already, number {place} of those chosen.", term=name, place=place),
        ctx.text(
            "It is not complete in {languages}: nothing is posted in rooms of that language.",
            languages=join(", ", [name_of(one, ctx.language) for one in lacking]),
        )
        if lacking
        else None,
        ctx.text("{list} shows all.", list=code(ctx.typed("week list"))),
    )


async def _named(ctx: Context, words: str) -> Concept:
    """Find the one term that is meant by its name."""
    found = await glossary.find(ctx.storage, words, ctx.language)
    if (
        found.how == "name"
        and len(found.titles) == 1
        and (one := await glossary.get(ctx.storage, found.titles[0].id))
    ):
        return one
    if not found.titles:
        raise CommandError(
            ctx.text(
                "I have no term {words}. {list} shows what there is.",
                words=strong(words[:60]),
                list=code(ctx.typed("terms")),
            )
        )
    raise CommandError(
        ctx.text(
            "I have no term that is called {words} and nothing else. Did you mean one of these: {terms}?",
            words=strong(words[:60]),
            terms=join(", ", [code(one.text) for one in found.titles[:5]]),
        )
    )


def _name(ctx: Context, concept: Concept) -> str:
    return next(iter((*concept.named(ctx.language), *concept.named("en"), concept.id)))


def card(ctx: Context, concept: Concept, language: str, *, late: bool = False) -> Markdown:
    """Write a term of the week, in a language in which it is complete, with a question to discuss."""
    definition = concept.defined(language)
    assert definition is not None  # noqa: S101 - it is complete
    name = concept.named(language)[0]
    question = learning.question(concept.id, concept.topic)
    return paragraphs(
        ctx.text("Term of the week: {term}", term=strong(name)),
        escape(definition.text, lines=True),
        sources(ctx, concept),
        ctx.text("To discuss: {question}", question=question.get(language) or question["en"]),
        ctx.text(
            "More: {term}. Five questions in a direct chat: {quiz}",
            term=code(ctx.typed("term", name)),
            quiz=code(ctx.typed("quiz")),
        ),
        ctx.text("This comes late: I was away when it was due.") if late else None,
    )
