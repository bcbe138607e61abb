"""The homeserver that the other tests stand on, and the client that plays the members."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil  # type: ignore[import-untyped,unused-ignore]
import pytest

from bot.demo import client as client_module
from bot.demo import homeserver as homeserver_module
from bot.demo.client import Client, ClientError
from bot.demo.homeserver import Homeserver, HomeserverError

_NUMBERS = count(1)


async def _pair(homeserver: Homeserver) -> tuple[Client, Client, str]:
    """Return two people with accounts of their own, both in a room that the first one made."""
    number = next(_NUMBERS)
    amina = await homeserver.register(f"amina{number}", "secret", display_name="Amina")
    boris = await homeserver.register(f"boris{number}", "secret")
    room_id = await amina.create_room(invite=[boris.user_id])
    await boris.join(room_id)
    return amina, boris, room_id


def _texts(events: list[dict[str, Any]]) -> list[str]:
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


def _says(text: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: bool(event["content"].get("body") == text)


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """Listen on a port as a program that is not ours."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


async def test_only_our_process_listens_and_only_on_this_machine(homeserver: Homeserver) -> None:
    assert homeserver.process is not None
    assert homeserver.url.startswith("http://127.0.0.1:")
    listening = [
        one.laddr
        for one in psutil.Process(homeserver.process).net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    ]
    assert [(address.ip, f"http://{address.ip}:{address.port}") for address in listening] == [
        ("127.0.0.1", homeserver.url)
    ]
    assert os.getpgid(homeserver.process) == homeserver.process  # Ctrl-C in our terminal does not reach it


async def test_two_clients_talk(homeserver: Homeserver) -> None:
    amina, boris, room_id = await _pair(homeserver)
    await boris.listen()

    async def reply() -> str:
        question = await boris.wait_for(room_id, _says("who is there"))
        return await boris.say(room_id, "Boris", reply_to=question["event_id"])

    answering = asyncio.create_task(reply())
    assert await amina.ask(room_id, "who is there") == "Boris"
    question = amina.seen[room_id][-2]["event_id"]
    assert [event["event_id"] for event in amina.answers_to(room_id, question)] == [await answering]
    assert boris.answers_to(room_id, question) == []  # one's own messages are no answers
    members = await boris.joined_members(room_id)
    assert {user_id: profile["display_name"] for user_id, profile in members.items()} == {
        amina.user_id: "Amina",
        boris.user_id: boris.user_id[1:].split(":")[0],
    }


async def test_everything_that_people_do(homeserver: Homeserver) -> None:
    amina, boris, room_id = await _pair(homeserver)
    first = await amina.say(room_id, "helo")
    edit = await amina.edit(room_id, first, "hello")
    reaction = await boris.react(room_id, first, "👍")
    in_thread = await boris.say(room_id, "in a thread", thread=first)
    gone = await boris.say(room_id, "by mistake")
    redaction = await boris.redact(room_id, gone)
    expected = [first, edit, reaction, in_thread, gone, redaction]
    assert [event["event_id"] for event in await amina.history(room_id)] == expected
    assert [event["event_id"] for event in await amina.history(room_id, limit=2)] == expected[-2:]
    assert (await amina.event(room_id, gone))["content"] == {}
    assert (await amina.event(room_id, in_thread))["content"]["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": first,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": first},
    }
    content = {"msgtype": "m.text", "body": "once"}
    once = [await amina.send(room_id, "m.room.message", content, "same") for _ in range(2)]
    assert once[0] == once[1]
    await amina.set_state(room_id, "m.room.topic", {"topic": "prevention"})
    assert await boris.get_state(room_id, "m.room.topic") == {"topic": "prevention"}
    await amina.kick(room_id, boris.user_id, "enough")
    with pytest.raises(ClientError, match="M_FORBIDDEN") as refused:
        await boris.say(room_id, "let me in")
    assert (refused.value.status, refused.value.errcode) == (403, "M_FORBIDDEN")


async def test_a_message_to_a_device_arrives(homeserver: Homeserver) -> None:
    amina, boris, _ = await _pair(homeserver)
    await amina.send_to_device("org.example.ping", {boris.user_id: {"*": {"is": "sent"}}})
    events = (await boris.sync_once())["to_device"]["events"]
    assert [(event["sender"], event["content"]) for event in events] == [(amina.user_id, {"is": "sent"})]


@pytest.mark.parametrize("room_version", ["10", "12", None])
async def test_power_levels_in_every_room_version(homeserver: Homeserver, room_version: str | None) -> None:
    number = next(_NUMBERS)
    amina = await homeserver.register(f"creator{number}", "secret")
    power = {"@moderator:demo.localhost": 50}
    room_id = await amina.create_room(room_version=room_version, power_levels=power)
    assert (await amina.get_state(room_id, "m.room.create"))["room_version"] == (room_version or "12")
    levels = await amina.get_state(room_id, "m.room.power_levels")
    assert levels["users"]["@moderator:demo.localhost"] == 50


async def test_a_gap_is_filled_in_order_and_once(homeserver: Homeserver) -> None:
    amina, boris, room_id = await _pair(homeserver)
    await amina.say(room_id, "before")
    few = client_module._FILTER.replace("100", "10")  # instead of 100, so that the test is short
    with patch.multiple(client_module, _PAGE=10, _FILTER=few):
        await boris.sync_once()
        for number in range(45):
            await amina.say(room_id, f"message {number}")
        answer = await boris.sync_once()
        timeline = answer["rooms"]["join"][room_id]["timeline"]
        assert timeline["limited"]
        assert len(timeline["events"]) == 10
        await boris.sync_once()
        assert _texts(boris.seen[room_id]) == ["before", *(f"message {number}" for number in range(45))]
        assert _texts(await boris.history(room_id)) == _texts(boris.seen[room_id])


