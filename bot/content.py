"""All content out to a folder and in from one: `gaamac-bot export FOLDER` and `gaamac-bot import FOLDER`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot import content_files
from bot.errors import EXIT_DATABASE, EXIT_PROBLEM, StartError
from bot.opening import opened
from bot.renaming import renamed, renamings
from commands.deciding import PUBLISH
from commands.practice_share import review_day
from commands.practices import REVIEW
from config.settings import Settings
from storage import content as storage
from storage import due
from storage.content import Content
from storage.database import Writer
from storage.due import Due
from storage.looking import looking
from storage.submissions import PUBLIC

SHOWN = 100


async def take_out(settings: Settings, folder: Path) -> None:
    """Write all content into a folder that does not exist or is empty. The bot may run meanwhile.

    Raises:
        StartError: the database or the folder cannot be used; nothing was written.

    """
    async with looking(settings.database_url) as reader:
        if reader is None:
            raise StartError(
                "There is no database of this version to export. Start the bot once.", exit_code=EXIT_DATABASE
            )
        content = await storage.everything(reader)
    files = content_files.write(content, settings.default_language)
    try:
        _write(folder, files)
    except OSError as error:
        raise StartError(
            f"{folder} cannot be written: {error.strerror}. Name a folder that does not exist yet.",
            exit_code=EXIT_PROBLEM,
        ) from error
    typer.echo(f"Exported to {folder}: {_counted(content)}.")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Make the whole folder or none."""
    target = folder.absolute()
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        for name, data in files.items():
            with (aside / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        # Submissions that are not published are among it, so it stays readable for its owner alone.
        aside.replace(target)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


async def bring_in(settings: Settings, folder: Path, names: Sequence[str], *, dry_run: bool) -> None:
    """Make a folder the whole content of a new instance, or only tell what would be.

    Raises:
        StartError: something in it is wrong, or the instance is not new; nothing was changed.

    """
    others = renamings(names)
    try:
        content, mistakes = content_files.read(folder)
    except OSError as error:
        name = Path(str(error.filename)).name
        raise StartError(
            f"{folder} is not a whole export: {name} cannot be read: {error.strerror}.", exit_code=EXIT_PROBLEM
        ) from error
    if mistakes:
        lines = [f"{folder} has mistakes. Nothing was imported.", *map(str, mistakes[:SHOWN])]
        more = [f"… and {len(mistakes) - SHOWN} more"] if len(mistakes) > SHOWN else []
        raise StartError("\n".join(lines + more), exit_code=EXIT_PROBLEM)
    content = renamed(content, others)
    now = datetime.now(UTC)
    async with opened(settings) as database, database.write() as writer:
        more_than_starter = await storage.beyond_starter(writer)
        if more_than_starter:
            raise StartError(
                f"This instance is not new: it has {', '.join(more_than_starter)}. An import replaces "
                "everything, so it is only for a new one. Name another data folder.",
                exit_code=EXIT_PROBLEM,
            )
        if not dry_run:
            await storage.replace(writer, content, now)
            await _plan(writer, content, now)
    for one in others:
        typer.echo(f"{one.old} became {one.new} in {one.count} places.")
    for room in sorted({room for event in content.events for room in event.rooms or []}):
        typer.echo(f"Events are announced in {room}. If it has another name here, import again with --rename.")
    if dry_run:
        typer.echo(f"{folder} is in order: {_counted(content)}. Nothing was changed.")
    else:
        typer.echo(f"Imported {folder}: {_counted(content)}. Nothing was posted in rooms.")


async def _plan(writer: Writer, content: Content, now: datetime) -> None:
    """Make due what submissions wait for; what was to be published at a time that is over waits for moderators."""
    for one in content.practices:
        if one.state == "approved" and one.publish_at is not None and one.publish_at > now:
            await due.schedule(writer, Due(kind=PUBLISH, subject=str(one.id), due_at=one.publish_at))
        day = review_day(one) if one.state in PUBLIC else None
        if day is not None and day > now.date():
            at = datetime(day.year, day.month, day.day, tzinfo=UTC)
            await due.schedule(writer, Due(kind=REVIEW, subject=str(one.id), due_at=at, importance=6))


def _counted(content: Content) -> str:
    return ", ".join(
        f"{len(getattr(content, name))} {words}"
        for name, words in (
            ("glossary", "concepts"),
            ("focal", "focal records"),
            ("events", "events"),
            ("practices", "submissions"),
            ("reviews", "notes on them"),
            ("audit", "rows of the audit"),
            ("guidance", "texts of guidance"),
        )
    )
