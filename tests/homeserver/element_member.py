"""A member who uses what Element Web is made of: matrix-js-sdk in Node, driven line by line."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Self

import pytest

HERE = Path(__file__).parent / "element"
INSTALLED = Path(sys.prefix) / "element"
"""Beside Python's packages: what was installed for tests stays with the environment that it was made for."""


async def install() -> None:
    """Install matrix-js-sdk once. Without Node the test is skipped; where CI runs, it fails."""
    if shutil.which("npm") is None:
        message = "Node (nodejs and npm) is not installed, so the test with Element's library is left out"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    wanted = (HERE / "package.json").read_text()
    mark = INSTALLED / "installed.json"
    if not mark.exists() or mark.read_text() != wanted:
        INSTALLED.mkdir(exist_ok=True)
        shutil.copy(HERE / "package.json", INSTALLED / "package.json")
        npm = await asyncio.create_subprocess_exec(
            "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", cwd=INSTALLED
        )
        assert await npm.wait() == 0, "npm install failed"
        mark.write_text(wanted)
    shutil.copy(HERE / "member.mjs", INSTALLED / "member.mjs")


class ElementMember:
    """A running Node process. Stop it in the end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self.user_id = ""
        self.device_id = ""

    @classmethod
    async def start(cls) -> Self:
        await install()
        process = await asyncio.create_subprocess_exec(
            "node",
            "member.mjs",
            cwd=INSTALLED,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        return cls(process)

    async def call(self, method: str, **params: Any) -> Any:
        """Have it do something, and return what it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        number = next(self._numbers)
        request = {"id": number, "method": method, "params": params}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        async with asyncio.timeout(90):
            while True:
                line = await self._process.stdout.readline()
                assert line, f"the member has stopped during {method}"
                answer = json.loads(line)
                if answer["id"] == number:
                    break
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    async def login(self, homeserver: str, user: str) -> None:
        found = await self.call("login", homeserver=homeserver, user=user, password="secret")
        self.user_id, self.device_id = found["user"], found["device"]

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
