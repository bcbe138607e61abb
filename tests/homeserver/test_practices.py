"""The whole way of a practice on a real homeserver: an encrypted talk, moderators who react, a publication."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from pathlib import Path
from typing import Any

from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from tests.commands.test_practices import ANSWERS
from tests.homeserver.nio_member import NioMember
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
            if number in (4, 9):
                await bot.end(signal.SIGKILL)
                await bot.start(ready=False)
            await author.until(partial(_has, author, direct, account.user_id, number))
        shown = author.bodies(direct, account.user_id)[-1]
        assert "This will be published, if the moderators approve it:" in shown
        await author.say(direct, "practice send 1")

        queued = await mod.wait_for(office, _with("Submission 1: waiting for the moderators"), 30)
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
        await mod.wait_for(office, _edited(f"Submission 1: {state}"), 30)
    for person in (mod, second, guest, account):
        await person.close()
    await author.close()


def _has(author: NioMember, room: str, sender: str, count: int) -> bool:
    return len(author.bodies(room, sender)) == count


async def _powers(client: Client, room: str, users: dict[str, int]) -> dict[str, Any]:
    found = await client.get_state(room, "m.room.power_levels")
    return {**found, "users": {**found.get("users", {}), **users}}


def _with(words: str) -> Any:
    return lambda one: words in str(one["content"].get("body")) and "m.new_content" not in one["content"]


def _edited(words: str) -> Any:
    return lambda one: words in str(one["content"].get("m.new_content", {}).get("body"))
