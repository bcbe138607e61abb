"""Quizzes in three languages and the term of the week, while the bot is killed at random moments."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bot import weekly_term
from bot.demo.client import Client
from bot.demo.homeserver import Homeserver
from storage import due, recall
from storage.database import Database
from storage.due import Due
from tests import databases
from tests.extent import extent
from tests.homeserver.running import RunningBot, fresh, joined, room_with_bot

KILLS = extent(25, 5)
QUIZZES = extent(5, 1)
"""Of each member, one after the other."""
LANGUAGES = ("en", "fr", "es")
QUIZ = {"en": "quiz", "fr": "questionnaire", "es": "cuestionario"}
ASKED = re.compile(r"\((\d) (?:of|sur|de) (\d)\) ")
RESULT = re.compile(r"^(\d) (?:of|sur|de) 5 .*\.", re.MULTILINE)
RIGHT = re.compile(r"^(?:Right|Juste\s|Correcto)\s?:", re.MULTILINE)
WEEK = re.compile(r"^(?:Term of the week|Terme de la semaine|Término de la semana)")
PATIENCE = 180


class Learner:
    """A member who does quizzes in a direct chat, impatiently: by numbers and by reactions, sometimes twice."""

    def __init__(self, client: Client, chat: str, bot: str, language: str, chance: Random) -> None:
        self.client = client
        self.chat = chat
        self.bot = bot
        self.language = language
        self._chance = chance

    def said(self) -> list[dict[str, Any]]:
        """Return the messages of the bot in the chat, in their order; what was said twice is there twice."""
        return [
            event
            for event in self.client.seen.get(self.chat, [])
            if event["sender"] == self.bot and event["type"] == "m.room.message"
        ]

    def bodies(self) -> list[str]:
        return [str(event["content"].get("body", "")) for event in self.said()]

    async def until(self, count: int, pattern: re.Pattern[str]) -> dict[str, Any]:
        """Wait until the bot has said something so often, and return the last of it."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.said() if pattern.search(str(event["content"].get("body", "")))]

        await self.client.wait_for(self.chat, lambda _event: len(found()) >= count, PATIENCE)
        return found()[-1]

    async def quizzes(self) -> None:
        for done in range(QUIZZES):
            await self.client.say(self.chat, QUIZ[self.language])
            for number in range(1, 6):
                question = await self.until(done * 5 + number, ASKED)
                await self._answer(question["event_id"])
            await self.until(done + 1, RESULT)

    async def _answer(self, question: str) -> None:
        way = self._chance.choice(("number", "button", "twice", "pressed twice"))
        if way in ("number", "twice"):
            await self.client.say(self.chat, "1")
        if way == "twice":
            await self.client.say(self.chat, "1")
        if way in ("button", "pressed twice"):
            await self.client.react(self.chat, question, "1️⃣")
        if way == "pressed twice":
            await self.client.react(self.chat, question, "2️⃣")


async def test_nobody_is_quizzed_twice_and_each_term_of_the_week_comes_once(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    chance = Random(20261209)
    account = await homeserver.register(fresh("bot"), "secret")
    members = [await homeserver.register(fresh(f"learner-{language}"), "secret") for language in LANGUAGES]
    rooms = [await room_with_bot(member, account) for member in members]
    chats = [await room_with_bot(member, account, is_direct=True) for member in members]
    at = (datetime.now(UTC) - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    bot = RunningBot(
        homeserver,
        account,
        tmp_path / "bot",
        invites__allowed=["@*:demo.localhost"],
        rooms__community=rooms[:2],
        rooms__announcements=rooms[1:],
        learning__weekday=weekly_term.WEEKDAYS[at.weekday()],
        learning__hour=at.hour,
    )
    async with bot:
        for member, room, chat, language in zip(members, rooms, chats, LANGUAGES, strict=True):
            await member.listen()
            await joined(member, room, account.user_id)
            await joined(member, chat, account.user_id)
            await member.ask(room, f"!language room {language}", PATIENCE)
            await member.ask(chat, f"language {language}", PATIENCE)
        await bot.end()
        await _make_due(tmp_path / "bot", at)
        await bot.start(ready=False)
        learners = [
            Learner(member, chat, account.user_id, language, Random(language))
            for member, chat, language in zip(members, chats, LANGUAGES, strict=True)
        ]
        learning = [asyncio.create_task(learner.quizzes()) for learner in learners]
        for _ in range(KILLS):
            await asyncio.sleep(0.5 + chance.random() * 3)
            await bot.end(signal.SIGKILL)
            await bot.start(ready=chance.random() < 0.5)
        await asyncio.gather(*learning)
        for member, chat in zip(members, chats, strict=True):
            await member.ask(chat, "!status", PATIENCE)  # whatever was to come twice has come by now
        await bot.end()
    for learner in learners:
        _check_quizzes(learner)
    await _check_cards(tmp_path / "bot", learners)
    posted = [await _terms(member, room, account.user_id) for member, room in zip(members, rooms, strict=True)]
    assert [len(found) for found in posted] == [1, 1, 1], "once in each room, however often it was killed"
    heads = [found[0].splitlines()[0] for found in posted]
    assert [head.split("\u00a0:" if "\u00a0:" in head else ":")[0] for head in heads] == [
        "Term of the week",
        "Terme de la semaine",
        "Término de la semana",
    ]
    for client in (*members, account):
        await client.close()


def _check_quizzes(learner: Learner) -> None:
    """Check that each question was asked once, answered once, and that the result fits."""
    bodies = learner.bodies()
    asked = [match.group(1) for body in bodies if (match := ASKED.search(body))]
    assert Counter(asked) == {str(number): QUIZZES for number in range(1, 6)}
    texts = [body[match.end() :] for body in bodies if (match := ASKED.search(body))]
    assert len(set(texts)) == len(texts), "no question came twice"
    results = [int(match.group(1)) for body in bodies if (match := RESULT.search(body))]
    assert len(results) == QUIZZES
    assert sum(results) == sum(1 for body in bodies if RIGHT.search(body)), "each was counted once"


async def _check_cards(folder: Path, learners: list[Learner]) -> None:
    database = await Database.open(databases.address(folder / "data" / "bot.db"))
    try:
        async with database.read() as reader:
            for learner in learners:
                cards = await recall.of(reader, learner.client.user_id)
                assert len(cards) == 5 * QUIZZES
                right = sum(1 for body in learner.bodies() if RIGHT.search(body))
                assert Counter(one.box for one in cards.values())[2] == right
                assert {one.box for one in cards.values()} <= {1, 2}
    finally:
        await database.close()


async def _make_due(folder: Path, at: datetime) -> None:
    """Let the term of the week have fallen due while the bot was down."""
    database = await Database.open(databases.address(folder / "data" / "bot.db"))
    async with database.write() as writer:
        one = Due(kind=weekly_term.KIND, subject=weekly_term.SUBJECT, due_at=at)
        await due.schedule(writer, one)
    await database.close()


async def _terms(member: Client, room: str, bot: str) -> list[str]:
    history = await member.history(room)
    bodies = [str(one["content"].get("body", "")) for one in history if one["sender"] == bot]
    return [body for body in bodies if WEEK.match(body)]
