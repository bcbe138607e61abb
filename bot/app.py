"""Wire the parts of the running bot together, start them, and stop them in good order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version

import structlog

from bot import (
    announcing,
    commitment_tasks,
    counting,
    day_notes,
    monthly,
    queue_tasks,
    retention,
    shared_session,
    supervisor,
    weekly_term,
)
from bot.addressing import Address
from bot.alarm import Line
from bot.announcing import Announcement, Changed, Digest, Plan
from bot.authority import Authority
from bot.backoff import Backoff
from bot.backups import Backups
from bot.clock import Clock, Task
from bot.commitment_tasks import Planning, Year
from bot.commitment_tasks import Reminding as CommitmentReminding
from bot.counting import Counting
from bot.day_notes import DayNote
from bot.describing import Describing
from bot.digests import Recall, Weekly
from bot.direct import Direct
from bot.dispatch import Dispatch
from bot.encryption import recovery
from bot.encryption.machine import Encryption
from bot.encryption.secret_storage import RecoveryKey
from bot.errors import LoggedOutError
from bot.flood import Flood
from bot.inbox import Inbox
from bot.lanes import Lanes
from bot.leadership import Term
from bot.library.site import Library
from bot.login import logged_out
from bot.metrics import Metrics, Moment
from bot.monthly import StaleRecords
from bot.opening import broken
from bot.outbox import Outbox
from bot.pace import Pace
from bot.posting import Posting
from bot.problems import Problems
from bot.queue_tasks import Desk, LookingAgain, Nudge, Publishing, Unfinished, Week
from bot.received import Received
from bot.reconciling import Reconciling
from bot.reminding import Reminding
from bot.repertoire import registry
from bot.rooms import Rooms
from bot.session import Session
from bot.subscription import Subscriptions
from bot.symptoms import Symptoms
from bot.unreadable import Teller
from bot.voice import Voice
from bot.web import Web
from bot.weekly_term import WeeklyTerm
from bot.welcoming import Newcomers, Welcoming
from commands import deciding, practices
from commands.context import Asker, Comparison, Condition
from commands.respond import Responder
from config import languages
from config.settings import Settings
from storage import (
    awaited_files,
    commitments,
    digests,
    due,
    event_changes,
    media,
    newcomers,
    proposals,
    reminders,
    restored,
    room_keys,
    talks,
    unfinished,
    unreadable,
)
from storage import rooms as room_storage
from storage.database import Database
from storage.inbox import InboxEvent
from storage.outbox import OutboxRow
from storage.problems import Kind

log = structlog.get_logger(__name__)

SETTLING_SECONDS = 20.0
"""A homeserver that answers all but what concerns keys must not stop the bot."""
COMPARED = timedelta(minutes=10)
"""How long the emoji of a verification are shown."""
ANSWERING_SECONDS = 0.15
"""How long nobody else is listened to while somebody is answered; most answers take less than half of it."""
DRAIN_SECONDS = 3.0
"""For what is under way when the bot is asked to stop; in all it stops within five."""
KEPT = timedelta(days=30)
"""Handled events and sent answers, without their texts, so that edits and redactions find them."""


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
        self._address = address
        self._backoff = backoff
        self._pace = Pace(busy=lambda: bool(self._lanes.busy))
        self._metrics = Metrics()
        self._backups = Backups(settings)
        self._reconciling: Reconciling | None = None
        self._started_at = datetime.now(UTC)
        self._settling: asyncio.Task[None] | None = None
        self._ready = False
        self._missing: dict[str, bool] = {}

    async def run(self, stop: asyncio.Event, sound: Callable[[], Awaitable[None]] | None = None) -> None:
        """Run until `stop` is set, then finish what is under way; or until the term is over, and then leave all.

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
        try:
            resumed = await self._outbox.resume()
            waiting = await self._lanes.resume()
        except BaseException:
            await self._leave()
            raise
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
        losing = asyncio.create_task(self._term.lost.wait(), name="lost")
        breaking = asyncio.create_task(self._database.broken.wait(), name="broken")
        meeting = asyncio.create_task(self._newcomers.run(), name="newcomers")
        noticing = asyncio.create_task(self._problems.run(), name="problems")
        besides = (daily, telling, ticking, subscribing, describing, backing_up, reconciling, noticing, meeting)
        ends = (following, stopping, losing, breaking)
        tasks = (*ends, *besides)
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
            await self._encryption.close()

    async def _wire(self) -> None:
        settings = self._settings
        # In a thread, and not with the first answer: it would hold up all others.
        await asyncio.to_thread(languages.load)
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
            settings.digest,
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
            welcomes=settings.welcome.on,
        )
        self._lanes = Lanes(self._database, self._handle)
        stale = StaleRecords(responder, self._dispatch.moderation, settings.default_timezone)
        voice = Voice(
            lambda: [self._dispatch.speaker(room_id) for room_id in self._rooms.announcements],
            self._dispatch.moderation,
            responder.context,
            settings.events,
            settings.default_timezone,
            settings.learning.note_days,
            lambda: [self._dispatch.speaker(room_id) for room_id in self._rooms.learning],
        )
        weekly = WeeklyTerm(voice, settings.learning)
        plan, digest = Plan(voice), Digest(voice)
        recount = Counting(settings.community.smallest_group, settings.default_timezone)
        desk = Desk(
            responder,
            self._dispatch.moderation,
            self._dispatch.practices,
            Posting(self._rooms),
            settings.events.hour,
            settings.default_timezone,
        )
        nudge, week, year = Nudge(desk), Week(desk), Year(desk)
        digest_of_week = Weekly(voice, self._present, settings.default_timezone, settings.digest)
        tasks: dict[str, Task] = {
            deciding.PUBLISH: Publishing(desk),
            practices.REVIEW: LookingAgain(desk),
            unfinished.UNFINISHED: Unfinished(desk),
            queue_tasks.NUDGE: nudge,
            queue_tasks.WEEK: week,
            commitments.CHANGED: Planning(desk),
            commitments.REMIND: CommitmentReminding(desk),
            commitment_tasks.YEAR: year,
            monthly.KIND: stale,
            announcing.PLAN: plan,
            announcing.ANNOUNCE: Announcement(voice),
            announcing.DIGEST: digest,
            event_changes.CHANGED: Changed(voice),
            reminders.REMIND: Reminding(voice),
            newcomers.WELCOME: Welcoming(voice, settings.welcome, settings.command_prefix),
            counting.KIND: recount,
            day_notes.NOTE: DayNote(voice),
            weekly_term.KIND: weekly,
            digests.KIND: digest_of_week,
            digests.RECALL: Recall(),
        }
        self._clock = Clock(
            self._database,
            tasks,
            self._outbox.push,
            done=lambda kind, late, missed: self._metrics.done(kind, late, missed=missed),
            busy=lambda: bool(self._lanes.busy),
            doubt=self._reconciling.doubt if self._reconciling else lambda _due: None,
        )
        now = datetime.now(UTC)
        async with self._database.write() as writer:
            for task in (stale, plan, digest, nudge, week, year, recount):
                await due.ensure(writer, task.first(now))
            await weekly.plan(writer, now)
        self._subscriptions = Subscriptions(
            self._database,
            settings.events.subscriptions,
            self._dispatch.moderation,
            responder.context,
            self._announce,
            settings.default_language,
            settings.default_timezone,
        )
        self._newcomers = Newcomers(
            self._session,
            self._database,
            self._rooms,
            settings.welcome,
            known,
            lambda: self._reconciling is not None and self._reconciling.is_catching_up,
            self._backoff,
        )
        self._inbox = Inbox(
            self._session,
            self._database,
            self._rooms,
            self._address,
            self._encryption,
            self._deliver,
            self._newcomers,
            self._clock.wake,
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

    def _present(self, room_id: str) -> Asker | None:
        """Return a room, or the one that replaced it, if the bot is in it."""
        now = self._rooms.current(room_id) or room_id
        return self._dispatch.speaker(now) if self._rooms.is_joined(now) else None

    async def _follow(self) -> None:
        # What comes while it is not known yet whether the bot has an identity would wait for the next round.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLING_SECONDS):
                await self._encryption.settled()
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
            async with asyncio.timeout(SETTLING_SECONDS):
                await self._encryption.settled()
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
        await shared_session.share(self._database, self._settings, self._session.login)

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

    async def _deliver(self, events: list[InboxEvent]) -> None:
        """Have events handled, and wait for their answers as long as most take.

        A homeserver that is asked again at once would tell the bot what it says before those who wait for it.
        """
        self._lanes.deliver(events)
        rooms = {event.room_id for event in events}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWERING_SECONDS):
                await self._lanes.drained(rooms)
                await self._outbox.sent(rooms)

    async def _drain(self) -> None:
        """Finish what was begun, as far as the time allows; the rest waits in the database."""
        supervisor.tell(supervisor.STOPPING)
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._lanes.drained()
                await self._outbox.drained()
        except TimeoutError:
            log.info("stopping with work left; it is stored and goes on at the next start")

    async def _leave(self) -> None:
        """Leave all as it is stored."""
        await self._lanes.close()
        await self._outbox.close()
