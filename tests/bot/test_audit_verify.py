"""`gaamac-bot audit verify` as an operator runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from storage import audit
from storage.audit import Entry
from storage.database import Database
from tests import databases


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GAAMAC_")},
        "GAAMAC_MATRIX__HOMESERVER": "http://127.0.0.1:1",
        "GAAMAC_MATRIX__USER_ID": "@bot:example.org",
        "GAAMAC_MATRIX__PASSWORD": "secret",
        "GAAMAC_DATA_DIR": str(folder),
        "GAAMAC_DATABASE_URL": databases.address(folder / "bot.db", empty=True),
    }
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", "audit", "verify"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_it_holds_until_somebody_changes_a_row(tmp_path: Path) -> None:
    found = verify(tmp_path)
    assert found.returncode != 0
    assert ("has no audit yet" if databases.ON_POSTGRES else "There is no database") in found.stderr
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    async with database.write() as writer:
        for number in range(3):
            at = datetime(2026, 12, 1, 9, number, tzinfo=UTC)
            await audit.add(writer, Entry(at=at, actor="a1", action="claim", subject="submission/1"))
    await database.close()
    found = verify(tmp_path)
    assert (found.returncode, found.stdout) == (0, "The audit holds: 3 rows.\n")
    databases.execute(tmp_path / "bot.db", "UPDATE audit SET reason = 'another' WHERE id = 2")
    found = verify(tmp_path)
    assert found.returncode != 0
    assert "The audit does not hold at row 2: it was changed." in found.stderr
