"""Announcements on a real homeserver: late once after downtime, however often the bot is killed."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import announcing
from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from storage import due, events
from storage.database import Database
from storage.due import Due
from storage.events import Event
from storage.occurrences import Timing
from tests import databases
from tests.extent import extent
from tests.homeserver.running import RunningBot, fresh, joined, room_with_bot

KILLS, ROOMS, COUNT = extent(5, 2), 5, extent(40, 20)
"""200 announcements in all."""
AWAY = extent(60, 4)
"""Seconds in which the homeserver is away."""


def training(number: int, start: datetime) -> Event:
    return Event(
        uid=f"training-{number}@example.org",
        kind="training",
        titles={"en": f"Training number {number}.", "fr": f"Formation numéro {number}."},
        timing=Timing(start=start.strftime("%Y-%m-%dT%H:%M"), zone="UTC"),
    )


async def test_200_reminders_through_kills_and_a_homeserver_away_come_late_and_once(tmp_path: Path) -> None:
    """The bot is killed at odd moments, so is the homeserver, and away for a while; none is lost or doubled."""
    async with await Homeserver.start(tmp_path / "homeserver") as homeserver:
        account = await homeserver.register("bot", "secret")
        member = await homeserver.register("mia", "secret")
        rooms = [await room_with_bot(member, account) for _ in range(ROOMS)]
        await member.listen()
        bot = RunningBot(
            homeserver,
            account,
            tmp_path / "bot",
            invites__allowed=["@*:demo.localhost"],
            rooms__announcements=rooms,
        )
        async with bot:
            for room in rooms:
                await joined(member, room, account.user_id)
            said = await member.ask(rooms[1], "!language room fr")
            assert "français" in said
            await bot.end()
            await _make_due(tmp_path / "bot")
            for pause in range(KILLS):
                await bot.start(ready=False)
                await asyncio.sleep(0.8 + pause * 0.3)
                await bot.end(signal.SIGKILL)
            await bot.start(ready=False)
            await asyncio.sleep(0.5)
            await homeserver.kill()
            await asyncio.sleep(AWAY)
            await homeserver.restart()
            await asyncio.sleep(1)
            await bot.end(signal.SIGKILL)
            await bot.start(ready=False)
            for number, room in enumerate(rooms):
                words = "Formation numéro" if number == 1 else "Training number"
                for count in range(COUNT):
                    await _said(member, room, f"{words} {count}.")
            await member.ask(rooms[0], "!status")  # whatever was to come twice has come by now
            for room in rooms:
                history = await member.history(room)
                bodies = [str(one["content"].get("body")) for one in history if one["sender"] == account.user_id]
                announced = [body for body in bodies if "number" in body or "numéro" in body]
                assert len(announced) == len(set(announced)) == COUNT
                assert all("away" in body or "absent" in body for body in announced)


async def _make_due(folder: Path) -> None:
    """Put events into the calendar of which the announcements fell due an hour ago."""
    now = datetime.now(UTC)
    database = await Database.open(databases.address(folder / "data" / "bot.db"))
    async with database.write() as writer:
        for number in range(COUNT):
            kept = await events.add(writer, training(number, now + timedelta(days=1)), now)
            key = kept.timing.start
            payload = {"event": kept.id, "key": key}
            at = now - timedelta(hours=1)
            one = Due(kind=announcing.ANNOUNCE, subject=f"{kept.id}/{key}/1", due_at=at, payload=payload)
            await due.schedule(writer, one)
    await database.close()


async def _said(member: Client, room: str, words: str) -> None:
    def speaks(one: dict[str, Any]) -> bool:
        return words in str(one["content"].get("body"))

    await member.wait_for(room, speaks, 60)


async def test_a_moderator_adds_an_event_and_cancels_it_by_reactions(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    moderator = await homeserver.register(fresh("mod"), "secret")
    office = await room_with_bot(moderator, account)
    room = await room_with_bot(moderator, account)
    await moderator.listen()
    async with RunningBot(
        homeserver,
        account,
        tmp_path / "bot",
        invites__allowed=["@*:demo.localhost"],
        rooms__moderation=office,
        rooms__announcements=[room],
    ):
        await joined(moderator, office, account.user_id)
        await joined(moderator, room, account.user_id)
        shown = await _shown(moderator, office, '!event add 9 Dec 2027 15:00 Nairobi 90m "Early warning" webinar')
        assert "Thursday, 9 December 2027, 15:00–16:30 (Africa/Nairobi, UTC+3)" in shown["content"]["body"]
        await moderator.react(office, shown["event_id"], "✅")
        done = await moderator.answer_to(shown["event_id"], office)
        assert done["content"]["body"] == "Done: !event 35"
        assert "Early warning (webinar)" in await moderator.ask(room, "!event 35")
        shown = await _shown(moderator, office, "!event cancel 35 The venue is not available")
        await moderator.react(office, shown["event_id"], "✅")
        await moderator.answer_to(shown["event_id"], office)
        assert "Cancelled. The venue is not available" in await moderator.ask(room, "!event 35")
    await moderator.close()
    await account.close()


async def _shown(member: Client, room: str, typed: str) -> dict[str, Any]:
    """Say something and return the event that answers."""
    event = await member.say(room, typed)
    return await member.answer_to(event, room)
