"""A bot on matrix-nio alone, as its documentation shows it: a callback and `sync_forever`."""

import asyncio
import json
import os

from nio import AsyncClient, MatrixRoom, RoomMessageText


async def main() -> None:
    """Answer until the process is ended."""
    given = json.loads(os.environ["PEER"])
    client = AsyncClient(given["homeserver"], given["user_id"])
    client.restore_login(given["user_id"], given["device_id"], given["token"])

    async def answer(room: MatrixRoom, event: RoomMessageText) -> None:
        if event.sender == client.user_id or not event.body.startswith("!term "):
            return
        relation = {"m.in_reply_to": {"event_id": event.event_id}}
        content = {"msgtype": "m.notice", "body": given["text"], "m.relates_to": relation}
        await client.room_send(room.room_id, "m.room.message", content)

    client.add_event_callback(answer, RoomMessageText)
    await client.sync_forever(timeout=30_000, full_state=True)


asyncio.run(main())
