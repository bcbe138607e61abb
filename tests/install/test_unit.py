"""The systemd unit, as systemd itself judges it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.install.readme import ROOT

UNIT = ROOT / "deploy" / "gaamac-bot.service"
ANALYZE = shutil.which("systemd-analyze")

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], check=False, capture_output=True, text=True)  # noqa: S603


def test_its_exposure_is_below_three() -> None:
    done = analyzed("security", "--offline=true", "--no-pager", "--threshold=29", str(UNIT))
    found = re.search(r"Overall exposure level for gaamac-bot.service: (\d+\.\d+)", done.stdout)
    if found is None:
        pytest.skip(f"this systemd-analyze cannot judge a file: {done.stderr}")
    assert float(found[1]) < 3.0


def test_systemd_understands_every_line_of_it(tmp_path: Path) -> None:
    program = tmp_path / "gaamac-bot"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    # The program is not installed here; all the rest is as it stands.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/gaamac-bot/bin/gaamac-bot", str(program)))
    done = analyzed("verify", "--man=no", str(unit))
    complaints = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert complaints == []
