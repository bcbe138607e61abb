"""Files and pictures on their way: in the clear, and encrypted with their thumbnails."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot import answers
from bot.encryption.attachments import unseal
from bot.errors import RefusedError
from bot.login import Login
from bot.media import Media
from bot.session import Session
from commands.attachment import Attachment, Picture
from storage import media as storage
from storage.database import Database
from tests import databases
from tests.bot.conftest import NOW
from tests.bot.fake_homeserver import BOT

SMALL = Attachment("map.png", "image/png", b"a small map", Picture(80, 45, "A map"))
MAP = Attachment("map.png", "image/png", b"a large map", Picture(1600, 900, "A map of Africa"), SMALL)


class Keeping(Session):
    """Keeps what is uploaded."""

    def __init__(self) -> None:
        super().__init__(Login(homeserver="http://127.0.0.1:1", user_id=BOT, device_id="D", access_token="t"))
        self.uploaded: dict[str, tuple[bytes, str]] = {}

    async def upload(self, data: bytes, mimetype: str) -> str:
        address = f"mxc://example.org/{len(self.uploaded)}"
        self.uploaded[address] = (data, mimetype)
        return address


@pytest.fixture
async def session() -> AsyncIterator[Keeping]:
    one = Keeping()
    yield one
    await one.close()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    one = await Database.open(databases.address(tmp_path / "bot.db"))
    yield one
    await one.close()


async def content(database: Database) -> dict[str, Any]:
    async with database.write() as writer:
        ids = [await storage.add(writer, data, NOW) for data in (MAP.data, SMALL.data)]
    return answers.file(MAP, *ids)


async def test_a_picture_in_the_clear(session: Keeping, database: Database) -> None:
    placed = await Media(session, database).placed(await content(database), closed=False)
    assert placed["msgtype"] == "m.image"
    assert placed["body"] == "A map of Africa"
    assert placed["filename"] == "map.png"
    assert session.uploaded[placed["url"]] == (MAP.data, "image/png")
    info = placed["info"]
    assert (info["w"], info["h"], info["size"], info["mimetype"]) == (1600, 900, 11, "image/png")
    assert session.uploaded[info["thumbnail_url"]] == (SMALL.data, "image/png")
    assert (info["thumbnail_info"]["w"], info["thumbnail_info"]["h"]) == (80, 45)
    assert placed["m.mentions"] == {}


async def test_a_picture_in_an_encrypted_room(session: Keeping, database: Database) -> None:
    placed = await Media(session, database).placed(await content(database), closed=True)
    assert "url" not in placed
    assert "thumbnail_url" not in placed["info"]
    assert all(kind == "application/octet-stream" for _, kind in session.uploaded.values())
    for file, data in ((placed["file"], MAP.data), (placed["info"]["thumbnail_file"], SMALL.data)):
        uploaded, _ = session.uploaded[file["url"]]
        assert uploaded != data
        assert unseal(uploaded, file) == data
    assert placed["file"]["key"] != placed["info"]["thumbnail_file"]["key"]
    assert "media:" not in json.dumps(placed)


async def test_a_file_that_is_gone_is_refused_for_good(session: Keeping, database: Database) -> None:
    with pytest.raises(RefusedError):
        await Media(session, database).placed({"url": "media:gone"}, closed=False)


async def test_a_message_without_files_is_left_as_it_is(session: Keeping, database: Database) -> None:
    for said in ({"body": "hello"}, {"url": "mxc://example.org/x", "info": 7}, {"info": {"thumbnail_url": None}}):
        assert await Media(session, database).placed(said, closed=True) == said
    assert session.uploaded == {}
