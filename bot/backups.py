"""Backups that the running bot makes each day, in a folder in which the last ones stay.

The files themselves say when the last one was made: so none is made twice after a restart, and one is made late
after the bot was away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from bot import backup
from bot.backup import BackupError
from config.settings import Settings
from storage import copying

log = structlog.get_logger(__name__)

SETTLING = timedelta(minutes=1)
"""After a start the bot has better things to do."""
LOOK = timedelta(minutes=5)
AGAIN = timedelta(hours=1)
"""After one that failed."""
PREFIX, STAMP = "gaamac-backup-", "%Y%m%dT%H%M%SZ"


class Backups:
    """Makes backups while `run` runs."""

    def __init__(
        self,
        settings: Settings,
        *,
        make: Callable[[Settings, Path], Awaitable[None]] = backup.made,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        settling: timedelta = SETTLING,
    ) -> None:
        self._settings = settings
        self._make = make
        self._now = now
        self._settling = settling
        self._zone = ZoneInfo(settings.default_timezone)
        self.folder = settings.backup.folder or settings.data_dir / "backups"
        self.problem: str | None = None
        """Why the last one could not be made, and what to do; None when there is nothing to do."""
        self.made_at: datetime | None = None
        """When the newest one in the folder was made."""

    @property
    def expected(self) -> bool:
        """Whether there are to be any: not when it is switched off, or the database is none in a file."""
        return self._settings.backup.daily and copying.path_of(self._settings.database_url) is not None

    async def run(self) -> None:
        """Make one each day, until cancelled."""
        if not self.expected:
            return
        pause = self._settling
        while True:
            await asyncio.sleep(pause.total_seconds())
            pause = LOOK
            try:
                await self.look()
            except BackupError as error:
                self.problem = str(error)
                pause = AGAIN
                log.error("no backup was made", problem=self.problem)  # noqa: TRY400 - the sentence says it all
            except Exception as error:
                self.problem = "A backup could not be made, for a reason that only the log knows."
                pause = AGAIN
                log.exception("no backup was made", error=type(error).__name__)

    async def look(self) -> None:
        """Make a backup if one is due, and remove the oldest.

        Raises:
            BackupError: it cannot be made.

        """
        now = self._now()
        there = await asyncio.to_thread(self._prepared)
        self.made_at = max(there.values(), default=None)
        if self.made_at is not None and self.made_at >= self._due(now):
            self.problem = None
            return
        target = self.folder / backup.name(self._settings, now)
        await self._make(self._settings, target)
        self.made_at, self.problem = now, None
        log.info("a backup was made", file=str(target))
        await asyncio.to_thread(self._rotate)

    def _due(self, now: datetime) -> datetime:
        """Return when the last one was due."""
        local = now.astimezone(self._zone)
        at = datetime.combine(local.date(), time(self._settings.backup.hour), self._zone)
        if at > local:
            at = datetime.combine(local.date() - timedelta(days=1), time(self._settings.backup.hour), self._zone)
        return at.astimezone(UTC)

    def _prepared(self) -> dict[Path, datetime]:
        """Make the folder, sweep it, and return the backups in it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            backup.sweep(self.folder)
            return self._there()
        except OSError as error:
            raise BackupError(
                f"The folder for backups {self.folder} cannot be used: {error.strerror}. Set [backup] folder to "
                "one in which the bot may write."
            ) from error

    def _there(self) -> dict[Path, datetime]:
        found = {}
        for file in self.folder.glob(f"{PREFIX}*"):
            stamp, _, ending = file.name.removeprefix(PREFIX).partition(".")
            if f".{ending}" in (backup.KIND, backup.ENCRYPTED):
                try:
                    found[file] = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
                except ValueError:
                    continue
        return found

    def _rotate(self) -> None:
        there = self._there()
        for file in sorted(there, key=there.__getitem__, reverse=True)[self._settings.backup.keep :]:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                log.warning("an old backup cannot be removed", file=str(file), error=error.strerror)
