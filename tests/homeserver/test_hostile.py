"""Events that stop or deceive other bots, sent by a real second client; and who has authority."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from bot.demo.client import Client, ClientError
from bot.demo.homeserver import Homeserver
from tests.extent import extent
from tests.homeserver.running import RunningBot, fresh, joined, room_with_bot

MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "device_id": "D"}

ROOM_EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("m.room.encrypted", {**MEGOLM, "sender_key": "", "session_id": ""}),
    ("m.room.encrypted", {**MEGOLM, "sender_key": "x", "session_id": ""}),
    ("m.room.encrypted", {**MEGOLM, "ciphertext": {"a": 1}}),
    ("m.room.encrypted", {}),
    ("m.room.message", {}),
    ("m.room.message", {"msgtype": "m.text"}),
    ("m.room.message", {"msgtype": "m.text", "body": 7}),
    ("m.room.message", {"msgtype": "m.text", "body": ["!status"]}),
    ("m.room.message", {"msgtype": "m.text", "body": "!status", "m.relates_to": []}),
    ("m.room.message", {"msgtype": "m.text", "body": "x", "m.relates_to": {"rel_type": "m.replace"}}),
    ("m.room.message", {"msgtype": "m.text", "body": "x", "m.relates_to": {"rel_type": "m.thread"}}),
    ("m.room.message", {"msgtype": "m.text", "body": "x", "m.mentions": {"user_ids": {"a": []}}}),
    ("m.room.message", {"msgtype": "m.text", "body": "!term \u0000 \u202e " + "x" * 20000}),
    ("m.room.message", {"msgtype": "m.text", "body": "!" + "term " * 5000}),
    ("m.room.message", {"msgtype": "m.text", "body": "“" * 5000}),
    ("m.reaction", {}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": {}}}),
    ("m.room.member", {"membership": "join"}),
    ("m.room.power_levels", {"users": "everybody"}),
    ("m.room.tombstone", {"replacement_room": 7}),
]


def nested(depth: int) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for _ in range(depth):
        content = {"a": content}
    return content


async def send_hostile(sender: Client, room: str) -> None:
    """Send what this homeserver lets through; some of it only others would pass on."""
    for kind, content in ROOM_EVENTS:
        with contextlib.suppress(ClientError):
            await sender.send(room, kind, content)


async def test_the_next_command_is_answered(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    member = await homeserver.register(fresh("member"), "secret")
    stranger = await homeserver.register(fresh("stranger"), "secret")
    room = await room_with_bot(member, account, stranger, power_levels={stranger.user_id: 100}, room_version="11")
    await member.listen()
    async with RunningBot(homeserver, account, tmp_path) as bot:
        await joined(member, room, account.user_id)
        device = (await account.request("GET", "/_matrix/client/v3/devices"))["devices"]
        wildcard = {
            "algorithm": "m.olm.v1.curve25519-aes-sha2",
            "sender_key": "x",
            "ciphertext": {"any key of the bot": {}},
        }
        assert device
        for content in (wildcard, {}, {"algorithm": 1}, nested(60)):
            await stranger.send_to_device("m.room.encrypted", {account.user_id: {"*": content}})
        await stranger.send_to_device("m.key.verification.key", {account.user_id: {"*": {"key": "/"}}})
        await send_hostile(stranger, room)
        for depth in (100, 500, 900):
            try:
                await stranger.send(
                    room, "m.room.message", {"msgtype": "m.text", "body": "x", "deep": nested(depth)}
                )
            except ClientError:
                break  # deeper than this homeserver itself can read
        assert (await member.ask(room, "!status")).startswith("gaamac-bot")
        first = bot.pid
        # And also by a bot that reads all of it again from the start of its downtime.
        await bot.end()
        await send_hostile(stranger, room)
        await bot.start()
        assert bot.pid != first
        said = await member.ask(room, "!status")
        assert "malformed" in said
        assert not [entry for entry in bot.log if entry.get("level") == "error"]


async def language_of_room(client: Client, room: str, code: str) -> str:
    return await client.ask(room, f"!language room {code}")


@pytest.mark.parametrize("version", extent(["11", "12"], ["12"]))
async def test_the_owner_of_a_room_has_authority_and_others_have_none(
    homeserver: Homeserver, tmp_path: Path, version: str
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    owner = await homeserver.register(fresh("owner"), "secret")
    member = await homeserver.register(fresh("member"), "secret")
    room = await room_with_bot(owner, account, member, room_version=version)
    await asyncio.gather(owner.listen(), member.listen())
    async with RunningBot(homeserver, account, tmp_path):
        await joined(owner, room, account.user_id)
        assert "français" in await language_of_room(owner, room, "fr")
        refused = await language_of_room(member, room, "en")
        assert "!language room" in refused or "!langue salon" in refused

        # A member says to be powerful, in events that a careless client library believes.
        forged = {"users": {member.user_id: 100}}
        with contextlib.suppress(ClientError):
            await member.send(room, "m.room.power_levels", forged)
        await member.send(room, "m.room.encrypted", {**MEGOLM, "type": "m.room.power_levels", **forged})
        with pytest.raises(ClientError):
            await member.set_state(room, "m.room.power_levels", forged)
        assert await language_of_room(member, room, "en") == refused

        # Real power counts at once, and so does its end.
        levels = await owner.get_state(room, "m.room.power_levels")
        users = dict(levels.get("users", {}))
        await owner.set_state(room, "m.room.power_levels", {**levels, "users": {**users, member.user_id: 50}})
        assert "English" in await language_of_room(member, room, "en")
        await owner.set_state(room, "m.room.power_levels", {**levels, "users": users})
        assert "!language room" in await language_of_room(member, room, "fr")


@pytest.mark.parametrize("version", extent(["11", "12"], ["12"]))
async def test_moderators_are_those_joined_to_the_moderation_room_with_power(
    homeserver: Homeserver, tmp_path: Path, version: str
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    owner = await homeserver.register(fresh("owner"), "secret")
    moderator = await homeserver.register(fresh("moderator"), "secret")
    powerless = await homeserver.register(fresh("powerless"), "secret")
    away = await homeserver.register(fresh("away"), "secret")
    moderation = await owner.create_room(
        room_version=version,
        invite=[account.user_id, moderator.user_id, powerless.user_id],
        power_levels={moderator.user_id: 50, away.user_id: 100},
    )
    await moderator.join(moderation)
    await powerless.join(moderation)
    community = await room_with_bot(away, account, owner, moderator, powerless)
    for client in (owner, moderator, powerless):
        await client.listen()
    async with RunningBot(
        homeserver, account, tmp_path, rooms__moderation=moderation, rooms__community=[community]
    ):
        await joined(owner, community, account.user_id)
        await joined(owner, moderation, account.user_id)
        assert "français" in await language_of_room(owner, community, "fr")
        assert "English" in await language_of_room(moderator, community, "en")
        assert "!language room" in await language_of_room(powerless, community, "fr")
        await moderator.leave(moderation)
        assert "!language room" in await language_of_room(moderator, community, "fr")


async def test_authority_follows_an_upgrade_of_the_moderation_room(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    owner = await homeserver.register(fresh("owner"), "secret")
    member = await homeserver.register(fresh("member"), "secret")
    moderation = await room_with_bot(owner, account, room_version="11")
    community = await room_with_bot(member, account, owner)
    await owner.listen()
    async with RunningBot(homeserver, account, tmp_path, rooms__moderation=moderation):
        await joined(owner, moderation, account.user_id)
        await joined(owner, community, account.user_id)
        upgraded = await owner.request(
            "POST", f"/_matrix/client/v3/rooms/{moderation}/upgrade", {"new_version": "12"}
        )
        successor = str(upgraded["replacement_room"])
        await owner.invite(successor, account.user_id)
        await joined(owner, successor, account.user_id)
        # Leaving the old room takes nothing away; what counts is the new one.
        await owner.leave(moderation)
        assert "français" in await language_of_room(owner, community, "fr")
