"""Encryption as the rest of the bot sees it: events go in encrypted and come out readable, and the other way.

The inbox calls, in each round: `prepare` (asks the homeserver what is needed to judge senders), then within
its transaction `open`, and `commit` after it. The outbox calls `send`. `run` is a task beside them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.answers import KEY
from bot.backoff import Backoff
from bot.encryption.device_lists import DeviceLists
from bot.encryption.identity import Identity, IdentityError
from bot.encryption.inward import Inward, Said
from bot.encryption.means import OwnMeans
from bot.encryption.outward import Outward
from bot.encryption.own_device import LostKeysError, OwnDevice
from bot.encryption.secret_storage import RecoveryKey
from bot.encryption.verification import Shown, Verifications
from bot.errors import LimitedError, MatrixError, RefusedError
from bot.events import Encrypted, EncryptionOn, Event, Redaction, Verification
from bot.login import SESSION_FILE
from bot.media import Media
from bot.session import Session
from config.settings import MatrixSettings
from storage import devices, room_keys, unreadable
from storage.database import Database, Writer

log = structlog.get_logger(__name__)

FEW_KEYS = 25
"""One-time keys on the homeserver under which new ones are uploaded. There is room for fifty."""
MEND_SECONDS = 3600.0
"""A device that sends what cannot be decrypted gets a new session at most this often."""
CLEAR = ("m.relates_to", KEY)
"""What stands outside of an encrypted event: for the homeserver, and for finding an own event again."""


@dataclass(frozen=True, slots=True)
class State:
    """How encryption is. `able`: the bot takes part in encrypted rooms (None: not known yet).

    `problem`: why it does not, and what a person can do.
    """

    able: bool | None
    problem: str | None
    verifications: list[Shown]


class Encryption:
    """Opens what comes in and closes what goes out, in rooms where `is_encrypted` says so."""

    def __init__(
        self,
        session: Session,
        database: Database,
        settings: MatrixSettings,
        is_encrypted: Callable[[str], bool],
        show: Callable[[RecoveryKey], None],
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._session = session
        self._database = database
        self._is_encrypted = is_encrypted
        self._backoff = backoff
        self._own = OwnDevice(session, database)
        self._lists = DeviceLists(session, database)
        self._inward = Inward(self._own, self._lists)
        self._outward = Outward(session, database, self._own, self._lists)
        self._identity = Identity(session, self._own, settings, show)
        self._verifications = Verifications(
            OwnMeans(self._own, self._identity, self._lists, database, session, self.send)
        )
        self._media = Media(session, database)
        self._settled = asyncio.Event()
        self._wake = asyncio.Event()
        self._problem: str | None = None
        self._lost = False
        self._reopen_all = False
        self._learned: set[str] = set()
        self._counts: tuple[Mapping[str, Any] | None, object] | None = None
        self._broken: dict[tuple[str, str], bool] = {}
        self._mended_at: dict[tuple[str, str], float] = {}
        self._missed: dict[str, bool] = {}
        self._said = Said()
        self._steps: list[Verification] = []

    @property
    def malformed(self) -> int:
        """How many encrypted and to-device events were dropped, because they are wrong in some way."""
        return self._inward.malformed

    def state(self) -> State:
        """Return how encryption is now."""
        able = self._inward.able if self._settled.is_set() else None
        return State(able, self._problem, self._verifications.recent())

    async def load(self) -> None:
        """Read or make the keys of the bot's device. Comes before anything else."""
        await self._own.load()
        # After an older copy of the database was put back, a session would use places that are used already.
        async with self._database.write() as writer:
            await room_keys.forget_own_room_keys(writer)

    async def settled(self) -> None:
        """Wait until it is known whether the bot has an identity."""
        await self._settled.wait()

    async def run(self) -> None:
        """Establish the identity, then keep the keys filled and mend broken sessions. Runs until cancelled."""
        await self._until_done(self._establish)
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._counts is not None:
                await self._until_done(self._replenish)
            await self._mend()

    async def close(self) -> None:
        """End what is under way."""
        await self._verifications.close()

    async def _until_done(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        backoff = self._backoff()
        while True:
            try:
                await work()
            except LimitedError as error:
                await asyncio.sleep(error.retry_after)
            except MatrixError as error:
                pause = backoff.next()
                log.warning("encryption must wait", error=str(error), again_in=round(pause, 1))
                await asyncio.sleep(pause)
            except Exception as error:
                log.exception("encryption failed", error=type(error).__name__)
                await asyncio.sleep(backoff.next())
            else:
                return

    async def _establish(self) -> None:
        try:
            await self._identity.establish()
        except LostKeysError:
            self._lost = True
            self._problem = (
                f"The database has lost the keys of the device {self._own.device_id}. Move {SESSION_FILE} in the "
                "data folder away, set the password, and start the bot again: it makes a new device."
            )
        except IdentityError as error:
            self._problem = str(error)
        except RefusedError as error:
            self._problem = f"The homeserver refused a step of setting up encryption: {error}."
        else:
            self._inward.able = True
            self._reopen_all = True
        if self._problem:
            log.error("the bot has no part in encrypted rooms", problem=self._problem)
        # Also without an identity: what comes is kept until there is one.
        await self._replenish()
        self._settled.set()

    async def _replenish(self) -> None:
        counts, unused = self._counts or (None, None)
        if not self._lost:
            await self._own.replenish(counts, unused)
        self._counts = None

    # Inward

    async def prepare(self, found: Mapping[str, Any], events: Iterable[Event]) -> bool:
        """Ask what must be known of those who sent `events`. Return whether `open` has anything to do.

        Raises:
            MatrixError: the homeserver does not answer; the round must be repeated.

        """
        await self._lists.note(found)
        wanted = {event.sender for event in events if isinstance(event, Encrypted)}
        changed = _list(_mapping(found.get("device_lists")).get("changed"))
        names = [name for name in changed if isinstance(name, str)]
        if names:
            async with self._database.read() as reader:
                wanted |= {one.sender for one in await unreadable.waiting(reader, senders=names)}
        wanted.discard(self._own.user_id)
        if wanted:
            self._learned |= await self._lists.refresh(wanted)
        for room_id in _with_other_members(found):
            self._outward.forget_members(room_id)
        for event in events:
            if isinstance(event, EncryptionOn):
                await self._outward.forget_session(event.room_id)
        return bool(
            _to_device(found)
            or self._learned
            or self._reopen_all
            or any(isinstance(event, Encrypted | Verification | Redaction) for event in events)
        )

    async def open(self, writer: Writer, found: Mapping[str, Any], events: Iterable[Event]) -> list[Event]:
        """Take in the keys of a sync, and return `events` readable; also those of earlier that now are."""
        self._steps = []
        self._said = await self._inward.receive(writer, _to_device(found))
        opened: list[Event] = []
        for event in [*await self._waiting(writer), *events]:
            if isinstance(event, Redaction):
                await unreadable.drop(writer, event.target)
            readable = await self._inward.open(writer, event) if isinstance(event, Encrypted) else event
            if isinstance(readable, Verification):
                self._steps.append(readable)
            elif readable is not None:
                opened.append(readable)
        return opened

    async def reread(self, event: Encrypted) -> Event | None:
        """Decrypt an event that was read before; None when its key is not there."""
        async with self._database.write() as writer:
            return await self._inward.open(writer, event)

    async def _waiting(self, writer: Writer) -> list[Event]:
        """Return what waited for keys that have come."""
        if not (self._said.keys_for or self._learned or self._reopen_all):
            return []
        found = await unreadable.waiting(
            writer, sessions=self._said.keys_for, senders=self._learned, all_of_them=self._reopen_all
        )
        return [
            Encrypted(one.event_id, one.room_id, one.sender, one.sent_at, content=one.content) for one in found
        ]

    def commit(self, found: Mapping[str, Any]) -> None:
        """Go on with what follows from a round: it is stored."""
        said, self._said = self._said, Said()
        steps, self._steps = self._steps, []
        self._learned.clear()
        self._reopen_all = False
        for sender, kind, content in said.clear:
            self._verifications.to_device(sender, kind, content)
        for step in steps:
            self._verifications.in_room(
                step.room_id, step.event_id, step.sender, step.step, step.content, step.sent_at
            )
        self._broken.update(dict.fromkeys(said.broken, True))
        counts = found.get("device_one_time_keys_count")
        unused = found.get("device_unused_fallback_key_types")
        few = isinstance(counts, Mapping) and _number(counts.get("signed_curve25519")) < FEW_KEYS
        used = isinstance(unused, list) and "signed_curve25519" not in unused
        if few or used:
            self._counts = (counts if isinstance(counts, Mapping) else None, unused)
        if self._counts or self._broken:
            self._wake.set()

    async def _mend(self) -> None:
        """Begin new sessions with devices whose messages could not be decrypted."""
        broken, self._broken = list(self._broken), {}
        for user_id, device_key in broken:
            now = time.monotonic()
            if now - self._mended_at.get((user_id, device_key), -MEND_SECONDS) < MEND_SECONDS:
                continue
            self._mended_at[user_id, device_key] = now
            try:
                await self._lists.refresh([user_id])
                async with self._database.read() as reader:
                    device = await devices.with_key(reader, user_id, device_key)
                if device is not None:
                    await self._outward.mend(device)
            except Exception as error:
                log.exception("cannot begin a new session with a device", error=type(error).__name__)

    # Outward

    async def send(self, room_id: str, event_type: str, content: Mapping[str, Any], txn_id: str) -> str:
        """Send an event, encrypted where the room is, and return its id.

        Raises:
            MatrixError: as `Session.send`; `RefusedError` where the room is encrypted and the bot cannot be.

        """
        if not (self._is_encrypted(room_id) or await self._was_missed(room_id)):
            content = await self._media.placed(content, closed=False)
            return await self._session.send(room_id, event_type, content, txn_id)
        await self._settled.wait()
        if self._problem is not None:
            raise RefusedError(0, "", "the room is encrypted, in which the bot has no part at the moment")
        content = await self._media.placed(content, closed=True)
        inside = {name: value for name, value in content.items() if name not in CLEAR}
        outside = {name: content[name] for name in CLEAR if name in content}
        encrypted = await self._outward.encrypt(room_id, event_type, inside)
        return await self._session.send(room_id, "m.room.encrypted", {**encrypted, **outside}, txn_id)

    async def _was_missed(self, room_id: str) -> bool:
        """Ask once for each room whether it is encrypted after all: not to know would be worse than anything."""
        if room_id not in self._missed:
            try:
                settings = await self._session.state(room_id, "m.room.encryption")
            except RefusedError:
                settings = {}
            self._missed[room_id] = "algorithm" in settings
        return self._missed[room_id]


def _to_device(found: Mapping[str, Any]) -> list[Any]:
    return _list(_mapping(found.get("to_device")).get("events"))


def _with_other_members(found: Mapping[str, Any]) -> list[str]:
    """Return the rooms in which somebody may have come or gone since the last round."""
    touched = []
    for room_id, section in _mapping(_mapping(found.get("rooms")).get("join")).items():
        parts = [_mapping(_mapping(section).get(name)) for name in ("timeline", "state")]
        events = [_mapping(event) for part in parts for event in _list(part.get("events"))]
        if parts[0].get("limited") is True or any(event.get("type") == "m.room.member" for event in events):
            touched.append(room_id)
    return touched


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
