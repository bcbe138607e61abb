"""One Matrix account on one device: logged in once, stored, and asked over HTTP.

Only this module touches the client library, matrix-nio, and uses it as transport and account. What comes
from `/sync` is not given to nio: its parser, its room state and its token bookkeeping lose events, can be
forged by members, and can be stopped for good by a single malformed one.

Each call is one request and either returns JSON or raises a `MatrixError`. When to try again is decided by
the caller, who knows what it is worth.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode

import nio  # type: ignore[import-untyped]
from aiohttp import ClientError, ClientTimeout
from pydantic import ValidationError

from bot.errors import EXIT_LOGIN, LoggedOutError, RefusedError, StartError, TooLargeError, UnreachableError
from bot.failures import failure
from bot.login import SESSION_FILE, Login, new_pickle_key, store, stored
from bot.wire import decode, decode_in_turns
from config.settings import MatrixSettings

REQUEST_SECONDS = 30.0
UPLOAD_SECONDS = 120.0
FIRST_SYNC_SECONDS = 300.0
"""A first sync of an account in thousands of rooms takes Synapse minutes, but not for ever."""
ERROR_BYTES = 1 << 16
"""Of an answer that is an error. What is longer is none of a homeserver."""
DEVICE_NAME = "gaamac-bot"


class Session:
    """A logged-in account. Close it in the end."""

    def __init__(
        self,
        login: Login,
        may_ask: Callable[[], bool] = lambda: True,
        *,
        first_sync_seconds: float = FIRST_SYNC_SECONDS,
    ) -> None:
        self.login = login
        self._may_ask = may_ask
        self._first_sync_seconds = first_sync_seconds
        self._client = _client(login.homeserver, login.user_id)

    @property
    def user_id(self) -> str:
        """The bot's own Matrix id."""
        return self.login.user_id

    @classmethod
    async def open(
        cls, settings: MatrixSettings, folder: Path, may_ask: Callable[[], bool] = lambda: True
    ) -> Self:
        """Use the session stored in `folder`, or log in and store it there.

        Nothing is asked of the homeserver unless `may_ask` says yes: of several instances only one may.

        Raises:
            StartError: there is nothing to log in with, or the homeserver refuses it.
            UnreachableError, LimitedError: try again.

        """
        path = folder / SESSION_FILE
        token = settings.access_token.get_secret_value() if settings.access_token else None
        known = stored(path)
        if (
            known
            and (known.homeserver, known.user_id) == (settings.homeserver, settings.user_id)
            and token in (None, known.access_token)
        ):
            if not known.pickle_key:  # stored by a version that knew no encryption
                known = known.model_copy(update={"pickle_key": new_pickle_key()})
                store(path, known)
            return cls(known, may_ask)
        session = cls(
            Login(
                homeserver=settings.homeserver,
                user_id=settings.user_id,
                device_id="",
                access_token=token or "",
                pickle_key=new_pickle_key(),
            ),
            may_ask,
        )
        try:
            if token:
                await session._use_token()
            else:
                await session._log_in(settings, device_id=None)
        except BaseException:
            await session.close()
            raise
        store(path, session.login)
        return session

    async def log_in_again(self, settings: MatrixSettings, folder: Path) -> None:
        """After a soft logout: a new token for the same device.

        Raises:
            StartError: no password is configured, or it is refused.

        """
        await self._log_in(settings, device_id=self.login.device_id)
        store(folder / SESSION_FILE, self.login)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await asyncio.sleep(0)  # aiohttp closes its transports in the next turn of the loop

    # What can be asked. Paths are those of the client-server API, https://spec.matrix.org/latest/client-server-api/

    async def sync(self, since: str | None, sync_filter: str, wait: float) -> dict[str, Any]:
        """Ask what is new; without `since` for everything. `wait` seconds at most when nothing is."""
        query = {"filter": sync_filter, "timeout": str(int(wait * 1000))}
        if since is not None:
            query["since"] = since
        limit = self._first_sync_seconds if since is None else wait + REQUEST_SECONDS
        return await self._object("GET", "/sync", query=query, seconds=limit)

    async def messages(
        self, room_id: str, *, start: str | None, end: str | None, event_filter: str, limit: int
    ) -> dict[str, Any]:
        """Return one page of a room's events, newest first, from `start` (None: now) back to `end`."""
        query = {"dir": "b", "limit": str(limit), "filter": event_filter}
        if start is not None:
            query["from"] = start
        if end is not None:
            query["to"] = end
        return await self._object("GET", f"/rooms/{_q(room_id)}/messages", query=query)

    async def send(self, room_id: str, event_type: str, content: Mapping[str, Any], txn_id: str) -> str:
        """Send an event and return its id. The same `txn_id` never makes a second event within 24 hours."""
        path = f"/rooms/{_q(room_id)}/send/{_q(event_type)}/{_q(txn_id)}"
        return _event_id(await self._object("PUT", path, content))

    async def upload(self, data: bytes, mimetype: str) -> str:
        """Put a file into the media repository and return its address (`mxc://`)."""
        found = await self._request(
            "POST", "/upload", data, root="/_matrix/media/v3", content_type=mimetype, seconds=UPLOAD_SECONDS
        )
        address = found.get("content_uri") if isinstance(found, dict) else None
        if not isinstance(address, str):
            raise UnreachableError("no address of the file in the answer")
        return address

    async def download(self, address: str, limit: int) -> bytes:
        """Return a file of the media repository.

        https://spec.matrix.org/latest/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid

        Raises:
            TooLargeError: it has more than `limit` bytes; no more than that is read.
            RefusedError: there is no such file, or `address` names none.

        """
        server, _, media_id = address.removeprefix("mxc://").partition("/")
        if not address.startswith("mxc://") or not server or not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", media_id):
            raise RefusedError(404, "M_NOT_FOUND", "no address of a file")
        self._must_lead()
        url = f"/_matrix/client/v1/media/download/{_q(server)}/{media_id}"
        headers = {"Authorization": f"Bearer {self.login.access_token}"}
        try:
            response = await self._client.send(
                "GET", url, None, headers, timeout=ClientTimeout(total=UPLOAD_SECONDS)
            )
            async with response:
                if response.status != 200:
                    body = await response.content.read(ERROR_BYTES)
                    raise failure(response.status, response.headers, _decoded(body))
                if (response.content_length or 0) > limit:
                    raise TooLargeError(response.content_length or 0)
                data = bytearray()
                async for piece in response.content.iter_chunked(1 << 16):
                    data += piece
                    if len(data) > limit:
                        raise TooLargeError(len(data))
        except (ClientError, TimeoutError, OSError) as error:
            raise UnreachableError(f"{type(error).__name__} at {self.login.homeserver}") from error
        return bytes(data)

    async def redact(self, room_id: str, event_id: str, txn_id: str) -> str:
        """Take an event back and return the id of the redaction."""
        path = f"/rooms/{_q(room_id)}/redact/{_q(event_id)}/{_q(txn_id)}"
        return _event_id(await self._object("PUT", path, {}))

    async def join(self, room: str, via: str | None = None) -> str:
        """Join a room by id or alias and return its id. `via` names a server that is in it."""
        query = {"via": via, "server_name": via} if via else {}
        found = await self._object("POST", f"/join/{_q(room)}", {}, query=query)
        return str(found.get("room_id", room))

    async def leave(self, room_id: str) -> None:
        """Leave a room, or decline its invitation."""
        await self._object("POST", f"/rooms/{_q(room_id)}/leave", {})

    async def state(self, room_id: str, event_type: str, key: str = "") -> dict[str, Any]:
        """Return the content of a state event as the homeserver has it now."""
        return await self._object("GET", f"/rooms/{_q(room_id)}/state/{_q(event_type)}/{_q(key)}")

    async def state_event(self, room_id: str, event_type: str) -> dict[str, Any]:
        """Return a whole state event, its sender included."""
        path = f"/rooms/{_q(room_id)}/state/{_q(event_type)}/"
        found = await self._object("GET", path, query={"format": "event"})
        if "sender" in found and "content" in found:
            return found
        # Homeservers before spec 1.16 ignore `format`.
        for event in await self.all_state(room_id):
            if isinstance(event, dict) and event.get("type") == event_type and event.get("state_key") == "":
                return event
        raise RefusedError(404, "M_NOT_FOUND", event_type)

    async def all_state(self, room_id: str) -> list[Any]:
        """Return all state events of a room: as many as it has members, and more."""
        return await self._list("GET", f"/rooms/{_q(room_id)}/state")

    async def room_of(self, alias: str) -> str:
        """Return the id of the room that an alias names."""
        return str((await self._object("GET", f"/directory/room/{_q(alias)}"))["room_id"])

    async def joined_rooms(self) -> list[str]:
        """Return the ids of the rooms that the account is in."""
        return list((await self._object("GET", "/joined_rooms"))["joined_rooms"])

    async def whoami(self) -> dict[str, Any]:
        """Return whose token this is."""
        return await self._object("GET", "/account/whoami")

    async def display_name(self) -> str | None:
        """Return the account's display name, if it has one."""
        try:
            found = await self._object("GET", f"/profile/{_q(self.user_id)}/displayname")
        except RefusedError:
            return None
        name = found.get("displayname")
        return name if isinstance(name, str) and name else None

    async def call(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make any other request; the parts of `path` may hold any sign."""
        return await self._object(method, "/" + "/".join(_q(part) for part in path), body, query=query)

    async def _object(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> dict[str, Any]:
        found = await self._request(method, path, body, query=query, seconds=seconds)
        if not isinstance(found, dict):
            raise UnreachableError("the answer is not a JSON object")
        return found

    async def _list(self, method: str, path: str) -> list[Any]:
        found = await self._request(method, path)
        if not isinstance(found, list):
            raise UnreachableError("the answer is not a JSON list")
        return found

    async def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
        root: str = "/_matrix/client/v3",
        content_type: str = "application/json",
        seconds: float = REQUEST_SECONDS,
    ) -> object:
        """Make one request and return its JSON.

        Raises:
            MatrixError: one of the kinds of `bot.errors`.

        """
        self._must_lead()
        url = f"{root}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Content-Type": content_type}
        if self.login.access_token:
            headers["Authorization"] = f"Bearer {self.login.access_token}"
        data = (
            json.dumps(body, ensure_ascii=False).encode("utf-8", "replace") if isinstance(body, Mapping) else body
        )
        try:
            response = await self._client.send(
                method,
                url,
                data,
                headers,
                timeout=ClientTimeout(total=seconds),
            )
            async with response:
                content = await response.read()
        except (ClientError, TimeoutError, OSError) as error:
            raise UnreachableError(f"{type(error).__name__} at {self.login.homeserver}") from error
        found = await _decoded_in_turns(content)
        if response.status == 200 and found is not None:
            return found
        raise failure(response.status, response.headers, found)

    def _must_lead(self) -> None:
        if not self._may_ask():
            raise UnreachableError("another instance may work now")

    async def _use_token(self) -> None:
        try:
            found = await self.whoami()
        except (LoggedOutError, RefusedError) as error:
            raise StartError(
                f"The homeserver does not accept the access token of {self.user_id} ({error}). "
                "Put a valid one into GAAMAC_MATRIX__ACCESS_TOKEN.",
                exit_code=EXIT_LOGIN,
            ) from error
        if found.get("user_id") != self.user_id:
            raise StartError(
                f"The access token belongs to {found.get('user_id')}, but the settings name {self.user_id}. "
                "Correct GAAMAC_MATRIX__USER_ID or GAAMAC_MATRIX__ACCESS_TOKEN.",
                exit_code=EXIT_LOGIN,
            )
        self.login = self.login.model_copy(update={"device_id": str(found.get("device_id") or "")})

    async def _log_in(self, settings: MatrixSettings, *, device_id: str | None) -> None:
        if settings.password is None:
            raise StartError(
                f"There is no way to log in as {settings.user_id}: set GAAMAC_MATRIX__PASSWORD or "
                "GAAMAC_MATRIX__ACCESS_TOKEN (or the same names with _FILE at the end).",
                exit_code=EXIT_LOGIN,
            )
        body: dict[str, Any] = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": settings.user_id},
            "password": settings.password.get_secret_value(),
            "initial_device_display_name": DEVICE_NAME,
        }
        if device_id:
            body["device_id"] = device_id
        self.login = self.login.model_copy(update={"access_token": ""})
        try:
            found = await self._object("POST", "/login", body)
            fields = {k: found[k] for k in _LOGIN_FIELDS}
            self.login = Login(homeserver=settings.homeserver, pickle_key=self.login.pickle_key, **fields)
        except (RefusedError, LoggedOutError, KeyError, ValidationError) as error:
            raise StartError(
                f"The homeserver refused to log in {settings.user_id}: {error}. "
                "Check the user id and the password.",
                exit_code=EXIT_LOGIN,
            ) from error


_LOGIN_FIELDS = ("user_id", "device_id", "access_token")


def _client(homeserver: str, user_id: str) -> nio.AsyncClient:
    # One try per request: nio's own retries know neither priorities nor when to stop.
    config = nio.AsyncClientConfig(
        max_limit_exceeded=0, max_timeouts=1, encryption_enabled=False, store_sync_tokens=False
    )
    return nio.AsyncClient(homeserver, user_id, config=config)


def _decoded(content: bytes) -> object:
    try:
        return decode(content)
    except (ValueError, RecursionError):
        return None


async def _decoded_in_turns(content: bytes) -> object:
    try:
        return await decode_in_turns(content)
    except (ValueError, RecursionError):
        return None


def _event_id(found: Mapping[str, Any]) -> str:
    event_id = found.get("event_id")
    if not isinstance(event_id, str):
        raise UnreachableError("no event id in the answer")
    return event_id


def _q(part: str) -> str:
    return quote(part, safe="")
