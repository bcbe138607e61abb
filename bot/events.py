"""What happens in rooms, as types of our own, made from the homeserver's JSON and nothing else.

Every field is checked here, once: behind this module an event is what its type says. Text is freed of what
no database or log can hold (lone surrogates, null characters). What does not fit raises `MalformedError` and
is dropped by the inbox, which goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.calls import call_in
from bot.wire import clean
from commands.calls import Call

MAX_ID = 255
"""Bytes: https://spec.matrix.org/latest/appendices/#identifier-grammar. Also holds for event types."""
VERIFICATION_REQUEST = "m.key.verification.request"


class MalformedError(Exception):
    """An event that is not what the specification says. The message names the field, never its content."""


FILES = ("m.file", "m.image", "m.audio", "m.video")
"""Types of messages that are a file: https://spec.matrix.org/latest/client-server-api/#mfile"""


@dataclass(frozen=True, slots=True)
class Event:
    """What all events of a room have in common. `sent_at` is what the sender's homeserver claims."""

    event_id: str
    room_id: str
    sender: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Message(Event):
    """A text message (`m.text`). `mentions` are the user ids of `m.mentions` (MSC3952).

    `call` is the command that the client sent with it in parts (MSC4391), if it is one.
    """

    body: str
    thread: str | None
    mentions: frozenset[str]
    reply_to: str | None = None
    call: Call | None = None

    @property
    def is_reply(self) -> bool:
        """Whether it answers another message."""
        return self.reply_to is not None


@dataclass(frozen=True, slots=True)
class File(Event):
    """A file, picture or recording; `caption` is what was written with it, `encrypted` the `file` of `m.file`."""

    name: str
    mimetype: str
    size: int | None
    url: str
    encrypted: Mapping[str, Any] | None
    caption: str | None
    thread: str | None
    mentions: frozenset[str]
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Edit(Event):
    """A new text for the message `target` (`m.replace`). Homeservers do not check whose message that is."""

    target: str
    body: str
    mentions: frozenset[str]
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Redaction(Event):
    """The event `target` is taken back. Homeservers apply only those that are allowed."""

    target: str


@dataclass(frozen=True, slots=True)
class Reaction(Event):
    """`key`, usually an emoji, on the event `target` (`m.annotation`)."""

    target: str
    key: str


@dataclass(frozen=True, slots=True)
class MemberChange(Event):
    """`user_id` is now `membership` (invite, join, leave, ban, knock) and was `before`, where that is known.

    A kick is a leave by another sender; a new name or picture is a join after a join.
    """

    user_id: str
    membership: str
    before: str | None
    direct: bool
    display_name: str | None


@dataclass(frozen=True, slots=True)
class RoomUpgrade(Event):
    """The room was closed in favour of `successor` (`m.room.tombstone`)."""

    successor: str


@dataclass(frozen=True, slots=True)
class RoomName(Event):
    """The room has another name, or none."""

    name: str | None


@dataclass(frozen=True, slots=True)
class EncryptionOn(Event):
    """Messages in this room are encrypted from here on (`m.room.encryption`)."""


@dataclass(frozen=True, slots=True)
class PowerChange(Event):
    """Somebody has other power in the room now, it may be the bot. Who has which is asked of the homeserver."""


@dataclass(frozen=True, slots=True)
class Encrypted(Event):
    """An event that only the holder of its key can read (`m.room.encrypted`)."""

    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verification(Event):
    """A step of an interactive verification: its type, or `m.key.verification.request`, and its content."""

    step: str
    content: Mapping[str, Any]


def parse(raw: object, room_id: str) -> Event | None:
    """Make a typed event of the homeserver's JSON; None for one that does not concern us.

    Raises:
        MalformedError: a field that its type needs is missing or of another type.

    """
    event = _object(raw, "event")
    kind = _text(event, "type")
    if kind == "m.room.message":
        return _message(event, room_id)
    if kind == "m.room.encrypted":
        return _encrypted(event, room_id)
    if kind == "m.room.redaction":
        return _redaction(event, room_id)
    if kind.startswith("m.key.verification."):
        return Verification(**_common(event, room_id), step=kind, content=_object(event.get("content"), "content"))
    if kind == "m.reaction":
        return _reaction(event, room_id)
    if kind in _STATE and "state_key" in event:
        return _STATE[kind](event, room_id)
    return None


def _encrypted(event: Mapping[str, Any], room_id: str) -> Encrypted | None:
    content = _object(event.get("content"), "content")
    # A redacted one has lost its content; one with a state key is no message.
    if not content or "state_key" in event:
        return None
    return Encrypted(**_common(event, room_id), content=content)


def _message(event: Mapping[str, Any], room_id: str) -> Message | Edit | File | Verification | None:
    content = _object(event.get("content"), "content")
    if content.get("msgtype") == VERIFICATION_REQUEST:
        return Verification(**_common(event, room_id), step=VERIFICATION_REQUEST, content=content)
    relation = content.get("m.relates_to")
    if content.get("msgtype") in FILES:
        # A new caption of a file is a new caption, and no new command.
        edited = isinstance(relation, Mapping) and relation.get("rel_type") == "m.replace"
        return None if edited else _file(event, content, room_id)
    if content.get("msgtype") != "m.text":
        return None
    if isinstance(relation, Mapping) and relation.get("rel_type") == "m.replace":
        new = _object(content.get("m.new_content"), "m.new_content")
        return Edit(
            **_common(event, room_id),
            target=identifier(relation, "event_id"),
            body=_text(new, "body"),
            mentions=_mentions(new),
            call=call_in(new),
        )
    return Message(
        **_common(event, room_id),
        body=_text(content, "body"),
        thread=_thread(relation),
        mentions=_mentions(content),
        reply_to=_reply_to(relation),
        call=call_in(content),
    )


