"""From a stored event to a stored answer.

Each event is handled in one transaction that stores its answer and marks it as handled, so a crash repeats it
as if nothing had been. The lanes (`bot.lanes`) say when.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot import answers
from bot.authority import Authority
from bot.calls import restored
from bot.direct import Direct
from bot.errors import MatrixError
from bot.flood import Flood, Verdict
from bot.outbox import Outbox
from bot.posting import Posting
from bot.received import FileError, Received
from bot.rooms import Rooms
from commands import talks
from commands.attachment import Attachment, ReceivedFile
from commands.context import Asker, Condition, Permission, Surroundings, Welcomes, mark, translate
from commands.errors import LaterError
from commands.registry import Command
from commands.respond import Answer, Responder
from storage import awaited_files, media, people
from storage import inbox as storage
from storage import outbox as outbox_storage
from storage import talks as talk_storage
from storage.database import Database, Reader, Writer
from storage.inbox import InboxEvent, Origin, Outcome
from storage.outbox import Buttons, OutboxRow, SentAnswer

log = structlog.get_logger(__name__)

WAITING = timedelta(minutes=10)
"""How long a command waits for its file."""
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


Counted = Callable[[str | None, str, datetime], None]
"""Told of each event that was handled: its command, what became of it, and when it was sent."""


class Dispatch:
    """Handles events of the inbox."""

    def __init__(
        self,
        database: Database,
        responder: Responder,
        outbox: Outbox,
        rooms: Rooms,
        authority: Authority,
        flood: Flood,
        prefix: str,
        default_language: str,
        condition: Callable[[], Condition],
        received: Received,
        direct: Direct,
        counted: Counted = lambda _command, _outcome, _sent_at: None,
        *,
        welcomes: bool = True,
    ) -> None:
        self._welcomes = welcomes
        self._counted = counted
        self._database = database
        self._responder = responder
        self._outbox = outbox
        self._rooms = rooms
        self._posting = Posting(rooms)
        self._authority = authority
        self._flood = flood
        self._prefix = prefix
        self._default_language = default_language
        self._condition = condition
        self._received = received
        self._direct = direct
        self._verdicts: dict[str, Verdict] = {}
        self._undecided: dict[str, float] = {}  # since when events wait for the homeserver, by the monotonic clock
        self.answered = 0

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
            await self._say(event, NO_FILES, "answered")
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
        payload = event.payload or {}
        if event.kind == "reaction":
            async with self._database.read() as reader:
                buttons = await outbox_storage.buttons(reader, event.target or "")
            payload = {"text": _command_of(buttons, str(payload.get("key"))) or "" if buttons else ""}
        return self._declared(payload)

    def count(self, event: InboxEvent) -> None:
        """Count an event that is not handled here against what its sender may ask in a minute."""
        self._flood.verdict(event.sender, event.sent_at)

    async def _pressed(self, event: InboxEvent) -> None:
        """Run the command that a reaction stands for, as if the person had typed it."""
        target = event.target or ""
        buttons = await self._buttons(event.room_id, event.sender, target)
        typed = _command_of(buttons, str((event.payload or {}).get("key"))) if buttons else None
        if buttons is None or typed is None:
            await self._ignore(event)
            return
        payload = {"text": typed, "thread": buttons.thread, "pressed": target}
        await self._message(event.model_copy(update={"payload": payload}))

    async def _buttons(self, room_id: str, person: str, target: str) -> Buttons | None:
        """Return what reactions to an event stand for. It may have been sent without us knowing as what."""
        async with self._database.read() as reader:
            sending = await outbox_storage.is_sending_buttons(reader, room_id, person)
            found = await outbox_storage.buttons(reader, target)
        if found is not None or not sending:
            return found
        try:
            return await self._outbox.buttons_of(room_id, target)
        except MatrixError as error:
            raise LaterError from error

    async def _awaited(self, event: InboxEvent) -> None:
        """Give a file to the command that waits for it; else it is none of ours."""
        async with self._database.read() as reader:
            command = await awaited_files.command(reader, event.room_id, event.sender, event.sent_at)
            talking = await talk_storage.of(reader, event.sender, datetime.now(UTC))
        if command is None and talking is not None and self._rooms.is_direct(event.room_id):
            await self._say(event, NO_FILES, "answered")
            return
        if command is None:
            await self._ignore(event)
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

    async def _ignore(self, event: InboxEvent) -> None:
        async with self._database.write() as writer:
            await self._mark(writer, event, "silent")

    async def _message(self, event: InboxEvent) -> None:
        verdict = self._verdict(event)
        if verdict is Verdict.IGNORE:
            async with self._database.write() as writer:
                await self._mark(writer, event, "flood")
        elif verdict is Verdict.WARN:
            await self._say(event, TOO_MANY, "flood", limit=self._flood.limit)
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
            async with self._database.write() as writer:
                await self._mark(writer, event, "silent")
        elif not event.payload or event.payload["text"] is None:
            await self._withdraw(event, "silent")
        elif not talked and earlier and (self._changes(origin) or self._changes_now(event)):
            await self._say(event, NOT_AGAIN, "answered")
        elif self._verdict(event) is not Verdict.ANSWER:
            async with self._database.write() as writer:
                await self._mark(writer, event, "flood")
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
        asker = self._asker(event)
        try:
            file = await self._file_of(event)
        except FileError as error:
            await self._say(event, error.message, "answered", **error.values)
            return
        surroundings = Surroundings(
            holds=partial(self._holds, event),
            condition=self._condition,
            moderation=self.moderation(),
            practices=self.practices(),
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
            now = datetime.now(UTC)
            if not answer.text and not answer.posts:
                await self._mark(writer, event, "silent", answer.command)
                return
            files = [await self._file(writer, attachment, now) for attachment in answer.attachments]
            rows = answers.answer(
                answer.text,
                trigger=event.event_id,
                cause=cause,
                room_id=event.room_id,
                asker=event.sender,
                thread=payload.get("thread"),
                now=now,
                earlier=earlier,
                files=files,
                buttons=answer.buttons,
                reply_to=payload.get("pressed"),
            )
            rows += await self._posting.rows(writer, answer.posts, event.event_id, event.sender, now)
            if asker.direct and answer.command != "forgetme":
                await self._direct.met(writer, event.sender, event.room_id)
            kept = await outbox_storage.add(writer, _doubted(rows, event))
            stored[:] = [*kept, *await outbox_storage.add(writer, _doubted(answers.offered(kept), event))]
            if payload.get("awaited"):
                await awaited_files.forget(writer, event.room_id, event.sender)
            if answer.awaits_file:
                await awaited_files.expect(
                    writer,
                    room_id=event.room_id,
                    person=event.sender,
                    command=answer.awaits_file,
                    expires_at=now + WAITING,
                )
            await self._mark(writer, event, "answered", answer.command)

        typed = restored(payload) or str(payload.get("text", ""))
        # What is done again is done as it was then: "tomorrow" means what it meant.
        now = event.sent_at if event.doubt == "silent" else datetime.now(UTC)
        await self._responder.respond(asker, typed, surroundings, now, finish)
        self.answered += 1
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

    def moderation(self) -> Asker | None:
        """Return the moderation room as somewhere to write to; None without one."""
        room_id = self._rooms.moderation
        return self.speaker(room_id) if room_id else None

    def practices(self) -> Asker | None:
        """Return the room for practices as somewhere to write to; None without one."""
        room_id = self._rooms.practices
        return self.speaker(room_id) if room_id else None

    def speaker(self, room_id: str) -> Asker:
        """Return a room as somewhere to write to without having been asked."""
        return Asker(user_id="", room_id=room_id, direct=False, prefix=self._prefix)

    async def _file(self, writer: Writer, attachment: Attachment, now: datetime) -> dict[str, Any]:
        """Store a file that an answer has, and return the content of its message."""
        small = attachment.thumbnail
        thumbnail_id = await media.add(writer, small.data, now) if small else None
        return answers.file(attachment, await media.add(writer, attachment.data, now), thumbnail_id)

    async def _say(self, event: InboxEvent, message: str, outcome: Outcome, **values: object) -> None:
        """Answer with a message of the catalogue, without running a command."""
        async with self._database.read() as reader:
            voice = await people.voice(reader, event.sender, event.room_id)
        rows = answers.answer(
            translate(voice.person or voice.room or self._default_language, message, **values),
            trigger=event.event_id,
            cause=event.event_id,
            room_id=event.room_id,
            asker=event.sender,
            thread=(event.payload or {}).get("thread"),
            now=datetime.now(UTC),
            earlier=[],
            reply_to=(event.payload or {}).get("pressed"),
        )
        async with self._database.write() as writer:
            stored = await outbox_storage.add(writer, _doubted(rows, event))
            await self._mark(writer, event, outcome)
        self._outbox.push(stored)

    async def _withdraw(self, event: InboxEvent, outcome: Outcome) -> None:
        """Take back the answers to a message that was taken back."""
        target = event.target or ""
        async with self._database.read() as reader:
            origin = await storage.origin(reader, target)
            released = await self._released(reader, origin) if origin and origin.kind == "reaction" else None
        if origin is not None and origin.kind == "reaction":
            # What most buttons did is undone by a command, not by taking the reaction back.
            if released is None or event.sender != origin.sender:
                await self._ignore(event)
            else:
                released_now = event.model_copy(update={"payload": released})
                await self._respond(released_now, cause=event.event_id, earlier=[])
            return
        async with self._database.write() as writer:
            earlier = await outbox_storage.answers(writer, target)
            rows = answers.withdrawal(earlier, trigger=event.event_id, cause=target, now=datetime.now(UTC))
            stored = await outbox_storage.add(writer, _doubted(rows, event))
            await self._mark(writer, event, outcome)
        self._outbox.push(stored)

    async def _released(self, reader: Reader, origin: Origin) -> dict[str, Any] | None:
        """Return the command that undoes what a reaction did, if taking the reaction back is to do so."""
        declared = self._responder.registry.named(origin.command or "")
        buttons = await outbox_storage.buttons(reader, origin.target or "")
        if declared is None or declared.undone_by is None or buttons is None:
            return None
        for typed in buttons.commands.values():
            found = self._responder.registry.find(typed)
            if found is not None and found.command is declared:
                text = f"{declared.undone_by} {found.rest}"
                return {"text": text, "thread": buttons.thread, "pressed": origin.target}
        return None

    async def _mark(self, writer: Writer, event: InboxEvent, outcome: Outcome, command: str | None = None) -> None:
        await storage.handled(writer, event.event_id, outcome, datetime.now(UTC), command=command)
        self._counted(command, outcome, event.sent_at)

    def _asker(self, event: InboxEvent) -> Asker:
        direct = self._rooms.is_direct(event.room_id)
        return Asker(
            user_id=event.sender,
            room_id=event.room_id,
            direct=direct,
            prefix="" if direct else self._prefix,
        )


def _doubted(rows: list[OutboxRow], event: InboxEvent) -> list[OutboxRow]:
    """Return rows that are as much in doubt as the event that they answer."""
    return [row.model_copy(update={"doubt": event.doubt}) for row in rows] if event.doubt else rows


def _command_of(buttons: Buttons, key: str) -> str | None:
    """Return the command of a button. Clients add variation selectors and skin tones to emoji."""
    wanted = _bare(key)
    return next((command for shown, command in buttons.commands.items() if _bare(shown) == wanted), None)


def _bare(key: str) -> str:
    return "".join(sign for sign in key if sign not in "\ufe0e\ufe0f" and not "\U0001f3fb" <= sign <= "\U0001f3ff")
