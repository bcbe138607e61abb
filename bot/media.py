"""Files on their way: from the database to the homeserver's media repository.

In an outbox row stands `media:<id>` where an event has the address of a file. It is uploaded when the row is
sent, in an encrypted room as what only the readers of the event can decrypt. A crash in between uploads it again;
the homeserver then has a file that no event names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.encryption import attachments
from bot.errors import RefusedError
from bot.session import Session
from storage import media
from storage.database import Database

SCHEME = "media:"
PLACES = (("url", "file", "info"), ("thumbnail_url", "thumbnail_file", "thumbnail_info"))
"""Where a file stands in the clear, where it does encrypted, and where its type does."""


class Media:
    """Uploads what events name."""

    def __init__(self, session: Session, database: Database) -> None:
        self._session = session
        self._database = database

    async def placed(self, content: Mapping[str, Any], *, closed: bool) -> dict[str, Any]:
        """Return the content of an event with its files uploaded; `closed`: encrypted.

        Raises:
            MatrixError: a file cannot be uploaded.

        """
        outer = await self._one(content, *PLACES[0], closed=closed)
        if isinstance(outer.get("info"), Mapping):
            outer["info"] = await self._one(outer["info"], *PLACES[1], closed=closed)
        return outer

    async def _one(
        self, content: Mapping[str, Any], clear: str, encrypted: str, info: str, *, closed: bool
    ) -> dict[str, Any]:
        placed = dict(content)
        address = placed.get(clear)
        if not isinstance(address, str) or not address.startswith(SCHEME):
            return placed
        async with self._database.read() as reader:
            data = await media.get(reader, address.removeprefix(SCHEME))
        if data is None:
            raise RefusedError(0, "", "the file of the message is not there any more")
        if closed:
            del placed[clear]
            ciphertext, file = attachments.seal(data)
            url = await self._session.upload(ciphertext, "application/octet-stream")
            placed[encrypted] = {**file, "url": url}
        else:
            kind = placed.get(info)
            mimetype = kind.get("mimetype") if isinstance(kind, Mapping) else None
            placed[clear] = await self._session.upload(data, str(mimetype or "application/octet-stream"))
        return placed
