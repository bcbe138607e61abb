"""Safe mode on a real homeserver, as a process: a full disk, one for reading only, a database that is held."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from tests.homeserver.running import RunningBot, fresh, joined, reply_to, room_with_bot
from tests.storage.test_failures import held

pytestmark = pytest.mark.sqlite("its file is damaged")

MEGABYTES = 24
CANNOT, AGAIN = "I cannot work at the moment.", "I work again."


class Place:
    """A bot, a member who moderates, a room to ask in, and the moderation room."""

    def __init__(self, bot: RunningBot, member: Client, room: str, moderation: str) -> None:
        self.bot = bot
        self.member = member
        self.room = room
        self.moderation = moderation

    async def said(self, words: str) -> str:
        """Wait until the bot says something in the moderation room that begins so, and return it."""

        def is_it(event: dict[str, Any]) -> bool:
            return event["sender"] == self.bot.user_id and str(event["content"].get("body")).startswith(words)

        return str((await self.member.wait_for(self.moderation, is_it, 90))["content"]["body"])

    def told(self, words: str) -> int:
        """Count how often something was said that begins so."""
        seen = self.member.seen.get(self.moderation, [])
        return len([event for event in seen if str(event["content"].get("body")).startswith(words)])

    def answers(self, asked: str) -> int:
        return len([event for event in self.member.seen[self.room] if reply_to(event) == asked])

    async def answered_once(self, *asked: str) -> None:
        for one in asked:
            await self.member.answer_to(one, self.room, 120)
        await self.member.ask(self.room, "!status", 60)  # whatever was to come twice has come by now
        assert [self.answers(one) for one in asked] == [1] * len(asked)


@asynccontextmanager
async def place(homeserver: Homeserver, folder: Path) -> AsyncIterator[Place]:
    account = await homeserver.register(fresh("bot"), "secret")
    member = await homeserver.register(fresh("mia"), "secret")
    room = await room_with_bot(member, account)
    moderation = await room_with_bot(member, account)
    await member.listen()
    bot = RunningBot(
        homeserver,
        account,
        folder,
        invites__allowed=["@*:demo.localhost"],
        rooms__moderation=moderation,
        notices__away_minutes="0.1",  # so that it looks every second or two
    )
    async with bot:
        await joined(member, room, account.user_id)
        await joined(member, moderation, account.user_id)
        await member.ask(room, "!status", 60)
        yield Place(bot, member, room, moderation)
    await member.close()
    await account.close()


def mount(*arguments: str) -> bool:
    command = ["mount", *arguments]
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0  # noqa: S603
    except OSError:
        return False


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", str(folder)):
        pytest.skip("a small disk can only be had by an account that may mount one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False, timeout=30)  # noqa: S603, S607


def fill(disk: Path) -> Path:
    """Fill a disk to the last byte; return the file that does it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return ballast


async def test_a_disk_that_is_full_loses_no_command_and_doubles_none(homeserver: Homeserver, disk: Path) -> None:
    async with place(homeserver, disk) as here:
        fill(disk)
        asked = [await here.member.say(here.room, command) for command in ("!term genocide", "!language en")]
        said = await here.said(CANNOT)
        assert "The disk with my database is full. The operator must make room on it." in said
        assert [here.answers(one) for one in asked] == [0, 0], "neither an answer nor an excuse"
        # A supervisor that ends it changes nothing: it starts in safe mode.
        await here.bot.end(signal.SIGKILL)
        await here.bot.start(ready=False)
        asked.append(await here.member.say(here.room, "!term impunity"))
        await logged(here.bot, "safe mode")
        assert here.bot.log[-1].get("cause", "full") == "full"
        await asyncio.sleep(3)
        assert here.told(CANNOT) == 1
        (disk / "ballast").unlink()
        await here.said(AGAIN)
        await here.answered_once(*asked)
        assert (here.told(CANNOT), here.told(AGAIN)) == (1, 1)
        assert await here.bot.end() == 0


async def test_a_full_disk_that_gets_room_while_the_bot_runs(homeserver: Homeserver, disk: Path) -> None:
    async with place(homeserver, disk) as here:
        fill(disk)
        asked = await here.member.say(here.room, "!term genocide")
        await here.said(CANNOT)
        (disk / "ballast").unlink()
        await here.said(AGAIN)
        await here.answered_once(asked)
        assert (here.told(CANNOT), here.told(AGAIN)) == (1, 1)
        assert not [one for one in here.bot.log if one["event"] == "safe mode"], "it ran all the time"


async def test_a_folder_for_reading_only_is_said_and_used_when_it_can_be_written(
    homeserver: Homeserver, disk: Path
) -> None:
    async with place(homeserver, disk) as here:
        await here.bot.end()
        assert mount("-o", "remount,ro", str(disk))
        await here.bot.start(ready=False)
        assert "I may not write in my data folder" in await here.said(CANNOT)
        asked = await here.member.say(here.room, "!term genocide")
        assert await here.bot.end() == 0, "it stops when it is told to"
        await here.bot.start(ready=False)
        await logged(here.bot, "still in safe mode")
        assert here.told(CANNOT) == 1
        assert mount("-o", "remount,rw", str(disk))
        await here.said(AGAIN)
        await here.answered_once(asked)


async def test_a_database_that_is_held_for_three_seconds_delays_and_for_longer_is_said(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    async with place(homeserver, tmp_path / "bot") as here:
        path = tmp_path / "bot" / "data" / "bot.db"
        async with held(path):
            asked = await here.member.say(here.room, "!term genocide")
            await asyncio.sleep(3)
            assert here.answers(asked) == 0
        await here.answered_once(asked)
        assert here.told(CANNOT) == 0
        async with held(path):
            asked = await here.member.say(here.room, "!term genocide")
            assert "Another program holds my database." in await here.said(CANNOT)
            assert here.answers(asked) == 0
        await here.said(AGAIN)
        await here.answered_once(asked)
        await here.bot.end()
        # Within the hour it is not said again; it is held at the start.
        asked = await here.member.say(here.room, "!term impunity")
        async with held(path):
            await here.bot.start(ready=False)
            await logged(here.bot, "safe mode")
        await here.answered_once(asked)
        assert here.told(CANNOT) == 1


async def test_a_session_that_is_ended_while_it_waits_ends_it(homeserver: Homeserver, tmp_path: Path) -> None:
    async with place(homeserver, tmp_path / "bot") as here:
        await here.bot.end()
        path = tmp_path / "bot" / "data" / "bot.db"
        path.write_bytes(b"these are my holiday photos" * 1000)
        await here.bot.account.request("POST", "/_matrix/client/v3/logout/all", {})
        await here.bot.start(ready=False)
        assert await here.bot.exited() == 3
        assert "The homeserver has logged out" in str(here.bot.log[-1]["event"])


async def logged(bot: RunningBot, event: str) -> None:
    async with asyncio.timeout(90):
        while not [one for one in bot.log if one["event"] == event]:
            await asyncio.sleep(0.1)
