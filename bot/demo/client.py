"""A small Matrix client on plain HTTP that plays members and moderators. It shares no code with the bot."""

# ruff: noqa: ASYNC109  (on a timeout, ours says what was seen)

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from yarl import URL

Json = dict[str, Any]
Params = dict[str, str | int]

_PATIENCE = 60.0  # seconds for an answer of the homeserver, beyond the time that it was asked to wait
_PAGE = 100  # events of a page and of a timeline; Synapse gives no more in a timeline
_NONE: Json = {"not_types": ["*"]}
_ROOM: Json = {"timeline": {"limit": _PAGE}, "state": {"lazy_load_members": True}, "ephemeral": _NONE}
_FILTER = json.dumps({"room": _ROOM | {"account_data": _NONE}, "presence": _NONE, "account_data": _NONE})


class ClientError(Exception):
    """The homeserver refused: HTTP `status` (0: no answer), Matrix `errcode`, `message`, the whole `body`."""

    def __init__(self, status: int, errcode: str, message: str, body: Json) -> None:
        super().__init__(f"{status} {errcode}: {message}")
        self.status, self.errcode, self.message, self.body = status, errcode, message, body


class Client:
    """One person on one device. Close it at the end.

    `homeserver` is the base address, without a slash at the end. Every request raises ClientError when it
    fails; only the listener tries again. `seen` is all timeline events received, by room id, in order, once.
    """

    def __init__(self, homeserver: str, user_id: str = "", device_id: str = "", access_token: str = ""):
        self.homeserver, self.user_id = homeserver, user_id
        self.device_id, self.access_token = device_id, access_token
        self.seen: dict[str, list[Json]] = {}
        self._known: set[str] = set()  # the ids of all events in `seen`
        self._since: str | None = None
        self._web: aiohttp.ClientSession | None = None
        self._syncing = asyncio.Lock()
        self._news = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Stop listening and disconnect. The account stays logged in; a later request connects again."""
        listener, self._listener = self._listener, None
        web, self._web = self._web, None
        if listener is not None:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        if web is not None:
            await web.close()

    async def request(
        self, method: str, path: str, json: Json | None = None, params: Params | None = None, wait: float = 0
    ) -> Json:
        """Make one request and return the object that was answered.

        `path` begins with a slash and is percent-encoded (`v3` does it); `wait` is how many seconds the
        homeserver was asked to wait. Raises ClientError for all but a success with a JSON object.
        """
        if self._web is None:
            self._web = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        url = URL(self.homeserver + path, encoded=True).extend_query(params or {})
        headers = {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}
        limit = aiohttp.ClientTimeout(total=wait + _PATIENCE)
        try:
            async with self._web.request(method, url, json=json, headers=headers, timeout=limit) as response:
                body: object = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ClientError(0, "", f"No answer from {self.homeserver}: {error!r}", {}) from error
        except ValueError:
            body = None
        answer = body if isinstance(body, dict) else {"error": "The answer is no JSON object."}
        if not response.ok or answer is not body:
            raise ClientError(response.status, answer.get("errcode", ""), answer.get("error", ""), answer)
        return answer

    async def create_room(self, *, power_levels: Mapping[str, int] | None = None, **options: object) -> str:
        """Create a room and return its id.

        `options` are those of the createRoom request, such as `invite` (user ids); None is as left out.
        `power_levels` is from user id to level, in any room version; the creator needs none.
        """
        body: Json = {key: value for key, value in options.items() if value is not None}
        room_id = str((await self.request("POST", v3("createRoom"), body))["room_id"])
        if power_levels:
            levels = await self.get_state(room_id, "m.room.power_levels")
            levels["users"] = {**levels.get("users", {}), **power_levels}
            await self.set_state(room_id, "m.room.power_levels", levels)
        return room_id

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite a person into a room."""
        await self.request("POST", v3("rooms", room_id, "invite"), {"user_id": user_id})

    async def join(self, room_id_or_alias: str) -> str:
        """Join a room, by invitation or a public one, and return its id."""
        return str((await self.request("POST", v3("join", room_id_or_alias), {}))["room_id"])

    async def leave(self, room_id: str) -> None:
        """Leave a room, or decline an invitation to it."""
        await self.request("POST", v3("rooms", room_id, "leave"), {})

    async def kick(self, room_id: str, user_id: str, reason: str = "") -> None:
        """Remove a person from a room."""
        await self.request("POST", v3("rooms", room_id, "kick"), {"user_id": user_id, "reason": reason})

    async def send(self, room_id: str, event_type: str, content: Json, txn_id: str | None = None) -> str:
        """Send an event and return its id; the id of the earlier one when `txn_id` was used before."""
        return await self._put(v3("rooms", room_id, "send", event_type, txn_id or uuid4().hex), content)

    async def say(self, room_id: str, text: str, *, reply_to: str | None = None, thread: str | None = None) -> str:
        """Send a text as a person does, as a reply or in the thread that `thread` begins; return its id."""
        relation: Json = {"m.in_reply_to": {"event_id": reply_to or thread}}
        if thread:
            relation |= {"rel_type": "m.thread", "event_id": thread, "is_falling_back": not reply_to}
        content: Json = {"msgtype": "m.text", "body": text}
        if reply_to or thread:
            content["m.relates_to"] = relation
        return await self.send(room_id, "m.room.message", content)

    async def edit(self, room_id: str, event_id: str, text: str) -> str:
        """Replace the text of one's own message; returns the id of the edit."""
        content: Json = {"msgtype": "m.text", "body": f"* {text}"}
        content["m.new_content"] = {"msgtype": "m.text", "body": text}
        content["m.relates_to"] = {"rel_type": "m.replace", "event_id": event_id}
        return await self.send(room_id, "m.room.message", content)

    async def redact(self, room_id: str, event_id: str) -> str:
        """Remove an event's content; returns the id of the redaction."""
        return await self._put(v3("rooms", room_id, "redact", event_id, uuid4().hex), {})

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        """React to an event, with an emoji for instance; returns the id of the reaction."""
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send(room_id, "m.reaction", {"m.relates_to": relation})

    async def set_state(self, room_id: str, event_type: str, content: Json, state_key: str = "") -> str:
        """Set a piece of room state; returns the event id."""
        return await self._put(v3("rooms", room_id, "state", event_type, state_key), content)

    async def get_state(self, room_id: str, event_type: str, state_key: str = "") -> Json:
        """Return the content of a piece of room state. Raises ClientError (404, M_NOT_FOUND) without one."""
        return await self.request("GET", v3("rooms", room_id, "state", event_type, state_key))

    async def send_to_device(self, event_type: str, messages: Mapping[str, Mapping[str, Json]]) -> None:
        """Send contents to devices, by user id and device id ("*" for all of a person's devices)."""
        await self.request("PUT", v3("sendToDevice", event_type, uuid4().hex), {"messages": messages})

    async def set_display_name(self, name: str) -> None:
        """Set the name that others see."""
        await self.request("PUT", v3("profile", self.user_id, "displayname"), {"displayname": name})

    async def override_ratelimit(self, user_id: str, *, per_second: int = 0, burst: int = 0) -> None:
        """Set how many messages a person may send; 0 is without limit. Only for an admin account."""
        path = f"/_synapse/admin/v1/users/{quote(user_id, safe='')}/override_ratelimit"
        await self.request("POST", path, {"messages_per_second": per_second, "burst_count": burst})

    async def event(self, room_id: str, event_id: str) -> Json:
        """Return one event, as it is now (so without content after a redaction)."""
        return await self.request("GET", v3("rooms", room_id, "event", event_id))

    async def history(self, room_id: str, limit: int | None = None) -> list[Json]:
        """Return the latest `limit` message events (those that are not state), or all; oldest first."""
        return await self._back(room_id, limit=limit, state=False)

    async def joined_members(self, room_id: str) -> dict[str, Json]:
        """Return who is in the room: profiles (`display_name`, `avatar_url`) by user id."""
        return dict((await self.request("GET", v3("rooms", room_id, "joined_members")))["joined"])

    async def sync_once(self, timeout_ms: int = 0) -> Json:
        """Sync from where the last sync ended, add to `seen`, and return the homeserver's answer.

        `timeout_ms` is how long the homeserver may wait for news. The first sync brings the 100 latest events
        of each room; from then on nothing is missed, as gaps (limited timelines) are filled. It waits for a
        sync of the listener that is under way.
        """
        async with self._syncing:
            params: Params = {"filter": _FILTER, "timeout": timeout_ms}
            params |= {"since": self._since} if self._since else {}
            answer = await self.request("GET", v3("sync"), params=params, wait=timeout_ms / 1000)
            rooms = answer.get("rooms", {})
            for room_id, room in (rooms.get("join", {}) | rooms.get("leave", {})).items():
                timeline, events = room["timeline"], room["timeline"]["events"]
                if timeline.get("limited") and self._since:
                    events = await self._back(room_id, timeline["prev_batch"], self._since) + events
                new = [event for event in events if event["event_id"] not in self._known]
                self._known.update(event["event_id"] for event in new)
                self.seen.setdefault(room_id, []).extend(new)
            self._since = answer["next_batch"]
        self._wake()
        return answer

    async def listen(self) -> None:
        """Collect events in `seen` until `close`, also when the homeserver comes back; return when begun."""
        if self._listener is None:
            await self.sync_once()
        if self._listener is None:  # nobody else was quicker
            self._listener = asyncio.create_task(self._listen())
            self._listener.add_done_callback(self._wake)  # those who wait learn that nothing will come

    async def wait_for(self, room_id: str, predicate: Callable[[Json], bool], timeout: float = 15) -> Json:
        """Return the first event of the room, seen before or to come, that the predicate accepts.

        Listens if nobody did. Raises TimeoutError after `timeout` seconds, with what was seen last, and
        ClientError when the homeserver does not let us listen.
        """
        await self.listen()
        looked = 0
        try:
            async with asyncio.timeout(timeout):
                while True:
                    events = self.seen.get(room_id, [])
                    for event in events[looked:]:
                        if predicate(event):
                            return event
                    looked = len(events)
                    if self._listener is None:
                        raise RuntimeError("The client was closed while something waited for an event.")
                    if self._listener.done():
                        self._listener.result()
                    await self._news.wait()
        except TimeoutError:
            last = [(event["type"], event["content"]) for event in self.seen.get(room_id, [])[-3:]]
            raise TimeoutError(f"No such event in {room_id} within {timeout} s. Seen last: {last}") from None

    def answers_to(self, room_id: str, event_id: str) -> list[Json]:
        """Return all messages seen so far with which others replied to this event."""
        return [event for event in self.seen.get(room_id, []) if self._answers(event, event_id)]

    async def answer_to(self, event_id: str, room_id: str, timeout: float = 15) -> Json:
        """Return the first message with which somebody else replied to this event; raises as `wait_for`."""
        if not event_id.startswith("$"):
            raise ValueError(f"The event id comes first, then the room id; {event_id} is no event id.")
        return await self.wait_for(room_id, lambda event: self._answers(event, event_id), timeout)

    async def ask(self, room_id: str, text: str, timeout: float = 15) -> str:
        """Say something and return the body of the first reply to it; raises as `wait_for`."""
        await self.listen()
        answer = await self.answer_to(await self.say(room_id, text), room_id, timeout)
        return str(answer["content"]["body"])

    def _answers(self, event: Json, event_id: str) -> bool:
        match event:
            case {
                "type": "m.room.message",
                "content": {"m.relates_to": {"m.in_reply_to": {"event_id": target}}},
            }:
                return bool(target == event_id and event["sender"] != self.user_id)
        return False

    def _wake(self, _: object = None) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _put(self, path: str, content: Json) -> str:
        return str((await self.request("PUT", path, content))["event_id"])

    async def _back(
        self, room_id: str, start: str = "", stop: str = "", limit: int | None = None, *, state: bool = True
    ) -> list[Json]:
        """Page backwards from token `start` (empty: now) to `stop` (empty: the beginning); oldest first."""
        params: Params = {"dir": "b", "limit": _PAGE}
        params |= {key: token for key, token in (("from", start), ("to", stop)) if token}
        found: list[Json] = []
        while limit is None or len(found) < limit:
            page = await self.request("GET", v3("rooms", room_id, "messages"), params=params)
            found += [event for event in page["chunk"] if state or "state_key" not in event]
            if not page.get("end"):
                break
            params["from"] = page["end"]
        return found[:limit][::-1]

    async def _listen(self) -> None:
        pause = 0.1
        while True:
            try:
                await self.sync_once(30_000)
                pause = 0.1
            except ClientError as error:
                if 400 <= error.status < 500 and error.status != 429:
                    raise
                await asyncio.sleep(error.body.get("retry_after_ms", pause * 1000) / 1000)
                pause = min(pause * 2, 1.0)


def v3(*parts: str) -> str:
    """Return the path of a client-server endpoint from its parts, percent-encoded."""
    return "/_matrix/client/v3/" + "/".join(quote(part, safe="") for part in parts)
