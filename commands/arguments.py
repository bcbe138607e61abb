"""Parameters of commands: declared by a function's signature, read from what was typed.

People type on phones: quotes come curled, spaces double, sides swapped, and an apostrophe is part of a word.
So only double quotes (straight, curled or angled) quote; a quote that is never closed is a letter like others.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NewType, get_args, get_origin

from commands.calls import Call
from commands.context import Context
from commands.errors import ArgumentError
from commands.rendering import code
from config.languages import codes_by_name
from storage.folding import fold

Rest = NewType("Rest", str)
"""Everything that is left, words and spaces, as it was typed."""

Language = NewType("Language", str)
"""A language code, typed as a code or as a name in any language that the bot speaks."""

SHOWN = 60
"""Letters of an argument that are repeated to the person who sent it, where it has no name of ours."""
_QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»", "”": "”"}
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or what stood between quotes, and where in the text it stood."""

    text: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Named:
    """Marks a parameter that is announced by a word: `… in French`. One set of words per language."""

    words: Mapping[str, tuple[str, ...]]
    strict: bool = False
    """Whether the word is never anything else, so that what follows it must be understood."""

    def all(self) -> set[str]:
        """Return the words of every language, folded."""
        return {fold(word) for words in self.words.values() for word in words}


@dataclass(frozen=True, slots=True)
class Label:
    """Marks what a parameter is called in the usage line, as a message for the catalogues."""

    message: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command."""

    name: str
    kind: Any
    label: str
    required: bool
    default: Any
    named: Named | None


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Read the parameters behind the context from a command's signature."""
    hints = typing.get_type_hints(function, include_extras=True)
    found = []
    for name, declared in list(inspect.signature(function).parameters.items())[1:]:
        kind, extras = _unwrap(hints[name])
        if kind not in _READERS:
            msg = f"{function.__qualname__}: no way to read a parameter of type {kind!r}"
            raise TypeError(msg)
        named = next((extra for extra in extras if isinstance(extra, Named)), None)
        label = next((extra.message for extra in extras if isinstance(extra, Label)), name)
        required = declared.default is inspect.Parameter.empty
        found.append(
            Parameter(
                name=name,
                kind=kind,
                label=label,
                required=required,
                default=None if required else declared.default,
                named=named,
            )
        )
    return tuple(found)


def tokens(text: str) -> list[Token]:
    """Split a text into words and quoted passages."""
    found: list[Token] = []
    unclosed: set[str] = set()  # so that thousands of quotes are not each looked for to the end
    position = 0
    while match := _WORD.search(text, position):
        start = match.start()
        closing = _QUOTES.get(text[start])
        end = -1
        if closing and closing not in unclosed:
            end = next((i for i in range(start + 1, len(text)) if text[i] in closing), -1)
            if end < 0:
                unclosed.add(closing)
        if end > 0:
            found.append(Token(text[start + 1 : end], start, end + 1, quoted=True))
            position = end + 1
        else:
            found.append(Token(match.group(), start, match.end(), quoted=False))
            position = match.end()
    return found


def read(ctx: Context, parameters: Sequence[Parameter], text: str) -> dict[str, Any]:
    """Read the arguments of a command from what was typed behind its name.

    Raises:
        ArgumentError: one is missing, one is not understood, or there are too many.

    """
    words = tokens(text)
    values: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.named:
            words, values[parameter.name] = _read_named(ctx, parameter, words)
    for parameter in parameters:
        if not parameter.named:
            words, values[parameter.name] = _read_next(ctx, parameter, words, text)
    if words:
        raise ArgumentError(ctx.text("I did not understand {word}.", word=code(words[0].text)))
    return values


def read_call(ctx: Context, parameters: Sequence[Parameter], call: Call) -> dict[str, Any]:
    """Read the arguments of a command from what a client sent for each parameter. Nothing said is nothing given.

    Raises:
        ArgumentError: one is missing, one is not understood, or there is one that the command does not have.

    """
    known = {parameter.name for parameter in parameters}
    for key in (*call.said, *call.odd):
        if key not in known:
            raise ArgumentError(ctx.text("I did not understand {word}.", word=code(key[:SHOWN])))
    return {parameter.name: _read_said(ctx, parameter, call) for parameter in parameters}


def _read_said(ctx: Context, parameter: Parameter, call: Call) -> Any:  # noqa: ANN401 - a value of its type
    if parameter.name in call.odd:
        label = code(str(ctx.text(parameter.label)))
        raise ArgumentError(ctx.text("{parameter} is to be words or a number.", parameter=label))
    said = call.said.get(parameter.name, "").strip()
    if said:
        return _READERS[parameter.kind](ctx, said)
    if parameter.required:
        raise _missing(ctx, parameter)
    return parameter.default


def _missing(ctx: Context, parameter: Parameter) -> ArgumentError:
    label = code(str(ctx.text(parameter.label)))
    return ArgumentError(ctx.text("Something is missing: {parameter}.", parameter=label))


def _read_named(ctx: Context, parameter: Parameter, words: list[Token]) -> tuple[list[Token], Any]:
    """Take `in French` from the end. Words that only look like it stay where they are."""
    assert parameter.named is not None  # noqa: S101 - the caller asked
    announcing = parameter.named.all()
    for place in range(len(words) - 2, -1, -1):
        if not words[place].quoted and fold(words[place].text) in announcing and len(words) - place <= 3:
            said = " ".join(word.text for word in words[place + 1 :])
            try:
                return words[:place], _READERS[parameter.kind](ctx, said)
            except ArgumentError:
                if parameter.named.strict:
                    raise
    return words, parameter.default


def _read_next(ctx: Context, parameter: Parameter, words: list[Token], text: str) -> tuple[list[Token], Any]:
    if not words:
        if parameter.required:
            raise _missing(ctx, parameter)
        return words, parameter.default
    if parameter.kind is Rest:
        whole = words[0].text if len(words) == 1 else text[words[0].start : words[-1].end]
        return [], Rest(" ".join(whole.split(" ")).strip())
    return words[1:], _READERS[parameter.kind](ctx, words[0].text)


def _read_word(_ctx: Context, said: str) -> str:
    return said


def _read_number(ctx: Context, said: str) -> int:
    if not re.fullmatch(r"#?\d{1,9}", said, re.ASCII):
        raise ArgumentError(ctx.text("{word} is not a number.", word=code(said)))
    return int(said.lstrip("#"))


def _read_language(ctx: Context, said: str) -> Language:
    names = codes_by_name()
    found = names.get(said.casefold().strip()) or names.get(fold(said))
    if found is None:
        raise ArgumentError(ctx.text("I do not know a language called {word}.", word=code(said)))
    return Language(found)


_READERS: dict[Any, Callable[[Context, str], Any]] = {
    str: _read_word,
    int: _read_number,
    Language: _read_language,
    Rest: _read_word,
}


def _unwrap(hint: Any) -> tuple[Any, tuple[Any, ...]]:  # noqa: ANN401 - a type
    extras: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        extras = tuple(rest)
    options = [option for option in get_args(hint) if option is not type(None)]
    if len(options) == 1 and type(None) in get_args(hint):
        inner, more = _unwrap(options[0])
        return inner, extras + more
    return hint, extras
