"""Dates in words: what is understood is shown back, and what can mean two things is asked back."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.dates import (
    Caution,
    Reason,
    Unclear,
    Understood,
    duration,
    echo,
    echo_duration,
    explain,
    notes,
    understand,
)
from commands.rendering import render
from config import zones
from tests.extent import extent

NOW = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
PARIS = "Europe/Paris"
LANGUAGES = ("en", "fr", "es")

TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("dates_in_words.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
async def _ready() -> None:
    await zones.ready()


def rows(kind: str) -> list[tuple[str, str, Any]]:
    return [(language, said, wanted) for language in LANGUAGES for said, wanted in TABLE[kind][language].items()]


def shown(language: str, one: Understood) -> str:
    return echo(language, one) + (f" | {one.rest}" if one.rest else "")


def read(said: str, language: str = "en", zone: str = PARIS, now: datetime = NOW) -> Understood:
    found = understand(said, language, now, zone)
    assert isinstance(found, Understood), found
    return found


def asked(said: str, language: str = "en", zone: str = PARIS) -> Unclear:
    found = understand(said, language, NOW, zone)
    assert isinstance(found, Unclear), found
    return found


def same(one: Understood) -> tuple[object, ...]:
    """Return what must be alike in two readings of a date."""
    return one.date, one.time, one.start, one.end, one.last, one.place, one.duration


def test_the_table_is_large_enough() -> None:
    for language in LANGUAGES:
        assert len(TABLE["understood"][language]) + len(TABLE["asked"][language]) >= 40


@pytest.mark.parametrize(("language", "said", "wanted"), rows("understood"))
def test_what_is_understood_is_shown_back(language: str, said: str, wanted: str) -> None:
    assert shown(language, read(said, language)) == wanted


@pytest.mark.parametrize(("language", "said", "wanted"), rows("asked"))
def test_what_is_not_sure_is_asked_back(language: str, said: str, wanted: list[str]) -> None:
    found = asked(said, language)
    assert [found.reason.name, *(shown(language, one) for one in found.choices)] == wanted


@pytest.mark.parametrize(("language", "said", "wanted"), rows("understood"))
def test_what_is_shown_is_understood_again(language: str, said: str, wanted: str) -> None:
    first = read(said, language)
    assert same(read(echo(language, first), language)) == same(first), wanted


@pytest.mark.parametrize(("language", "said", "wanted"), rows("asked"))
def test_every_choice_is_understood_when_it_is_typed(language: str, said: str, wanted: list[str]) -> None:
    for one in asked(said, language).choices:
        assert same(read(echo(language, one), language)) == same(one), wanted


@pytest.mark.parametrize(("language", "said", "wanted"), rows("asked"))
def test_what_is_asked_is_a_sentence_without_gaps(language: str, said: str, wanted: list[str]) -> None:
    found = asked(said, language)
    body = render(explain(language, found)).body
    assert "``" not in body
    assert all(echo(language, one) in body for one in found.choices), wanted


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001 - the zone is drawn, too
    lambda one: one.replace(second=0, microsecond=0)
)


@settings(max_examples=extent(300, 75), deadline=None)
@given(MOMENTS, st.sampled_from(zones.zones()), st.sampled_from(LANGUAGES), st.integers(0, 5 * 24 * 60))
def test_any_moment_is_shown_and_understood_again(
    moment: datetime, zone: str, language: str, minutes: int
) -> None:
    wall = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    length = timedelta(minutes=minutes) or None
    one = Understood(wall.date(), wall.time().replace(fold=wall.fold), zone, PARIS, length)
    again = read(echo(language, one), language)
    assert same(again) == same(one)
    assert again.rest == ""


@settings(max_examples=extent(100, 25), deadline=None)
@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 60), st.sampled_from(LANGUAGES))
def test_any_days_are_shown_and_understood_again(first: date, more: int, language: str) -> None:
    one = Understood(first, here=PARIS, last=first + timedelta(more) if more else None)
    assert same(read(echo(language, one), language)) == same(one)


WORDS = st.lists(
    st.one_of(
        st.text(max_size=6),
        st.sampled_from([word for some in TABLE["understood"].values() for said in some for word in said.split()]),
    ),
    max_size=12,
).map(" ".join)


@settings(max_examples=extent(500, 125), deadline=None)
@given(WORDS, st.sampled_from(LANGUAGES), st.sampled_from([PARIS, "Pacific/Apia", "Asia/Kathmandu"]))
def test_any_text_has_an_answer(said: str, language: str, zone: str) -> None:
    found = understand(said, language, NOW, zone)
    choices = (found,) if isinstance(found, Understood) else found.choices
    for one in choices:
        assert same(read(echo(language, one), language, zone)) == same(one)
    if isinstance(found, Unclear):
        render(explain(language, found))


def test_what_is_left_over_is_kept_as_it_was_typed() -> None:
    said = '9 Dec 2026 15:00 Africa/Nairobi 90m "Early  Warning: 10 Dec" Open to all, 14:00 GMT'
    one = read(said)
    assert (echo("en", one), one.duration) == (
        "Wednesday, 9 December 2026, 15:00–16:30 (Africa/Nairobi, UTC+3)",
        timedelta(minutes=90),
    )
    assert one.rest == '"Early Warning: 10 Dec" Open to all, 14:00 GMT'
    assert one.start == datetime(2026, 12, 9, 12, tzinfo=UTC)
    assert one.end == datetime(2026, 12, 9, 13, 30, tzinfo=UTC)


def test_a_long_text_is_kept() -> None:
    assert read("9 Dec 2026 15:00 " + "word " * 2000).rest.count("word") == 2000


@pytest.mark.parametrize(
    ("said", "cautions"),
    [
        ("9 Dec 2026", set()),
        ("9 Dec 2016 15:00", {Caution.PAST}),
        ("23 November 2026", set()),
        ("22 November 2026", {Caution.PAST}),
        ("9 Dec", {Caution.YEAR_GUESSED}),
        ("the 15th", {Caution.MONTH_GUESSED}),
        ("15:00", {Caution.DAY_GUESSED}),
        ("9 Dec 2026 15:00 UTC+3", {Caution.FIXED_OFFSET}),
        ("9 Dec 2026 15:00 UTC", set()),
        ("9 Dec 2026 15:00 UTC+1", set()),
        ("9 Dec 2026 22:00-02:00", {Caution.NEXT_DAY}),
    ],
)
def test_what_to_look_at_twice(said: str, cautions: set[Caution]) -> None:
    one = read(said)
    assert set(one.cautions) == cautions
    assert len(notes("en", one)) == len(cautions)


def test_day_and_month_do_not_depend_on_the_language() -> None:
    for language in LANGUAGES:
        assert asked("03/04/2027", language).reason is Reason.DAY_OR_MONTH


def test_the_day_of_the_week_tells_day_from_month() -> None:
    assert read("Saturday 03/04/2027").date == date(2027, 4, 3)
    assert read("jeudi 03/04/2027", "fr").date == date(2027, 3, 4)


def test_today_is_the_day_of_the_person_and_not_of_the_place() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert read("tomorrow 9:00", now=late).date == date(2026, 11, 25)
    assert read("tomorrow 9:00", zone="America/New_York", now=late).date == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("zone", "skipped", "twice"),
    [
        ("Europe/Berlin", "28 March 2027 02:30", "31 October 2027 02:30"),
        ("America/New_York", "14 March 2027 02:30", "7 November 2027 01:30"),
        ("Australia/Lord_Howe", "3 October 2027 02:15", "4 April 2027 01:45"),
    ],
)
def test_times_that_the_clocks_skip_or_show_twice(zone: str, skipped: str, twice: str) -> None:
    gap, fold = asked(f"{skipped} {zone}"), asked(f"{twice} {zone}")
    assert (gap.reason, len(gap.choices)) == (Reason.SKIPPED, 2)
    assert (fold.reason, len(fold.choices)) == (Reason.TWICE, 2)
    first, second = (one.start for one in fold.choices)
    assert first is not None
    assert second is not None
    assert first < second


def test_a_duration_is_of_a_stop_watch() -> None:
    one = read("28 March 2027 01:30-03:30")
    assert one.duration == timedelta(hours=1)
    assert echo("en", one) == "Sunday, 28 March 2027, 01:30 (Europe/Paris, UTC+1), 1 hour"


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("90m", 90), ("90 min", 90), ("90 minutes", 90), ("1h30", 90), ("1 h 30 min", 90), ("1.5 hours", 90),
        ("1,5 heures", 90), ("2h", 120), ("2 hours", 120), ("2 heures", 120), ("dos horas", 120),
        ("half an hour", 30), ("une demi-heure", 30), ("media hora", 30),
        ("an hour and a half", 90), ("une heure et demie", 90),
        ("hora y media", 90), ("1 j", 1440), ("1 d", 1440), ("2 days", 2880), ("dos días", 2880),
        ("1 semaine", 10080), ("1 day 2 hours", 1560), ("2 horas y 30 minutos", 150),
    ],
)  # fmt: skip
def test_a_duration_by_itself(said: str, minutes: int) -> None:
    assert duration(said) == timedelta(minutes=minutes)


@pytest.mark.parametrize("said", ["", "soon", "12", "2h before", "9999 weeks", "15:00", "-5m"])
def test_no_duration(said: str) -> None:
    assert duration(said) is None


def test_days_with_a_beginning_and_no_end() -> None:
    one = read("9-11 Dec 2026 15:00")
    assert (one.last, one.end) == (date(2026, 12, 11), None)
    assert echo("en", one) == (
        "Wednesday, 9 December 2026, 15:00 (Europe/Paris, UTC+1) – Friday, 11 December 2026"
    )
    assert [one.duration for one in asked("9-11 Dec 2026 15:00 2h").choices] == [timedelta(hours=2), None]


def test_how_long_it_takes_is_shown_without_a_time() -> None:
    assert echo("en", read("9 Dec 2026 90m")) == "Wednesday, 9 December 2026, 1 hour 30 minutes"


def test_durations_are_shown() -> None:
    def plain(language: str, length: timedelta) -> str:
        return echo_duration(language, length).replace("\u00a0", " ")

    assert plain("en", timedelta(days=1, hours=2, minutes=30)) == "1 day 2 hours 30 minutes"
    assert plain("fr", timedelta(minutes=90)) == "1 heure 30 minutes"
    assert plain("es", timedelta(hours=2)) == "2 horas"


@pytest.mark.parametrize(
    ("piece", "times"),
    [("9" + " " * 9000, 1), ("a ", 9000), ("9 dec ", 2000), ("next ", 2000), ("x/", 9000), ("heure de ", 1000)],
)
def test_a_hostile_text_has_an_answer(piece: str, times: int) -> None:
    # A pattern that tries every split of the text would take minutes here, and the suite would stop it.
    for beginning in ("", "15:00 ", "9 Dec 2026 "):
        understand(beginning + piece * times, "en", NOW, PARIS)
