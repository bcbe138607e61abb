"""Countries and regions in what people type: one, or a question back. Used by every command that asks for one."""

from __future__ import annotations

from commands.context import Context
from commands.errors import CommandError
from commands.rendering import Markdown, bullets, code, paragraphs, strong
from config import countries
from config.countries import Found, Holder, How, Region

WORLD = "001"
LONGEST = 8
"""Words of the name of a country: United Kingdom of Great Britain and Northern Ireland has eight."""


def country(ctx: Context, typed: str, command: str) -> Holder:
    """Return the country or organisation that is meant; `command` is what the choices are offered with.

    Raises:
        CommandError: none is meant, or it must be asked which.

    """
    found = countries.find(typed)
    if found.one is None:
        raise _ask(ctx, typed, command, found)
    return found.one


def leading_country(ctx: Context, typed: str, command: str) -> tuple[Holder, str]:
    """Return the country with which a text begins, and the rest: of "Côte d'Ivoire the office …" the first two.

    The longest beginning that is the name of a country counts, without the articles that a name may end in.

    Raises:
        CommandError: the text begins with no country, or it must be asked which.

    """
    words = typed.split()
    named = {length: _named(words[:length]) for length in range(min(len(words), LONGEST), 0, -1)}
    longest = next((one for one in named.values() if one), None)
    if longest:
        length = min(length for length, one in named.items() if one is longest)
        return longest, " ".join(words[length:]).lstrip(":,;–— ")
    first = next((part for part in (typed.partition(":")[0], words[0]) if part), typed)
    found = countries.find(first)
    if found.how is How.MISSPELT and found.one:
        return found.one, typed[len(first) :].lstrip(":,;–— ")
    raise _ask(ctx, first, command, found)


def _named(words: list[str]) -> Holder | None:
    found = countries.find(" ".join(words).rstrip(":,;–—"))
    return found.one if found.how is How.NAMED else None


def region(ctx: Context, typed: str | None, command: str) -> Region:
    """Return the region or working group that is meant; the world when nothing was typed.

    Raises:
        CommandError: none is meant. The regions that there are stand in the message.

    """
    if not typed:
        return countries.regions()[WORLD]
    found = countries.find_region(typed)
    if found is not None:
        return found
    one = countries.find(typed).one
    hint = (
        ctx.text(
            "{country} is a country: {example}.",
            country=strong(one.name(ctx.language)),
            example=code(ctx.typed("country", one.name(ctx.language))),
        )
        if one
        else None
    )
    continents = [ctx.typed(command, countries.regions()[key].name(ctx.language)) for key in CONTINENTS]
    raise CommandError(
        paragraphs(
            hint or ctx.text("I know no region called {name}. There are, among others:", name=strong(typed)),
            None if hint else bullets(code(one) for one in continents),
        )
    )


CONTINENTS = ("002", "019", "142", "150", "009")
"""Africa, the Americas, Asia, Europe, Oceania: numbers of M49."""


def _choice(ctx: Context, holder: Holder, command: str) -> Markdown:
    """Return what to type for a country: its name, or its code where the name would be asked back again."""
    name = holder.name(ctx.language)
    if countries.find(name).one is holder:
        return code(ctx.typed(command, name))
    return Markdown("{} ({})").format(code(ctx.typed(command, holder.code)), name)


def _ask(ctx: Context, typed: str, command: str, found: Found) -> CommandError:
    choices = bullets(_choice(ctx, one, command) for one in found.holders)
    if found.how is How.SEVERAL:
        return CommandError(
            paragraphs(ctx.text("{name} can mean more than one. Which do you mean?", name=strong(typed)), choices)
        )
    if found.holders:
        return CommandError(
            paragraphs(ctx.text("I know no country called {name}. Did you mean:", name=strong(typed)), choices)
        )
    return CommandError(
        ctx.text(
            "I know no country called {name}. Its name in any language, its code or its flag will do: {example}.",
            name=strong(typed[:100]),
            example=code(ctx.typed(command, countries.countries()["KE"].name(ctx.language))),
        )
    )