def _file(event: Mapping[str, Any], content: Mapping[str, Any], room_id: str) -> File:
    body, name = _text(content, "body"), content.get("filename")
    info, sealed = content.get("info"), content.get("file")
    size = info.get("size") if isinstance(info, Mapping) else None
    mimetype = info.get("mimetype") if isinstance(info, Mapping) else None
    captioned = isinstance(name, str) and name != body
    encrypted = sealed if isinstance(sealed, Mapping) else None
    return File(
        **_common(event, room_id),
        name=clean(name) if isinstance(name, str) else body,
        mimetype=clean(mimetype) if isinstance(mimetype, str) else "application/octet-stream",
        size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        url=identifier(encrypted if encrypted is not None else content, "url"),
        encrypted=encrypted,
        caption=body if captioned else None,
        thread=_thread(content.get("m.relates_to")),
        mentions=_mentions(content),
        call=call_in(content),
    )


def _thread(relation: object) -> str | None:
    if isinstance(relation, Mapping) and relation.get("rel_type") == "m.thread":
        return identifier(relation, "event_id")
    return None


def _reply_to(relation: object) -> str | None:
    answered = relation.get("m.in_reply_to") if isinstance(relation, Mapping) else None
    if not isinstance(answered, Mapping):
        return None
    try:
        return identifier(answered, "event_id")
    except MalformedError:
        return ""  # A reply to nothing that can be found, and all the same a message.


def _redaction(event: Mapping[str, Any], room_id: str) -> Redaction:
    content = event.get("content")
    # Room version 11 moved the field into the content.
    inside = isinstance(content, Mapping) and "redacts" in content
    where = content if inside and isinstance(content, Mapping) else event
    return Redaction(**_common(event, room_id), target=identifier(where, "redacts"))


def _reaction(event: Mapping[str, Any], room_id: str) -> Reaction | None:
    content = _object(event.get("content"), "content")
    if not content:
        return None  # It was redacted.
    relation = _object(content.get("m.relates_to"), "m.relates_to")
    if relation.get("rel_type") != "m.annotation":
        raise MalformedError("m.relates_to")
    return Reaction(**_common(event, room_id), target=identifier(relation, "event_id"), key=_text(relation, "key"))


def _member(event: Mapping[str, Any], room_id: str) -> MemberChange:
    content = _object(event.get("content"), "content")
    if content.get("membership") == "join" and event.get("sender") != event.get("state_key"):
        # https://spec.matrix.org/latest/rooms/v11/#authorization-rules: nobody joins for another.
        raise MalformedError("sender")
    name = content.get("displayname")
    unsigned = event.get("unsigned")
    previous = unsigned.get("prev_content") if isinstance(unsigned, Mapping) else None
    before = previous.get("membership") if isinstance(previous, Mapping) else None
    return MemberChange(
        **_common(event, room_id),
        user_id=identifier(event, "state_key"),
        membership=_text(content, "membership"),
        before=before if isinstance(before, str) else None,
        direct=content.get("is_direct") is True,
        display_name=clean(name) if isinstance(name, str) else None,
    )


def _tombstone(event: Mapping[str, Any], room_id: str) -> RoomUpgrade | None:
    content = _object(event.get("content"), "content")
    if not content.get("replacement_room"):
        return None  # A room may also be closed without another in its place.
    return RoomUpgrade(**_common(event, room_id), successor=identifier(content, "replacement_room"))


def _name(event: Mapping[str, Any], room_id: str) -> RoomName:
    name = _object(event.get("content"), "content").get("name")
    return RoomName(**_common(event, room_id), name=clean(name) or None if isinstance(name, str) else None)


def _encryption(event: Mapping[str, Any], room_id: str) -> EncryptionOn:
    return EncryptionOn(**_common(event, room_id))


def _power(event: Mapping[str, Any], room_id: str) -> PowerChange:
    return PowerChange(**_common(event, room_id))


_STATE = {
    "m.room.member": _member,
    "m.room.tombstone": _tombstone,
    "m.room.name": _name,
    "m.room.encryption": _encryption,
    "m.room.power_levels": _power,
}


def _common(event: Mapping[str, Any], room_id: str) -> dict[str, Any]:
    # The state of an invitation comes without event ids and times.
    stripped = "event_id" not in event and "origin_server_ts" not in event
    return {
        "event_id": "" if stripped else identifier(event, "event_id"),
        "room_id": room_id,
        "sender": identifier(event, "sender"),
        "sent_at": datetime.fromtimestamp(0, UTC) if stripped else _time(event),
    }


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedError(name)
    return value


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name)
    if not isinstance(value, str):
        raise MalformedError(name)
    return clean(value)


def identifier(source: Mapping[str, Any], name: str) -> str:
    """Return a field that is an id.

    Raises:
        MalformedError: it is none.

    """
    value = source.get(name)
    if not isinstance(value, str) or not value or clean(value) != value or len(value.encode()) > MAX_ID:
        raise MalformedError(name)
    return value


def _time(event: Mapping[str, Any]) -> datetime:
    value = event.get("origin_server_ts")
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError("origin_server_ts")
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MalformedError("origin_server_ts") from error


def _mentions(content: Mapping[str, Any]) -> frozenset[str]:
    mentions = content.get("m.mentions")
    users = mentions.get("user_ids") if isinstance(mentions, Mapping) else None
    if not isinstance(users, list):
        return frozenset()
    return frozenset(user for user in users if isinstance(user, str))
