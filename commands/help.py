"""What the bot can do: a list, and one page for each command."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

from commands.arguments import Label, Rest
from commands.context import Context, mark
from commands.registry import Command, command
from commands.rendering import Markdown, bullets, code, join, paragraphs
from commands.respond import signature
from config.languages import SPOKEN, name_of

TOPICS = {
    "glossary": mark("Glossary"),
    "focal": mark("Who to turn to"),
    "events": mark("Events"),
    "practices": mark("Practices"),
    "queue": mark("Queue of the moderators"),
    "you": mark("For you"),
    "bot": mark("About me"),
}
"""Headings in the order of the list."""


@command(
    "help",
    topic="bot",
    examples={"en": ("help", "help term"), "fr": ("aide", "aide terme"), "es": ("ayuda", "ayuda término")},
    aliases={"fr": ("aide",), "es": ("ayuda",)},
)
async def show_help(ctx: Context, about: Annotated[Rest | None, Label(mark("command"))] = None) -> Markdown:
    """List what I can do, or explain one command."""
    if about:
        name = about.removeprefix(ctx.asker.prefix)
        found = ctx.registry.find(name)
        if found and await ctx.may(found.command.permission):
            return _page(ctx, found.command)
        return await _no_such(ctx, name)
    allowed = sorted(await ctx.registry.allowed(ctx), key=lambda one: list(TOPICS).index(one.topic))
    sections = [
        paragraphs(
            Markdown("**{}**").format(ctx.text(TOPICS[topic])),
            bullets(_line(ctx, one) for one in commands),
        )
        for topic, commands in groupby(allowed, key=lambda one: one.topic)
    ]
    return paragraphs(*sections, _footer(ctx))


def _footer(ctx: Context) -> Markdown:
    more = ctx.text(
        "More about one of them: {example}.",
        example=code(ctx.typed("help", ctx.typed("term").removeprefix(ctx.asker.prefix))),
    )
    if ctx.asker.direct:
        return more
    return join(
        "\n",
        [
            more,
            ctx.text("In a direct chat with me you can leave out the {prefix}.", prefix=code(ctx.asker.prefix)),
        ],
    )


def _line(ctx: Context, one: Command) -> Markdown:
    return Markdown("{} – {}").format(code(signature(ctx, one)), ctx.text(one.summary))


def _page(ctx: Context, one: Command) -> Markdown:
    details = [ctx.text(part) for part in one.details.split("\n\n") if part]
    examples = [code(ctx.asker.prefix + example) for example in one.examples_in(ctx.language)]
    others = [
        Markdown("{} ({})").format(
            join(", ", [code(ctx.asker.prefix + alias) for alias in names]), name_of(language, ctx.language)
        )
        for language, names in (("en", (one.name,)), *one.aliases.items())
        if names and language in SPOKEN and language != ctx.language
    ]
    return paragraphs(
        Markdown("{}\n{}").format(code(signature(ctx, one)), ctx.text(one.summary)),
        *details,
        Markdown("{}\n{}").format(
            ctx.plural("Example:", "Examples:", len(examples)),
            bullets(examples),
        ),
        ctx.text("Also: {names}", names=join(", ", others)) if others else None,
    )


async def _no_such(ctx: Context, name: str) -> Markdown:
    shown = code(ctx.asker.prefix + name[:60])
    near = await ctx.registry.nearest(ctx, name)
    if near:
        return ctx.text(
            "I don't know {typed}. Did you mean {suggestion}?",
            typed=shown,
            suggestion=code(f"{ctx.typed('help')} {near}"),
        )
    return ctx.text("I don't know {typed}. {help} lists what I can do.", typed=shown, help=code(ctx.typed("help")))
