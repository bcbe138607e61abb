"""Packages from npm that a test needs, installed once beside Python's, or the test is skipped."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest


def absent(message: str) -> None:
    """Skip the test; where CI runs, fail it."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


async def install(source: Path, script: str) -> Path:
    """Install what `package.json` in `source` names, put the script beside it, and return the folder.

    It stays with the Python environment that it was made for.
    """
    if shutil.which("npm") is None:
        absent(f"Node (nodejs and npm) is not installed, so the test with {source.name} is left out")
    installed = Path(sys.prefix) / source.name
    wanted = (source / "package.json").read_text()
    mark = installed / "installed.json"
    if not mark.exists() or mark.read_text() != wanted:
        installed.mkdir(exist_ok=True)
        shutil.copy(source / "package.json", installed / "package.json")
        npm = await asyncio.create_subprocess_exec(
            "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", cwd=installed
        )
        assert await npm.wait() == 0, "npm install failed"
        mark.write_text(wanted)
    shutil.copy(source / script, installed / script)
    return installed
