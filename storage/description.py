"""The tables in words, for the page that lists them: what each is for, its columns, and which name a person."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from pydantic import BaseModel

from storage.schema import UtcDateTime, metadata

FULL_TEXT = {
    "glossary_text": "The words of terms and definitions, for the search in the glossary.",
    "practice_text": "The words of published practices, for the search in them.",
    "practice_word": "In how many published practices which word occurs, read off the index. SQLite only.",
}
"""Full-text indexes, which SQLAlchemy does not describe. What is in them is in other tables, too."""

_TYPES: dict[type, str] = {
    UtcDateTime: "time in UTC",
    sa.Date: "date",
    sa.Boolean: "yes or no",
    sa.Integer: "number",
    sa.JSON: "JSON",
    sa.LargeBinary: "bytes",
    sa.Text: "text",
}


class Column(BaseModel):
    """A column: `refers_to` is the table of its foreign key, `person` that it holds a Matrix id of a person."""

    name: str
    kind: str
    key: bool
    may_be_null: bool
    person: bool
    refers_to: str | None
    comment: str


class Table(BaseModel):
    """A table and what it is for."""

    name: str
    comment: str
    columns: list[Column]


def tables() -> list[Table]:
    """Return all tables of the schema in the order in which they are declared."""
    return [
        Table(name=table.name, comment=table.comment or "", columns=list(_columns(table)))
        for table in metadata.tables.values()
    ]


def _columns(table: sa.Table) -> Iterator[Column]:
    for column in table.columns:
        kind = next(word for kind, word in _TYPES.items() if isinstance(column.type, kind))
        refers_to = next((key.column.table.name for key in column.foreign_keys), None)
        yield Column(
            name=column.name,
            kind=kind,
            key=column.primary_key,
            may_be_null=bool(column.nullable),
            person="person" in column.info,
            refers_to=refers_to,
            comment=column.comment or "",
        )
