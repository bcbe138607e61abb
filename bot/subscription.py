"""Calendars elsewhere that the operator subscribed to: fetched now and then, and merged by UID.

The address comes from the settings, but what answers there is a stranger: only https, only public addresses, also
after a redirect, a limited size and time. A calendar changes only what came from itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from bot import answers
from commands import event_import as said_of_imports
from commands.context import Asker, Context
from storage import event_ics_reading, event_import, events
from storage import outbox as outbox_storage
from storage.database import Database, Reader
from storage.event_ics_reading import LARGEST, UnreadableError
from storage.outbox import OutboxRow, Priority

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
SECONDS = 30.0
REDIRECTS = 3
MOST_GONE = 0.5
"""Of the coming events of a calendar: if more are gone at once, it is rather the file that is broken."""


class FetchError(Exception):
    """A calendar could not be fetched; the text says why."""


class PublicResolver(AbstractResolver):
    """Resolves names, but to no address inside this machine's own networks."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            OSError: one of them is not public; a name that has both may have been made to mislead.

        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        results = []
        for one_family, _, protocol, _, address in found:
            ip = str(address[0])
            if not is_public(ip):
                msg = f"{host} is no public address"
                raise OSError(msg)
            results.append(
                ResolveResult(
                    hostname=host,
                    host=ip,
                    port=port,
                    family=one_family,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        """Nothing is held."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is reachable for everybody, also inside of another (IPv4 in IPv6)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1] if ip.version == 6 else None
    return ip.is_global and not ip.is_multicast and (inner is None or inner.is_global)


async def fetch(address: str, resolver: AbstractResolver, context: ssl.SSLContext | None = None) -> bytes:
    """Return the file at an https address.

    Raises:
        FetchError: it cannot be had, or must not.

    """
    connector = aiohttp.TCPConnector(resolver=resolver, ssl=context or True, use_dns_cache=False)
    limit = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with aiohttp.ClientSession(connector=connector, timeout=limit, trust_env=False) as client:
            for _ in range(REDIRECTS + 1):
                _check(address, resolver)
                async with client.get(address, allow_redirects=False) as response:
                    if response.status in (301, 302, 303, 307, 308):
                        address = urljoin(address, response.headers.get("Location", ""))
                        continue
                    if response.status != 200:
                        raise FetchError(f"HTTP {response.status}")
                    data = bytearray()
                    async for piece in response.content.iter_chunked(1 << 16):
                        data += piece
                        if len(data) > LARGEST:
                            raise FetchError("too large")
                    return bytes(data)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise FetchError(type(error).__name__) from error
    raise FetchError("too many redirects")


def _check(address: str, resolver: AbstractResolver) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        raise FetchError("only https addresses")
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return  # A name, which the resolver looks at.
    if isinstance(resolver, PublicResolver) and not is_public(str(literal)):
        raise FetchError("no public address")


class Subscriptions:
    """Fetches calendars while `run` runs. `push` sends what is stored; `moderation` is told what changed."""

    def __init__(
        self,
        database: Database,
        addresses: list[str],
        moderation: Callable[[], Asker | None],
        context: Callable[[Reader, Asker, datetime], Awaitable[Context]],
        push: Callable[[list[OutboxRow]], None],
        language: str,
        zone: str,
    ) -> None:
        self._database = database
        self._addresses = addresses
        self._moderation = moderation
        self._context = context
        self._push = push
        self._language = language
        self._zone = zone
        self.failing: set[str] | None = None
        """The hosts of which a calendar could not be read last time; None before the first time."""

    async def run(self) -> None:
        """Fetch all calendars, again and again, until cancelled."""
        while True:
            failing: set[str] = set()
            for address in self._addresses:
                host = urlsplit(address).hostname or ""
                try:
                    await self.merge(address, await fetch(address, PublicResolver()))
                except (FetchError, UnreadableError) as error:
                    # The address may have a secret in it; its host does not.
                    log.warning("cannot read a calendar", host=host, error=str(error))
                    failing.add(host)
                except Exception as error:
                    log.exception("cannot merge a calendar", error=type(error).__name__)
                    failing.add(host)
            self.failing = failing
            await asyncio.sleep(EVERY.total_seconds())

    async def merge(self, address: str, data: bytes) -> None:
        """Take over what a calendar says of its own events, and tell the moderators.

        Raises:
            UnreadableError: it is no calendar.

        """
        calendar = await asyncio.to_thread(event_ics_reading.read, data, self._language, self._zone)
        calendar = calendar.model_copy(update={"name": calendar.name or urlsplit(address).hostname})
        now = datetime.now(UTC)
        async with self._database.write() as writer:
            plan = event_import.plan(calendar, await events.every(writer), now, self._language, own=True)
            known = plan.same + len(plan.changed) + len(plan.gone)
            if len(plan.gone) > max(3, known * MOST_GONE):
                log.warning("most of a calendar is gone; nothing of it is cancelled", calendar=calendar.name)
                plan = plan.model_copy(update={"gone": []})
            if plan.is_empty:
                return
            await event_import.apply(writer, plan, by=None, at=now, proposal_id=None)
            rows = []
            there = self._moderation()
            if there is not None:
                ctx = await self._context(writer, there, now)
                rows.append(
                    OutboxRow(
                        txn_id=answers.transaction_id("subscription", address, now.isoformat()),
                        room_id=there.room_id,
                        kind="message",
                        priority=Priority.DIGEST,
                        content=answers.message(said_of_imports.merged(ctx, calendar, plan)),
                        created_at=now,
                    )
                )
            stored = await outbox_storage.add(writer, rows)
        self._push(stored)
