"""`gaamac-bot check`: can the bot do its work? One finding for each thing that it needs.

It asks and reads, and sends no message, so that it may be used while the bot runs. Only where no session is
stored yet and no bot runs, it logs in once and stores the session, with which the bot then goes on.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from pydantic import BaseModel, SecretStr, ValidationError

from bot import check_cluster, check_database, check_homeserver, check_machine
from bot.check_encryption import EncryptionCheck
from bot.check_rooms import RoomCheck
from bot.errors import (
    EXIT_LOGIN,
    LimitedError,
    LoggedOutError,
    MatrixError,
    StartError,
    UnreachableError,
)
from bot.findings import Report
from bot.login import Login
from bot.session import Session
from config.settings import Settings
from storage.rooms import Room

ASK = "Ask its administrator."


async def examine(settings: Settings, file: Path | None = None) -> Report:
    """Look at everything, as far as one thing does not need another that is missing. `file` holds the settings."""
    report = Report(summary(settings))
    running = is_running(settings.data_dir)
    report.ok("bot", "bot", f"It {'runs' if running else 'does not run'} with this data folder.")
    check_machine.settings_file(report, file)
    check_machine.listening(report, settings.web.listen)
    usable = _folder(report, settings.data_dir)
    check_machine.disk(report, settings.data_dir)
    check_machine.file_system(report, settings.data_dir, settings.database_url)
    await check_homeserver.versions_and_clock(report, settings.matrix.homeserver)
    database = await check_database.schema_and_work(report, settings.database_url)
    shared = await check_cluster.instances(report, settings) if database else None
    try:
        session = Session(shared) if shared else await _session(settings, running=running, may_store=usable)
    except StartError as error:
        report.problem("login.refused", "log-in", str(error), "")
    except LimitedError as error:
        report.problem(
            "login.limited",
            "log-in",
            f"The homeserver wants no log-in for the next {error.retry_after:.0f} s.",
            "Wait, and check again.",
        )
    except MatrixError as error:
        _unreachable(report, settings, error)
    else:
        try:
            await _account(report, settings, session, database.rooms if database else [], running=running)
        finally:
            await session.close()
    check_database.rate_limit(report, settings.matrix.user_id, database)
    return report


def summary(settings: Settings) -> dict[str, str]:
    """Return the settings by key, without any secret."""
    return dict(_flat("", settings))


def _flat(prefix: str, section: BaseModel) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key in type(section).model_fields:
        value = getattr(section, key)
        if isinstance(value, BaseModel):
            found += _flat(f"{prefix}{key}.", value)
        else:
            found.append((prefix + key, _shown(value)))
    return found


def _shown(value: object) -> str:
    if value is None or value == []:
        return "not set"
    if isinstance(value, SecretStr):
        return "set (not shown)"
    if isinstance(value, list):
        return ", ".join(value)
    # An address may hold a password. That of a file (`sqlite:///…`) does not.
    return re.sub(r"(?<=://)(?!/)\S*@", "…@", str(value))


def is_running(folder: Path) -> bool:
    """Tell whether a bot runs with this data folder. The lock is tried for a moment and not kept."""
    try:
        with (folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # There is none yet, or it is not for us; what is wrong then is found elsewhere.
    return False


def _folder(report: Report, folder: Path) -> bool:
    """Look at the data folder and its files. Return whether a session may be stored there."""
    about = f"data folder {folder.absolute()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        files = [file for file in (folder / "session.json", *folder.glob("bot.db*")) if file.exists()]
        open_to_others = [file.name for file in files if file.stat().st_mode & 0o077]
    except OSError as error:
        report.problem(
            "data.unusable",
            about,
            f"It cannot be used: {error.strerror}.",
            "Set GAAMAC_DATA_DIR to a folder of the account that runs the bot, and check as that account.",
        )
        return False
    if status.st_uid != os.geteuid():
        report.warning(
            "data.foreign",
            about,
            f"It belongs to the account with number {status.st_uid}, and this check runs as {os.geteuid()}.",
            "Check as the account that runs the bot.",
        )
        return False
    if status.st_mode & 0o077 or open_to_others:
        names = ", ".join(["the folder"] * bool(status.st_mode & 0o077) + open_to_others)
        report.warning(
            "data.open",
            about,
            f"Other accounts of this machine may look into {names}.",
            f"Run: chmod -R go= {folder.absolute()}",
        )
    else:
        report.ok("data", about, "Only this account may look into it.")
    return True


async def _session(settings: Settings, *, running: bool, may_store: bool) -> Session:
    """Open the session. That of a running bot is used as it is, and never replaced.

    Raises:
        StartError: there is none and none can be made.
        MatrixError: the homeserver does not answer as it should.

    """
    path = settings.data_dir / "session.json"
    if not running and may_store:
        return await Session.open(settings.matrix, settings.data_dir)
    try:
        return Session(Login.model_validate_json(path.read_bytes()))
    except (OSError, ValidationError) as error:
        raise StartError(
            f"The stored session {path.absolute()} cannot be read, and this check must not log in "
            f"{'beside a running bot' if running else 'for another account of this machine'}.",
            exit_code=EXIT_LOGIN,
        ) from error


async def _account(
    report: Report, settings: Settings, session: Session, known: list[Room], *, running: bool
) -> None:
    """Look at what needs a log-in."""
    login, wanted = session.login, settings.matrix
    try:
        await session.whoami()
        report.ok(
            "login",
            "log-in",
            f"{login.user_id} is logged in at {_shown(login.homeserver)}, device {login.device_id}.",
        )
        if (login.homeserver, login.user_id) != (wanted.homeserver, wanted.user_id):
            report.warning(
                "login.other", "log-in", "The settings name another account or homeserver.", "Start the bot again."
            )
        signed = await EncryptionCheck(report, settings, session).run()
        await RoomCheck(report, settings, session, known, running=running, signed=signed).run()
    except LoggedOutError as error:
        _logged_out(report, settings, soft=error.soft)
    except (LimitedError, UnreachableError) as error:
        _unreachable(report, settings, error)
    except MatrixError as error:
        report.problem("homeserver.refused", "homeserver", f"It refused a question: {error}.", ASK)


def _logged_out(report: Report, settings: Settings, *, soft: bool) -> None:
    path = (settings.data_dir / "session.json").absolute()
    if soft and settings.matrix.password:
        report.warning(
            "login.soft", "log-in", "The session was ended softly; the bot logs in again by itself when it runs."
        )
        return
    report.problem(
        "login.ended",
        "log-in",
        f"The homeserver has ended the session of {settings.matrix.user_id}.",
        f"Set a valid password or access token, move {path} away, and start the bot again.",
    )


def _unreachable(report: Report, settings: Settings, error: MatrixError) -> None:
    report.problem(
        "homeserver.unreachable",
        "homeserver",
        f"{_shown(settings.matrix.homeserver)} does not answer as a homeserver should: {error}.",
        "Check the address, the network, and whether the homeserver runs.",
    )
