"""The events of a room since the last round, in their order, with what a cut-off timeline left out.

A room that the bot has just come to is read back to its invitation, or else to its join: what was said before
is not for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from bot.errors import RefusedError
from bot.events import Event, MalformedError, MemberChange, parse
from bot.session import Session

log = structlog.get_logger(__name__)

PAGE = 500
EVENTS = {
    "types": [
        "m.room.message", "m.room.encrypted", "m.room.redaction", "m.reaction", "m.room.member",
        "m.room.tombstone", "m.room.name", "m.room.encryption", "m.room.power_levels", "m.key.verification.*",
    ],
    "lazy_load_members": True,
}  # fmt: skip
PAGES_FILTER = json.dumps(EVENTS)


class Timeline:
    """Reads timelines, and counts what it had to drop."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.malformed = 0

    async def complete(
        self, room_id: str, timeline: Mapping[str, Any], *, since: str | None, newly: bool
    ) -> list[Event]:
        """Return the events of a room, oldest first, gaps filled down to `since` or the bot's arrival."""
        events = list(self.parsed(timeline.get("events"), room_id))
        start = timeline.get("prev_batch")
        if since is not None and timeline.get("limited") is True and isinstance(start, str):
            events = await self._fill(room_id, start, events, end=None if newly else since)
        if newly:
            place = self._arrival(events)
            events = [] if place is None else events[place + 1 :]
        return events

    def parsed(self, raw: object, room_id: str) -> Iterator[Event]:
        """Make typed events; drop and count what is malformed."""
        for one in raw if isinstance(raw, list) else []:
            try:
                event = parse(one, room_id)
            except MalformedError as error:
                self.malformed += 1
                log.warning("malformed event dropped", room=room_id, field=str(error))
                continue
            except Exception as error:
                self.malformed += 1
                log.exception("event dropped", room=room_id, error=type(error).__name__)
                continue
            if event is not None:
                yield event

    async def _fill(self, room_id: str, start: str, events: list[Event], *, end: str | None) -> list[Event]:
        """Put in front of a cut-off timeline what lies before it: down to `end`, or None for the bot's arrival."""
        position: str | None = start
        while position is not None and not (end is None and self._has_arrived(events)):
            try:
                page = await self._session.messages(
                    room_id, start=position, end=end, event_filter=PAGES_FILTER, limit=PAGE
                )
            except RefusedError as error:
                # Asked again it would be refused again, and hold up every other room.
                log.warning("the gap in a room cannot be read", room=room_id, error=str(error))
                break
            earlier = list(self.parsed(page.get("chunk"), room_id))
            events = earlier[::-1] + events
            following = page.get("end")
            position = following if isinstance(following, str) and following != position else None
        return events

    def _own_change(self, events: list[Event], membership: str) -> int | None:
        """Return the place of the last event that gave the bot a membership that it did not have before."""
        for place in range(len(events) - 1, -1, -1):
            event = events[place]
            if (
                isinstance(event, MemberChange)
                and event.user_id == self._session.user_id
                and event.membership == membership
                and event.before != membership
            ):
                return place
        return None

    def _arrival(self, events: list[Event]) -> int | None:
        """Return the place from which on a room concerns the bot: its invitation, else its join.

        Who opens a direct chat writes at once; the client sends that before the bot could accept.
        """
        join = self._own_change(events, "join")
        if join is None:
            return None
        invitation = self._own_change(events[:join], "invite") if self._was_invited(events[join]) else None
        return join if invitation is None else invitation

    def _has_arrived(self, events: list[Event]) -> bool:
        """Tell whether events reach back to where the room begins to concern the bot."""
        join = self._own_change(events, "join")
        if join is None:
            return False
        return not self._was_invited(events[join]) or self._own_change(events[:join], "invite") is not None

    def _was_invited(self, join: Event) -> bool:
        return isinstance(join, MemberChange) and join.before == "invite"
