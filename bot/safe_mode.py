"""Safe mode: what the bot stands on is broken, and it waits for it to be mended, touching nothing.

It says once in the moderation room what is wrong (`bot.alarm`), tells those who watch it that it lives and is not
ready, and tries the normal start again after growing pauses. Each try reads the settings anew, looks through the
database before it opens it, and leaves it as it is when it is not sound. The position in the homeserver's stream
stays where it was, so that what is asked meanwhile is answered afterwards.

It is for what may be mended while it waits (`BrokenError`, wrong settings), as long as the bot could speak. What
waiting does not help against ends the program: a log-in that is refused, another bot with this data folder.
"""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import structlog
from aiohttp import web

from bot import instances, logs, supervisor
from bot.alarm import Line, SilentError
from bot.backoff import Backoff
from bot.errors import (
    EXIT_RUNNING,
    EXIT_SETTINGS,
    Broken,
    BrokenError,
    LoggedOutError,
    MatrixError,
    StartError,
)
from bot.login import SESSION_FILE, Login, logged_out, stored
from bot.session import Session
from bot.web import served
from config.essentials import Essentials, essentials
from config.settings import Settings, SettingsError, load

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds between two tries of the normal start."""
LOOK_SECONDS = 30.0
"""How often, within a pause, the supervisor is told that the bot lives, and what could not be said is tried."""
PASSING = (Broken.LOCKED, Broken.AWAY)
"""What may be over in a moment, and so is said only when a second try has failed as well."""
WELL_SECONDS = 3600.0
"""What worked for so long is a new trouble when it breaks, with short pauses again."""


async def run(config: Path | None) -> None:
    """Run the bot until SIGTERM or SIGINT, in safe mode as long as something is broken.

    Raises:
        StartError: it cannot go on, and could not say so in the moderation room; or waiting does not help.

    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    logs.configure(essentials(config).log)
    mode = SafeMode(config, stop)
    try:
        while not stop.is_set():
            began = time.monotonic()
            try:
                await instances.run(_settings(config), stop, mode.leave)
            except StartError as error:
                await mode.wait(mode.judged(error), well=time.monotonic() - began > WELL_SECONDS)
    finally:
        await mode.close()
    log.info("stopped")


def _settings(config: Path | None) -> Settings:
    try:
        return load(config)
    except SettingsError as error:
        raise BrokenError(
            str(error), exit_code=EXIT_SETTINGS, cause=Broken.SETTINGS, details=error.keys
        ) from error


class SafeMode:
    """Entered with `wait`, as often as a start fails; `leave` is called when one succeeds."""

    def __init__(self, config: Path | None, stop: asyncio.Event) -> None:
        self._config = config
        self._stop = stop
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._open = AsyncExitStack()
        self._known: Broken | None = None
        self._said = False
        self._reasons: list[str] = []

    def judged(self, error: StartError) -> BrokenError:
        """Return what is broken.

        Raises:
            StartError: waiting does not help.

        """
        if isinstance(error, BrokenError):
            return error
        if error.exit_code == EXIT_RUNNING and self._known is not None:
            # Whoever mends a data folder holds it meanwhile.
            return BrokenError(str(error), exit_code=EXIT_RUNNING, cause=Broken.TAKEN)
        raise error

    async def wait(self, broken: BrokenError, *, well: bool) -> None:
        """Say what is broken, and return when it is time for another try.

        Raises:
            StartError: the bot could not speak, whatever it waits for; or its session has ended.

        """
        known = essentials(self._config)
        login = _login(known)
        if login is None or known.moderation is None:
            raise broken
        if well:
            self._backoff.reset()
        pause = self._backoff.next()
        unsaid = broken.cause is Broken.TAKEN or (broken.cause in PASSING and broken.cause != self._known)
        await self._enter(broken, known, pause)
        until = time.monotonic() + pause
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            supervisor.tell(supervisor.ALIVE)
            if not self._said and not unsaid:
                await self._speak(broken, known, known.moderation, login)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_SECONDS)):
                    await self._stop.wait()

    async def leave(self) -> None:
        """Make way for the bot: it has opened what was broken."""
        if self._known is not None:
            log.info("left safe mode", cause=self._known)
            supervisor.tell("STATUS=")
        self._known = None
        await self.close()

    async def close(self) -> None:
        """Stop answering by HTTP."""
        await self._open.aclose()

    async def _enter(self, broken: BrokenError, known: Essentials, pause: float) -> None:
        problem = " ".join(str(broken).split())
        new = broken.cause != self._known
        log.error(
            "safe mode" if new else "still in safe mode",
            cause=broken.cause,
            problem=problem,
            again_in=round(pause, 1),
        )
        if self._known is None:
            await self._listen(known.listen)
            supervisor.tell(supervisor.READY)
        if new and broken.cause is not Broken.TAKEN:
            self._said = False
        self._known = broken.cause
        self._reasons = [f"safe mode ({broken.cause}): {problem}"]
        supervisor.tell(f"STATUS=Safe mode: {problem}")

    async def _speak(self, broken: BrokenError, known: Essentials, room: str, login: Login) -> None:
        session = Session(login)
        try:
            line = Line(session)
            room_id = await line.room(room)
            self._said = await line.say(room_id, broken.cause, broken.details, known.language)
        except LoggedOutError as error:
            raise logged_out(login, known.data_dir) from error
        except SilentError as error:
            self._silent(str(error))
        except MatrixError as error:
            log.warning("cannot reach the moderation room", error=str(error))
        else:
            if self._said:
                log.info("the moderators know what is wrong")
        finally:
            await session.close()

    def _silent(self, why: str) -> None:
        reason = f"the moderators cannot be told: {why}"
        if reason not in self._reasons:
            self._reasons = [*self._reasons[:1], reason]
            log.error("the moderators cannot be told", reason=why)

    async def _listen(self, listen: str) -> None:
        routes = [
            web.get("/healthz", self._live),
            web.get("/readyz", self._not_ready),
            web.get("/metrics", self._not_ready),
        ]
        try:
            await self._open.enter_async_context(served(listen, routes))
        except StartError as error:
            log.warning("cannot answer by HTTP", error=str(error))

    async def _live(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _not_ready(self, _request: web.Request) -> web.Response:
        return web.Response(text="\n".join(self._reasons) + "\n", status=503)


def _login(known: Essentials) -> Login | None:
    """Return with what the bot can speak, without logging in: that would leave a device behind each time."""
    try:
        found = stored(known.data_dir / SESSION_FILE)
    except BrokenError:
        found = None
    if (
        found is not None
        and known.homeserver in (None, found.homeserver)
        and known.user_id in (None, found.user_id)
    ):
        return found
    if known.homeserver and known.user_id and known.access_token:
        return Login(
            homeserver=known.homeserver, user_id=known.user_id, device_id="", access_token=known.access_token
        )
    return None
