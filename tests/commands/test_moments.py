"""How days and hours are written."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from commands import moments


@pytest.mark.parametrize(
    ("language", "in_words", "in_full", "in_short", "of_year", "month"),
    [
        ("en", "1 December 2026", "Tuesday, 1 December 2026", "1 Dec 2026", "1 December", "December 2026"),
        ("fr", "1er décembre 2026", "mardi 1er décembre 2026", "1er déc. 2026", "1er décembre", "décembre 2026"),
        ("es", "1 de diciembre de 2026", "martes, 1 de diciembre de 2026", "1 dic 2026", "1 de diciembre",
         "diciembre de 2026"),
    ],
)  # fmt: skip
def test_the_day_comes_before_the_month(
    language: str, in_words: str, in_full: str, in_short: str, of_year: str, month: str
) -> None:
    day = date(2026, 12, 1)
    assert moments.in_words(day, language) == in_words
    assert moments.in_full(day, language) == in_full
    assert moments.in_short(day, language) == in_short
    assert moments.of_year(day, language) == of_year
    assert moments.month(day, language) == month


def test_only_the_first_of_a_french_month_is_an_ordinal_number() -> None:
    assert moments.in_words(date(2026, 12, 11), "fr") == "11 décembre 2026"
    assert moments.in_full(date(2026, 12, 21), "fr") == "lundi 21 décembre 2026"
    assert moments.of_year(date(2026, 12, 1), "fr", short=True) == "1er déc."


@pytest.mark.parametrize(
    ("language", "said"), [("en", "9 Dec 2026, 15:05"), ("fr", "9 déc. 2026, 15:05"), ("es", "9 dic 2026, 15:05")]
)
def test_hours_are_those_of_a_day(language: str, said: str) -> None:
    assert moments.moment(datetime(2026, 12, 9, 15, 5, 59, tzinfo=UTC), language) == said
