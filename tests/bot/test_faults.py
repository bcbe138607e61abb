"""A homeserver that answers with faults: what the bot does, and how often it asks."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.errors import EXIT_LOGIN, StartError
from storage import inbox
from storage import outbox as storage
from storage.outbox import Buttons
from tests.bot.conftest import LONGEST, FailingDatabase, bodies, row, running, synced, until
from tests.bot.fake_homeserver import MIA, ROOM, FakeHomeserver, text_event
from tests.bot.scripted import Answer, do_and_hang_up, hang, proxy_error, refuse, reply, truncated

HOSTILE_TEXT = b'{"next_batch": "s1", "rooms": "\xff\xfe"}'

FAULTS: dict[str, Answer] = {
    "500": refuse(500, "M_UNKNOWN"),
    "502 with HTML": proxy_error(),
    "404 with HTML": proxy_error(404),
    "truncated body": truncated,
    "a list": reply([]),
    "null": reply("null"),
    "no JSON": reply("next_batch"),
    "an empty body": reply(b""),
    "not UTF-8": reply(HOSTILE_TEXT),
    "without next_batch": reply({"rooms": {}}),
    "next_batch that cannot be stored": reply('{"next_batch": "\\ud800"}'),
    "endless nesting": reply("[" * 100_000),
    "403": refuse(403, "M_FORBIDDEN"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_fault_of_sync_is_followed_by_a_longer_and_longer_pause(
    fake: FakeHomeserver, tmp_path: Path, fault: Answer
) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        asked = len(fake.requests("sync"))
        fake.script("sync", *[fault] * 5)
        command = await fake.say("!status")  # ends the round that waits; the next five meet the fault
        await until(lambda: fake.answers_to()[command])
        await until(lambda: len(fake.requests("sync")) >= asked + 6)
        again = await fake.say("!status")
        await until(lambda: fake.answers_to()[again])

        assert len(bot.pauses) == 5, "one pause after each fault"
        assert bot.pauses[0] <= 0.5
        assert all(later > before * 0.99 for before, later in itertools.pairwise(bot.pauses))
        assert fake.answers_to() == {command: 1, again: 1}


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=300), 0.3),
        (refuse(429, "M_LIMIT_EXCEEDED", {"Retry-After": "1"}), 1.0),
        (reply("<html>slow down</html>", 429, "text/html"), 5.0),
        (refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=0), 0.1),
        (refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=-5), 0.1),
        (refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms="soon"), 5.0),
        (reply('{"retry_after_ms": NaN}', 429), 5.0),
        (reply('{"retry_after_ms": 1%s}' % ("0" * 400), 429), 5.0),
    ],
)
async def test_a_sync_that_is_limited_waits_as_long_as_it_is_told(
    fake: FakeHomeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, seconds: float
) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def short(pause: float) -> None:
        slept.append(pause)
        await sleep(min(pause, 0.01))

    async with running(fake, tmp_path) as bot:
        await synced(fake)
        monkeypatch.setattr("bot.inbox.asyncio.sleep", short)
        fake.script("sync", answer)
        first = await fake.say("!status")
        await until(lambda: fake.answers_to()[first])
        second = await fake.say("!status")
        await until(lambda: fake.answers_to()[second])
        monkeypatch.undo()
        assert seconds in slept
        assert bot.pauses == [], "the homeserver names the pause"


async def test_a_first_sync_that_hangs_is_given_up_and_asked_again(fake: FakeHomeserver, tmp_path: Path) -> None:
    fake.script("sync", hang, hang)
    async with running(fake, tmp_path, first_sync_seconds=0.1) as bot:
        await synced(fake)
        command = await fake.say("!status")
        await until(lambda: fake.answers_to()[command])
        assert len(bot.pauses) == 2
        assert len([one for one in fake.requests("sync") if "since" not in one.query]) == 3


async def test_a_homeserver_that_is_away_for_a_while(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        await fake.stop()
        await until(lambda: len(bot.pauses) >= 4)
        assert all(later > before * 0.99 for before, later in itertools.pairwise(bot.pauses[:4]))
        asked = len(fake.asked)
        await fake.start()
        commands = [await fake.say("!status") for _ in range(3)]
        await until(lambda: all(fake.answers_to()[command] for command in commands))
        assert fake.answers_to() == dict.fromkeys(commands, 1)
        assert len(fake.asked) - asked < 12


async def test_answers_at_once_that_lead_nowhere_do_not_make_a_circle(
    fake: FakeHomeserver, tmp_path: Path
) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.always("sync", reply({"next_batch": "s1"}))  # as from a proxy that stores answers
        await fake.say("hello")
        await until(lambda: len(bot.pauses) >= 5)
        # Each of them was followed by a pause, but for the one that moved the token to s1.
        assert len(fake.requests("sync")) <= len(bot.pauses) + 4
        assert bot.pauses[4] > 4


async def test_a_hard_logout_ends_the_bot_with_a_sentence(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.tokens.clear()
        await fake.say("hello")
        await asyncio.wait([bot.task])
        asked = len(fake.asked)
        error = bot.task.exception()
        assert isinstance(error, StartError)
        assert error.exit_code == EXIT_LOGIN
        assert "session.json" in str(error)
        assert len(fake.requests("login")) == 1, "the password is not tried again by itself"
        assert len(fake.asked) == asked
        assert len(fake.requests("sync")) <= 4


async def test_a_soft_logout_logs_in_again_on_the_same_device(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.tokens.clear()
        fake.script("sync", refuse(401, "M_UNKNOWN_TOKEN", soft_logout=True))
        command = await fake.say("!status")
        await until(lambda: fake.answers_to()[command])
        await until(lambda: fake.requests("sync")[-1].token in fake.tokens)
        logins = fake.requests("login")
        assert len(logins) == 2
        assert logins[1].body["device_id"] == bot.session.login.device_id == "NEWDEVICE"
        assert logins[1].token is None
        assert bot.session.login.access_token in (tmp_path / "session.json").read_text()
        assert fake.answers_to() == {command: 1}


async def test_a_soft_logout_without_a_password_ends_the_bot(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path, password=None) as bot:
        await synced(fake)
        fake.script("sync", refuse(401, "M_UNKNOWN_TOKEN", soft_logout=True))
        await fake.say("hello")
        await asyncio.wait([bot.task])
        error = bot.task.exception()
        assert isinstance(error, StartError)
        assert error.exit_code == EXIT_LOGIN
        assert "GAAMAC_MATRIX__PASSWORD" in str(error)
        assert len(fake.requests("login")) == 1


async def test_a_soft_logout_while_the_log_in_is_limited_and_failing(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.tokens.clear()
        fake.script("sync", refuse(401, "M_UNKNOWN_TOKEN", soft_logout=True))
        limited = refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=100)
        fake.script("login", limited, proxy_error(), truncated)
        command = await fake.say("!status")
        await until(lambda: fake.answers_to()[command])
        assert not bot.task.done()
        assert len(fake.requests("login")) == 1 + 4
        assert fake.answers_to() == {command: 1}


async def test_a_soft_logout_and_a_password_that_is_not_valid_any_more(
    fake: FakeHomeserver, tmp_path: Path
) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.script("sync", refuse(401, "M_UNKNOWN_TOKEN", soft_logout=True))
        fake.script("login", refuse(403, "M_FORBIDDEN"))
        await fake.say("hello")
        await asyncio.wait([bot.task])
        error = bot.task.exception()
        assert isinstance(error, StartError)
        assert error.exit_code == EXIT_LOGIN
        assert len(fake.requests("login")) == 2


async def test_soft_logouts_without_end_are_no_hot_loop(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.always("sync", refuse(401, "M_UNKNOWN_TOKEN", soft_logout=True))
        await fake.say("hello")
        await until(lambda: len(bot.pauses) >= 6)
        assert bot.pauses[5] > 8
        assert len(fake.requests("login")) <= len(bot.pauses) + 1


async def test_a_database_that_cannot_commit(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path, kind=FailingDatabase) as bot:
        assert isinstance(bot.database, FailingDatabase)
        await synced(fake)
        bot.database.failures = 2
        first = await fake.say("!status")
        await until(lambda: fake.answers_to()[first])
        assert len(bot.pauses) == 2
        bot.database.failures = 0
        second = await fake.say("!status")
        await until(lambda: fake.answers_to()[second])
        assert fake.answers_to() == {first: 1, second: 1}


async def _knows_no_members(request: web.Request, fake: FakeHomeserver) -> web.StreamResponse:
    """Answer as a homeserver that does not find who is in a room, and what they may do."""
    if request.match_info["kind"] == "m.room.encryption":
        return await fake.answer(request)
    return await refuse(500, "M_UNKNOWN")(request, fake)


async def test_a_command_waits_for_a_homeserver_that_does_not_say_who_may_use_it(
    fake: FakeHomeserver, tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    fake.state[ROOM, "m.room.member", MIA] = {"membership": "join"}
    fake.state[ROOM, "m.room.power_levels", ""] = {"users": {MIA: 50}}
    fake.join_room("!other:example.org")
    async with running(fake, tmp_path):
        await synced(fake)
        fake.always("state", _knows_no_members)
        command = await fake.say("!language room fr")
        elsewhere = await fake.say("!term genocide", "!other:example.org")
        await until(lambda: fake.answers_to()[elsewhere])
        await until(lambda: any(one["event"] == "an event waits for the homeserver" for one in logged))
        assert fake.answers_to() == {elsewhere: 1}
        fake.mend("state")
        await until(lambda: fake.answers_to()[command])
        assert "français" in bodies(fake)[-1]
        assert fake.answers_to() == {command: 1, elsewhere: 1}
    assert not [one for one in logged if one["event"] == "command failed"]


async def test_a_command_waits_no_longer_than_its_room_can_bear(
    fake: FakeHomeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.dispatch.UNDECIDED_SECONDS", 0.0)
    async with running(fake, tmp_path):
        await synced(fake)
        fake.always("state", _knows_no_members)
        command = await fake.say("!language room fr")
        await until(lambda: fake.answers_to()[command])
        assert "Something went wrong on my side" in bodies(fake)[-1]


async def test_a_button_works_under_a_message_whose_answer_was_lost(fake: FakeHomeserver, tmp_path: Path) -> None:
    """The homeserver has the message and people see it; the bot was told neither that nor as which event."""
    async with running(fake, tmp_path) as bot:
        await synced(fake)
        fake.script("send", do_and_hang_up)
        fake.always("send", refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=60_000))
        fake.script("event", proxy_error())
        async with bot.database.write() as writer:
            await storage.add(writer, [row("A question", buttons=Buttons(commands={"✅": "language room fr"}))])
        await bot.app.parts.outbox.resume()
        await until(lambda: fake.taken)
        shown = fake.taken[0].event_id
        reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": shown, "key": "✅"}}
        await fake.put(text_event("$pressed", "") | {"type": "m.reaction", "content": reaction})
        for kind, content in (
            ("m.room.member", {"membership": "join"}),
            ("m.room.power_levels", {"users": {MIA: 50}}),
        ):
            fake.state[ROOM, kind, MIA if kind == "m.room.member" else ""] = content

        async def answered() -> bool:
            async with bot.database.read() as reader:
                found = await inbox.origin(reader, "$pressed")
            return found is not None and (found.state, found.command) == ("answered", "language room")

        async with asyncio.timeout(LONGEST):
            while not await answered():
                await asyncio.sleep(0.05)
        assert bodies(fake) == ["A question"], "the homeserver takes no more for a minute"
