"""Room on the disk, and the clock beside the homeserver's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import check_machine
from bot.findings import Report


@pytest.mark.parametrize(
    ("off", "level", "words"),
    [
        (0, "ok", "It agrees with the homeserver's."),
        (-3, "ok", "It agrees with the homeserver's."),
        (3600, "warning", "s behind the homeserver's."),
        (-3600, "warning", "s ahead of the homeserver's."),
    ],
)
async def test_the_clock_is_compared_with_the_homeservers(off: int, level: str, words: str) -> None:
    async def versions(_request: web.Request) -> web.Response:
        there = datetime.now(UTC) + timedelta(seconds=off)
        return web.json_response({}, headers={"Date": format_datetime(there, usegmt=True)})

    app = web.Application()
    app.add_routes([web.get("/_matrix/client/versions", versions)])
    report = Report({})
    async with TestServer(app) as server:
        await check_machine.clock(report, str(server.make_url("")).rstrip("/"))
    (finding,) = report.findings
    assert finding.level == level
    assert finding.text.endswith(words)
    if off > 5:
        assert 3595 <= int(finding.text.split()[2]) <= 3601


async def test_a_homeserver_that_does_not_answer_says_nothing_of_the_clock() -> None:
    report = Report({})
    await check_machine.clock(report, "http://127.0.0.1:9")
    assert report.findings == []


@pytest.mark.parametrize(
    ("full", "little", "level", "exit_code"),
    [(0, 1, "ok", 0), (0, 10**18, "warning", 0), (10**18, 10**18, "problem", 5)],
)
def test_the_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: int, little: int, level: str, exit_code: int
) -> None:
    # The disk is the real one; what counts as full is moved.
    monkeypatch.setattr(check_machine, "FULL", full)
    monkeypatch.setattr(check_machine, "LITTLE", little)
    report = Report({})
    check_machine.disk(report, tmp_path)
    (finding,) = report.findings
    assert (finding.level, report.exit_code) == (level, exit_code)
