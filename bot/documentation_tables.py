"""The page of tables, `docs/tables.md`, written from the comments in `storage/schema.py`."""

from __future__ import annotations

from collections.abc import Iterator

from storage.description import FULL_TEXT, Column, Table, tables

INTRODUCTION = """\
# Tables

This page is written by `make docs` from the comments in `storage/schema.py`; edit those. \
[Privacy](privacy.md) tells what of it is about people, and until when it is kept.

Besides these there is `alembic_version`, which holds the number of the last migration."""


def page() -> str:
    """Return the page as it should be."""
    indexes = "\n".join(f"- `{name}`: {words}" for name, words in FULL_TEXT.items())
    sections = ["\n\n".join(_section(table)) for table in tables()]
    return "\n\n".join([INTRODUCTION, *sections, f"## Full-text indexes\n\n{indexes}"]) + "\n"


def _section(table: Table) -> Iterator[str]:
    yield f"## `{table.name}`"
    yield table.comment
    rows = [f"| `{column.name}` | {column.kind} | {' '.join(_notes(column))} |" for column in table.columns]
    yield "\n".join(["| column | holds | |", "|---|---|---|", *rows])


def _notes(column: Column) -> Iterator[str]:
    if column.person:
        yield "The Matrix id of a person."
    if column.refers_to:
        yield f"Of a row of `{column.refers_to}`."
    if column.comment:
        yield column.comment if column.comment.endswith(".") else f"{column.comment}."
    if column.key:
        yield "*Key.*"
    elif column.may_be_null:
        yield "*May be null.*"
