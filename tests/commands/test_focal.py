"""Who to turn to: what members read."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Conversation

MODERATOR = "@mod:example.org"


@pytest.mark.parametrize(
    "typed",
    ["rwanda", "RW", "🇷🇼", "Ruanda", "the Republic of Rwanda", "rwannda", "Руанда", "رواندا", "RWA", "  rwanda  "],
)
async def test_a_country_is_found_by_what_people_call_it(ask: Conversation, typed: str) -> None:
    said = await ask(f"!focal {typed}") or ""
    assert said.startswith("Rwanda – R2P focal point\n")


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("kenya", "Kenya"),
        ("KE", "Kenya"),
        ("🇰🇪", "Kenya"),
        ("Côte d'Ivoire", "Côte d’Ivoire"),
        ("ivory coast", "Côte d’Ivoire"),
        ("costa de marfil", "Côte d’Ivoire"),
        ("DRC", "Democratic Republic of the Congo"),
        ("Türkiye", "Türkiye"),
        ("turkey", "Türkiye"),
        ("united states", "United States"),
        ("kenia", "Kenya"),
        ("unted states", "United States"),
    ],
)
async def test_the_countries_of_the_issue(ask: Conversation, typed: str, country: str) -> None:
    assert country in (await ask(f"!focal {typed}") or "").split("\n\n")[0]


async def test_a_record_says_how_sure_and_how_fresh_it_is(ask: Conversation) -> None:
    assert await ask("!focal rwanda") == "\n".join(
        [
            "Rwanda – R2P focal point",
            "The name of the office is not on record.",
            "Status: active. Since 2015.",
            "Source: Global Centre for the Responsibility to Protect, 50th focal point appointed, August 2015 "
            "(http://www.globalr2p.org/publications/5) (as of 27 August 2015; a source names it)",
            "Nobody has confirmed this for 12 months or longer: check it before you rely on it.",
            "Community: R2P.",
            "",
            "Also on record:",
            "",
            "- Group of Friends of R2P (as of 17 May 2021, not confirmed lately)",
            "",
            "Know more? !focal suggest Rwanda …",
        ]
    )


async def test_no_record_is_not_said_to_be_none(ask: Conversation) -> None:
    said = await ask("!focal kenya") or ""
    assert said.startswith(
        "I have no record of an R2P focal point for Kenya. That does not mean there is none.\n\n"
        "Also on record:\n\n"
        "- National mechanism: National Committee on the Prevention and Punishment of the Crime of Genocide"
    )
    assert said.endswith("Know more? !focal suggest Kenya …")


async def test_the_european_union_has_one_too(ask: Conversation) -> None:
    said = await ask("!focal European Union") or ""
    assert said.startswith("European Union – R2P focal point")
    assert "Since 2016 at the latest." in said


@pytest.mark.parametrize(
    ("typed", "choices"),
    [("Congo", 2), ("Korea", 2), ("Guinea", 3)],
)
async def test_an_ambiguous_name_is_asked_back(ask: Conversation, typed: str, choices: int) -> None:
    said = await ask(f"!focal {typed}") or ""
    assert said.startswith(f"{typed} can mean more than one. Which do you mean?")
    offered = [line.removeprefix("- ").partition(" (")[0] for line in said.split("\n") if line.startswith("- ")]
    assert len(offered) >= choices
    for one in offered:
        assert "more than one" not in (await ask(one) or ""), one


async def test_a_word_that_is_no_country(ask: Conversation) -> None:
    assert await ask("!focal atlantis") == (
        "I know no country called atlantis. Its name in any language, its code or its flag will do: !focal Kenya."
    )


async def test_the_mechanism_of_a_country(ask: Conversation) -> None:
    said = await ask("!mechanism uganda") or ""
    assert said.startswith("Uganda – National mechanism\nUganda National Committee\nStatus: active.")
    said = await ask("!mechanism norway") or ""
    assert said.startswith(
        "I have no record of a national mechanism for Norway. That does not mean there is none."
    )


async def test_the_card_of_a_country(ask: Conversation) -> None:
    said = await ask("!country ghana") or ""
    assert said.startswith("Ghana – Western Africa\n\n- R2P focal point (as of June 2013, not confirmed lately)\n")
    assert "- National mechanism: National Peace Council (Act 818 of 2011) (as of 2015" in said
    assert "- Group of Friends of R2P (as of 17 May 2021" in said
    said = await ask("!country bhutan") or ""
    assert said.count("That does not mean there is none.") == 2


async def test_the_lists_of_a_region(ask: Conversation) -> None:
    said = await ask("!focal list africa") or ""
    assert said.split("\n")[0] == "R2P focal points on record in Africa: 4"
    assert "- Côte d’Ivoire (not known whether it is still so, as of September 2012, not confirmed lately)" in said
    said = await ask("!focal list") or ""
    assert said.count("\n- ") == 10
    assert said.endswith("11 more: !focal list page 2")
    assert "European Union" in (await ask("!focal list page 2") or "") + said
    assert await ask("!focal list page 9") == "This list has 3 pages."
    assert await ask("!focal list central asia") == "I have no record of an R2P focal point in Central Asia."


async def test_the_gaps_of_a_region(ask: Conversation) -> None:
    said = await ask("!focal gaps eastern africa") or ""
    first = said.split("\n")[0]
    assert first == (
        "17 UN member states in Eastern Africa without an R2P focal point on record. "
        "That does not mean there is none."
    )
    assert "Rwanda" not in said
    assert "- Kenya" in said
    assert said.endswith("7 more: !focal gaps Eastern Africa page 2")


async def test_a_working_group_is_a_region(ask: Conversation) -> None:
    said = await ask("!focal list Latin America") or ""
    assert "Chile" in said
    assert "Argentina" in said


async def test_a_country_in_place_of_a_region(ask: Conversation) -> None:
    assert await ask("!focal list kenya") == "Kenya is a country: !country Kenya."
    assert "!focal list Africa" in (await ask("!focal list atlantis") or "")


async def test_the_numbers(ask: Conversation) -> None:
    said = await ask("!focal stats") or ""
    assert said.startswith("21 R2P focal points are on record. What is not on record may exist all the same.")
    assert "- Africa: 4 of 54 with an R2P focal point, 5 with a national mechanism" in said
    assert "- 2015: 1\n- 2012 at the latest: 7\n- 2016 at the latest: 1\n- not known: 12" in said
    assert "- a source names it: 8" in said


async def test_in_french_and_in_spanish(ask: Conversation) -> None:
    await ask("!language fr")
    said = await ask("!point focal Kenya") or ""
    assert "Kenya" in said
    assert "I have" not in said
    assert "!focal proposer Kenya" in said
    assert "Comité national" in said
    await ask("!language es")
    said = await ask("!mecanismo Kenia") or ""
    assert "Comité Nacional" in said
    assert "Mecanismo nacional" in said


async def test_a_suggestion_goes_to_the_moderators_without_a_name(ask: Conversation) -> None:
    said = await ask("!focal suggest kenya The focal point is at the Office of the Attorney General <b>")
    assert said is not None
    assert said.startswith("Thank you. The moderators have it now; they do not see who you are.")
    (post,) = ask.posts
    assert post.startswith("Submission 1 (correction): waiting for the moderators\n\nKenya\n\nThe focal point is")
    assert "mia" not in post
    assert "!focal set Kenya …" in post
    assert ask.last is not None
    again = await ask("!focal suggest kenya The focal point is at the Office of the Attorney General <b>")
    assert again == "The moderators have this from you already. Thank you."
    assert ask.posts == ()


async def test_a_suggestion_needs_a_country_a_text_and_somebody_who_reads_it(ask: Conversation) -> None:
    assert "What should be on record for Kenya?" in (await ask("!focal suggest kenya") or "")
    assert "I know no country called atlantis" in (await ask("!focal suggest atlantis has one") or "")
    ask.has_moderation = False
    assert "no moderators' room" in (await ask("!focal suggest kenya It is in the ministry") or "")


@pytest.mark.parametrize(
    "typed",
    ["focal set kenya source: x", "focal vacant rwanda", "focal remove rwanda", "focal confirm rwanda",
     "focal history rwanda", "import focal", "import apply", "import undo", "import cancel", "export focal"],
)  # fmt: skip
async def test_upkeep_is_for_moderators(ask: Conversation, typed: str) -> None:
    assert "is for moderators" in (await ask(f"!{typed}") or "")


async def test_a_moderator_confirms(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    said = await ask("!focal confirm rwanda", by=MODERATOR)
    assert said == "Confirmed as of today for Rwanda:\n\n- R2P focal point (as of 27 August 2015)"
    said = await ask("!focal rwanda") or ""
    assert "Confirmed by a moderator on 1 December 2026." in said
    assert "Nobody" not in said.split("\n\n")[0]


async def test_a_moderator_writes_a_record(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    said = await ask(
        "!focal set kenya title: Office of the Attorney General title fr: Bureau du Procureur général "
        "status: active since: 2026 as_of: 2026-11 evidence: a source: Note verbale url: https://example.org/note",
        by=MODERATOR,
    )
    assert said is not None
    assert said.startswith("Noted as new:\n\nKenya – R2P focal point\nOffice of the Attorney General\n")
    assert "Since 2026." in said
    assert "Note verbale (https://example.org/note) (as of November 2026; a source names it)" in said
    said = await ask("!focal set kenya title: Ministry of Justice", by=MODERATOR) or ""
    assert "Noted:\n\nKenya – R2P focal point\nMinistry of Justice\n" in said
    assert "Note verbale" in said
    await ask("!language fr")
    assert "Bureau du Procureur général" in (await ask("!focal kenya") or "")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("kenya title: Office", "source: a record needs a source"),
        ("kenya title: Office evidence: A source: x status: perhaps", "status: write active, vacant or unknown"),
        ("kenya source: x evidence: Z", "evidence: write A, A-, B, C, D or GK"),
        ("kenya source: x evidence: A as_of: yesterday", "as_of: write a date"),
        ("kenya source: x evidence: A contact: office@example.org", "contact_url: a contact needs the address"),
        ("kenya source: x evidence: A url: javascript:alert(1)", "source_url: write an address"),
        ("kenya mistery: x", "I know no"),
        ("kenya", "Something is missing"),
    ],
)
async def test_what_is_no_record_is_refused(ask: Conversation, typed: str, reason: str) -> None:
    ask.moderators.add(MODERATOR)
    assert reason in (await ask(f"!focal set {typed}", by=MODERATOR) or "")
    assert "I have no record" in (await ask("!focal kenya") or "")


async def test_vacant_and_removed_and_the_history_of_both(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    assert await ask("!focal vacant rwanda", by=MODERATOR) == "Noted as vacant: Rwanda – R2P focal point."
    assert "Status: vacant." in (await ask("!focal rwanda") or "")
    assert "Rwanda" in (await ask("!focal gaps eastern africa") or "") + (
        await ask("!focal gaps eastern africa page 2") or ""
    )
    said = await ask("!focal remove rwanda r2p", by=MODERATOR) or ""
    assert said.startswith("Removed: Rwanda – R2P focal point.")
    assert "I have no record of an R2P focal point for Rwanda." in (await ask("!focal rwanda") or "")
    said = await ask("!focal history rwanda", by=MODERATOR) or ""
    lines = [line for line in said.split("\n") if line.startswith("- ")]
    assert "R2P focal point: removed – @mod:example.org" in lines[0]
    assert "R2P focal point: changed (status, as_of) – @mod:example.org" in lines[1]


async def test_which_record_is_asked_when_there_are_several(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    said = await ask("!focal remove kenya", by=MODERATOR) or ""
    assert said == "Removed: Kenya – National mechanism.\n\nThe history stays: !focal history Kenya"
    said = await ask("!focal remove chile lan", by=MODERATOR) or ""
    assert "Latin American Network" in said
    said = await ask("!focal remove peru", by=MODERATOR) or ""
    assert said.startswith(
        "Which record do you mean?\n\n- !focal remove Peru lan 1\n- !focal remove Peru friends 1"
    )
