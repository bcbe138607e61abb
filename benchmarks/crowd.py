"""A homeserver of which one account is in thousands of rooms: `python -m benchmarks.crowd ROOMS MEMBERS`.

It prints one line of JSON with its address, and serves until it is ended. What a bot does with many rooms does not
need a real homeserver, which would take hours to make them. Besides what a bot asks it has two questions for the
benchmark: `/wait?syncs=` until it was asked so often what is new, and `/ask`, which says something and waits for
the answer.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

BOT = "@gaamac:example.org"
COMMAND = "!term genocide"
ROOT = "/_matrix/client/v3"


class Crowd:
    """The rooms, and what is said in them since the first sync."""

    def __init__(self, rooms: int, members: int) -> None:
        self._rooms = [f"!{number}:example.org" for number in range(rooms)]
        self._members = max(2, members // rooms)
        self._news: list[tuple[str, dict[str, Any]]] = []
        self._changed = asyncio.Condition()
        self._syncs = 0
        self._answered: set[str] = set()
        self._keys: dict[str, Any] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return what can be asked."""
        return [
            web.post(f"{ROOT}/login", self._login),
            web.get(f"{ROOT}/profile/{{user}}/displayname", _nothing),
            web.get(f"{ROOT}/sync", self._sync),
            web.put(f"{ROOT}/rooms/{{room}}/send/{{kind}}/{{txn}}", self._send),
            web.get(f"{ROOT}/rooms/{{room}}/state/{{kind}}/{{key:.*}}", _missing),
            web.post(f"{ROOT}/keys/upload", self._upload),
            web.post(f"{ROOT}/keys/query", self._query),
            web.post(f"{ROOT}/keys/device_signing/upload", self._sign),
            web.post(f"{ROOT}/keys/signatures/upload", _nothing),
            web.get(f"{ROOT}/user/{{user}}/account_data/{{kind}}", _missing),
            web.put(f"{ROOT}/user/{{user}}/account_data/{{kind}}", _nothing),
            web.get("/wait", self._wait),
            web.post("/ask", self._ask),
        ]

    async def _login(self, _request: web.Request) -> web.Response:
        return web.json_response({"user_id": BOT, "device_id": "DEVICE", "access_token": "token"})

    async def _sync(self, request: web.Request) -> web.Response:
        since = request.query.get("since")
        async with self._changing():
            self._syncs += 1
        if since is None:
            return web.Response(body=self._everything(), content_type="application/json")
        seen = int(since[1:])
        await self._until(lambda: len(self._news) > seen, int(request.query["timeout"]) / 1000)
        joined: dict[str, Any] = {}
        for room_id, event in self._news[seen:]:
            joined.setdefault(room_id, {"timeline": {"events": []}})["timeline"]["events"].append(event)
        return web.json_response({"next_batch": f"s{len(self._news)}", "rooms": {"join": joined}})

    def _everything(self) -> bytes:
        """Make the first sync: of each room its name, who speaks, and the last thing that was said."""
        joined = {}
        for number, room_id in enumerate(self._rooms):
            speaker = f"@member{number}:example.org"
            said = {"msgtype": "m.text", "body": f"What was said last in room {number}, and is for the members."}
            joined[room_id] = {
                "summary": {"m.joined_member_count": self._members, "m.invited_member_count": 0, "m.heroes": []},
                "state": {
                    "events": [
                        _event(f"$name{number}", "m.room.name", speaker, {"name": f"Room {number}"}, state_key="")
                    ]
                },
                "timeline": {
                    "events": [_event(f"$said{number}", "m.room.message", speaker, said)],
                    "limited": True,
                    "prev_batch": f"p{number}",
                },
                "unread_notifications": {"notification_count": 0, "highlight_count": 0},
            }
        return json.dumps({"next_batch": f"s{len(self._news)}", "rooms": {"join": joined}}).encode()

    async def _send(self, request: web.Request) -> web.Response:
        content = await request.json()
        event_id = f"$sent{len(self._news)}"
        async with self._changing():
            self._news.append((request.match_info["room"], _event(event_id, "m.room.message", BOT, content)))
            self._answered.add(content["m.relates_to"]["m.in_reply_to"]["event_id"])
        return web.json_response({"event_id": event_id})

    async def _upload(self, request: web.Request) -> web.Response:
        self._keys.setdefault("devices", {}).update((await request.json()).get("device_keys", {}))
        return web.json_response({"one_time_key_counts": {"signed_curve25519": 50}})

    async def _query(self, _request: web.Request) -> web.Response:
        found: dict[str, Any] = {"failures": {}, "device_keys": {}}
        if devices := self._keys.get("devices"):
            found["device_keys"] = {BOT: {devices["device_id"]: devices}}
        for kind in ("master_key", "self_signing_key", "user_signing_key"):
            if kind in self._keys:
                found[f"{kind}s"] = {BOT: self._keys[kind]}
        return web.json_response(found)

    async def _sign(self, request: web.Request) -> web.Response:
        self._keys.update(await request.json())
        return web.json_response({})

    async def _wait(self, request: web.Request) -> web.Response:
        times = int(request.query["syncs"])
        await self._until(lambda: self._syncs >= times, None)
        return web.json_response({})

    async def _ask(self, _request: web.Request) -> web.Response:
        event_id = f"$asked{len(self._news)}"
        event = _event(event_id, "m.room.message", "@mia:example.org", {"msgtype": "m.text", "body": COMMAND})
        began = time.perf_counter()
        async with self._changing():
            self._news.append((random.choice(self._rooms), event))  # noqa: S311 - any room
        await self._until(lambda: event_id in self._answered, None)
        return web.json_response({"seconds": time.perf_counter() - began})

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        async with self._changed:
            yield
            self._changed.notify_all()

    async def _until(self, condition: Callable[[], bool], seconds: float | None) -> None:
        async with self._changed:
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait_for(condition)
            except TimeoutError:
                return


async def _nothing(_request: web.Request) -> web.Response:
    return web.json_response({})


async def _missing(_request: web.Request) -> web.Response:
    return web.json_response({"errcode": "M_NOT_FOUND", "error": "Not found"}, status=404)


def _event(event_id: str, kind: str, sender: str, content: dict[str, Any], **more: object) -> dict[str, Any]:
    at = int(time.time() * 1000)
    return {
        "event_id": event_id, "type": kind, "sender": sender, "origin_server_ts": at, "content": content, **more,
    }  # fmt: skip


async def main(rooms: int, members: int) -> None:
    """Serve until the process is ended."""
    application = web.Application(client_max_size=1 << 24)
    application.add_routes(Crowd(rooms, members).routes())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
