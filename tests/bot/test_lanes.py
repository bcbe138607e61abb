"""Lanes: in order inside a room, side by side, few events in memory, and no event harms another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest

from bot.authority import Authority
from bot.direct import Direct
from bot.dispatch import Dispatch
from bot.flood import Flood
from bot.lanes import HELD, Lanes
from bot.outbox import Outbox
from bot.places import Places
from bot.posting import Posting
from bot.received import Received
from bot.repertoire import registry
from bot.replies import Replies
from bot.rooms import Rooms
from bot.session import Session
from commands.calls import Call
from commands.context import Asker, Condition, Surroundings
from commands.rendering import Markdown
from commands.respond import Answer, Finish, Responder
from config.settings import InviteSettings, RoomSettings
from storage import inbox as storage
from storage import outbox as outbox_storage
from storage.database import Database, Reader
from storage.inbox import InboxEvent
from storage.outbox import OutboxRow
from storage.rooms import Room
from tests import databases
from tests.bot.conftest import LONGEST, NOW
from tests.bot.fake_homeserver import BOT, MIA, ROOM

ROOMS = [ROOM, *[f"!room{number}:example.org" for number in range(3)]]


class Echo(Responder):
    """Answers with what was typed. Does not go on while `gate` is closed; fails on `bad` ones."""

    def begin(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.bad: set[str] = set()
        self.working = self.most = 0

    async def respond(
        self, asker: Asker, typed: str | Call, surroundings: Surroundings, now: datetime, finish: Finish
    ) -> None:
        assert isinstance(typed, str)
        await self.gate.wait()
        self.working += 1
        self.most = max(self.most, self.working)
        try:
            await asyncio.sleep(0)
            if typed in self.bad:
                self.bad.remove(typed)
                raise OSError("the disk is full")
            async with self._database.write() as writer:
                await finish(writer, Answer(Markdown(typed)))
        finally:
            self.working -= 1


@dataclass
class Sink:
    """In place of the outbox."""

    said: list[tuple[str, str]] = field(default_factory=list)

    def push(self, rows: list[OutboxRow]) -> None:
        self.said += [(row.room_id, (row.content or {})["body"]) for row in rows]


@dataclass
class Office:
    """A dispatch with what it needs, and without the rest of the bot."""

    lanes: Lanes
    database: Database
    echo: Echo
    sink: Sink

    async def store(self, texts: list[str], room_id: str = ROOM) -> list[InboxEvent]:
        """Put messages into the inbox without delivering them."""
        events = [
            InboxEvent(
                event_id=f"${room_id}-{text}",
                room_id=room_id,
                sender=MIA,
                kind="message",
                sent_at=NOW,
                payload={"text": text, "thread": None},
            )
            for text in texts
        ]
        async with self.database.write() as writer:
            return await storage.add(writer, events)

    async def done(self) -> None:
        async with asyncio.timeout(LONGEST * 2):
            await self.lanes.drained()

    def held(self) -> int:
        """Return how many events are in memory."""
        return max((len(lane.queue) for lane in self.lanes._lanes.values()), default=0)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    session = cast("Session", None)  # nothing here asks the homeserver
    known = [Room(room_id=room_id, membership="join", members=5, since=NOW) for room_id in ROOMS]
    rooms = Rooms(session, RoomSettings(), InviteSettings(), known)
    echo, sink = Echo(database, registry(), "en"), Sink()
    echo.begin()
    condition, outbox = cast("Condition", None), cast("Outbox", sink)
    direct = cast("Direct", None)  # nobody is in a direct chat
    dispatch = Dispatch(
        database,
        echo,
        outbox,
        rooms,
        Places(rooms, "!"),
        Authority(session, rooms, 50),
        Flood(0),
        lambda: condition,
        cast("Received", None),
        Replies(database, outbox, Posting(rooms), direct, "en", lambda _command, _outcome, _at: None),
    )
    lanes = Lanes(database, dispatch.handle)
    yield Office(lanes, database, echo, sink)
    await lanes.close()
    await database.close()


async def test_a_thousand_events_keep_their_order_and_few_are_in_memory(office: Office) -> None:
    texts = [str(number) for number in range(1000)]
    office.echo.gate.clear()
    for begin in range(0, 1000, 50):
        office.lanes.deliver(await office.store(texts[begin : begin + 50]))
        assert office.held() <= HELD
    office.echo.gate.set()
    most = 0
    while office.lanes._tasks:
        most = max(most, office.held())
        await asyncio.sleep(0.005)
    assert office.sink.said == [(ROOM, text) for text in texts]
    assert most <= HELD
    assert BOT not in office.lanes._lanes


async def test_what_comes_while_a_lane_catches_up_waits_its_turn(office: Office) -> None:
    texts = [str(number) for number in range(400)]
    office.lanes.deliver(await office.store(texts[:200]))
    for begin in range(200, 400, 7):
        office.lanes.deliver(await office.store(texts[begin : begin + 7]))
        await asyncio.sleep(0.003)
    await office.done()
    assert [body for _, body in office.sink.said] == texts


async def test_what_an_earlier_run_left_is_handled_once_and_before_what_is_new(office: Office) -> None:
    left = [str(number) for number in range(150)]
    await office.store(left)
    assert await office.lanes.resume() == 1
    new = [str(number) for number in range(150, 160)]
    office.lanes.deliver(await office.store(new))
    await office.done()
    assert [body for _, body in office.sink.said] == left + new
    async with office.database.read() as reader:
        assert await storage.count_pending(reader) == 0
        assert await outbox_storage.count_pending(reader) == 160


async def test_what_comes_between_a_look_into_the_inbox_and_its_end_is_not_left_there(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = storage.pending

    async def slowly(reader: Reader, room_id: str, *, after: int, limit: int) -> list[InboxEvent]:
        found = await look(reader, room_id, after=after, limit=limit)
        if after == 0:  # the snapshot is taken; something comes before the lane goes on
            office.lanes.deliver(await office.store(["comes in between"]))
        return found

    monkeypatch.setattr(storage, "pending", slowly)
    await office.store(["left by an earlier run"])
    await office.lanes.resume()
    await office.done()
    assert [body for _, body in office.sink.said] == ["left by an earlier run", "comes in between"]


async def test_rooms_work_side_by_side(office: Office) -> None:
    office.echo.gate.clear()
    for room_id in ROOMS:
        office.lanes.deliver(await office.store(["a", "b"], room_id))
    await asyncio.sleep(0)
    office.echo.gate.set()
    await office.done()
    assert office.echo.most == len(ROOMS)
    for room_id in ROOMS:
        assert [body for room, body in office.sink.said if room == room_id] == ["a", "b"]


async def test_an_event_that_cannot_be_stored_is_tried_again_and_harms_no_other_lane(office: Office) -> None:
    office.echo.bad = {"fails once"}
    office.lanes.deliver(await office.store(["fails once", "after it"]))
    office.lanes.deliver(await office.store(["elsewhere"], ROOMS[1]))
    await office.done()
    assert office.sink.said == [(ROOMS[1], "elsewhere"), (ROOM, "fails once"), (ROOM, "after it")]
