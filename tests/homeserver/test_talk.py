"""A guided talk on a real homeserver, in an encrypted direct chat that the bot opens, through a kill."""

from __future__ import annotations

import signal
from pathlib import Path

from bot.demo.homeserver import Homeserver
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import RunningBot, fresh


async def test_a_moderator_is_asked_in_a_direct_chat_and_the_bot_is_killed(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    mod = await NioMember.enter(homeserver, fresh("mod"), tmp_path / "mod")
    office = await mod.create(account.user_id, encrypted=False)
    async with RunningBot(
        homeserver,
        account,
        tmp_path / "bot",
        invites__allowed=["@*:demo.localhost"],
        rooms__moderation=office,
    ) as bot:
        await mod.meet(office, account.user_id)
        mod.listen()
        await mod.say(office, "!event add")
        await mod.until(lambda: "I have asked you in a direct chat." in mod.bodies(office, account.user_id))
        await mod.until(lambda: mod.client.invited_rooms)
        (direct,) = mod.client.invited_rooms
        await mod.client.join(direct)

        async def asked(count: int, words: str) -> None:
            await mod.until(lambda: len(mod.bodies(direct, account.user_id)) == count)
            assert words in mod.bodies(direct, account.user_id)[-1]

        await asked(1, "(1 of 7) What is the event called?")
        await mod.meet(direct, account.user_id)
        await mod.say(direct, "Help in times of need")
        await asked(2, "(2 of 7) When does it begin")
        await bot.end(signal.SIGKILL)
        await mod.say(direct, "9 Dec 2027 at 15:00 Nairobi")
        await bot.start()
        await asked(3, "(3 of 7) How long")
        for count, (said, words) in enumerate(
            (
                ("90m", "(4 of 7)"),
                ("webinar", "(5 of 7)"),
                ("skip", "(6 of 7)"),
                ("skip", "(7 of 7)"),
                ("R2P", "Nothing has changed yet"),
            ),
            start=4,
        ):
            await mod.say(direct, said)
            await asked(count, words)
        await mod.say(direct, "yes")  # what was asked last was whether to do it
        await asked(9, "Done: event 35")
        assert bot.user_id == account.user_id
    await mod.close()
    await account.close()
