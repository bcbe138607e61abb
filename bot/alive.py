"""Ask the bot in this container whether it lives: `python -m bot.alive`, for the health check of its image.

It imports nothing but Python's own library, because it is run twice a minute.
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT = 8.0
"""Seconds; the image gives the whole check ten."""


def trouble(listen: str) -> str | None:
    """Return why the bot that listens at `host:port` is not known to live; None when it does."""
    host, _, port = listen.rpartition(":")
    # An address that stands for all addresses cannot be asked; the one for this machine is among them.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host.strip("[]"), host.strip("[]"))  # noqa: S104
    try:
        connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
        try:
            connection.request("GET", "/healthz")
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{listen or 'GAAMAC_WEB__LISTEN'} cannot be asked: {error}"
    return None if status == http.client.OK else f"{listen} answers {status}"


def main() -> None:
    """Exit with 0 when the bot lives, with 1 when not."""
    if found := trouble(os.environ.get("GAAMAC_WEB__LISTEN", "")):
        sys.exit(found)


if __name__ == "__main__":
    main()
