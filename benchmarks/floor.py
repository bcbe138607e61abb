"""The least that a bot can do: sync, and answer each command at once with what it was given at the start.

It stores nothing, parses nothing and forgets what it missed; no bot can be faster. It runs as a process of its
own (`python -m benchmarks.floor`) and reads from its standard input one line of JSON: homeserver, token, user
id, and the content of its answers.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from typing import Any
from urllib.parse import quote

import aiohttp

WAIT_MILLISECONDS = 30_000
_NOTHING = {"not_types": ["*"]}
FILTER = json.dumps(
    {
        "presence": _NOTHING,
        "account_data": _NOTHING,
        "room": {
            "timeline": {"types": ["m.room.message"], "limit": 100},
            "state": _NOTHING,
            "ephemeral": _NOTHING,
            "account_data": _NOTHING,
        },
    }
)


async def main() -> None:
    """Answer until the process is ended."""
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    headers = {"Authorization": f"Bearer {given['token']}"}
    numbers = itertools.count()
    answering: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(given["homeserver"], headers=headers) as web:

        async def answer(room_id: str, event_id: str) -> None:
            path = f"/_matrix/client/v3/rooms/{quote(room_id)}/send/m.room.message/{next(numbers)}"
            relation = {"m.in_reply_to": {"event_id": event_id}}
            async with web.put(path, json=given["content"] | {"m.relates_to": relation}) as response:
                await response.read()

        query = {"filter": FILTER, "timeout": "0"}
        while True:
            async with web.get("/_matrix/client/v3/sync", params=query) as response:
                news = await response.json()
            if "since" in query:
                for room_id, room in news.get("rooms", {}).get("join", {}).items():
                    for event in room["timeline"]["events"]:
                        if event["sender"] != given["user_id"]:
                            task = asyncio.create_task(answer(room_id, event["event_id"]))
                            answering.add(task)
                            task.add_done_callback(answering.discard)
            else:
                print("ready", flush=True)
            query |= {"since": news["next_batch"], "timeout": str(WAIT_MILLISECONDS)}


if __name__ == "__main__":
    asyncio.run(main())
