"""What the clock does when it is due, by its kind."""

from __future__ import annotations

from datetime import datetime

from bot import announcing, commitment_tasks, counting, day_notes, monthly, queue_tasks, weekly_term
from bot.announcing import Announcement, Changed, Digest, Plan
from bot.clock import Task
from bot.commitment_tasks import Planning, Year
from bot.commitment_tasks import Reminding as CommitmentReminding
from bot.counting import Counting
from bot.day_notes import DayNote
from bot.digests import Recall, Weekly
from bot.monthly import StaleRecords
from bot.places import Places
from bot.posting import Posting
from bot.queue_tasks import Desk, LookingAgain, Nudge, Publishing, Unfinished, Week
from bot.reminding import Reminding
from bot.voice import Voice
from bot.weekly_term import WeeklyTerm
from bot.welcoming import Welcoming
from commands import deciding, practices
from commands.respond import Responder
from config.settings import Settings
from storage import commitments, digests, due, event_changes, newcomers, reminders, unfinished
from storage.database import Writer


class Tasks:
    """All of them; `by_kind` is for the clock."""

    def __init__(self, settings: Settings, responder: Responder, places: Places, posting: Posting) -> None:
        zone = settings.default_timezone
        voice = Voice(
            places.announcements,
            places.moderation,
            responder.context,
            settings.events,
            zone,
            settings.learning.note_days,
            places.learning,
        )
        desk = Desk(responder, places.moderation, places.practices, posting, settings.events.hour, zone)
        stale = StaleRecords(responder, places.moderation, zone)
        plan, digest, nudge, week, year = Plan(voice), Digest(voice), Nudge(desk), Week(desk), Year(desk)
        recount = Counting(settings.community.smallest_group, zone)
        self._weekly = WeeklyTerm(voice, settings.learning)
        self._always = (stale, plan, digest, nudge, week, year, recount)
        self.by_kind: dict[str, Task] = {
            deciding.PUBLISH: Publishing(desk),
            practices.REVIEW: LookingAgain(desk),
            unfinished.UNFINISHED: Unfinished(desk),
            queue_tasks.NUDGE: nudge,
            queue_tasks.WEEK: week,
            commitments.CHANGED: Planning(desk),
            commitments.REMIND: CommitmentReminding(desk),
            commitment_tasks.YEAR: year,
            monthly.KIND: stale,
            announcing.PLAN: plan,
            announcing.ANNOUNCE: Announcement(voice),
            announcing.DIGEST: digest,
            event_changes.CHANGED: Changed(voice),
            reminders.REMIND: Reminding(voice),
            newcomers.WELCOME: Welcoming(voice, settings.welcome, settings.command_prefix),
            counting.KIND: recount,
            day_notes.NOTE: DayNote(voice),
            weekly_term.KIND: self._weekly,
            digests.KIND: Weekly(voice, places.present, zone, settings.digest),
            digests.RECALL: Recall(),
        }

    async def plan(self, writer: Writer, now: datetime) -> None:
        """Plan what comes again and again, where it is not planned yet."""
        for task in self._always:
            await due.ensure(writer, task.first(now))
        await self._weekly.plan(writer, now)
