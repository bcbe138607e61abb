"""The map, the import by file and reaction, and what goes to the moderators, on a real homeserver."""

from __future__ import annotations

import asyncio
import io
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from bot.encryption.attachments import seal
from commands.map import size
from tests.homeserver.nio_member import NioMember
from tests.homeserver.running import RunningBot, fresh, joined, reply_to, room_with_bot

HEAD = "kind,country,title_en,status,as_of,evidence,source"


def table(country: str, title: str = "Ministry of Justice") -> bytes:
    return f"{HEAD}\nr2p_focal_point,{country},{title},active,2026,A,Note verbale\n".encode()


async def upload(client: Client, data: bytes, mimetype: str = "text/csv") -> str:
    """Put a file into the media repository and return its address."""
    headers = {"Authorization": f"Bearer {client.access_token}", "Content-Type": mimetype}
    url = f"{client.homeserver}/_matrix/media/v3/upload"
    async with aiohttp.ClientSession() as http, http.post(url, data=io.BytesIO(data), headers=headers) as answer:
        return str((await answer.json())["content_uri"])


async def download(client: Client, address: str) -> bytes:
    headers = {"Authorization": f"Bearer {client.access_token}"}
    url = f"{client.homeserver}/_matrix/client/v1/media/download/{address.removeprefix('mxc://')}"
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        assert answer.status == 200
        return await answer.read()


class Desk:
    """A bot with a moderation room, a community room, a moderator and a member of both."""

    def __init__(self, bot: RunningBot, moderator: Client, member: Client, office: str, room: str) -> None:
        self.bot = bot
        self.moderator = moderator
        self.member = member
        self.office = office
        self.room = room

    async def send_file(self, data: bytes, caption: str | None = None, **content: Any) -> str:
        """Post a table in the moderation room."""
        body = {"body": caption or "table.csv", "filename": "table.csv", "msgtype": "m.file"}
        info = {"mimetype": "text/csv", "size": len(data)}
        url = await upload(self.moderator, data)
        return await self.moderator.send(
            self.office, "m.room.message", {**body, "url": url, "info": info, **content}
        )

    async def answer(self, event: str) -> dict[str, Any]:
        return await self.moderator.answer_to(event, self.office)

    async def said(self, text: str, **options: Any) -> str:
        """Say something as the moderator and return the answer."""
        event = await self.moderator.say(self.office, text, **options)
        return str((await self.answer(event))["content"]["body"])

    async def button(self, event: str, key: str) -> dict[str, Any]:
        """Wait until the bot has put a button under a message."""

        def is_button(one: dict[str, Any]) -> bool:
            relation = one["content"].get("m.relates_to", {})
            return (one["type"], one["sender"], relation.get("event_id"), relation.get("key")) == (
                "m.reaction", self.bot.user_id, event, key,
            )  # fmt: skip

        return await self.moderator.wait_for(self.office, is_button)

    async def next_said(self, text: str) -> dict[str, Any]:
        """Wait until the bot says something with these words in the moderation room."""

        def speaks(one: dict[str, Any]) -> bool:
            return one["sender"] == self.bot.user_id and text in str(one["content"].get("body"))

        return await self.moderator.wait_for(self.office, speaks)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    account = await homeserver.register(fresh("bot"), "secret", display_name="GAAMAC")
    moderator = await homeserver.register(fresh("mod"), "secret")
    member = await homeserver.register(fresh("mia"), "secret")
    office = await room_with_bot(moderator, account, member)
    room = await room_with_bot(member, account, moderator)
    await moderator.listen()
    await member.listen()
    async with RunningBot(
        homeserver,
        account,
        tmp_path_factory.mktemp("desk"),
        invites__allowed=["@*:demo.localhost"],
        rooms__moderation=office,
    ) as bot:
        await joined(moderator, office, account.user_id)
        await joined(member, room, account.user_id)
        yield Desk(bot, moderator, member, office, room)


async def test_the_map_is_a_picture_with_a_thumbnail_and_words(desk: Desk) -> None:
    event = await desk.member.say(desk.room, "!focal map africa")
    answer = await desk.member.answer_to(event, desk.room)
    assert answer["content"]["body"] == "The network in Africa, as far as it is on record."

    def is_picture(one: dict[str, Any]) -> bool:
        return one["content"].get("msgtype") == "m.image" and reply_to(one) == event

    content = (await desk.member.wait_for(desk.room, is_picture))["content"]
    assert content["filename"] == "focal-africa.png"
    assert content["body"].startswith("Map of Africa: 3 with an R2P focal point on record")
    data = await download(desk.member, content["url"])
    assert size(data) == (content["info"]["w"], content["info"]["h"])
    assert len(data) == content["info"]["size"]
    small = await download(desk.member, content["info"]["thumbnail_url"])
    assert size(small)[0] == content["info"]["thumbnail_info"]["w"] == 800


async def test_an_import_by_caption_is_applied_by_a_reaction_and_undone(desk: Desk) -> None:
    preview = await desk.answer(await desk.send_file(table("Norway"), "!import focal"))
    assert preview["content"]["body"].startswith("New: 1; changed: 0; removed: 0; as before: 0.")
    await desk.button(preview["event_id"], "✅")
    await desk.button(preview["event_id"], "❌")
    # A member of the room without power presses first.
    await desk.member.react(desk.office, preview["event_id"], "✅")
    refused = await desk.next_said("is for moderators")
    assert refused["content"]["m.mentions"] == {"user_ids": [desk.member.user_id]}
    assert "I have no record" in await desk.said("!focal norway")
    await desk.moderator.react(desk.office, preview["event_id"], "✅\ufe0f")
    done = await desk.next_said("is done. New: 1")
    assert reply_to(done) == preview["event_id"]
    assert "Ministry of Justice" in await desk.said("!focal norway")
    await desk.moderator.react(desk.office, preview["event_id"], "❌")
    await desk.next_said("is done already.")
    assert "is taken back. 1 record is as before." in await desk.said("!import undo")
    assert "I have no record" in await desk.said("!focal norway")


