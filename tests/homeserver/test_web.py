"""The endpoints of a running bot: its numbers say what it did, and nothing of whom."""

from __future__ import annotations

import contextlib
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from bot.demo.homeserver import Homeserver
from tests.homeserver.running import RunningBot, fresh, joined, room_with_bot


async def test_a_running_bot_is_ready_counts_and_tells_its_supervisor(
    homeserver: Homeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    systemd.bind(str(tmp_path / "notify"))
    systemd.setblocking(False)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
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
        assert {b"READY=1", b"WATCHDOG=1"} <= set(told(systemd))
        assert await bot.end(signal.SIGTERM) == 0
        assert b"STOPPING=1" in told(systemd)
    systemd.close()
    await member.close()
    await account.close()


def told(systemd: socket.socket) -> list[bytes]:
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(systemd.recv(100))
    return found
