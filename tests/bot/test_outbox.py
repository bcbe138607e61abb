"""Sending, on a homeserver that refuses, limits and fails: each row once, in order."""

from __future__ import annotations

from typing import Any

import pytest

from storage import outbox as storage
from storage.database import Database
from storage.outbox import Priority
from tests.bot.conftest import Desk, bodies, row, until
from tests.bot.fake_homeserver import FakeHomeserver
from tests.bot.scripted import Answer, do_and_hang_up, proxy_error, refuse, reply, truncated


@pytest.mark.parametrize(
    "answer",
    [refuse(403, "M_FORBIDDEN"), refuse(413, "M_TOO_LARGE"), proxy_error(413)],
    ids=["forbidden", "too large", "too large for the proxy"],
)
async def test_what_is_refused_is_recorded_and_the_next_goes_out(
    fake: FakeHomeserver, desk: Desk, answer: Answer, logged: list[dict[str, Any]]
) -> None:
    fake.script("send", answer)
    await desk.post(row("one"), row("two"))
    await desk.emptied()
    assert bodies(fake) == ["two"]
    assert await desk.states() == [("refused", None), ("sent", "$sent0")]
    assert [one.parts["txn"] for one in fake.requests("send")] == ["txn-one", "txn-two"]
    assert any(entry["log_level"] == "error" for entry in logged), "the operator is told"
    async with desk.database.read() as reader:
        assert await storage.count_refused(reader) == 1


@pytest.mark.parametrize(
    "answer",
    [
        refuse(500, "M_UNKNOWN"),
        proxy_error(),
        proxy_error(403),
        truncated,
        reply([]),
        reply({}),
        refuse(403, "M_RESOURCE_LIMIT_EXCEEDED"),
    ],
    ids=["500", "502", "403 of a proxy", "truncated", "a list", "no event id", "homeserver full"],
)
async def test_what_fails_is_sent_again_with_a_pause_and_the_same_transaction_id(
    fake: FakeHomeserver, desk: Desk, answer: Answer
) -> None:
    fake.script("send", answer, answer, answer)
    await desk.post(row("one"), row("two"))
    await desk.emptied()
    assert bodies(fake) == ["one", "two"]
    assert [one.parts["txn"] for one in fake.requests("send")] == ["txn-one"] * 4 + ["txn-two"]
    assert len(desk.pauses) == 3


async def test_an_answer_that_is_lost_leads_to_the_same_event(fake: FakeHomeserver, desk: Desk) -> None:
    fake.script("send", do_and_hang_up, do_and_hang_up)
    await desk.post(row("one"), row("two"))
    await desk.emptied()
    assert bodies(fake) == ["one", "two"]
    assert await desk.states() == [("sent", "$sent0"), ("sent", "$sent1")]
    assert [one.parts["txn"] for one in fake.requests("send")] == ["txn-one"] * 3 + ["txn-two"]


async def test_a_limit_keeps_the_order(fake: FakeHomeserver, desk: Desk) -> None:
    wait = refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=100)
    fake.script("send", wait, wait)
    await desk.post(*[row(str(number)) for number in range(5)])
    await desk.emptied()
    assert bodies(fake) == ["0", "1", "2", "3", "4"]
    assert len(fake.requests("send")) == 7
    assert desk.pauses == []


async def test_under_a_limit_answers_go_before_announcements_and_those_before_digests(
    fake: FakeHomeserver, desk: Desk
) -> None:
    desk.pace.limited(0.1)
    kinds = [Priority.DIGEST, Priority.ANNOUNCEMENT, Priority.ANSWER] * 2
    await desk.post(
        *[row(f"{kind.name} {n}", room=f"!room{n}:example.org", priority=kind) for n, kind in enumerate(kinds)]
    )
    await desk.emptied()
    assert bodies(fake) == ["ANSWER 2", "ANSWER 5", "ANNOUNCEMENT 1", "ANNOUNCEMENT 4", "DIGEST 0", "DIGEST 3"]


async def test_inside_a_room_too(fake: FakeHomeserver, desk: Desk) -> None:
    rows = [row(kind.name, priority=kind) for kind in (Priority.DIGEST, Priority.ANNOUNCEMENT, Priority.ANSWER)]
    await desk.post(*rows)
    await desk.emptied()
    assert bodies(fake) == ["ANSWER", "ANNOUNCEMENT", "DIGEST"]


