"""The daily backup: once a day, late after downtime, tried again after a failure, and the last ones stay."""

from __future__ import annotations

import asyncio
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.backup import ASIDE, BackupError
from bot.backups import Backups
from config.settings import BackupSettings, MatrixSettings, Settings
from storage.database import Database

pytestmark = pytest.mark.sqlite("backups are of its file")

MONDAY = datetime(2026, 11, 30, 1, tzinfo=UTC)


class Days:
    """A bot's backups on a clock that a test sets. `disk_full`: none can be made."""

    def __init__(self, folder: Path, *, keep: int = 3, timezone: str = "UTC") -> None:
        self.now = MONDAY
        self.disk_full = False
        self.settings = Settings(
            matrix=MatrixSettings(homeserver="http://localhost:1", user_id="@gaamac:example.org"),
            backup=BackupSettings(keep=keep),
            default_timezone=timezone,
            data_dir=folder,
        )
        self.restart()

    def restart(self) -> None:
        self.backups = Backups(self.settings, make=self._make, now=lambda: self.now, settling=timedelta())

    async def _make(self, _settings: Settings, target: Path) -> None:
        if self.disk_full:
            raise BackupError("The disk is full.")
        target.write_text("a backup")

    async def at(self, **later: int) -> list[str]:
        """Let time pass, look, and return the days and hours of the backups that there are."""
        self.now += timedelta(**later)
        await self.backups.look()
        names = sorted(file.name for file in self.backups.folder.glob("gaamac-*"))
        return [
            name.removeprefix("gaamac-backup-202611").removeprefix("gaamac-backup-202612")[:5] for name in names
        ]


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(tmp_path)


async def test_one_a_day_and_the_last_ones_stay(days: Days) -> None:
    assert await days.at() == ["30T01"], "there was none"
    assert await days.at(hours=1) == ["30T01"]
    assert await days.at(hours=1) == ["30T01", "30T03"]
    assert await days.at(hours=20) == ["30T01", "30T03"]
    assert await days.at(days=1) == ["30T01", "30T03", "01T23"]
    assert await days.at(hours=4) == ["30T03", "01T23", "02T03"]
    assert days.backups.made_at == days.now


async def test_a_restart_makes_no_second_one_and_downtime_a_late_one(days: Days) -> None:
    await days.at(hours=2)
    days.restart()
    assert await days.at(hours=1) == ["30T03"]
    days.restart()
    assert await days.at(days=5, hours=7) == ["30T03", "05T11"]


async def test_the_hour_is_that_of_the_zone(tmp_path: Path) -> None:
    days = Days(tmp_path, timezone="Asia/Tokyo")
    assert await days.at() == ["30T01"]
    assert await days.at(hours=16) == ["30T01"], "three o'clock in Tokyo is 18:00 UTC"
    assert await days.at(hours=1) == ["30T01", "30T18"]


async def test_a_failure_is_said_until_one_was_made(days: Days) -> None:
    days.disk_full = True
    running = asyncio.create_task(days.backups.run())
    async with asyncio.timeout(30):
        while days.backups.problem is None:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert days.backups.problem == "The disk is full."
    days.disk_full = False
    assert await days.at(hours=1) == ["30T02"]
    assert days.backups.problem is None


async def test_a_folder_that_cannot_be_used_is_named(days: Days) -> None:
    days.backups.folder.write_text("a file")
    with pytest.raises(BackupError, match="cannot be used"):
        await days.backups.look()


async def test_other_files_stay_and_leftovers_go(days: Days) -> None:
    days.backups.folder.mkdir()
    before = days.backups.folder / "before-schema-0014-20261130T000000Z.db"
    strange = days.backups.folder / "gaamac-backup-of-mine.tar.gz"
    left = days.backups.folder / f"{ASIDE}abc"
    for file in (before, strange):
        file.write_text("x")
    left.mkdir()
    (left / "lock").touch()
    for _ in range(6):
        await days.at(days=1)
    assert before.exists()
    assert strange.exists()
    assert not left.exists()


async def test_it_can_be_switched_off_and_is_not_for_postgresql(days: Days) -> None:
    assert days.backups.expected
    off = days.settings.model_copy(update={"backup": BackupSettings(daily=False)})
    assert not Backups(off).expected
    other = days.settings.model_copy(update={"database_url": "postgresql+asyncpg://localhost/bot"})
    assert not Backups(other).expected
    async with asyncio.timeout(30):
        await Backups(off).run()


async def test_a_real_one_is_made_in_a_process_of_its_own(days: Days) -> None:
    database = await Database.open(days.settings.database_url)
    await database.close()
    backups = Backups(days.settings)
    await backups.look()
    [file] = backups.folder.iterdir()
    with tarfile.open(file) as archive:
        assert archive.getnames() == ["manifest.json", "bot.db", "settings.toml"]


async def test_why_a_real_one_could_not_be_made_is_told(days: Days) -> None:
    with pytest.raises(BackupError, match="There is no database at"):
        await Backups(days.settings).look()
