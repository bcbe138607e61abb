"""The log: lines for people or JSON for machines. What members write is never in it.

Exceptions are logged by their types and the places they passed, without their words: a database error quotes
its parameters, a parser what it could not read, and both may be what somebody wrote.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import structlog

from config.settings import LogSettings

ROOT = Path(__file__).parent.parent


def configure(settings: LogSettings) -> None:
    """Set up logging for this process."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    as_json = settings.format == "json"
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            structlog.processors.JSONRenderer()
            if as_json
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries speak only when something is wrong; nio logs whole events below that.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    logging.getLogger("nio").setLevel(logging.CRITICAL)


def without_words(_logger: object, _method: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace the exception of a log entry by its type, those behind it, and where they came from."""
    error = entry.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        entry["trace"] = " <- ".join(_described(one) for one in _chain(error))
    return entry


def _chain(error: BaseException) -> list[BaseException]:
    found = [error]
    while (behind := found[-1].__cause__ or found[-1].__context__) and behind not in found:
        found.append(behind)
    return found


def _described(error: BaseException) -> str:
    places = [f"{_short(frame.filename)}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__} at {', '.join(places[-8:])}" if places else type(error).__name__


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
