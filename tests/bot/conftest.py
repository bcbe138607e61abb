"""The whole bot on a homeserver that does what a test tells it to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import answers
from bot.addressing import Address
from bot.app import App
from bot.backoff import Backoff
from bot.direct import Direct
from bot.outbox import Outbox
from bot.pace import Pace
from bot.session import Session
from commands.rendering import Markdown
from config.settings import FloodSettings, MatrixSettings, Settings
from storage import outbox as storage
from storage.database import Database, Writer
from storage.outbox import OutboxRow, Priority
from storage.schema import outbox as table
from tests import databases
from tests.bot.fake_homeserver import BOT, ROOM, FakeHomeserver

NOW = datetime.now(UTC)
PASSWORD = "secret"
LONGEST = 30.0
"""Seconds until a test gives up; nothing takes so long."""


@dataclass
class Running:
    """A bot that runs. `pauses` are those that it meant to make after failures; it made short ones."""

    app: App
    task: asyncio.Task[None]
    database: Database
    session: Session
    pauses: list[float]


def quick(pauses: list[float]) -> Callable[[], Backoff]:
    """Return a kind of back-off that writes down its pauses and makes short ones."""

    class Quick(Backoff):
        def next(self) -> float:
            pauses.append(super().next())
            return 0.01

    return Quick


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(LONGEST):
        while not condition():
            await asyncio.sleep(0.005)


def settings(fake: FakeHomeserver, folder: Path, password: str | None = PASSWORD) -> Settings:
    return Settings(
        matrix=MatrixSettings(
            homeserver=fake.url, user_id=BOT, password=SecretStr(password) if password else None
        ),
        flood=FloodSettings(commands_per_minute=0),
        data_dir=folder,
        database_url=databases.address(folder / "bot.db"),
    )


@asynccontextmanager
async def running(
    fake: FakeHomeserver,
    folder: Path,
    *,
    password: str | None = PASSWORD,
    kind: type[Database] = Database,
    first_sync_seconds: float = LONGEST,
) -> AsyncIterator[Running]:
    """Run the bot until the end of the block."""
    wanted = settings(fake, folder, password)
    pauses: list[float] = []
    database = await kind.open(wanted.database_url)
    session = await Session.open(settings(fake, folder).matrix, folder)
    session = await _patient(session, first_sync_seconds)
    app = App(wanted, session, database, Address("!", BOT, "GAAMAC"), quick(pauses))
    stop = asyncio.Event()
    task = asyncio.create_task(app.run(stop))
    try:
        yield Running(app, task, database, session, pauses)
    finally:
        stop.set()
        await asyncio.wait([task])
        await session.close()
        await database.close()


async def _patient(session: Session, first_sync_seconds: float) -> Session:
    login = session.login
    await session.close()
    return Session(login, first_sync_seconds=first_sync_seconds)


async def synced(fake: FakeHomeserver) -> None:
    """Wait until the bot has stored its first sync and follows."""
    await until(lambda: any("since" in one.query for one in fake.requests("sync")))


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Return what is logged; printing tracebacks with all local variables would take seconds."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
async def fake() -> AsyncIterator[FakeHomeserver]:
    server = await FakeHomeserver().start()
    yield server
    await server.stop()


class FailingDatabase(Database):
    """Its COMMIT fails as often as a test wants."""

    failures = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Writer]:
        async with super().write() as writer:
            yield writer
            if self.failures:
                self.failures -= 1
                await databases.make_the_commit_fail(writer)


@dataclass
class Desk:
    """An outbox with what it needs, and without the rest of the bot."""

    outbox: Outbox
    database: FailingDatabase
    pace: Pace
    pauses: list[float]

    async def post(self, *rows: OutboxRow) -> list[OutboxRow]:
        """Store rows and have them sent."""
        async with self.database.write() as writer:
            stored = await storage.add(writer, rows)
        self.outbox.push(stored)
        return stored

    async def emptied(self) -> None:
        async with asyncio.timeout(LONGEST):
            await self.outbox.drained()

    async def states(self) -> list[tuple[str, str | None]]:
        """Return the state and the event of each row."""
        query = sa.select(table.c.state, table.c.event_id).order_by(table.c.id)
        async with self.database.read() as reader:
            return [(state, event_id) for state, event_id in await reader.sql.execute(query)]


async def _in_the_clear() -> bool:
    return False


@pytest.fixture
async def desk(fake: FakeHomeserver, tmp_path: Path) -> AsyncIterator[Desk]:
    wanted = settings(fake, tmp_path)
    pauses: list[float] = []
    database = await FailingDatabase.open(wanted.database_url)
    session = await Session.open(wanted.matrix, tmp_path)
    pace = Pace()
    direct = Direct(session, database, _in_the_clear)
    outbox = Outbox(session, session.send, database, pace, direct.place, quick(pauses))
    one = Desk(outbox, database, pace, pauses)
    yield one
    await one.outbox.close()
    await session.close()
    await database.close()


def row(
    name: str, *, room: str = ROOM, priority: Priority = Priority.ANSWER, at: datetime = NOW, **more: Any
) -> OutboxRow:
    content = answers.message(Markdown(name))
    return OutboxRow(
        txn_id=f"txn-{name}",
        room_id=room,
        priority=priority,
        created_at=at,
        **{"kind": "message", "content": content} | more,
    )


def bodies(fake: FakeHomeserver) -> list[str]:
    """Return what the bot said, in the order in which the homeserver took it."""
    return [one.content["body"] for one in fake.taken]
