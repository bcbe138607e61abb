"""Make a backup: the database as it is at this moment, the session and the settings without secrets, in one file.

It needs nothing of the running bot, and holds up nobody. As a program of its own (`python -m bot.backup`) it reads
an `Order` from its input: encryption would hold the running bot's loop for seconds.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

from pydantic import BaseModel

from bot import archive
from bot.archive import DATABASE, FORMAT, SESSION, SETTINGS, Manifest
from bot.login import SESSION_FILE
from config.settings import Settings
from config.written import written
from storage import copying

ASIDE = ".gaamac-backup-"
"""Begins the names of folders with what is not finished."""
LOCK = "lock"
"""In such a folder, held as long as somebody works there."""
KIND, ENCRYPTED = ".tar.gz", ".tar.gz.age"
POSTGRES = (
    "The database is PostgreSQL, which has a tool of its own: pg_dump --format=custom --file=bot.dump, followed "
    "by the address of the database. Copy session.json from the data folder {folder} with it: it holds the key to "
    "the encryption keys in the database. Keep both secret."
)


class BackupError(Exception):
    """A backup could not be made; the text says why, and what to do."""


class Order(BaseModel):
    """What is to be backed up, and into which file. `settings` is their text."""

    database: str
    data_dir: Path
    settings: str
    user_id: str
    homeserver: str
    target: Path
    passphrase: str | None

    @classmethod
    def of(cls, settings: Settings, target: Path) -> Self:
        """Return the order for a bot with these settings."""
        secret = settings.backup.passphrase
        return cls(
            database=settings.database_url,
            data_dir=settings.data_dir,
            settings=written(settings),
            user_id=settings.matrix.user_id,
            homeserver=settings.matrix.homeserver,
            target=target,
            passphrase=secret.get_secret_value() if secret else None,
        )


def name(settings: Settings, at: datetime) -> str:
    """Return what a backup of that time is called."""
    return f"gaamac-backup-{at:%Y%m%dT%H%M%SZ}{ENCRYPTED if settings.backup.passphrase else KIND}"


def make(order: Order) -> None:
    """Make a backup. There is the whole file in the end, or none.

    Raises:
        BackupError: it cannot be made.

    """
    source = copying.path_of(order.database)
    if source is None:
        raise BackupError(POSTGRES.format(folder=order.data_dir))
    if not source.is_file():
        raise BackupError(
            f"There is no database at {source}. Start the bot once; then there is something to keep."
        )
    target = order.target.absolute()
    if target.exists():
        raise BackupError(f"{target} exists. Choose another name; a backup overwrites nothing.")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=ASIDE) as aside:
            _make(order, source, target, Path(aside))
            _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(_explained(error, target)) from error


def _make(order: Order, source: Path, target: Path, aside: Path) -> None:
    lock = (aside / LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        _fill(order, source, target, aside)


def _fill(order: Order, source: Path, target: Path, aside: Path) -> None:
    made_at = datetime.now(UTC)  # Before the copy: what happens meanwhile may be in it, and may not.
    revision = copying.copy(source, aside / DATABASE)
    parts = [archive.part(aside / DATABASE, DATABASE)]
    # After the database: a session that is newer than it opens its keys, too.
    session = order.data_dir / SESSION_FILE
    if session.is_file():
        shutil.copyfile(session, aside / SESSION)
        parts.append(archive.part(aside / SESSION, SESSION))
    (aside / SETTINGS).write_text(order.settings, encoding="utf-8")
    parts.append(archive.part(aside / SETTINGS, SETTINGS))
    manifest = Manifest(
        format=FORMAT,
        version=version("gaamac-bot"),
        schema_revision=revision,
        made_at=made_at,
        user_id=order.user_id,
        homeserver=order.homeserver,
        parts=parts,
    )
    draft = aside / "draft"
    draft.touch(mode=0o600)
    archive.pack(manifest, aside, draft, order.passphrase)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(target)


def _sync(folder: Path) -> None:
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _explained(error: Exception, target: Path) -> str:
    if "full" in str(error) or "No space" in str(error) or "quota" in str(error).casefold():
        return (
            f"The disk is full: there is no room for a backup in {target.parent}. While it is made it needs as "
            "much as the database and half as much again. Free some, or name a file elsewhere. Nothing was left "
            "behind."
        )
    if isinstance(error, sqlite3.Error):
        return f"The database cannot be copied: {error}. `gaamac-bot check` looks whether it is damaged."
    return f"{target} cannot be written: {error.strerror if isinstance(error, OSError) else error}."


def sweep(folder: Path) -> None:
    """Remove what backups left behind that were killed; not what is being made."""
    for left in folder.glob(f"{ASIDE}*"):
        try:
            with (left / LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue


async def made(settings: Settings, target: Path) -> None:
    """Make a backup in a process of its own; end that when this task is cancelled.

    Raises:
        BackupError: it cannot be made.

    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.backup",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = await process.communicate(Order.of(settings, target).model_dump_json().encode())
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines() or ["it was ended from outside"]
        raise BackupError(lines[-1])


def main() -> int:
    """Do one order, as a process that lets others go first."""
    os.nice(10)
    try:
        make(Order.model_validate_json(sys.stdin.buffer.read()))
    except BackupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
