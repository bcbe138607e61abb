"""Several instances: how they come to one session, and what is refused while one of them works."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot import instances, shared_session
from bot.errors import EXIT_DATABASE, EXIT_LOGIN, EXIT_RUNNING, EXIT_SETTINGS, BrokenError, StartError
from bot.leadership import Election
from bot.login import SESSION_FILE, Login, new_pickle_key, store, stored
from bot.opening import opened
from config.settings import ClusterSettings, Settings
from storage import room_keys
from storage.database import Database
from storage.room_keys import OwnDevice
from tests import databases
from tests.bot.conftest import LONGEST, settings, synced, until
from tests.bot.fake_homeserver import BOT, ROOM, FakeHomeserver
from tests.bot.scripted import refuse

SECRET = "known to all the instances"


def one_of_several(fake: FakeHomeserver, folder: Path, url: str, secret: str | None = SECRET) -> Settings:
    folder.mkdir(exist_ok=True)
    cluster = ClusterSettings(secret=SecretStr(secret) if secret else None)
    return settings(fake, folder).model_copy(update={"database_url": url, "cluster": cluster})


def login(device: str = "DEVICE") -> Login:
    return Login(
        homeserver="http://127.0.0.1:1",
        user_id=BOT,
        device_id=device,
        access_token="syt_token",
        pickle_key=new_pickle_key(),
    )


async def test_when_one_stops_the_other_goes_on_with_the_same_session(
    fake: FakeHomeserver, postgres: str, tmp_path: Path
) -> None:
    fake.join_room(ROOM)
    both = [one_of_several(fake, tmp_path / name, postgres) for name in ("one", "two")]
    stops = [asyncio.Event(), asyncio.Event()]
    first = asyncio.create_task(instances.run(both[0], stops[0]))
    await synced(fake)
    second = asyncio.create_task(instances.run(both[1], stops[1]))
    asked = [await fake.say("!status")]
    await until(lambda: len(fake.answers_to()) == 1)
    stops[0].set()
    await first
    asked.append(await fake.say("!status"))
    await until(lambda: len(fake.answers_to()) == 2)
    stops[1].set()
    await second
    assert fake.answers_to() == dict.fromkeys(asked, 1)
    assert len(fake.requests("login")) == 1
    assert stored(tmp_path / "one" / SESSION_FILE) == stored(tmp_path / "two" / SESSION_FILE)


async def test_a_log_in_after_a_soft_logout_is_shared(fake: FakeHomeserver, postgres: str, tmp_path: Path) -> None:
    stop = asyncio.Event()
    first = asyncio.create_task(instances.run(one_of_several(fake, tmp_path / "one", postgres), stop))
    await synced(fake)
    fake.script("sync", refuse(401, "M_UNKNOWN_TOKEN", soft_logout=True))
    await fake.say("!status")
    await until(lambda: len(fake.requests("login")) == 2 and fake.answers_to())
    stop.set()
    await first
    before = stored(tmp_path / "one" / SESSION_FILE)
    assert before is not None
    assert before.access_token == "token-3"
    database = await Database.open(postgres)
    await shared_session.fetch(database, one_of_several(fake, tmp_path / "two", postgres))
    assert stored(tmp_path / "two" / SESSION_FILE) == before
    await database.close()


async def test_what_writes_into_the_database_is_refused_while_an_instance_works(
    fake: FakeHomeserver, postgres: str, tmp_path: Path
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(instances.run(one_of_several(fake, tmp_path / "one", postgres), stop))
    await synced(fake)
    another = one_of_several(fake, tmp_path / "two", postgres)
    with pytest.raises(StartError, match="Stop all of them first") as error:
        async with opened(another):
            pass
    assert error.value.exit_code == EXIT_RUNNING
    stop.set()
    await running
    async with asyncio.timeout(10):
        while True:
            try:
                async with opened(another) as database, database.write() as writer:
                    await writer.changed("kept")
            except StartError:
                await asyncio.sleep(0.05)  # The connections of the bot end in a moment.
            else:
                return


async def test_an_instance_with_a_wrong_password_says_so(
    fake: FakeHomeserver, postgres: str, tmp_path: Path
) -> None:
    stranger = one_of_several(fake, tmp_path, postgres.replace("not%2Fa", "quite%2Fa"))
    with pytest.raises(BrokenError, match="refuses the role") as error:
        await instances.run(stranger, asyncio.Event())
    assert error.value.exit_code == EXIT_DATABASE


async def test_an_instance_that_is_older_than_the_database_leaves_it_to_others(
    fake: FakeHomeserver, postgres: str, tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    name = postgres.partition("?")[0].rpartition("/")[2]
    databases.server().execute(name, "UPDATE alembic_version SET version_num = '9999'")
    stop = asyncio.Event()
    older = asyncio.create_task(instances.run(one_of_several(fake, tmp_path, postgres), stop))
    await until(lambda: [one for one in logged if "schema 9999" in str(one.get("problem"))])
    assert not older.done()
    other = Election(postgres)
    async with asyncio.timeout(LONGEST):
        won = False
        while not won:
            async with other.won() as term:
                won = term is not None
    stop.set()
    await older
    await other.close()
    assert not fake.asked


async def test_an_instance_that_stands_by_without_a_database_can_be_stopped(
    fake: FakeHomeserver, tmp_path: Path
) -> None:
    stop = asyncio.Event()
    nowhere = one_of_several(fake, tmp_path, "postgresql+asyncpg://a:secret@127.0.0.1:9/x")
    running = asyncio.create_task(instances.run(nowhere, stop))
    await asyncio.sleep(0.2)
    assert not running.done()
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_the_session_of_the_database_replaces_that_of_the_folder(
    fake: FakeHomeserver, postgres: str, tmp_path: Path
) -> None:
    one, two = (one_of_several(fake, tmp_path / name, postgres) for name in ("one", "two"))
    database = await Database.open(postgres)
    shared, stale = login(), login("ANOTHER")
    store(two.data_dir / SESSION_FILE, stale)
    await shared_session.share(database, one, shared)
    await shared_session.fetch(database, two)
    assert stored(two.data_dir / SESSION_FILE) == shared
    assert (two.data_dir / SESSION_FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(StartError, match="must be the same") as error:
        await shared_session.fetch(database, one_of_several(fake, tmp_path / "two", postgres, "x" * 20))
    assert error.value.exit_code == EXIT_SETTINGS
    # One that runs alone may log in anew, and nobody shall take the old session for the present one later.
    await shared_session.fetch(database, one_of_several(fake, tmp_path / "one", postgres, None))
    store(two.data_dir / SESSION_FILE, stale)
    await shared_session.fetch(database, two)
    assert stored(two.data_dir / SESSION_FILE) == stale
    await database.close()


async def test_the_device_is_not_lost_to_an_instance_that_comes_first_without_it(
    fake: FakeHomeserver, postgres: str, tmp_path: Path
) -> None:
    newcomer = one_of_several(fake, tmp_path, postgres)
    database = await Database.open(postgres)
    async with database.write() as writer:
        await room_keys.put_own(writer, OwnDevice(device_id="DEVICE", pickle="sealed"))
    for before in (None, login("ANOTHER")):
        if before:
            store(tmp_path / SESSION_FILE, before)
        with pytest.raises(StartError, match="device DEVICE, is not shared yet") as error:
            await shared_session.fetch(database, newcomer)
        assert error.value.exit_code == EXIT_LOGIN
    store(tmp_path / SESSION_FILE, login())
    await shared_session.fetch(database, newcomer)
    await database.close()
