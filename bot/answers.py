"""Answers as Matrix events: notices that reply to their command, in its thread, and mention who asked."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.media import SCHEME
from commands.attachment import Attachment
from commands.rendering import Markdown, render, split
from storage.outbox import Buttons, OutboxRow, SentAnswer

KEY = "org.gaamac.bot.txn_id"
"""Put into each event that the bot sends, so that it can find its own after the homeserver has forgotten the
transaction id (Synapse: after 24 hours), or after a backup was restored."""


def transaction_id(*parts: object) -> str:
    """Return an id that is the same for the same cause, and different over all kinds of event."""
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode()).digest()
    return "gb" + base64.urlsafe_b64encode(digest[:24]).decode()


def answer(
    text: Markdown,
    *,
    trigger: str,
    cause: str,
    room_id: str,
    asker: str,
    thread: str | None,
    now: datetime,
    earlier: list[SentAnswer],
    files: Sequence[dict[str, Any]] = (),
    buttons: Mapping[str, str] | None = None,
    reply_to: str | None = None,
) -> list[OutboxRow]:
    """Make outbox rows of an answer to the event `cause`.

    `trigger` is the event that is being handled: `cause` itself, or an edit of it. The messages of an
    `earlier` answer are edited; those that have no part any more are redacted. `buttons` belong to the last
    message of the text. Who pressed a button gets a reply to the message `reply_to` that had it.
    """
    rows = []
    pieces = split(text)
    for part, piece in enumerate(pieces):
        shared = {
            "txn_id": transaction_id("answer", trigger, part),
            "room_id": room_id,
            "cause": cause,
            "part": part,
            "created_at": now,
        }
        content = message(piece, mention=asker)
        if part < len(earlier):
            rows.append(OutboxRow(kind="edit", about=earlier[part].id, content=content, **shared))
        else:
            content["m.relates_to"] = relation(reply_to or cause, thread)
            last = Buttons(commands=dict(buttons), thread=thread) if buttons and part == len(pieces) - 1 else None
            rows.append(OutboxRow(kind="message", content=content, buttons=last, **shared))
    surplus = earlier[len(rows) :]
    for part, content in enumerate(files, start=len(rows)):
        # A file is no new text of an older message, so it is always a message of its own.
        rows.append(
            OutboxRow(
                txn_id=transaction_id("answer", trigger, part),
                room_id=room_id,
                kind="message",
                cause=cause,
                part=part,
                content={**content, "m.relates_to": relation(reply_to or cause, thread)},
                created_at=now,
            )
        )
    return rows + withdrawal(surplus, trigger=trigger, cause=cause, now=now)


def offered(stored: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Make outbox rows that put the buttons of stored messages under them, for people to press."""
    return [
        OutboxRow(
            txn_id=transaction_id("button", row.txn_id, key),
            room_id=row.room_id,
            kind="reaction",
            priority=row.priority,
            part=place,
            about=row.id,
            content={"key": key},
            created_at=row.created_at,
        )
        for row in stored
        if row.buttons
        for place, key in enumerate(row.buttons.commands)
    ]


def reaction(event_id: str, key: str) -> dict[str, Any]:
    """Return the content of a reaction."""
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": event_id, "key": key}}


def withdrawal(earlier: list[SentAnswer], *, trigger: str, cause: str, now: datetime) -> list[OutboxRow]:
    """Make outbox rows that redact the messages of an answer."""
    return [
        OutboxRow(
            txn_id=transaction_id("withdrawal", trigger, one.id),
            room_id=one.room_id,
            kind="redaction",
            cause=cause,
            part=one.part,
            about=one.id,
            created_at=now,
        )
        for one in earlier
    ]


def message(text: Markdown, *, mention: str | None = None) -> dict[str, Any]:
    """Return the content of a notice. Nobody but `mention` is notified, whatever the text holds (MSC3952)."""
    rendered = render(text)
    content: dict[str, Any] = {
        "msgtype": "m.notice",
        "body": rendered.body,
        "m.mentions": {"user_ids": [mention]} if mention else {},
    }
    if rendered.html:
        content["format"] = "org.matrix.custom.html"
        content["formatted_body"] = rendered.html
    return content


def file(attachment: Attachment, media_id: str, thumbnail_id: str | None) -> dict[str, Any]:
    """Return the content of a message that is a file or a picture; see `bot.media` for how it is uploaded."""
    info: dict[str, Any] = {"mimetype": attachment.mimetype, "size": len(attachment.data)}
    content: dict[str, Any] = {"msgtype": "m.file", "body": attachment.name, "filename": attachment.name}
    if attachment.picture is not None:
        content |= {"msgtype": "m.image", "body": attachment.picture.text}
        info |= {"w": attachment.picture.width, "h": attachment.picture.height}
    small = attachment.thumbnail
    if small is not None and thumbnail_id is not None:
        info["thumbnail_url"] = f"{SCHEME}{thumbnail_id}"
        info["thumbnail_info"] = {"mimetype": small.mimetype, "size": len(small.data)}
        if small.picture is not None:
            info["thumbnail_info"] |= {"w": small.picture.width, "h": small.picture.height}
    return {**content, "url": f"{SCHEME}{media_id}", "info": info, "m.mentions": {}}


def relation(event_id: str, thread: str | None) -> dict[str, Any]:
    """Return the relation of a reply, inside the thread of the event when there is one."""
    reply: dict[str, Any] = {"m.in_reply_to": {"event_id": event_id}}
    if thread is None:
        return reply
    return {"rel_type": "m.thread", "event_id": thread, "is_falling_back": False, **reply}


def edited(content: dict[str, Any], event_id: str) -> dict[str, Any]:
    """Return the content that replaces the message `event_id` (`m.replace`).

    An edit mentions nobody anew: https://spec.matrix.org/latest/client-server-api/#user-and-room-mentions
    """
    fallback = {key: value for key, value in content.items() if key not in ("m.mentions", "m.relates_to", KEY)}
    fallback["body"] = f"* {fallback['body']}"
    if "formatted_body" in fallback:
        fallback["formatted_body"] = f"* {fallback['formatted_body']}"
    return {
        **fallback,
        "m.mentions": {},
        "m.new_content": {key: value for key, value in content.items() if key != KEY},
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
    }
