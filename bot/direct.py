"""Direct chats: where the bot talks with a person alone, opened when there is something to say.

It is the room where the person talked with the bot last. If there is none, the bot makes one and invites the
person. Making a room cannot be repeated safely, so that it is about to be made is stored first, and each room says
for whom it was made: a crash in between finds it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.errors import LimitedError, MatrixError, RefusedError, UnwantedError
from bot.pace import Pace
from bot.session import Session
from storage import direct_rooms as storage
from storage import rooms as room_storage
from storage.database import Database, Writer
from storage.outbox import OutboxRow

log = structlog.get_logger(__name__)

FOR = "org.gaamac.bot.direct"
"""In the content of `m.room.create`: for whom the bot made the room."""
ASKED = "asked/"
"""Begins the cause of a row that a person asked for."""
WELCOME = "welcome/"
"""Begins the cause of a welcome; the room follows to which the person came."""
ENCRYPTION = {"algorithm": "m.megolm.v1.aes-sha2"}
THERE = ("join", "invite")
ACCOUNT_DATA = "m.direct"
"""https://spec.matrix.org/latest/client-server-api/#mdirect"""


class LeftError(RefusedError):
    """The person left the direct chat, and did not ask for anything since."""

    def __init__(self) -> None:
        super().__init__(403, "M_FORBIDDEN", "the person left the direct chat")


