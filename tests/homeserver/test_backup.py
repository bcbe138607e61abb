"""A backup that is put back: nothing is answered twice, nothing lost, no reminder repeated."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nio  # type: ignore[import-untyped]
import pytest

from bot import announcing
from bot.demo.client import Client, v3
from bot.demo.homeserver import Homeserver
from bot.encryption.secret_storage import RecoveryKey
from bot.errors import EXIT_LOGIN
from storage import due, events, reminders
from storage.database import Database
from storage.due import Due
from storage.events import Event
from storage.occurrences import Timing
from storage.reminders import Reminder
from tests.extent import extent
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import RunningBot, every_answer, fresh, joined, room_with_bot

pytestmark = pytest.mark.sqlite("backups are of its file")

TERMS = ("genocide", "r2p", "torture", "impunity", "minority", "dignity", "hate speech", "early warning")
CONTENT = (
    "concept", "term", "definition", "source", "relation", "focal", "event", "submission", "review", "guidance",
    "audit", "change", "person", "following", "attendance", "reminder",
)  # fmt: skip
COMMANDS, ROOMS, MEMBERS = extent(500, 200), 3, 4
DUE = 12


def rows(data: Path, table: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data / "bot.db")) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)  # noqa: S608


async def meetings(data: Path, person: str, times: list[datetime]) -> None:
    """Put events into the calendar, of which an announcement and a reminder are due at each of these times."""
    database = await Database.open(f"sqlite+aiosqlite:///{data / 'bot.db'}")
    async with database.write() as writer:
        for number, at in enumerate(times):
            start = at.replace(second=0, microsecond=0) + timedelta(hours=20)
            kept = await events.add(
                writer,
                Event(
                    uid=f"meeting-{number}@example.org",
                    kind="meeting",
                    titles={"en": f"Meeting number {number}."},
                    timing=Timing(start=start.strftime("%Y-%m-%dT%H:%M"), zone="UTC"),
                    reminders=[],
                ),
                at,
            )
            key = kept.timing.start
            subject = f"{kept.id}/{key}/1"
            payload = {"event": kept.id, "key": key}
            await due.schedule(writer, Due(kind=announcing.ANNOUNCE, subject=subject, due_at=at, payload=payload))
            wish = Reminder(event_id=kept.id, person=person, minutes=60, zone="UTC")
            await reminders.add(writer, wish, at)
            remind = Due(kind=reminders.REMIND, subject=f"{kept.id}/60/{person}", due_at=at, payload={"key": key})
            await due.schedule(writer, remind)
    await database.close()


async def said_of_meetings(member: Client, room: str, bot: str) -> Counter[str]:
    """Count what the bot said of each meeting in a room."""
    bodies = [str(one["content"].get("body")) for one in await member.history(room) if one["sender"] == bot]
    return Counter(f"Meeting number {n}." for n in range(DUE) for body in bodies if f"Meeting number {n}." in body)


@pytest.mark.timeout(900)
async def test_commands_flow_while_a_backup_is_made_and_it_is_put_back_elsewhere(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    members = await asyncio.gather(*(homeserver.register(fresh("member"), "secret") for _ in range(MEMBERS)))
    watcher = members[0]
    rooms = [await room_with_bot(watcher, account, *members[1:]) for _ in range(ROOMS)]
    chat = await watcher.create_room(invite=[account.user_id], is_direct=True)
    await watcher.listen()
    settings: dict[str, Any] = {"invites__allowed": ["@*:demo.localhost"], "rooms__announcements": [rooms[0]]}
    old = RunningBot(homeserver, account, tmp_path / "old", **settings)
    new = RunningBot(homeserver, account, tmp_path / "new", **settings)
    connections = asyncio.Semaphore(8)
    asked: dict[str, list[str]] = {room: [] for room in rooms}

    def part(since: int, until: int) -> range:
        return range(COMMANDS * since // 100, COMMANDS * until // 100)

    async def ask(numbers: range) -> None:
        async def one(number: int) -> None:
            room = rooms[number % ROOMS]
            async with connections:
                asked[room].append(await members[number % MEMBERS].say(room, f"!term {TERMS[number % 8]}"))

        await asyncio.gather(*(one(number) for number in numbers))

    async with old:
        for room in (*rooms, chat):
            await joined(watcher, room, account.user_id)
        await watcher.ask(chat, "status")
        await old.end()
        began = datetime.now(UTC)
        # Some are due before the copy is made, some after it, some while no bot runs, and some at the end.
        await meetings(
            tmp_path / "old" / "data", watcher.user_id, [began + timedelta(seconds=2 * n) for n in range(DUE)]
        )
        await old.start()
        flowing = asyncio.create_task(ask(part(0, 40)))
        await asyncio.sleep(1)
        backup = tmp_path / "backup.tar.gz"
        code, printed = await old.command("backup", str(backup))
        assert code == 0, printed
        await flowing
        await ask(part(40, 60))
        flowing = asyncio.create_task(ask(part(60, 80)))
        await asyncio.sleep(0.3)
        await old.end(signal.SIGKILL)
        await flowing
        await ask(part(80, 90))
        await asyncio.sleep(3)
        code, printed = await new.command("restore", str(backup))
        assert code == 0, printed
        for table in CONTENT:
            assert rows(tmp_path / "new" / "data", table) == rows(tmp_path / "old" / "data", table), table
    # Another device: the homeserver does not recognise transaction ids of the old one.
    (tmp_path / "new" / "data" / "session.json").unlink()
    async with new:
        await ask(part(90, 100))
        assert sum(map(len, asked.values())) == COMMANDS
        await every_answer(watcher, account.user_id, {**asked})
        last = f"Meeting number {DUE - 1}."
        for room in (rooms[0], chat):
            await watcher.wait_for(room, lambda one: last in str(one["content"].get("body")), 60)
        await watcher.ask(rooms[0], "!status")  # whatever was to come twice has come by now
        for room in (rooms[0], chat):
            assert await said_of_meetings(watcher, room, account.user_id) == Counter(
                f"Meeting number {n}." for n in range(DUE)
            ), room
        await every_answer(watcher, account.user_id, {**asked})


async def test_in_an_encrypted_room_to_another_device_after_the_session_was_ended(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """The bot's messages there cannot be read by its new device; whom they answered can."""
    account = await homeserver.register(fresh("bot"), "secret")
    mia = await NioMember.enter(homeserver, fresh("mia"), tmp_path / "mia")
    key = RecoveryKey.new().text
    old = RunningBot(homeserver, account, tmp_path / "old", matrix__recovery_key=key)
    new = RunningBot(homeserver, account, tmp_path / "new", matrix__recovery_key=key)
    try:
        async with old:
            room = await mia.create(account.user_id)
            await mia.meet(room, account.user_id)
            mia.listen()
            first = await mia.say(room, "!term genocide")
            await mia.until(lambda: mia.answers(room, account.user_id)[first])
            backup = tmp_path / "backup.tar.gz"
            assert (await old.command("backup", str(backup)))[0] == 0
            since = [await mia.say(room, f"!term {name}") for name in TERMS[:4]]
            await mia.until(lambda: set(since) <= set(mia.answers(room, account.user_id)))
            assert await old.end() == 0
        nobody = [await mia.say(room, f"!term {name}") for name in TERMS[4:]]
        assert (await new.command("restore", str(backup)))[0] == 0
        stored = tmp_path / "new" / "data" / "session.json"
        login = json.loads(stored.read_text())
        ended = Client(homeserver.url, account.user_id, login["device_id"], login["access_token"])
        await ended.request("POST", v3("logout"), {})
        await ended.close()
        await new.start(ready=False)
        assert await new.exited() == EXIT_LOGIN
        assert "move away" in str(new.log[-1])
        stored.unlink()
        await new.start()
        # The key of what was said while no bot ran went to the device that is gone.
        await mia.meet(room, account.user_id)
        mia.client.invalidate_outbound_session(room)
        last = await mia.say(room, "!term dignity")
        await mia.until(lambda: mia.answers(room, account.user_id)[last])
        again = mia.answers(room, account.user_id)
        assert [again[one] for one in (first, *since)] == [1] * 5
        assert all(again[one] <= 1 for one in nobody)
    finally:
        await new.end(signal.SIGKILL)
        await mia.close()
        await account.close()


