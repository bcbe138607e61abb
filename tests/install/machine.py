"""A machine that knows nothing of the bot: a clone of this repository, an empty home, no variable of ours."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.install.readme import ROOT

PASSED_ON = ("PIP_", "UV_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "LANG", "TERM")
"""How a machine reaches its package registry is a matter of the machine."""


class Machine:
    """A folder with an empty home. `run` runs a line as typed into a shell there."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        own = str(Path(sys.executable).parent)
        self.environment = {
            **{key: value for key, value in os.environ.items() if key.upper().startswith(PASSED_ON)},
            "HOME": str(self.home),
            # Without the virtual environment of the tests.
            "PATH": os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part != own),
            "PIP_CACHE_DIR": _cache(),
        }

    @classmethod
    def with_clone(cls, folder: Path) -> tuple[Self, Path]:
        """Make a machine, and a clone of what is committed here."""
        machine, clone = cls(folder), folder / "gaamac-bot"
        # Without looking who owns the repository, as Git does where it is shared.
        machine.run(f"git -c safe.directory='*' clone --quiet --no-hardlinks '{ROOT}' '{clone}'", folder)
        return machine, clone

    def run(self, line: str, folder: Path, *, expected: int = 0) -> str:
        """Run a line in a folder, and return what it wrote."""
        done = subprocess.run(  # noqa: S603
            ["/bin/bash", "-c", line], cwd=folder, env=self.environment, check=False, timeout=600,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert done.returncode == expected, f"{line}\n{done.stdout}"
        return done.stdout

    async def start(self, line: str, folder: Path) -> asyncio.subprocess.Process:
        """Start a line whose errors are read; its process group is its own."""
        return await asyncio.create_subprocess_exec(
            *("/bin/bash", "-c", line),
            cwd=folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )


@functools.cache
def _cache() -> str:
    """Return where pip keeps what it has downloaded; an empty home would download all of it again."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "cache", "dir"], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
