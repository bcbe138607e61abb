"""Two communities, one language: who says what, and what both have a name of their own for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from commands.communities import taken_from
from storage import event_changes, glossary, glossary_changes
from storage.events import Event
from storage.occurrences import Timing
from tests.commands.conftest import Conversation
from tests.commands.published import publish

MODERATOR = "@moderator:example.org"
PAIR = "atrocity crimes – genocide, crimes against humanity, war crimes"


async def test_a_term_says_from_which_community_it_comes(ask: Conversation) -> None:
    assert "\n\nCommunity: R2P.\n\n" in (await ask("!term r2p") or "")
    assert "\n\nCommunity: genocide prevention and R2P.\n\n" in (await ask("!term risk factor") or "")
    assert "Community" not in (await ask("!term torture") or ""), "nobody said"


@pytest.mark.parametrize("term", ["atrocity crimes", "genocide", "war crimes", "crimes against humanity"])
async def test_a_pair_is_shown_on_either_of_its_terms(ask: Conversation, term: str) -> None:
    assert f"One thing in two communities: {PAIR}." in (await ask(f"!term {term}") or "")


async def test_pairs_are_listed(ask: Conversation) -> None:
    assert await ask("!terms pairs") == (
        f"What the communities of genocide prevention and of R2P have different words for:\n\n- {PAIR}"
    )
    await ask("!language fr")
    assert "- atrocités criminelles – génocide, crimes contre l’humanité" in (await ask("!termes paires") or "")
    await ask("!language es")
    assert "- crímenes atroces – genocidio, crímenes de lesa humanidad" in (await ask("!términos pares") or "")


async def test_without_a_pair_it_says_so(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        bare = [one.model_copy(update={"counterparts": []}) for one in await glossary.every(writer)]
        await glossary_changes.replace(writer, bare, by=None, at=ask.now)
    assert await ask("!terms pairs") == "No pair of terms is on record."


@pytest.mark.parametrize(
    ("language", "typed", "heading", "row"),
    [
        ("en", "!terms r2p", "R2P (10)", "- pillar one"),
        ("en", "!terms genocide prevention", "Genocide prevention (6)", "- specific intent"),
        ("en", "!terms both", "Genocide prevention and R2P (11)", "- risk factor"),
        ("fr", "!termes prévention du génocide", "Prévention du génocide (6)", "- intention spécifique"),
        ("fr", "!termes les deux", "Prévention du génocide et R2P (11)", "- facteur de risque"),
        ("es", "!términos prevención del genocidio", "Prevención del genocidio (6)", "- intención específica"),
        ("es", "!términos ambas", "Prevención del genocidio y R2P (11)", "- factor de riesgo"),
    ],
)
async def test_terms_of_a_community(ask: Conversation, language: str, typed: str, heading: str, row: str) -> None:
    await ask(f"!language {language}")
    said = (await ask(typed) or "").splitlines()
    assert said[0] == heading
    assert row in said


async def test_the_list_of_topics_offers_the_communities(ask: Conversation) -> None:
    assert (await ask("!terms") or "").endswith(
        "By community: !terms genocide prevention (6), !terms R2P (10), !terms both (11)"
    )


async def test_a_community_without_terms(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        bare = [one.model_copy(update={"community": None}) for one in await glossary.every(writer)]
        await glossary_changes.replace(writer, bare, by=None, at=ask.now)
    assert await ask("!terms r2p") == "No term of the glossary is marked so: R2P."
    assert "By community" not in (await ask("!terms") or "")


async def test_events_of_a_community_and_those_that_speak_of_it(ask: Conversation) -> None:
    for title, community in (("A debate", "r2p"), ("On R2P", None), ("For all", "both"), ("Other", None)):
        event = Event(
            uid=title,
            kind="meeting",
            titles={"en": title},
            timing=Timing(start="2027-01-09"),
            community=community,
        )
        async with ask.database.write() as writer:
            await event_changes.add(writer, event, by=None, at=ask.now)
    said = await ask("!events r2p") or ""
    assert [title in said for title in ("A debate", "On R2P", "For all", "Other")] == [True, True, True, False]
    said = await ask("!events genocide prevention december") or ""
    assert "Crime of Genocide" in said
    assert "Human Rights Day" not in said
    said = await ask("!events archive r2p") or ""
    assert "Ninth meeting of the Global Network of R2P Focal Points" in said


async def test_moderators_say_from_where_an_event_comes(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    said = await ask('!event add 9 Jan 2027 "A debate" meeting r2p', by=MODERATOR) or ""
    assert "Community: R2P." in said
    said = await ask.press("✅", by=MODERATOR) or ""
    number = said.rpartition(" ")[2]
    assert "Community: R2P." in (await ask(f"!event {number}") or "")
    said = await ask(f"!event edit {number} community: genocide prevention", by=MODERATOR) or ""
    assert "community: genocide_prevention" in said
    await ask.press("✅", by=MODERATOR)
    assert "Community: genocide prevention." in (await ask(f"!event {number}") or "")
    await ask(f"!event edit {number} community: -", by=MODERATOR)
    await ask.press("✅", by=MODERATOR)
    assert "Community" not in (await ask(f"!event {number}") or "")
    assert "is none of these" in (await ask(f"!event edit {number} community: ours", by=MODERATOR) or "")


async def test_two_o_clock_in_spanish_is_no_community(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    await ask("!language es", by=MODERATOR)
    said = await ask('!evento añadir 9 de enero de 2027 a las 14:00 Bogotá "Debate"', by=MODERATOR) or ""
    assert "Comunidad" not in said


async def test_practices_of_a_community(ask: Conversation) -> None:
    before = ask.now - timedelta(days=1)
    await publish(ask.database, "practice", "Radio", before, country="KE", community="r2p")
    await publish(ask.database, "practice", "For all", before, country="GH", community="both")
    await publish(ask.database, "practice", "Speaking of R2P", before, country="KE")
    await publish(ask.database, "practice", "Other", before, country="KE", community="genocide_prevention")
    assert await ask("!practices r2p") == (
        "- For all – Ghana (!practice 2)\n- Radio – Kenya (!practice 1)\n- Speaking of R2P – Kenya (!practice 3)"
    )
    assert (await ask("!practices kenya r2p") or "").startswith("- Radio – Kenya (!practice 1)")
    assert "- Other – Kenya" in (await ask("!practices genocide prevention") or "")
    assert "Community: R2P" in (await ask("!practice 1") or "")


async def test_what_is_on_record_of_a_community(ask: Conversation) -> None:
    said = await ask("!focal list genocide prevention africa") or ""
    assert said.startswith(
        "On record in Africa, community genocide prevention: 5\n\n- Ghana – National mechanism: "
    )
    assert "R2P focal point" not in said
    said = await ask("!focal list r2p") or ""
    assert "Argentina – R2P focal point" in said
    assert "!focal list R2P page 2" in said
    assert await ask("!focal list genocide prevention oceania") == (
        "Nothing in Oceania is on record for this community: genocide prevention."
    )


async def test_moderators_say_from_where_a_record_comes(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    said = await ask("!focal set kenya mechanism community: both", by=MODERATOR) or ""
    assert "Community: genocide prevention and R2P." in said
    said = await ask("!focal set kenya mechanism community: ours", by=MODERATOR) or ""
    assert "write genocide prevention, R2P or both" in said
    await ask("!focal set kenya mechanism community: -", by=MODERATOR)
    assert "Community" not in (await ask("!mechanism kenya") or "")


def test_a_community_is_taken_from_the_beginning_or_the_end() -> None:
    assert taken_from("Kenya R2P") == ("r2p", "Kenya")
    assert taken_from("prévention du génocide mars") == ("genocide_prevention", "mars")
    assert taken_from("rumours and r2p in schools") == (None, "rumours and r2p in schools")
    assert taken_from("9 Dec r2p webinar", inside=True) == ("r2p", "9 Dec webinar")
    assert taken_from("") == (None, "")
