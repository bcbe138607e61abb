"""What the bot answers by HTTP, where the operator switched it on: whether it lives, is ready, and its numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from bot.errors import EXIT_SETTINGS, StartError
from bot.metrics import Metrics, Moment
from storage import figures as storage
from storage.database import Database
from storage.figures import Figures

SYNCED_WITHIN, LOOKED_WITHIN, SENT_WITHIN = 90.0, 90.0, 600.0
"""Seconds within which a bot that is ready spoke with the homeserver, looked what is due, and sent what waits."""
FORMAT = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""


@asynccontextmanager
async def served(listen: str, routes: Iterable[web.RouteDef]) -> AsyncIterator[None]:
    """Answer at `host:port` as long as the context is open; not at all if it is empty.

    Raises:
        StartError: the port cannot be had.

    """
    if not listen:
        yield
        return
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    host, _, port = listen.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except (OSError, ValueError) as error:
        await runner.cleanup()
        raise StartError(
            f"The address {listen} of web.listen cannot be used: {getattr(error, 'strerror', error)}. "
            "Is another program there?",
            exit_code=EXIT_SETTINGS,
        ) from error
    try:
        yield
    finally:
        await runner.cleanup()


class Web:
    """The endpoints. `moment` tells how the running bot is; `more` are routes of others at the same address."""

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        moment: Callable[[], Moment],
        more: Sequence[web.RouteDef] = (),
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._moment = moment
        self._more = more

    @asynccontextmanager
    async def listening(self, listen: str) -> AsyncIterator[None]:
        """Answer at `host:port` as long as the context is open; not at all if it is empty.

        Raises:
            StartError: the port cannot be had.

        """
        routes = [
            web.get("/healthz", self._live),
            web.get("/readyz", self._ready),
            web.get("/metrics", self._numbers),
            *self._more,
        ]
        async with served(listen, routes):
            yield

    async def _live(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        wrong = not_ready(self._moment(), await self._figures())
        return web.Response(text="\n".join(wrong or ["ready"]) + "\n", status=503 if wrong else 200)

    async def _numbers(self, _request: web.Request) -> web.Response:
        body = self._metrics.shown(self._moment(), await self._figures())
        return web.Response(body=body, headers={"Content-Type": FORMAT})

    async def _figures(self) -> Figures:
        async with self._database.read() as reader:
            return await storage.of(reader, datetime.now(UTC))


def not_ready(now: Moment, figures: Figures) -> list[str]:
    """Return why the bot cannot do its work now, each in a line; nothing when it can."""
    found = []
    if now.sync_age is None or now.sync_age > SYNCED_WITHIN:
        age = "not yet" if now.sync_age is None else f"{now.sync_age:.0f} s ago"
        found.append(f"the last round with the homeserver was {age}")
    if now.clock_age is None or now.clock_age > LOOKED_WITHIN:
        age = "not yet" if now.clock_age is None else f"{now.clock_age:.0f} s ago"
        found.append(f"what is due was looked at {age}")
    # While the homeserver lets nothing through, what waits is not stuck.
    if figures.outbox_oldest > SENT_WITHIN and now.rate_limited_for == 0:
        found.append(f"a message waits to be sent for {figures.outbox_oldest:.0f} s")
    return found
