"""`!country`: all that is on record for a country, how fresh it is, and what is not on record."""

from __future__ import annotations

from datetime import timedelta

from storage import event_changes
from storage.events import Event
from storage.occurrences import Timing
from tests.commands.conftest import Conversation
from tests.commands.published import publish


async def _event(ask: Conversation, title: str, day: str) -> None:
    event = Event(
        uid=title,
        kind="meeting",
        titles={"en": title},
        timing=Timing(start=day, rule="FREQ=MONTHLY"),
        countries=["KE"],
    )
    async with ask.database.write() as writer:
        await event_changes.add(writer, event, by=None, at=ask.now)


async def test_all_of_it_in_one_message(ask: Conversation) -> None:
    for number in range(5):
        await publish(ask.database, "practice", f"Practice {number}", ask.now - timedelta(days=2), country="KE")
    await publish(ask.database, "practice", "Elsewhere", ask.now, country="GH")
    for number in range(4):
        await _event(ask, f"Workshop {number}", f"2027-01-1{number}")
    assert (await ask("!country kenya") or "").splitlines() == [
        "Kenya – Eastern Africa",
        "",
        "- National mechanism: National Committee on the Prevention and Punishment of the Crime of Genocide, War "
        "Crimes, Crimes against Humanity and All Forms of Discrimination (as of 2015, not confirmed lately)",
        "",
        "I have no record of an R2P focal point for Kenya. That does not mean there is none.",
        "",
        "More: !focal Kenya, !mechanism Kenya",
        "",
        "Practices",
        "",
        "- Practice 4 (!practice 5, updated on 29 November 2026)",
        "- Practice 3 (!practice 4, updated on 29 November 2026)",
        "- Practice 2 (!practice 3, updated on 29 November 2026)",
        "- 2 more: !practices Kenya",
        "",
        "Coming events",
        "",
        "- 10 January 2027 – Workshop 0 (!event 35, updated on 1 December 2026)",
        "- 11 January 2027 – Workshop 1 (!event 36, updated on 1 December 2026)",
        "- 12 January 2027 – Workshop 2 (!event 37, updated on 1 December 2026)",
        "- 1 more: !events Kenya",
        "",
        "Not on record here, which does not mean that there are none: commitments.",
        "",
        "Know more? !focal suggest Kenya …",
    ]


async def test_not_listed_never_reads_as_has_none(ask: Conversation) -> None:
    said = await ask("!country tuvalu") or ""
    assert "I have no record of an R2P focal point for Tuvalu. That does not mean there is none." in said
    assert "I have no record of a national mechanism for Tuvalu. That does not mean there is none." in said
    absent = "Not on record here, which does not mean that there are none: commitments, practices, coming events."
    assert f"{absent}\n\nKnow more?" in said


async def test_it_is_bounded(ask: Conversation) -> None:
    for number in range(9):
        long = f"{number} " + "very long " * 30
        await publish(ask.database, "practice", long, ask.now, country="AR")
    said = await ask("!country argentina") or ""
    assert len(said) < 2000
    assert said.count("…") == 4


async def test_in_french_and_spanish(ask: Conversation) -> None:
    await publish(ask.database, "practice", "Radio", ask.now, country="KE")
    await ask("!language fr")
    said = await ask("!pays Kenya") or ""
    assert "- Radio (!pratique 1, mis à jour le 1er décembre 2026)" in said
    assert "ce qui ne veut pas dire qu’il n’y en a pas\u00a0: engagements, événements à venir." in said
    await ask("!language es")
    said = await ask("!país Kenia") or ""
    assert "- Radio (!práctica 1, actualizado el 1 de diciembre de 2026)" in said
    assert "lo que no significa que no existan: compromisos, próximos eventos." in said
