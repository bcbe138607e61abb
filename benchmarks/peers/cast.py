"""Who is compared, with the settings that each recommends, and what each does more or less than this bot."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from pathlib import Path

from benchmarks import contenders
from benchmarks.peers import environments
from benchmarks.peers.process import Launch, Peer
from bot.demo.client import Client, Json
from bot.demo.homeserver import Homeserver

BOTS = Path(__file__).parent / "bots"
ROOT = Path(__file__).parent.parent.parent
PASSWORD = "member"  # noqa: S105 - of accounts that live as long as the comparison
ROOMS = 4

US = "this bot"
NAMES = ("floor", "matrix-nio", "simplematrixbotlib", "nio-bot", "maubot", US)
NOTES = {
    "floor": "stores nothing, looks up nothing, keeps no order, forgets what it missed",
    "matrix-nio": (
        "`sync_forever` with a callback, as in its documentation; stores nothing, so after a start it takes the "
        "last ten events of each room for new; one answer at a time over all rooms"
    ),
    "simplematrixbotlib": "as matrix-nio; keeps its session; leaves out what came before its start",
    "nio-bot": (
        "keeps its sync position, but leaves out what is older than its start (its default); parses arguments, "
        "renders Markdown, marks what it has read; answers in no order"
    ),
    "maubot": (
        "standalone, with `ignore_first_sync: false`, its setting for not losing what came while it was away; "
        "keeps its sync position, and takes 50 events of a room from there; parses arguments, renders Markdown; "
        "answers in no order"
    ),
    US: (
        "looks the term up, stores each command and its answer on the disk before it answers, keeps the order in "
        "a room, knows what it has answered; encryption is ready (the rooms here are not encrypted)"
    ),
}


async def assemble(
    homeserver: Homeserver, member: Client, folder: Path, names: tuple[str, ...]
) -> AsyncIterator[Peer]:
    """Make accounts, rooms and environments, and start everybody, this bot first.

    What this bot answers is what the others are given to answer.
    """
    us = await _peer(
        US, homeserver, member, folder, lambda peer: _this_bot(homeserver, peer), version("gaamac-bot")
    )
    yield us
    _, answer = await us.start(member)
    content = {key: value for key, value in answer.items() if key != "m.relates_to"}
    for name in names:
        if name != US:
            launch, release = _other(name, homeserver, content)
            peer = await _peer(name, homeserver, member, folder, launch, release)
            yield peer
            await peer.start(member)


async def _peer(
    name: str,
    homeserver: Homeserver,
    member: Client,
    folder: Path,
    launch: Callable[[Peer], Launch],
    release: str,
) -> Peer:
    localpart = "".join(letter for letter in name if letter.isalnum())
    account = await homeserver.register(localpart, PASSWORD)
    peer = Peer(name, release, NOTES[name], account, folder / localpart, lambda: launch(peer))
    peer.rooms += [await contenders.room(member, account) for _ in range(ROOMS)]
    return peer


def _other(name: str, homeserver: Homeserver, content: Json) -> tuple[Callable[[Peer], Launch], str]:
    if name == "floor":
        return lambda peer: _floor(homeserver, peer, content), ""
    interpreter, release = environments.python(name), environments.version(name)
    text = str(content["body"])
    if name == "maubot":
        return lambda peer: _maubot(homeserver, peer, interpreter, text), release
    script = {"matrix-nio": "plain_nio.py", "simplematrixbotlib": "simple.py", "nio-bot": "with_niobot.py"}[name]
    command = [interpreter, str(BOTS / script)]
    return lambda peer: Launch(command, _given(homeserver, peer, text)), release


def _given(homeserver: Homeserver, peer: Peer, text: str) -> dict[str, str]:
    given = {
        "homeserver": homeserver.url,
        "user_id": peer.account.user_id,
        "device_id": peer.account.device_id,
        "token": peer.account.access_token,
        "password": PASSWORD,
        "text": text,
    }
    return {"PEER": json.dumps(given)}


def _floor(homeserver: Homeserver, peer: Peer, content: Json) -> Launch:
    given = {
        "homeserver": homeserver.url,
        "token": peer.account.access_token,
        "user_id": peer.account.user_id,
        "content": content,
    }
    command = [sys.executable, "-m", "benchmarks.floor"]
    return Launch(command, {"PYTHONPATH": str(ROOT)}, json.dumps(given).encode() + b"\n")


def _maubot(homeserver: Homeserver, peer: Peer, interpreter: str, text: str) -> Launch:
    plain = {"class": "logging.StreamHandler"}
    settings = {
        "user": {
            "credentials": {
                "id": peer.account.user_id,
                "homeserver": homeserver.url,
                "access_token": peer.account.access_token,
                "device_id": None,
            },
            "sync": True,
            "appservice": False,
            "autojoin": False,
            "displayname": "disable",
            "avatar_url": "disable",
            "ignore_initial_sync": True,
            "ignore_first_sync": False,
        },
        "database": "sqlite:bot.db",
        # Its example logs everything to the terminal; that would be counted as its work.
        "logging": {
            "version": 1,
            "handlers": {"console": plain},
            "root": {"level": "WARNING", "handlers": ["console"]},
        },
    }
    peer.folder.mkdir(parents=True, exist_ok=True)
    (peer.folder / "config.yaml").write_text(json.dumps(settings))  # JSON is YAML too.
    command = [interpreter, "-m", "maubot.standalone", "-m", str(BOTS / "maubot_term" / "maubot.yaml")]
    return Launch(command, _given(homeserver, peer, text))


def _this_bot(homeserver: Homeserver, peer: Peer) -> Launch:
    settings = {
        "GAAMAC_MATRIX__HOMESERVER": homeserver.url,
        "GAAMAC_MATRIX__USER_ID": peer.account.user_id,
        "GAAMAC_MATRIX__PASSWORD": PASSWORD,
        "GAAMAC_DATA_DIR": str(peer.folder / "data"),
        "GAAMAC_FLOOD__COMMANDS_PER_MINUTE": "0",
    }
    return Launch([sys.executable, "-m", "bot.cli", "run"], settings | {"PYTHONPATH": str(ROOT)})
