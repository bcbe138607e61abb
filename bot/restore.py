"""Put a backup back into an empty data folder: whole, or not at all.

It is unpacked into a folder inside the data folder, so that nothing crosses file systems, and moved when all of it
was found right. As long as that folder is there, the bot does not start (`refuse_half`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot import archive
from bot.archive import DATABASE, SESSION, SETTINGS, ArchiveError, Manifest
from bot.errors import EXIT_DATABASE, EXIT_PROBLEM, EXIT_RUNNING, StartError
from bot.login import SESSION_FILE, stored
from config.settings import Settings
from storage import copying, restored
from storage.copying import DamagedError
from storage.database import Database
from storage.migrate import NewerDatabaseError

ASIDE = ".restoring"
IGNORED = {"lost+found", "lock"}
"""Stands in the root of a file system; is left by a bot that had nothing else yet."""
RESTORED_SETTINGS = "settings-of-backup.toml"
KEPT_FREE = 16 << 20


def refuse_half(folder: Path) -> None:
    """Do not go on with a data folder in which a backup is half put back.

    Raises:
        StartError: it is one.

    """
    if (folder / ASIDE).exists():
        raise StartError(
            f"A backup was being put back into {folder}, and that was interrupted. Empty the folder, and restore "
            "the backup again.",
            exit_code=EXIT_DATABASE,
        )


async def put_back(settings: Settings, path: Path) -> None:
    """Put the backup at `path` into the empty data folder, and tell what to do next.

    Raises:
        StartError: it cannot be done; the folder is as it was.

    """
    database = copying.path_of(settings.database_url)
    if database is None:
        raise StartError(
            "A backup of gaamac-bot goes into a SQLite database. For PostgreSQL use pg_restore; then tell the "
            "bot of it with `gaamac-bot restored-at`.",
            exit_code=EXIT_PROBLEM,
        )
    folder = settings.data_dir
    made = _empty(folder, database)
    aside = folder / ASIDE
    try:
        # Only one can make it: another restore that began at the same moment fails here.
        aside.mkdir(mode=0o700)
        with _alone(folder):
            manifest = await _unpacked(settings, path, aside)
            _move(aside, folder, database)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if made:
            with contextlib.suppress(OSError):
                (folder / "lock").unlink(missing_ok=True)
                folder.rmdir()
        if isinstance(error, OSError):
            raise StartError(_unusable(error, path, folder), exit_code=EXIT_PROBLEM) from error
        raise
    typer.echo("\n".join(_next(settings, manifest)))


def _empty(folder: Path, database: Path) -> bool:
    """See that there is nothing where the backup goes. Return whether the folder was made for it."""
    try:
        made = not folder.exists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = sorted({file.name for file in folder.iterdir()} - IGNORED)
    except OSError as error:
        raise StartError(
            f"The data folder {folder} cannot be used: {error.strerror}.", exit_code=EXIT_DATABASE
        ) from error
    if there or database.exists():
        what = there[0] if there else str(database)
        raise StartError(
            f"A backup is only put back into an empty data folder, and there is {what} in {folder}. Stop the bot, "
            "move what is there away, or name another folder (GAAMAC_DATA_DIR), and try again.",
            exit_code=EXIT_PROBLEM,
        )
    return made


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the data folder as a running bot does."""
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(
                f"A gaamac-bot is running with the data folder {folder}. Stop it first.", exit_code=EXIT_RUNNING
            ) from error
        yield


async def _unpacked(settings: Settings, path: Path, aside: Path) -> Manifest:
    secret = settings.backup.passphrase
    free = shutil.disk_usage(aside).free - KEPT_FREE
    try:
        manifest = archive.unpack(path, aside, secret.get_secret_value() if secret else None, free)
    except ArchiveError as error:
        raise StartError(str(error), exit_code=EXIT_PROBLEM) from error
    if manifest.user_id != settings.matrix.user_id:
        raise StartError(
            f"{path} is a backup of {manifest.user_id}, and the settings name {settings.matrix.user_id}. To "
            "give the content to another bot, use `gaamac-bot export` and `gaamac-bot import` with a folder.",
            exit_code=EXIT_PROBLEM,
        )
    if (aside / SESSION).exists():
        stored(aside / SESSION)  # it says what is wrong with it
    try:
        copying.examine(aside / DATABASE)
        database = await Database.open(f"sqlite+aiosqlite:///{aside / DATABASE}")
    except DamagedError as error:
        raise StartError(
            f"The database in {path} is damaged: {error}. Take another backup.", exit_code=EXIT_PROBLEM
        ) from error
    except NewerDatabaseError as error:
        raise StartError(
            f"{path} was made by gaamac-bot {manifest.version}, newer than this one. Install that version.",
            exit_code=EXIT_DATABASE,
        ) from error
    try:
        async with database.write() as writer:
            await restored.begin(writer, manifest.made_at, datetime.now(UTC))
    finally:
        await database.close()
    return manifest


def _move(aside: Path, folder: Path, database: Path) -> None:
    moved = []
    try:
        for name, target in (
            (SESSION, folder / SESSION_FILE),
            (SETTINGS, folder / RESTORED_SETTINGS),
            (DATABASE, database),
        ):
            if (aside / name).exists():
                moved.append(target)
                shutil.move(aside / name, target)
                target.chmod(0o600)
        os.sync()
        shutil.rmtree(aside)
    except BaseException:
        for target in moved:
            target.unlink(missing_ok=True)
        raise


def _unusable(error: OSError, path: Path, folder: Path) -> str:
    if error.filename is not None and Path(str(error.filename)) == path:
        return f"{path} cannot be read: {error.strerror}."
    return f"The backup cannot be put into {folder}: {error.strerror}. Nothing was changed."


def _next(settings: Settings, manifest: Manifest) -> list[str]:
    lines = [
        f"Restored {manifest.user_id} as of {manifest.made_at:%Y-%m-%d %H:%M} UTC to {settings.data_dir}.",
        "See to it that the bot runs nowhere else: two with one account answer everything twice.",
    ]
    if not any(part.name == SESSION for part in manifest.parts):
        lines.append(
            "It holds no session, so the bot logs in: set its password or access token, and its recovery key."
        )
    elif manifest.homeserver != settings.matrix.homeserver:
        lines.append(
            f"The settings name another address of the homeserver than the backup ({manifest.homeserver}), so "
            "the bot logs in anew: set its password or access token, and its recovery key."
        )
    lines += [
        f"The settings with which it ran, without secrets, are in {settings.data_dir / RESTORED_SETTINGS}.",
        "Then: gaamac-bot check, and gaamac-bot run.",
        "What was asked since the backup was made is answered if nobody answered it; what the bot cannot know "
        "it does not say again, and tells the moderators how much that is.",
    ]
    return lines


async def mark(database: Database, copied_at: datetime) -> None:
    """Note that a database was put back, by other means than this module, from a copy of that time.

    Raises:
        StartError: the time lies ahead.

    """
    if copied_at > datetime.now(UTC):
        raise StartError(f"{copied_at:%Y-%m-%d %H:%M} UTC lies ahead.", exit_code=EXIT_PROBLEM)
    async with database.write() as writer:
        await restored.begin(writer, copied_at, datetime.now(UTC))
    typer.echo(f"The bot will treat its database as a copy of {copied_at:%Y-%m-%d %H:%M} UTC.")
