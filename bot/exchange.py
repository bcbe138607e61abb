"""The glossary out to a file and in from one: what `gaamac-bot export` and `gaamac-bot import` do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import typer

from bot.errors import EXIT_PROBLEM, StartError
from bot.opening import opened
from config.settings import Settings
from storage import glossary, glossary_changes, glossary_csv, glossary_tbx, starter
from storage.glossary import Concept
from storage.glossary_draft import GlossaryFileError
from storage.looking import looking

T = TypeVar("T")

SHOWN = 100
"""Mistakes in a terminal; a file with more has one cause, which is among them."""


class Format(NamedTuple):
    """A kind of file: how it is written and read."""

    write: Callable[[Iterable[Concept]], bytes]
    read: Callable[[bytes], list[Concept]]


FORMATS = {
    ".csv": Format(glossary_csv.write, glossary_csv.read),
    ".tbx": Format(glossary_tbx.write, glossary_tbx.read),
}
"""By the ending of the file's name."""


class Difference(NamedTuple):
    """How many concepts an import adds, changes, removes and leaves as they are."""

    new: int
    changed: int
    removed: int
    same: int

    def __str__(self) -> str:
        return f"{self.new} new, {self.changed} changed, {self.removed} removed, {self.same} unchanged"


async def bring_in(settings: Settings, path: Path, *, dry_run: bool = False) -> None:
    """Make the file at `path` the whole glossary, or only tell what would change.

    Raises:
        StartError: the file or the database cannot be used; nothing was changed.

    """
    form = _format(path)
    found = _with_file(path, lambda: form.read(path.read_bytes()))
    async with opened(settings) as database, database.write() as writer:
        difference = compare(await glossary.every(writer), found)
        if not dry_run:
            await glossary_changes.replace(writer, found, by=None, at=datetime.now(UTC))
    if dry_run:
        typer.echo(f"{path} is in order. It would change the glossary so: {difference}. Nothing was changed.")
    else:
        typer.echo(f"Imported {path}: {difference}.")


async def take_out(settings: Settings, path: Path, *, overwrite: bool = False) -> None:
    """Write the whole glossary to `path`.

    Raises:
        StartError: the file or the database cannot be used; an existing file is as it was.

    """
    form = _format(path)
    if not overwrite:
        _refuse_existing(path)
    concepts = await _kept(settings)
    _with_file(path, lambda: _replace(path, form.write(concepts)))
    typer.echo(f"Exported {len(concepts)} concepts to {path}.")


async def _kept(settings: Settings) -> list[Concept]:
    """Return the glossary, also while the bot runs; of a bot that was never started what it will begin with."""
    async with looking(settings.database_url) as reader:
        if reader is not None and await reader.revision("glossary"):
            return await glossary.every(reader)
    async with opened(settings) as database:
        await starter.load(database, datetime.now(UTC))  # What a bot begins with is what people want to edit.
        async with database.read() as reader:
            return await glossary.every(reader)


def _refuse_existing(path: Path) -> None:
    # Who confuses export with import would lose the work of days.
    if path.exists():
        raise StartError(
            f"{path} exists. Choose another name, or add --force to overwrite it.", exit_code=EXIT_PROBLEM
        )


def compare(before: Iterable[Concept], after: Iterable[Concept]) -> Difference:
    """Count what is different. The order of definitions has no meaning."""
    old = {concept.id: _comparable(concept) for concept in before}
    new = {concept.id: _comparable(concept) for concept in after}
    both = old.keys() & new.keys()
    same = sum(old[key] == new[key] for key in both)
    return Difference(len(new) - len(both), len(both) - same, len(old) - len(both), same)


def _comparable(concept: Concept) -> Concept:
    return concept.model_copy(update={"definitions": sorted(concept.definitions, key=lambda one: one.language)})


def _format(path: Path) -> Format:
    try:
        return FORMATS[path.suffix.casefold()]
    except KeyError:
        raise StartError(
            f"{path} is not of a kind that I know. Its name must end in one of: {', '.join(FORMATS)}.",
            exit_code=EXIT_PROBLEM,
        ) from None


def _with_file(path: Path, work: Callable[[], T]) -> T:
    """Do `work` with a file that a person named; say what is wrong with it."""
    try:
        return work()
    except OSError as error:
        raise StartError(f"{path} cannot be used: {error.strerror}.", exit_code=EXIT_PROBLEM) from error
    except GlossaryFileError as error:
        lines = [f"{path} has mistakes. Nothing was imported.", *map(str, error.mistakes[:SHOWN])]
        if len(error.mistakes) > SHOWN:
            lines.append(f"… and {len(error.mistakes) - SHOWN} more")
        raise StartError("\n".join(lines), exit_code=EXIT_PROBLEM) from error


def _replace(path: Path, data: bytes) -> None:
    """Write a whole file or none, so that a full disk leaves the old one."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)  # The glossary is for everybody.
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
