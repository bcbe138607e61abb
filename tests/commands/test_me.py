"""`!me` and `!community`, as conversations: nothing without consent, no names, no small groups."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import get_args

from commands.context import Welcomes
from storage import constituency, newcomers, outbox, personal
from storage.categories import Category
from storage.constituency import Constituent
from storage.newcomers import Join
from storage.outbox import Buttons, OutboxRow
from tests.commands.conftest import NOW, ROOM, Conversation

MIA = "@mia:example.org"
CATEGORIES = (
    "1 State body, 2 National mechanism, 3 Civil society, 4 Academia, 5 National human rights institution, "
    "6 International organisation"
)


async def rows(ask: Conversation, person: str = MIA) -> dict[str, list[dict[str, object]]]:
    async with ask.database.read() as reader:
        return await personal.everything(reader, person)


async def counted(ask: Conversation, at: datetime, smallest: int = 6, *, whole: bool = False) -> None:
    async with ask.database.write() as writer:
        await constituency.count(writer, at, smallest, whole=whole)


async def take_part(ask: Conversation, count: int, category: str, country: str, first: int = 0) -> None:
    for number in range(first, first + count):
        who = f"@{category[:3]}{country[:2]}{number}:example.org"
        await ask("me yes", by=who, direct=True)
        await ask(f"me category {category}", by=who, direct=True)
        await ask(f"me country {country}", by=who, direct=True)


async def test_without_consent_nothing_is_stored(ask: Conversation) -> None:
    said = await ask("me", direct=True)
    assert said is not None
    assert said.startswith("If you wish, tell me for whom you speak")
    assert "What it is for: to see how diverse this community is" in said
    assert "It is only counted, once a month, by category, region and topic" in said
    assert said.endswith("If you agree, type me yes.")
    for typed in ("me category academia", "me country kenya", "me topics education"):
        said = await ask(typed, direct=True)
        assert said is not None
        assert said.startswith("I have stored nothing yet.")
        assert "If you agree, type me yes." in said
    assert await rows(ask) == {}
    assert await ask("me forget", direct=True) == "You have told me nothing of yourself to be counted."


async def test_a_bare_yes_or_no_answers_what_was_asked_last(ask: Conversation) -> None:
    async def noted() -> None:
        row = OutboxRow(
            txn_id=f"answer to {ask.last}",
            room_id=ROOM,
            kind="message",
            content={},
            buttons=Buttons(commands=dict(ask.buttons)) if ask.buttons else None,
            created_at=NOW,
        )
        async with ask.database.write() as writer:
            await outbox.add(writer, [row])

    assert await ask("yes", direct=True) == "I don't know yes. help lists what I can do."
    await ask("me", direct=True)
    await noted()
    assert await ask("yes") is None, "in a room it is said to somebody else"
    assert await ask("!yes") == "I don't know !yes. !help lists what I can do."
    assert await ask("no", direct=True) == "I don't know no. help lists what I can do.", "there is no such button"
    for agreed in ("yes", " Oui", "Sí", "✅", "YES!"):
        assert (await ask(agreed, direct=True) or "").startswith(("Thank you.", "Merci")), agreed
    said = await ask("yes", direct=True, said_at=NOW - timedelta(seconds=1))
    assert said == "I don't know yes. help lists what I can do.", "it was said before that was asked"
    await noted()
    assert await ask("yes", direct=True) == "I don't know yes. help lists what I can do.", (
        "something else was said"
    )


async def test_somebody_agrees_and_tells_of_themselves(ask: Conversation) -> None:
    said = await ask("me yes", direct=True)
    assert said is not None
    assert said.startswith("Thank you. I have noted that you agree. Each of these is up to you:")
    assert "me category academia: State body, National mechanism, Civil society, Academia" in said
    assert "me topics early warning, education: Early warning, Education" in said
    assert await ask("me category academia", direct=True) == (
        "You told me, to be counted:\n\n- Category: Academia\n- Country: not told\n- Topics: not told\n\n"
        "me forget deletes it all; community shows what becomes of it."
    )
    said = await ask("me country Kenia", direct=True)
    assert said is not None
    assert "- Country: Kenya" in said
    said = await ask("me topics education, early warning", direct=True)
    assert said is not None
    assert "- Topics: Early warning, Education" in said
    said = await ask("me", direct=True)
    assert said is not None
    assert "- Category: Academia\n- Country: Kenya\n- Topics: Early warning, Education" in said
    found = await rows(ask)
    [row] = found["constituent"]
    assert (row["category"], row["country"], row["topics"]) == ("academia", "KE", ["early_warning", "education"])
    assert row["agreed_at"] == NOW


async def test_each_part_is_taken_back_by_none_and_everything_by_forget(ask: Conversation) -> None:
    await ask("me yes", direct=True)
    for typed in ("me category 4", "me country kenya", "me topics r2p"):
        await ask(typed, direct=True)
    for typed, left in (
        ("me category none", "- Category: not told\n- Country: Kenya\n- Topics: Responsibility to protect"),
        ("me country none", "- Category: not told\n- Country: not told\n- Topics: Responsibility to protect"),
        ("me topics none", "- Category: not told\n- Country: not told\n- Topics: not told"),
    ):
        said = await ask(typed, direct=True)
        assert said is not None
        assert left in said
    said = await ask("me forget", direct=True)
    assert said is not None
    assert said.startswith("Done. What you told me of yourself is deleted, and you are in no number that I make")
    assert await rows(ask) == {}
    said = await ask("me category academia", direct=True)
    assert said is not None
    assert said.startswith("I have stored nothing yet.")


async def test_slips_are_told_with_what_there_is(ask: Conversation) -> None:
    await ask("me yes", direct=True)
    assert await ask("me category circus", direct=True) == f"circus is none of these: {CATEGORIES}."
    said = await ask("me topics education, juggling", direct=True)
    assert said is not None
    assert said.startswith("juggling is none of these: 1 Early warning, 2 Education")
    assert await ask("me country European Union", direct=True) == "European Union is no country."
    said = await ask("me country Atlantis", direct=True)
    assert said is not None
    assert said.startswith("I know no country called Atlantis.")
    said = await ask("me category", direct=True)
    assert said is not None
    assert said.startswith("Something is missing: category.")


async def test_in_a_room_nothing_is_taken(ask: Conversation) -> None:
    await ask("me yes", direct=True)
    for typed in ("!me", "!me yes", "!me category academia", "!me country kenya", "!me topics education"):
        assert await ask(typed) == "I have written to you in a direct chat."
        assert ask.posts == ("That is between us: type me here. In the room I have stored nothing.",)
        assert ask.addressed == (MIA,)
    assert (await rows(ask))["constituent"][0]["category"] is None


async def test_it_speaks_french_and_spanish(ask: Conversation) -> None:
    await ask("langue fr", direct=True)
    said = await ask("moi", direct=True)
    assert said is not None
    assert said.endswith("Si vous êtes d’accord, écrivez moi oui.")
    await ask("moi oui", direct=True)
    said = await ask("moi catégorie société civile", direct=True)
    assert said is not None
    assert "- Catégorie\N{NO-BREAK SPACE}: Société civile" in said
    said = await ask("moi thèmes alerte précoce, éducation", direct=True)
    assert said is not None
    assert "- Thèmes\N{NO-BREAK SPACE}: Alerte précoce, Éducation" in said
    said = await ask("moi oublier", direct=True)
    assert said is not None
    assert said.startswith("C’est fait.")
    await ask("idioma es", direct=True)
    await ask("yo sí", direct=True)
    said = await ask("yo categoría sociedad civil", direct=True)
    assert said is not None
    assert "- Categoría: Sociedad civil" in said
    said = await ask("yo país Colombia", direct=True)
    assert said is not None
    assert "- País: Colombia" in said
    assert (await rows(ask))["constituent"][0]["category"] == "civil_society"


async def test_the_community_is_shown_without_small_groups_and_names(ask: Conversation) -> None:
    nothing = await ask("!community")
    assert nothing is not None
    assert nothing.startswith("So far I have no number of this community to show")
    assert nothing.endswith("If you wish to be counted: me, in a direct chat.")
    await take_part(ask, 11, "academia", "kenya")
    await take_part(ask, 6, "state", "France")
    await take_part(ask, 5, "nhri", "Japan")
    assert await ask("!community") == nothing
    await counted(ask, datetime(2027, 1, 1, tzinfo=UTC))
    assert await ask("!community") == (
        "Who takes part, of the 20 people or more who told me so to be counted; counted on 1 January 2027.\n\n"
        "By category\n\n- Academia: 10+\n- State body: 5+\n\n"
        "By region\n\n- Africa: 10+\n- Europe: 5+\n\n"
        "Groups of fewer than 6 are not shown. Numbers are rounded down to multiples of five, and change only "
        "when 6 people or more have come or gone, on the first of a month; in January all are counted anew.\n\n"
        "If you wish to be counted: me, in a direct chat."
    )
    [picture] = ask.attachments
    assert picture.data.startswith(b"\x89PNG")
    assert picture.picture is not None
    assert picture.picture.text == "By category: Academia 10+, State body 5+; By region: Africa 10+, Europe 5+"


async def test_moderators_see_the_gaps_and_nobody_else_does(ask: Conversation) -> None:
    await take_part(ask, 8, "academia", "kenya")
    await take_part(ask, 2, "state", "France")
    await counted(ask, NOW)
    said = await ask("!community")
    assert said is not None
    assert "Gaps" not in said
    ask.moderation_room = ROOM
    said = await ask("!community")
    assert said is not None
    gaps = said[said.index("Gaps") :].split("\n\n")
    assert gaps[0] == "Gaps, for moderators: of these fewer than 6 people told me so, or nobody."
    assert gaps[1].splitlines() == [
        "- Africa: State body, National mechanism, Civil society, National human rights institution, "
        "International organisation",
        "- Americas: all categories",
        "- Asia: all categories",
        "- Europe: all categories",
        "- Oceania: all categories",
    ]


async def test_where_all_are_there_are_no_gaps(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        for country in ("KE", "FR", "JP", "BR", "FJ"):
            for category in get_args(Category):
                for number in range(6):
                    person = f"@{country}{category}{number}:example.org"
                    told = {"agreed_at": NOW, "agreed_to": "1", "updated_at": NOW}
                    one = Constituent(person=person, category=category, country=country, **told)
                    await constituency.put(writer, one)
    await counted(ask, NOW)
    ask.moderation_room = ROOM
    said = await ask("!community") or ""
    assert said.endswith("Gaps: none. Each category has 6 people or more in each region.")


async def test_a_number_stays_until_enough_have_come_or_gone(ask: Conversation) -> None:
    await take_part(ask, 12, "academia", "kenya")
    await counted(ask, NOW)
    await take_part(ask, 5, "academia", "kenya", first=12)
    await counted(ask, NOW + timedelta(days=31))
    assert "Academia: 10+" in (await ask("!community") or "")
    await take_part(ask, 1, "academia", "kenya", first=17)
    await counted(ask, NOW + timedelta(days=62))
    assert "Academia: 15+" in (await ask("!community") or "")
    for number in range(5):
        await ask("forgetme yes", by=f"@acake{number}:example.org", direct=True)
    await counted(ask, NOW + timedelta(days=93))
    assert "Academia: 15+" in (await ask("!community") or "")
    await counted(ask, NOW + timedelta(days=124), whole=True)
    assert "Academia: 10+" in (await ask("!community") or "")


async def test_another_smallest_group_holds_from_the_next_count_on(ask: Conversation) -> None:
    await take_part(ask, 8, "academia", "kenya")
    await counted(ask, NOW)
    assert "Academia: 5+" in (await ask("!community") or "")
    await counted(ask, NOW + timedelta(days=31), smallest=10)
    assert (await ask("!community") or "").startswith("So far I have no number")


async def test_who_is_erased_and_comes_again_is_one_person(ask: Conversation) -> None:
    """Otherwise three accounts that do so would move a number as six people do."""
    await take_part(ask, 14, "academia", "kenya")
    await counted(ask, NOW)
    for number in range(5):
        await ask("me forget", by=f"@acake{number}:example.org", direct=True)
    await take_part(ask, 5, "academia", "kenya")
    await take_part(ask, 1, "academia", "kenya", first=20)
    await counted(ask, NOW + timedelta(days=31))
    async with ask.database.read() as reader:
        known = await constituency.numbers(reader)
    assert known is not None
    assert known.shown["category/academia"] == 15, "five gone, six come: that is six"
    await ask("me forget", by="@acake0:example.org", direct=True)
    await take_part(ask, 1, "academia", "kenya")
    await counted(ask, NOW + timedelta(days=62))
    async with ask.database.read() as reader:
        known = await constituency.numbers(reader)
    assert known is not None
    assert known.gone["category/academia"] == 1


async def test_an_erased_person_is_in_no_table(ask: Conversation) -> None:
    await take_part(ask, 7, "academia", "kenya")
    await counted(ask, NOW)
    who = "@acake3:example.org"
    await ask("mydata", by=who, direct=True)
    found = json.loads(ask.attachments[0].data)
    assert [row["cell"] for row in found["counted"]] == [
        "all",
        "both/academia/002",
        "category/academia",
        "region/002",
    ]
    assert found["constituent"][0]["category"] == "academia"
    said = await ask("forgetme", by=who, direct=True)
    assert said is not None
    assert "what you told me of yourself, to be counted (1)" in said
    assert "in which numbers of the community you are (4)" in said
    await ask("forgetme yes", by=who, direct=True)
    assert await rows(ask, who) == {}


async def test_the_mark_of_who_was_met_is_shown_and_holds_no_id(ask: Conversation) -> None:
    async with ask.database.write() as writer:
        fresh = await newcomers.meet(writer, [Join(MIA, ROOM)], NOW)
        await newcomers.plan(writer, fresh, NOW, timedelta(minutes=1))
    said = await ask("mydata", direct=True)
    assert said is not None
    assert "a mark without your name, so that you are welcomed once (1)" in said
    [met] = json.loads(ask.attachments[0].data)["met"]
    assert met["is_to_be_welcomed"]
    assert MIA not in str(met)
    said = await ask("forgetme", direct=True)
    assert said is not None
    assert "So does a mark without your name: by it I know not to welcome you a second time." in said
    await ask("forgetme yes", direct=True)
    async with ask.database.write() as writer:
        assert await newcomers.meet(writer, [Join(MIA, ROOM)], NOW) == {}, "not welcomed a second time"
        assert await newcomers.count_waiting(writer) == 0, "nor any more"


async def test_moderators_switch_the_welcome_by_room(ask: Conversation) -> None:
    ask.moderators.add(MIA)
    assert await ask("!welcome") == (
        "This is not one of the rooms for the community (rooms.community), so I welcome nobody here."
    )
    ask.welcomes = Welcomes(possible=True)
    on = "Who comes to this room for the first time gets one message from me, in a direct chat."
    off = "I do not welcome who comes to this room."
    assert await ask("!welcome") == on
    assert await ask("!welcome off") == off
    assert await ask("!welcome") == off
    assert await ask("!bienvenue oui") == on
    ask.welcomes = Welcomes(possible=True, default=False)
    assert await ask("!welcome") == on, "what was chosen goes before the settings"
    said = await ask("!welcome perhaps")
    assert said is not None
    assert said.startswith("I did not understand perhaps.")
    assert await ask("welcome off", direct=True) == (
        "Here we are alone. That is set in the room to which people come."
    )
    said = await ask("!welcome off", by="@joe:example.org")
    assert said is not None
    assert "moderators" in said
