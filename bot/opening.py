"""Take what the bot stands on, its data folder and its database, and say what is wrong when that cannot be had."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bot.errors import EXIT_DATABASE, EXIT_RUNNING, EXIT_UNREACHABLE, Broken, BrokenError, StartError
from bot.leadership import Election, Term
from bot.restore import refuse_half
from config.settings import Settings
from storage import soundness
from storage.database import Database
from storage.failures import Failure, failure
from storage.migrate import MigrationError, NewerDatabaseError
from storage.postgres import UnusableDatabaseError, shown

ADVICE: dict[Failure | None, str] = {
    None: "If it is damaged, restore a backup.",
    Failure.DAMAGED: "It is damaged: restore a backup.",
    Failure.DISK: "Its disk does not read or write, or a quota is used up.",
    Failure.FULL: "The disk is full: make room.",
    Failure.LOCKED: "Another program holds it: end that.",
    Failure.FORBIDDEN: "Give it, and the folder around it, to the account that runs the bot.",
    Failure.AWAY: "Look whether the database server runs.",
}


@contextmanager
def alone(settings: Settings) -> Iterator[Path]:
    """Take the data folder for this process alone.

    Raises:
        BrokenError: it cannot be used.
        StartError: another bot runs with it.

    """
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise BrokenError(
            f"The data folder {folder} cannot be used: {error}. Set GAAMAC_DATA_DIR to a folder that belongs "
            "to the account that runs the bot.",
            exit_code=EXIT_DATABASE,
            cause=Broken.FULL if error.errno == errno.ENOSPC else Broken.FORBIDDEN,
        ) from error
    with lock:
        refuse_half(folder)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(
                f"Another gaamac-bot is running with the data folder {folder}. Stop it first.",
                exit_code=EXIT_RUNNING,
            ) from error
        yield folder


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Open the database for a command, while no bot runs.

    Raises:
        BrokenError: it cannot be used, or cannot be used any more.
        StartError: a bot runs with it.

    """
    with alone(settings):
        if settings.cluster.secret is None:
            async with database_of(settings, Term()) as database:
                yield database
            return
        election = Election(settings.database_url)
        try:
            async with election.won() as term:
                if term is None:
                    why = election.problem or "An instance of gaamac-bot is at work. Stop all of them first."
                    raise StartError(why, exit_code=EXIT_UNREACHABLE if election.problem else EXIT_RUNNING)
                async with database_of(settings, term) as database:
                    yield database
        except UnusableDatabaseError as error:
            raise unusable(error) from error
        finally:
            await election.close()


@asynccontextmanager
async def database_of(settings: Settings, term: Term) -> AsyncIterator[Database]:
    """Open the database for the time for which this instance works.

    Raises:
        BrokenError: it cannot be used, or cannot be used any more.

    """
    database = await _open(settings, term)
    _protect(settings.data_dir)
    try:
        yield database
    except Exception as error:
        found = failure(error)
        if found is None:
            raise
        raise broken(settings, found, error) from error
    finally:
        await database.close()


async def _open(settings: Settings, term: Term) -> Database:
    url, backups = settings.database_url, settings.data_dir / "backups"
    try:
        # First by reading only: what is broken is left as it is for whoever mends it.
        await soundness.examine(url)
        return await Database.open(url, backups=backups, name=term.name, epoch=term.epoch)
    except UnusableDatabaseError as error:
        raise unusable(error) from error
    except MigrationError as error:
        raise BrokenError(str(error), exit_code=EXIT_DATABASE, cause=_cause(error.failure)) from error
    except Exception as error:
        found = failure(error)
        if isinstance(error, OSError):  # of the folder for copies
            found = Failure.FULL if error.errno == errno.ENOSPC else Failure.FORBIDDEN
        raise broken(settings, found, error) from error


def unusable(error: UnusableDatabaseError) -> BrokenError:
    """Return what to raise when the database cannot be used as it is."""
    if isinstance(error, NewerDatabaseError):
        return BrokenError(str(error), exit_code=EXIT_DATABASE, cause=Broken.NEWER)
    # Not the code after which nobody starts it again: the server may only be later than the bot.
    code = EXIT_UNREACHABLE if error.failure is Failure.AWAY else EXIT_DATABASE
    return BrokenError(str(error), exit_code=code, cause=_cause(error.failure))


def broken(settings: Settings, found: Failure | None, error: Exception | None = None) -> BrokenError:
    """Return what to raise when the database cannot be used, or not any more."""
    said = str(getattr(error, "orig", None) or error or found).splitlines()[0]
    return BrokenError(
        f"The database {shown(settings.database_url)} cannot be used: {said}. {ADVICE.get(found, '')}".rstrip(),
        exit_code=EXIT_DATABASE,
        cause=_cause(found),
    )


def _cause(found: Failure | None) -> Broken:
    return Broken(found.value) if found is not None else Broken.DATABASE


def _protect(folder: Path) -> None:
    for file in folder.glob("bot.db*"):
        file.chmod(0o600)
