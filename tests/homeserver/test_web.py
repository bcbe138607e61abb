"""The endpoints of a running bot: its numbers say what it did, and nothing of whom."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import aiohttp

from bot.demo.homeserver import Homeserver
from tests.homeserver.running import RunningBot, fresh, joined, room_with_bot


async def test_a_running_bot_is_ready_and_counts(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    member = await homeserver.register(fresh("mia"), "secret")
    room = await room_with_bot(member, account)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    allowed = ["@*:demo.localhost"]
    listen = f"127.0.0.1:{port}"
    bot = RunningBot(homeserver, account, tmp_path / "bot", invites__allowed=allowed, web__listen=listen)
    async with bot, aiohttp.ClientSession(f"http://{listen}") as web:
        await member.listen()
        await joined(member, room, account.user_id)
        await member.ask(room, "!term genocide", 30)
        await member.ask(room, "!nonsense", 30)
        async with web.get("/readyz") as answer:
            assert (answer.status, await answer.text()) == (200, "ready\n")
        async with web.get("/metrics") as answer:
            text = await answer.text()
        assert 'gaamac_commands_total{command="term",outcome="answered"} 1.0' in text
        assert 'gaamac_commands_total{command="unknown",outcome="answered"} 1.0' in text
        assert "gaamac_rooms 1.0" in text
        for secret in (member.user_id, room, "genocide", "nonsense"):
            assert secret not in text
        assert await bot.end(signal.SIGTERM) == 0
    await member.close()
    await account.close()
