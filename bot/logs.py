"""The log: lines for people or JSON for machines. What members write is never in it."""

from __future__ import annotations

import logging
import sys

import structlog

from config.settings import LogSettings


def configure(settings: LogSettings) -> None:
    """Set up logging for this process."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    as_json = settings.format == "json"
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Local variables in a traceback would hold messages.
        plain = structlog.dev.plain_traceback
        processors.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries speak only when something is wrong; nio logs whole events below that.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    logging.getLogger("nio").setLevel(logging.CRITICAL)
