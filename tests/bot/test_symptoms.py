"""What is found wrong with a running bot, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import check_homeserver, check_machine
from bot.backup import BackupError
from bot.symptoms import SELDOM, Look, Symptom
from commands.problem_notice import DIRECT
from storage import outbox
from storage.problems import Kind
from tests import databases
from tests.bot.conftest import Running, row, running, synced, until
from tests.bot.fake_homeserver import MIA, ROOM, FakeHomeserver
from tests.bot.scripted import proxy_error, refuse


async def look(bot: Running, later: timedelta = timedelta()) -> Look:
    """Look at a bot as if so much time had passed."""
    return await bot.app.parts.problems._look(datetime.now(UTC) + later)


def of(found: Look, kind: Kind) -> list[Symptom]:
    assert kind in found.judged
    return [one for one in found.found if one.kind is kind]


async def test_a_bot_that_is_well(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await until(lambda: bot.app._ready)
        found = await look(bot, SELDOM)  # its own first look may have just been
        assert found.found == []
        assert {
            Kind.HOMESERVER,
            Kind.DISK,
            Kind.CLOCK,
            Kind.REFUSED,
            Kind.RATE_LIMIT,
            Kind.REMOVED,
            *(() if databases.ON_POSTGRES else (Kind.BACKUP,)),
        } <= found.judged
        assert Kind.CLOCK not in (await look(bot, SELDOM)).judged, "the clock is not compared each time"


@pytest.mark.sqlite("backups are of its file")
async def test_a_backup_that_fails_until_one_is_made(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        backups = bot.app.parts.backups
        (tmp_path / "a file").touch()
        backups.folder = tmp_path / "a file"
        with pytest.raises(BackupError):
            await backups.look()
        backups.problem = "as its loop notes it"
        assert of(await look(bot), Kind.BACKUP) == [Symptom(Kind.BACKUP)]
        backups.folder = tmp_path / "backups"
        await backups.look()
        assert of(await look(bot), Kind.BACKUP) == []


async def test_a_message_that_is_refused_until_one_is_taken(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.script("send", refuse(403, "M_FORBIDDEN"))
        await fake.say("!status")
        await until(lambda: fake.requests("send"))
        await bot.app.parts.outbox.drained()
        assert of(await look(bot), Kind.REFUSED) == [Symptom(Kind.REFUSED, ROOM, "403 M_FORBIDDEN")]
        assert of(await look(bot, timedelta(days=2)), Kind.REFUSED) == []
        asked = await fake.say("!status")
        await until(lambda: fake.answers_to()[asked])
        await bot.app.parts.outbox.drained()
        assert of(await look(bot), Kind.REFUSED) == []


async def test_a_message_that_is_stuck(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await until(lambda: bot.app.parts.inbox.synced_at)
        fake.always("send", proxy_error())
        await fake.say("!status")
        await until(lambda: len(fake.requests("send")) > 1)
        later = timedelta(minutes=11)
        assert Kind.STUCK not in (await look(bot)).judged, "it may yet have been away"
        assert of(await look(bot, later), Kind.STUCK) == [Symptom(Kind.STUCK, ROOM)]
        async with bot.database.write() as writer:
            await outbox.add(writer, [row("to a person", room=MIA, at=datetime.now(UTC))])
        assert of(await look(bot, later), Kind.STUCK) == [Symptom(Kind.STUCK, ROOM), Symptom(Kind.STUCK, DIRECT)]
        fake.mend("send")


async def test_a_limit_that_holds_messages_up(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.script("send", refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=60_000))
        await fake.say("!status")
        await until(lambda: bot.app.parts.pace.closed_for > 0)
        assert of(await look(bot), Kind.RATE_LIMIT) == []
        found = await look(bot, timedelta(minutes=11))
        assert of(found, Kind.RATE_LIMIT) == [Symptom(Kind.RATE_LIMIT)]
        assert Kind.STUCK not in found.judged


async def test_a_homeserver_that_is_away(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await fake.stop()
        await until(lambda: bot.app.parts.inbox.failing_since)
        assert Kind.HOMESERVER not in (await look(bot)).judged, "not yet for long"
        [found] = of(await look(bot, timedelta(minutes=2)), Kind.HOMESERVER)
        assert found.since == bot.app.parts.inbox.failing_since
        await fake.start()
        await fake.say("hello")  # ends the round that waits
        await until(lambda: bot.app.parts.inbox.failing_since is None)
        assert of(await look(bot), Kind.HOMESERVER) == []


async def test_the_machine(fake: FakeHomeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        # The disk and the clock are the real ones; what counts as little, and as wrong, is moved.
        monkeypatch.setattr(check_machine, "LITTLE", 10**18)
        monkeypatch.setattr(check_homeserver, "OFF_SECONDS", -1.0)
        found = await look(bot, SELDOM)
        assert of(found, Kind.DISK) == [Symptom(Kind.DISK)]
        assert of(found, Kind.CLOCK) == [Symptom(Kind.CLOCK, detail="0")]
