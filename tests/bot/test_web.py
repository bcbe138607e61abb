"""Whether it lives, is ready, and its numbers: answered by HTTP."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.errors import StartError
from bot.metrics import Metrics, Moment
from bot.web import Web, not_ready
from storage import due, outbox
from storage.database import Database
from storage.due import Due
from storage.figures import Figures, of
from storage.outbox import OutboxRow
from storage.problems import Kind
from tests import databases

WELL = Moment(
    sync_age=1.0,
    clock_age=1.0,
    rooms=3,
    lanes=0,
    malformed=2,
    rate_limited_for=0.0,
    problems={Kind.REMOVED: 2},
)
NOW = datetime.now(UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    found = await Database.open(databases.address(tmp_path / "bot.db"))
    yield found
    await found.close()


def free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


async def got(address: str, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as web, web.get(f"http://{address}{path}") as answer:
        return answer.status, await answer.text()


async def test_it_lives_is_ready_and_counts(database: Database) -> None:
    metrics, address = Metrics(), free_address()
    moment = WELL
    async with Web(database, metrics, lambda: moment).listening(address):
        assert await got(address, "/healthz") == (200, "alive\n")
        assert await got(address, "/readyz") == (200, "ready\n")
        assert (await got(address, "/nothing"))[0] == 404
        metrics.handled("term", "answered", datetime.now(UTC) - timedelta(seconds=2))
        metrics.handled(None, "flood", NOW)
        metrics.retried("rate limit")
        metrics.done("reminder", 3.0, missed=False)
        metrics.done("reminder", 3600.0, missed=False)
        async with database.write() as writer:
            await due.schedule(writer, Due(kind="reminder", subject="1", due_at=NOW - timedelta(hours=1)))
        status, text = await got(address, "/metrics")
        assert status == 200
        values = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        assert values["gaamac_commands_total", "answered", "term"] == 1
        assert values["gaamac_commands_total", "flood", "unknown"] == 1
        assert values["gaamac_send_retries_total", "rate limit"] == 1
        assert values["gaamac_tasks_total", "late", "reminder"] == 1
        assert values["gaamac_tasks_total", "in time", "reminder"] == 1
        assert values[("gaamac_answer_seconds_count",)] == 1
        assert 2 <= values[("gaamac_answer_seconds_sum",)] < 60
        assert (values[("gaamac_due",)], values[("gaamac_overdue",)]) == (1, 1)
        assert values[("gaamac_rooms",)] == 3
        assert values[("gaamac_overdue_oldest_seconds",)] >= 3600
        assert (values["gaamac_problems", "removed"], values["gaamac_problems", "disk"]) == (2, 0)
        assert values[("gaamac_database_bytes",)] > 100_000
        moment = Moment(sync_age=120.0, clock_age=None, rooms=3, lanes=0, malformed=0, rate_limited_for=0.0)
        status, text = await got(address, "/readyz")
        assert status == 503
        assert text == "the last round with the homeserver was 120 s ago\nwhat is due was looked at not yet\n"
    with pytest.raises(aiohttp.ClientConnectionError):
        await got(address, "/healthz")


async def test_what_waits_too_long_is_stuck_unless_the_homeserver_takes_nothing(database: Database) -> None:
    row = OutboxRow(txn_id="t", room_id="!a:b", kind="message", content={}, created_at=NOW - timedelta(hours=1))
    async with database.write() as writer:
        await outbox.add(writer, [row])
        figures = await of(writer, NOW)
    assert figures.outbox_pending == 1
    assert not_ready(WELL, figures) == ["a message waits to be sent for 3600 s"]
    limited = Moment(sync_age=1.0, clock_age=1.0, rooms=3, lanes=0, malformed=2, rate_limited_for=60.0)
    assert not_ready(limited, figures) == []


async def test_an_address_that_is_taken_is_said(database: Database) -> None:
    web, address = Web(database, Metrics(), lambda: WELL), free_address()
    async with web.listening(address):
        with pytest.raises(StartError, match=f"The address {address} of web.listen cannot be used"):
            async with web.listening(address):
                pass


async def test_without_an_address_nothing_listens(database: Database) -> None:
    async with Web(database, Metrics(), lambda: WELL).listening(""):
        pass


async def test_the_dashboard_shows_numbers_that_there_are(database: Database) -> None:
    metrics = Metrics()
    async with database.read() as reader:
        shown = metrics.shown(WELL, await of(reader, NOW)).decode()
    asked = set(re.findall(r"gaamac_[a-z_]+", (ROOT / "deploy" / "grafana.json").read_text()))
    known = set(re.findall(r"^# TYPE (\S+)", shown, re.MULTILINE))
    known |= {f"{name}_bucket" for name in known}
    assert len(asked) > 10
    assert asked <= known


def test_figures_say_nothing_of_people() -> None:
    assert all(field.annotation in (int, float) for field in Figures.model_fields.values())
