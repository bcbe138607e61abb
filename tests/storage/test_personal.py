"""What is stored of a person is known of each table, is shown, and is gone afterwards."""

from __future__ import annotations

from storage import personal
from storage.schema import metadata


def test_of_each_table_with_a_persons_id_it_is_known_what_becomes_of_it() -> None:
    assert set(personal.columns()) == set(personal.RULES)


def test_what_could_hold_a_person_is_marked() -> None:
    """Columns with such a name hold one; who adds another says so in the schema."""
    named = {"person", "user_id", "sender", "confirmed_by"}
    marked = personal.columns()
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.name in named:
                assert column.name in marked.get(table.name, []), f"{table.name}.{column.name}"