class Direct:
    """Knows and opens direct chats; encrypted ones where `encrypts` says that the bot can."""

    def __init__(self, session: Session, database: Database, encrypts: Callable[[], Awaitable[bool]]) -> None:
        self._session = session
        self._database = database
        self._encrypts = encrypts
        self._rooms: dict[str, str] = {}
        self._openings = Pace()
        """Homeservers limit how often a room is made more tightly than how often something is said."""

    async def load(self) -> None:
        """Read what is known."""
        async with self._database.read() as reader:
            self._rooms = await storage.every(reader)

    async def met(self, writer: Writer, person: str, room_id: str) -> None:
        """Note that a person talks with the bot alone in a room."""
        if self._rooms.get(person) != room_id:
            await storage.put(writer, person, room_id, datetime.now(UTC))
            # Should the transaction fail, it is noted again with the next message after a start: no harm.
            self._rooms[person] = room_id

    async def place(self, row: OutboxRow) -> str:
        """Return the room for a row that goes to a person; open one if need be.

        Who left the chat is invited again only if the row answers something that the person asked for. Who is
        welcomed must still be in the room to which they came, as the homeserver sees it now: a member event in a
        timeline is no proof of it.

        Raises:
            MatrixError: the room cannot be had; `LeftError` if the person does not want it, `UnwantedError` if a
                welcome cannot be said for whatever reason, because nobody is to be bothered with it.

        """
        cause = row.cause or ""
        if not cause.startswith(WELCOME):
            return await self._place(row)
        came_to = cause.removeprefix(WELCOME)
        if await self._membership(came_to, row.room_id) != "join":
            raise UnwantedError
        try:
            room_id = await self._place(row)
        except RefusedError as error:
            raise UnwantedError from error
        await self._go_on_in(row.room_id, came_to)
        return room_id

    async def _go_on_in(self, person: str, came_to: str) -> None:
        """Talk with a person in the language in which they are welcomed, until they choose another."""
        async with self._database.write() as writer:
            language = await room_storage.language(writer, came_to)
            if language is not None:
                await storage.speak(writer, person, language)

    async def _place(self, row: OutboxRow) -> str:
        person = row.room_id
        asked = (row.cause or "").startswith(ASKED)
        room_id = self._rooms.get(person)
        membership = await self._membership(room_id, person) if room_id else None
        if room_id is not None and membership in THERE:
            return room_id
        if room_id is not None and membership == "":
            await self._finish(room_id, person)
            return room_id
        if room_id is not None and not asked:
            raise LeftError
        if room_id is None or membership is None:
            return await self._open(row)
        await self._session.call("POST", "rooms", room_id, "invite", body={"user_id": person})
        return room_id

    async def _membership(self, room_id: str, person: str) -> str | None:
        """Return how a person stands to a room, "" if they never did; None when the bot is not there any more."""
        try:
            found = await self._session.state(room_id, "m.room.member", person)
        except RefusedError as error:
            return "" if error.status == 404 else None
        return str(found.get("membership", ""))

    async def _open(self, row: OutboxRow) -> str:
        person = row.room_id
        async with self._database.read() as reader:
            known = await storage.get(reader, person)
        found = None
        if known is not None and known.room_id is None:
            found = await self._made_before(person)
        else:
            async with self._database.write() as writer:
                await storage.put(writer, person, None, datetime.now(UTC))
        room_id = found or await self._make(person, row.priority)
        async with self._database.write() as writer:
            await storage.put(writer, person, room_id, datetime.now(UTC))
        self._rooms[person] = room_id
        await self._tell_clients(person, room_id)
        # Of one that was made before, nobody knows how the person stands to it.
        return await self._place(row) if found else room_id

    async def _finish(self, room_id: str, person: str) -> None:
        """Do the rest in a room of which the homeserver made only the beginning, before it died or was cut off."""
        if await self._encrypts():
            await self._session.call("PUT", "rooms", room_id, "state", "m.room.encryption", "", body=ENCRYPTION)
        invite = {"membership": "invite", "is_direct": True}
        try:
            await self._session.call("PUT", "rooms", room_id, "state", "m.room.member", person, body=invite)
        except RefusedError:
            # The homeserver may have gone on with it, and the person have come meanwhile.
            if await self._membership(room_id, person) not in THERE:
                raise

    async def _make(self, person: str, priority: int) -> str:
        encryption = {"type": "m.room.encryption", "state_key": "", "content": ENCRYPTION}
        body = {
            "preset": "trusted_private_chat",
            "is_direct": True,
            "invite": [person],
            "creation_content": {FOR: person},
            "initial_state": [encryption] if await self._encrypts() else [],
        }
        while True:
            await self._openings.turn(priority)
            try:
                found = await self._session.call("POST", "createRoom", body=body)
            except LimitedError as error:
                # What the homeserver says of rooms it does not say of messages: answers go on meanwhile.
                self._openings.limited(error.retry_after)
                continue
            self._openings.succeeded()
            log.info("opened a direct chat")
            return str(found["room_id"])

    async def adopt(self, new: list[str], is_direct: Callable[[str], bool]) -> None:
        """Learn with whom the bot talks alone in rooms that it does not know: a life before this made them.

        Raises:
            MatrixError: the homeserver does not answer at the moment.

        """
        for room_id in new:
            person = await self._alone_with(room_id, is_direct)
            if person is not None and person not in self._rooms:
                async with self._database.write() as writer:
                    await storage.put(writer, person, room_id, datetime.now(UTC))
                self._rooms[person] = room_id

    async def _alone_with(self, room_id: str, is_direct: Callable[[str], bool]) -> str | None:
        try:
            made_for = (await self._session.state(room_id, "m.room.create")).get(FOR)
            if isinstance(made_for, str) or not is_direct(room_id):
                return made_for if isinstance(made_for, str) else None
            members = (await self._session.call("GET", "rooms", room_id, "joined_members")).get("joined")
        except RefusedError:
            return None
        others = set(members) - {self._session.user_id} if isinstance(members, Mapping) else set()
        return str(others.pop()) if len(others) == 1 else None

    async def _made_before(self, person: str) -> str | None:
        """Look for a room that was made for a person in an earlier life of the bot."""
        for room_id in reversed(await self._session.joined_rooms()):
            if room_id in self._rooms.values():
                continue
            try:
                create = await self._session.state(room_id, "m.room.create")
            except RefusedError:
                continue
            if create.get(FOR) == person:
                return room_id
        return None

    async def _tell_clients(self, person: str, room_id: str) -> None:
        """Mark the room as a direct chat for other programs that use the account. Nothing depends on it."""
        user = self._session.user_id
        try:
            found: Mapping[str, Any] = {}
            try:
                found = await self._session.call("GET", "user", user, "account_data", ACCOUNT_DATA)
            except RefusedError:
                log.debug("no direct chat is marked yet")
            earlier = found.get(person)
            rooms = [*(earlier if isinstance(earlier, list) else []), room_id]
            marked = {**found, person: list(dict.fromkeys(rooms))}
            await self._session.call("PUT", "user", user, "account_data", ACCOUNT_DATA, body=marked)
        except MatrixError as error:
            log.warning("cannot mark a direct chat", error=str(error))
