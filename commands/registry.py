"""Commands as declarations: parser, help, permission and documentation come from one place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

from rapidfuzz import fuzz, process

from commands.arguments import Parameter, parameters_of
from commands.attachment import Reply
from commands.calls import Call
from commands.context import Context, Permission
from commands.rendering import Markdown
from storage.folding import fold

Function = Callable[..., Awaitable[Markdown | Reply]]

NEAR = 75
"""Of 100: how alike a mistyped name must be to be suggested."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `name` may be two words; `aliases` are its names in other languages."""

    name: str
    topic: str
    function: Function
    parameters: tuple[Parameter, ...]
    summary: str
    details: str
    examples: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, tuple[str, ...]]
    permission: Permission
    writes: bool
    file: bool = False
    undone_by: str | None = None
    audited: bool = False
    repeated: bool = False

    def names(self) -> list[str]:
        """Return the name and all aliases."""
        return [self.name, *(alias for some in self.aliases.values() for alias in some)]

    def examples_in(self, language: str) -> tuple[str, ...]:
        """Return examples that a speaker of a language would type."""
        return self.examples.get(language) or self.examples["en"]

    def name_in(self, language: str) -> str:
        """Return the name that a speaker of a language would type."""
        return next(iter(self.aliases.get(language, ())), self.name)


@dataclass(frozen=True, slots=True)
class Found:
    """A command in what was typed, and the text behind its name; or in what a client sent in parts, and these."""

    command: Command
    rest: str
    call: Call | None = None


def command(
    name: str,
    *,
    topic: str,
    examples: Mapping[str, tuple[str, ...]],
    aliases: Mapping[str, tuple[str, ...]] | None = None,
    permission: Permission = Permission.ANYONE,
    writes: bool = False,
    file: bool = False,
    undone_by: str | None = None,
    audited: bool = False,
    repeated: bool = False,
) -> Callable[[Function], Function]:
    """Declare a function as a command.

    Its signature gives the parameters, its docstring the help: the first line is the summary, the rest the
    details. `examples` are complete, by language, without the prefix. With `writes` it runs inside the write
    transaction in which its answer is stored; without, it only reads and holds up nobody.
    With `file` it can be sent together with a file, and may wait for one. Who takes back the reaction that stands
    for it runs the command `undone_by`, with the same arguments. Of an `audited` one each attempt of somebody who
    may not run it is recorded. When a backup was put back, a `repeated` one that was answered since is run again,
    silently: it sets something that must not be forgotten, and makes nothing that has a number.
    """

    def declare(function: Function) -> Function:
        summary, _, details = inspect.cleandoc(function.__doc__ or "").partition("\n\n")
        if not summary:
            msg = f"{function.__qualname__}: a command without a docstring has no help"
            raise TypeError(msg)
        declared = Command(
            name=name,
            topic=topic,
            function=function,
            parameters=parameters_of(function),
            summary=" ".join(summary.split()),
            details="\n\n".join(" ".join(part.split()) for part in details.split("\n\n") if part.strip()),
            examples=examples,
            aliases=aliases or {},
            permission=permission,
            writes=writes,
            file=file,
            undone_by=undone_by,
            audited=audited,
            repeated=repeated,
        )
        function.__command__ = declared  # type: ignore[attr-defined]
        return function

    return declare


class Registry:
    """The commands of the given modules, found by what people type."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self.commands: list[Command] = []
        self._by_name: dict[str, Command] = {}
        for module in modules:
            for value in vars(module).values():
                declared = getattr(value, "__command__", None)
                if isinstance(declared, Command) and declared not in self.commands:
                    self._add(declared)
        self._longest = max((len(name.split()) for name in self._by_name), default=1)

    def _add(self, declared: Command) -> None:
        self.commands.append(declared)
        for name in declared.names():
            folded = fold(name)
            other = self._by_name.setdefault(folded, declared)
            if other is not declared:
                msg = f"two commands are called {name!r}: {other.name} and {declared.name}"
                raise ValueError(msg)

    def find(self, text: str) -> Found | None:
        """Return the command at the beginning of `text`; of several the one with the longest name."""
        words = text.split(maxsplit=self._longest)
        for length in range(min(self._longest, len(words)), 0, -1):
            found = self._by_name.get(fold(" ".join(words[:length])))
            # A word that folds to nothing, as a flag does, is no part of a name.
            if found and all(fold(word) for word in words[:length]):
                rest = text.split(maxsplit=length)[length] if len(words) > length else ""
                return (self._with_number_between(words[0], rest) if length == 1 else None) or Found(found, rest)
        return None

    def _with_number_between(self, noun: str, rest: str) -> Found | None:
        """Return the command of "commitment 5 progress …", which is "commitment progress 5 …"."""
        number, *more = rest.split(maxsplit=2)[:3] or [""]
        if not more or not re.fullmatch(r"#?\d{1,9}", number, re.ASCII) or not fold(more[0]):
            return None
        found = self._by_name.get(fold(f"{noun} {more[0]}"))
        if found is None or not found.parameters or found.parameters[0].kind is not int:
            return None
        return Found(found, " ".join([number, *more[1:]]))

    def called(self, call: Call) -> Found | None:
        """Return the command that a client sent in parts."""
        declared = self.named(call.command)
        return Found(declared, "", call) if declared else None

    def named(self, name: str) -> Command | None:
        """Return the command of that name or alias."""
        return self._by_name.get(fold(name))

    async def nearest(self, ctx: Context, typed: str) -> str | None:
        """Return the one name most like what was typed, among what this person may run."""
        close = process.extract(fold(typed), self._by_name.keys(), scorer=fuzz.ratio, score_cutoff=NEAR, limit=5)
        for name, _score, _index in close:
            declared = self._by_name[name]
            if await ctx.may(declared.permission):
                return next(spelled for spelled in declared.names() if fold(spelled) == name)
        return None

    async def allowed(self, ctx: Context) -> list[Command]:
        """Return the commands that the person who asks may run."""
        return [declared for declared in self.commands if await ctx.may(declared.permission)]
