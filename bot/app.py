"""Wire the parts of the running bot together, start them, and stop them in good order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

import structlog

import commands.challenges
import commands.chatham
import commands.event_attendance
import commands.event_edit
import commands.event_following
import commands.event_import
import commands.event_talk
import commands.event_upkeep
import commands.events
import commands.export
import commands.focal
import commands.focal_import
import commands.focal_map
import commands.focal_network
import commands.focal_upkeep
import commands.glossary
import commands.help
import commands.imports
import commands.language
import commands.practice_form
import commands.practice_share
import commands.practices
import commands.privacy
import commands.queue
import commands.reports
import commands.review
import commands.status
import commands.term_suggest
import commands.timezone
from bot import announcing, monthly, queue_tasks, retention, supervisor
from bot.addressing import Address
from bot.alarm import Line
from bot.announcing import Announcement, Changed, Digest, Plan
from bot.authority import Authority
from bot.backoff import Backoff
from bot.backups import Backups
from bot.clock import Clock, Task
from bot.describing import Describing
from bot.direct import Direct
from bot.dispatch import Dispatch
from bot.encryption import recovery
from bot.encryption.machine import Encryption
from bot.encryption.secret_storage import RecoveryKey
from bot.errors import (
    EXIT_DATABASE,
    EXIT_LOGIN,
    EXIT_RUNNING,
    EXIT_UNREACHABLE,
    Broken,
    BrokenError,
    LimitedError,
    LoggedOutError,
    MatrixError,
    StartError,
)
from bot.flood import Flood
from bot.inbox import Inbox
from bot.lanes import Lanes
from bot.library.site import Library
from bot.login import SESSION_FILE, Login
from bot.metrics import Metrics, Moment
from bot.monthly import StaleRecords
from bot.outbox import Outbox
from bot.pace import Pace
from bot.posting import Posting
from bot.problems import Problems
from bot.queue_tasks import Desk, LookingAgain, Nudge, Publishing, Unfinished, Week
from bot.received import Received
from bot.reconciling import Reconciling
from bot.reminding import Reminding
from bot.restore import refuse_half
from bot.rooms import Rooms
from bot.session import Session
from bot.subscription import Subscriptions
from bot.symptoms import Symptoms
from bot.unreadable import Teller
from bot.voice import Voice
from bot.web import Web
from commands import deciding, practices
from commands.context import Asker, Comparison, Condition
from commands.registry import Registry
from commands.respond import Responder
from config import countries
from config.settings import Settings
from storage import (
    awaited_files,
    due,
    event_changes,
    media,
    proposals,
    reminders,
    restored,
    room_keys,
    soundness,
    starter,
    talks,
    unfinished,
    unreadable,
)
from storage import rooms as room_storage
from storage.database import Database
from storage.failures import Failure, failure
from storage.inbox import InboxEvent
from storage.migrate import MigrationError, NewerDatabaseError
from storage.outbox import OutboxRow
from storage.postgres import UnusableDatabaseError, shown
from storage.problems import Kind

log = structlog.get_logger(__name__)

SETTLING_SECONDS = 20.0
"""A homeserver that answers all but what concerns keys must not stop the bot."""
COMPARED = timedelta(minutes=10)
"""How long the emoji of a verification are shown."""
DRAIN_SECONDS = 3.0
"""For what is under way when the bot is asked to stop; in all it stops within five."""
ADVICE: dict[Failure | None, str] = {
    None: "If it is damaged, restore a backup.",
    Failure.DAMAGED: "It is damaged: restore a backup.",
    Failure.DISK: "Its disk does not read or write, or a quota is used up.",
    Failure.FULL: "The disk is full: make room.",
    Failure.LOCKED: "Another program holds it: end that.",
    Failure.FORBIDDEN: "Give it, and the folder around it, to the account that runs the bot.",
    Failure.AWAY: "Look whether the database server runs.",
}
KEPT = timedelta(days=30)
"""Handled events and sent answers, without their texts, so that edits and redactions find them."""


def registry() -> Registry:
    """Return all commands of the bot."""
    return Registry(
        [
            commands.glossary,
            commands.focal,
            commands.events,
            commands.event_attendance,
            commands.event_edit,
            commands.event_following,
            commands.event_import,
            commands.event_talk,
            commands.event_upkeep,
            commands.focal_network,
            commands.focal_map,
            commands.focal_upkeep,
            commands.focal_import,
            commands.practice_share,
            commands.practice_form,
            commands.practices,
            commands.challenges,
            commands.term_suggest,
            commands.reports,
            commands.queue,
            commands.review,
            commands.privacy,
            commands.chatham,
            commands.imports,
            commands.export,
            commands.language,
            commands.timezone,
            commands.help,
            commands.status,
        ]
    )


class App:
    """The running bot."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        database: Database,
        address: Address,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._settings = settings
        self._session = session
        self._database = database
        self._address = address
        self._backoff = backoff
        self._pace = Pace()
        self._metrics = Metrics()
        self._backups = Backups(settings)
        self._reconciling: Reconciling | None = None
        self._started_at = datetime.now(UTC)
        self._settling: asyncio.Task[None] | None = None
        self._ready = False
        self._missing: dict[str, bool] = {}

    async def run(self, stop: asyncio.Event, sound: Callable[[], Awaitable[None]] | None = None) -> None:
        """Run until `stop` is set, then finish what is under way.

        `sound` is called when all that could be broken was opened and is not.

        Raises:
            StartError: the bot cannot go on until a person does something.

        """
        await self._wire()
        if sound:
            await sound()
        library = Library(self._settings, self._database)
        web = Web(self._database, self._metrics, self._moment, library.calendar_routes())
        async with web.listening(self._settings.web.listen), library.listening():
            await self._work(stop)

    async def _work(self, stop: asyncio.Event) -> None:
        # Before anything new comes in, so that what is older goes first.
        resumed = await self._outbox.resume()
        waiting = await self._lanes.resume()
        if resumed or waiting:
            log.info("resumed", answers=resumed, rooms=waiting)
        # What is loaded now stays; looking through it at each full collection would stop the loop for nothing.
        gc.collect()
        gc.freeze()
        following = asyncio.create_task(self._follow(), name="inbox")
        telling = asyncio.create_task(self._tell(), name="unreadable")
        encrypting = asyncio.create_task(self._encryption.run(), name="encryption")
        daily = asyncio.create_task(self._keep(), name="daily")
        ticking = asyncio.create_task(self._clock.run(), name="clock")
        subscribing = asyncio.create_task(self._subscriptions.run(), name="subscriptions")
        describing = asyncio.create_task(self._describing.run(), name="describing")
        backing_up = asyncio.create_task(self._backups.run(), name="backups")
        reconciling = asyncio.create_task(self._reconcile(), name="reconciling")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        breaking = asyncio.create_task(self._database.broken.wait(), name="broken")
        noticing = asyncio.create_task(self._problems.run(), name="problems")
        besides = (daily, telling, ticking, subscribing, describing, backing_up, reconciling, noticing)
        tasks = (following, *besides, stopping, breaking)
        try:
            await asyncio.wait([following, stopping, breaking], return_when=asyncio.FIRST_COMPLETED)
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
            await self._drain()
            encrypting.cancel()
            await asyncio.gather(encrypting, return_exceptions=True)
            await self._encryption.close()

    async def _wire(self) -> None:
        settings = self._settings
        async with self._database.read() as reader:
            known = await room_storage.every(reader)
            marker = await restored.current(reader)
        self._rooms = Rooms(self._session, settings.rooms, settings.invites, known)
        await self._rooms.resolve()
        self._encryption = Encryption(
            self._session, self._database, settings.matrix, self._rooms.is_encrypted, self._show, self._backoff
        )
        await self._encryption.load()
        direct = Direct(self._session, self._database, self._encrypts)
        await direct.load()
        if marker is not None and marker.finished_at is None:
            self._reconciling = Reconciling(
                self._session,
                self._database,
                marker,
                partial(direct.adopt, is_direct=self._rooms.is_direct),
                lambda: self._clock.looked_at,
                lambda: self._dispatch.moderation(),
                lambda reader, there, now: responder.context(reader, there, now),
                lambda rows: self._outbox.push(rows),
            )
        self._outbox = Outbox(
            self._session,
            self._encryption.send,
            self._database,
            self._pace,
            direct.place,
            self._backoff,
            self._metrics.retried,
            self._reconciling,
        )
        self._teller = Teller(self._database, self._outbox, self._rooms.is_joined, settings.default_language)
        known_commands = registry()
        responder = Responder(
            self._database,
            known_commands,
            settings.default_language,
            settings.default_timezone,
            settings.focal.fresh_months,
            settings.practices,
        )
        authority = Authority(self._session, self._rooms, settings.moderation.power)
        self._describing = Describing(
            self._session,
            self._database,
            self._rooms,
            authority,
            self._pace,
            known_commands,
            settings.default_language,
            switched_on=settings.commands.describe,
            backoff=self._backoff,
        )
        self._dispatch = Dispatch(
            self._database,
            responder,
            self._outbox,
            self._rooms,
            authority,
            Flood(settings.flood.commands_per_minute),
            settings.command_prefix,
            settings.default_language,
            self._condition,
            Received(self._session, self._encryption),
            direct,
            self._metrics.handled,
        )
        self._lanes = Lanes(self._database, self._handle)
        stale = StaleRecords(responder, self._dispatch.moderation, settings.default_timezone)
        voice = Voice(
            lambda: [self._dispatch.speaker(room_id) for room_id in self._rooms.announcements],
            self._dispatch.moderation,
            responder.context,
            settings.events,
            settings.default_timezone,
        )
        plan, digest = Plan(voice), Digest(voice)
        desk = Desk(
            responder,
            self._dispatch.moderation,
            self._dispatch.practices,
            Posting(self._rooms),
            settings.events.hour,
            settings.default_timezone,
        )
        nudge, week = Nudge(desk), Week(desk)
        tasks: dict[str, Task] = {
            deciding.PUBLISH: Publishing(desk),
            practices.REVIEW: LookingAgain(desk),
            unfinished.UNFINISHED: Unfinished(desk),
            queue_tasks.NUDGE: nudge,
            queue_tasks.WEEK: week,
            monthly.KIND: stale,
            announcing.PLAN: plan,
            announcing.ANNOUNCE: Announcement(voice),
            announcing.DIGEST: digest,
            event_changes.CHANGED: Changed(voice),
            reminders.REMIND: Reminding(voice),
        }
        self._clock = Clock(
            self._database,
            tasks,
            self._outbox.push,
            done=lambda kind, late, missed: self._metrics.done(kind, late, missed=missed),
            doubt=self._reconciling.doubt if self._reconciling else lambda _due: None,
        )
        now = datetime.now(UTC)
        async with self._database.write() as writer:
            for task in (stale, plan, digest, nudge, week):
                await due.ensure(writer, task.first(now))
        self._subscriptions = Subscriptions(
            self._database,
            settings.events.subscriptions,
            self._dispatch.moderation,
            responder.context,
            self._announce,
            settings.default_language,
            settings.default_timezone,
        )
        self._inbox = Inbox(
            self._session,
            self._database,
            self._rooms,
            self._address,
            self._encryption,
            self._lanes.deliver,
            self._backoff,
            self._reconciling.noted if self._reconciling else None,
        )
        symptoms = Symptoms(
            settings,
            self._database,
            self._rooms,
            self._inbox,
            self._pace,
            self._encryption,
            self._subscriptions,
            self._backups,
            lambda: self._ready,
        )
        self._problems = Problems(
            self._database,
            symptoms.look,
            settings.rooms.moderation,
            self._sayable,
            responder.context,
            self._outbox.push,
            Line(self._session),
            settings.default_language,
            timedelta(minutes=settings.notices.away_minutes),
        )

    def _sayable(self) -> Asker | None:
        """Return the moderation room, if something can be said in it now."""
        there = self._dispatch.moderation()
        if there is None or not self._rooms.is_joined(there.room_id):
            return None
        closed = self._rooms.is_encrypted(there.room_id) and self._encryption.state().able is not True
        return None if closed else there

    async def _follow(self) -> None:
        # What comes while it is not known yet whether the bot has an identity would wait for the next round.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._encryption.settled(), SETTLING_SECONDS)
        await self._inbox.follow(self._log_in_again, self._after_round)

    async def _handle(self, event: InboxEvent) -> None:
        if event.doubt is not None and self._reconciling is not None:
            await self._reconciling.handle(event, self._dispatch)
        else:
            await self._dispatch.handle(event)
        # It may have been about the language of the room; and where the bot is used, its commands are described.
        self._describing.look(event.room_id, event.sender)

    async def _reconcile(self) -> None:
        while self._reconciling is not None:
            try:
                await self._reconciling.run()
            except Exception as error:
                log.exception("cannot look what was said before the restore", error=type(error).__name__)
                await asyncio.sleep(self._backoff().next())
            else:
                return

    async def _tell(self) -> None:
        """Tell whose messages cannot be read; not of those that were answered before a backup was put back."""
        if self._reconciling is not None:
            await self._reconciling.sorted_out.wait()
        await self._teller.run()

    def _announce(self, rows: list[OutboxRow]) -> None:
        self._outbox.push(rows)
        self._clock.wake()

    async def _encrypts(self) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._encryption.settled(), SETTLING_SECONDS)
        return self._encryption.state().able is True

    def _show(self, key: RecoveryKey) -> None:
        recovery.show(key, self._settings.data_dir)

    def _condition(self) -> Condition:
        state = self._encryption.state()
        return Condition(
            version=version("gaamac-bot"),
            started_at=self._started_at,
            synced_at=self._inbox.synced_at,
            rooms=len(self._rooms.joined()),
            malformed=self._inbox.malformed,
            rate_limited_for=self._pace.closed_for,
            encrypts=state.able,
            comparisons=tuple(
                Comparison(one.user_id, tuple(f"{sign} {name}" for sign, name in one.emoji), one.since)
                for one in state.verifications
                if one.emoji and datetime.now(UTC) - one.since < COMPARED
            ),
        )

    def _moment(self) -> Moment:
        now = datetime.now(UTC)
        synced_at, looked_at = self._inbox.synced_at, self._clock.looked_at
        return Moment(
            sync_age=(now - synced_at).total_seconds() if synced_at else None,
            clock_age=(now - looked_at).total_seconds() if looked_at else None,
            rooms=len(self._rooms.joined()),
            lanes=self._lanes.busy,
            malformed=self._inbox.malformed,
            rate_limited_for=self._pace.closed_for,
            problems=self._problems.present,
            backup_age=(now - made_at).total_seconds() if (made_at := self._backups.made_at) else None,
        )

    def _after_round(self) -> None:
        supervisor.tell(supervisor.ALIVE)
        if self._reconciling is not None:
            self._reconciling.after_round()
        for room_id in self._rooms.to_describe():
            self._describing.look(room_id)
        if self._missing != (missing := self._rooms.missing()) or Kind.HOMESERVER in self._problems.present:
            self._missing = missing
            self._problems.wake()
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle(), name="settle")

    async def _settle(self) -> None:
        """Join what is to be joined; what is joined shows in the next round."""
        # Until nothing is left, because the next round may be half a minute away.
        while self._rooms.unsettled():
            pause = await self._rooms.settle()
            await asyncio.sleep(pause)
        if not self._ready:
            self._ready = True
            supervisor.tell(supervisor.READY)
            for configured in (*self._settings.rooms.community, self._settings.rooms.moderation):
                if configured and (room_id := self._rooms.current(configured)):
                    self._describing.look(room_id)
            self._problems.wake()
            log.info("ready", user=self._session.user_id, rooms=len(self._rooms.joined()))

    async def _log_in_again(self) -> None:
        log.info("the session was ended softly; logging in again on the same device")
        await self._session.log_in_again(self._settings.matrix, self._settings.data_dir)

    async def _keep(self) -> None:
        """Forget each day what is old."""
        while True:
            before = datetime.now(UTC) - KEPT
            try:
                await retention.prune(self._database, before)
                async with self._database.write() as writer:
                    gone = await retention.forget(writer, self._settings.practices, datetime.now(UTC))
                    await room_keys.prune(writer, before)
                    await unreadable.prune(writer, before)
                    await media.prune(writer, before)
                    await awaited_files.prune(writer, datetime.now(UTC))
                    await talks.prune(writer, datetime.now(UTC))
                    await proposals.expire(writer, datetime.now(UTC))
            except Exception as error:
                log.exception("cannot do what is done each day", error=type(error).__name__)
            else:
                self._outbox.push(gone)
            await asyncio.sleep(24 * 3600)

    async def _drain(self) -> None:
        """Finish what was begun, as far as the time allows; the rest waits in the database."""
        supervisor.tell(supervisor.STOPPING)
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._lanes.drained()
                await self._outbox.drained()
        except TimeoutError:
            log.info("stopping with work left; it is stored and goes on at the next start")
        await self._lanes.close()
        await self._outbox.close()


