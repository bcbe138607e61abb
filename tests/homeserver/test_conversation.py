"""How answers look in a room, and what follows edits, redactions, invitations, kicks and upgrades."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from tests.homeserver.running import RunningBot, fresh, joined, reply_to, room_with_bot


class Scene:
    """A bot with a moderation room, a community room, and two members."""

    def __init__(self, bot: RunningBot, member: Client, other: Client, room: str) -> None:
        self.bot = bot
        self.member = member
        self.other = other
        self.room = room

    async def command(self, text: str, **options: Any) -> dict[str, Any]:
        """Say something as the member and return the event that answers."""
        event = await self.member.say(self.room, text, **options)
        return await self.member.answer_to(event, self.room)

    async def edit_of(self, event_id: str) -> dict[str, Any]:
        """Wait for an edit of an answer."""

        def is_edit(event: dict[str, Any]) -> bool:
            relation = event["content"].get("m.relates_to", {})
            return (relation.get("rel_type"), relation.get("event_id")) == ("m.replace", event_id)

        return await self.member.wait_for(self.room, is_edit)

    async def redaction_of(self, event_id: str) -> dict[str, Any]:
        """Wait until an answer is taken back."""

        def is_redaction(event: dict[str, Any]) -> bool:
            target = event.get("redacts") or event["content"].get("redacts")
            return (event["type"], target) == ("m.room.redaction", event_id)

        return await self.member.wait_for(self.room, is_redaction)

    def replies_to(self, event_id: str) -> int:
        return len([event for event in self.member.seen[self.room] if reply_to(event) == event_id])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    account = await homeserver.register(fresh("bot"), "secret", display_name="GAAMAC")
    member = await homeserver.register(fresh("mia"), "secret")
    other = await homeserver.register(fresh("other"), "secret")
    room = await room_with_bot(member, account, other)
    await member.listen()
    async with RunningBot(
        homeserver, account, tmp_path_factory.mktemp("scene"), invites__allowed=["@*:demo.localhost"]
    ) as bot:
        await joined(member, room, account.user_id)
        yield Scene(bot, member, other, room)


async def test_an_answer_is_a_notice_that_replies_and_mentions_who_asked(scene: Scene) -> None:
    content = (await scene.command("!term genocide"))["content"]
    assert content["msgtype"] == "m.notice"
    assert content["body"].startswith("Genocide (crime of genocide)\n")
    assert content["format"] == "org.matrix.custom.html"
    assert content["formatted_body"].startswith("<p><strong>Genocide</strong> (crime of genocide)<br>")
    assert content["m.mentions"] == {"user_ids": [scene.member.user_id]}
    assert set(content["m.relates_to"]) == {"m.in_reply_to"}


async def test_an_answer_stays_in_the_thread(scene: Scene) -> None:
    root = await scene.member.say(scene.room, "let us talk about terms")
    event = await scene.member.say(scene.room, "!status", thread=root)
    relation = (await scene.member.answer_to(event, scene.room))["content"]["m.relates_to"]
    assert relation == {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": False,
        "m.in_reply_to": {"event_id": event},
    }


async def test_what_a_member_wrote_comes_back_harmless(scene: Scene) -> None:
    content = (await scene.command("!term <b>@room</b> https://matrix.to/#/@x:y"))["content"]
    assert "<b>" not in content["formatted_body"]
    assert "@room" not in content["body"]
    assert "matrix.to" not in content["formatted_body"]
    assert content["m.mentions"] == {"user_ids": [scene.member.user_id]}


async def test_an_edit_of_the_command_edits_the_answer(scene: Scene) -> None:
    event = await scene.member.say(scene.room, "!term torture")
    answer = await scene.member.answer_to(event, scene.room)
    await scene.member.edit(scene.room, event, "!term impunity")
    edit = await scene.edit_of(answer["event_id"])
    assert edit["content"]["m.new_content"]["body"].startswith("Impunity")
    assert edit["content"]["body"].startswith("* Impunity")
    assert edit["content"]["m.mentions"] == {}
    # Once more, and the same answer is edited again.
    await scene.member.edit(scene.room, event, "!term dignity")

    def says_dignity(found: dict[str, Any]) -> bool:
        return bool(found["content"].get("m.new_content", {}).get("body", "").startswith("Dignity"))

    again = await scene.member.wait_for(scene.room, says_dignity)
    assert again["content"]["m.relates_to"]["event_id"] == answer["event_id"]
    assert scene.replies_to(event) == 1


async def test_an_edit_that_makes_a_command_is_answered(scene: Scene) -> None:
    event = await scene.member.say(scene.room, "term dignity")
    await scene.member.edit(scene.room, event, "!term dignity")
    answer = await scene.member.answer_to(event, scene.room)
    assert answer["content"]["body"].startswith("Dignity")
    await scene.member.edit(scene.room, event, "!term impunity")
    edit = await scene.edit_of(answer["event_id"])
    assert edit["content"]["m.new_content"]["body"].startswith("Impunity")


async def test_an_edit_that_takes_the_command_away_takes_the_answer_back(scene: Scene) -> None:
    event = await scene.member.say(scene.room, "!term dignity")
    answer = await scene.member.answer_to(event, scene.room)
    await scene.member.edit(scene.room, event, "never mind")
    await scene.redaction_of(answer["event_id"])


async def test_an_edit_does_not_repeat_a_change(scene: Scene) -> None:
    event = await scene.member.say(scene.room, "!language en")
    await scene.member.answer_to(event, scene.room)
    await scene.member.edit(scene.room, event, "!language fr")
    note = await scene.member.wait_for(
        scene.room, lambda found: str(found["content"].get("body", "")).startswith("An edit does not rerun")
    )
    assert note["sender"] == scene.bot.user_id
    assert (await scene.command("!language"))["content"]["body"].startswith("I answer you in English.")


async def test_nobody_edits_the_command_of_another(scene: Scene) -> None:
    event = await scene.member.say(scene.room, "!term torture")
    answer = await scene.member.answer_to(event, scene.room)
    await scene.other.edit(scene.room, event, "!term impunity")
    await scene.command("!status")  # the edit was before it in the same lane
    edits = [
        found
        for found in scene.member.seen[scene.room]
        if found["content"].get("m.relates_to", {}).get("event_id") == answer["event_id"]
    ]
    assert edits == []


async def test_a_redaction_of_the_command_redacts_the_answer(scene: Scene) -> None:
    event = await scene.member.say(scene.room, "!term torture")
    answer = await scene.member.answer_to(event, scene.room)
    await scene.member.redact(scene.room, event)
    redaction = await scene.redaction_of(answer["event_id"])
    assert redaction["sender"] == scene.bot.user_id


async def test_a_direct_chat_needs_no_prefix(scene: Scene) -> None:
    await scene.other.listen()
    chat = await scene.other.create_room(is_direct=True, invite=[scene.bot.user_id], preset="trusted_private_chat")
    # What is said before the bot could accept the invitation is meant for it, too.
    first = await scene.other.say(chat, "term dignity")
    answer = await scene.other.answer_to(first, chat)
    assert answer["content"]["body"].startswith("Dignity")
    assert (await scene.other.ask(chat, "term r2p")).startswith("Responsibility to protect (R2P, RtoP)")
    assert (await scene.other.ask(chat, "!term r2p")).startswith("Responsibility to protect")


async def test_a_bare_yes_is_to_what_was_asked_last_and_an_edit_is_none(scene: Scene) -> None:
    await scene.other.listen()
    chat = await scene.other.create_room(is_direct=True, invite=[scene.bot.user_id], preset="trusted_private_chat")
    event = await scene.other.say(chat, "term dignity")
    await scene.other.answer_to(event, chat)
    assert "If you agree, type me yes." in await scene.other.ask(chat, "me")
    await scene.other.edit(chat, event, "yes")

    def is_answered_anew(found: dict[str, Any]) -> bool:
        return bool(found["content"].get("m.new_content", {}).get("body", "").startswith("I don't know yes."))

    await scene.other.wait_for(chat, is_answered_anew)
    assert "If you agree, type me yes." in await scene.other.ask(chat, "me"), "nothing was agreed to"
    assert (await scene.other.ask(chat, "yes")).startswith("Thank you. I have noted that you agree.")


async def test_small_talk_in_a_room_is_not_answered(scene: Scene) -> None:
    silent = [await scene.member.say(scene.room, text) for text in ("hello", "! no", "I said !help")]
    await scene.command("!status")
    assert [scene.replies_to(event) for event in silent] == [0, 0, 0]


async def test_notices_are_not_answered(scene: Scene) -> None:
    event = await scene.other.send(scene.room, "m.room.message", {"msgtype": "m.notice", "body": "!status"})
    await scene.command("!status")
    assert scene.replies_to(event) == 0


async def test_what_was_said_before_the_bot_joined_is_not_answered(scene: Scene) -> None:
    room = await scene.member.create_room(name="Later", preset="public_chat")
    old = [await scene.member.say(room, "!status") for _ in range(120)]
    await scene.member.invite(room, scene.bot.user_id)
    await joined(scene.member, room, scene.bot.user_id)
    new = await scene.member.say(room, "!status")
    await scene.member.answer_to(new, room)
    assert not {reply_to(event) for event in scene.member.seen[room]} & set(old)


async def test_an_invitation_by_a_stranger_is_not_accepted(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    stranger = await homeserver.register(fresh("stranger"), "secret")
    friend = await homeserver.register(fresh("friend"), "secret")
    await friend.listen()
    refused = await room_with_bot(stranger, account)
    async with RunningBot(homeserver, account, tmp_path, invites__allowed=["@friend*:*"]):
        # The invitation waited from before the first sync.
        accepted = await room_with_bot(friend, account)
        await joined(friend, accepted, account.user_id)
    assert account.user_id not in await stranger.joined_members(refused)


async def test_invited_while_away(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    member = await homeserver.register(fresh("member"), "secret")
    await member.listen()
    bot = RunningBot(homeserver, account, tmp_path)
    async with bot:
        await bot.end()
        room = await room_with_bot(member, account)
        await bot.start()
        await joined(member, room, account.user_id)
        assert (await member.ask(room, "!status")).startswith("gaamac-bot")


async def test_a_kick_from_one_room_leaves_the_others(scene: Scene) -> None:
    room = await room_with_bot(scene.member, scene.bot.account)
    await joined(scene.member, room, scene.bot.user_id)
    await scene.member.ask(room, "!status")
    await scene.member.kick(room, scene.bot.user_id)
    assert (await scene.command("!status"))["content"]["body"].startswith("gaamac-bot")
    await scene.member.invite(room, scene.bot.user_id)

    assert (await scene.member.ask(room, "!status")).startswith("gaamac-bot")


async def test_an_upgraded_room_is_followed(scene: Scene) -> None:
    room = await room_with_bot(scene.member, scene.bot.account, room_version="11", preset="public_chat")
    await joined(scene.member, room, scene.bot.user_id)
    upgraded = await scene.member.request(
        "POST", f"/_matrix/client/v3/rooms/{room}/upgrade", {"new_version": "12"}
    )
    successor = str(upgraded["replacement_room"])
    await joined(scene.member, successor, scene.bot.user_id)
    assert (await scene.member.ask(successor, "!status")).startswith("gaamac-bot")


async def test_a_room_that_was_not_upgraded_to_is_left(scene: Scene) -> None:
    room = await room_with_bot(scene.member, scene.bot.account)
    await joined(scene.member, room, scene.bot.user_id)
    trap = await scene.member.create_room(name="Not a successor", preset="public_chat")
    await scene.member.set_state(room, "m.room.tombstone", {"body": "", "replacement_room": trap})

    def left(event: dict[str, Any]) -> bool:
        return event.get("state_key") == scene.bot.user_id and event["content"].get("membership") == "leave"

    await scene.member.wait_for(trap, left)


async def test_one_login_is_used_for_all_starts(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    bot = RunningBot(homeserver, account, tmp_path)
    bot.sooner = False
    for _ in range(3):
        await bot.start()
        assert await bot.end() == 0
    devices = (await account.request("GET", "/_matrix/client/v3/devices"))["devices"]
    assert len(devices) == 2  # the one that registered the account, and the bot's
    data = tmp_path / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) & 0o077 for file in data.glob("*.*")} == {0}


async def test_a_logout_elsewhere_ends_the_bot_with_a_clear_message(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    bot = RunningBot(homeserver, account, tmp_path)
    async with bot:
        await account.request("POST", "/_matrix/client/v3/logout/all", {})
        assert await bot.exited() == 3
    assert "The homeserver has logged out" in str(bot.log[-1]["event"])


async def test_two_bots_do_not_share_a_data_folder(scene: Scene, homeserver: Homeserver) -> None:
    second = RunningBot(homeserver, scene.bot.account, scene.bot.folder)
    await second.start(ready=False)
    assert await second.exited() == 6
    assert "Another gaamac-bot is running" in str(second.log[-1]["event"])


async def test_a_flood_by_one_person_gets_one_warning(homeserver: Homeserver, tmp_path: Path) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    member = await homeserver.register(fresh("member"), "secret")
    other = await homeserver.register(fresh("other"), "secret")
    room = await room_with_bot(member, account, other)
    await member.listen()
    async with RunningBot(homeserver, account, tmp_path, flood__commands_per_minute="3"):
        await joined(member, room, account.user_id)
        asked = [await member.say(room, "!status") for _ in range(6)]
        last = await other.say(room, "!status")
        await member.wait_for(room, lambda event: reply_to(event) == last)
    answers = [event for event in member.seen[room] if reply_to(event) in asked]
    assert [reply_to(event) for event in answers] == asked[:4]
    assert answers[3]["content"]["body"].startswith("That is more than 3 commands in a minute.")
