"""What a supervisor is told, and the unit for systemd."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from bot import supervisor

UNIT = Path(__file__).parents[2] / "deploy" / "gaamac-bot.service"


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told_by_a_datagram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool) -> None:
    address = f"@{tmp_path}/notify" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{address[1:]}" if abstract else address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        supervisor.tell(supervisor.READY)
        assert systemd.recv(100) == b"READY=1"


def test_nobody_there_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    supervisor.tell(supervisor.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    supervisor.tell(supervisor.READY)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_the_unit_is_hardened() -> None:
    said = subprocess.run(  # noqa: S603 - our own file
        ["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None
    assert float(found[1]) < 3
