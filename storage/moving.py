"""Move everything into another database, of whatever kind, and prove that it is the same there.

All happens in one transaction of the target, which ends only when each row was read back and compared. Until then
the target is empty for everybody else, and it is empty again when anything fails. The source is locked, and read.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import database, glossary_search, numbering, postgres, schema, submissions
from storage.database import Database, Writer
from storage.inspection import looker
from storage.migrate import NewerDatabaseError, current, is_known
from storage.postgres import UnusableDatabaseError, shown

PAGE = 500
"""Rows in memory."""
FILES = 4
"""Rows in memory that hold whole files."""


class Moved(BaseModel):
    """A table that was moved. Of `replaced` texts something could not be stored and stands as U+FFFD now."""

    table: str
    rows: int
    replaced: int
    fingerprint: str


async def move(source: str, target: str, told: Callable[[Moved], None]) -> None:
    """Copy all rows of the database at `source` into the empty one at `target`. `told` hears of each table.

    Raises:
        UnusableDatabaseError: one of the two cannot be used so; the target is as empty as before.

    """
    if sa.make_url(source) == sa.make_url(target):
        raise UnusableDatabaseError("Both addresses are the same database.")
    async with _reading(source) as old:
        new = await Database.open(target)
        try:
            async with postgres.explaining(target), new.write() as writer:
                await _must_be_alone(writer.sql, target)
                await _must_be_empty(writer, target)
                for table in schema.metadata.sorted_tables:
                    told(await _one(old, writer.sql, table))
                await glossary_search.rebuild(writer)
                await submissions.rebuild_search(writer)
        finally:
            await new.close()


@asynccontextmanager
async def _reading(url: str) -> AsyncIterator[AsyncConnection]:
    """Open the source so that nobody writes into it meanwhile."""
    async with postgres.explaining(url):
        look = looker(url)
        if look is None:
            raise UnusableDatabaseError(f"There is no database at {sa.make_url(url).database}.")
        try:
            found = await current(look)
        finally:
            await look.dispose()
    if found is None:
        raise UnusableDatabaseError(f"The database {shown(url)} is empty: there is nothing to move.")
    if found != schema.HEAD and not is_known(found):
        raise NewerDatabaseError(found)
    if found != schema.HEAD:
        raise UnusableDatabaseError(
            f"The database {shown(url)} has schema {found}, and this version of the bot needs {schema.HEAD}. "
            "Start the bot once with it, which brings it up to date, stop it, and try again."
        )
    engine = database.engine(url, writes=True)
    try:
        async with postgres.explaining(url):
            connection = await engine.connect()
            try:
                await connection.execute(sa.select(schema.revision).limit(1))
            except BaseException:
                await connection.invalidate()
                raise
        try:
            await _must_be_alone(connection, url)
            yield connection
        finally:
            await connection.rollback()
            await connection.close()
    finally:
        await engine.dispose()


async def _must_be_alone(connection: AsyncConnection, url: str) -> None:
    """See that no bot is connected to a database of a server; files are locked by the bot itself."""
    if connection.dialect.name != "postgresql":
        return
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND starts_with(application_name, :name)"
    )
    if (await connection.execute(others, {"name": postgres.NAME})).scalar_one():
        raise UnusableDatabaseError(f"A gaamac-bot is connected to {shown(url)}. Stop it first.")


async def _must_be_empty(writer: Writer, url: str) -> None:
    for table in schema.metadata.sorted_tables:
        if (await writer.sql.execute(sa.select(sa.literal(1)).select_from(table).limit(1))).first() is not None:
            raise UnusableDatabaseError(
                f"The database {shown(url)} is not empty: there are rows in the table {table.name}. "
                "Name another one."
            )


async def _one(old: AsyncConnection, new: AsyncConnection, table: sa.Table) -> Moved:
    """Copy a table, then compare it row by row."""
    adding = _adding(table, new.dialect.name)
    replaced = 0
    async for rows in _pages(old, table):
        stored = [_storable(row) for row in rows]
        replaced += sum(before != after for before, after in zip(rows, stored, strict=True))
        names = [column.name for column in table.columns]
        try:
            await new.execute(adding, [dict(zip(names, row, strict=True)) for row in stored])
        except DBAPIError as error:
            raise UnusableDatabaseError(
                f"A row of the table {table.name} cannot be stored in the new database: {postgres.reason(error)}."
            ) from error
    await numbering.go_on(new, table, await numbering.highest(old, table))
    return await _compared(old, new, table, replaced)


async def _compared(old: AsyncConnection, new: AsyncConnection, table: sa.Table, replaced: int) -> Moved:
    total = hashlib.sha256()
    count = 0
    copies = _pages(new, table)
    async for rows in _pages(old, table):
        expected = [_hash(_storable(row)) for row in rows]
        found = [_hash(row) for row in await anext(copies, [])]
        if expected != found:
            raise UnusableDatabaseError(f"Rows of the table {table.name} are not the same after they were copied.")
        count += len(rows)
        total.update(b"".join(expected))
    if await anext(copies, []):
        raise UnusableDatabaseError(f"The table {table.name} has more rows after it was copied.")
    return Moved(table=table.name, rows=count, replaced=replaced, fingerprint=total.hexdigest()[:16])


async def _pages(connection: AsyncConnection, table: sa.Table) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
    """Return the rows of a table by their primary keys, some at a time."""
    size = FILES if any(isinstance(column.type, sa.LargeBinary) for column in table.columns) else PAGE
    key = list(table.primary_key.columns)
    query = sa.select(*(_read(column) for column in table.columns)).order_by(*key).limit(size)
    places = [list(table.columns).index(column) for column in key]
    last: list[Any] | None = None
    while True:
        wanted = query if last is None else query.where(_behind(key, last))
        rows = [tuple(row) for row in await connection.execute(wanted)]
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = [rows[-1][place] for place in places]


def _behind(key: Sequence[sa.Column[Any]], last: Sequence[Any]) -> sa.ColumnElement[bool]:
    values = (sa.literal(value, column.type) for column, value in zip(key, last, strict=True))
    return sa.tuple_(*key) > sa.tuple_(*values)


def _read(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    # JSON as it is written there: read and written again, no value and the value null would become the same.
    return sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column


def _adding(table: sa.Table, dialect: str) -> sa.Insert:
    values: dict[str, sa.ColumnElement[Any]] = {}
    for column in table.columns:
        if isinstance(column.type, sa.JSON):
            text = sa.bindparam(column.name, type_=sa.Text())
            # SQLite takes JSON for text, and would make a number of it in a cast.
            values[column.name] = sa.cast(text, sa.JSON) if dialect == "postgresql" else text
        else:
            values[column.name] = sa.bindparam(column.name, type_=column.type)
    return sa.insert(table).values(values)


def _storable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row without null characters in texts, which PostgreSQL cannot hold."""
    if not any(isinstance(value, str) and "\0" in value for value in row):
        return row
    return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)


def _hash(row: tuple[Any, ...]) -> bytes:
    return hashlib.sha256(repr(row).encode("utf-8", "backslashreplace")).digest()
