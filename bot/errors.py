"""What can go wrong between the bot and its homeserver.

MatrixError
├── UnreachableError    no connection, time-out, 5xx, an answer that is not JSON: try again later
├── LimitedError        429: try again after `retry_after` seconds
├── LoggedOutError      the access token is not valid any more: nothing helps but a person
├── ConfirmError        401: the account's owner must confirm this request once more
└── RefusedError        any other 4xx: the same request will be refused again
    └── UnwantedError   a message for which nobody asked, and which its receiver does not want
"""

from __future__ import annotations

from enum import StrEnum


class MatrixError(Exception):
    """The homeserver did not do what was asked."""


class UnreachableError(MatrixError):
    """The homeserver cannot be reached or answers nonsense. Worth another try, after a pause."""


class LimitedError(MatrixError):
    """The homeserver wants us to wait `retry_after` seconds (spec: rate limiting)."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"rate limited for {retry_after:.1f} s")
        self.retry_after = retry_after


class LoggedOutError(MatrixError):
    """`M_UNKNOWN_TOKEN`. With `soft` the same device may log in again with its password."""

    def __init__(self, *, soft: bool = False) -> None:
        super().__init__("the homeserver does not accept the access token any more")
        self.soft = soft


class RefusedError(MatrixError):
    """A request that was refused for good: HTTP `status` and Matrix `errcode`."""

    def __init__(self, status: int, errcode: str, message: str) -> None:
        super().__init__(f"{status} {errcode}: {message}")
        self.status = status
        self.errcode = errcode


class UnwantedError(RefusedError):
    """The person does not want the message, or is not there any more. Nothing for an operator to look at."""

    def __init__(self) -> None:
        super().__init__(403, "M_FORBIDDEN", "the person does not want it")


class ConfirmError(MatrixError):
    """User-interactive authentication: `flows` are lists of stages, one of which must be gone through.

    Source: https://spec.matrix.org/latest/client-server-api/#user-interactive-authentication-api
    """

    def __init__(self, flows: list[list[str]], session: str) -> None:
        super().__init__("the homeserver asks the owner of the account to confirm")
        self.flows = flows
        self.session = session


class StartError(Exception):
    """The bot cannot start, or cannot go on, until a person does something. The message says what."""

    def __init__(self, message: str, *, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Broken(StrEnum):
    """What of that on which the bot stands is broken. The first six are as in `storage.failures`."""

    DAMAGED = "damaged"
    DISK = "disk"
    FULL = "full"
    LOCKED = "locked"
    FORBIDDEN = "forbidden"
    AWAY = "away"
    NEWER = "newer"
    DATABASE = "database"
    """It cannot be opened for another reason."""
    SESSION = "session"
    KEYS = "keys"
    SETTINGS = "settings"
    TAKEN = "taken"
    """Another program works in the data folder, and the bot was there before."""


class BrokenError(StartError):
    """Something is broken that a person, or time, may mend while the bot waits in safe mode (`bot.safe_mode`).

    `details` are names that help to find it: keys of settings.
    """

    def __init__(self, message: str, *, exit_code: int, cause: Broken, details: tuple[str, ...] = ()) -> None:
        super().__init__(message, exit_code=exit_code)
        self.cause = cause
        self.details = details


EXIT_SETTINGS = 2
EXIT_LOGIN = 3
EXIT_UNREACHABLE = 4
EXIT_DATABASE = 5
EXIT_RUNNING = 6
EXIT_PROBLEM = 7


class TooLargeError(Exception):
    """A file has more bytes than are taken; `size` is what is known of how many."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes")
        self.size = size
