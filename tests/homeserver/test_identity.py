"""The bot's cross-signing identity through lost folders, lost keys and wrong keys, against a real homeserver."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.client import v3
from bot.demo.homeserver import Homeserver
from bot.encryption.device_lists import read
from bot.encryption.secret_storage import RecoveryKey
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import RunningBot, fresh


@pytest.fixture
async def mia(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[NioMember]:
    member = await NioMember.enter(homeserver, fresh("mia"), tmp_path / "mia")
    yield member
    await member.close()


async def listed(bot: RunningBot) -> dict[str, Any]:
    """Return the keys of the bot as others are told them."""
    body: dict[str, Any] = {"device_keys": {bot.user_id: []}}
    return dict(await bot.account.request("POST", v3("keys", "query"), body))


async def signed_devices(bot: RunningBot) -> tuple[str | None, set[str]]:
    """Return the bot's master key and its devices that are signed by it."""
    master, _, devices = read(bot.user_id, await listed(bot))
    return master, {one.device_id for one in devices if one.cross_signed}


def recovery_key(bot: RunningBot) -> str:
    return (bot.folder / "data" / "recovery-key").read_text().strip()


def lose_the_folder(bot: RunningBot) -> None:
    shutil.rmtree(bot.folder / "data")


async def test_the_first_start_makes_an_identity_and_later_ones_keep_it(bot: RunningBot) -> None:
    master, devices = await signed_devices(bot)
    assert master is not None
    assert len(devices) == 1
    await bot.end()
    await bot.start()
    assert await signed_devices(bot) == (master, devices)
    said = [entry["event"] for entry in bot.log]
    assert said.count("made the bot's cross-signing identity") == 1
    key = recovery_key(bot)
    assert not any(key in str(entry) for entry in bot.log), "a recovery key is no matter for a log"


async def test_a_new_device_restores_the_identity(bot: RunningBot, mia: NioMember) -> None:
    master, devices = await signed_devices(bot)
    room = await mia.create(bot.user_id)
    await mia.meet(room, bot.user_id)
    await bot.end()
    key = recovery_key(bot)
    lose_the_folder(bot)
    bot.configure(matrix__recovery_key=key)
    await bot.start()
    now, all_signed = await signed_devices(bot)
    assert now == master, "members see no change of identity"
    assert len(all_signed - devices) == 1
    await mia.step(timeout=0)
    mia.listen()
    asked = await mia.say(room, "!term genocide")
    await mia.until(lambda: mia.answers(room, bot.user_id)[asked])


@pytest.mark.parametrize("given", [None, "EsTx A1b2", RecoveryKey.new().text], ids=["none", "nonsense", "wrong"])
async def test_an_identity_is_never_replaced(bot: RunningBot, mia: NioMember, given: str | None) -> None:
    before = await signed_devices(bot)
    closed = await mia.create(bot.user_id)
    opened = await mia.create(bot.user_id, encrypted=False)
    await mia.meet(closed, bot.user_id)
    await mia.meet(opened, bot.user_id)
    await bot.end()
    right = recovery_key(bot)
    lose_the_folder(bot)
    if given:
        bot.configure(matrix__recovery_key=given)
    await bot.start()
    assert await signed_devices(bot) == before
    problem = next(entry for entry in bot.log if entry["event"] == "the bot has no part in encrypted rooms")
    assert "RECOVERY_KEY" in problem["problem"]
    await mia.step(timeout=0)
    mia.listen()
    waiting = await mia.say(closed, "!term genocide")
    await mia.say(opened, "!status")
    await mia.until(lambda: any("gaamac-bot" in body for body in mia.bodies(opened, bot.user_id)))
    status = next(body for body in mia.bodies(opened, bot.user_id) if "gaamac-bot" in body)
    assert "I cannot read or write in encrypted rooms" in status
    assert not mia.bodies(closed, bot.user_id), "not a word in the clear in an encrypted room"
    # With the right key it goes on as if nothing had been.
    await bot.end()
    bot.configure(matrix__recovery_key=right)
    await bot.start()
    await mia.until(lambda: mia.answers(closed, bot.user_id)[waiting])


async def test_a_key_made_beforehand_is_used(homeserver: Homeserver, tmp_path: Path) -> None:
    key = RecoveryKey.new().text
    account = await homeserver.register(fresh("bot"), "secret")
    bot = RunningBot(homeserver, account, tmp_path / "bot", matrix__recovery_key=key)
    async with bot:
        master, devices = await signed_devices(bot)
        assert devices
        assert not (bot.folder / "data" / "recovery-key").exists()
        await bot.end()
        lose_the_folder(bot)
        await bot.start()
        assert (await signed_devices(bot))[0] == master
    await account.close()
