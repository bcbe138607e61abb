"""Countries and regions are found by what people call them, and asked back when that is not clear."""

from __future__ import annotations

import asyncio
import csv
import tomllib
from pathlib import Path
from typing import Any

import pytest
from babel import Locale, localedata
from babel.core import get_global

from config.countries import (
    Country,
    Holder,
    How,
    Standing,
    countries,
    find,
    find_region,
    organisations,
    ready,
    regions,
)

HERE = Path(__file__).parent

UN_NAMES = list(csv.DictReader((HERE / "un_country_names.csv").read_text(encoding="utf-8").splitlines()))
"""Short names of the members and observers in the United Nations (UNTERM), written down apart from our tables.

For two of them that is a name that asks back, and the formal name stands here: Congo, Guinea.
"""

SPELLINGS: dict[str, Any] = tomllib.loads((HERE / "country_spellings.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session", autouse=True)
async def _ready() -> None:
    await ready()


def codes(asked: str) -> list[str]:
    """Return what is found for a name: one, or the choices."""
    return [holder.code for holder in find(asked).holders]


def pairs(table: str) -> list[tuple[str, str]]:
    return [(asked, code) for code, spellings in SPELLINGS[table].items() for asked in spellings]


def country(code: str) -> Country:
    return countries()[code]


@pytest.mark.parametrize("language", ["en", "fr", "es"])
@pytest.mark.parametrize("row", UN_NAMES, ids=lambda row: row["code"])
def test_member_is_found_by_its_name_in_the_united_nations(row: dict[str, str], language: str) -> None:
    found = find(row[language])
    assert (found.how, codes(row[language])) == (How.NAMED, [row["code"]])


@pytest.mark.parametrize(("asked", "code"), pairs("finds") + pairs("formal"))
def test_country_is_found_by_what_people_call_it(asked: str, code: str) -> None:
    found = find(asked)
    assert (found.how, codes(asked), found.certainty) == (How.NAMED, [code], 1.0)
    assert found.one is found.holders[0]


@pytest.mark.parametrize("one", countries().values(), ids=lambda one: one.alpha2)
def test_country_is_found_by_its_codes_and_flag_and_shown_names(one: Country) -> None:
    shown = {one.name(language) for language in ("en", "fr", "es", "ar", "ru", "zh", "pt", "sw")}
    spellings = {one.alpha2, one.alpha2.lower(), one.alpha3, one.numeric or one.alpha2, one.flag} | shown
    for asked in spellings:
        found = find(asked)
        assert one in found.holders, asked
        # In some languages the name that Babel gives is one that asks back.
        assert found.one is one or found.how is How.SEVERAL, asked


def test_no_name_that_we_show_in_our_languages_asks_back_but_guinea_and_saint_martin() -> None:
    holders: list[Holder] = [*countries().values(), *organisations().values()]
    asked = {
        one.code for one in holders for language in ("en", "fr", "es") if find(one.name(language)).one is not one
    }
    assert asked == {"GN", "MF"}


@pytest.mark.parametrize(("asked", "code"), pairs("misspelt"))
def test_mistake_that_leaves_no_doubt_is_understood(asked: str, code: str) -> None:
    found = find(asked)
    assert (found.how, codes(asked)) == (How.MISSPELT, [code])
    assert found.one is not None
    assert 0.7 < found.certainty < 1


@pytest.mark.parametrize(("asked", "expected"), SPELLINGS["asks"].items())
def test_name_of_several_asks_back(asked: str, expected: list[str]) -> None:
    found = find(asked)
    assert (found.how, codes(asked), found.one) == (How.SEVERAL, expected, None)


@pytest.mark.parametrize(("asked", "expected"), SPELLINGS["unclear"].items())
def test_mistake_that_leaves_a_doubt_asks_back(asked: str, expected: list[str]) -> None:
    found = find(asked)
    assert (found.how, found.one) == (How.UNCLEAR, None)
    assert set(expected) <= set(codes(asked))
    assert len(found.holders) <= 5


@pytest.mark.parametrize("asked", SPELLINGS["nothing"]["words"])
def test_what_is_no_country_is_not_found(asked: str) -> None:
    found = find(asked)
    assert (found.how, found.holders, found.one, found.certainty) == (How.NOTHING, (), None, 0.0)


def test_tables_are_as_large_as_they_must_be() -> None:
    assert len(UN_NAMES) == 193 + 2
    assert 3 * len(UN_NAMES) + len(pairs("finds")) >= 250
    assert len(SPELLINGS["asks"]) + len(SPELLINGS["unclear"]) + len(SPELLINGS["nothing"]["words"]) >= 30


@pytest.mark.parametrize(
    "asked", ["x" * 100_000, "kenya " * 10_000, "\x00", "\ud800", "()", ",", "(,)", "'s", "\u202e", "ʼ"]
)
def test_no_input_harms(asked: str) -> None:
    assert find(asked).how is How.NOTHING
    assert find_region(asked) is None


def test_codes_are_those_that_unicode_knows() -> None:
    aliases = get_global("territory_aliases")
    for one in countries().values():
        for other in filter(None, (one.alpha3, one.numeric)):
            assert one.alpha2 == "XK" or aliases[other] == [one.alpha2]
    known = {str(code) for code in Locale.parse("en").territories if len(str(code)) == 2}
    # Parts of countries, groups of countries, and places that only tests have.
    assert known - countries().keys() == {
        "AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ",
    }  # fmt: skip


def test_members_are_those_of_the_united_nations() -> None:
    standing = {each: {one.alpha2 for one in countries().values() if one.standing is each} for each in Standing}
    listed = {row["code"] for row in UN_NAMES}
    assert len(standing[Standing.MEMBER]) == 193
    assert standing[Standing.OBSERVER] == {"VA", "PS"}
    assert standing[Standing.MEMBER] | standing[Standing.OBSERVER] == listed
    assert country("KE").is_un_member
    assert not country("PS").is_un_member


def test_what_a_country_tells_of_itself() -> None:
    kenya = country("KE")
    assert (kenya.alpha2, kenya.alpha3, kenya.numeric, kenya.flag) == ("KE", "KEN", "404", "🇰🇪")
    assert [kenya.name(language) for language in ("en", "fr", "es", "sw", "ar")] == [
        "Kenya", "Kenya", "Kenia", "Kenya", "كينيا",
    ]  # fmt: skip
    assert kenya.region_name("fr") == "Afrique"
    assert kenya.subregion_name("es") == "África oriental"
    assert country("VN").subregion_name("en") == "South-eastern Asia"
    assert country("AQ").region_name("en") == country("AQ").subregion_name("en") == ""
    assert organisations()["EU"].name("fr") == "Union européenne"
    assert organisations()["EU"].flag == "🇪🇺"


def test_names_are_those_of_the_united_nations_where_babel_has_others() -> None:
    assert country("CD").name("fr") == "République démocratique du Congo"
    assert country("PS").name("en") == "State of Palestine"
    assert country("KR").name("es") == "República de Corea"
    assert country("TR").name("en_GB") == "Türkiye"
    assert country("CD").name("de") == Locale.parse("de").territories["CD"]


@pytest.mark.parametrize("language", ["xx", "", "qqq-QQ", "../en", "en-KE"])
def test_unknown_language_gives_english(language: str) -> None:
    assert country("CI").name(language) == "Côte d’Ivoire"
    assert regions()["africa"].name(language) == "Africa Working Group"


LARGE = {"001", "002", "202", "019", "419", "003", "142", "150", "009"}
"""Regions that are made of regions."""


def test_each_country_is_in_one_region_of_the_smallest_kind() -> None:
    small = [region for code, region in regions().items() if len(code) == 3 and code not in LARGE]
    for one in countries().values():
        held = [region.code for region in small if one in region.countries]
        assert held == ([one.subregion] if one.subregion else []), one
    assert set(regions()["001"].countries) == set(countries().values())
    assert len(regions()["001"].members) == 193


MEMBERS = {"002": 54, "019": 35, "142": 47, "150": 43, "009": 14, "419": 33, "202": 48, "035": 11}
"""Members of the United Nations by region of M49: 54 African states, 33 in Latin America and the Caribbean."""


@pytest.mark.parametrize(("code", "number"), MEMBERS.items())
def test_regions_have_the_members_that_they_have(code: str, number: int) -> None:
    assert len(regions()[code].members) == number


@pytest.mark.parametrize(("asked", "code"), pairs("regions"))
def test_region_is_found_in_any_language(asked: str, code: str) -> None:
    region = find_region(asked)
    assert region is not None
    assert region is regions()[code]
    assert region.countries


@pytest.mark.parametrize("asked", ["", "kenya", "congo", "genocide", "list", "the", "999", "404", "balkans"])
def test_what_is_no_region_is_not_found(asked: str) -> None:
    assert find_region(asked) is None


def test_names_are_known_in_all_languages_and_babel_does_not_keep_them_all() -> None:
    assert find("Marekani").one is country("US")  # Swahili
    assert find("უგანდა").one is country("UG")  # Georgian
    assert find("ケニア").one is country("KE")  # Japanese
    # Babel keeps the whole data of each language that it was asked for.
    assert len(localedata._cache) < len(localedata.locale_identifiers()) / 4


async def test_names_may_be_awaited_by_many_at_once() -> None:
    await asyncio.gather(*(ready() for _ in range(3)))
    assert find("Kenya").one is country("KE")
