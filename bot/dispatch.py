"""From a stored event to a stored answer.

Each event is handled in one transaction that stores its answer and marks it as handled, so a crash repeats it
as if nothing had been. The lanes (`bot.lanes`) say when.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.authority import Authority
from bot.buttons import Buttons
from bot.calls import restored
from bot.errors import MatrixError
from bot.flood import Flood, Verdict
from bot.outbox import Outbox
from bot.places import Places
from bot.received import FileError, Received
from bot.replies import Replies
from bot.rooms import Rooms
from commands import talks
from commands.attachment import ReceivedFile
from commands.context import Condition, Permission, Surroundings, Welcomes, mark
from commands.errors import LaterError
from commands.registry import Command
from commands.respond import Answer, Responder
from storage import awaited_files
from storage import inbox as storage
from storage import outbox as outbox_storage
from storage import talks as talk_storage
from storage.database import Database, Writer
from storage.inbox import InboxEvent, Origin, Outcome
from storage.outbox import OutboxRow, SentAnswer

UNDECIDED_SECONDS = 300.0
"""How long a command, and with it its room, waits for a homeserver that does not say who may use it."""

TOO_MANY = mark(
    "That is more than {limit} commands in a minute. I answer you again when the minute is over; please send "
    "this one again then."
)
NO_FILES = mark(
    "I take no files here: pictures and documents carry hidden details of who made them, where and when. I have "
    "not opened it. Please say in words what it shows, or link to what is public, and delete the file above."
)
NOT_AGAIN = mark("An edit does not rerun a command that changes something. Send it as a new message, please.")


class Dispatch:
    """Handles events of the inbox."""

    def __init__(
        self,
        database: Database,
        responder: Responder,
        outbox: Outbox,
        rooms: Rooms,
        places: Places,
        authority: Authority,
        flood: Flood,
        condition: Callable[[], Condition],
        received: Received,
        replies: Replies,
        *,
        welcomes: bool = True,
    ) -> None:
        self._welcomes = welcomes
        self._database = database
        self._responder = responder
        self._outbox = outbox
        self._rooms = rooms
        self._places = places
        self._authority = authority
        self._flood = flood
        self._condition = condition
        self._received = received
        self._replies = replies
        self._buttons = Buttons(database, outbox, responder.registry)
        self._verdicts: dict[str, Verdict] = {}
        self._undecided: dict[str, float] = {}  # since when events wait for the homeserver, by the monotonic clock

    async def handle(self, event: InboxEvent) -> None:
        """Deal with an event, and mark it as dealt with in the transaction that stores what follows.

        Raises:
            LaterError: the homeserver must be asked for it, and does not answer now; nothing was stored.

        """
        await self._handle(event)
        # Not before: an event that has to be handled again counts once.
        self._verdicts.pop(event.event_id, None)
        self._undecided.pop(event.event_id, None)

    async def _handle(self, event: InboxEvent) -> None:
        if event.kind == "message" and await self._is_file_in_talk(event):
            await self._replies.say(event, NO_FILES, "answered")
        elif event.kind == "message":
            await self._message(event)
        elif event.kind == "edit":
            await self._edit(event)
        elif event.kind == "reaction":
            await self._pressed(event)
        elif event.kind == "file":
            await self._awaited(event)
        else:
            await self._withdraw(event, "redacted")

    async def command_of(self, event: InboxEvent) -> Command | None:
        """Return the command that an event runs, without running it; None when it is none."""
        if event.kind == "reaction":
            return self._declared({"text": await self._buttons.typed(event)})
        return self._declared(event.payload or {})

    def count(self, event: InboxEvent) -> None:
        """Count an event that is not handled here against what its sender may ask in a minute."""
        self._flood.verdict(event.sender, event.sent_at)

    async def _pressed(self, event: InboxEvent) -> None:
        """Run the command that a reaction stands for."""
        payload = await self._buttons.pressed(event)
        if payload is None:
            await self._replies.nothing(event)
        else:
            await self._message(event.model_copy(update={"payload": payload}))

    async def _awaited(self, event: InboxEvent) -> None:
        """Give a file to the command that waits for it; else it is none of ours."""
        async with self._database.read() as reader:
            command = await awaited_files.command(reader, event.room_id, event.sender, event.sent_at)
            talking = await talk_storage.of(reader, event.sender, datetime.now(UTC))
        if command is None and talking is not None and self._rooms.is_direct(event.room_id):
            await self._replies.say(event, NO_FILES, "answered")
            return
        if command is None:
            await self._replies.nothing(event)
            return
        payload = {**(event.payload or {}), "text": command, "awaited": True}
        await self._message(event.model_copy(update={"payload": payload}))

    async def _is_file_in_talk(self, event: InboxEvent) -> bool:
        """Tell whether somebody sent a file with words in a talk, and not with a command that takes one."""
        payload = event.payload or {}
        declared = self._declared(payload)
        if "file" not in payload or not self._rooms.is_direct(event.room_id) or (declared and declared.file):
            return False
        async with self._database.read() as reader:
            return await talk_storage.of(reader, event.sender, datetime.now(UTC)) is not None

    async def _message(self, event: InboxEvent) -> None:
        verdict = self._verdict(event)
        if verdict is Verdict.IGNORE:
            await self._replies.nothing(event, "flood")
        elif verdict is Verdict.WARN:
            await self._replies.say(event, TOO_MANY, "flood", limit=self._flood.limit)
        else:
            await self._respond(event, cause=event.event_id, earlier=[])

    def _verdict(self, event: InboxEvent) -> Verdict:
        if event.event_id not in self._verdicts:
            self._verdicts[event.event_id] = self._flood.verdict(event.sender, event.sent_at)
        return self._verdicts[event.event_id]

    async def _edit(self, event: InboxEvent) -> None:
        """Answer the new text of a message in place of the old answer."""
        target = event.target or ""
        async with self._database.read() as reader:
            origin = await storage.origin(reader, target, before=event.seq)
            earlier = await outbox_storage.answers(reader, target)
        talked = origin is not None and origin.command == talks.ANSWER.name
        if origin is not None and origin.sender != event.sender:
            # Homeservers let anybody send an "edit" of anybody's message; clients ignore it, and so do we.
            await self._replies.nothing(event)
        elif not event.payload or event.payload["text"] is None:
            await self._withdraw(event, "silent")
        elif not talked and earlier and (self._changes(origin) or self._changes_now(event)):
            await self._replies.say(event, NOT_AGAIN, "answered")
        elif self._verdict(event) is not Verdict.ANSWER:
            await self._replies.nothing(event, "flood")
        elif talked:
            corrected = event.model_copy(update={"payload": {**event.payload, "corrects": target}})
            await self._respond(corrected, cause=event.event_id, earlier=[])
        else:
            await self._respond(event, cause=target, earlier=earlier)

    def _changes(self, origin: Origin | None) -> bool:
        declared = self._responder.registry.named(origin.command) if origin and origin.command else None
        return declared is not None and declared.writes

    def _changes_now(self, event: InboxEvent) -> bool:
        declared = self._declared(event.payload or {})
        return declared is not None and declared.writes

    def _declared(self, payload: Mapping[str, Any]) -> Command | None:
        """Return the command that an event asks for."""
        call = restored(payload)
        registry = self._responder.registry
        found = registry.called(call) if call else registry.find(str(payload.get("text", "")))
        return found.command if found else None

    async def _respond(self, event: InboxEvent, *, cause: str, earlier: list[SentAnswer]) -> None:
        payload = event.payload or {}
        asker = self._places.asker(event)
        try:
            file = await self._file_of(event)
        except FileError as error:
            await self._replies.say(event, error.message, "answered", **error.values)
            return
        surroundings = Surroundings(
            holds=partial(self._holds, event),
            condition=self._condition,
            moderation=self._places.moderation(),
            practices=self._places.practices(),
            message=event.event_id,
            corrects=payload.get("corrects"),
            said_at=event.sent_at,
            file=file,
            pressed="pressed" in payload,
            bare="bare" in payload,
            welcomes=Welcomes(event.room_id in self._rooms.community, self._welcomes),
        )
        stored: list[OutboxRow] = []

        async def finish(writer: Writer, answer: Answer) -> None:
            stored[:] = await self._replies.store(
                writer, event, answer, cause=cause, earlier=earlier, direct=asker.direct
            )

        typed = restored(payload) or str(payload.get("text", ""))
        # What is done again is done as it was then: "tomorrow" means what it meant.
        now = event.sent_at if event.doubt == "silent" else datetime.now(UTC)
        await self._responder.respond(asker, typed, surroundings, now, finish)
        self._outbox.push(stored)

    async def _holds(self, event: InboxEvent, permission: Permission) -> bool:
        """Ask the homeserver what a person holds.

        Raises:
            LaterError: it cannot be asked now. Its answers could not be told to anybody either.
            MatrixError: it could not be asked for a long time; others in the room wait no longer for that.

        """
        direct = self._rooms.is_direct(event.room_id)
        try:
            return await self._authority.holds(
                permission, user_id=event.sender, room_id=event.room_id, direct=direct
            )
        except MatrixError as error:
            since = self._undecided.setdefault(event.event_id, time.monotonic())
            if time.monotonic() - since < UNDECIDED_SECONDS:
                raise LaterError from error
            raise

    async def _file_of(self, event: InboxEvent) -> ReceivedFile | None:
        """Fetch the file that a command is about, if it is one that takes a file."""
        payload = event.payload or {}
        declared = self._declared(payload)
        if declared is None or not declared.file:
            return None
        if not await self._holds(event, declared.permission):
            return None  # Who may not run it is told so; nothing is fetched for them.
        return await self._received.fetch(payload, event.room_id)

    async def _withdraw(self, event: InboxEvent, outcome: Outcome) -> None:
        """Take back the answers to a message that was taken back."""
        target = event.target or ""
        async with self._database.read() as reader:
            origin = await storage.origin(reader, target)
            undoing = await self._buttons.released(reader, origin) if origin else None
        if origin is None or origin.kind != "reaction":
            await self._replies.withdraw(event, target, outcome)
        elif undoing is None or event.sender != origin.sender:
            # What most buttons did is undone by a command, not by taking the reaction back.
            await self._replies.nothing(event)
        else:
            await self._respond(event.model_copy(update={"payload": undoing}), cause=event.event_id, earlier=[])
