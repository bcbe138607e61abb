"""Answers that a homeserver should not give, to be given by `FakeHomeserver.script`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from tests.bot.fake_homeserver import FakeHomeserver

Answer = Callable[[web.Request, "FakeHomeserver"], Awaitable[web.StreamResponse]]


def refuse(status: int, errcode: str, headers: Mapping[str, str] | None = None, **more: object) -> Answer:
    """Answer with a Matrix error."""

    async def answer(_request: web.Request, _fake: FakeHomeserver) -> web.Response:
        return web.json_response({"errcode": errcode, "error": "scripted", **more}, status=status, headers=headers)

    return answer


def reply(body: bytes | str | object, status: int = 200, content_type: str = "application/json") -> Answer:
    """Answer with bytes or text as they are, or with anything else as JSON."""
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    data = raw if isinstance(raw, bytes) else raw.encode()

    async def answer(_request: web.Request, _fake: FakeHomeserver) -> web.Response:
        return web.Response(body=data, status=status, content_type=content_type)

    return answer


def proxy_error(status: int = 502) -> Answer:
    """Answer as a reverse proxy does whose homeserver is away."""
    return reply("<html><body><h1>Bad Gateway</h1></body></html>", status, "text/html")


async def truncated(request: web.Request, _fake: FakeHomeserver) -> web.StreamResponse:
    """Announce a long body, send half of a JSON object and hang up."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"next_batch": "s')
    _hang_up(request)
    return response


async def hang(_request: web.Request, fake: FakeHomeserver) -> web.StreamResponse:
    """Never answer."""
    await fake.closing.wait()
    return web.Response()


async def do_and_hang_up(request: web.Request, fake: FakeHomeserver) -> web.StreamResponse:
    """Do what is asked, and cut the connection instead of answering."""
    await fake.answer(request)
    _hang_up(request)
    return web.Response()


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
