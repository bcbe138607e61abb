"""The whole way of a practice on a real homeserver: an encrypted talk, moderators who react, a publication."""

from __future__ import annotations

import asyncio
import random
import re
import signal
from collections import Counter
from collections.abc import Awaitable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.demo.client import Client, ClientError
from bot.demo.homeserver import Homeserver
from storage import audit
from storage.database import Database
from tests import databases
from tests.commands.test_practices import ANSWERS
from tests.extent import extent
from tests.homeserver.nio_member import ENCRYPTION, NioMember
from tests.homeserver.running import RunningBot, fresh, joined, room_with_bot


async def test_from_sharing_to_publication_with_real_clients_and_kills(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    mod = await homeserver.register(fresh("mod"), "secret")
    second = await homeserver.register(fresh("ana"), "secret")
    guest = await homeserver.register(fresh("guest"), "secret")
    office = await room_with_bot(mod, account, second, guest)
    await mod.set_state(office, "m.room.power_levels", await _powers(mod, office, {second.user_id: 50}))
    library = await room_with_bot(mod, account)
    author = await NioMember.enter(homeserver, fresh("mia"), tmp_path / "mia")
    community = await author.create(account.user_id, encrypted=False)
    async with RunningBot(
        homeserver,
        account,
        tmp_path / "bot",
        invites__allowed=["@*:demo.localhost"],
        rooms__moderation=office,
        rooms__practices=library,
    ) as bot:
        await mod.listen()
        for room in (office, library):
            await joined(mod, room, account.user_id)
        await author.meet(community, account.user_id)
        author.listen()
        await author.say(community, "!practice share")
        await author.until(lambda: author.client.invited_rooms)
        (direct,) = author.client.invited_rooms
        await author.client.join(direct)
        await author.until(lambda: author.bodies(direct, account.user_id))
        await author.meet(direct, account.user_id)
        for number, answer in enumerate(ANSWERS, start=2):
            await author.say(direct, answer)
            if number in (4, 9, 14):
                await bot.end(signal.SIGKILL)
                await bot.start(ready=False)
            await author.until(partial(_has, author, direct, account.user_id, number))
        shown = author.bodies(direct, account.user_id)[-1]
        assert "This will be published, if the moderators approve it:" in shown
        await author.say(direct, "practice send 1")

        queued = await mod.wait_for(office, _with("Submission 1 (practice): waiting for the moderators"), 30)
        assert author.user_id not in str(queued["content"])
        # Who is in the room without power, and who only types, decides nothing.
        await guest.react(office, queued["event_id"], "✅")
        refused = await mod.wait_for(office, _with("is for moderators"), 30)
        assert refused["sender"] == account.user_id
        # Two moderators at the same moment: one decision, and the other is told.
        await asyncio.gather(
            mod.react(office, queued["event_id"], "✅"), second.say(office, "!reject 1 This is news")
        )
        await author.until(lambda: len(author.bodies(direct, account.user_id)) == len(ANSWERS) + 3)
        told = author.bodies(direct, account.user_id)[-1]
        published = [one for one in await mod.history(library) if _with("Radio that warns early")(one)]
        if "is published" in told:
            assert len(published) == 1
        else:
            assert "do not take" in told
            assert published == []
        await mod.wait_for(office, _with("cannot be done now"), 30)
        # The message in the queue shows the state that it has now.
        state = "published" if published else "not taken"
        await mod.wait_for(office, _edited(f"Submission 1 (practice): {state}"), 30)
    for person in (mod, second, guest, account):
        await person.close()
    await author.close()


WAYS = extent(50, 20)
FORM = """!practice form
I have read what the bot says about privacy: yes
Title: {title}
Country: Kenya
Level: national
Led by: civil society
Summary: {summary}
Result: Fewer rumours were passed on.
I have the right to share this: yes
Nobody can be recognised who did not agree: yes
To be published: with the country only
To be seen by: everybody"""
WORDS = ["radio", "school", "museum", "market", "elders", "women", "youth", "port", "border", "river"]


async def test_many_ways_with_two_moderators_at_once_and_kills(homeserver: Homeserver, tmp_path: Path) -> None:
    """Each is decided once, whoever was first; nothing is lost, and nobody is told twice."""
    account = await homeserver.register(fresh("bot"), "secret")
    mod = await homeserver.register(fresh("mod"), "secret")
    second = await homeserver.register(fresh("ana"), "secret")
    author = await homeserver.register(fresh("mia"), "secret")
    office = await room_with_bot(mod, account, second)
    await mod.set_state(office, "m.room.power_levels", await _powers(mod, office, {second.user_id: 50}))
    library = await room_with_bot(mod, account)
    direct = await room_with_bot(author, account, is_direct=True)
    chance = random.Random(20261124)
    bot = RunningBot(
        homeserver,
        account,
        tmp_path / "bot",
        invites__allowed=["@*:demo.localhost"],
        rooms__moderation=office,
        rooms__practices=library,
        flood__commands_per_minute=0,
    )
    async with bot:
        for client in (mod, author):
            await client.listen()
        for room in (office, library):
            await joined(mod, room, account.user_id)
        await joined(author, direct, account.user_id)

        async def killed(*waits: float) -> None:
            for wait in waits:
                await asyncio.sleep(wait + chance.random())
                await bot.end(signal.SIGKILL)
                await bot.start(ready=False)

        async def forms() -> None:
            for number in range(WAYS):
                title = f"The {WORDS[number % 10]} of {WORDS[number // 10]} number {number}"
                summary = f"What {WORDS[number // 10]} and {WORDS[number % 10]} did together, {number} times."
                await author.say(direct, FORM.format(title=title, summary=summary))

        await asyncio.gather(forms(), killed(0.5, 1.0))
        previews = await _all(author, direct, account.user_id, "sends it to the moderators")
        presses = [author.react(direct, one["event_id"], "✅") for one in previews.values()]
        await asyncio.gather(_in_turn(presses), killed(0.5, 0.5))
        queued = await _all(mod, office, account.user_id, "waiting for the moderators")
        decisions = [
            asyncio.gather(
                mod.react(office, event["event_id"], "✅"), second.say(office, f"!reject {number} This is news")
            )
            for number, event in queued.items()
        ]
        await asyncio.gather(_in_turn(decisions), killed(0.5, 0.5, 0.5))
        await mod.wait_for(office, lambda _one: len(_told_late(mod, office)) >= WAYS, 120)
        await author.wait_for(direct, lambda _one: len(_news(author, direct)) >= WAYS, 120)
        # A while for what must not come: a second decision, a second message.
        await asyncio.sleep(3)
        news = Counter(_news(author, direct))
        titles = Counter(re.findall(r"number \d+", " ".join(news.elements())))
        assert sorted(titles.values()) == [1] * WAYS
        published = [said for said in news if "is published" in said]
        shown = [one for one in await mod.history(library) if _with("(!practice")(one)]
        assert len(shown) == len(published)
    query = "SELECT subject, count(*) FROM audit WHERE action IN ('approve', 'reject') GROUP BY subject"
    decided = databases.execute(_database(tmp_path), query)
    assert sorted(decided) == sorted((f"submission/{number}", 1) for number in range(1, WAYS + 1))
    found = databases.execute(_database(tmp_path), "SELECT state FROM submission")
    states = Counter(state for (state,) in found)
    assert states["published"] == len(published)
    assert states["published"] + states["rejected"] == WAYS
    opened = await Database.open(databases.address(_database(tmp_path)))
    async with opened.read() as reader:
        assert await audit.verify(reader) is None
    await opened.close()
    for person in (mod, second, author, account):
        await person.close()


async def test_who_may_not_decide_does_not_and_it_is_recorded(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    mod = await homeserver.register(fresh("mod"), "secret")
    demoted = await homeserver.register(fresh("ana"), "secret")
    outside = await homeserver.register(fresh("out"), "secret")
    forger = await NioMember.enter(homeserver, fresh("forger"), tmp_path / "forger")
    encryption = {"type": "m.room.encryption", "state_key": "", "content": ENCRYPTION}
    invited = [account.user_id, forger.user_id]
    office = await room_with_bot(mod, demoted, initial_state=[encryption])
    await demoted.join(office)
    for user_id in invited:
        await mod.invite(office, user_id)
    await forger.client.join(office)
    await mod.set_state(office, "m.room.power_levels", await _powers(mod, office, {demoted.user_id: 50}))
    community = await room_with_bot(outside, account)
    side = await room_with_bot(demoted, account)
    async with RunningBot(
        homeserver, account, tmp_path / "bot", invites__allowed=["@*:demo.localhost"], rooms__moderation=office
    ) as bot:
        for client, room in ((outside, community), (demoted, side)):
            await client.listen()
            await joined(client, room, account.user_id)
        await forger.meet(office, account.user_id)
        forger.listen()
        await outside.ask(community, "!focal suggest kenya The office moved, see https://example.org", 30)
        await forger.until(lambda: any("Submission 1" in said for said in forger.bodies(office, account.user_id)))

        # In an encrypted room anybody can send an event that says inside that it is of that type.
        forged = {**await _powers(mod, office, {forger.user_id: 100}), "state_key": ""}
        await forger.send(office, "m.room.power_levels", forged)
        await forger.say(office, "!approve 1")
        await forger.until(lambda: _count(forger.bodies(office, account.user_id), "is for moderators") == 1)
        # A moderator a second ago, whose app does not know it yet.
        await mod.set_state(office, "m.room.power_levels", await _powers(mod, office, {demoted.user_id: 0}))
        assert "is for moderators" in await demoted.ask(side, "!approve 1", 30)
        # Who is not in the room cannot even react: the homeserver refuses it.
        queued = next(one["event_id"] for one in await mod.history(office) if one["sender"] == account.user_id)
        with pytest.raises(ClientError) as error:
            await outside.react(office, queued, "✅")
        assert error.value.status == 403
        said = await outside.ask(community, "!approve 1", 30)
        assert "is for moderators" in said
        await bot.end()
    query = "SELECT subject, reason, actor FROM audit WHERE action = 'refused' ORDER BY id"
    attempts = databases.execute(_database(tmp_path), query)
    assert [(subject, command) for subject, command, _actor in attempts] == [("submission/1", "approve")] * 3
    assert len({actor for _subject, _command, actor in attempts}) == 3
    assert databases.execute(_database(tmp_path), "SELECT state FROM submission") == [("submitted",)]
    await forger.close()
    for person in (mod, demoted, outside, account):
        await person.close()


async def test_an_answer_is_corrected_by_an_edit_and_files_are_not_taken(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    author = await homeserver.register(fresh("mia"), "secret")
    direct = await room_with_bot(author, account, is_direct=True)
    async with RunningBot(homeserver, account, tmp_path / "bot", invites__allowed=["@*:demo.localhost"]):
        await author.listen()
        await joined(author, direct, account.user_id)
        await author.ask(direct, "practice share", 30)
        await author.ask(direct, "yes", 30)
        title = await author.say(direct, "Radio")
        await author.answer_to(title, direct, 30)
        edit = await author.edit(direct, title, "Radio that warns early")
        said = await author.answer_to(edit, direct, 30)
        assert said["content"]["body"].startswith("Corrected.")
        assert "(3 of" in said["content"]["body"]
        for words in ({}, {"filename": "here.jpg", "body": "This is our station"}):
            content = {
                "msgtype": "m.image",
                "body": "here.jpg",
                "url": "mxc://demo.localhost/no",
                "info": {},
                **words,
            }
            file = await author.send(direct, "m.room.message", content)
            said = await author.answer_to(file, direct, 30)
            assert said["content"]["body"].startswith("I take no files here:")
        assert "Radio that warns early" in await author.ask(direct, "preview", 30)
    await author.close()
    await account.close()


def _database(folder: Path) -> Path:
    return folder / "bot" / "data" / "bot.db"


async def _in_turn(some: Sequence[Awaitable[object]]) -> None:
    for one in some:
        await one


async def _all(client: Client, room: str, sender: str, words: str) -> dict[int, dict[str, Any]]:
    """Wait until a message of each number is there, and return them by their numbers."""
    found: dict[int, dict[str, Any]] = {}

    def seen(_one: object) -> bool:
        for event in client.seen.get(room, []):
            body = str(event["content"].get("body"))
            number = re.search(r"practice send (\d+)|^Submission (\d+)", body)
            if event["sender"] == sender and words in body and number and "m.new_content" not in event["content"]:
                found.setdefault(int(number[1] or number[2]), event)
        return len(found) >= WAYS

    await client.wait_for(room, seen, 180)
    return found


def _told_late(client: Client, room: str) -> list[str]:
    return [body for body in _bodies(client, room) if "cannot be done now" in body]


def _news(client: Client, room: str) -> list[str]:
    return [body for body in _bodies(client, room) if "is published" in body or "do not take" in body]


def _bodies(client: Client, room: str) -> list[str]:
    return [
        str(one["content"].get("body"))
        for one in client.seen.get(room, [])
        if "m.new_content" not in one["content"]
    ]


def _count(bodies: list[str], words: str) -> int:
    return sum(words in body for body in bodies)


def _has(author: NioMember, room: str, sender: str, count: int) -> bool:
    return len(author.bodies(room, sender)) == count


async def _powers(client: Client, room: str, users: dict[str, int]) -> dict[str, Any]:
    found = await client.get_state(room, "m.room.power_levels")
    return {**found, "users": {**found.get("users", {}), **users}}


def _with(words: str) -> Any:
    return lambda one: words in str(one["content"].get("body")) and "m.new_content" not in one["content"]


def _edited(words: str) -> Any:
    return lambda one: words in str(one["content"].get("m.new_content", {}).get("body"))
