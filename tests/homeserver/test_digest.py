"""The digest on a real homeserver: in rooms and in direct chats, in three languages, once through kills."""

from __future__ import annotations

import asyncio
import random
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.answers import KEY
from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from storage import digests, due
from storage.database import Database
from storage.due import Due
from tests import databases
from tests.commands.published import publish
from tests.extent import extent
from tests.homeserver.running import RunningBot, fresh, room_with_bot

KILLS = extent(6, 3)
HEADS = {"en": "The week from ", "fr": "La semaine du ", "es": "La semana del "}
CHOOSE = {"en": "digest weekly", "fr": "synthèse hebdomadaire", "es": "resumen semanal"}


async def test_rooms_and_persons_get_it_once_in_their_language_through_kills(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    people = {language: await homeserver.register(fresh("member"), "secret") for language in HEADS}
    places: dict[tuple[str, str], str] = {}
    async with RunningBot(homeserver, account, tmp_path / "bot", invites__allowed=["@*:demo.localhost"]) as bot:
        for language, person in people.items():
            await person.listen()
            room = await room_with_bot(person, account)
            chat = await room_with_bot(person, account, is_direct=True, preset="trusted_private_chat")
            await person.ask(chat, f"language {language}", 60)
            await person.ask(room, f"!language room {language}", 60)
            # Who made the room is its moderator; in the direct chat everybody speaks for themselves.
            await person.ask(chat, CHOOSE[language], 60)
            await person.ask(room, f"!{CHOOSE[language]}", 60)
            places |= {(language, "room"): room, (language, "chat"): chat}
        await bot.end()
        await _make_due(databases.address(tmp_path / "bot" / "data" / "bot.db"))
        chance = random.Random(9)
        for _ in range(KILLS):
            await bot.start(ready=False)
            await asyncio.sleep(0.5 + 1.5 * chance.random())
            await bot.end(signal.SIGKILL)
        await bot.start()
        for (language, _), room in places.items():
            async with asyncio.timeout(120):
                while not (said := await _digests(people[language], room, account)):
                    await asyncio.sleep(0.3)
            assert said[0]["content"]["body"].startswith(HEADS[language])
            assert "Radio that answers rumours" in said[0]["content"]["body"]
        # Whatever would be said twice was said by now: nothing is due or waits any more.
        await bot.end()
        for (language, _), room in places.items():
            (one,) = await _digests(people[language], room, account)
            assert one["content"][KEY]
    for person in (*people.values(), account):
        await person.close()


async def _make_due(url: str) -> None:
    """Publish something of the week that is over, and have all digests be due since half an hour."""
    now = datetime.now(UTC)
    database = await Database.open(url)
    try:
        await publish(database, "practice", "Radio that answers rumours", now - timedelta(days=1), country="KE")
        async with database.write() as writer:
            assert await digests.count(writer) == (3, 3)
            for one in await _planned(writer):
                payload = {"day": now.date().isoformat()}
                moved = one.model_copy(update={"due_at": now - timedelta(minutes=30), "payload": payload})
                await due.schedule(writer, moved)
    finally:
        await database.close()


async def _planned(writer: Any) -> list[Due]:
    later = datetime.now(UTC) + timedelta(days=30)
    return [one for one in await due.ready(writer, later, 1000) if one.kind == digests.KIND]


async def _digests(person: Client, room: str, account: Client) -> list[dict[str, Any]]:
    return [
        one
        for one in await person.history(room)
        if one["sender"] == account.user_id
        and str(one["content"].get("body", "")).startswith(tuple(HEADS.values()))
    ]
