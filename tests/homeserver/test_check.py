"""`gaamac-bot check` on a real homeserver: what it finds, what it says to do, and that it leaves no trace."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.check import examine, is_running, summary
from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from bot.demo.stage import Stage
from bot.descriptions import EVENT_TYPE
from bot.encryption.secret_storage import RecoveryKey
from bot.findings import Report
from bot.session import Session
from config.settings import MatrixSettings, RoomSettings, Settings
from storage import outbox, schema
from storage.database import Database
from storage.outbox import OutboxRow, Sent
from tests import databases
from tests.homeserver.running import RunningBot, every_answer, joined

_NUMBERS = count(1)
PASSWORD = "correct horse battery staple"


@dataclass
class Place:
    """An account for the bot, a person, and a data folder."""

    homeserver: Homeserver
    bot: Client
    person: Client
    folder: Path
    rooms: dict[str, Any] = field(default_factory=dict)

    def settings(self, **changes: Any) -> Settings:
        matrix = {"homeserver": self.homeserver.url, "user_id": self.bot.user_id, "password": PASSWORD}
        return Settings(
            matrix=MatrixSettings.model_validate(matrix | changes),
            rooms=RoomSettings.model_validate(self.rooms),
            data_dir=self.folder,
            database_url=databases.address(self.folder / "bot.db", empty=True),
        )

    async def room(self, **options: Any) -> str:
        room_id = await self.person.create_room(invite=[self.bot.user_id], **options)
        await self.bot.join(room_id)
        return room_id

    async def levels(self, room_id: str, **changes: Any) -> None:
        levels = await self.person.get_state(room_id, "m.room.power_levels")
        await self.person.set_state(room_id, "m.room.power_levels", levels | changes)


@pytest_asyncio.fixture(loop_scope="session")
async def place(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Place]:
    number = next(_NUMBERS)
    bot = await homeserver.register(f"checked{number}", PASSWORD)
    person = await homeserver.register(f"checking{number}", PASSWORD)
    yield Place(homeserver, bot, person, tmp_path / "data")
    await bot.close()
    await person.close()


def codes(report: Report) -> set[str]:
    """Return the codes of what is not as it should be."""
    return {finding.code for finding in report.findings if finding.level != "ok"}


def said(report: Report, level: str) -> str:
    return "\n".join(str(finding) for finding in report.findings if finding.level == level)


async def run(environment: Mapping[str, str], *arguments: str) -> tuple[int | None, str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GAAMAC_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.cli", "check", *arguments),
        env=clean | dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_all_is_well_while_the_bot_runs_and_nothing_is_changed(tmp_path: Path) -> None:
    async with await Stage.start(tmp_path) as stage:
        session = stage.bot_data / "session.json"
        before = session.read_bytes(), session.stat().st_mtime_ns
        events = [
            event["event_id"] for room in stage.rooms.values() for event in await stage.moderator.history(room)
        ]
        environment = stage._environment()
        code, output, errors = await run(environment)
        assert (code, errors) == (0, "")
        # The rate limit, of which nothing is known yet; the recovery key, which nobody has taken away; and two
        # rooms in which the bot may not describe its commands.
        assert "0 problems, 4 warnings." in output
        assert output.count("[power.describe]") == 2
        assert "encryption: The recovery key still lies in" in output
        assert "is signed by the bot's cross-signing identity." in output
        assert "The room is not encrypted." in output
        assert "ok       bot: It runs with this data folder." in output
        assert "The bot may speak: its power is 50, speaking needs 50." in output
        assert "Moderators found (joined, power 50 or more): 1." in output
        assert stage._bot_password not in output
        assert (session.read_bytes(), session.stat().st_mtime_ns) == before

        code, output, errors = await run(environment, "--json")
        found = json.loads(output)
        assert (code, errors, found["exit_code"]) == (0, "", 0)
        assert {finding["level"] for finding in found["findings"]} == {"ok", "warning"}
        assert found["settings"]["matrix.password"] == "set (not shown)"

        # A running bot's session is neither replaced nor ended, whatever the settings now say.
        code, output, _ = await run(environment | {"GAAMAC_MATRIX__USER_ID": "@other:demo.localhost"})
        assert code == 0
        assert "The settings name another account" in output
        assert (session.read_bytes(), session.stat().st_mtime_ns) == before
        after = [
            event["event_id"] for room in stage.rooms.values() for event in await stage.moderator.history(room)
        ]
        assert after == events
        assert (
            "responsibility to protect" in (await stage.member.ask(stage.rooms["community"], "!term r2p")).lower()
        )


async def test_before_the_first_start_it_logs_in_once_for_the_bot(place: Place) -> None:
    place.rooms = {"community": [await place.person.create_room(preset="public_chat")]}
    report = await examine(place.settings())
    assert report.exit_code == 0
    assert "The bot is not in this room yet. It joins when it is started" in said(report, "warning")
    assert "It is empty; the first start fills it." in said(report, "ok")
    assert not (place.folder / "bot.db").exists()
    stored = (place.folder / "session.json").read_bytes()
    assert (place.folder / "session.json").stat().st_mode & 0o777 == 0o600
    assert place.folder.stat().st_mode & 0o777 == 0o700
    await examine(place.settings())
    session = await Session.open(place.settings().matrix, place.folder)
    await session.close()
    assert (place.folder / "session.json").read_bytes() == stored


async def test_rooms_where_the_bot_can_do_nothing(place: Place) -> None:
    quiet = await place.room(power_level_content_override={"events_default": 50})
    encrypted = await place.room()
    await place.person.set_state(encrypted, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    other = await place.room(power_level_content_override={"events": {"m.room.message": 10}})
    place.rooms = {"community": [quiet, encrypted, "#nowhere:demo.localhost"]}
    report = await examine(place.settings())
    assert report.exit_code == 8
    assert codes(report) >= {
        "rooms.unknown",
        "power.speak",
        "power.describe",
        "rooms.no-moderation",
        "rooms.other",
    }
    problems = said(report, "problem")
    assert f"room {quiet} (community): The bot may not speak: power 0, speaking needs 50. Give" in problems
    assert f"room {encrypted} (community): The room is encrypted; the bot reads and writes there." in said(
        report, "ok"
    )
    assert "room #nowhere:demo.localhost (community): The homeserver does not know this alias." in problems
    warnings = said(report, "warning")
    assert f"room {other}: The bot may not speak: power 0, speaking needs 10." in warnings
    assert "No moderation room is set" in warnings


async def test_a_bot_that_runs_and_was_not_invited(place: Place) -> None:
    closed = await place.person.create_room(preset="private_chat")
    place.rooms = {"community": [closed]}
    async with RunningBot(
        place.homeserver, place.bot, place.folder.parent, matrix__password=PASSWORD, rooms__community=[closed]
    ):
        report = await examine(place.settings())
        assert (report.exit_code, "rooms.not-joined" in codes(report)) == (8, True)
        assert f"Invite {place.bot.user_id}, or unban it." in said(report, "problem")
        await place.person.invite(closed, place.bot.user_id)
        await joined(place.person, closed, place.bot.user_id)
        assert (await examine(place.settings())).exit_code == 0


async def test_power_to_describe_commands(place: Place) -> None:
    room = await place.room()
    place.rooms = {"community": [room]}
    report = await examine(place.settings())
    assert "power.describe" in codes(report)
    assert f"Give {place.bot.user_id} power 50 in the settings of the room" in said(report, "warning")
    await place.levels(room, events={EVENT_TYPE: 0})
    assert "power.describe" not in codes(await examine(place.settings()))
    await place.levels(room, events={EVENT_TYPE: 1})
    settings = place.settings()
    assert "power.describe" in codes(await examine(settings))
    settings.commands.describe = False
    assert "power.describe" not in codes(await examine(settings))


async def test_a_rate_limit_that_was_met(tmp_path: Path) -> None:
    async with await Homeserver.start(tmp_path / "homeserver", rate_limits=True) as limited:
        bot, person, other = [await limited.register(name, PASSWORD) for name in ("bot", "mia", "ana")]
        place = Place(limited, bot, person, tmp_path / "bot" / "data")
        room = await place.room()
        await person.invite(room, other.user_id)
        await other.join(room)
        async with RunningBot(limited, bot, tmp_path / "bot", matrix__password=PASSWORD) as running:
            assert "limit.unknown" in codes(await examine(place.settings()))
            await person.listen()
            # Each may ask some at once, and the bot may give ten answers at once.
            asked = [await one.say(room, "!term genocide") for _ in range(6) for one in (person, other)]
            await every_answer(person, bot.user_id, {room: asked})
            assert await running.end() == 0
        report = await examine(place.settings())
        assert (report.exit_code, "limit.met" in codes(report)) == (13, True)
        assert f"/_synapse/admin/v1/users/{bot.user_id}/override_ratelimit" in said(report, "problem")


async def test_an_encrypted_room_and_a_device_that_nobody_signed(place: Place) -> None:
    encrypted = await place.room()
    await place.person.set_state(encrypted, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    place.rooms = {"community": [encrypted]}
    async with RunningBot(place.homeserver, place.bot, place.folder.parent, matrix__password=PASSWORD) as bot:
        report = await examine(place.settings())
        assert f"room {encrypted} (community): The room is encrypted; the bot reads" in said(report, "ok")
        key = (place.folder / "recovery-key").read_text().strip()
        await bot.end()
    # Another device, without the key, with a wrong one, with the right one.
    shutil.rmtree(place.folder)
    for given, level, words in (
        (None, "problem", "Put the recovery key that was shown"),
        (RecoveryKey.new().text, "problem", "does not open the secret storage"),
        (key, "ok", "The recovery key opens the secret storage of the account. The bot signs its device with it"),
    ):
        report = await examine(place.settings(recovery_key=given))
        assert words in said(report, level)
        assert f"room {encrypted} (community): The room is encrypted, and the bot's device is not signed" in said(
            report, "problem"
        )
        assert given is None or given not in report.json()


async def test_a_recovery_key_is_made_beforehand() -> None:
    code, output, errors = await run({}, "--create-recovery-key")
    assert (code, errors) == (0, "")
    assert RecoveryKey.parse(output)


@pytest.mark.parametrize("room_version", ["11", "12"])
async def test_moderators_are_counted(place: Place, room_version: str) -> None:
    moderation = await place.room(room_version=room_version)
    absent = await place.homeserver.register(f"absent{next(_NUMBERS)}", PASSWORD)
    place.rooms = {"moderation": moderation}
    report = await examine(place.settings())
    assert "Moderators found (joined, power 50 or more): 1." in said(report, "ok")
    levels = await place.person.get_state(moderation, "m.room.power_levels")
    await place.levels(moderation, users={**levels["users"], absent.user_id: 50, place.bot.user_id: 50})
    report = await examine(place.settings())
    assert "Moderators found (joined, power 50 or more): 1." in said(report, "ok")
    await place.person.invite(moderation, absent.user_id)
    await absent.join(moderation)
    report = await examine(place.settings())
    assert "Moderators found (joined, power 50 or more): 2." in said(report, "ok")
    await absent.leave(moderation)
    await place.person.leave(moderation)
    report = await examine(place.settings())
    assert "No moderator was found" in said(report, "warning")


async def test_a_room_where_everybody_moderates(place: Place) -> None:
    moderation = await place.room()
    await place.levels(moderation, users_default=50)
    place.rooms = {"moderation": moderation}
    report = await examine(place.settings())
    assert "Everybody in this room is a moderator: power 50 is the default there." in said(report, "problem")
    assert (report.exit_code, "power.everybody" in codes(report)) == (9, True)


async def test_log_ins_that_fail(place: Place) -> None:
    report = await examine(place.settings(password="wrong"))
    assert (report.exit_code, "refused to log in" in said(report, "problem")) == (3, True)
    report = await examine(place.settings(password=None))
    assert (report.exit_code, "GAAMAC_MATRIX__PASSWORD" in said(report, "problem")) == (3, True)
    assert (await examine(place.settings())).exit_code == 0
    session = Client(place.homeserver.url)
    session.access_token = json.loads((place.folder / "session.json").read_text())["access_token"]
    await session.request("POST", "/_matrix/client/v3/logout", {})
    await session.close()
    report = await examine(place.settings())
    assert report.exit_code == 3
    assert f"move {place.folder / 'session.json'} away" in said(report, "problem")


async def test_a_homeserver_that_does_not_answer(place: Place) -> None:
    report = await examine(place.settings(homeserver="http://127.0.0.1:9"))
    assert report.exit_code == 4
    assert "http://127.0.0.1:9 does not answer as a homeserver should" in said(report, "problem")


async def test_databases_that_cannot_be_used(place: Place) -> None:
    place.folder.mkdir(mode=0o700)
    file = place.folder / "bot.db"
    database = await Database.open(databases.address(file))
    await database.close()
    assert f"Its schema is {schema.HEAD}, the newest." in said(await examine(place.settings()), "ok")
    databases.execute(file, "UPDATE alembic_version SET version_num = '9999'")
    report = await examine(place.settings())
    assert (report.exit_code, "Its schema is 9999" in said(report, "problem")) == (5, True)
    if databases.ON_POSTGRES:
        return
    file.write_bytes(b"no database" * 1000)
    report = await examine(place.settings())
    assert (report.exit_code, "It cannot be read" in said(report, "problem")) == (5, True)


async def test_a_folder_that_others_may_look_into(place: Place) -> None:
    place.folder.mkdir(mode=0o755)
    place.folder.chmod(0o755)
    report = await examine(place.settings())
    assert f"chmod -R go= {place.folder}" in said(report, "warning")
    assert not is_running(place.folder)


async def test_what_the_database_tells_about_work_and_limits(place: Place) -> None:
    place.folder.mkdir(mode=0o700)
    database = await Database.open(databases.address(place.folder / "bot.db"))
    now = datetime.now(UTC)
    late = now - timedelta(hours=1)
    rows = [
        OutboxRow(txn_id=f"t{number}", room_id="!r", kind="message", content={}, created_at=late)
        for number in range(22)
    ]
    async with database.write() as writer:
        stored = await outbox.add(writer, rows)
        for number, row in enumerate(stored[:20]):
            at = late + timedelta(seconds=number / 2)
            await outbox.sent(writer, [Sent(id=row.id, room_id=row.room_id, event_id=f"$e{number}", sent_at=at)])
        await outbox.refused(writer, stored[20].id, "403 M_FORBIDDEN", late)
    await database.close()
    report = await examine(place.settings())
    assert "took 20 messages within ten seconds" in said(report, "ok")
    warnings = said(report, "warning")
    assert "messages that wait to be sent: 1. The oldest since" in warnings
    assert "refused for good in the last 30 days: 1." in warnings


async def test_settings_that_are_wrong() -> None:
    code, output, errors = await run({"GAAMAC_MATRIX__USER_ID": "nobody"})
    assert (code, output) == (2, "")
    assert "a Matrix id looks like @gaamac-bot:example.org" in errors


def test_no_secret_is_shown() -> None:
    matrix = {
        "homeserver": "https://me:secret1@example.org",
        "user_id": "@b:example.org",
        "password": "secret2",
        "access_token": "secret3",
    }
    settings = Settings(
        matrix=MatrixSettings.model_validate(matrix),
        database_url="postgresql+asyncpg://bot:secret4@db/bot",
    )
    shown = summary(settings)
    assert "secret" not in " ".join(shown.values())
    assert shown["database_url"] == "postgresql+asyncpg://…@db/bot"
    assert shown["rooms.moderation"] == "not set"
