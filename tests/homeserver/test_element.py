"""With the library that Element is made of, which speaks only with devices that their owners have signed."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.demo.homeserver import Homeserver
from tests.homeserver.element_member import ElementMember
from tests.homeserver.running import RunningBot, fresh

Enter = Callable[[], Awaitable[ElementMember]]


@pytest.fixture
async def member() -> AsyncIterator[ElementMember]:
    one = await ElementMember.start()
    yield one
    await one.stop()


@pytest.fixture
async def mia(homeserver: Homeserver, member: ElementMember) -> ElementMember:
    account = await homeserver.register(fresh("mia"), "secret")
    await account.close()
    await member.login(homeserver.url, account.user_id)
    return member


async def asked_and_answered(mia: ElementMember, room: str, body: str) -> None:
    """Say something and see the answer as Element would show it: decrypted, from a signed device, no shield."""
    event = await mia.call("say", room=room, body=body)
    await answered(mia, room, event)


async def answered(mia: ElementMember, room: str, event: str) -> None:
    answer = await mia.call("answer", room=room, event=event)
    assert answer["body"].startswith("Genocide")
    assert answer["wire"] == "m.room.encrypted"
    assert answer["signedByOwner"] is True
    assert (answer["shield"], answer["reason"]) == (0, None)
    assert await mia.call("count", room=room, event=event) == 1


async def test_rooms_chats_restarts_and_a_lost_folder(mia: ElementMember, bot: RunningBot) -> None:
    room = await mia.call("create_room", invite=[bot.user_id])
    chat = await mia.call("create_room", invite=[bot.user_id], direct=True)
    for one in (room, chat):
        await mia.call("joined", room=one, user=bot.user_id)
    await asked_and_answered(mia, room, "!term genocide")
    await asked_and_answered(mia, chat, "term genocide")
    await bot.end()
    await bot.start()
    await asked_and_answered(mia, room, "!term genocide")
    await bot.end()
    while_down = [await mia.call("say", room=room, body="!term genocide") for _ in range(5)]
    await bot.start()
    for event in while_down:
        await answered(mia, room, event)
    # The folder is lost, the recovery key is not.
    before = await mia.call("devices", user=bot.user_id)
    await bot.end()
    key = (bot.folder / "data" / "recovery-key").read_text().strip()
    shutil.rmtree(bot.folder / "data")
    bot.configure(matrix__recovery_key=key)
    await bot.start()
    after = await mia.call("devices", user=bot.user_id)
    assert len(after) == len(before) + 1
    assert all(device["signedByOwner"] for device in after.values())
    await asked_and_answered(mia, room, "!term genocide")
    await asked_and_answered(mia, chat, "term genocide")


async def test_the_database_outlives_the_file_with_its_key(mia: ElementMember, bot: RunningBot) -> None:
    room = await mia.call("create_room", invite=[bot.user_id])
    await mia.call("joined", room=room, user=bot.user_id)
    await asked_and_answered(mia, room, "!term genocide")
    await bot.end()
    key = (bot.folder / "data" / "recovery-key").read_text().strip()
    (bot.folder / "data" / "session.json").unlink()
    bot.configure(matrix__recovery_key=key)
    await bot.start()
    # Element gives the new device the key that it speaks with already, of which the database has a copy.
    await asked_and_answered(mia, room, "!term genocide")


@pytest.mark.parametrize("where", ["to-device", "in a room", "in an encrypted room"])
async def test_verification_by_emoji(mia: ElementMember, bot: RunningBot, where: str) -> None:
    room = await mia.call("create_room", invite=[bot.user_id], direct=True, encrypted=where != "in a room")
    await mia.call("joined", room=room, user=bot.user_id)
    if where == "in a room":
        # The library verifies only those whose keys it follows: who is in an encrypted room with it.
        shared = await mia.call("create_room", invite=[bot.user_id])
        await mia.call("joined", room=shared, user=bot.user_id)
        await asked_and_answered(mia, shared, "!term genocide")
    device = next(iter(await mia.call("devices", user=bot.user_id)))
    place = {"device": device} if where == "to-device" else {"room": room}
    seen = await mia.call("verify", user=bot.user_id, **place)
    assert seen["verified"] is True
    assert all(one["verified"] for one in (await mia.call("devices", user=bot.user_id)).values())
    shown = next(entry for entry in bot.log if entry["event"] == "compare these emoji")
    assert shown["user"] == mia.user_id
    for sign, _name in seen["emoji"]:
        assert sign in json.dumps(shown, ensure_ascii=False)
    assert any(entry["event"] == "verified" for entry in bot.log), "verified on the bot's side, too"


async def test_the_operator_sees_the_bot_as_verified_in_element(
    homeserver: Homeserver, member: ElementMember, bot: RunningBot
) -> None:
    key = (bot.folder / "data" / "recovery-key").read_text().strip()
    found = await member.call(
        "restore",
        homeserver=homeserver.url,
        user=bot.user_id,
        password="secret",
        recovery_key=key,
    )
    assert found["ready"] is True
    assert len(found["devices"]) == 2
    assert all(device["signedByOwner"] for device in found["devices"].values()), found


async def test_the_bot_restores_an_identity_that_element_made(
    homeserver: Homeserver, member: ElementMember, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    await member.login(homeserver.url, account.user_id)
    key = await member.call("make_storage")
    async with RunningBot(homeserver, account, tmp_path / "bot", matrix__recovery_key=key) as bot:
        assert any(entry["event"] == "restored the bot's cross-signing identity" for entry in bot.log)
        devices = await member.call("devices", user=bot.user_id)
        assert len(devices) == 2
        assert all(device["signedByOwner"] for device in devices.values())
    await account.close()
