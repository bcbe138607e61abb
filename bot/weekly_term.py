"""The term of the week is posted once in each room, late if it must be, and never for a week that is long over."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.announcing import LATE
from bot.voice import Voice, said
from commands import week as cards
from commands.attachment import Reply
from config.settings import LearningSettings
from storage import due as due_storage
from storage import glossary, teachable, weekly_terms
from storage.database import Writer
from storage.due import Due
from storage.outbox import OutboxRow, Priority
from storage.rooms import WEEK

KIND, SUBJECT = "weekly_term", "glossary"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = timedelta(days=1)
LATEST = 5 * DAY
"""How late it still comes. After that the next is near."""


class WeeklyTerm:
    """Posts the term of the week in the rooms in which members learn, in the language of each."""

    grace = timedelta.max
    """`act` looks which week it is."""

    def __init__(self, voice: Voice, settings: LearningSettings) -> None:
        self._voice = voice
        self._hour = settings.hour
        self._weekday = WEEKDAYS.index(settings.weekday) if settings.weekday else None

    async def plan(self, writer: Writer, now: datetime) -> None:
        """Make it due as the settings say, also when they said something else before."""
        if self._weekday is None:
            await due_storage.cancel(writer, KIND, SUBJECT)
            return
        known = await due_storage.get(writer, KIND, SUBJECT)
        if known is None or self._last(known.due_at) != known.due_at:
            one = Due(kind=KIND, subject=SUBJECT, due_at=self._next(now), importance=7)
            await due_storage.schedule(writer, one)

    async def act(self, writer: Writer, due: Due, now: datetime) -> list[OutboxRow]:
        """Return the term of this week; nothing if it was posted, or it is too late for it."""
        at = self._last(now)
        week = "{}-W{:02}".format(*at.astimezone(self._voice.zone).isocalendar()[:2])
        if now - at > LATEST or await weekly_terms.of_week(writer, week) is not None:
            return []
        rooms = [
            (there, await self._voice.context(writer, there, now))
            for there in await self._voice.learners(writer, WEEK)
        ]
        spoken = dict.fromkeys(ctx.language for _, ctx in rooms)
        complete = {language: await teachable.ids(writer, language) for language in spoken}
        found = await weekly_terms.following(writer, complete)
        concept = await glossary.get(writer, found) if found else None
        if concept is None:
            return []
        await weekly_terms.posted(writer, concept.id, week, now)
        # Not the moment at which it was to be: that is another after a change of the settings, the week is not.
        once = due.model_copy(update={"subject": week, "due_at": at})
        rows = []
        for there, ctx in rooms:
            if concept.is_complete(ctx.language):
                text = cards.card(ctx, concept, ctx.language, late=now - at > LATE)
                rows += said(once, there, Reply(text), now, Priority.DIGEST)
        return rows

    async def missed(self, _writer: Writer, _due: Due, _now: datetime) -> list[OutboxRow]:
        """Return nothing: it is never too late to look which week it is."""
        return []

    def following(self, _due: Due, now: datetime) -> datetime | None:
        """Return the next day of the week on which it is posted."""
        return self._next(now)

    def _next(self, now: datetime) -> datetime:
        # By the calendar, because a week may be an hour longer or shorter.
        day = self._last(now).astimezone(self._voice.zone).date()
        return self._voice.at(day + 7 * DAY, self._hour)

    def _last(self, now: datetime) -> datetime:
        """Return the last moment until `now` at which it was to be posted."""
        assert self._weekday is not None  # noqa: S101 - otherwise nothing is due
        day = now.astimezone(self._voice.zone).date()
        day -= timedelta(days=(day.weekday() - self._weekday) % 7)
        at = self._voice.at(day, self._hour)
        return at if at <= now else self._voice.at(day - 7 * DAY, self._hour)
