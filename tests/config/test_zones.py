"""Time zones are found by what people call them, and asked back when that is not clear."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from config.zones import How, city, find, offset, ready, shown, zones
from config.zones.atlas import by_country, links, table

WINTER = datetime(2026, 12, 9, 12, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
async def _ready() -> None:
    await ready()


@pytest.mark.parametrize("zone", zones())
def test_zone_is_found_by_its_name(zone: str) -> None:
    for said in (zone, zone.lower(), zone.replace("_", " "), f" {zone}, "):
        found = find(said)
        assert (found.how, found.zones) == (How.NAMED, (zone,)), said


@pytest.mark.parametrize("name", sorted(links()))
def test_an_old_name_leads_to_a_zone(name: str) -> None:
    zone = find(name).one
    assert zone in zones()
    assert ZoneInfo(zone or "").utcoffset(WINTER.replace(tzinfo=None)) == ZoneInfo(name).utcoffset(
        WINTER.replace(tzinfo=None)
    )


def test_every_zone_that_this_computer_knows_is_ours_too() -> None:
    # What has no area in front is the name of a country, or letters that are asked back.
    with_area = {
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    }
    assert with_area - set(zones()) - set(links()) == set()


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("europe zurich", "Europe/Zurich"), ("zurich", "Europe/Zurich"), ("Zürich", "Europe/Zurich"),
        ("Genève", "Europe/Zurich"), ("geneva", "Europe/Zurich"), ("Ginebra", "Europe/Zurich"),
        ("nairobi", "Africa/Nairobi"), ("NAIROBI", "Africa/Nairobi"), ("Kenya", "Africa/Nairobi"),
        ("🇰🇪", "Africa/Nairobi"), ("Uganda", "Africa/Kampala"), ("Le Caire", "Africa/Cairo"),
        ("El Cairo", "Africa/Cairo"), ("Égypte", "Africa/Cairo"), ("Londres", "Europe/London"),
        ("New York", "America/New_York"), ("Nueva York", "America/New_York"),
        ("new york city", "America/New_York"),
        ("Washington", "America/New_York"), ("Pékin", "Asia/Shanghai"), ("Nueva Delhi", "Asia/Kolkata"),
        ("Calcutta", "Asia/Kolkata"), ("Kiev", "Europe/Kyiv"), ("Kyiv", "Europe/Kyiv"),
        ("La Haye", "Europe/Amsterdam"),
        ("the Hague", "Europe/Amsterdam"), ("Adís Abeba", "Africa/Addis_Ababa"),
        ("Addis-Abeba", "Africa/Addis_Ababa"),
        ("Germany", "Europe/Berlin"), ("Alemania", "Europe/Berlin"),
        ("Argentina", "America/Argentina/Buenos_Aires"),
        ("Côte d'Ivoire", "Africa/Abidjan"), ("Brasilia", "America/Sao_Paulo"), ("Montréal", "America/Toronto"),
        ("Abuja", "Africa/Lagos"), ("Goma", "Africa/Lubumbashi"), ("Kinshasa", "Africa/Kinshasa"),
        ("US/Eastern", "America/New_York"), ("Asia/Calcutta", "Asia/Kolkata"), ("EAT", "Africa/Nairobi"),
        ("WAT", "Africa/Lagos"), ("JST", "Asia/Tokyo"), ("utc", "UTC"), ("Z", "UTC"), ("Etc/UTC", "UTC"),
        ("heure de Paris", "Europe/Paris"), ("hora de Bogotá", "America/Bogota"),
        ("Nairobi time", "Africa/Nairobi"),
        ("(Dakar)", "Africa/Dakar"), ("القاهرة", "Africa/Cairo"),
    ],
)  # fmt: skip
def test_place_is_found_by_what_people_call_it(said: str, zone: str) -> None:
    found = find(said)
    assert (found.how, found.zones, found.certainty) == (How.NAMED, (zone,), 1.0)


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("UTC+3", "Etc/GMT-3"), ("utc +3", "Etc/GMT-3"), ("GMT-5", "Etc/GMT+5"), ("UTC−5", "Etc/GMT+5"),
        ("+03:00", "Etc/GMT-3"), ("GMT+0300", "Etc/GMT-3"), ("UTC+0", "UTC"), ("GMT", "UTC"),
    ],
)  # fmt: skip
def test_a_distance_from_utc_is_fixed(said: str, zone: str) -> None:
    found = find(said)
    assert (found.how, found.one) == (How.FIXED, zone)


def test_a_distance_counts_to_the_east() -> None:
    assert offset(find("UTC+3").one or "", WINTER) == "UTC+3"
    # The name means what POSIX means by it, and not what one would think.
    assert offset(find("Etc/GMT+3").one or "", WINTER) == "UTC−3"


@pytest.mark.parametrize(
    ("said", "some"),
    [
        ("CET", {"Europe/Paris", "Africa/Algiers"}), ("EST", {"America/New_York", "America/Panama"}),
        ("IST", {"Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"}),
        ("CST", {"America/Chicago", "Asia/Shanghai"}),
        ("UTC+5:30", {"Asia/Kolkata", "Asia/Colombo"}), ("+05:45", {"Asia/Kathmandu"}),
        ("USA", {"America/New_York", "America/Los_Angeles"}), ("Spain", {"Europe/Madrid", "Atlantic/Canary"}),
        ("Mexico", {"America/Mexico_City", "America/Tijuana"}), ("RDC", {"Africa/Kinshasa", "Africa/Lubumbashi"}),
        ("Congo", {"Africa/Kinshasa", "Africa/Brazzaville"}), ("Korea", {"Asia/Seoul", "Asia/Pyongyang"}),
        ("San José", {"America/Costa_Rica", "America/Los_Angeles"}), ("Australia", {"Australia/Sydney"}),
        ("St. John's", {"America/St_Johns", "America/Antigua"}),
    ],
)  # fmt: skip
def test_what_can_be_several_is_asked_back(said: str, some: set[str]) -> None:
    found = find(said)
    assert (found.how, found.one) == (How.SEVERAL, None)
    assert some <= set(found.zones)


@pytest.mark.parametrize(
    ("said", "first"),
    [("Mexico", "America/Mexico_City"), ("Ukraine", "Europe/Kyiv"), ("Canada", "America/Toronto"),
     ("Brazil", "America/Sao_Paulo"), ("Russia", "Europe/Moscow"), ("China", "Asia/Shanghai")],
)  # fmt: skip
def test_the_largest_comes_first(said: str, first: str) -> None:
    assert find(said).zones[0] == first


@pytest.mark.parametrize(
    ("said", "zone"),
    [("nairoby", "Africa/Nairobi"), ("Zurch", "Europe/Zurich"), ("Europe/Zurch", "Europe/Zurich"),
     ("Johanesburg", "Africa/Johannesburg"), ("Mumbay", "Asia/Kolkata"), ("heure de Nairoby", "Africa/Nairobi")],
)  # fmt: skip
def test_a_slip_is_understood(said: str, zone: str) -> None:
    found = find(said)
    assert (found.how, found.one) == (How.MISSPELT, zone)
    assert 0.5 < found.certainty < 1
    assert find(said, exactly=True).how is How.NOTHING


@pytest.mark.parametrize(
    "said", ["", " ", "xyzzy", "Europe", "UTC+15", "UTC+3:99", "12", "x" * 500, "training", "?"]
)
def test_nothing_is_found_by_what_is_no_place(said: str) -> None:
    assert find(said).how is How.NOTHING


def test_every_country_has_an_answer() -> None:
    for code in by_country():
        flag = "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code)
        assert set(find(flag).zones) <= set(by_country()[code])
        assert find(flag).zones


def test_tables_name_zones_that_there_are() -> None:
    named = {zone for some in table("abbreviations").values() for zone in some}
    assert (named | set(table("places")) | set(table("first").values())) - set(zones()) == set()


def test_zones_are_shown_by_their_city() -> None:
    assert shown("Africa/Nairobi", WINTER, "en") == "Nairobi, UTC+3"
    assert [shown("America/New_York", WINTER, one) for one in ("en", "fr", "es")] == [
        "New York, UTC−5",
        "New York, UTC−5",
        "Nueva York, UTC−5",
    ]
    assert shown("Asia/Kathmandu", WINTER, "fr") == "Katmandou, UTC+5:45"
    assert shown("UTC", WINTER, "es") == "UTC"
    assert shown("Etc/GMT-3", WINTER, "en") == "UTC+3"
    assert offset("Europe/Zurich", datetime(2026, 7, 1, tzinfo=UTC)) == "UTC+2"


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_zone_is_found_by_the_city_that_it_is_shown_with(language: str) -> None:
    for zone in zones():
        assert zone in find(city(zone, language)).zones, zone
