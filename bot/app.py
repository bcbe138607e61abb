"""The life of the running bot: its parts are started, and stopped in good order."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

import structlog

from bot import retention, shared_session, supervisor
from bot.addressing import Address
from bot.backoff import Backoff
from bot.errors import LoggedOutError
from bot.leadership import Term
from bot.library.site import Library
from bot.login import logged_out
from bot.opening import broken
from bot.parts import Parts
from bot.session import Session
from bot.web import Web
from config.settings import Settings
from storage.database import Database
from storage.problems import Kind

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 3.0
"""For what is under way when the bot is asked to stop; in all it stops within five."""


class App:
    """The running bot."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        database: Database,
        address: Address,
        backoff: Callable[[], Backoff] = Backoff,
        term: Term | None = None,
    ) -> None:
        self._settings = settings
        self._term = term or Term()
        self._session = session
        self._database = database
        self._backoff = backoff
        self._settling: asyncio.Task[None] | None = None
        self._ready = False
        self._missing: dict[str, bool] = {}
        self.parts = Parts(settings, session, database, address, backoff, lambda: self._ready)

    async def run(self, stop: asyncio.Event, sound: Callable[[], Awaitable[None]] | None = None) -> None:
        """Run until `stop` is set, then finish what is under way; or until the term is over, and then leave all.

        `sound` is called when all that could be broken was opened and is not.

        Raises:
            StartError: the bot cannot go on until a person does something.

        """
        await self.parts.assemble()
        if sound:
            await sound()
        library = Library(self._settings, self._database)
        web = Web(self._database, self.parts.metrics, self.parts.moment, library.calendar_routes())
        async with web.listening(self._settings.web.listen), library.listening():
            await self._work(stop)

    async def _work(self, stop: asyncio.Event) -> None:
        parts = self.parts
        # Before anything new comes in, so that what is older goes first.
        try:
            resumed = await parts.outbox.resume()
            waiting = await parts.lanes.resume()
        except BaseException:
            await self._leave()
            raise
        if resumed or waiting:
            log.info("resumed", answers=resumed, rooms=waiting)
        gc.freeze()  # As in `bot.cli`: what was read at the start stays, too.
        following = asyncio.create_task(self._follow(), name="inbox")
        ends = (
            following,
            asyncio.create_task(stop.wait(), name="stop"),
            asyncio.create_task(self._term.lost.wait(), name="lost"),
            asyncio.create_task(self._database.broken.wait(), name="broken"),
        )
        daily = retention.each_day(self._database, self._settings.practices, parts.outbox.push)
        besides = {
            "unreadable": self._tell(),
            "daily": daily,
            "clock": parts.clock.run(),
            "subscriptions": parts.subscriptions.run(),
            "describing": parts.describing.run(),
            "backups": parts.backups.run(),
            "reconciling": self._reconcile(),
            "newcomers": parts.newcomers.run(),
            "problems": parts.problems.run(),
        }
        tasks = (*ends, *(asyncio.create_task(work, name=name) for name, work in besides.items()))
        encrypting = asyncio.create_task(parts.encryption.run(), name="encryption")
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
            if self._database.broken_by is not None:
                raise broken(self._settings, self._database.broken_by)
        except LoggedOutError as error:
            raise logged_out(self._session.login, self._settings.data_dir) from error
        finally:
            for task in (*tasks, self._settling):
                if task:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if not self._term.lost.is_set():
                await self._drain()
            await self._leave()
            encrypting.cancel()
            await asyncio.gather(encrypting, return_exceptions=True)
            await parts.encryption.close()

    async def _follow(self) -> None:
        # What comes while it is not known yet whether the bot has an identity would wait for the next round.
        await self.parts.settled()
        await self.parts.inbox.follow(self._log_in_again, self._after_round)

    async def _log_in_again(self) -> None:
        log.info("the session was ended softly; logging in again on the same device")
        await self._session.log_in_again(self._settings.matrix, self._settings.data_dir)
        await shared_session.share(self._database, self._settings, self._session.login)

    def _after_round(self) -> None:
        parts = self.parts
        supervisor.tell(supervisor.ALIVE)
        if parts.reconciling is not None:
            parts.reconciling.after_round()
        for room_id in parts.rooms.to_describe():
            parts.describing.look(room_id)
        if self._missing != (missing := parts.rooms.missing()) or Kind.HOMESERVER in parts.problems.present:
            self._missing = missing
            parts.problems.wake()
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle(), name="settle")

    async def _settle(self) -> None:
        """Join what is to be joined; what is joined shows in the next round."""
        rooms = self.parts.rooms
        # Until nothing is left, because the next round may be half a minute away.
        while rooms.unsettled():
            pause = await rooms.settle()
            await asyncio.sleep(pause)
        if not self._ready:
            self._ready = True
            supervisor.tell(supervisor.READY)
            for configured in (*self._settings.rooms.community, self._settings.rooms.moderation):
                if configured and (room_id := rooms.current(configured)):
                    self.parts.describing.look(room_id)
            self.parts.problems.wake()
            log.info("ready", user=self._session.user_id, rooms=len(rooms.joined()))

    async def _reconcile(self) -> None:
        reconciling = self.parts.reconciling
        while reconciling is not None:
            try:
                await reconciling.run()
            except Exception as error:
                log.exception("cannot look what was said before the restore", error=type(error).__name__)
                await asyncio.sleep(self._backoff().next())
            else:
                return

    async def _tell(self) -> None:
        """Tell whose messages cannot be read; not of those that were answered before a backup was put back."""
        if self.parts.reconciling is not None:
            await self.parts.reconciling.sorted_out.wait()
        await self.parts.teller.run()

    async def _drain(self) -> None:
        """Finish what was begun, as far as the time allows; the rest waits in the database."""
        supervisor.tell(supervisor.STOPPING)
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.parts.lanes.drained()
                await self.parts.outbox.drained()
        except TimeoutError:
            log.info("stopping with work left; it is stored and goes on at the next start")

    async def _leave(self) -> None:
        """Leave all as it is stored."""
        await self.parts.lanes.close()
        await self.parts.outbox.close()
