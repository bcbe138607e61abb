"""All commands of the bot: a module that has some is named here."""

from __future__ import annotations

import commands.challenges
import commands.chatham
import commands.commitment_progress
import commands.commitment_talk
import commands.commitment_year
import commands.commitments
import commands.community
import commands.digest
import commands.event_attendance
import commands.event_edit
import commands.event_following
import commands.event_import
import commands.event_talk
import commands.event_upkeep
import commands.events
import commands.export
import commands.focal
import commands.focal_import
import commands.focal_map
import commands.focal_network
import commands.focal_upkeep
import commands.glossary
import commands.help
import commands.imports
import commands.language
import commands.lessons
import commands.me
import commands.practice_form
import commands.practice_share
import commands.practices
import commands.privacy
import commands.queue
import commands.quiz
import commands.reports
import commands.review
import commands.status
import commands.term_suggest
import commands.timezone
import commands.week
import commands.welcome
from commands.registry import Registry


def registry() -> Registry:
    """Return all commands of the bot."""
    return Registry(
        [
            commands.glossary,
            commands.quiz,
            commands.week,
            commands.lessons,
            commands.focal,
            commands.events,
            commands.event_attendance,
            commands.event_edit,
            commands.event_following,
            commands.event_import,
            commands.event_talk,
            commands.event_upkeep,
            commands.focal_network,
            commands.focal_map,
            commands.focal_upkeep,
            commands.focal_import,
            commands.practice_share,
            commands.practice_form,
            commands.practices,
            commands.challenges,
            commands.commitment_talk,
            commands.commitments,
            commands.commitment_progress,
            commands.commitment_year,
            commands.term_suggest,
            commands.reports,
            commands.queue,
            commands.review,
            commands.me,
            commands.community,
            commands.privacy,
            commands.chatham,
            commands.welcome,
            commands.imports,
            commands.export,
            commands.language,
            commands.timezone,
            commands.digest,
            commands.help,
            commands.status,
        ]
    )
