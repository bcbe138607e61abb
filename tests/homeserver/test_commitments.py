"""The whole way of a commitment on a real homeserver: three authors in three languages, and kills all the way."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from babel.dates import format_date

from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from storage import commitments, due
from storage.database import Database
from tests import databases
from tests.extent import extent
from tests.homeserver.running import RunningBot, fresh, joined, room_with_bot

AHEAD = timedelta(days=20)
"""Until the deadline: nothing is due by itself while the test runs."""


class Way(NamedTuple):
    """What one author says, and what the bot says to it."""

    language: str
    begin: str
    answers: tuple[str, ...]
    send: str
    report: str
    title: str
    level: str
    reminder: str


def ways(deadline: date) -> list[Way]:
    english = format_date(deadline, "d MMMM y", locale="en_GB")
    french = format_date(deadline, "d MMMM y", locale="fr")
    spanish = format_date(deadline, "d 'de' MMMM 'de' y", locale="es")
    return [
        Way(
            "en",
            "commit",
            (
                "yes", "state body", "Ministry of Justice", "Kenya", "Judges learn of early signs.",
                english, "skip", "A list is published.", "yes", "everybody",
            ),
            "practice send",
            "commitment {} progress substantial 40 judges https://example.org/list",
            "Judges learn of early signs.",
            "substantial",
            "You committed to this: Judges learn of early signs.\nIn 20 days",
        ),
        Way(
            "fr",
            "engagement prendre",
            (
                "oui", "société civile", "passer", "Sénégal", "Une radio répond aux rumeurs.", french, "passer",
                "Les émissions sont en ligne.", "oui", "tout le monde",
            ),
            "pratique envoyer",
            "engagement {} progrès limité deux émissions",
            "Une radio répond aux rumeurs.",
            "limité",
            "Vous avez pris cet engagement\u00a0: Une radio répond aux rumeurs.\nDans 20 jours",
        ),
        Way(
            "es",
            "compromiso asumir",
            (
                "sí", "universidad", "omitir", "Colombia", "Un curso sobre alerta temprana.", spanish, "omitir",
                "El programa está publicado.", "sí", "todo el mundo",
            ),
            "práctica enviar",
            "compromiso {} avance no iniciado falta dinero",
            "Un curso sobre alerta temprana.",
            "no iniciado",
            "Usted asumió este compromiso: Un curso sobre alerta temprana.\nEn 20 días",
        ),
    ]  # fmt: skip


@pytest.mark.timeout(900)
async def test_from_the_first_question_to_a_reminder_in_three_languages_through_kills(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = await homeserver.register(fresh("bot"), "secret")
    mod = await homeserver.register(fresh("mod"), "secret")
    office = await room_with_bot(mod, account)
    library = await room_with_bot(mod, account)
    every = ways(datetime.now(UTC).date() + AHEAD)
    authors = [await homeserver.register(fresh("mia"), "secret") for _ in every]
    directs = [await room_with_bot(author, account, is_direct=True) for author in authors]
    chance = random.Random(20261126)
    bot = RunningBot(
        homeserver,
        account,
        tmp_path / "bot",
        invites__allowed=["@*:demo.localhost"],
        rooms__moderation=office,
        rooms__practices=library,
    )
    async with bot:
        for person in (mod, *authors):
            await person.listen()
        for room in (office, library):
            await joined(mod, room, account.user_id)
        for author, direct in zip(authors, directs, strict=True):
            await joined(author, direct, account.user_id)

        async def killed() -> None:
            for _ in range(extent(25, 5)):
                await asyncio.sleep(1 + 5 * chance.random())
                await bot.end(signal.SIGKILL)
                await bot.start()

        killing = asyncio.create_task(killed())
        try:
            await asyncio.gather(
                *(
                    _go(author, direct, way, mod, office)
                    for author, direct, way in zip(authors, directs, every, strict=True)
                )
            )
            for way in every:
                await mod.wait_for(library, _report_of(way), 120)
        finally:
            killing.cancel()
            await asyncio.gather(killing, return_exceptions=True)
        await bot.end(signal.SIGKILL)
        await bot.start()
        await _planned(tmp_path / "bot")
        shown = [one for one in await mod.history(library) if one["sender"] == account.user_id]
        for way in every:
            _stands_once(way, [one for one in shown if way.title in one["content"].get("body", "")])
        listed = await mod.ask(library, "!commitments", 60)
        assert listed.count("(!commitment ") == len(every)

        await _remind_through_kills(bot, tmp_path / "bot", chance)
        for author, direct, way in zip(authors, directs, every, strict=True):
            await _was_told_once(author, direct, way, account)
    for person in (mod, *authors, account):
        await person.close()


async def _remind_through_kills(bot: RunningBot, folder: Path, chance: random.Random) -> None:
    """Let the bot find reminders that are due, and end before it is done with them."""
    await bot.end()
    await _make_due(folder)
    for pause in range(extent(8, 3)):
        await bot.start(ready=False)
        await asyncio.sleep(0.7 + pause * 0.4 + chance.random())
        await bot.end(signal.SIGKILL)
    await bot.start()


async def _go(author: Client, direct: str, way: Way, mod: Client, office: str) -> None:
    """Commit, see it published, and report on it."""

    async def approve(kind: str) -> None:
        queued = await mod.wait_for(office, lambda one: _says(kind)(one) and _says(way.title)(one), 120)
        await mod.react(office, queued["event_id"], "✅")

    await author.ask(direct, f"language {way.language}", 120)
    said = ""
    for typed in (way.begin, *way.answers):
        said = await author.ask(direct, typed, 120)
    number = said.partition(f"{way.send} ")[2].split()[0]
    await author.ask(direct, f"{way.send} {number}", 120)
    await approve("(commitment)")
    await author.wait_for(direct, lambda one: str(one["content"].get("body")).startswith(f"{way.title} "), 120)
    await author.ask(direct, way.report.format(number), 120)
    await approve("(report)")


def _stands_once(way: Way, shown: list[dict[str, Any]]) -> None:
    """See that a commitment stands in the practices room once, as it is now, with its report in its thread."""
    new = [one for one in shown if "m.new_content" not in one["content"]]
    assert len(new) == 2, "the commitment, and the report"
    (report,) = [one for one in new if _report_of(way)(one)]
    (commitment,) = [one for one in new if one is not report]
    assert report["content"]["m.relates_to"]["event_id"] == commitment["event_id"]
    edits = [one["content"]["m.new_content"]["body"] for one in shown if "m.new_content" in one["content"]]
    assert any(way.level in body for body in edits)


async def _was_told_once(author: Client, direct: str, way: Way, account: Client) -> None:
    """See that the reminder came once, as each question, answer, and piece of news did."""
    await author.wait_for(direct, _says(way.reminder), 120)
    await asyncio.sleep(2)  # a while for what must not come
    said = Counter(
        one["content"]["body"]
        for one in await author.history(direct)
        if one["sender"] == account.user_id and "body" in one["content"]
    )
    assert sum(count for body, count in said.items() if body.startswith(way.reminder)) == 1
    assert set(said.values()) == {1}, said


def _says(words: str) -> Any:
    return lambda one: words in str(one["content"].get("body")) and "m.new_content" not in one["content"]


def _report_of(way: Way) -> Any:
    """Tell a report from the commitment itself: it says the level in its second line."""
    return lambda one: _says(way.title)(one) and f"\n{way.level} – " in one["content"]["body"]


async def _planned(folder: Path) -> None:
    """Wait until the clock has planned the reminders of each commitment: of three dates each."""
    query = f"SELECT count(*) FROM due WHERE kind = '{commitments.REMIND}'"  # noqa: S608 - ours
    async with asyncio.timeout(120):
        while databases.execute(folder / "data" / "bot.db", query) != [(9,)]:
            await asyncio.sleep(1)


async def _make_due(folder: Path) -> None:
    """Let the first reminder of each commitment be due, while the bot is away."""
    past = datetime.now(UTC) - timedelta(minutes=30)
    database = await Database.open(databases.address(folder / "data" / "bot.db"))
    async with database.write() as writer:
        first = [one for one in await due.beginning(writer, commitments.REMIND, "") if one.subject.endswith("/7")]
        assert len(first) == 3
        for one in first:
            await due.schedule(writer, one.model_copy(update={"due_at": past}))
    await database.close()
