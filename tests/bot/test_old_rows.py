"""Rows older than the homeserver's memory of transaction ids: looked for before they are sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot import answers
from bot.outbox import BEHIND_PAGES
from commands.rendering import Markdown
from tests.bot.conftest import NOW, Desk, bodies, row
from tests.bot.fake_homeserver import BOT, FakeHomeserver, text_event
from tests.bot.scripted import Answer, do_and_hang_up, proxy_error, refuse, reply, truncated

LONG_AGO = NOW - timedelta(hours=25)


async def earlier_life(fake: FakeHomeserver, name: str) -> None:
    """Have an event of the bot in the room whose transaction id is forgotten."""
    content = answers.message(Markdown(name)) | {answers.KEY: f"txn-{name}"}
    await fake.put(text_event(f"$earlier-{name}", name, BOT) | {"content": content})


async def test_an_old_row_that_was_sent_is_found_by_its_key(fake: FakeHomeserver, desk: Desk) -> None:
    await earlier_life(fake, "one")
    for number in range(30):
        await fake.say(str(number), sender=BOT)
    fake.page_limit = 10
    await desk.post(row("one", at=LONG_AGO), row("two", at=LONG_AGO))
    await desk.emptied()
    assert await desk.states() == [("sent", "$earlier-one"), ("sent", "$sent0")]
    assert bodies(fake) == ["two"]


@pytest.mark.parametrize("fault", [proxy_error(), refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=100), truncated])
async def test_a_search_that_fails_is_repeated_before_anything_is_sent(
    fake: FakeHomeserver, desk: Desk, fault: Answer
) -> None:
    await earlier_life(fake, "one")
    fake.script("messages", fault, fault)
    await desk.post(row("one", at=LONG_AGO))
    await desk.emptied()
    assert fake.requests("send") == []
    assert len(fake.requests("messages")) == 3
    assert await desk.states() == [("sent", "$earlier-one")]


async def test_an_old_row_whose_answer_was_lost_is_found_even_when_its_transaction_is_forgotten(
    fake: FakeHomeserver, desk: Desk
) -> None:
    async def take_hang_up_and_forget(request: Any, server: FakeHomeserver) -> Any:
        response = await do_and_hang_up(request, server)
        server.taken.clear()
        return response

    # Two, because the HTTP client itself repeats a request once when its connection is cut.
    fake.script("send", do_and_hang_up, take_hang_up_and_forget)
    await desk.post(row("one", at=LONG_AGO))
    await desk.emptied()
    assert len(fake.requests("send")) == 2
    assert await desk.states() == [("sent", "$sent0")]
    assert fake.taken == []


async def test_the_search_ends(fake: FakeHomeserver, desk: Desk) -> None:
    for number in range(BEHIND_PAGES + 10):
        await fake.say(str(number), sender=BOT)
    fake.page_limit = 1
    await desk.post(row("one", at=LONG_AGO))
    await desk.emptied()
    assert len(fake.requests("messages")) == BEHIND_PAGES
    assert bodies(fake) == ["one"]


async def test_the_search_does_not_go_back_behind_the_row(fake: FakeHomeserver, desk: Desk) -> None:
    await earlier_life(fake, "one")
    before = int((LONG_AGO - timedelta(hours=2)).timestamp() * 1000)
    await fake.put(text_event("$before", "x", BOT) | {"origin_server_ts": before})
    fake.page_limit = 1
    await desk.post(row("one", at=LONG_AGO))
    await desk.emptied()
    assert len(fake.requests("messages")) == 1
    assert bodies(fake) == ["one"]


@pytest.mark.parametrize(
    "page",
    [
        {
            "chunk": [None, 1, {"content": None}, {"content": {answers.KEY: 1}}, {"origin_server_ts": "x"}],
            "end": 7,
        },
        {"chunk": "x"},
        {"chunk": {"a": 1}, "end": None},
        {},
    ],
)
async def test_the_search_bears_any_page(fake: FakeHomeserver, desk: Desk, page: object) -> None:
    fake.script("messages", reply(page))
    await desk.post(row("one", at=LONG_AGO))
    await desk.emptied()
    assert bodies(fake) == ["one"]
    assert desk.pauses == []


async def test_a_new_row_is_not_searched_for(fake: FakeHomeserver, desk: Desk) -> None:
    await desk.post(row("one"))
    await desk.emptied()
    assert fake.requests("messages") == []
