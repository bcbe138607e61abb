"""Safe mode: said once in the moderation room, nothing touched, and left when what was broken is mended."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import BaseModel

from bot import alarm, logs, safe_mode
from bot.alarm import MARK
from bot.errors import EXIT_DATABASE, EXIT_LOGIN, EXIT_RUNNING, EXIT_SETTINGS, StartError
from bot.login import Login, new_pickle_key, store
from config.settings import Settings
from storage.database import Database
from tests.bot.conftest import synced, until
from tests.bot.fake_homeserver import BOT, ROOM, FakeHomeserver
from tests.bot.scripted import refuse

pytestmark = pytest.mark.sqlite("its file is damaged")

MODERATION = "!moderation:example.org"
NEEDED = """
default_language = "{language}"
data_dir = "{folder}"
command_prefix = "!"
{more}
[matrix]
homeserver = "{url}"
user_id = "{bot}"
[rooms]
moderation = "{moderation}"
{rooms}
"""


class Place:
    """A settings file, a data folder with a session, and a moderation room."""

    def __init__(self, fake: FakeHomeserver, folder: Path) -> None:
        self.fake = fake
        self.folder = folder / "data"
        self.file = folder / "settings.toml"
        self.folder.mkdir(mode=0o700)
        login = Login(
            homeserver=fake.url,
            user_id=BOT,
            device_id="DEVICE",
            access_token="token-1",
            pickle_key=new_pickle_key(),
        )
        store(self.folder / "session.json", login)
        fake.join_room(MODERATION)
        self.write()

    def write(self, *, more: str = "", rooms: str = "", after: str = "", **values: str) -> None:
        """Write the settings."""
        needed = {
            "language": "en",
            "folder": str(self.folder),
            "url": self.fake.url,
            "bot": BOT,
            "moderation": MODERATION,
        }
        self.file.write_text(NEEDED.format(**needed | values, more=more, rooms=rooms) + after)

    def said(self) -> list[str]:
        """Return what was said in the moderation room."""
        return [str(one.content["body"]) for one in self.fake.taken if one.room_id == MODERATION]

    def files(self) -> dict[str, bytes]:
        """Return what is in the data folder, but for the lock."""
        return {
            one.name: one.read_bytes() for one in self.folder.iterdir() if one.is_file() and one.name != "lock"
        }


@pytest.fixture
def place(fake: FakeHomeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in os.environ:
        if name.upper().startswith("GAAMAC_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(safe_mode, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(safe_mode, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(logs, "configure", lambda _settings: None)
    return Place(fake, tmp_path)


@asynccontextmanager
async def running(place: Place) -> AsyncIterator[asyncio.Task[None]]:
    """Run the bot as the command line does, until the end of the block; then end it as a supervisor does."""
    task = asyncio.create_task(safe_mode.run(place.file))
    try:
        yield task
    finally:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(task, 20)


def put_back(path: Path, content: bytes) -> None:
    """Put a file back at once, as `mv` does: the bot may look at it meanwhile."""
    path.with_suffix(".new").write_bytes(content)
    path.with_suffix(".new").replace(path)


async def ended(place: Place) -> StartError:
    """Run the bot until it ends by itself, and return why."""
    with pytest.raises(StartError) as caught:
        await asyncio.wait_for(safe_mode.run(place.file), 20)
    return caught.value


async def works(place: Place) -> None:
    """Ask something in the community room and wait for the answer."""
    asked = await place.fake.say("!status")
    await until(lambda: place.fake.answers_to()[asked])
    assert place.fake.answers_to()[asked] == 1


def sections() -> list[str]:
    """Return the sections of the settings that are not needed for speaking."""
    found = []
    for name, declared in Settings.model_fields.items():
        kind = declared.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and name not in ("matrix", "rooms"):
            found.append(name)
    return found


MISTAKES = {
    **{f"a wrong type in {name}": {"after": f"[{name}]\n{{key}} = {{{{}}}}\n"} for name in sections()},
    **{f"an unknown key in {name}": {"after": f"[{name}]\nnothing = 1\n"} for name in sections()},
    "a section that is none": {"more": "flood = 5"},
    "an unknown key": {"more": "nothing = 1"},
    "an unknown section": {"after": "[nothing]\nkey = 1\n"},
    "a wrong type in rooms": {"rooms": "community = 5"},
    "a wrong value in rooms": {"rooms": 'practices = "practices"'},
    "an unknown key in rooms": {"rooms": "nothing = 1"},
    "a wrong time zone": {"more": 'default_timezone = "Africa/Nowhere"'},
    "a wrong language": {"language": "xx"},
    "a syntax error": {"more": "default_timezone = Africa/Accra"},
    "a syntax error in a section": {"after": "[web]\nlisten =\n"},
    "a section that is not closed": {"after": "[web\nlisten = ''\n"},
    "the same key twice": {"more": 'default_language = "en"'},
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
async def test_a_mistake_in_the_settings_is_said_and_nothing_is_touched(
    place: Place, mistake: dict[str, str]
) -> None:
    values = dict(mistake)
    if "{key}" in values.get("after", ""):
        name = values["after"][1:].partition("]")[0]
        section = Settings.model_fields[name].annotation
        assert isinstance(section, type)
        assert issubclass(section, BaseModel)
        values["after"] = f"[{name}]\n{next(iter(section.model_fields))} = {{}}\n"
    place.write(**values)
    before = place.files()
    async with running(place):
        await until(place.said)
        [said] = place.said()
        assert said.startswith("I cannot work at the moment. My settings need a correction.")
    assert len(place.said()) == 1
    assert place.files() == before, "no database was made, and nothing else"


async def test_a_secret_that_cannot_be_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAAMAC_MATRIX__PASSWORD_FILE", str(place.folder / "nothing"))
    async with running(place):
        await until(place.said)
        [said] = place.said()
        assert "It is about: GAAMAC_MATRIX__PASSWORD_FILE" in said
        assert str(place.folder) not in said


async def test_the_settings_are_mended_while_it_waits(place: Place) -> None:
    place.write(after="[flood]\ncommands_per_minute = -1\n", language="fr")
    async with running(place):
        await until(place.said)
        assert place.said()[0].startswith("Je ne peux pas travailler en ce moment. Mes réglages")
        assert "flood.commands_per_minute" in place.said()[0]
        asked = await place.fake.say("!status")
        place.write(language="fr")
        await until(lambda: len(place.said()) == 2)
        assert place.said()[1].startswith("Je travaille de nouveau.")
        await works(place)
        assert place.fake.answers_to()[asked] == 0, "it was asked before the bot's first start"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("no file", EXIT_SETTINGS),
        ("no moderation room", EXIT_SETTINGS),
        ("a wrong moderation room", EXIT_SETTINGS),
        ("another account", EXIT_SETTINGS),
        ("no session", EXIT_SETTINGS),
        ("a session that cannot be read", EXIT_LOGIN),
    ],
)
async def test_who_cannot_speak_ends_with_a_sentence(place: Place, how: str, code: int) -> None:
    place.write(more="" if code == EXIT_LOGIN else "nothing = 1")
    if how == "no file":
        place.file.unlink()
    elif how == "no moderation room":
        place.file.write_text(place.file.read_text().replace("moderation =", "practices ="))
    elif how == "a wrong moderation room":
        place.write(more="nothing = 1", moderation="moderators")
    elif how == "another account":
        place.write(more="nothing = 1", bot="@other:example.org")
    elif how == "no session":
        (place.folder / "session.json").unlink()
    else:
        (place.folder / "session.json").write_text("{")
    error = await ended(place)
    assert error.exit_code == code
    assert str(error)
    assert place.said() == []


async def test_a_session_that_cannot_be_read_is_said_with_the_token_of_the_settings(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.folder / "session.json"
    good = path.read_bytes()
    path.write_text('{"homeserver"')
    monkeypatch.setenv("GAAMAC_MATRIX__ACCESS_TOKEN", "token-1")
    async with running(place):
        # The bot does not know its own id from a session; the token's is the one of the settings.
        await until(place.said)
        assert "My stored log-in cannot be read." in place.said()[0]
        path.write_bytes(good)
        await until(lambda: len(place.said()) == 2)
        await works(place)


async def test_a_token_that_is_not_valid_any_more_ends_it(place: Place) -> None:
    place.write(more="nothing = 1")
    place.fake.tokens.clear()
    error = await ended(place)
    assert error.exit_code == EXIT_LOGIN
    assert "The homeserver has logged out" in str(error)


async def made(place: Place) -> Path:
    """Make the database by a run of the bot; return it."""
    async with running(place):
        await synced(place.fake)
        await works(place)
    return place.folder / "bot.db"


def garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\xa5" * 8192
    path.write_bytes(content)


def without_header(path: Path) -> None:
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


def photos(path: Path) -> None:
    path.write_bytes(b"these are my holiday photos" * 1000)


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()


def other_keys(path: Path) -> None:
    session = path.with_name("session.json")
    session.write_text(json.dumps({**json.loads(session.read_text()), "pickle_key": "ab" * 32}))


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "a page": (garbled, "My database is damaged."),
    "the header": (without_header, "My database is damaged."),
    "no database": (photos, "My database is damaged."),
    "newer": (newer, "My database was written by a newer version of me."),
    "keys": (other_keys, "The keys with which I read and write in encrypted rooms cannot be opened."),
}


@pytest.mark.parametrize(("damage", "words"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_database_is_said_once_left_alone_and_used_when_it_is_put_back(
    place: Place, damage: Callable[[Path], None], words: str
) -> None:
    path = await made(place)
    good = place.files()
    damage(path)
    broken = place.files()
    asked = await place.fake.say("!term genocide")
    for _ in range(3):  # a supervisor starts it again and again
        asked_before = len(place.fake.requests("messages"))
        async with running(place):
            await until(lambda: len(place.fake.requests("messages")) > asked_before)  # noqa: B023
            await until(place.said)
            await asyncio.sleep(0.3)
    [said] = place.said()
    assert said.startswith(f"I cannot work at the moment. {words}")
    assert {name: one for name, one in place.files().items() if name in broken} == broken
    async with running(place):
        await asyncio.sleep(0.3)
        for name in set(place.files()) - set(good):
            (place.folder / name).unlink()
        for name, content in good.items():
            put_back(place.folder / name, content)
        await until(lambda: len(place.said()) == 2)
        assert place.said()[1] == "I work again. What was asked meanwhile is being answered now."
        await until(lambda: place.fake.answers_to()[asked])
        await works(place)
    async with running(place):
        await works(place)
    assert place.fake.answers_to()[asked] == 1, "what was asked meanwhile is answered, once"
    assert len(place.said()) == 2


async def test_put_back_while_the_bot_is_stopped_it_says_so_at_the_next_start(place: Place) -> None:
    path = await made(place)
    good = path.read_bytes()
    photos(path)
    async with running(place):
        await until(place.said)
    path.write_bytes(good)
    async with running(place):
        await until(lambda: len(place.said()) == 2)
    async with running(place):
        await works(place)
    assert len(place.said()) == 2


async def test_what_breaks_again_within_the_hour_is_not_said_again_but_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await made(place)
    good = path.read_bytes()
    for _ in range(2):
        photos(path)
        async with running(place):
            await until(place.said)
            await asyncio.sleep(0.5)
            path.write_bytes(good)
            await works(place)
            await until(lambda: len(place.said()) == 2)
    assert len(place.said()) == 2
    monkeypatch.setattr(alarm, "FLAPS", alarm.FLAPS * 0)
    photos(path)
    async with running(place):
        await until(lambda: len(place.said()) == 3)


async def test_in_an_encrypted_moderation_room_it_keeps_silent_and_says_so_elsewhere(
    place: Place, logged: list[dict[str, Any]]
) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{found.getsockname()[1]}"
    place.write(after=f'[web]\nlisten = "{listen}"\n[nothing]\n')
    place.fake.state[MODERATION, "m.room.encryption", ""] = {"algorithm": "m.megolm.v1.aes-sha2"}
    async with running(place):
        await until(lambda: [one for one in logged if one["event"] == "the moderators cannot be told"])
        async with aiohttp.ClientSession(f"http://{listen}") as web:
            async with web.get("/healthz") as answer:
                assert (answer.status, await answer.text()) == (200, "alive\n")
            for path in ("/readyz", "/metrics"):
                async with web.get(path) as answer:
                    text = await answer.text()
                    assert answer.status == 503
                    assert "safe mode (settings): The settings need a correction:" in text
                    assert "the moderators cannot be told: the moderation room is encrypted" in text
    assert place.fake.taken == []


async def test_a_room_that_was_upgraded_is_followed_to_speak(place: Place) -> None:
    place.write(more="nothing = 1")
    place.fake.join_room("!new:example.org")
    place.fake.state[MODERATION, "m.room.tombstone", ""] = {"replacement_room": "!new:example.org"}
    async with running(place):
        await until(lambda: place.fake.taken)
    assert [one.room_id for one in place.fake.taken] == ["!new:example.org"]
    assert place.fake.taken[0].content[MARK] == {"cause": "settings"}


async def test_a_homeserver_that_is_away_meanwhile_is_asked_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_mode, "LOOK_SECONDS", 0.1)
    place.write(more="nothing = 1")
    place.fake.script("joined_rooms", refuse(502, ""), refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=10))
    async with running(place):
        await until(place.said)
    assert len(place.said()) == 1


async def test_the_supervisor_is_told_that_it_lives(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        place.write(more="nothing = 1")
        async with running(place):
            await until(place.said)
        told = []
        while True:
            try:
                told.append(systemd.recv(1000))
            except BlockingIOError:
                break
    assert b"READY=1" in told
    assert b"WATCHDOG=1" in told
    assert any(one.startswith(b"STATUS=Safe mode: The settings need a correction:") for one in told)


async def test_another_bot_with_the_same_folder_ends_it_but_not_one_that_waits(place: Place) -> None:
    path = await made(place)
    good = path.read_bytes()
    with (place.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert (await ended(place)).exit_code == EXIT_RUNNING
    photos(path)
    async with running(place):
        await until(place.said)
        with (place.folder / "lock").open("w") as lock:  # as a restore does
            fcntl.flock(lock, fcntl.LOCK_EX)
            await asyncio.sleep(0.5)
            path.write_bytes(good)
        await works(place)


async def test_what_is_damaged_while_it_runs_stops_it_into_safe_mode(place: Place) -> None:
    path = await made(place)
    good = path.read_bytes()
    async with running(place) as task:
        await works(place)
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Pages that nobody has read yet; those that were are in memory.
        query = "SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('concept', 'definition', 'name', 'term')"
        pages = [page for (page,) in connection.execute(query)]
        connection.close()
        with path.open("r+b") as file:
            for page in pages:
                file.seek((page - 1) * 4096)
                file.write(b"\xa5" * 4096)
        asked = await place.fake.say("!term genocide")
        await until(place.said)
        assert not task.done()
        assert place.fake.answers_to()[asked] == 0, "no answer rather than a wrong one"
        assert place.said()[0].startswith("I cannot work at the moment. My database is damaged.")
        for name in ("bot.db-wal", "bot.db-shm"):
            (place.folder / name).unlink(missing_ok=True)
        put_back(path, good)
        await until(lambda: place.fake.answers_to()[asked])
        await until(lambda: len(place.said()) == 2)
    assert place.fake.answers_to()[asked] == 1


async def test_without_moderation_room_a_broken_database_ends_it_as_ever(place: Place) -> None:
    path = await made(place)
    photos(path)
    place.file.write_text(place.file.read_text().replace("moderation =", "practices ="))
    error = await ended(place)
    assert error.exit_code == EXIT_DATABASE
    assert "cannot be used: file is not a database. It is damaged: restore a backup." in str(error)


async def test_the_bot_itself_uses_what_is_sound(place: Place) -> None:
    path = await made(place)
    database = await Database.open(f"sqlite+aiosqlite:///{path}")
    await database.close()
    async with running(place):
        await works(place)
    assert place.said() == []
    assert ROOM != MODERATION
