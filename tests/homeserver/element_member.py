"""A member who uses what Element Web is made of: matrix-js-sdk in Node, driven line by line."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any, Self

from tests.homeserver.npm import install

HERE = Path(__file__).parent / "element"


class ElementMember:
    """A running Node process. Stop it in the end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self.user_id = ""
        self.device_id = ""

    @classmethod
    async def start(cls) -> Self:
        installed = await install(HERE, "member.mjs")
        process = await asyncio.create_subprocess_exec(
            "node",
            "member.mjs",
            cwd=installed,
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