async def test_in_an_encrypted_room_to_the_same_device(homeserver: Homeserver, tmp_path: Path) -> None:
    """What nobody answered is answered, and the bot is understood, though its Olm sessions are of the copy."""
    account = await homeserver.register(fresh("bot"), "secret")
    mia = await NioMember.enter(homeserver, fresh("mia"), tmp_path / "mia")
    key = RecoveryKey.new().text
    old = RunningBot(homeserver, account, tmp_path / "old", matrix__recovery_key=key)
    new = RunningBot(homeserver, account, tmp_path / "new", matrix__recovery_key=key)
    try:
        async with old:
            room = await mia.create(account.user_id)
            await mia.meet(room, account.user_id)
            mia.listen()
            first = await mia.say(room, "!term genocide")
            await mia.until(lambda: mia.answers(room, account.user_id)[first])
            backup = tmp_path / "backup.tar.gz"
            assert (await old.command("backup", str(backup)))[0] == 0
            since = [await mia.say(room, f"!term {name}") for name in TERMS[:4]]
            await mia.until(lambda: set(since) <= set(mia.answers(room, account.user_id)))
            await old.end(signal.SIGKILL)
        nobody = [await mia.say(room, f"!term {name}") for name in TERMS[4:]]
        assert (await new.command("restore", str(backup)))[0] == 0
        async with new:
            asked = [first, *since, *nobody]
            await mia.until(lambda: set(asked) <= set(mia.answers(room, account.user_id)))
            last = await mia.say(room, "!term dignity")
            await mia.until(lambda: mia.answers(room, account.user_id)[last])
            assert mia.answers(room, account.user_id) == Counter([*asked, last])
            assert not [event for event in mia.seen[room] if isinstance(event, nio.MegolmEvent)], "all is readable"
    finally:
        await mia.close()
        await account.close()
