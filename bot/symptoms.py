"""What is wrong now and needs a person: looked at every minute or so, never for each event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import check_homeserver, check_machine
from bot.backups import Backups
from bot.encryption.machine import Encryption
from bot.inbox import Inbox
from bot.pace import Pace
from bot.rooms import Rooms
from bot.subscription import Subscriptions
from commands.problem_notice import DIRECT
from config.settings import Settings
from storage import outbox
from storage.database import Database
from storage.problems import Kind

AWAY = timedelta(seconds=90)
"""After so long it is noted that the homeserver is away: before a supervisor ends a bot that has no rounds."""
REFUSED_WITHIN = timedelta(days=1)
STUCK_AFTER = timedelta(minutes=10)
SLOW_AFTER = timedelta(minutes=1)
SELDOM = timedelta(minutes=10)
"""How often is looked at what costs a question to the homeserver."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """Something wrong. `since`: when it began, if that is known; else now."""

    kind: Kind
    subject: str = ""
    detail: str = ""
    since: datetime | None = None


@dataclass(slots=True)
class Look:
    """What was found, and which kinds could be judged: what is not found of these is over."""

    judged: set[Kind] = field(default_factory=set)
    found: list[Symptom] = field(default_factory=list)

    def at(self, kind: Kind, *symptoms: Symptom) -> None:
        """Note what was found of a kind: nothing, if there are none."""
        self.judged.add(kind)
        self.found += symptoms


class Symptoms:
    """Looks at the parts of the running bot. `settled`: it has tried to join all its rooms."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        rooms: Rooms,
        inbox: Inbox,
        pace: Pace,
        encryption: Encryption,
        subscriptions: Subscriptions,
        backups: Backups,
        settled: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._database = database
        self._rooms = rooms
        self._inbox = inbox
        self._pace = pace
        self._encryption = encryption
        self._subscriptions = subscriptions
        self._backups = backups
        self._settled = settled
        self._away = min(AWAY, timedelta(minutes=settings.notices.away_minutes) / 2)
        self._seldom = min(SELDOM, timedelta(minutes=settings.notices.away_minutes))
        self._asked_at: datetime | None = None
        self._well_since: datetime | None = None

    async def look(self, now: datetime) -> Look:
        """Return what is wrong now."""
        found = Look()
        self._homeserver(found, now)
        if self._well_since is not None and (self._asked_at is None or now - self._asked_at >= self._seldom):
            self._asked_at = now
            await self._clock(found)
            await self._rooms.verify(now)
        self._of_rooms(found)
        self._disk(found)
        if self._subscriptions.failing is not None:
            found.at(
                Kind.CALENDAR, *(Symptom(Kind.CALENDAR, host) for host in sorted(self._subscriptions.failing))
            )
        if self._backups.expected:
            found.at(Kind.BACKUP, *([Symptom(Kind.BACKUP)] if self._backups.problem else []))
        await self._sending(found, now)
        return found

    def _homeserver(self, found: Look, now: datetime) -> None:
        since = self._inbox.failing_since
        if since is not None:
            self._well_since = None
            if now - since > self._away:
                found.at(Kind.HOMESERVER, Symptom(Kind.HOMESERVER, since=since))
        elif self._inbox.synced_at is not None:
            self._well_since = self._well_since or now
            found.at(Kind.HOMESERVER)

    def _of_rooms(self, found: Look) -> None:
        if not self._settled():
            return
        missing = self._rooms.missing()
        found.at(Kind.REMOVED, *(Symptom(Kind.REMOVED, room) for room, was_in in missing.items() if was_in))
        found.at(
            Kind.NOT_JOINED, *(Symptom(Kind.NOT_JOINED, room) for room, was_in in missing.items() if not was_in)
        )
        able = self._encryption.state().able
        if able is not None:
            needed = not able and any(room.encrypted for room in self._rooms.joined())
            found.at(Kind.ENCRYPTION, *([Symptom(Kind.ENCRYPTION)] if needed else []))

    def _disk(self, found: Look) -> None:
        free = check_machine.free_bytes(self._settings.data_dir)
        if free is not None:
            found.at(Kind.DISK, *([Symptom(Kind.DISK)] if free < check_machine.LITTLE else []))

    async def _sending(self, found: Look, now: datetime) -> None:
        async with self._database.read() as reader:
            refused = await outbox.refused_rooms(reader, now - REFUSED_WITHIN)
            stuck = await outbox.stuck_rooms(reader, now - STUCK_AFTER)
            slow = self._pace.is_slowed and bool(await outbox.stuck_rooms(reader, now - SLOW_AFTER))
        found.at(
            Kind.REFUSED,
            # Of somebody who has left a chat with the bot no moderator need know.
            *(
                Symptom(Kind.REFUSED, room_id, reason.partition(":")[0])
                for room_id, reason in refused.items()
                if self._rooms.is_joined(room_id) and not self._rooms.is_direct(room_id)
            ),
        )
        found.at(Kind.RATE_LIMIT, *([Symptom(Kind.RATE_LIMIT)] if slow else []))
        # What waited while the homeserver was away, or lets nothing through, is not stuck.
        if self._well_since is not None and now - self._well_since > STUCK_AFTER and not slow:
            subjects = dict.fromkeys(map(self._named, stuck))
            found.at(Kind.STUCK, *(Symptom(Kind.STUCK, subject) for subject in subjects))

    def _named(self, room_id: str) -> str:
        known = self._rooms.is_joined(room_id) and not self._rooms.is_direct(room_id)
        return room_id if known else DIRECT

    async def _clock(self, found: Look) -> None:
        off = await check_homeserver.seconds_ahead(self._settings.matrix.homeserver)
        if off is not None:
            wrong = abs(off) > check_homeserver.OFF_SECONDS
            found.at(Kind.CLOCK, *([Symptom(Kind.CLOCK, detail=f"{abs(off):.0f}")] if wrong else []))
