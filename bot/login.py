"""The stored log-in: written once, used at every start, readable by nobody else."""

from __future__ import annotations

import secrets
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bot.errors import EXIT_LOGIN, Broken, BrokenError, StartError

SESSION_FILE = "session.json"


class Login(BaseModel):
    """What is stored of a session. The device stays, because transaction ids and keys hold for a device.

    `pickle_key` is what the device's keys in the database are encrypted with: 32 bytes in hexadecimal.
    """

    homeserver: str
    user_id: str
    device_id: str
    access_token: str
    pickle_key: str = ""


def new_pickle_key() -> str:
    """Make the key that protects the keys in the database."""
    return secrets.token_hex(32)


def stored(path: Path) -> Login | None:
    """Return the stored log-in; None when there is none.

    Raises:
        BrokenError: there is one that cannot be read.

    """
    try:
        return Login.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        why = f" ({error.strerror})" if isinstance(error, OSError) else ""
        raise BrokenError(
            f"The stored session {path} cannot be read{why}. Put back a copy of it; or move the file away and set "
            "the password or the access token, and the bot logs in anew.",
            exit_code=EXIT_LOGIN,
            cause=Broken.SESSION,
        ) from error


def store(path: Path, login: Login) -> None:
    """Store a log-in in place of the one before."""
    # Written aside and renamed, so that a crash leaves the old or the new session, never half of one.
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(login.model_dump_json())
    draft.replace(path)


def logged_out(login: Login, folder: Path) -> StartError:
    """Return what to raise when the session has ended for good."""
    return StartError(
        f"The homeserver has logged out {login.user_id}. Somebody ended this session, or the account was closed. "
        f"Set a new password or access token, and move away {folder / SESSION_FILE}; then start again.",
        exit_code=EXIT_LOGIN,
    )