async def test_an_import_in_reply_to_a_file(desk: Desk) -> None:
    file = await desk.send_file(table("Iceland"))
    said = await desk.said("!import focal", reply_to=file)
    assert said.startswith("New: 1;")
    text = await desk.moderator.say(desk.office, "not a file")
    assert await desk.said("!import focal", reply_to=text) == (
        "The message that this replies to is no file. Reply to the one with the file."
    )
    assert "I cannot find the file" in await desk.said("!import focal", reply_to="$nothing")


async def test_an_import_waits_for_its_file(desk: Desk) -> None:
    assert (await desk.said("!import focal")).startswith("Send me the table (CSV) within ten minutes.")
    answer = await desk.answer(await desk.send_file(table("Sweden")))
    assert answer["content"]["body"].startswith("New: 1;")
    # It was waiting for one only.
    before = len(desk.moderator.seen[desk.office])
    ignored = await desk.send_file(table("Finland"))
    await desk.said("!status")
    assert all(reply_to(one) != ignored for one in desk.moderator.seen[desk.office][before:])


async def test_a_file_sent_right_behind_the_command(desk: Desk) -> None:
    await desk.moderator.say(desk.office, "!import focal")
    answer = await desk.answer(await desk.send_file(table("Latvia")))
    assert answer["content"]["body"].startswith("New: 1;")


async def test_a_file_of_ten_megabytes_is_refused_with_its_size(desk: Desk) -> None:
    data = f"{HEAD}\n".encode() + b"r2p_focal_point,Kenya,x,active,2026,A,x\n" * 262_144
    answer = await desk.answer(await desk.send_file(data, "!import focal"))
    assert answer["content"]["body"] == "The file has 10.0 MB; I take up to 8 MB. Nothing was changed."
    # Who lies about the size is found out while it is read.
    lie = await desk.answer(await desk.send_file(data, "!import focal", info={"size": 10}))
    assert "I take up to 8 MB" in lie["content"]["body"]


async def test_a_member_cannot_make_the_bot_fetch_files(desk: Desk) -> None:
    url = await upload(desk.member, table("Norway"))
    content = {"msgtype": "m.file", "body": "!import focal", "filename": "t.csv", "url": url, "info": {}}
    event = await desk.member.send(desk.room, "m.room.message", content)
    assert "is for moderators" in (await desk.member.answer_to(event, desk.room))["content"]["body"]


async def test_a_suggestion_reaches_the_moderators_without_its_author(desk: Desk) -> None:
    event = await desk.member.say(desk.room, "!focal suggest kenya It is at the Office of the Attorney General")
    thanks = await desk.member.answer_to(event, desk.room)
    assert "they do not see who you are" in thanks["content"]["body"]
    post = await desk.next_said("It is at the Office of the Attorney General")
    assert desk.member.user_id not in str(post["content"])
    assert post["content"]["m.mentions"] == {}


async def test_a_reaction_while_the_bot_is_down_is_done_once(desk: Desk) -> None:
    preview = await desk.answer(await desk.send_file(table("Estonia"), "!import focal"))
    await desk.button(preview["event_id"], "❌")
    await desk.bot.end(signal.SIGKILL)
    await desk.moderator.react(desk.office, preview["event_id"], "✅")
    await desk.bot.start()
    await desk.next_said("is done. New: 1")
    assert "Ministry of Justice" in await desk.said("!focal estonia")


async def test_killed_between_the_steps_nothing_is_lost_or_doubled(desk: Desk) -> None:
    for country, pause in (("Portugal", 0.0), ("Malta", 0.02), ("Cyprus", 0.05), ("Austria", 0.15)):
        event = await desk.send_file(table(country), "!import focal")
        await asyncio.sleep(pause)
        await desk.bot.end(signal.SIGKILL)
        await desk.bot.start()
        preview = await desk.answer(event)
        await desk.button(preview["event_id"], "❌")
        await desk.moderator.react(desk.office, preview["event_id"], "✅")
        await asyncio.sleep(pause)
        await desk.bot.end(signal.SIGKILL)
        await desk.bot.start()
        assert "Ministry of Justice" in await desk.said(f"!focal {country}")
        history = await desk.moderator.history(desk.office)
        assert len([one for one in history if reply_to(one) == event]) == 1
        assert len([one for one in history if reply_to(one) == preview["event_id"]]) == 1


async def test_in_an_encrypted_moderation_room(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    moderator = await NioMember.enter(homeserver, fresh("mod"), tmp_path / "mod")
    office = await moderator.create(account.user_id)
    async with RunningBot(
        homeserver, account, tmp_path / "bot", invites__allowed=["@*:demo.localhost"], rooms__moderation=office
    ) as bot:
        await moderator.meet(office, bot.user_id)
        moderator.listen()
        client = Client(homeserver.url, moderator.user_id, "", moderator.client.access_token)
        ciphertext, file = seal(table("Norway"))
        url = await upload(client, ciphertext, "application/octet-stream")
        content = {"msgtype": "m.file", "body": "table.csv", "filename": "table.csv", "file": {**file, "url": url}}
        event = await moderator.send(office, "m.room.message", content)
        await moderator.say(office, "!import focal", **{"m.relates_to": {"m.in_reply_to": {"event_id": event}}})
        await moderator.until(lambda: any("New: 1;" in body for body in moderator.bodies(office, bot.user_id)))
        await client.close()
    await moderator.close()
    await account.close()