async def test_what_does_not_come_is_reported_with_what_came(homeserver: Homeserver) -> None:
    amina, _, room_id = await _pair(homeserver)
    await amina.say(room_id, "something else")
    with pytest.raises(TimeoutError, match="something else"):
        await amina.wait_for(room_id, _says("never said"), timeout=0.2)
    waiting = asyncio.create_task(amina.wait_for(room_id, _says("never said")))
    await asyncio.sleep(0)
    await amina.close()
    with pytest.raises(RuntimeError, match="closed"):
        await waiting


async def test_whoever_waits_learns_that_the_homeserver_refuses(homeserver: Homeserver) -> None:
    amina, _, room_id = await _pair(homeserver)
    await amina.listen()
    waiting = asyncio.create_task(amina.wait_for(room_id, _says("never said")))
    await amina.request("POST", "/_matrix/client/v3/logout", {})
    with pytest.raises(ClientError, match="M_UNKNOWN_TOKEN"):
        await waiting


async def test_an_admin_lifts_the_limit_that_messages_have(tmp_path: Path) -> None:
    async with await Homeserver.start(tmp_path, rate_limits=True, default_room_version="11") as limited:
        admin = await limited.register("admin", "secret", admin=True)
        amina = await limited.register("amina", "secret")
        room_id = await amina.create_room(preset="public_chat")
        assert (await amina.get_state(room_id, "m.room.create"))["room_version"] == "11"
        for _ in range(12):  # accounts and joins have no limits of their own
            person = await limited.register(f"person{next(_NUMBERS)}", "secret")
            await person.join(room_id)
        sent = 0

        async def say_without_end() -> None:
            nonlocal sent
            while True:
                await amina.say(room_id, f"message {sent}")
                sent += 1

        with pytest.raises(ClientError) as refused:
            await say_without_end()
        assert (refused.value.status, refused.value.errcode) == (429, "M_LIMIT_EXCEEDED")
        assert refused.value.body["retry_after_ms"] > 0
        assert 5 <= sent <= 10
        await admin.override_ratelimit(amina.user_id)
        for number in range(30):
            await amina.say(room_id, f"again {number}")


async def test_a_restart_keeps_data_and_listeners_and_nothing_is_left_after_stop(tmp_path: Path) -> None:
    said: list[str] = []
    homeserver = await Homeserver.start(tmp_path, say=said.append)
    try:
        amina, boris, room_id = await _pair(homeserver)
        await boris.listen()
        await amina.say(room_id, "before")
        first, url = homeserver.process, homeserver.url
        await homeserver.restart()
        await amina.say(room_id, "between")
        await homeserver.kill()
        assert homeserver.process is None
        with pytest.raises(ClientError) as unreachable:
            await amina.say(room_id, "nobody hears this")
        assert unreachable.value.status == 0
        await homeserver.restart()
        await amina.say(room_id, "after")
        await boris.wait_for(room_id, _says("after"))
        assert _texts(boris.seen[room_id]) == ["before", "between", "after"]
        assert homeserver.url == url
        assert homeserver.process != first
    finally:
        last = homeserver.process
        await homeserver.stop()
    assert last is not None
    assert not psutil.pid_exists(last)
    await homeserver.stop()  # harmless
    assert said[0].startswith("Starting a homeserver on http://127.0.0.1:")


async def test_a_port_that_somebody_else_took_is_left_alone(tmp_path: Path, stranger: socket.socket) -> None:
    said: list[str] = []
    taken, free = stranger.getsockname()[1], homeserver_module._free_port()
    with patch.object(homeserver_module, "_free_port", side_effect=[taken, free]):
        async with await Homeserver.start(tmp_path, say=said.append) as homeserver:
            assert homeserver.url.endswith(f":{free}")
    assert any(f"Port {taken} is taken" in line for line in said)


async def test_a_healthy_answer_of_another_program_does_not_deceive(tmp_path: Path) -> None:
    async def healthy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(healthy, "127.0.0.1", 0)
    taken, free = other.sockets[0].getsockname()[1], homeserver_module._free_port()
    async with other:
        with patch.object(homeserver_module, "_free_port", side_effect=[taken, free]):
            async with await Homeserver.start(tmp_path) as homeserver:
                assert homeserver.url.endswith(f":{free}")


async def test_a_failed_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_text("no key\n")
    with pytest.raises(HomeserverError, match=r"(?s)ended while starting.*signing_key.*empty folder"):
        await Homeserver.start(tmp_path)


async def test_without_synapse_the_error_says_what_to_install(tmp_path: Path) -> None:
    missing = patch("importlib.util.find_spec", return_value=None)
    with missing, pytest.raises(HomeserverError, match=r"pip install 'gaamac-bot\[homeserver\]'"):
        await Homeserver.start(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
async def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from bot.demo.homeserver import Homeserver\n"
        "async def main():\n"
        "    homeserver = await Homeserver.start(pathlib.Path(sys.argv[1]))\n"
        "    print(homeserver.process, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    until = time.monotonic() + 5
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(child).status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
            await asyncio.sleep(0.02)
        assert psutil.Process(child).status() == psutil.STATUS_ZOMBIE
