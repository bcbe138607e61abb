"""What a command says elsewhere than where it was asked: to the moderators, in the practices room, to a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot import answers
from bot.direct import ASKED
from bot.rooms import Rooms
from commands.attachment import MODERATION, PRACTICES, Post
from commands.rendering import split
from storage import outbox
from storage.database import Writer
from storage.outbox import Buttons, OutboxRow, SentAnswer


class Posting:
    """Makes outbox rows of posts."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def rows(
        self, writer: Writer, posts: Sequence[Post], event_id: str, sender: str, now: datetime
    ) -> list[OutboxRow]:
        """Return the rows; none for a room that there is not."""
        found = []
        for place, post in enumerate(posts):
            room_id = self._room(post.to)
            if room_id is None:
                continue
            standing = await self._standing(writer, post, room_id)
            made = answers.transaction_id("post", event_id, place)
            if post.text is None:
                found += answers.withdrawal(standing, trigger=made, cause=post.about or "", now=now)
                continue
            thread = await self._thread(writer, post, room_id)
            cause = post.about or (f"{ASKED}{event_id}" if post.to == sender else None)
            pieces = split(post.text)
            for part, piece in enumerate(pieces):
                content = answers.message(piece)
                if thread is not None:
                    content["m.relates_to"] = answers.relation(thread, thread)
                shared = {
                    "txn_id": made if part == 0 else answers.transaction_id("post", event_id, place, part),
                    "room_id": room_id,
                    "cause": cause,
                    "part": part,
                    "content": content,
                    "created_at": now,
                }
                if part < len(standing):
                    found.append(OutboxRow(kind="edit", about=standing[part].id, **shared))
                else:
                    last = post.buttons and part == len(pieces) - 1
                    buttons = Buttons(commands=dict(post.buttons), thread=thread) if last else None
                    found.append(OutboxRow(kind="message", buttons=buttons, **shared))
            surplus = standing[len(pieces) :]
            found += answers.withdrawal(surplus, trigger=made, cause=post.about or "", now=now)
        return found

    def _room(self, to: str) -> str | None:
        if to == MODERATION:
            return self._rooms.moderation
        return self._rooms.practices if to == PRACTICES else to

    async def _standing(self, writer: Writer, post: Post, room_id: str) -> list[SentAnswer]:
        if post.about is None:
            return []
        return [one for one in await outbox.answers(writer, post.about) if one.room_id == room_id]

    async def _thread(self, writer: Writer, post: Post, room_id: str) -> str | None:
        """Return the event under which a post goes; None if it was never sent, and so has no thread."""
        if post.thread is None:
            return None
        roots = [one for one in await outbox.answers(writer, post.thread) if one.room_id == room_id]
        return await outbox.event_id(writer, roots[0].id) if roots else None
