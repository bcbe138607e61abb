"""The demo: the stage, the tour, the chat in the terminal, and how messages look there."""

import io
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.bot_process import BotError, BotProcess
from bot.demo.client import ClientError
from bot.demo.formatted import from_html
from bot.demo.stage import Stage
from bot.demo.tour import Line, play
from tests.homeserver.demonstration import Demo, Typing, screen_on


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    unlimited = {"GAAMAC_FLOOD__COMMANDS_PER_MINUTE": "0"}
    async with await Stage.start(tmp_path_factory.mktemp("stage"), settings=unlimited) as built:
        yield built


# The stage


async def test_stage_has_the_rooms_and_who_belongs_there(stage: Stage) -> None:
    everyone = {stage.member.user_id, stage.moderator.user_id, stage.bot_user_id}
    for key, room_id in stage.rooms.items():
        expected = everyone - {stage.member.user_id} if key == "moderators" else everyone
        assert set(await stage.moderator.joined_members(room_id)) == expected, key
    assert [line["event"] for line in stage.bot.logged()].count("ready") == 1
    with pytest.raises(ClientError, match="permission"):
        await stage.member.say(stage.rooms["announcements"], "May I?")
    assert "term" in await stage.moderator.ask(stage.rooms["announcements"], "!help")


async def test_bot_is_killed_and_answers_what_was_asked_meanwhile(stage: Stage) -> None:
    assert await stage.stop_bot(signal.SIGKILL) == -signal.SIGKILL
    asked = await stage.member.say(stage.rooms["practices"], "!term rtop")
    await stage.start_bot()
    answer = await stage.member.answer_to(asked, stage.rooms["practices"])
    assert answer["sender"] == stage.bot_user_id
    await stage.restart_bot()
    assert stage.bot_process is not None


async def test_stage_with_rate_limits_spares_the_member(tmp_path: Path) -> None:
    async with await Stage.start(tmp_path, rate_limits=True, run_bot=False) as limited:
        for number in range(15):
            await limited.member.say(limited.rooms["community"], str(number))
        assert limited.bot_process is None


async def test_bot_that_cannot_start_is_quoted(tmp_path: Path) -> None:
    bot = BotProcess(tmp_path / "bot.log", cwd=tmp_path)
    bot.start({"GAAMAC_MATRIX__HOMESERVER": "nowhere"})
    with pytest.raises(BotError, match=r"(?s)ended while starting.*GAAMAC_MATRIX__USER_ID"):
        await bot.until_ready()


# The tour


async def test_tour_is_played_without_a_terminal(tmp_path: Path) -> None:
    demo = await Demo.start(tmp_path)
    printed = await demo.rest()
    assert demo.exit_code == 0, printed
    for words in (
        "http://127.0.0.1:",
        "@member:",
        "Responsibility to protect",
        "Did you mean",
        "Nettoyage ethnique",
    ):
        assert words in printed
    assert "\x1b" not in printed
    assert not demo.left_over()


async def test_tour_fails_without_the_expected_answer(stage: Stage) -> None:
    printed = io.StringIO()
    lines = (
        Line("!term rtop", ("an answer that nobody gives",), "What is it?"),
        Line("!help", ("term",), "Help."),
    )
    assert not await play(stage, screen_on(printed), lines)
    assert "The answer lacks: an answer that nobody gives" in printed.getvalue()
    assert "1 of 2" in printed.getvalue()


async def test_missing_homeserver_is_one_sentence(tmp_path: Path) -> None:
    without = "import sys; sys.modules['synapse'] = None; from bot.cli import main; main()"
    demo = await Demo.start(tmp_path, sys.executable, "-c", without, "demo")
    printed = (await demo.rest()).strip()
    assert printed == "synapse is missing. Run: pip install 'gaamac-bot[homeserver]'"
    assert demo.exit_code == 1


# The chat


async def test_chat(stage: Stage) -> None:
    async with Typing.into(stage) as chat:
        await chat.types("!trem rtop", sees="Did you mean `!term`?")
        await chat.types("/as moderator")
        await chat.types("/room #moderators")
        await chat.types("!help", sees="GAAMAC bot in Moderators")
        await chat.types("/as member")
        await chat.types("Good morning", sees="Ama (member) in Community\n│ Good morning")
        await chat.types("/room moderators", sees="Ama (member) is not in Moderators")
        await chat.types("/dm", sees="no sign before a command")
        await chat.types("terms justice", sees="GAAMAC bot in direct chat")
        await chat.types("//nick  too ", sees="I don't know `/nick`")
        await chat.types("/hlep", sees="Did you mean /help?")
        await chat.types("/help", sees="/as moderator")
        await chat.types("/room announcements")
        await chat.types("May I?", sees="That did not work: You don't have permission")
    said = [event["content"].get("body") for events in stage.member.seen.values() for event in events]
    assert "/nick  too " in said  # unchanged, but for the first slash


async def test_chat_shows_what_others_do(stage: Stage) -> None:
    room = stage.rooms["practices"]
    async with Typing.into(stage) as chat:
        asked = await stage.moderator.say(room, "!trem rtop")
        await chat.sees("Did you mean `!term`?")
        await stage.moderator.edit(room, asked, "!terms")
        await chat.sees("Tomás (moderator) in Practices, edited\n│ !terms")
        await chat.sees("GAAMAC bot in Practices, edited")
        await stage.moderator.react(room, asked, "+1")
        await chat.sees("Tomás (moderator) reacted in Practices: +1")
        await stage.moderator.redact(room, asked)
        await chat.sees("Tomás (moderator) took back a message in Practices.")
        await stage.stop_bot()
        await chat.sees("The bot has ended (exit code 0)")
    await stage.start_bot()


# Formatting


def test_formatted_message() -> None:
    shown = _shown(
        "<mx-reply>what was said</mx-reply><p><strong>Term</strong> (<em>T</em>)<br>\nA <code>!term</code>"
        " &amp; more</p>"
        '<p>Sources:</p><ul><li><a href="https://example.org/a">One</a></li><li>Two<ol start="3"><li>three</li>'
        "<li>four</li></ol></li></ul><blockquote><p>said</p></blockquote><pre><code>a  b\nc</code></pre>"
        '<p><a href="https://example.org">https://example.org</a></p>'
    )
    assert shown == [
        "Term (T)", "A `!term` & more", "", "Sources:", "- One (https://example.org/a)", "- Two", "  3. three",
        "  4. four", "", "  said", "", "a  b", "c", "", "https://example.org",
    ]  # fmt: skip


def test_formatted_message_cannot_control_the_terminal() -> None:
    shown = _shown(
        "<p>a\x1b[2Jb\x9b31mc\x07 <b>[red]not markup[/red]<u>never</closed> &#27;]0;title&#7;</p></li></ul></p>"
    )
    assert shown == ["a[2Jb31mc [red]not markup[/red]never ]0;title"]


def _shown(html: str) -> list[str]:
    printed = io.StringIO()
    screen_on(printed).console.print(from_html(html, quoted_code=True))
    return [line.rstrip() for line in printed.getvalue().splitlines()]
