"""What the queue does without being asked: publish later, remind, and tell the moderators what waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import answers
from bot.clock import Once
from bot.posting import Posting
from commands import deciding, queue_week
from commands.attachment import MODERATION, Attachment, Post
from commands.context import Asker, Context
from commands.forms import title_of
from commands.rendering import code, paragraphs, strong
from commands.respond import Responder
from storage import media, submissions, talks, unfinished
from storage.database import Reader, Writer
from storage.due import Due
from storage.outbox import OutboxRow, Priority

NUDGE, WEEK = "queue_nudge", "queue_week"
SUBJECT = "queue"


class Desk:
    """Where the queue speaks: to the moderators, in the practices room, and to persons."""

    def __init__(
        self,
        responder: Responder,
        moderation: Callable[[], Asker | None],
        practices: Callable[[], Asker | None],
        posting: Posting,
        hour: int,
        timezone: str,
    ) -> None:
        self._responder = responder
        self._posting = posting
        self._hour = hour
        self._zone = ZoneInfo(timezone)
        self.moderation = moderation
        self.practices = practices

    async def context(self, reader: Reader, now: datetime, there: Asker | None = None) -> Context:
        """Return a context in which to speak to somebody; without `there` to the moderators."""
        moderation = self.moderation()
        nowhere = Asker("", "", direct=False, prefix="!")
        return await self._responder.context(
            reader, there or moderation or nowhere, now, moderation=moderation, practices=self.practices()
        )

    async def rows(
        self, writer: Writer, posts: list[Post], due: Due, now: datetime, priority: Priority = Priority.ANSWER
    ) -> list[OutboxRow]:
        """Return the rows of some messages; their ids are those of the occurrence."""
        trigger = f"{due.kind}/{due.subject}/{due.due_at.isoformat()}"
        found = await self._posting.rows(writer, posts, trigger, "", now)
        return [row.model_copy(update={"priority": priority}) for row in found]

    def morning(self, day: date) -> datetime:
        """Return the hour of announcements on a day, in UTC."""
        return datetime.combine(day, time(self._hour), self._zone).astimezone(UTC)

    def today(self, now: datetime) -> date:
        """Return which day it is in the zone of announcements."""
        return now.astimezone(self._zone).date()

    def next_morning(self, now: datetime, weekday: int | None = None) -> datetime:
        """Return the next time that it is the hour of announcements, on a day of the week if one is given."""
        day = self.today(now)
        while True:
            found = self.morning(day)
            if found > now and (weekday is None or day.weekday() == weekday):
                return found
            day += timedelta(days=1)


class AtDesk(Once):
    """Done once, by who speaks for the queue."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk


class Publishing(AtDesk):
    """Publishes what was approved for a later time."""

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Publish it, unless somebody thought better of it."""
        ctx = await self.desk.context(writer, now)
        return await self.desk.rows(writer, await deciding.publish(ctx, int(due.subject)), due, now)


class LookingAgain(AtDesk):
    """Tells the moderators when the author of something published wished that it is looked at again."""

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the message; nothing of what is not published any more."""
        one = await submissions.get(writer, int(due.subject))
        if one is None or one.state not in submissions.PUBLIC:
            return []
        ctx = await self.desk.context(writer, now)
        text = ctx.text(
            "Today {submission} is to be looked at again, as its author wished: could it harm somebody now? "
            "{unpublish}",
            submission=deciding.line(ctx, one),
            unpublish=code(ctx.typed("unpublish", f"{one.id} …")),
        )
        return await self.desk.rows(writer, [Post(MODERATION, text)], due, now)


class Unfinished(AtDesk):
    """Reminds people once of a talk or a draft before it is forgotten."""

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the reminder; nothing of what was finished or dropped."""
        if due.subject.startswith(unfinished.TALK):
            person = due.subject.removeprefix(unfinished.TALK)
            if await talks.of(writer, person, now) is None:
                return []
            ctx = await self.desk.context(writer, now, Asker(person, person, direct=True, prefix=""))
            text = ctx.text(
                "You began to share something with me, and I forget it in a day. Go on where we were, or type "
                "{save}.",
                save=code({"fr": "enregistrer", "es": "guardar"}.get(ctx.language, "save")),
            )
            return await self.desk.rows(writer, [Post(person, text)], due, now)
        one = await submissions.get(writer, int(due.subject.removeprefix(unfinished.DRAFT)))
        if one is None or one.state != "draft":
            return []
        author = await deciding.to_author(await self.desk.context(writer, now), one, "to remind of a draft")
        if author is None:
            return []
        person, there = author
        text = there.text(
            "Your draft {title} is forgotten in three days. {edit} goes on with it, {send} sends it.",
            title=strong(title_of(there, one)),
            edit=code(there.typed("practice edit", str(one.id))),
            send=code(there.typed("practice send", str(one.id))),
        )
        return await self.desk.rows(writer, [Post(person, text)], due, now)


class Nudge:
    """Tells the moderators each morning what waits for longer than it should."""

    grace = timedelta(hours=12)

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def first(self, now: datetime) -> Due:
        """Return when it is due for the first time."""
        return Due(kind=NUDGE, subject=SUBJECT, due_at=self.desk.next_morning(now), importance=8)

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the message; nothing when nothing waits too long."""
        text = await queue_week.nudge(await self.desk.context(writer, now))
        posts = [Post(MODERATION, text)] if text is not None else []
        return await self.desk.rows(writer, posts, due, now, Priority.DIGEST)

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: tomorrow is another day."""
        return []

    def following(self, _due: Due, now: datetime) -> datetime | None:
        """Return the next morning."""
        return self.desk.next_morning(now)


class Week:
    """Tells the moderators on Mondays what came and what was decided, with a picture."""

    grace = timedelta(days=3)

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def first(self, now: datetime) -> Due:
        """Return when it is due for the first time."""
        return Due(kind=WEEK, subject=SUBJECT, due_at=self.desk.next_morning(now, 0), importance=9)

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the summary; nothing when nothing happened, or there is no room for it."""
        there = self.desk.moderation()
        reply = await queue_week.week(await self.desk.context(writer, now)) if there else None
        if there is None or reply is None:
            return []
        rows = await self.desk.rows(writer, [Post(MODERATION, paragraphs(reply.text))], due, now, Priority.DIGEST)
        return rows + [
            await picture(writer, attachment, there.room_id, due, now) for attachment in reply.attachments
        ]

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: the next says as much."""
        return []

    def following(self, _due: Due, now: datetime) -> datetime | None:
        """Return the next Monday."""
        return self.desk.next_morning(now, 0)


async def picture(writer: Writer, attachment: Attachment, room_id: str, due: Due, now: datetime) -> OutboxRow:
    """Return the row of a picture that goes with what is due."""
    content = answers.file(attachment, await media.add(writer, attachment.data, now), None)
    return OutboxRow(
        txn_id=answers.transaction_id(due.kind, due.subject, due.due_at.isoformat(), "picture"),
        room_id=room_id,
        kind="message",
        priority=Priority.DIGEST,
        content=content,
        created_at=now,
    )
