"""A proxy between the bot and the homeserver that fails in the ways in which networks and proxies fail.

It reads requests one by one, because a client waits for the answer before it sends the next on a connection, and
so can say for each what becomes of it. Answers go through unread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from typing import Literal

Fault = Literal["drop", "slow", "cut", "lost", "limited", "gateway", "hang"]

HURT = 0.6
"""The share of requests that a fault hits; a homeserver of which nothing comes through would be tested less."""


class Proxy:
    """Listens on 127.0.0.1 and passes on to `port` there. `fault` is what happens to requests at present."""

    def __init__(self, port: int, seed: int) -> None:
        self._port = port
        self._chance = random.Random(f"proxy {seed}")
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.fault: Fault | None = None
        self.hit: Counter[str] = Counter()

    async def start(self) -> str:
        """Listen and return the address for the bot."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=1 << 20)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.disconnect()

    async def disconnect(self) -> None:
        """Cut all connections at once."""
        for task in [*self._connections]:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if self.fault == "drop":
                self.hit["drop"] += 1
                return
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one side has gone, or we cut it
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        answers = asyncio.create_task(_passing(there, writer))
        try:
            while True:
                request = await _request(reader)
                fault = self.fault if self._chance.random() < HURT else None
                if fault is not None:
                    self.hit[fault] += 1
                if fault == "drop":
                    return
                if fault == "hang":
                    await asyncio.sleep(self._chance.uniform(1, 8))
                    return
                if fault in ("limited", "gateway"):
                    writer.write(_limited(self._chance) if fault == "limited" else _GATEWAY)
                    await writer.drain()
                    continue
                if fault == "slow":
                    await asyncio.sleep(self._chance.uniform(0.2, 2))
                if fault in ("lost", "cut"):
                    # The homeserver does what was asked, and the bot does not hear of it.
                    answers.cancel()
                    await asyncio.gather(answers, return_exceptions=True)
                    back.write(request)
                    await back.drain()
                    begin = await asyncio.wait_for(there.read(1 << 16), 60)
                    if fault == "cut":
                        writer.write(begin[: self._chance.randrange(len(begin)) if begin else 0])
                        await writer.drain()
                        writer.close()
                        with contextlib.suppress(OSError):
                            await writer.wait_closed()
                    return
                back.write(request)
                await back.drain()
        finally:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            back.transport.abort()


async def _passing(there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what the homeserver answers; when it hangs up, so do we."""
    with contextlib.suppress(OSError):
        while data := await there.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Read one request, with its body. Ours all tell their length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


def _answer(status: str, kind: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _limited(chance: random.Random) -> bytes:
    body = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many", "retry_after_ms": chance.randint(100, 2000)}
    return _answer("429 Too Many Requests", "application/json", json.dumps(body).encode())


_GATEWAY = _answer("502 Bad Gateway", "text/html", b"<html><body><h1>502 Bad Gateway</h1></body></html>")
