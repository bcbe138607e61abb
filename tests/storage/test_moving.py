"""From SQLite to PostgreSQL and back: every row, whatever is in it, and numbers and search go on."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.opening import alone
from config.settings import MatrixSettings, Settings
from storage import events, glossary, moving, practice_search, schema, starter, submissions
from storage.database import Database
from storage.events import Event
from storage.moving import Moved
from storage.occurrences import Timing
from storage.postgres import UnusableDatabaseError
from storage.submissions import Actor, Submission
from tests import databases
from tests.postgres import EMPTY

pytestmark = pytest.mark.postgresql("moves from SQLite to PostgreSQL")

FIRST = 90_000
"""The first number of the rows that are made; there are fewer in the starter content."""
NOW = datetime(2026, 12, 1, 9, 30, 15, 123456, tzinfo=UTC)
HOSTILE = [
    "", " ", "'; DROP TABLE audit; --", "\\x00", "%s %(a)s :name $1 {}", "Ünïcödé \u202e 🏳️‍🌈 ﷺ", "تجنّب", "null",
    "1", "1.0", "\t\r\n", "x" * 300, "\x01\x7f\ufffe\U0010ffff", '{"a": 1}', "É", "é", "zebra", "Zebra", "_", "A",
]  # fmt: skip
DOCUMENTS = [
    None, [], {}, {"a": {"b": [1, 2.5, -0.0, 1e-9, True, None, "\0 \ud800 \U0001f3f3"]}}, "text", 2**60,
    ["é", "\\u0000"],
]  # fmt: skip


def sqlite(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def filler(count: int) -> Iterator[tuple[sa.Table, list[dict[str, Any]]]]:
    """Make rows for every table, those first to which others point."""
    made: dict[str, list[dict[str, Any]]] = {}
    for table in schema.metadata.sorted_tables:
        rows = []
        for number in range(count):
            row = {column.name: value(column, number, FIRST + number, made) for column in table.columns}
            rows.append(row)
        made[table.name] = rows
        yield table, rows


def value(column: sa.Column[Any], number: int, unique: int, made: dict[str, list[dict[str, Any]]]) -> Any:
    [*keys] = column.foreign_keys
    if keys:
        return made[keys[0].column.table.name][number][keys[0].column.name]
    single = bool(column.unique) or column.primary_key
    if column.nullable and number % 5 == 4:
        return sa.null() if isinstance(column.type, sa.JSON) else None
    match column.type:
        case sa.JSON():
            return DOCUMENTS[number % len(DOCUMENTS)]
        case sa.Boolean():
            return number % 2 == 0
        case sa.Integer():
            return unique if single else (-1) ** number * (2**31 - 1 - number)
        case sa.Date():
            return date(1, 1, 1) + timedelta(days=number * 9999)
        case sa.LargeBinary():
            return bytes(range(256)) * number
        case schema.UtcDateTime():
            return NOW - timedelta(days=number * 40, microseconds=number)
    text = HOSTILE[number % len(HOSTILE)]
    return f"{text}{unique}" if single or column.name == "text" else text


async def filled(path: Path, count: int = 45) -> None:
    """Make a database with the starter content, and with rows in every table."""
    database = await Database.open(sqlite(path))
    await starter.load(database, NOW)
    async with database.write() as writer:
        for number in range(3):
            fields = {"title": f"Radio stations {number}", "summary": "Rumours are answered on air."}
            one = await submissions.add(
                writer,
                Submission(
                    kind="practice", author="abc", language="en", fields=fields, consent={}, created_at=NOW,
                    updated_at=NOW,
                ),
            )  # fmt: skip
            for action, who in (("submit", "abc"), ("approve", "mod"), ("publish", "mod")):
                role = "author" if who == "abc" else "moderator"
                await submissions.change(writer, one.id, action, Actor(role, who), NOW)  # type: ignore[arg-type]
        last = await events.add(writer, meeting("gone"), NOW)
        await events.remove(writer, last.id)
        for table, rows in filler(count):
            for row in rows:
                await writer.sql.execute(sa.insert(table).values(row))
        await writer.sql.execute(sa.delete(schema.event).where(schema.event.c.id >= FIRST + count - 3))
    await database.close()


def meeting(uid: str) -> Event:
    return Event(uid=uid, kind="meeting", titles={"en": "A meeting"}, timing=Timing(start="2026-12-09"))


async def contents(address: str) -> dict[str, Counter[str]]:
    """Return all rows of all tables, JSON as it is written."""
    database = await Database.open(address)
    found = {}
    async with database.read() as reader:
        for table in schema.metadata.sorted_tables:
            columns = [
                sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column
                for column in table.columns
            ]
            rows = await reader.sql.execute(sa.select(*columns))
            found[table.name] = Counter(repr(tuple(row)) for row in rows)
    await database.close()
    return found


def target(template: str = EMPTY) -> str:
    """Make a database of PostgreSQL, and return its address."""
    return databases.server().address(databases.server().fresh(template))


def silent(_table: Moved) -> None:
    """Hear of a table, and do nothing."""


async def test_everything_is_there_afterwards_and_goes_on(tmp_path: Path) -> None:
    old, there, back = sqlite(tmp_path / "old.db"), target(), sqlite(tmp_path / "back.db")
    await filled(tmp_path / "old.db")
    before = await contents(old)
    bytes_before = (tmp_path / "old.db").read_bytes()
    told: list[Moved] = []
    await moving.move(old, there, told.append)
    assert (tmp_path / "old.db").read_bytes() == bytes_before
    assert {one.table: one.rows for one in told} == {name: rows.total() for name, rows in before.items()}
    assert min(one.rows for one in told) > 0
    assert {one.replaced for one in told} == {0}
    assert await contents(there) == before
    await moving.move(there, back, silent)
    assert await contents(back) == before
    for address in (there, back):
        database = await Database.open(address)
        async with database.read() as reader:
            found = await glossary.find(reader, "responsibility to protect", "en")
            assert (found.how, bool(found.titles)) == ("name", True)
            assert (await glossary.find(reader, "warning", "en")).titles
            assert await practice_search.find(reader, "radio", "en") == [3, 2, 1]
        async with database.write() as writer:
            # The last ones were deleted, and their numbers are nobody else's.
            assert (await events.add(writer, meeting("new"), NOW)).id == FIRST + 45
        await database.close()


async def test_a_database_with_anything_in_it_is_refused_and_stays(tmp_path: Path) -> None:
    await filled(tmp_path / "old.db", 1)
    there = target()
    database = await Database.open(there)
    async with database.write() as writer:
        await writer.changed("something")
    await database.close()
    before = await contents(there)
    with pytest.raises(UnusableDatabaseError, match="not empty: there are rows in the table revision"):
        await moving.move(sqlite(tmp_path / "old.db"), there, silent)
    assert await contents(there) == before


async def test_what_fails_half_way_leaves_nothing_and_can_be_done_again(tmp_path: Path) -> None:
    await filled(tmp_path / "old.db", 3)
    there = target()

    def fail(one: Moved) -> None:
        if one.table == "submission":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await moving.move(sqlite(tmp_path / "old.db"), there, fail)
    assert sum(rows.total() for rows in (await contents(there)).values()) == 0
    await moving.move(sqlite(tmp_path / "old.db"), there, silent)
    assert await contents(there) == await contents(sqlite(tmp_path / "old.db"))


async def test_null_characters_of_older_versions_are_replaced_and_counted(tmp_path: Path) -> None:
    database = await Database.open(sqlite(tmp_path / "old.db"))
    async with database.write() as writer:
        for name in ("plain", "with \0 in it"):
            await writer.sql.execute(
                sa.insert(schema.person).values(user_id=f"@{name}:example.org", updated_at=NOW)
            )
    await database.close()
    told: list[Moved] = []
    there = target()
    await moving.move(sqlite(tmp_path / "old.db"), there, told.append)
    assert [(one.rows, one.replaced) for one in told if one.table == "person"] == [(2, 1)]
    assert "with \ufffd in it" in "".join((await contents(there))["person"])


async def test_a_row_that_is_too_long_for_an_index_is_named(tmp_path: Path) -> None:
    database = await Database.open(sqlite(tmp_path / "old.db"))
    async with database.write() as writer:
        long = os.urandom(9000).hex()
        await writer.sql.execute(sa.insert(schema.person).values(user_id=long, updated_at=NOW))
    await database.close()
    there = target()
    with pytest.raises(UnusableDatabaseError, match=r"A row of the table person cannot be stored .*: index row"):
        await moving.move(sqlite(tmp_path / "old.db"), there, silent)
    assert sum(rows.total() for rows in (await contents(there)).values()) == 0


async def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    server = databases.server()
    old, fresh = sqlite(tmp_path / "old.db"), target()
    await (await Database.open(old)).close()
    newer, older, empty = (sqlite(tmp_path / f"{name}.db") for name in ("newer", "older", "empty"))
    for name, version in (("newer", "9999"), ("older", "0001")):
        await (await Database.open(sqlite(tmp_path / f"{name}.db"))).close()
        engine = sa.create_engine(f"sqlite:///{tmp_path / f'{name}.db'}")
        with engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{version}'"))  # noqa: S608
        engine.dispose()
    (tmp_path / "empty.db").touch()
    server.create("latin", "template0 ENCODING 'LATIN1' LOCALE_PROVIDER 'libc' LOCALE 'C'")
    cases = [
        (old, old, "Both addresses are the same database."),
        (sqlite(tmp_path / "nothing.db"), fresh, "There is no database at .*nothing.db"),
        (empty, fresh, "is empty: there is nothing to move"),
        (newer, fresh, "has schema 9999, this version of the bot knows schemas up to"),
        (older, fresh, "has schema 0001, and this version of the bot needs .* Start the bot once"),
        (old, server.address("nowhere"), "There is no database nowhere on the server at"),
        (old, server.address("postgres", password="mistaken"), "refuses the role gaamac or its password"),
        (old, server.address("postgres", role="nobody"), "refuses the role nobody or its password"),
        (old, server.address("postgres"), "lacks a right in the database postgres"),
        (old, server.address("latin"), "has the encoding LATIN1"),
        (old, "postgresql+asyncpg://a:secret@127.0.0.1:9/x", "No PostgreSQL server answers at 127.0.0.1:9"),
        (old, "postgresql+asyncpg://a:secret@/x?host=/nowhere", "No PostgreSQL server answers at /nowhere"),
    ]
    for source, place, sentence in cases:
        with pytest.raises(UnusableDatabaseError, match=sentence) as error:
            await moving.move(source, place, silent)
        assert "secret" not in str(error.value)
        assert "mistaken" not in str(error.value)
    server.drop("latin")
    assert not (tmp_path / "nothing.db").exists()


# As an operator does it


async def migrate(folder: Path, source: str, place: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "migrate-database", source, place),
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("GAAMAC_")},
            "GAAMAC_MATRIX__HOMESERVER": "http://127.0.0.1:1",
            "GAAMAC_MATRIX__USER_ID": "@bot:example.org",
            "GAAMAC_DATA_DIR": str(folder),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_command_tells_what_it_moved_and_what_to_do_then(tmp_path: Path) -> None:
    await filled(tmp_path / "bot.db", 2)
    there = target()
    (tmp_path / "address").write_text(f"{there}\n")
    done = await migrate(tmp_path, sqlite(tmp_path / "bot.db"), f"@{tmp_path / 'address'}")
    output, errors = (text.decode() for text in await done.communicate())
    assert (done.returncode, errors) == (0, "")
    assert "audit " in output
    assert "each compared with the old one" in output
    assert "set GAAMAC_DATABASE_URL" in output
    assert "secret" not in output
    again = await migrate(tmp_path, sqlite(tmp_path / "bot.db"), there)
    _output, errors = (text.decode() for text in await again.communicate())
    assert again.returncode == 5
    assert "is not empty" in errors
    assert "Nothing was moved." in errors


async def test_killed_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    await filled(tmp_path / "bot.db", 5)
    there = target()
    process = await migrate(tmp_path, sqlite(tmp_path / "bot.db"), there)
    assert process.stdout is not None
    await process.stdout.readline()
    assert (await process.stdout.readline()).split()[0].decode() in schema.metadata.tables
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert sum(rows.total() for rows in (await contents(there)).values()) == 0


async def test_while_a_bot_runs_nothing_is_moved(tmp_path: Path) -> None:
    await filled(tmp_path / "bot.db", 1)
    settings = Settings(
        matrix=MatrixSettings(homeserver="http://127.0.0.1:1", user_id="@bot:example.org"), data_dir=tmp_path
    )
    there = target()
    with alone(settings):
        for folder in (tmp_path, tmp_path / "other"):
            process = await migrate(folder, sqlite(tmp_path / "bot.db"), there)
            _output, errors = await process.communicate()
            assert (process.returncode, b"Stop it first" in errors) == (6, True)
    database = await Database.open(there)
    async with database.read() as reader:
        await reader.revision("glossary")
        with pytest.raises(UnusableDatabaseError, match="A gaamac-bot is connected to"):
            await moving.move(sqlite(tmp_path / "bot.db"), there, silent)
    await database.close()
