"""The parts of the running bot, wired together. `bot.app` starts and stops them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version

from bot.addressing import Address
from bot.alarm import Line
from bot.authority import Authority
from bot.backoff import Backoff
from bot.backups import Backups
from bot.clock import Clock
from bot.describing import Describing
from bot.direct import Direct
from bot.dispatch import Dispatch
from bot.encryption import recovery
from bot.encryption.machine import Encryption
from bot.encryption.secret_storage import RecoveryKey
from bot.flood import Flood
from bot.inbox import Inbox
from bot.lanes import Lanes
from bot.metrics import Metrics, Moment
from bot.outbox import Outbox
from bot.pace import Pace
from bot.places import Places
from bot.posting import Posting
from bot.problems import Problems
from bot.received import Received
from bot.reconciling import Reconciling
from bot.repertoire import registry
from bot.replies import Replies
from bot.rooms import Rooms
from bot.session import Session
from bot.subscription import Subscriptions
from bot.symptoms import Symptoms
from bot.tasks import Tasks
from bot.unreadable import Teller
from bot.welcoming import Newcomers
from commands.context import Asker, Comparison, Condition
from commands.respond import Responder
from config import languages
from config.settings import Settings
from storage import restored
from storage import rooms as room_storage
from storage.database import Database
from storage.inbox import InboxEvent
from storage.outbox import OutboxRow

SETTLING_SECONDS = 20.0
"""A homeserver that answers all but what concerns keys must not stop the bot."""
ANSWERING_SECONDS = 0.15
"""How long nobody else is listened to while somebody is answered; most answers take less than half of it."""
COMPARED = timedelta(minutes=10)
"""How long the emoji of a verification are shown."""


class Parts:
    """Of one bot. `ready`: whether it has joined what it is to join."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        database: Database,
        address: Address,
        backoff: Callable[[], Backoff],
        ready: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._session = session
        self._database = database
        self._address = address
        self._backoff = backoff
        self._ready = ready
        self._started_at = datetime.now(UTC)
        self.pace = Pace(busy=lambda: bool(self.lanes.busy))
        self.metrics = Metrics()
        self.backups = Backups(settings)
        self.reconciling: Reconciling | None = None

    async def assemble(self) -> None:
        """Make what must know what is stored and what the homeserver says."""
        settings, session, database = self._settings, self._session, self._database
        # In a thread, and not with the first answer: it would hold up all others.
        await asyncio.to_thread(languages.load)
        async with database.read() as reader:
            known = await room_storage.every(reader)
            marker = await restored.current(reader)
        self.rooms = Rooms(session, settings.rooms, settings.invites, known)
        await self.rooms.resolve()
        self.places = Places(self.rooms, settings.command_prefix)
        self.encryption = Encryption(
            session, database, settings.matrix, self.rooms.is_encrypted, self._show, self._backoff
        )
        await self.encryption.load()
        direct = Direct(session, database, self._encrypts)
        await direct.load()
        known_commands = registry()
        responder = Responder(
            database,
            known_commands,
            settings.default_language,
            settings.default_timezone,
            settings.focal.fresh_months,
            settings.practices,
            settings.digest,
        )
        if marker is not None and marker.finished_at is None:
            self.reconciling = Reconciling(
                session,
                database,
                marker,
                partial(direct.adopt, is_direct=self.rooms.is_direct),
                lambda: self.clock.looked_at,
                self.places.moderation,
                responder.context,
                lambda rows: self.outbox.push(rows),
            )
        self.outbox = Outbox(
            session,
            self.encryption.send,
            database,
            self.pace,
            direct.place,
            self._backoff,
            self.metrics.retried,
            self.reconciling,
        )
        self.teller = Teller(database, self.outbox, self.rooms.is_joined, settings.default_language)
        authority = Authority(session, self.rooms, settings.moderation.power)
        self.describing = Describing(
            session,
            database,
            self.rooms,
            authority,
            self.pace,
            known_commands,
            settings.default_language,
            switched_on=settings.commands.describe,
            backoff=self._backoff,
        )
        posting = Posting(self.rooms)
        self._dispatch = Dispatch(
            database,
            responder,
            self.outbox,
            self.rooms,
            self.places,
            authority,
            Flood(settings.flood.commands_per_minute),
            self._condition,
            Received(session, self.encryption),
            Replies(database, self.outbox, posting, direct, settings.default_language, self.metrics.handled),
            welcomes=settings.welcome.on,
        )
        self.lanes = Lanes(database, self._handle)
        tasks = Tasks(settings, responder, self.places, posting)
        self.clock = Clock(
            database,
            tasks.by_kind,
            self.outbox.push,
            done=lambda kind, late, missed: self.metrics.done(kind, late, missed=missed),
            busy=lambda: bool(self.lanes.busy),
            doubt=self.reconciling.doubt if self.reconciling else lambda _due: None,
        )
        async with database.write() as writer:
            await tasks.plan(writer, datetime.now(UTC))
        self.subscriptions = Subscriptions(
            database,
            settings.events.subscriptions,
            self.places.moderation,
            responder.context,
            self._announce,
            settings.default_language,
            settings.default_timezone,
        )
        self.newcomers = Newcomers(
            session,
            database,
            self.rooms,
            settings.welcome,
            known,
            lambda: self.reconciling is not None and self.reconciling.is_catching_up,
            self._backoff,
        )
        self.inbox = Inbox(
            session,
            database,
            self.rooms,
            self._address,
            self.encryption,
            self._deliver,
            self.newcomers,
            self.clock.wake,
            self._backoff,
            self.reconciling.noted if self.reconciling else None,
        )
        symptoms = Symptoms(
            settings,
            database,
            self.rooms,
            self.inbox,
            self.pace,
            self.encryption,
            self.subscriptions,
            self.backups,
            self._ready,
        )
        self.problems = Problems(
            database,
            symptoms.look,
            settings.rooms.moderation,
            self._sayable,
            responder.context,
            self.outbox.push,
            Line(session),
            settings.default_language,
            timedelta(minutes=settings.notices.away_minutes),
        )

    def moment(self) -> Moment:
        """Return what the metrics tell of this moment."""
        now = datetime.now(UTC)
        synced_at, looked_at = self.inbox.synced_at, self.clock.looked_at
        return Moment(
            sync_age=(now - synced_at).total_seconds() if synced_at else None,
            clock_age=(now - looked_at).total_seconds() if looked_at else None,
            rooms=len(self.rooms.joined()),
            lanes=self.lanes.busy,
            malformed=self.inbox.malformed,
            rate_limited_for=self.pace.closed_for,
            problems=self.problems.present,
            backup_age=(now - made_at).total_seconds() if (made_at := self.backups.made_at) else None,
        )

    # What parts ask of each other

    async def _deliver(self, events: list[InboxEvent]) -> None:
        """Have events handled, and wait for their answers as long as most take.

        A homeserver that is asked again at once would tell the bot what it says before those who wait for it.
        """
        self.lanes.deliver(events)
        rooms = {event.room_id for event in events}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWERING_SECONDS):
                await self.lanes.drained(rooms)
                await self.outbox.sent(rooms)

    async def _handle(self, event: InboxEvent) -> None:
        if event.doubt is not None and self.reconciling is not None:
            await self.reconciling.handle(event, self._dispatch)
        else:
            await self._dispatch.handle(event)
        # It may have been about the language of the room; and where the bot is used, its commands are described.
        self.describing.look(event.room_id, event.sender)

    def _announce(self, rows: list[OutboxRow]) -> None:
        self.outbox.push(rows)
        self.clock.wake()

    def _sayable(self) -> Asker | None:
        """Return the moderation room, if something can be said in it now."""
        there = self.places.moderation()
        if there is None or not self.rooms.is_joined(there.room_id):
            return None
        closed = self.rooms.is_encrypted(there.room_id) and self.encryption.state().able is not True
        return None if closed else there

    async def settled(self) -> None:
        """Wait until it is known whether the bot has an identity, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLING_SECONDS):
                await self.encryption.settled()

    async def _encrypts(self) -> bool:
        await self.settled()
        return self.encryption.state().able is True

    def _show(self, key: RecoveryKey) -> None:
        recovery.show(key, self._settings.data_dir)

    def _condition(self) -> Condition:
        state = self.encryption.state()
        return Condition(
            version=version("gaamac-bot"),
            started_at=self._started_at,
            synced_at=self.inbox.synced_at,
            rooms=len(self.rooms.joined()),
            malformed=self.inbox.malformed,
            rate_limited_for=self.pace.closed_for,
            encrypts=state.able,
            comparisons=tuple(
                Comparison(one.user_id, tuple(f"{sign} {name}" for sign, name in one.emoji), one.since)
                for one in state.verifications
                if one.emoji and datetime.now(UTC) - one.since < COMPARED
            ),
        )
