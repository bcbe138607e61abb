"""`gaamac-bot check`: can the bot do its work? One finding for each thing that it needs.

It asks and reads, and sends no message, so that it may be used while the bot runs. Only where no session is
stored yet and no bot runs, it logs in once and stores the session, with which the bot then goes on.
"""

from __future__ import annotations

import fcntl
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, SecretStr, ValidationError

from bot import check_machine
from bot.check_encryption import EncryptionCheck
from bot.check_rooms import RoomCheck
from bot.errors import (
    EXIT_DATABASE,
    EXIT_LOGIN,
    EXIT_UNREACHABLE,
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
from storage.inspection import Inspection, inspect
from storage.rooms import Room

LATE = timedelta(minutes=1)
BEYOND_DEFAULT = 20
"""Messages in ten seconds. With the default limits of Synapse it is twelve at most."""


async def examine(settings: Settings) -> Report:
    """Look at everything, as far as one thing does not need another that is missing."""
    report = Report(summary(settings))
    running = is_running(settings.data_dir)
    report.ok("bot", f"It {'runs' if running else 'does not run'} with this data folder.")
    usable = _folder(report, settings.data_dir)
    check_machine.disk(report, settings.data_dir)
    await check_machine.clock(report, settings.matrix.homeserver)
    database = await _database(report, settings)
    try:
        session = await _session(settings, running=running, may_store=usable)
    except StartError as error:
        report.problem("log-in", str(error), "", error.exit_code)
    except LimitedError as error:
        report.problem(
            "log-in",
            f"The homeserver wants no log-in for the next {error.retry_after:.0f} s.",
            "Wait, and check again.",
            EXIT_LOGIN,
        )
    except MatrixError as error:
        _unreachable(report, settings, error)
    else:
        try:
            await _account(report, settings, session, database.rooms if database else [], running=running)
        finally:
            await session.close()
    _rate_limit(report, settings, database)
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
            about,
            f"It cannot be used: {error.strerror}.",
            "Set GAAMAC_DATA_DIR to a folder of the account that runs the bot, and check as that account.",
            EXIT_DATABASE,
        )
        return False
    if status.st_uid != os.geteuid():
        report.warning(
            about,
            f"It belongs to the account with number {status.st_uid}, and this check runs as {os.geteuid()}.",
            "Check as the account that runs the bot.",
        )
        return False
    if status.st_mode & 0o077 or open_to_others:
        names = ", ".join(["the folder"] * bool(status.st_mode & 0o077) + open_to_others)
        report.warning(
            about,
            f"Other accounts of this machine may look into {names}.",
            f"Run: chmod -R go= {folder.absolute()}",
        )
    else:
        report.ok(about, "Only this account may look into it.")
    return True


async def _database(report: Report, settings: Settings) -> Inspection | None:
    about = "database"
    try:
        found = await inspect(settings.database_url)
    except Exception as error:  # noqa: BLE001 - drivers raise what they like
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        advice = "Correct GAAMAC_DATABASE_URL, or restore a copy of the database if it is damaged."
        report.problem(about, f"It cannot be read: {reason}.", advice, EXIT_DATABASE)
        return None
    if found.state == "empty":
        report.ok(about, "It is empty; the first start fills it.")
    elif found.state == "older":
        report.ok(
            about, f"Its schema is {found.found}; the next start makes a copy and brings it to {found.newest}."
        )
    elif found.state == "newer":
        report.problem(
            about,
            f"Its schema is {found.found}, and this version of the bot knows schemas up to {found.newest}.",
            "Install the newer version again, or restore a copy made with this one.",
            EXIT_DATABASE,
        )
    else:
        report.ok(about, f"Its schema is {found.found}, the newest.")
        _work(report, found)
    return found


def _work(report: Report, found: Inspection) -> None:
    """Tell what waits to be done."""
    text = f"Commands that wait to be handled: {found.waiting}; messages that wait to be sent: {found.unsent}."
    if found.unsent_since and datetime.now(UTC) - found.unsent_since > LATE:
        since = f" The oldest since {found.unsent_since:%Y-%m-%d %H:%M} UTC."
        report.warning("work", text + since, "If the bot runs, its log says why.")
    else:
        report.ok("work", text)
    if found.refused:
        report.warning(
            "work",
            f"Messages that the homeserver refused for good in the last 30 days: {found.refused}.",
            'The log says why, in lines with "a message will never be sent".',
        )


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
            "log-in", f"{login.user_id} is logged in at {_shown(login.homeserver)}, device {login.device_id}."
        )
        if (login.homeserver, login.user_id) != (wanted.homeserver, wanted.user_id):
            report.warning("log-in", "The settings name another account or homeserver.", "Start the bot again.")
        signed = await EncryptionCheck(report, settings, session).run()
        await RoomCheck(report, settings, session, known, running=running, signed=signed).run()
    except LoggedOutError as error:
        _logged_out(report, settings, soft=error.soft)
    except (LimitedError, UnreachableError) as error:
        _unreachable(report, settings, error)
    except MatrixError as error:
        report.problem("homeserver", f"It refused a question: {error}.", "Ask its administrator.")


def _logged_out(report: Report, settings: Settings, *, soft: bool) -> None:
    path = (settings.data_dir / "session.json").absolute()
    if soft and settings.matrix.password:
        report.warning("log-in", "The session was ended softly; the bot logs in again by itself when it runs.")
        return
    report.problem(
        "log-in",
        f"The homeserver has ended the session of {settings.matrix.user_id}.",
        f"Set a valid password or access token, move {path} away, and start the bot again.",
        EXIT_LOGIN,
    )


def _unreachable(report: Report, settings: Settings, error: MatrixError) -> None:
    report.problem(
        "homeserver",
        f"{_shown(settings.matrix.homeserver)} does not answer as a homeserver should: {error}.",
        "Check the address, the network, and whether the homeserver runs.",
        EXIT_UNREACHABLE,
    )


def _rate_limit(report: Report, settings: Settings, database: Inspection | None) -> None:
    """Say what is known of the limit. A homeserver tells it to nobody but its administrators."""
    burst = database.burst if database else None
    if burst and burst.messages >= BEYOND_DEFAULT:
        report.ok(
            "rate limit",
            f"On {burst.at:%Y-%m-%d} the homeserver took {burst.messages} messages within ten seconds, more than "
            "Synapse's default allows.",
        )
        return
    report.warning(
        "rate limit",
        "Whether there is one cannot be known without speaking. Synapse's default is 10 messages at once and then "
        "one every 5 seconds; nothing is lost then, but answers come late.",
        "An administrator of the homeserver lifts it for the bot: POST "
        f"/_synapse/admin/v1/users/{settings.matrix.user_id}/override_ratelimit with "
        '{"messages_per_second": 0, "burst_count": 0}; docs/operate.md shows how. If that was done, all is well.',
    )
