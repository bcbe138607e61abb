"""Who connects to the public address: so many at once, and none for long without asking or reading anything.

Nothing of visitors is logged, not even when what they send is no HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.errors import EXIT_SETTINGS, StartError

CONNECTIONS = 500
IDLE_SECONDS = 20.0
"""Until who asks nothing, or not to the end, is hung up on."""
STOP_SECONDS = 1.0

_silent = logging.Logger("library")
_silent.addHandler(logging.NullHandler())
_silent.disabled = True


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of TCP it is one
        transport.abort()


@asynccontextmanager
async def open_to_the_world(app: web.Application, listen: str) -> AsyncIterator[None]:
    """Serve `app` at `host:port` as long as the context is open.

    Raises:
        StartError: the port cannot be had.

    """
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_silent,
        handle_signals=False,
        keepalive_timeout=IDLE_SECONDS,
        shutdown_timeout=STOP_SECONDS,
        lingering_time=0.0,
        max_headers=64,
    )
    await runner.setup()
    serving = runner.server
    assert serving is not None  # noqa: S101 - set up above

    def connect() -> asyncio.BaseProtocol:
        return serving() if len(serving.connections) < CONNECTIONS else _Refused()

    host, _, port = listen.rpartition(":")
    try:
        server = await asyncio.get_running_loop().create_server(connect, host.strip("[]"), int(port))
    except OSError as error:
        await runner.cleanup()
        raise StartError(
            f"The address {listen} of web.library cannot be used: {error.strerror}. Is another program there?",
            exit_code=EXIT_SETTINGS,
        ) from error
    try:
        yield
    finally:
        server.close()
        await runner.cleanup()
