"""Files that people send with a command: found, fetched, decrypted, and never larger than we can bear.

A file comes with its caption as the command, or the command replies to it, or it comes after a command that
waits for it. What is kept in between is only where it lies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from bot.backoff import Backoff
from bot.encryption import attachments
from bot.encryption.attachments import AttachmentError
from bot.encryption.machine import Encryption
from bot.errors import LimitedError, MatrixError, RefusedError, TooLargeError
from bot.events import Encrypted, File, MalformedError, parse
from bot.session import Session
from commands.attachment import ReceivedFile
from commands.context import mark

LIMIT = 8 * 1024 * 1024
"""Bytes. A table with all that the bot knows has a tenth of it."""
TRIES = 4

TOO_LARGE = mark("The file has {size} MB; I take up to {limit} MB. Nothing was changed.")
GONE = mark("I cannot find the file that this replies to. Send it again, with the command as its caption.")
NOT_A_FILE = mark("The message that this replies to is no file. Reply to the one with the file.")
UNREADABLE = mark("I cannot decrypt the file: {reason}. Please send it again.")
UNREACHABLE = mark("The homeserver does not give me the file at the moment. Please try again later.")


class FileError(Exception):
    """Carries a message of the catalogue that says what is wrong with a file, and its values."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.values = values


def described(event: File) -> dict[str, Any]:
    """Return what the inbox keeps of a file until it is fetched."""
    return {
        "name": PurePosixPath(event.name.replace("\\", "/")).name[:200],
        "mimetype": event.mimetype[:100],
        "size": event.size,
        "url": event.url,
        "encrypted": dict(event.encrypted) if event.encrypted is not None else None,
    }


class Received:
    """Fetches files."""

    def __init__(self, session: Session, encryption: Encryption) -> None:
        self._session = session
        self._encryption = encryption

    async def fetch(self, payload: Mapping[str, Any], room_id: str) -> ReceivedFile | None:
        """Return the file that came with a command, or that it replies to; None when there is neither.

        Raises:
            FileError: there is one, and it cannot be had.

        """
        file = payload.get("file")
        if file is None and payload.get("reply_to"):
            file = await self._replied_to(room_id, str(payload["reply_to"]))
        if file is None:
            return None
        data = await self._data(file)
        return ReceivedFile(name=file["name"], mimetype=file["mimetype"], data=data)

    async def _replied_to(self, room_id: str, event_id: str) -> dict[str, Any]:
        raw = await self._until_answered(lambda: self._session.call("GET", "rooms", room_id, "event", event_id))
        try:
            event = parse(raw, room_id)
        except MalformedError as error:
            raise FileError(GONE) from error
        if isinstance(event, Encrypted):
            event = await self._encryption.reread(event)
            if event is None:
                raise FileError(GONE)
        if not isinstance(event, File):
            raise FileError(NOT_A_FILE)
        return described(event)

    async def _data(self, file: Mapping[str, Any]) -> bytes:
        if (file.get("size") or 0) > LIMIT:
            raise _too_large(file["size"])
        try:
            data: bytes = await self._until_answered(lambda: self._session.download(file["url"], LIMIT))
        except TooLargeError as error:
            raise _too_large(error.size) from error
        if file["encrypted"] is None:
            return data
        try:
            return attachments.unseal(data, file["encrypted"])
        except AttachmentError as error:
            raise FileError(UNREADABLE, reason=str(error)) from error

    async def _until_answered(self, ask: Any) -> Any:  # noqa: ANN401 - what the question returns
        backoff = Backoff()
        for left in range(TRIES - 1, -1, -1):
            try:
                return await ask()
            except RefusedError as error:
                raise FileError(GONE) from error
            except MatrixError as error:
                if not left:
                    raise FileError(UNREACHABLE) from error
                await asyncio.sleep(
                    min(error.retry_after, 5.0) if isinstance(error, LimitedError) else backoff.next()
                )
        raise FileError(UNREACHABLE)


def _too_large(size: int) -> FileError:
    return FileError(TOO_LARGE, size=f"{max(size, LIMIT + 1) / 1048576:.1f}", limit=LIMIT // 1048576)
