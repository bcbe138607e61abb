"""The numbers that tables give to their rows: never one twice, also when its row is gone."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection


async def highest(connection: AsyncConnection, table: sa.Table) -> int:
    """Return the highest number that a table has given, also when its row is gone; 0 if it gives none."""
    column = table.autoincrement_column
    if column is None:
        return 0
    kept: int = (await connection.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0)))).scalar_one()
    if connection.dialect.name == "postgresql":
        given = sa.text("SELECT last_value FROM pg_sequences WHERE sequencename = :name")
        found = (await connection.execute(given, {"name": f"{table.name}_{column.name}_seq"})).scalar()
    else:
        given = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        found = (await connection.execute(given, {"name": table.name})).scalar()
    return max(kept, found or 0)


async def go_on(connection: AsyncConnection, table: sa.Table, last: int) -> None:
    """Let a table give numbers from behind `last` on."""
    column = table.autoincrement_column
    if column is None or not last:
        return
    if connection.dialect.name == "postgresql":
        setting = sa.text("SELECT setval(CAST(:name AS regclass), :last)")
        named = {"name": f"{table.name}_{column.name}_seq", "last": last}
        await connection.execute(setting, named)
    elif table.dialect_options["sqlite"]["autoincrement"]:
        named = {"name": table.name, "seq": last}
        await connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
        await connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), named)
