"""Reading: gaps are filled, edits of strangers ignored, and nothing that a homeserver says stops the inbox."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from bot.encryption.own_device import MEGOLM
from bot.parts import ANSWERING_SECONDS
from storage import inbox as storage
from storage import unreadable
from tests.bot.conftest import NOW, running, synced, until
from tests.bot.fake_homeserver import BOT, MIA, FakeHomeserver, text_event
from tests.bot.scripted import Answer, proxy_error, refuse, reply, truncated

SEALED = base64.b64encode(b"\x03\x08\x00\x12\x10" + bytes(16 + 8 + 64)).decode().rstrip("=")
"""A message that is encrypted as its form says, and with which key nobody knows."""


async def answered(fake: FakeHomeserver, commands: list[str]) -> None:
    """Wait until all are answered; assert that each was, once and in order."""
    await until(lambda: all(fake.answers_to()[command] for command in commands))
    assert fake.answers_to() == dict.fromkeys(commands, 1)
    replied = [one.content["m.relates_to"]["m.in_reply_to"]["event_id"] for one in fake.taken]
    assert replied == commands


async def away_while(fake: FakeHomeserver, folder: Path, commands: int) -> list[str]:
    """Let the bot come to know the room; then write commands into it while the bot is away."""
    async with running(fake, folder):
        await synced(fake)
    await fake.stop()
    await fake.start()
    return [await fake.say("!status") for _ in range(commands)]


def pages_since_it_was_away(fake: FakeHomeserver) -> list[str]:
    """Return from where it asked for pages; its own answers may make gaps later, as timelines are short here."""
    return [page.query["from"] for page in fake.requests("messages") if page.query["to"] == "s0"]


async def test_a_gap_is_filled_page_by_page(fake: FakeHomeserver, tmp_path: Path) -> None:
    fake.timeline_limit, fake.page_limit = 5, 10
    commands = await away_while(fake, tmp_path, 42)
    async with running(fake, tmp_path):
        await answered(fake, commands)
    assert len(pages_since_it_was_away(fake)) == 4


async def test_an_empty_page_is_not_the_end(fake: FakeHomeserver, tmp_path: Path) -> None:
    fake.timeline_limit, fake.page_limit = 2, 10
    commands = await away_while(fake, tmp_path, 12)
    # What a filter leaves of a page may be nothing.
    fake.script("messages", reply({"start": "s10", "end": "s10.1", "chunk": []}))
    fake.script("messages", reply({"start": "s10.1", "end": "s10", "chunk": []}))
    async with running(fake, tmp_path):
        await answered(fake, commands)
    assert pages_since_it_was_away(fake) == ["s10", "s10.1", "s10"]


@pytest.mark.parametrize(
    "fault", [proxy_error(), truncated, refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=100), reply([])]
)
async def test_a_page_that_fails_repeats_the_round_and_nothing_is_lost_or_doubled(
    fake: FakeHomeserver, tmp_path: Path, fault: Answer
) -> None:
    fake.timeline_limit, fake.page_limit = 2, 3
    commands = await away_while(fake, tmp_path, 10)

    async def good(request: Any, server: FakeHomeserver) -> Any:
        return await server.answer(request)

    fake.script("messages", good, fault, good, fault)
    async with running(fake, tmp_path):
        await answered(fake, commands)
        extra = await fake.say("!status")
        await answered(fake, [*commands, extra])
    assert len(pages_since_it_was_away(fake)) == 2 + 2 + 3


async def test_a_page_that_is_refused_for_good_does_not_keep_others_waiting(
    fake: FakeHomeserver, tmp_path: Path
) -> None:
    fake.timeline_limit = 2
    commands = await away_while(fake, tmp_path, 5)
    fake.always("messages", refuse(403, "M_FORBIDDEN"))
    async with running(fake, tmp_path):
        await answered(fake, commands[-2:])
    assert len(fake.requests("messages")) == 1


async def test_what_was_said_before_the_bot_came_is_not_answered(fake: FakeHomeserver, tmp_path: Path) -> None:
    await fake.say("!status")
    async with running(fake, tmp_path):
        await synced(fake)
        command = await fake.say("!status")
        await answered(fake, [command])


async def test_events_that_are_told_again_are_not_answered_again(fake: FakeHomeserver, tmp_path: Path) -> None:
    commands = await away_while(fake, tmp_path, 3)
    async with running(fake, tmp_path):
        await answered(fake, commands)
    # As after a crash, or from a homeserver that was restored from a backup.
    async with running(fake, tmp_path) as bot, bot.database.write() as writer:
        await storage.advance(writer, "s0", NOW)
    async with running(fake, tmp_path):
        commands.append(await fake.say("!status"))
        await answered(fake, commands)


async def test_hostile_events_are_dropped_and_the_next_command_is_answered(
    fake: FakeHomeserver, tmp_path: Path
) -> None:
    deep: Any = {}
    for _ in range(400):  # more than our limit, less than that of the encoder which this test uses
        deep = {"a": deep}
    odd = {"\0": "\0", "\ud800": "\ud800", "more": [float("inf"), float("nan"), 10**30, -(2**63)]}
    hostile: list[Any] = [
        None,
        7,
        "text",
        [],
        {},
        {"type": 7},
        text_event("$1", None),
        text_event("$2", {"a": 1}),
        text_event("", "!status"),
        text_event("$\ud800", "!status"),
        text_event("$3" + "x" * 300, "!status"),
        text_event("$4", "!status", sender="\x00"),
        text_event("$5", "!status") | {"origin_server_ts": "now"},
        text_event("$6", "!status") | {"origin_server_ts": 10**400},
        text_event("$7", "!status") | {"origin_server_ts": True},
        text_event("$8", "!status") | {"content": []},
        text_event("$9", "hello", more={"deep": deep, "m.mentions": {"user_ids": [1, None, BOT]}}),
        text_event("$10", "hello", more={"m.relates_to": {"rel_type": "m.replace", "event_id": 1}}),
        text_event("$11", "hello", more={"m.relates_to": {"rel_type": "m.thread"}}),
        text_event("$12", "hello", more={"m.relates_to": {"rel_type": deep, "event_id": deep}}),
        {"type": "m.room.member", "state_key": BOT, "sender": MIA, "content": {"membership": "leave"}},
        {"type": "m.room.tombstone", "state_key": "", "sender": MIA, "content": {"replacement_room": [1]}},
        text_event("$13", "m.reaction") | {"type": "m.reaction", "content": {"m.relates_to": None}},
        text_event("$14", "x") | {"type": "m.room.redaction", "content": {"redacts": {}}},
        # What JSON can say and a database cannot hold: in a file that is described, and in what waits for its key.
        text_event(
            "$15", "!status", more={"msgtype": "m.file", "filename": "\0", "file": {"url": "mxc://a/b"} | odd}
        ),
        text_event("$16", "")
        | {
            "type": "m.room.encrypted",
            "content": {"algorithm": MEGOLM, "session_id": "s", "ciphertext": SEALED} | odd,
        },
    ]
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        for event in hostile:
            await fake.put(event)
        strange = await fake.say("!status \ud800 \x00 \u202e")
        plain = await fake.say("!status")
        await answered(fake, ["$15", strange, plain])
        assert bot.pauses == []
        async with bot.database.read() as reader:
            assert await unreadable.count(reader) == 1


async def test_an_edit_by_somebody_else_changes_nothing(fake: FakeHomeserver, tmp_path: Path) -> None:
    def edit(target: str, body: str) -> dict[str, Any]:
        relation = {"rel_type": "m.replace", "event_id": target}
        return {"m.relates_to": relation, "m.new_content": {"msgtype": "m.text", "body": body}}

    async with running(fake, tmp_path):
        await synced(fake)
        command = await fake.say("!status")
        await answered(fake, [command])
        await fake.say("* !nonsense", sender="@eve:example.org", **edit(command, "!nonsense"))
        await fake.say("* hello", sender="@eve:example.org", **edit(command, "hello"))
        await fake.say("* !status", **edit(command, "!statsu"))
        await until(lambda: len(fake.taken) == 2)
        another = await fake.say("!status")
        await until(lambda: fake.answers_to()[another])
        kinds = [one.content.get("m.relates_to", {}).get("rel_type") for one in fake.taken]
        assert kinds == [None, "m.replace", None]
        assert fake.taken[1].content["m.relates_to"]["event_id"] == "$sent0"
        assert "statsu" in fake.taken[1].content["body"]


async def test_it_does_not_ask_for_more_while_an_answer_is_on_its_way(
    fake: FakeHomeserver, tmp_path: Path
) -> None:
    waiting_meanwhile: list[bool] = []

    async def slow(request: Any, server: FakeHomeserver) -> Any:
        before = len(server.requests("sync"))
        await asyncio.sleep(ANSWERING_SECONDS / 3)
        waiting_meanwhile.append(len(server.requests("sync")) > before)
        return await server.answer(request)

    async with running(fake, tmp_path):
        await synced(fake)
        for _ in range(3):
            fake.script("send", slow)
            await answered(fake, [*fake.answers_to(), await fake.say("!status")])
    assert waiting_meanwhile == [False] * 3


async def test_others_are_heard_while_an_answer_is_long_on_its_way(fake: FakeHomeserver, tmp_path: Path) -> None:
    fake.join_room(other := "!other:example.org")
    arrived = asyncio.Event()

    async def stuck(request: Any, server: FakeHomeserver) -> Any:
        await arrived.wait()
        return await server.answer(request)

    async with running(fake, tmp_path):
        await synced(fake)
        fake.script("send", stuck)
        slow = await fake.say("!status")
        await until(lambda: fake.requests("send"))
        quick = await fake.say("!status", other)
        await until(lambda: fake.answers_to()[quick])
        assert not fake.answers_to()[slow]
        arrived.set()
        await until(lambda: fake.answers_to()[slow])
