"""A homeserver that misbehaves as it is told, and writes down what it is asked.

By itself it answers as a homeserver does: it keeps events in the order in which they came, holds a `/sync`
until there is something to tell, cuts timelines off, hands out the rest by `/messages`, and makes one event
of sends with the same transaction id. `script` puts other answers before its own, one for each request.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.bot import fake_keys
from tests.bot.scripted import Answer, refuse

BOT = "@gaamac:example.org"
MIA = "@mia:example.org"
ROOM = "!community:example.org"
KEYS = [endpoint for _method, _path, endpoint in fake_keys.ROUTES]
NOT_FOUND = refuse(404, "M_NOT_FOUND")


@dataclass(frozen=True)
class Asked:
    """One request: which endpoint, when (seconds, monotonic), what for, with which token."""

    endpoint: str
    at: float
    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    token: str | None


@dataclass(frozen=True)
class Taken:
    """An event of the bot that the homeserver took."""

    event_id: str
    room_id: str
    kind: str
    content: Mapping[str, Any]
    txn_id: str


@dataclass
class FakeHomeserver:
    """Start it with `start`, stop it with `stop`; what it keeps survives that."""

    timeline_limit: int = 100
    page_limit: int = 500
    asked: list[Asked] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    state: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {"token-1"})
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._events: list[tuple[str, dict[str, Any]]] = []
        self._joined: dict[str, int] = {}
        self._scripts: dict[str, deque[Answer]] = defaultdict(deque)
        self._always: dict[str, Answer] = {}
        self._news = asyncio.Condition()
        self.keys = fake_keys.FakeKeys()
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.join_room(ROOM)

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> Self:
        """Listen; after a `stop` on the same port."""
        self.closing.clear()
        application = web.Application()
        root = "/_matrix/client/v3"
        room = root + "/rooms/{room}"
        for method, path, endpoint in (
            ("GET", f"{root}/sync", "sync"),
            ("POST", f"{root}/login", "login"),
            ("GET", f"{root}/account/whoami", "whoami"),
            ("GET", f"{root}/profile/{{user}}/displayname", "displayname"),
            ("GET", f"{root}/directory/room/{{alias}}", "directory"),
            ("POST", f"{root}/join/{{room}}", "join"),
            ("GET", f"{root}/joined_rooms", "joined_rooms"),
            ("GET", f"{room}/messages", "messages"),
            ("GET", f"{room}/event/{{event}}", "event"),
            ("PUT", f"{room}/send/{{kind}}/{{txn}}", "send"),
            ("PUT", f"{room}/redact/{{event}}/{{txn}}", "redact"),
            ("GET", f"{room}/state/{{kind}}/{{key:.*}}", "state"),
            ("PUT", f"{room}/state/{{kind}}/{{key:.*}}", "set_state"),
            ("GET", f"{room}/state", "all_state"),
            ("GET", f"{room}/members", "members"),
            ("POST", f"{root}/createRoom", "create_room"),
        ):
            application.router.add_route(method, path, self._handler(endpoint), name=endpoint)
        for method, path, endpoint in fake_keys.ROUTES:
            application.router.add_route(method, root + path, self._handler(endpoint), name=endpoint)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        return self

    async def stop(self) -> None:
        """Stop listening, and let go of whoever still waits."""
        self.closing.set()
        async with self._news:
            self._news.notify_all()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    # What a test tells it

    def script(self, endpoint: str, *answers: Answer) -> None:
        """Give these answers to the next requests of an endpoint, one to each."""
        self._scripts[endpoint].extend(answers)

    def always(self, endpoint: str, answer: Answer) -> None:
        """Give this answer to every request of an endpoint from now on."""
        self._always[endpoint] = answer

    def mend(self, endpoint: str) -> None:
        """Answer an endpoint properly again."""
        self._always.pop(endpoint, None)
        self._scripts.pop(endpoint, None)

    def join_room(self, room_id: str) -> None:
        """Make the bot a member of a room."""
        self._joined[room_id] = len(self._events)

    async def put(self, event: object, room_id: str = ROOM) -> None:
        """Add an event as it is to a room."""
        async with self._news:
            self._events.append((room_id, event))  # type: ignore[arg-type]
            self._news.notify_all()

    async def say(self, body: str, room_id: str = ROOM, sender: str = MIA, **content: object) -> str:
        """Send a text message and return its event id."""
        event_id = f"$said{len(self._events)}"
        await self.put(text_event(event_id, body, sender, content), room_id)
        return event_id

    async def member(self, person: str, membership: str = "join", room_id: str = ROOM, **more: object) -> None:
        """Let somebody come, go, or change their name."""
        content = {"membership": membership, **more}
        self.state[room_id, "m.room.member", person] = content
        await self.put(member_event(f"$member{len(self._events)}", person, content), room_id)

    # What a test asks it

    def requests(self, endpoint: str) -> list[Asked]:
        """Return the requests of an endpoint."""
        return [one for one in self.asked if one.endpoint == endpoint]

    def answers_to(self) -> Counter[str]:
        """Count the messages of the bot by the event that each replies to."""
        relations = [one.content.get("m.relates_to", {}) for one in self.taken]
        return Counter(one["m.in_reply_to"]["event_id"] for one in relations if "m.in_reply_to" in one)

    # How it answers by itself

    def _handler(self, endpoint: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.json() if request.can_read_body else None
            authorization = request.headers.get("Authorization", "")
            token = authorization.removeprefix("Bearer ") or None
            now = asyncio.get_running_loop().time()
            self.asked.append(Asked(endpoint, now, request.match_info, request.query, body, token))
            script = self._scripts[endpoint]
            if script:
                return await script.popleft()(request, self)
            if endpoint in self._always:
                return await self._always[endpoint](request, self)
            if endpoint != "login" and token not in self.tokens:
                return await refuse(401, "M_UNKNOWN_TOKEN" if token else "M_MISSING_TOKEN")(request, self)
            return await self.answer(request)

        return handle

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as a homeserver does."""
        name = request.match_info.route.name or ""
        if name in KEYS:
            found = await self.keys.answer(name, request)
            return web.json_response(found) if found is not None else await NOT_FOUND(request, self)
        return web.json_response(await getattr(self, f"_{name}")(request))

    async def _login(self, request: web.Request) -> dict[str, Any]:
        asked = await request.json()
        token = f"token-{len(self.tokens) + 1}"
        self.tokens.add(token)
        return {"user_id": BOT, "device_id": asked.get("device_id", "NEWDEVICE"), "access_token": token}

    async def _whoami(self, _request: web.Request) -> dict[str, Any]:
        return {"user_id": BOT, "device_id": "DEVICE"}

    async def _displayname(self, _request: web.Request) -> dict[str, Any]:
        return {"displayname": "GAAMAC"}

    async def _directory(self, _request: web.Request) -> dict[str, Any]:
        return {"room_id": ROOM}

    async def _join(self, request: web.Request) -> dict[str, Any]:
        self.join_room(request.match_info["room"])
        return {"room_id": request.match_info["room"]}

    async def _joined_rooms(self, _request: web.Request) -> dict[str, Any]:
        return {"joined_rooms": list(self._joined)}

    async def _state(self, request: web.Request) -> dict[str, Any]:
        parts = request.match_info
        found = self.state.get((parts["room"], parts["kind"], parts["key"]), {})
        return {"sender": MIA, "content": found} if request.query.get("format") == "event" else found

    async def _set_state(self, request: web.Request) -> dict[str, Any]:
        parts = request.match_info
        self.state[parts["room"], parts["kind"], parts["key"]] = await request.json()
        return {"event_id": f"$state{len(self.asked)}"}

    async def _all_state(self, request: web.Request) -> list[dict[str, Any]]:
        return [
            {"type": kind, "state_key": key, "sender": BOT, "content": content}
            for (room, kind, key), content in self.state.items()
            if room == request.match_info["room"]
        ]

    async def _members(self, request: web.Request) -> dict[str, Any]:
        there = [
            member_event(f"$now{number}", key, content)
            for number, ((room, kind, key), content) in enumerate(self.state.items())
            if (room, kind) == (request.match_info["room"], "m.room.member")
        ]
        return {"chunk": there}

    async def _create_room(self, request: web.Request) -> dict[str, Any]:
        asked, room_id = await request.json(), f"!made{len(self._joined)}:example.org"
        self.join_room(room_id)
        self.state[room_id, "m.room.create", ""] = asked.get("creation_content", {})
        for person in asked.get("invite", []):
            self.state[room_id, "m.room.member", person] = {"membership": "invite"}
        return {"room_id": room_id}

    async def _sync(self, request: web.Request) -> dict[str, Any]:
        since = request.query.get("since")
        first = int(since[1:]) if since else 0
        wait = int(request.query.get("timeout", "0")) / 1000
        if since:
            async with self._news:
                try:
                    async with asyncio.timeout(wait):
                        await self._news.wait_for(lambda: len(self._events) > first or self.closing.is_set())
                except TimeoutError:
                    pass
        end = len(self._events)
        limit = self.timeline_limit if since else 1
        joined = {}
        for room_id in self._joined:
            places = [place for place in range(first, end) if self._events[place][0] == room_id]
            if not places and since:
                continue
            kept = places[-limit:]
            joined[room_id] = {
                "summary": {"m.joined_member_count": 5},
                "timeline": {
                    "events": [self._events[place][1] for place in kept],
                    "limited": len(kept) < len(places),
                    "prev_batch": f"s{kept[0] if kept else end}",
                },
            }
        return {"next_batch": f"s{end}", "rooms": {"join": joined}}

    async def _messages(self, request: web.Request) -> dict[str, Any]:
        query = request.query
        start = int(query.get("from", f"s{len(self._events)}")[1:])
        stop = int(query.get("to", "s0")[1:])
        room = request.match_info["room"]
        places = [place for place in range(start - 1, stop - 1, -1) if self._events[place][0] == room]
        wanted = json.loads(query["filter"]).get("senders")
        kept = places[: min(self.page_limit, int(query["limit"]))]
        page: dict[str, Any] = {"start": f"s{start}", "chunk": [self._events[place][1] for place in kept]}
        if wanted:
            page["chunk"] = [event for event in page["chunk"] if event["sender"] in wanted]
        if len(kept) < len(places):
            page["end"] = f"s{kept[-1]}"
        return page

    async def _event(self, request: web.Request) -> dict[str, Any]:
        wanted = request.match_info["event"]
        return next(event for _room, event in self._events if event["event_id"] == wanted)

    async def _send(self, request: web.Request) -> dict[str, Any]:
        return await self._take(request, request.match_info["kind"], await request.json())

    async def _redact(self, request: web.Request) -> dict[str, Any]:
        return await self._take(request, "m.room.redaction", {"redacts": request.match_info["event"]})

    async def _take(self, request: web.Request, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        room, txn_id = request.match_info["room"], request.match_info["txn"]
        for one in self.taken:
            if one.txn_id == txn_id:
                return {"event_id": one.event_id}
        event_id = f"$sent{len(self.taken)}"
        self.taken.append(Taken(event_id, room, kind, content, txn_id))
        await self.put(_event(event_id, kind, BOT, content), room)
        return {"event_id": event_id}


def text_event(
    event_id: str, body: object, sender: str = MIA, more: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Return a text message as it stands in a timeline."""
    return _event(event_id, "m.room.message", sender, {"msgtype": "m.text", "body": body, **(more or {})})


def member_event(event_id: str, person: str, content: Mapping[str, object]) -> dict[str, Any]:
    """Return a change of a member as it stands in a timeline."""
    return _event(event_id, "m.room.member", person, content) | {"state_key": person}


def _event(event_id: str, kind: str, sender: str, content: Mapping[str, object]) -> dict[str, Any]:
    at = int(time.time() * 1000)
    return {"event_id": event_id, "type": kind, "sender": sender, "origin_server_ts": at, "content": dict(content)}
