"""A small chat in the terminal: what is typed is sent as a member or a moderator, answers appear as they come."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.patch_stdout import patch_stdout
from rich.table import Table

from bot.demo.bot_process import BotError
from bot.demo.client import Client, ClientError, Json
from bot.demo.screen import Screen, speaker
from bot.demo.stage import PEOPLE, ROOMS, Stage, reason

DIRECT = "direct"
"""What the direct chat with the bot is called in `/room`."""
COMMANDS = {
    "/as": ("/as moderator", "speak as the member or the moderator"),
    "/room": ("/room practices", f"go to another room: {', '.join(ROOMS)}"),
    "/dm": ("/dm", "open a direct chat with the bot, or go there"),
    "/help": ("/help", "this list; what the bot can do is told by !help"),
    "/quit": ("/quit", "stop everything; Ctrl-C and Ctrl-D do the same"),
}
_CHOICES: dict[str, tuple[str, ...]] = {"/as": tuple(PEOPLE), "/room": (*ROOMS, DIRECT)}
_GLANCE = 0.05  # seconds between two looks at what has come


class Chat:
    """A conversation by hand on a stage."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        self._stage = stage
        self._screen = screen
        self._people = {"member": stage.member, "moderator": stage.moderator}
        self._who = "member"
        self._room_id = stage.rooms["community"]
        self._names = {room_id: ROOMS[key][0] for key, room_id in stage.rooms.items()}
        self._direct: dict[str, str] = {}  # of each person, once opened
        self._known: set[str] = set()  # events that are on the screen, or were there before us
        self._looked: dict[tuple[str, str], int] = {}  # how far each person's rooms were looked through
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "/as": self._as,
            "/room": self._room,
            "/dm": self._dm,
            "/help": self._help,
        }

    async def hold(self) -> None:
        """Talk until `/quit`, Ctrl-C, Ctrl-D, or until the terminal is gone."""
        for client in self._people.values():
            await client.listen()
            self._known.update(event["event_id"] for event in self._news(client))
        prompt: PromptSession[str] = PromptSession(completer=_Words(), erase_when_done=True)
        self._screen.note("Say something: !term rtop, for example, or !help. /help tells what this chat can do.")
        # Raw, because what is printed has its colours already.
        with patch_stdout(raw=True):
            beside = [asyncio.create_task(self._follow(client)) for client in self._people.values()]
            beside.append(asyncio.create_task(self._watch()))
            try:
                # A read from a terminal that is gone ends with EOFError or OSError.
                with suppress(EOFError, KeyboardInterrupt, OSError):
                    while await self._typed(await prompt.prompt_async(self._before, handle_sigint=False)):
                        pass
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    # What is typed

    async def _typed(self, text: str) -> bool:
        """Do what was typed. Tell whether to go on."""
        word, _, rest = text.partition(" ")
        try:
            if text.startswith("//"):
                await self._say(text[1:])
            elif word == "/quit":
                return False
            elif word in self._commands:
                await self._commands[word](rest.strip())
            elif word.startswith("/"):
                self._unknown(word)
            elif text.strip():
                await self._say(text)
        except (ClientError, BotError) as error:
            self._screen.trouble(f"That did not work: {reason(error)}")
        return True

    async def _say(self, text: str) -> None:
        # It is printed when it comes back from the homeserver, as in any client.
        await self._me.say(self._room_id, text)

    async def _as(self, who: str) -> None:
        if who not in PEOPLE:
            self._screen.note(f"You can speak as {' or '.join(PEOPLE)}: /as moderator")
            return
        was_direct = self._room_id in self._direct.values()
        self._who = who
        if was_direct and who in self._direct:
            self._room_id = self._direct[who]
        elif not await self._is_in(self._room_id):
            self._room_id = self._stage.rooms["community"]

    async def _room(self, name: str) -> None:
        key = name.casefold().lstrip("#")
        if key == DIRECT:
            await self._dm("")
        elif key not in ROOMS:
            self._screen.note(f"There are the rooms {', '.join(ROOMS)} and {DIRECT}: /room practices")
        elif not await self._is_in(self._stage.rooms[key]):
            self._screen.note(f"{PEOPLE[self._who]} is not in {ROOMS[key][0]}. Try /as moderator first.")
        else:
            self._room_id = self._stage.rooms[key]

    async def _dm(self, _: str) -> None:
        if self._who not in self._direct:
            room_id = await self._stage.direct_chat(self._me)
            self._direct[self._who] = room_id
            self._names[room_id] = "direct chat"
            self._screen.note("Here the bot needs no sign before a command: term rtop, or help.")
        self._room_id = self._direct[self._who]

    async def _help(self, _: str) -> None:
        rows = Table.grid(padding=(0, 2))
        for example, what in COMMANDS.values():
            rows.add_row(example, what)
        rows.add_row("//shrug", "say something that begins with /")
        rows.add_row("Tab", "complete one of these")
        self._screen.console.print()
        self._screen.console.print(rows)

    def _unknown(self, word: str) -> None:
        near = difflib.get_close_matches(word, COMMANDS, 1)
        hint = f"Did you mean {near[0]}?" if near else "/help lists what there is."
        self._screen.note(f"This chat has no {word}. {hint} To say it, begin with two: /{word}")

    async def _is_in(self, room_id: str) -> bool:
        try:
            return self._me.user_id in await self._me.joined_members(room_id)
        except ClientError:
            return False

    @property
    def _me(self) -> Client:
        return self._people[self._who]

    def _before(self) -> StyleAndTextTuples:
        """Return what stands before the cursor."""
        _, colour = speaker(self._stage, self._me.user_id)
        place = self._names[self._room_id]
        return [(f"bold fg:ansi{colour}", PEOPLE[self._who]), ("", f" in {place} > ")]

    # What others say

    async def _follow(self, client: Client) -> None:
        """Print what happens in a person's rooms, each event once, whoever sees it first."""
        while True:
            for event in self._news(client):
                if event["event_id"] not in self._known:
                    self._known.add(event["event_id"])
                    self._show(event)
            await asyncio.sleep(_GLANCE)

    def _news(self, client: Client) -> Iterator[Json]:
        for room_id, events in client.seen.items():
            key = (client.user_id, room_id)
            start, self._looked[key] = self._looked.get(key, 0), len(events)
            for event in events[start:]:
                yield event | {"room_id": room_id}

    def _show(self, event: Json) -> None:
        room = self._names.get(event["room_id"], "another room")
        name, _ = speaker(self._stage, event["sender"])
        match event:
            case {"type": "m.room.message", "content": {"m.relates_to": {"rel_type": "m.replace"}}}:
                self._screen.message(self._stage, room, event, edited=True)
            case {"type": "m.room.message", "content": {"body": str()}}:
                self._screen.message(self._stage, room, event)
            case {"type": "m.room.redaction"}:
                self._screen.note(f"{name} took back a message in {room}.")
            case {"type": "m.reaction", "content": {"m.relates_to": {"key": str(key)}}}:
                self._screen.note(f"{name} reacted in {room}: {key}")
            case {"type": "m.room.encrypted"}:
                self._screen.note(f"{name} wrote something encrypted in {room}, which this chat cannot read.")

    async def _watch(self) -> None:
        """Say so when the bot ends by itself."""
        await self._stage.bot.ended()
        self._screen.trouble(f"The bot has ended (exit code {self._stage.bot.exit_code}). Its last words:")
        self._screen.note(self._stage.bot.last_words(5))


class _Words(Completer):
    """Completes the chat's own commands and what may stand behind them; what is said is left alone."""

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        word, space, rest = text.partition(" ")
        choices, typed = (_CHOICES.get(word, ()), rest) if space else (tuple(COMMANDS), word)
        if text.startswith("/"):
            for choice in choices:
                if choice.startswith(typed):
                    yield Completion(choice, start_position=-len(typed))