async def run(settings: Settings, stop: asyncio.Event, sound: Callable[[], Awaitable[None]] | None = None) -> None:
    """Run the bot with its database and session until `stop` is set. `sound` is called as by `App.run`.

    Raises:
        BrokenError: what it stands on is broken.
        StartError: the bot cannot start, or cannot go on, until a person does something.

    """
    async with opened(settings) as database:
        await starter.load(database, datetime.now(UTC))
        await countries.ready()
        opening = asyncio.create_task(_session(settings))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([opening, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not opening.done():
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            return
        session, address = opening.result()
        try:
            await App(settings, session, database, address).run(stop, sound)
        finally:
            await session.close()


@contextmanager
def alone(settings: Settings) -> Iterator[Path]:
    """Take the data folder for this process alone.

    Raises:
        BrokenError: it cannot be used.
        StartError: another bot runs with it.

    """
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise BrokenError(
            f"The data folder {folder} cannot be used: {error}. Set GAAMAC_DATA_DIR to a folder that belongs "
            "to the account that runs the bot.",
            exit_code=EXIT_DATABASE,
            cause=Broken.FULL if error.errno == errno.ENOSPC else Broken.FORBIDDEN,
        ) from error
    with lock:
        refuse_half(folder)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(
                f"Another gaamac-bot is running with the data folder {folder}. Stop it first.",
                exit_code=EXIT_RUNNING,
            ) from error
        yield folder


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Open the database for this process alone.

    Raises:
        BrokenError: it cannot be used, or cannot be used any more.
        StartError: another bot runs with it.

    """
    with alone(settings) as folder:
        database = await _open(settings)
        _protect(folder)
        try:
            yield database
        except Exception as error:
            found = failure(error)
            if found is None:
                raise
            raise broken(settings, found, error) from error
        finally:
            await database.close()


async def _open(settings: Settings) -> Database:
    try:
        # First by reading only: what is broken is left as it is for whoever mends it.
        await soundness.examine(settings.database_url)
        return await Database.open(settings.database_url, backups=settings.data_dir / "backups")
    except NewerDatabaseError as error:
        raise BrokenError(str(error), exit_code=EXIT_DATABASE, cause=Broken.NEWER) from error
    except UnusableDatabaseError as error:
        # Not the code after which nobody starts it again: the server may only be later than the bot.
        code = EXIT_UNREACHABLE if error.failure is Failure.AWAY else EXIT_DATABASE
        raise BrokenError(str(error), exit_code=code, cause=_cause(error.failure)) from error
    except MigrationError as error:
        raise BrokenError(str(error), exit_code=EXIT_DATABASE, cause=_cause(error.failure)) from error
    except Exception as error:
        found = failure(error)
        if isinstance(error, OSError):  # of the folder for copies
            found = Failure.FULL if error.errno == errno.ENOSPC else Failure.FORBIDDEN
        raise broken(settings, found, error) from error


def broken(settings: Settings, found: Failure | None, error: Exception | None = None) -> BrokenError:
    """Return what to raise when the database cannot be used, or not any more."""
    said = str(getattr(error, "orig", None) or error or found).splitlines()[0]
    return BrokenError(
        f"The database {shown(settings.database_url)} cannot be used: {said}. {ADVICE.get(found, '')}".rstrip(),
        exit_code=EXIT_DATABASE,
        cause=_cause(found),
    )


def _cause(found: Failure | None) -> Broken:
    return Broken(found.value) if found is not None else Broken.DATABASE


def logged_out(login: Login, folder: Path) -> StartError:
    """Return what to raise when the session has ended for good."""
    return StartError(
        f"The homeserver has logged out {login.user_id}. Somebody ended this session, or the account was closed. "
        f"Set a new password or access token, and move away {folder / SESSION_FILE}; then start again.",
        exit_code=EXIT_LOGIN,
    )


def _protect(folder: Path) -> None:
    for file in folder.glob("bot.db*"):
        file.chmod(0o600)


async def _session(settings: Settings) -> tuple[Session, Address]:
    """Open the session; wait for a homeserver that is not there yet."""
    backoff = Backoff()
    while True:
        try:
            session = await Session.open(settings.matrix, settings.data_dir)
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
