"""Calendars elsewhere: fetched over https from public addresses only, merged by UID, and never trusted."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.resolver import ThreadedResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.repertoire import registry
from bot.subscription import FetchError, PublicResolver, Subscriptions, fetch, is_public
from commands.context import Asker
from commands.respond import Responder
from storage import event_changes, events, starter
from storage.database import Database
from storage.event_ics_reading import LARGEST
from storage.outbox import OutboxRow
from tests import databases

CALENDAR = (Path(__file__).parent.parent / "storage" / "calendars" / "google.ics").read_bytes()
ADDRESS = "https://calendar.example.org/training.ics"


class Elsewhere:
    """A web server with a certificate of its own on a loopback port."""

    def __init__(self) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.asked: list[str] = []
        self.port = 0

    def at(self, path: str) -> str:
        return f"https://localhost:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path == "/good.ics":
            return web.Response(body=CALENDAR)
        if request.path == "/moved":
            raise web.HTTPFound("/good.ics")
        if request.path == "/round":
            raise web.HTTPFound("/round")
        if request.path == "/plain":
            raise web.HTTPFound("http://localhost/secret")
        if request.path == "/endless":
            response = web.StreamResponse()
            await response.prepare(request)
            piece = b"x" * (1 << 20)
            for _ in range(LARGEST // len(piece) + 2):
                await response.write(piece)
            return response
        raise web.HTTPNotFound


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[Elsewhere]:
    found = Elsewhere()
    cert, key = certificate(tmp_path)
    found.context.load_verify_locations(cert)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(cert, key)
    application = web.Application()
    application.router.add_get("/{path:.*}", found.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serving)
    await site.start()
    found.port = runner.addresses[0][1]
    yield found
    await runner.cleanup()


async def test_a_calendar_is_fetched_also_where_it_moved(elsewhere: Elsewhere) -> None:
    for path in ("/good.ics", "/moved"):
        assert await fetch(elsewhere.at(path), ThreadedResolver(), elsewhere.context) == CALENDAR


@pytest.mark.parametrize(
    ("path", "why"),
    [("/missing", "HTTP 404"), ("/round", "redirects"), ("/plain", "only https"), ("/endless", "too large")],
)
async def test_what_is_no_calendar_is_given_up(elsewhere: Elsewhere, path: str, why: str) -> None:
    with pytest.raises(FetchError, match=why):
        await fetch(elsewhere.at(path), ThreadedResolver(), elsewhere.context)


async def test_a_stranger_without_a_certificate_is_not_asked(elsewhere: Elsewhere) -> None:
    with pytest.raises(FetchError):
        await fetch(elsewhere.at("/good.ics"), ThreadedResolver())
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "https://localhost:{port}/good.ics",
        "https://127.0.0.1:{port}/good.ics",
        "https://[::1]:{port}/good.ics",
        "https://[::ffff:127.0.0.1]:{port}/good.ics",
        "https://user:password@localhost:{port}/good.ics",
        "http://localhost:{port}/good.ics",
        "file:///etc/passwd",
    ],
)
async def test_nothing_inside_is_asked(elsewhere: Elsewhere, address: str) -> None:
    with pytest.raises(FetchError):
        await fetch(address.format(port=elsewhere.port), PublicResolver(), elsewhere.context)
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True), ("10.0.0.1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.1", False),
        ("224.0.0.1", False), ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:10.0.0.1", False),
        ("2002:0a00:0001::1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


class Scene:
    """A subscription and what it makes the bot say."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sent: list[OutboxRow] = []
        there = Asker("", "!moderators:example.org", direct=False, prefix="!")
        self.subscriptions = Subscriptions(
            database,
            [ADDRESS],
            lambda: there,
            Responder(database, registry(), "en").context,
            self.sent.extend,
            "en",
            "UTC",
        )

    async def numbered(self, uid: str) -> events.Kept:
        async with self.database.read() as reader:
            (found,) = [one for one in await events.every(reader) if one.uid == uid]
            return found


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    await starter.load(database, dt.datetime.now(dt.UTC))
    yield Scene(database)
    await database.close()


async def test_it_is_merged_once_and_the_moderators_are_told(scene: Scene) -> None:
    for _ in range(3):
        await scene.subscriptions.merge(ADDRESS, CALENDAR)
    (row,) = scene.sent
    body = str((row.content or {})["body"])
    assert body.startswith("From the calendar Prevention trainings:\n\nNew: 2; changed: 0; cancelled: 0;")
    await scene.subscriptions.merge(ADDRESS, CALENDAR.replace(b"Nairobi\\, Kenya", b"Mombasa\\, Kenya"))
    assert (await scene.numbered("abc123@google.com")).place == "Mombasa, Kenya"
    assert len(scene.sent) == 2


async def test_it_changes_nothing_that_is_not_its_own(scene: Scene) -> None:
    async with scene.database.read() as reader:
        starter_event = (await events.every(reader))[0]
    stolen = CALENDAR.replace(b"day@google.com", starter_event.uid.encode())
    await scene.subscriptions.merge(ADDRESS, stolen)
    assert await scene.numbered(starter_event.uid) == starter_event


async def test_what_a_moderator_cancelled_stays_cancelled(scene: Scene) -> None:
    await scene.subscriptions.merge(ADDRESS, CALENDAR)
    kept = await scene.numbered("day@google.com")
    async with scene.database.write() as writer:
        update = {"certainty": "cancelled", "reason": "Not ours."}
        await event_changes.change(writer, kept, update, by="@mod:example.org", at=dt.datetime.now(dt.UTC))
    await scene.subscriptions.merge(ADDRESS, CALENDAR)
    assert (await scene.numbered("day@google.com")).certainty == "cancelled"


async def test_what_is_gone_is_cancelled_but_not_most_of_it_at_once(scene: Scene) -> None:
    more = b"".join(
        b"BEGIN:VEVENT\r\nUID:more-%d\r\nSUMMARY:More\r\nDTSTART;VALUE=DATE:20990101\r\nEND:VEVENT\r\n" % number
        for number in range(10)
    )
    full = CALENDAR.replace(b"END:VCALENDAR", more + b"END:VCALENDAR")
    await scene.subscriptions.merge(ADDRESS, full)
    await scene.subscriptions.merge(ADDRESS, CALENDAR)
    assert (await scene.numbered("more-1")).certainty == "confirmed", "ten of twelve: the file is broken"
    less = full.replace(b"UID:more-1\r\n", b"UID:another\r\n")
    await scene.subscriptions.merge(ADDRESS, less)
    assert (await scene.numbered("more-1")).certainty == "cancelled"
    assert (await scene.numbered("more-2")).certainty == "confirmed"


async def test_a_calendar_that_cannot_be_had_ends_nothing(scene: Scene) -> None:
    task = asyncio.create_task(
        Subscriptions(scene.database, ["https://127.0.0.1:1/x.ics"], lambda: None, None, print, "en", "UTC").run()  # type: ignore[arg-type]
    )
    await asyncio.sleep(0.3)
    assert not task.done()
    task.cancel()
