"""The machine and its homeserver as `check` sees them: disk, files, addresses, versions, and the clock."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import check_homeserver, check_machine
from bot.check import examine
from bot.findings import Finding, Report
from config.settings import MatrixSettings, Settings

NOW = timedelta(0)


@asynccontextmanager
async def homeserver(answer: object, off: timedelta = NOW) -> AsyncIterator[str]:
    """Answer as a homeserver does whose clock is `off`."""

    async def versions(_request: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) + off, usegmt=True)
        return web.Response(text=json.dumps(answer), headers={"Date": date})

    app = web.Application()
    app.add_routes([web.get("/_matrix/client/versions", versions)])
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def asked(answer: object, off: timedelta = NOW) -> Report:
    report = Report({})
    async with homeserver(answer, off) as url:
        await check_homeserver.versions_and_clock(report, url)
    return report


def only(report: Report) -> Finding:
    (finding,) = report.findings
    return finding


@pytest.mark.parametrize(
    ("off", "code", "words"),
    [
        (0, "clock", "It agrees with the homeserver's."),
        (-3, "clock", "It agrees with the homeserver's."),
        (3600, "clock.off", "s behind the homeserver's."),
        (-3600, "clock.off", "s ahead of the homeserver's."),
        (9, "clock.off", "s behind the homeserver's."),
    ],
)
async def test_the_clock_is_compared_with_the_homeservers(off: int, code: str, words: str) -> None:
    report = await asked({}, timedelta(seconds=off))
    finding = only(report)
    assert finding.code == code
    assert finding.text.endswith(words)
    assert report.exit_code == (12 if code == "clock.off" else 0)
    if off > 5:
        assert off - 5 <= int(finding.text.split()[2]) <= off + 1


@pytest.mark.parametrize(
    ("versions", "code", "exit_code"),
    [
        (["r0.6.1", "v1.1", "v1.12"], "homeserver", 0),
        (["v1.11"], "homeserver", 0),
        (["r0.6.1", "v1.10", "v1.9"], "homeserver.media", 0),
        (["r0.5.0", "r0.6.1"], "homeserver.old", 4),
        ([], "homeserver.old", 4),
        ([None, 5, "v1", "1.12", "v1.٣", "v1.12.1"], "homeserver.old", 4),
    ],
)
async def test_which_versions_the_homeserver_knows(versions: list[object], code: str, exit_code: int) -> None:
    report = await asked({"versions": versions})
    assert [finding.code for finding in report.findings] == ["clock", code]
    assert report.exit_code == exit_code


@pytest.mark.parametrize("answer", [[], None, "x", {"versions": "v1.1"}])
async def test_an_answer_that_is_none_says_nothing_of_versions(answer: object) -> None:
    assert [finding.code for finding in (await asked(answer)).findings] == ["clock"]


async def test_a_homeserver_that_does_not_answer_says_nothing_of_the_clock() -> None:
    report = Report({})
    await check_homeserver.versions_and_clock(report, "http://127.0.0.1:9")
    assert report.findings == []


@pytest.mark.parametrize(
    ("full", "little", "code", "exit_code"),
    [(0, 1, "disk", 0), (0, 10**18, "disk.little", 0), (10**18, 10**18, "disk.full", 11)],
)
def test_the_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: int, little: int, code: str, exit_code: int
) -> None:
    # The disk is the real one; what counts as full is moved.
    monkeypatch.setattr(check_machine, "FULL", full)
    monkeypatch.setattr(check_machine, "LITTLE", little)
    report = Report({})
    check_machine.disk(report, tmp_path)
    assert (only(report).code, report.exit_code) == (code, exit_code)


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """On a small disk of its own, where the system lets one be made without being its administrator."""
    if not shutil.which("unshare"):
        pytest.skip("no unshare")
    look = (
        "from pathlib import Path; from bot import check_machine; from bot.findings import Report\n"
        f"report = Report({{}}); check_machine.disk(report, Path({str(tmp_path)!r})); print(report.json())"
    )
    script = f'mount -t tmpfs -o size=4m none "$0" && exec "{sys.executable}" -c "$1"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(tmp_path), look]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - all of it is ours
    if done.returncode != 0:
        pytest.skip(f"no disk can be made here: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    assert [finding["code"] for finding in found["findings"]] == ["disk.full"]
    assert found["exit_code"] == 11


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw - nfs4 server:/export rw
31 30 0:41 / /srv/with\\040space rw - ext4 /dev/sdb1 rw
32 22 0:42 / /mnt rw - ext4 /dev/sdc1 rw
33 22 0:43 / /mnt rw - fuse.sshfs other: rw
nonsense
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/bot", None),
        ("/srv/bot/data", "nfs4"),
        ("/srvother", None),
        ("/srv/with space/data", None),
        ("/mnt/data", "fuse.sshfs"),
    ],
)
def test_a_database_on_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, kind: str | None
) -> None:
    # No such file system can be mounted in a test; so the list of the kernel is one that was written down.
    monkeypatch.setattr(check_machine, "MOUNTS", tmp_path / "mountinfo")
    (tmp_path / "mountinfo").write_text(MOUNTS, encoding="utf-8")
    report = Report({})
    check_machine.file_system(report, Path(folder), f"sqlite+aiosqlite:///{folder}/bot.db")
    assert report.exit_code == (5 if kind else 0)
    if kind:
        assert only(report).code == "data.network"
        assert f"({kind})" in only(report).text
    elsewhere = Report({})
    check_machine.file_system(elsewhere, Path(folder), "postgresql+asyncpg://db/bot")
    (tmp_path / "mountinfo").unlink()
    check_machine.file_system(elsewhere, Path(folder), f"sqlite+aiosqlite:///{folder}/bot.db")
    assert elsewhere.findings == []


def test_the_disk_of_this_machine_is_its_own(tmp_path: Path) -> None:
    report = Report({})
    check_machine.file_system(report, tmp_path, f"sqlite+aiosqlite:///{tmp_path}/bot.db")
    assert report.findings == []


@pytest.mark.parametrize(
    ("held", "mode", "code"),
    [
        ('[matrix]\npassword = "x"', 0o600, "settings"),
        ('[matrix]\npassword = "x"', 0o640, "settings.open"),
        ('[matrix]\nrecovery_key = "x"', 0o604, "settings.open"),
        ('database_url = "postgresql+asyncpg://bot:x@db/bot"', 0o644, "settings.open"),
        ('database_url = "sqlite+aiosqlite:///x"\n[matrix]\nuser_id = "@x:y"', 0o644, "settings"),
    ],
)
def test_settings_that_others_may_read(tmp_path: Path, held: str, mode: int, code: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(held, encoding="utf-8")
    file.chmod(mode)
    report = Report({})
    check_machine.settings_file(report, file)
    assert only(report).code == code
    assert (f"chmod go= {file}" in only(report).advice) is (code == "settings.open")
    assert report.exit_code == 0


def test_settings_from_the_environment_alone() -> None:
    report = Report({})
    check_machine.settings_file(report, None)
    assert report.findings == []


@pytest.mark.parametrize(
    ("listen", "code"),
    [
        ("127.0.0.1:9000", "web"),
        ("10.0.0.5:9000", "web"),
        ("[::1]:9000", "web"),
        ("0.0.0.0:9000", "web.public"),
        ("[::]:9000", "web.public"),
        ("8.8.8.8:9000", "web.public"),
    ],
)
def test_where_the_numbers_can_be_read(listen: str, code: str) -> None:
    report = Report({})
    check_machine.listening(report, listen)
    assert only(report).code == code


@pytest.mark.parametrize("listen", ["", "localhost:9000", "bot.internal:9000"])
def test_where_nothing_listens_or_a_name_tells_nothing(listen: str) -> None:
    report = Report({})
    check_machine.listening(report, listen)
    assert report.findings == []


async def test_the_lowest_exit_code_wins(tmp_path: Path) -> None:
    """A homeserver whose clock is off, which knows no log-in, and a folder that is none."""
    (tmp_path / "data").write_text("no folder", encoding="utf-8")
    async with homeserver({"versions": ["v1.11"]}, timedelta(hours=1)) as url:
        matrix = MatrixSettings.model_validate({"homeserver": url, "user_id": "@b:x", "access_token": "t"})
        report = await examine(Settings(matrix=matrix, data_dir=tmp_path / "data"))
    assert report.exit_code == 3
    assert {"clock.off", "data.unusable", "login.refused"} <= {finding.code for finding in report.findings}
