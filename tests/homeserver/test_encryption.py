"""Encrypted rooms against a real homeserver, with a member who uses another library."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import stat
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import nio  # type: ignore[import-untyped]
import pytest
from nio.crypto.attachments import decrypt_attachment  # type: ignore[import-untyped]

from bot.demo.client import Client, v3
from bot.demo.homeserver import Homeserver
from storage import glossary_csv
from tests import databases
from tests.extent import extent
from tests.homeserver.nio_member import ENCRYPTION, NioMember
from tests.homeserver.running import RunningBot, fresh

KILLED = extent(300, 80)

Enter = Callable[[str], Awaitable[NioMember]]


@pytest.fixture
async def enter(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Enter]:
    """Let members in; they leave in the end."""
    present = []

    async def one(name: str) -> NioMember:
        local = fresh(name)
        present.append(await NioMember.enter(homeserver, local, tmp_path / local))
        return present[-1]

    yield one
    for member in present:
        await member.close()


async def test_a_command_in_an_encrypted_room_is_answered_encrypted(enter: Enter, bot: RunningBot) -> None:
    mia = await enter("mia")
    room = await mia.create(bot.user_id)
    await mia.meet(room, bot.user_id)
    mia.listen()
    asked = await mia.say(room, "!term genocide")
    await mia.until(lambda: mia.answers(room, bot.user_id)[asked])
    answer = next(event for event in mia.seen[room] if event.sender == bot.user_id and hasattr(event, "body"))
    assert answer.body.startswith("Genocide")
    wire = await on_the_homeserver(mia, room, answer.event_id)
    assert wire["type"] == "m.room.encrypted"
    assert wire["content"]["m.relates_to"] == {"m.in_reply_to": {"event_id": asked}}
    assert "Genocide" not in json.dumps(wire)
    edited = await mia.send(
        room,
        "m.room.message",
        {
            "msgtype": "m.text",
            "body": "* !term impunity",
            "m.new_content": {"msgtype": "m.text", "body": "!term impunity"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": asked},
        },
    )
    assert edited
    await mia.until(lambda: any("mpunity" in body for body in mia.bodies(room, bot.user_id)))


async def test_a_direct_chat_and_what_came_while_the_bot_was_down(enter: Enter, bot: RunningBot) -> None:
    mia = await enter("mia")
    room = await mia.create(bot.user_id, direct=True)
    await mia.meet(room, bot.user_id)
    mia.listen()
    first = await mia.say(room, "term genocide")
    await mia.until(lambda: mia.answers(room, bot.user_id)[first])
    await bot.end()
    # More than the homeserver tells at once, so that there is a gap to fill.
    while_down = [await mia.say(room, f"term {name}") for name in ("impunity", "R2P", "early warning") * 40]
    # A new session, of which the bot learns after its start.
    mia.client.invalidate_outbound_session(room)
    while_down += [await mia.say(room, f"term {name}") for name in ("genocide", "refugee")]
    await bot.start()
    await mia.until(lambda: set(while_down) <= set(mia.answers(room, bot.user_id)))
    assert mia.answers(room, bot.user_id) == Counter(dict.fromkeys([first, *while_down], 1))


async def test_commands_through_kills(enter: Enter, bot: RunningBot) -> None:
    mia = await enter("mia")
    room = await mia.create(bot.user_id, rotation_period_msgs=40)
    await mia.meet(room, bot.user_id)
    mia.listen()
    chance = random.Random(7)
    asked: list[str] = []

    async def ask() -> None:
        for _ in range(KILLED):
            asked.append(await mia.say(room, "!term genocide"))  # noqa: PERF401 - one that fails keeps the others

    asking = asyncio.create_task(ask())
    while not asking.done():
        await asyncio.sleep(chance.uniform(0.3, 2.0))
        await bot.end(signal.SIGKILL)
        await bot.start(ready=False)
    await asking
    await mia.until(lambda: len(mia.answers(room, bot.user_id)) == KILLED, 240)
    await asyncio.sleep(1)
    assert mia.answers(room, bot.user_id) == Counter(dict.fromkeys(asked, 1))


async def test_encryption_is_turned_on_where_the_bot_is(enter: Enter, bot: RunningBot) -> None:
    mia = await enter("mia")
    room = await mia.create(bot.user_id, encrypted=False)
    await mia.meet(room, bot.user_id)
    mia.listen()
    before = await mia.say(room, "!term genocide")
    await mia.until(lambda: any(body.startswith("Genocide") for body in mia.bodies(room, bot.user_id)))
    await mia.client.room_put_state(room, "m.room.encryption", ENCRYPTION)
    await mia.until(lambda: mia.client.rooms[room].encrypted)
    after = await mia.say(room, "!term impunity")
    await mia.until(lambda: mia.answers(room, bot.user_id)[after])
    assert mia.answers(room, bot.user_id)[before] == 0, "that one was not encrypted"
    # Taking the setting back changes nothing: https://spec.matrix.org/latest/client-server-api/#mroomencryption
    await mia.client.room_put_state(room, "m.room.encryption", {"algorithm": "none"})
    status = await mia.say(room, "!status")
    await mia.until(lambda: mia.answers(room, bot.user_id)[status])


async def test_who_left_gets_no_key_and_who_comes_gets_one(enter: Enter, bot: RunningBot) -> None:
    mia, ben = await enter("mia"), await enter("ben")
    room = await mia.create(bot.user_id, ben.user_id)
    await ben.client.join(room)
    await mia.meet(room, bot.user_id, ben.user_id)
    mia.listen()
    first = await mia.say(room, "!term genocide")
    await mia.until(lambda: mia.answers(room, bot.user_id)[first])
    sessions = {one["session_id"] for one in own_sessions(bot)}
    assert shared_with(bot) >= {mia.user_id, ben.user_id}
    await ben.client.room_leave(room)
    await asyncio.sleep(1)
    second = await mia.say(room, "!term impunity")
    await mia.until(lambda: mia.answers(room, bot.user_id)[second])
    assert sessions.isdisjoint(one["session_id"] for one in own_sessions(bot)), "a new session was begun"
    assert ben.user_id not in shared_with(bot)
    assert mia.user_id in shared_with(bot)


async def test_sessions_rotate_as_the_room_says(enter: Enter, bot: RunningBot) -> None:
    mia = await enter("mia")
    room = await mia.create(bot.user_id, rotation_period_msgs=3)
    await mia.meet(room, bot.user_id)
    mia.listen()
    asked = [await mia.say(room, "!term genocide") for _ in range(8)]
    await mia.until(lambda: set(asked) <= set(mia.answers(room, bot.user_id)))
    answers = [event for event in mia.seen[room] if event.sender == bot.user_id and hasattr(event, "body")]
    assert sorted(Counter(event.session_id for event in answers).values()) == [2, 3, 3]


async def test_keys_are_kept_filled(enter: Enter, bot: RunningBot, homeserver: Homeserver) -> None:
    mia = await enter("mia")
    claimed = []
    for _ in range(60):
        found = await claim(mia, bot.user_id)
        claimed.append(found)
    assert None not in claimed, "where one-time keys run out, the fallback key is handed out"
    await bot.end()
    for _ in range(60):
        assert await claim(mia, bot.user_id) is not None, "also while the bot is away"


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "clear"])
async def test_a_file_is_encrypted_when_the_room_is(
    enter: Enter, homeserver: Homeserver, tmp_path: Path, encrypted: bool
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    mia = await enter("mia")
    room = await mia.create(account.user_id, encrypted=encrypted)
    async with RunningBot(homeserver, account, tmp_path / "bot", rooms__moderation=room) as bot:
        await mia.meet(room, bot.user_id)
        mia.listen()
        await mia.say(room, "!export glossary")
        kind = nio.RoomEncryptedFile if encrypted else nio.RoomMessageFile
        await mia.until(lambda: any(type(event) is kind for event in mia.seen[room]))
        event = next(event for event in mia.seen[room] if type(event) is kind)
        assert event.body.endswith(".csv")
        fetched = await mia.client.download(event.url)
        data = fetched.body
        if encrypted:
            assert b"genocide" not in data
            data = decrypt_attachment(data, event.key["k"], event.hashes["sha256"], event.iv)
        assert len(glossary_csv.read(data)) == 75
    await account.close()


async def test_seeds_cannot_be_read_and_files_are_the_bots_alone(bot: RunningBot) -> None:
    data = bot.folder / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ("session.json", "recovery-key", *([] if databases.ON_POSTGRES else ["bot.db"])):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
    await bot.end()
    session = json.loads((data / "session.json").read_text())
    assert databases.execute(data / "bot.db", "SELECT pickle FROM own_device")
    if databases.ON_POSTGRES:
        return  # Its files are the server's.
    stored = b"".join(file.read_bytes() for file in data.glob("bot.db*"))
    assert session["pickle_key"].encode() not in stored
    assert bytes.fromhex(session["pickle_key"]) not in stored
    assert b"cross_signing" not in stored, "the seeds are nowhere but in secret storage"


def own_sessions(bot: RunningBot) -> list[dict[str, Any]]:
    return _rows(bot, "SELECT * FROM own_room_key")


def shared_with(bot: RunningBot) -> set[str]:
    query = "SELECT s.user_id FROM room_key_share s JOIN own_room_key o USING (session_id) WHERE withheld IS NULL"
    return {row["user_id"] for row in _rows(bot, query)}


def _rows(bot: RunningBot, query: str) -> list[dict[str, Any]]:
    return databases.rows(bot.folder / "data" / "bot.db", query)


async def on_the_homeserver(member: NioMember, room: str, event_id: str) -> dict[str, Any]:
    """Return an event as the homeserver has it."""
    client = plain(member)
    try:
        return dict(await client.event(room, event_id))
    finally:
        await client.close()


async def claim(member: NioMember, user_id: str) -> dict[str, Any] | None:
    """Take one of the keys by which somebody can be written to."""
    client = plain(member)
    try:
        listed = await client.request("POST", v3("keys", "query"), {"device_keys": {user_id: []}})
        device = next(iter(listed["device_keys"][user_id]))
        wanted = {"one_time_keys": {user_id: {device: "signed_curve25519"}}}
        found = await client.request("POST", v3("keys", "claim"), wanted)
    finally:
        await client.close()
    keys: dict[str, Any] = found["one_time_keys"].get(user_id, {}).get(device, {})
    return next(iter(keys.values()), None)


def plain(member: NioMember) -> Client:
    """Return the member as one who knows nothing of encryption."""
    return Client(member.client.homeserver, member.user_id, "", member.client.access_token)
