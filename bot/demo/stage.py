"""All that a conversation needs: a homeserver, a member, a moderator, four rooms, and the bot as its own process.

The demo plays on it, and so do tests and benchmarks that want the whole bot and not a part of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Self

from bot.demo.bot_process import BotProcess
from bot.demo.client import Client, ClientError
from bot.demo.homeserver import Homeserver

BOT = "gaamac-bot"
"""The local part of the bot's user id."""
BOT_NAME = "GAAMAC bot"
PEOPLE = {"member": "Ama (member)", "moderator": "Tomás (moderator)"}
"""Who is on the stage, with the names that others see."""
ROOMS = {
    "community": ("Community", "Ask the bot here, and talk with each other."),
    "moderators": ("Moderators", "The queue of shared practices. Who is here with power 50 is a moderator."),
    "practices": ("Practices", "What works: practices that were shared and approved."),
    "announcements": ("Announcements", "Events and reminders. Moderators and the bot speak here."),
}
"""The rooms, with name and topic. All are the moderator's; the member is in all but the moderators' room."""

_JOIN_LIMIT = 30.0  # seconds until the bot must have accepted an invitation
_TICK = 0.1

Say = Callable[[str], None]


class Stage(AbstractAsyncContextManager["Stage"]):
    """A homeserver with people, rooms and a running bot, with all data in one folder.

    `homeserver` is the Synapse, `member` and `moderator` are logged-in clients, `bot_user_id` is the bot's id,
    `rooms` are room ids by the names of ROOMS, `passwords` those of the people by local part, `bot` is the
    process of the bot (BotProcess) and `bot_data` its data folder.
    All of it ends with an `async with`, or with `close`; the folder stays.
    """

    homeserver: Homeserver
    member: Client
    moderator: Client

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None, say: Say | None = None) -> None:
        self.folder = folder.resolve()
        self.bot = BotProcess(self.folder / "bot.log", cwd=self.folder)
        self.bot_data = self.folder / "bot"
        self.rooms: dict[str, str] = {}
        self.passwords = {localpart: secrets.token_hex(4) for localpart in PEOPLE}
        self.bot_user_id = ""
        self._bot_password = secrets.token_urlsafe(24)
        self._settings = dict(settings or {})
        self._say: Say = say or (lambda _: None)
        self._built = False

    @classmethod
    async def start(
        cls,
        folder: Path,
        rate_limits: bool = False,
        settings: Mapping[str, str] = MappingProxyType({}),
        *,
        run_bot: bool = True,
        say: Say | None = None,
    ) -> Self:
        """Build the stage in `folder`, which is made when missing and must hold no earlier stage.

        With `rate_limits` the homeserver has Synapse's own, which here only the bot feels: the member and the
        moderator are exempt, and other people can be, too (`exempt`). `settings` are environment variables for
        the bot, over those that the stage needs, such as {"GAAMAC_FLOOD__COMMANDS_PER_MINUTE": "0"}. Without
        `run_bot` everything is there but the bot; `start_bot` runs it. `say` is told in words what happens.
        Raises HomeserverError, ClientError or BotError, after everything that was begun has been ended.
        """
        stage = cls(folder, settings=settings, say=say)
        try:
            await stage._build(rate_limits)
            if run_bot:
                await stage.start_bot()
        except BaseException:
            await stage.close()
            raise
        return stage

    async def close(self) -> None:
        """End the bot, then the homeserver, in order and else by force. Harmless when they have ended.

        Who is cancelled in here is so when both have ended, not before.
        """
        closing = asyncio.create_task(self._close())
        cancelled: asyncio.CancelledError | None = None
        while not closing.done():
            try:
                await asyncio.wait([closing])
            except asyncio.CancelledError as error:
                cancelled = error
        closing.result()
        if cancelled:
            raise cancelled

    async def _close(self) -> None:
        try:
            await self.stop_bot()
        finally:
            if self._built:
                await self.homeserver.stop()

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    # The bot

    @property
    def bot_log(self) -> Path:
        """The file with the bot's log, in JSON lines, over all its runs."""
        return self.bot.log

    @property
    def bot_process(self) -> int | None:
        """The process id of the bot; None while it does not run."""
        return self.bot.process

    async def start_bot(self, *, wait: bool = True) -> None:
        """Run the bot on its data, and return when it has logged `ready`, with `wait` off at once.

        Harmless when it runs. Raises BotError with the bot's last words when it ends or is not ready in time.
        """
        if self.bot.process is not None:
            return
        began = time.monotonic()
        self._say("Starting the bot.")
        self.bot.start(self._environment())
        if wait:
            await self.bot.until_ready()
            self._say(f"The bot is ready after {time.monotonic() - began:.1f} s.")

    async def stop_bot(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """Send the bot a signal and wait until it has ended, by force after 5 s. Return its exit code."""
        return await self.bot.stop(how)

    async def restart_bot(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop the bot with a signal and start it again; raises as `start_bot`."""
        await self.stop_bot(how)
        await self.start_bot()

    # People and rooms

    async def direct_chat(self, person: Client) -> str:
        """Open a direct chat between a person and the bot as clients do; return its id when the bot has joined.

        Raises BotError when the bot does not come.
        """
        room_id = await person.create_room(
            preset="trusted_private_chat", is_direct=True, invite=[self.bot_user_id]
        )
        await self.until_joined(person, room_id)
        return room_id

    async def until_joined(self, person: Client, room_id: str) -> None:
        """Wait until the bot is in a room to which it was invited. Raises BotError when it does not come."""
        until = time.monotonic() + _JOIN_LIMIT
        while time.monotonic() < until:
            if self.bot_user_id in await person.joined_members(room_id):
                return
            await asyncio.sleep(_TICK)
        raise self.bot.failure(f"did not join {room_id} within {_JOIN_LIMIT:.0f} s")

    async def exempt(self, *people: Client) -> None:
        """Exempt people from the homeserver's rate limits."""
        for person in people:
            await self._operator.override_ratelimit(person.user_id)

    async def _build(self, rate_limits: bool) -> None:
        self.homeserver = await Homeserver.start(
            self.folder / "homeserver", rate_limits=rate_limits, say=self._say
        )
        self._built = True
        self._say("Creating the accounts: a member, a moderator, the bot.")
        self.member, self.moderator = [
            await self.homeserver.register(localpart, self.passwords[localpart], display_name=name)
            for localpart, name in PEOPLE.items()
        ]
        bot = await self.homeserver.register(BOT, self._bot_password, display_name=BOT_NAME)
        self.bot_user_id = bot.user_id
        # The bot logs in by itself, as it does elsewhere.
        await bot.request("POST", "/_matrix/client/v3/logout", {})
        self._operator = await self.homeserver.register("operator", secrets.token_hex(16), admin=True)
        if rate_limits:
            await self.exempt(self.member, self.moderator)
        self._say(f"Creating the rooms: {', '.join(ROOMS)}.")
        for key in ROOMS:
            self.rooms[key] = await self._create(key)

    async def _create(self, key: str) -> str:
        name, topic = ROOMS[key]
        quiet, closed = key == "announcements", key == "moderators"
        room_id = await self.moderator.create_room(
            name=name,
            topic=topic,
            preset="private_chat" if closed else "public_chat",
            room_alias_name=key,
            invite=[self.bot_user_id],
            power_level_content_override={"events_default": 50} if quiet else None,
            power_levels={self.bot_user_id: 50} if quiet else None,
        )
        if not closed:
            await self.member.join(room_id)
        return room_id

    def _environment(self) -> dict[str, str]:
        # A real bot's settings, in the environment of who tries the demo, are not for this one.
        ours = {name: value for name, value in os.environ.items() if not name.upper().startswith("GAAMAC_")}
        return ours | {
            "GAAMAC_MATRIX__HOMESERVER": self.homeserver.url,
            "GAAMAC_MATRIX__USER_ID": self.bot_user_id,
            "GAAMAC_MATRIX__PASSWORD": self._bot_password,
            "GAAMAC_DATA_DIR": str(self.bot_data),
            "GAAMAC_ROOMS__COMMUNITY": json.dumps([self.rooms["community"]]),
            "GAAMAC_ROOMS__MODERATION": self.rooms["moderators"],
            "GAAMAC_ROOMS__PRACTICES": self.rooms["practices"],
            "GAAMAC_ROOMS__ANNOUNCEMENTS": json.dumps([self.rooms["announcements"]]),
            "GAAMAC_LOG__FORMAT": "json",
            **self._settings,
        }


def reason(error: Exception) -> str:
    """Return what a person should read of an error of the homeserver or of the stage."""
    return error.body.get("error", "") or str(error) if isinstance(error, ClientError) else str(error)