async def test_limits_without_end_do_not_make_a_circle(fake: FakeHomeserver, desk: Desk) -> None:
    fake.always("send", refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=0))
    await desk.post(row("one"))
    await until(lambda: len(fake.requests("send")) >= 4)
    asked = fake.requests("send")
    assert asked[3].at - asked[0].at >= 0.29, "never sooner, however fast the machine is"


async def test_what_was_sent_is_noted_until_it_is_stored_and_the_room_goes_on(
    fake: FakeHomeserver, desk: Desk
) -> None:
    async with desk.database.write() as writer:
        rows = await storage.add(writer, [row("one"), row("two")])
    desk.database.failures = 2
    desk.outbox.push(rows)
    await desk.emptied()
    assert [one.parts["txn"] for one in fake.requests("send")] == ["txn-one", "txn-two"]
    assert await desk.states() == [("sent", "$sent0"), ("sent", "$sent1")]
    assert len(desk.pauses) == 2


async def test_what_a_crash_leaves_without_a_note_is_sent_again_and_becomes_nothing_new(
    fake: FakeHomeserver, desk: Desk
) -> None:
    desk.database.failures = 10**6
    async with Database.write(desk.database) as writer:
        rows = await storage.add(writer, [row(str(number)) for number in range(5)])
    desk.outbox.push(rows)
    await until(lambda: len(fake.taken) == 5)
    await desk.outbox.close()
    assert await desk.states() == [("pending", None)] * 5
    desk.database.failures = 0
    await desk.outbox.resume()
    await desk.emptied()
    assert bodies(fake) == [str(number) for number in range(5)]
    assert [one.parts["txn"] for one in fake.requests("send")] == [f"txn-{number}" for number in range(5)] * 2
    assert await desk.states() == [("sent", f"$sent{number}") for number in range(5)]


async def test_an_edit_finds_its_message_before_and_after_the_note_is_stored(
    fake: FakeHomeserver, desk: Desk
) -> None:
    desk.database.failures = 1
    async with Database.write(desk.database) as writer:
        [first] = await storage.add(writer, [row("one")])
        [edit] = await storage.add(writer, [row("edit", kind="edit", about=first.id)])
    desk.outbox.push([first, edit])
    await desk.emptied()
    assert fake.taken[1].content["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$sent0"}
    assert await desk.states() == [("sent", "$sent0"), ("sent", "$sent1")]


async def test_what_an_earlier_run_left_is_sent_in_order(fake: FakeHomeserver, desk: Desk) -> None:
    async with desk.database.write() as writer:
        await storage.add(writer, [row(str(number)) for number in range(1010)])
    assert await desk.outbox.resume() == 1010
    await desk.emptied()
    assert bodies(fake) == [str(number) for number in range(1010)]


async def test_an_edit_of_what_was_refused_is_not_sent(fake: FakeHomeserver, desk: Desk) -> None:
    fake.script("send", refuse(403, "M_FORBIDDEN"))
    [first] = await desk.post(row("one"))
    await desk.post(row("edit", kind="edit", about=first.id), row("gone", kind="redaction", about=first.id))
    await desk.emptied()
    assert fake.taken == []
    assert await desk.states() == [("refused", None)] * 3
    assert len(fake.asked) == 2, "the log-in and the one message"


async def test_an_answer_goes_before_digests_that_wait_and_each_of_these_once(
    fake: FakeHomeserver, desk: Desk
) -> None:
    rooms = [f"!room{number}:example.org" for number in range(60)]
    digests = [row(f"digest {room}", room=room, priority=Priority.BACKGROUND) for room in rooms]
    await desk.post(*digests)
    await until(lambda: fake.taken)
    await desk.post(row("answer"))
    await desk.emptied()
    said = bodies(fake)
    assert said.index("answer") < len(said) // 2
    assert sorted(said) == sorted(["answer", *(f"digest {room}" for room in rooms)])


async def test_under_a_limit_an_answer_goes_before_digests_too(fake: FakeHomeserver, desk: Desk) -> None:
    fake.script("send", refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=50))
    rooms = [f"!room{number}:example.org" for number in range(20)]
    await desk.post(*(row(f"digest {room}", room=room, priority=Priority.BACKGROUND) for room in rooms))
    await until(lambda: fake.requests("send"))
    await desk.post(row("answer"))
    await desk.emptied()
    said = bodies(fake)
    assert said.index("answer") < 5
    assert len(said) == len(set(said)) == 21
