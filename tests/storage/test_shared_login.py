"""The session that instances share lies in the database so that the database alone is not enough to read it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import shared_login
from storage.database import Database
from storage.shared_login import WrongSecretError
from tests import databases

SECRET, OTHER = "the secret of the settings", "the secret of somebody else"
DATA = b'{"access_token": "syt_of_the_bot"}'


async def test_who_has_the_secret_reads_the_session_and_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "bot.db"
    database = await Database.open(databases.address(file))
    async with database.write() as writer:
        assert await shared_login.get(writer, SECRET) is None
        await shared_login.put(writer, SECRET, DATA, datetime.now(UTC))
    async with database.read() as reader:
        assert await shared_login.get(reader, SECRET) == DATA
        with pytest.raises(WrongSecretError):
            await shared_login.get(reader, OTHER)
    first = bytes(databases.execute(file, "SELECT data FROM shared_login")[0][0])
    assert b"syt_" not in first
    async with database.write() as writer:
        await shared_login.put(writer, SECRET, DATA, datetime.now(UTC))
    [[second]] = databases.execute(file, "SELECT data FROM shared_login")
    # The same does not look the same, and one row holds the present one.
    assert bytes(second) != first
    async with database.write() as writer:
        await shared_login.forget(writer)
        assert await shared_login.get(writer, SECRET) is None
    await database.close()
    assert b"syt_of_the_bot" not in databases.contents(file)


async def test_what_was_changed_in_the_database_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "bot.db"
    database = await Database.open(databases.address(file))
    async with database.write() as writer:
        await shared_login.put(writer, SECRET, DATA, datetime.now(UTC))
    [[data]] = databases.execute(file, "SELECT data FROM shared_login")
    changed = bytearray(data)
    changed[-1] ^= 1
    literal = f"'\\x{changed.hex()}'" if databases.ON_POSTGRES else f"x'{changed.hex()}'"
    databases.execute(file, f"UPDATE shared_login SET data = {literal}")  # noqa: S608
    async with database.read() as reader:
        with pytest.raises(WrongSecretError):
            await shared_login.get(reader, SECRET)
    await database.close()
