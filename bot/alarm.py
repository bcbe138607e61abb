"""What is said in the moderation room when there is no database to say it through.

The room itself is the memory: each alarm, and each word that it is over, carries a mark, and the newest of them
says whether moderators know already. So nothing is said again by a bot that is started again and again, whose
homeserver has forgotten its transaction ids, and which must not write on a disk that is broken.

In an encrypted room nothing can be said: to encrypt, the bot would have to store how far its keys were used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import alarm_words, answers
from bot.errors import Broken, RefusedError
from bot.session import Session

MARK = "org.gaamac.bot.alarm"
"""In the content of an alarm `{"cause": …}`; when it is over, `{"cause": …, "over": <event of the alarm>}`."""
FLAPS = timedelta(hours=1)
"""What comes back within this time is said only when it has stayed that long."""
PAGES = 5
"""Of 100 messages of the bot each: how far back its newest alarm is looked for. While it holds, none is said."""
UPGRADES = 10


class SilentError(Exception):
    """Nothing can be said in the moderation room; the text says why, for the operator."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that moderators know of, or (`over`) that they know to be over."""

    event_id: str
    cause: str
    over: bool
    at: datetime


class Line:
    """The line to the moderation room, over a session of its own or that of the running bot."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def room(self, configured: str) -> str:
        """Return the moderation room as it is now, through all upgrades.

        Raises:
            SilentError: the bot is not in it, or it is encrypted.
            MatrixError: the homeserver cannot be asked.

        """
        try:
            room_id = await self._session.room_of(configured) if configured.startswith("#") else configured
        except RefusedError as error:
            raise SilentError(f"the homeserver does not know {configured}") from error
        joined = set(await self._session.joined_rooms())
        for _ in range(UPGRADES):
            successor = (await self._state(room_id, "m.room.tombstone")).get("replacement_room")
            if successor not in joined:
                break
            room_id = str(successor)
        if room_id not in joined:
            raise SilentError("the bot is not in the moderation room")
        if await self.is_encrypted(room_id):
            raise SilentError("the moderation room is encrypted, and without its database the bot cannot encrypt")
        return room_id

    async def say(self, room_id: str, cause: Broken, details: tuple[str, ...], language: str) -> bool:
        """Say what is broken, unless it was said. Return whether moderators know now.

        Raises:
            SilentError: the bot may not speak in the room.
            MatrixError: the homeserver cannot be asked.

        """
        last = await self.last(room_id)
        if last is not None and last.cause == cause:
            if not last.over:
                return True
            if datetime.now(UTC) - last.at < FLAPS:
                return False
        txn_id = answers.transaction_id("alarm", cause, last.event_id if last else "")
        text = alarm_words.alarm(cause, details, language)
        content = {**answers.message(text), answers.KEY: txn_id, MARK: {"cause": cause.value}}
        try:
            await self._session.send(room_id, "m.room.message", content, txn_id)
        except RefusedError as error:
            raise SilentError(f"the bot may not speak in the moderation room ({error})") from error
        return True

    async def last(self, room_id: str) -> Alarm | None:
        """Return the newest alarm in a room, or word that one is over; None when there is none.

        Raises:
            MatrixError: the homeserver cannot be asked.

        """
        position: str | None = None
        mine = json.dumps({"senders": [self._session.user_id], "types": ["m.room.message"]})
        for _ in range(PAGES):
            page = await self._session.messages(room_id, start=position, end=None, event_filter=mine, limit=100)
            chunk = page.get("chunk")
            for event in chunk if isinstance(chunk, list) else []:
                found = self._read(event)
                if found is not None:
                    return found
            position = page.get("end")
            if not isinstance(position, str):
                break
        return None

    def _read(self, event: object) -> Alarm | None:
        if not isinstance(event, Mapping) or event.get("sender") != self._session.user_id:
            return None
        content, event_id, at = (event.get(key) for key in ("content", "event_id", "origin_server_ts"))
        marked = content.get(MARK) if isinstance(content, Mapping) else None
        if not isinstance(marked, Mapping) or not isinstance(event_id, str) or not isinstance(at, int):
            return None
        return Alarm(event_id, str(marked.get("cause")), "over" in marked, datetime.fromtimestamp(at / 1000, UTC))

    async def is_encrypted(self, room_id: str) -> bool:
        """Tell whether a room is encrypted.

        Raises:
            MatrixError: the homeserver cannot be asked.

        """
        return bool(await self._state(room_id, "m.room.encryption"))

    async def _state(self, room_id: str, event_type: str) -> dict[str, Any]:
        try:
            return await self._session.state(room_id, event_type)
        except RefusedError:
            return {}


def over(alarm: Alarm, language: str) -> tuple[str, dict[str, Any]]:
    """Return transaction id and content of the message that an alarm is over."""
    content = answers.message(alarm_words.over(language))
    return (
        answers.transaction_id("alarm is over", alarm.event_id),
        {**content, MARK: {"cause": alarm.cause, "over": alarm.event_id}},
    )
