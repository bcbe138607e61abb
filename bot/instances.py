"""Run the bot: alone, or as one of several instances of which one works and the others stand by.

Everything that works is made anew when an instance begins to lead: the database is opened, and what is kept in
memory is read from it. When the instance does not lead any more, all of it is closed, and it stands by again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime

import structlog
from aiohttp import web

from bot import shared_session, supervisor
from bot.addressing import Address
from bot.app import App
from bot.backoff import Backoff
from bot.errors import Broken, BrokenError, LimitedError, MatrixError
from bot.leadership import LOOK_SECONDS, Election, Term
from bot.metrics import Metrics
from bot.opening import alone, database_of, unusable
from bot.session import Session
from bot.web import FORMAT, served
from config import countries
from config.settings import Settings
from storage import starter
from storage.postgres import UnusableDatabaseError

log = structlog.get_logger(__name__)

Sound = Callable[[], Awaitable[None]]

PASSING = (Broken.AWAY, Broken.LOCKED, Broken.NEWER)
"""No reason for safe mode: the database may be back in a moment, or another instance have the newer version."""
PAUSE_SECONDS = 2.0
"""So long whoever has failed leaves it to the others."""


async def run(settings: Settings, stop: asyncio.Event, sound: Sound | None = None) -> None:
    """Run the bot with its database and session until `stop` is set. `sound` is called as by `App.run`.

    Raises:
        BrokenError: what it stands on is broken.
        StartError: the bot cannot start, or cannot go on, until a person does something.

    """
    with alone(settings):
        if settings.cluster.secret is None:
            await _work(settings, stop, Term(), sound)
            return
        election = Election(settings.database_url)
        try:
            await _take_part(settings, stop, election, sound)
        except UnusableDatabaseError as error:
            raise unusable(error) from error
        finally:
            await election.close()


async def _take_part(settings: Settings, stop: asyncio.Event, election: Election, sound: Sound | None) -> None:
    """Lead whenever nobody else does."""
    await countries.ready()  # It takes a moment, which whoever takes over has not.
    standby = Standby(settings.web.listen, election, sound)
    try:
        while not stop.is_set():
            async with election.won() as term:
                if term is not None:
                    await standby.leave()
                    await _lead(settings, stop, term, sound)
            if not stop.is_set():
                await standby.enter()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if term is None else PAUSE_SECONDS):
                    await stop.wait()
    finally:
        await standby.leave()


async def _lead(settings: Settings, stop: asyncio.Event, term: Term, sound: Sound | None) -> None:
    try:
        await _work(settings, stop, term, sound)
    except Exception as error:
        # What fails because another leads, or because the database is away, is nothing that a person must mend.
        if term.leads() and not (isinstance(error, BrokenError) and error.cause in PASSING):
            raise
        log.warning("this instance stops its work", problem=str(error) or type(error).__name__)


async def _work(settings: Settings, stop: asyncio.Event, term: Term, sound: Sound | None) -> None:
    async with database_of(settings, term) as database:
        await starter.load(database, datetime.now(UTC))
        await countries.ready()
        await shared_session.fetch(database, settings)
        opening = asyncio.create_task(_session(settings, term))
        ends = [asyncio.create_task(event.wait()) for event in (stop, term.lost)]
        await asyncio.wait([opening, *ends], return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        if not opening.done():
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            return
        session, address = opening.result()
        try:
            await shared_session.share(database, settings, session.login)
            await App(settings, session, database, address, term=term).run(stop, sound)
            if term.leads():
                # The stop may have come between a new log-in and its sharing.
                await shared_session.share(database, settings, session.login)
        finally:
            await session.close()


async def _session(settings: Settings, term: Term) -> tuple[Session, Address]:
    """Open the session; wait for a homeserver that is not there yet."""
    backoff = Backoff()
    while True:
        try:
            session = await Session.open(settings.matrix, settings.data_dir, term.leads)
        except LimitedError as error:
            log.warning("the homeserver lets us wait before the log-in", seconds=error.retry_after)
            await asyncio.sleep(error.retry_after)
        except MatrixError as error:
            pause = backoff.next()
            log.warning("cannot reach the homeserver", error=str(error), again_in=round(pause, 1))
            await asyncio.sleep(pause)
        else:
            try:
                return session, await _address(settings, session)
            except BaseException:
                await session.close()
                raise


async def _address(settings: Settings, session: Session) -> Address:
    try:
        name = await session.display_name()
    except MatrixError:
        name = None  # The inbox will meet the same trouble and say so; the name is a convenience.
    return Address(settings.command_prefix, session.user_id, name)


class Standby:
    """What an instance that stands by tells those who watch it: it lives, and is not ready."""

    def __init__(self, listen: str, election: Election, sound: Sound | None) -> None:
        self._listen = listen
        self._election = election
        self._sound = sound
        self._open = AsyncExitStack()
        self._entered = self._said = False

    async def enter(self) -> None:
        """Stand by, or go on with it.

        Raises:
            StartError: the port cannot be had.

        """
        if not self._entered:
            if self._sound:
                await self._sound()
            routes = [
                web.get("/healthz", self._live),
                web.get("/readyz", self._not_ready),
                web.get("/metrics", self._numbers),
            ]
            await self._open.enter_async_context(served(self._listen, routes))
            self._entered = True
            supervisor.tell(supervisor.READY)
            supervisor.tell("STATUS=Standing by.")
        if not self._said and self._election.problem is None:
            self._said = True
            log.info("standing by", name=self._election.name)
        supervisor.tell(supervisor.ALIVE)

    async def leave(self) -> None:
        """Make way for the bot."""
        if self._entered:
            supervisor.tell("STATUS=")
        self._entered = self._said = False
        await self._open.aclose()

    async def _live(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _not_ready(self, _request: web.Request) -> web.Response:
        text = self._election.problem or "standing by: another instance works"
        return web.Response(text=f"{text}\n", status=503)

    async def _numbers(self, _request: web.Request) -> web.Response:
        return web.Response(body=Metrics().standing_by(), headers={"Content-Type": FORMAT})
