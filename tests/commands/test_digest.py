"""`!digest`: what happened, who gets it each week, and who may say so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import digests, glossary, glossary_changes, personal
from tests.commands.conftest import ROOM, Conversation
from tests.commands.published import publish

MIA, MODERATOR = "@mia:example.org", "@moderator:example.org"


async def test_all_sections_with_how_to_see_the_rest(ask: Conversation) -> None:
    ask.moderators.add(MODERATOR)
    yesterday = ask.now - timedelta(days=1)
    for number in range(5):
        await publish(ask.database, "practice", f"Practice {number}", yesterday, country="KE")
    await publish(ask.database, "challenge", "How did others answer rumours?", yesterday)
    async with ask.database.write() as writer:
        known = await glossary.get(writer, "genocide")
        assert known is not None
        changed = known.model_copy(update={"topic": "justice"})
        await glossary_changes.put(writer, changed, by=MODERATOR, at=yesterday)
    await ask("!focal vacant denmark", by=MODERATOR)
    await ask("!focal confirm rwanda", by=MODERATOR)
    ask.now += timedelta(minutes=1)
    said = await ask("!digest")
    assert said is not None
    assert said.splitlines() == [
        "The week from 24 November to 1 December",
        "",
        "New practices",
        "",
        "- Practice 4 – Kenya (!practice 5)",
        "- Practice 3 – Kenya (!practice 4)",
        "- Practice 2 – Kenya (!practice 3)",
        "- 2 more: !practices",
        "",
        "Open challenges",
        "",
        "- How did others answer rumours? (!challenge 6)",
        "",
        "Coming events",
        "",
        "- 9 December 2026 – International Day of Commemoration and Dignity of the Victims of the Crime of "
        "Genocide an… (!event 14)",
        "- 10 December 2026 – Human Rights Day (!event 15)",
        "",
        "Changed terms: genocide",
        "Look one up: !term genocide",
        "",
        "Focal points and mechanisms that changed",
        "",
        "- Denmark: R2P focal point (!country Denmark)",
        "",
        "This room does not get this each week; its moderators can change that: !digest weekly. To get it "
        "yourself, type the same in a direct chat with me.",
    ]
    await ask("!focal remove denmark", by=MODERATOR)
    ask.now += timedelta(minutes=1)
    assert "- Denmark: R2P focal point – no longer on record (!country Denmark)" in (await ask("!digest") or "")


async def test_when_nothing_happened_it_says_so(ask: Conversation) -> None:
    assert (await ask("!digest") or "").startswith("Nothing has happened in the last seven days.\n\n")


async def test_it_fits_on_a_phone_whatever_members_write(ask: Conversation) -> None:
    for number in range(30):
        for kind in ("practice", "challenge"):
            title = f"{number} <b>*_`[x](http://evil.example)` @room " + "very long " * 30
            await publish(ask.database, kind, title, ask.now - timedelta(hours=1), country="KE")
    async with ask.database.write() as writer:
        every = await glossary.every(writer)
        changed = [one.model_copy(update={"topic": "justice"}) for one in every]
        await glossary_changes.replace(writer, changed, by=None, at=ask.now - timedelta(hours=1))
    said = await ask("!digest") or ""
    assert len(said) < 2500
    assert "- 27 more: !practices" in said
    assert "and 55 more" in said
    assert ask.last is not None
    assert "<b>" not in (ask.last.html or "")
    assert "href" not in (ask.last.html or "")


async def test_a_person_chooses_it_in_a_direct_chat(ask: Conversation) -> None:
    said = await ask("digest weekly", direct=True)
    assert said is not None
    assert said.startswith("I send you the digest each Monday, the next on 7 December 2026, 09:")
    assert said.endswith("UTC. digest off ends it.")
    assert await ask("digest weekly", direct=True) == said
    chosen = await ask("digest", direct=True) or ""
    assert "You get this each Monday, next on 7 December 2026, 09:" in chosen
    async with ask.database.read() as reader:
        assert await digests.count(reader) == (1, 0)
        assert (await personal.everything(reader, MIA))["following"][0]["what"] == "digest"
    assert "You follow no events." in (await ask("!events follow") or "")
    assert await ask("digest off", direct=True) == "I send you no digest any more."
    assert await ask("digest off", direct=True) == "I send you no digest."
    assert "You do not get this each week. digest weekly changes that." in (await ask("digest", direct=True) or "")


async def test_ending_all_events_leaves_the_digest(ask: Conversation) -> None:
    await ask("digest weekly", direct=True)
    await ask("events follow all", direct=True)
    await ask("events unfollow all", direct=True)
    assert "You get this each Monday" in (await ask("digest", direct=True) or "")


async def test_a_room_gets_it_when_its_moderators_wish(ask: Conversation) -> None:
    assert "is for moderators of this room" in (await ask("!digest weekly") or "")
    ask.moderators.add(MODERATOR)
    assert await ask("!digest weekly", by=MODERATOR) == (
        "I send the digest to this room each Monday, the next on 7 December 2026, 09:00 UTC. !digest off ends it."
    )
    said = await ask("!digest") or ""
    assert "This room gets this each Monday, next on 7 December 2026, 09:00 UTC." in said
    assert "type digest weekly in a direct chat" in said
    await ask("!timezone room Nairobi", by=MODERATOR)
    assert "09:00 Nairobi" in (await ask("!digest") or "")
    async with ask.database.read() as reader:
        assert await digests.count(reader) == (0, 1)
        planned = await digests.planned(reader, ROOM)
    assert planned is not None
    assert planned.due_at.hour == 6
    assert await ask("!digest off", by=MODERATOR) == "I send no digest to this room any more."
    assert await ask("!digest off", by=MODERATOR) == "I send no digest to this room."


async def test_who_is_forgotten_gets_no_digest(ask: Conversation) -> None:
    await ask("digest weekly", direct=True)
    await ask("forgetme yes", direct=True)
    async with ask.database.read() as reader:
        assert await digests.planned(reader, MIA) is None
        assert await digests.count(reader) == (0, 0)


@pytest.mark.parametrize(
    ("language", "on", "off", "first", "last"),
    [
        (
            "fr",
            "synthèse hebdomadaire",
            "synthèse arrêter",
            "Je vous envoie la synthèse chaque lundi, la prochaine le 7 décembre 2026, 09:",
            "Je ne vous envoie plus de synthèse.",
        ),
        (
            "es",
            "resumen semanal",
            "resumen desactivar",
            "Le envío el resumen cada lunes; el próximo, el 7 de diciembre de 2026, 09:",
            "Ya no le envío el resumen.",
        ),
    ],
)
async def test_in_french_and_spanish(
    ask: Conversation, language: str, on: str, off: str, first: str, last: str
) -> None:
    await ask(f"language {language}", direct=True)
    assert (await ask(on, direct=True) or "").startswith(first)
    assert await ask(off, direct=True) == last
