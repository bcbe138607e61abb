"""People play the plan: each step is a task of its own, and waits while the bot or Synapse is away."""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.demo.client import ClientError
from tests.chaos import plan as plans
from tests.chaos import words
from tests.chaos.ledger import Asked, Ledger, Meeting, Wish
from tests.chaos.plan import Step
from tests.chaos.town import Town
from tests.commands.test_practices import ANSWERS
from tests.homeserver.running import reply_to

PATIENCE = 3600.0
"""Seconds that somebody waits for an answer; the run gives up earlier, when nothing goes on any more."""
ANSWERED = "every command is answered once"


class GaveUpError(Exception):
    """Somebody waited in vain; the ledger has it."""


class Workload:
    """Plays steps. `play` returns when all are begun, `done` when all are at their end."""

    def __init__(self, town: Town, ledger: Ledger, seed: int) -> None:
        self._town = town
        self._ledger = ledger
        self._seed = seed
        self._tasks: set[asyncio.Task[None]] = set()
        self._alone = {who: asyncio.Lock() for who in (*plans.AUTHORS, plans.TALKING)}
        self._closed = asyncio.Lock()
        self._bot = town.bot.user_id
        self._kinds: dict[str, Callable[[Step], Any]] = {
            "ask": self._ask,
            "thread": self._thread,
            "edit": self._edit,
            "redact": self._redact,
            "react": self._react,
            "say": self._say,
            "nonsense": self._nonsense,
            "closed": self._in_closed,
            "practice": self._practice,
            "talk": self._talk,
            "suggest": self._suggest,
            "event": self._event,
            "import": self._import,
        }

    async def play(self, steps: tuple[Step, ...]) -> None:
        """Begin each step at its time."""
        for step in steps:
            await asyncio.sleep(max(0.0, step.at - self._ledger.now()))
            task = asyncio.create_task(self._step(step), name=step.line().strip())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @property
    def under_way(self) -> int:
        """How many conversations go on."""
        return len(self._tasks)

    async def give_up(self) -> None:
        """End what is under way; nothing should be."""
        if self._tasks:
            names = "; ".join(task.get_name() for task in self._tasks)
            self._ledger.fail(ANSWERED, f"{len(self._tasks)} conversations did not come to an end: {names}"[:1000])
        for task in (pending := [*self._tasks]):
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _step(self, step: Step) -> None:
        try:
            await self._kinds[step.what](step)
        except GaveUpError:
            return
        except Exception as error:
            self._ledger.fail(ANSWERED, f"{step.line()}: {type(error).__name__}: {error}"[:300], step.at)
            return
        self._ledger.done[step.what] += 1

    # What one person does

    async def _asked(self, who: str, room: str, text: str, *, answers: int = 1, **relation: Any) -> Asked:
        event = await self._town.say(who, room, text, **relation)
        one = Asked(event, room, who, text, self._ledger.now(), relation.get("event_id"), answers)
        self._ledger.asked.append(one)
        return one

    async def _answered(self, one: Asked) -> str:
        """Wait for the answer and return its text."""
        return str((await self._answer(one))["content"]["body"])

    async def _answer(self, one: Asked) -> dict[str, Any]:
        return await self._until(one.who, one.room, lambda event: reply_to(event) == one.event, one)

    async def _until(
        self, who: str, room: str, found: Callable[[dict[str, Any]], bool], after: Asked
    ) -> dict[str, Any]:
        """Wait until the bot says something in a room; `after` is what it should follow."""

        def says(event: dict[str, Any]) -> bool:
            return event["sender"] == self._bot and event["type"] == "m.room.message" and found(event)

        try:
            return await self._town.watcher(who, room).wait_for(room, says, PATIENCE)
        except TimeoutError:
            what = f"{after.who} waited in vain after {after.text[:40]!r}"
            self._ledger.fail(ANSWERED, what, after.at, after.event)
            raise GaveUpError from None

    def _room(self, step: Step) -> str:
        return self._town.direct[step.who] if step.where == "direct" else self._town.rooms[step.where]

    async def _ask(self, step: Step) -> None:
        await self._asked(step.who, self._room(step), step.text)

    async def _thread(self, step: Step) -> None:
        root = await self._town.say(step.who, self._room(step), words.TALK[0])
        relation: dict[str, Any] = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True}
        relation["m.in_reply_to"] = {"event_id": root}
        await self._asked(step.who, self._room(step), step.text, **relation)

    async def _edit(self, step: Step) -> None:
        one = await self._asked(step.who, self._room(step), f"!term {step.text}")
        await asyncio.sleep(step.seconds)
        other = next(term for term in words.TERMS if term != step.text)
        await self._town.edit(step.who, one.room, one.event, f"!term {other}")
        one.edited_to = words.TERMS[other]

    async def _redact(self, step: Step) -> None:
        one = await self._asked(step.who, self._room(step), step.text)
        await asyncio.sleep(step.seconds)
        await self._town.redact(step.who, one.room, one.event)
        one.redacted = True

    async def _react(self, step: Step) -> None:
        watcher, room = self._town.watcher(step.who, self._room(step)), self._room(step)
        said = [event for event in watcher.seen.get(room, []) if event["sender"] == self._bot]
        if said:
            await self._town.react(step.who, room, said[-1]["event_id"], "🎉")

    async def _say(self, step: Step) -> None:
        await self._town.say(step.who, self._room(step), step.text)

    async def _nonsense(self, step: Step) -> None:
        """Send what no client sends."""
        content = random.Random(step.at).choice(
            (
                {"msgtype": "m.text", "body": 7},
                {"msgtype": ["m.text"], "body": words.CANARY},
                {"body": {"!term": words.CANARY}},
                {"msgtype": "m.text", "body": words.CANARY, "m.relates_to": "nothing"},
                {"msgtype": "m.file", "body": words.CANARY, "url": {"mxc": 1}, "info": []},
            )
        )
        with contextlib.suppress(ClientError):  # some of it the homeserver refuses
            await self._town.send(step.who, self._room(step), "m.room.message", content)

    async def _in_closed(self, step: Step) -> None:
        async with self._closed:
            event = await self._town.say_closed(step.text)
        self._ledger.asked.append(
            Asked(event, self._town.rooms["closed"], "closed", step.text, self._ledger.now())
        )

    # Practices, and what moderators decide

    async def _practice(self, step: Step) -> None:
        title = words.title_of(step.number)
        summary = f"What {title.removeprefix('The ')} brought about, told in {step.number + 2} sentences."
        room = self._town.direct[step.who]
        async with self._alone[step.who]:
            form = await self._asked(step.who, room, words.FORM.format(title=title, summary=summary))
            preview = await self._answer(form)
        await self._sent(step, form, preview)

    async def _talk(self, step: Step) -> None:
        room, title = self._town.direct[step.who], words.title_of(900 + step.number)
        async with self._alone[step.who]:
            one = await self._asked(step.who, room, "practice share")
            await self._answer(one)
            for place, said in enumerate(ANSWERS):
                one = await self._asked(step.who, room, title if place == 1 else said)
                answer = await self._answer(one)
        await self._sent(Step(step.at, "talk", step.who, number=900 + step.number), one, answer)

    async def _sent(self, step: Step, before: Asked, preview: dict[str, Any]) -> None:
        """Send a practice that was shown to the moderators, and have them decide."""
        found = re.search(r"practice send (\d+)", preview["content"]["body"])
        if found is None:
            self._ledger.fail(ANSWERED, "no preview of a practice", before.at, before.event, preview["event_id"])
            raise GaveUpError
        number = int(found[1])
        self._ledger.practices[step.number] = (step.who, number)
        one = await self._press(step.who, before.room, preview["event_id"], "✅")
        await self._answer(one)
        queued = await self._queued(f"Submission {number} (practice): waiting", one)
        await self._race(step, number, queued)

    async def _press(self, who: str, room: str, event: str, *keys: str, others: tuple[str, ...] = ()) -> Asked:
        """React to a message of the bot; each reaction is answered by a reply to that message."""
        await asyncio.gather(
            *(self._town.react(each, room, event, key) for each in (who, *others) for key in keys)
        )
        one = Asked(event, room, who, " ".join(keys), self._ledger.now(), answers=len(keys) * (1 + len(others)))
        self._ledger.asked.append(one)
        self._ledger.pressed.add(event)
        return one

    async def _queued(self, beginning: str, after: Asked) -> dict[str, Any]:
        def is_new(event: dict[str, Any]) -> bool:
            body = str(event["content"].get("body"))
            return beginning in body and "m.new_content" not in event["content"]

        return await self._until(plans.MODERATORS[0], self._town.rooms["office"], is_new, after)

    async def _race(self, step: Step, number: int, queued: dict[str, Any]) -> None:
        """Two moderators decide on the same at the same moment."""
        chance = random.Random(f"race {self._seed} {step.what} {step.number}")
        office, event = self._town.rooms["office"], queued["event_id"]
        one, other = chance.sample(plans.MODERATORS, 2)
        typed = [f"!reject {number} This is news, {words.CANARY}", f"!approve {number}"]
        if chance.random() < 0.4:
            await self._press(one, office, event, "✅", others=(other,))
        elif chance.random() < 0.5:
            await asyncio.gather(
                self._press(one, office, event, "✅"), self._asked(other, office, chance.choice(typed))
            )
        else:
            await asyncio.gather(*(self._asked(each, office, chance.choice(typed)) for each in (one, other)))
        self._ledger.done["race"] += 1

    async def _suggest(self, step: Step) -> None:
        country = words.COUNTRIES[step.number % 20]
        told = f"{words.CANARY} {step.number} moved, see https://example.org"
        one = await self._asked(step.who, self._room(step), f"!focal suggest {country} The office of {told}")
        await self._answer(one)

        def is_it(event: dict[str, Any]) -> bool:
            body = str(event["content"].get("body"))
            return told in body and body.startswith("Submission ") and "m.new_content" not in event["content"]

        queued = await self._until(plans.MODERATORS[0], self._town.rooms["office"], is_it, one)
        number = re.match(r"Submission (\d+)", queued["content"]["body"])
        assert number is not None
        await self._race(step, int(number[1]), queued)

    # The calendar

    async def _event(self, step: Step) -> None:
        """Add an event of which the announcement of an hour before falls due in a minute or two."""
        start = datetime.now(UTC) + timedelta(hours=1, seconds=step.seconds + 60)
        start = start.replace(second=0, microsecond=0)
        title = f"Meeting {step.number} of the {words.CANARY}"
        typed = f'!event add {start.day} {start:%b %Y %H:%M} UTC 90m "{title}" webinar'
        office = self._town.rooms["office"]
        one = await self._asked(step.who, office, typed)
        shown = await self._answer(one)
        second = plans.MODERATORS[(plans.MODERATORS.index(step.who) + 1) % len(plans.MODERATORS)]
        pressed = await self._press(step.who, office, shown["event_id"], "✅", others=(second,))

        def is_decided(event: dict[str, Any]) -> bool:
            ends = ("Done: !event", "in its place", "more than ten minutes ago")
            return reply_to(event) == shown["event_id"] and any(
                words in event["content"]["body"] for words in ends
            )

        done = await self._until(step.who, office, is_decided, pressed)
        if "Done: !event" not in done["content"]["body"]:
            self._ledger.skipped["event in whose place a newer one was shown, or confirmed too late"] += 1
            return
        number = int(done["content"]["body"].rsplit(" ", 1)[1])
        self._ledger.meetings.append(Meeting(number, title, start, datetime.now(UTC)))
        chance = random.Random(f"wishes {self._seed} {step.number}")
        who = chance.sample((*plans.MEMBERS[:3], *plans.WITHOUT_CHAT), 3)
        await asyncio.gather(*(self._wish(each, number, title, start, chance.choice((59, 60))) for each in who))

    async def _wish(self, who: str, number: int, title: str, start: datetime, minutes: int) -> None:
        hall = self._town.rooms["hall"]
        await self._asked(who, hall, f"!event going {number}")
        one = await self._asked(who, hall, f"!event remind {number} {minutes}m")
        if (await self._answered(one)).startswith("I will remind you of"):
            due = start - timedelta(minutes=minutes)
            self._ledger.wishes.append(Wish(who, title, due, datetime.now(UTC)))

    # Imports

    async def _import(self, step: Step) -> None:
        country, office = words.COUNTRIES[-1 - step.number % 20], self._town.rooms["office"]
        head = "kind,country,title_en,status,as_of,evidence,source"
        title = f"Ministry of the {words.CANARY} {step.number}"
        data = f"{head}\nr2p_focal_point,{country},{title},active,2026,A,Note verbale\n".encode()
        content = {
            "msgtype": "m.file",
            "body": "!import focal",
            "filename": "table.csv",
            "url": await self._upload(step.who, data),
            "info": {"mimetype": "text/csv", "size": len(data)},
        }
        event = await self._town.send(step.who, office, "m.room.message", content)
        one = Asked(event, office, step.who, "!import focal", self._ledger.now())
        self._ledger.asked.append(one)
        shown = await self._answer(one)
        number = re.search(r"import apply (\d+)", shown["content"]["body"])
        if number is None:  # the homeserver did not give the file, and that was said
            self._ledger.skipped["import without its file"] += 1
            return
        pressed = await self._press(step.who, office, shown["event_id"], "✅")
        done = await self._answer(Asked(shown["event_id"], office, step.who, "✅", pressed.at))
        if any(words in done["content"]["body"] for words in ("was dropped", "more than ten minutes ago")):
            self._ledger.skipped["import in whose place a newer one was shown, or confirmed too late"] += 1
            return
        self._ledger.imports[int(number[1])] = country
        await self._asked(step.who, office, f"!import undo {number[1]}")

    async def _upload(self, who: str, data: bytes) -> str:
        client = self._town.people[who]
        headers = {"Authorization": f"Bearer {client.access_token}", "Content-Type": "text/csv"}
        url = f"{client.homeserver}/_matrix/media/v3/upload"
        while True:
            try:
                async with (
                    aiohttp.ClientSession() as http,
                    http.post(url, data=io.BytesIO(data), headers=headers) as answer,
                ):
                    return str((await answer.json())["content_uri"])
            except (aiohttp.ClientError, KeyError, ValueError):
                await asyncio.sleep(0.5)
