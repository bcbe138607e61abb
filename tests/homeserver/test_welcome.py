"""Newcomers on a real homeserver, in three languages, through kills: each is welcomed once, nobody else ever."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.answers import KEY
from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from storage import rooms as room_storage
from storage.database import Database
from tests import databases
from tests.extent import extent
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import RunningBot, fresh, joined, persistently, room_with_bot

LANGUAGES = ("en", "fr", "es")
NEW, KILLS = extent(10, 3), extent(12, 5)
"""Newcomers of each room, and how often the bot is killed meanwhile."""
OPEN = {"preset": "public_chat"}
WORDS = {
    "en": ("because you are new here", "term genocide: what a term means", "I answer you in English"),
    "fr": ("parce que vous venez d’arriver", "terme génocide\N{NO-BREAK SPACE}: ce que veut dire", "en français"),
    "es": ("porque acaba de llegar", "término genocidio: qué significa", "Le respondo en español"),
}
TOLD = {
    "en": ("me yes", "me category academia", "- Category: Academia"),
    "fr": ("moi oui", "moi catégorie monde universitaire", "- Catégorie\N{NO-BREAK SPACE}: Monde universitaire"),
    "es": ("yo sí", "yo categoría mundo académico", "- Categoría: Mundo académico"),
}


async def knows(folder: Path, rooms: Sequence[str]) -> None:
    """Wait until it is stored who is in these rooms."""
    database = await Database.open(databases.address(folder / "data" / "bot.db"))
    async with asyncio.timeout(120):
        while True:
            async with database.read() as reader:
                found = [await room_storage.one(reader, room) for room in rooms]
            if all(one is not None and one.members_known_at is not None for one in found):
                break
            await asyncio.sleep(0.2)
    await database.close()


async def chats(person: Client, bot: str) -> list[str]:
    """Return the rooms to which the bot has invited a person, or in which they are with it alone."""
    found = await persistently(lambda: person.request("GET", "/_matrix/client/v3/sync?timeout=0"))
    return [
        room_id
        for room_id, section in found.get("rooms", {}).get("invite", {}).items()
        if any(event["sender"] == bot for event in section["invite_state"]["events"])
    ]


async def in_languages(bot: RunningBot, owner: Client, rooms: dict[str, str]) -> None:
    for language, room in rooms.items():
        await joined(owner, room, bot.user_id)
        await owner.ask(room, f"!language room {language}")


async def come(
    chance: random.Random, rooms: dict[str, str], new: Sequence[tuple[str, Client]], old: dict[str, Client]
) -> set[str]:
    """Let all come in some order, and those who were there, too. Return who left again at once, and came back."""
    hasty = set()
    for place, (language, person) in enumerate(chance.sample(new, len(new))):
        await person.join(rooms[language])
        if place % 3 == 0:
            await person.set_display_name(f"I am number {place}")
        elif place % 3 == 1:
            await person.leave(rooms[language])
            await person.join(rooms[language])
            hasty.add(person.user_id)
        else:
            await person.join(rooms[LANGUAGES[(LANGUAGES.index(language) + 1) % 3]])
        before = old[language]
        await before.set_display_name(f"Here before number {place}")
        await before.leave(rooms[language])
        await before.join(rooms[language])
        await asyncio.sleep(chance.random())
    return hasty


async def test_through_kills_each_newcomer_is_welcomed_once_and_nobody_else(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    chance = random.Random()
    account, owner = [await homeserver.register(fresh(name), "secret") for name in ("bot", "owner")]
    old = {language: await homeserver.register(fresh("old"), "secret") for language in LANGUAGES}
    new = [
        (language, await homeserver.register(fresh("new"), "secret")) for language in LANGUAGES for _ in range(NEW)
    ]
    rooms = {language: await room_with_bot(owner, account, old[language], **OPEN) for language in LANGUAGES}
    await owner.listen()
    bot = RunningBot(
        homeserver,
        account,
        tmp_path / "bot",
        invites__allowed=["@*:demo.localhost"],
        rooms__community=list(rooms.values()),
        welcome__per_hour=3600,
    )
    async with bot:
        await in_languages(bot, owner, rooms)
        await knows(tmp_path / "bot", list(rooms.values()))

        coming = asyncio.create_task(come(chance, rooms, new, old))
        for _ in range(KILLS):
            await asyncio.sleep(0.5 + 4 * chance.random())
            await bot.end(signal.SIGKILL)
            await bot.start(ready=chance.random() < 0.5)
        hasty = await coming
        await bot.until_ready()
        async with asyncio.timeout(180):
            for _language, person in new:
                # Who is not there when the bot is about to write is left alone.
                while person.user_id not in hasty and not await chats(person, account.user_id):
                    await asyncio.sleep(0.5)
        await owner.ask(rooms["en"], "!status")
        await asyncio.sleep(5)  # What was to come twice would come with the next look of the clock.
        for _language, person in new:
            opened = await chats(person, account.user_id)
            if not opened and person.user_id in hasty:
                continue
            (direct,) = opened
            await person.join(direct)
            said = await _said(person, direct, account)
            # The chat is encrypted, and this client reads nothing; that it came once shows outside.
            assert len(said) == len({one["content"][KEY] for one in said}) == 1
        for person in old.values():
            assert await chats(person, account.user_id) == []
        assert await chats(owner, account.user_id) == []
        assert await bot.end() == 0
        assert not [entry for entry in bot.log if entry.get("event") == "a message will never be sent"]
    for one in (account, owner, *old.values(), *(person for _language, person in new)):
        await one.close()


async def _said(person: Client, room: str, account: Client) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        while True:
            history = await person.history(room)
            found = [
                one for one in history if one["sender"] == account.user_id and one["type"] == "m.room.encrypted"
            ]
            if found:
                return found
            await asyncio.sleep(0.3)


async def test_the_whole_way_of_a_newcomer_in_three_languages(homeserver: Homeserver, tmp_path: Path) -> None:
    """They come, read the welcome in an encrypted chat, tell of themselves, and take it back."""
    account, owner = [await homeserver.register(fresh(name), "secret") for name in ("bot", "owner")]
    people = {name: await NioMember.enter(homeserver, fresh("mia"), tmp_path / name) for name in LANGUAGES}
    rooms = {language: await room_with_bot(owner, account, **OPEN) for language in LANGUAGES}
    await owner.listen()
    bot = RunningBot(
        homeserver,
        account,
        tmp_path / "bot",
        invites__allowed=["@*:demo.localhost"],
        rooms__community=list(rooms.values()),
        welcome__per_hour=3600,
    )
    async with bot:
        await in_languages(bot, owner, rooms)
        await knows(tmp_path / "bot", list(rooms.values()))
        for language, person in people.items():
            await person.client.join(rooms[language])
            person.listen()
        for language, person in people.items():
            await _way(person, account.user_id, language)
        # Who moderates a room switches it off there, and it stays so.
        assert await owner.ask(rooms["en"], "!welcome off") == "I do not welcome who comes to this room."
        late = await homeserver.register(fresh("late"), "secret")
        await late.join(rooms["en"])
        await owner.ask(rooms["en"], "!status")
        await bot.end(signal.SIGKILL)
        await bot.start()
        await owner.ask(rooms["en"], "!status")
        assert await chats(late, account.user_id) == []
    for person in people.values():
        await person.close()
    for one in (account, owner, late):
        await one.close()


async def _way(person: NioMember, bot: str, language: str) -> None:
    await person.until(lambda: person.client.invited_rooms, 120)
    (direct,) = person.client.invited_rooms
    await person.client.join(direct)
    await person.until(lambda: person.bodies(direct, bot), 120)
    [welcome] = person.bodies(direct, bot)
    for words in WORDS[language]:
        assert words in welcome
    await person.meet(direct, bot)
    yes, category, told = TOLD[language]
    # "Yes" alone is enough: it answers what was asked last.
    for number, typed in enumerate((category, yes.split()[-1], category), start=2):
        await person.say(direct, typed)
        await person.until(lambda: len(person.bodies(direct, bot)) == number, 60)  # noqa: B023 - awaited at once
    _, refused, agreed, stored = person.bodies(direct, bot)
    assert yes in refused
    assert agreed.startswith(("Thank you.", "Merci.", "Gracias."))
    assert told in stored
