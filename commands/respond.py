"""From what was typed to an answer: find the command, read its arguments, check who asks, run it.

Whatever goes wrong becomes an answer, too. In the order in which they are tried:

1. no such command, or not for this person   a sentence, and one command this person may have meant
2. arguments not understood                  what was not, the usage, an example that works
3. the command says no (`CommandError`)      its own sentence; what it wrote is rolled back
4. anything else                             a reference; the log has the details under it, never the text

But for one thing: that the database itself fails (`storage.failures`) is no answer to anybody. The error goes on
to who called, the command waits, and is run again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from commands import questions, talks
from commands.arguments import Parameter, read, read_call
from commands.attachment import Attachment, Post, Reply
from commands.calls import Call
from commands.context import Asker, Condition, Context, Permission, Surroundings
from commands.errors import ArgumentError, CommandError, LaterError
from commands.registry import Command, Found, Registry
from commands.rendering import Markdown, code, join, paragraphs
from config.settings import DigestSettings, PracticeSettings
from storage import audit, identities, outbox, people
from storage import talks as talk_storage
from storage.audit import Entry
from storage.database import Database, Reader, Writer
from storage.failures import failure

log = structlog.get_logger(__name__)

SECONDS = 30.0
"""A command that takes longer is given up: it holds up everybody in its room."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say, with all that goes with it, and which command it came from (None: none was understood)."""

    text: Markdown
    command: str | None = None
    attachments: tuple[Attachment, ...] = ()
    buttons: Mapping[str, str] = field(default_factory=dict)
    awaits_file: str | None = None
    posts: tuple[Post, ...] = ()
    refused: str | None = None
    """What somebody who may not tried to decide on; for the audit."""


Finish = Callable[[Writer, Answer], Awaitable[None]]
"""Stores the answer, in the same transaction as what the command wrote."""


class Responder:
    """Answers what people type."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        default_language: str,
        default_timezone: str = "UTC",
        fresh_months: int = 12,
        practices: PracticeSettings | None = None,
        digest: DigestSettings | None = None,
    ) -> None:
        self.registry = registry
        self._database = database
        self._default_language = default_language
        self._default_timezone = default_timezone
        self._fresh_months = fresh_months
        self._practices = practices or PracticeSettings()
        self._digest = digest or DigestSettings()

    async def respond(
        self, asker: Asker, typed: str | Call, surroundings: Surroundings, now: datetime, finish: Finish
    ) -> None:
        """Answer what `asker` typed, or had a client send in parts, and have `finish` store the answer.

        Raises:
            LaterError: it cannot be decided on now; nothing was stored.

        """
        async with self._database.read() as reader:
            ctx = await self._context(reader, asker, surroundings, now)
            answer = await self._prepare(ctx, typed)
        if isinstance(answer, _Call):
            await self._write(ctx, answer, finish)
            return
        async with self._database.write() as writer:
            if answer.refused is not None:
                who = await identities.pseudonym(writer, asker.user_id, now)
                entry = Entry(at=now, actor=who, action="refused", subject=answer.refused, reason=answer.command)
                await audit.add(writer, entry)
            await finish(writer, answer)

    async def context(
        self,
        reader: Reader,
        there: Asker,
        now: datetime,
        *,
        moderation: Asker | None = None,
        practices: Asker | None = None,
    ) -> Context:
        """Return a context to say something in a room without having been asked; nobody holds anything in it."""

        async def holds(_permission: Permission) -> bool:
            return False

        surroundings = Surroundings(
            holds=holds, condition=_nothing_known, moderation=moderation, practices=practices
        )
        return await self._context(reader, there, surroundings, now)

    async def _prepare(self, ctx: Context, typed: str | Call) -> Answer | _Call:
        """Answer a question; hand back a command that writes."""
        found = await self._found(ctx, typed)
        if found is None:
            return Answer(await _unknown(ctx, typed.command if isinstance(typed, Call) else typed))
        declared = found.command
        try:
            if not await ctx.may(declared.permission):
                return Answer(_forbidden(ctx, declared), declared.name, refused=_recorded(found))
            call = _Call(declared, _arguments(ctx, found))
            return call if declared.writes else await call.run(ctx)
        except CommandError as error:
            return Answer(_objection(ctx, declared, error), declared.name)
        except LaterError:
            raise
        except Exception as error:
            if failure(error) is not None:
                raise
            return _failed(ctx, declared, error)  # an error in a command harms that command only

    async def _found(self, ctx: Context, typed: str | Call) -> Found | None:
        """Return the command that was typed; in a talk what is typed without prefix is an answer."""
        if isinstance(typed, Call):
            return self.registry.called(typed)
        if ctx.surroundings.corrects is not None:
            return Found(talks.ANSWER, typed)
        if ctx.surroundings.bare and await talk_storage.of(ctx.storage, ctx.asker.user_id, ctx.now):
            return Found(talks.ANSWER, typed)
        return self.registry.find(typed) or await self._offered(ctx, typed)

    async def _offered(self, ctx: Context, typed: str) -> Found | None:
        """Return what a bare "yes" or "no" in a direct chat stands for: the button of what was said last."""
        sign = questions.sign_of(typed)
        if sign is None or not ctx.surroundings.bare:
            return None
        offered = await outbox.offered(ctx.storage, ctx.asker.room_id, ctx.surroundings.said_at or ctx.now)
        chosen = offered.commands.get(sign) if offered else None
        return self.registry.find(chosen) if chosen else None

    async def _write(self, ctx: Context, call: _Call, finish: Finish) -> None:
        try:
            async with self._database.write() as writer:
                ctx.storage = writer
                await finish(writer, await call.run(ctx))
        except CommandError as error:
            instead = Answer(_objection(ctx, call.command, error), call.command.name)
        except LaterError:
            raise
        except Exception as error:
            if failure(error) is not None:
                raise
            instead = _failed(ctx, call.command, error)
        else:
            return
        async with self._database.write() as writer:
            await finish(writer, instead)

    async def _context(self, reader: Reader, asker: Asker, surroundings: Surroundings, now: datetime) -> Context:
        voice = await people.voice(reader, asker.user_id, asker.room_id)
        return Context(
            asker=asker,
            language=voice.person or voice.room or self._default_language,
            now=now,
            storage=reader,
            registry=self.registry,
            surroundings=surroundings,
            default_language=self._default_language,
            timezone=voice.timezone or self._default_timezone,
            default_timezone=self._default_timezone,
            fresh_months=self._fresh_months,
            practices=self._practices,
            digest=self._digest,
            chatham=voice.chatham,
        )


@dataclass(frozen=True, slots=True)
class _Call:
    command: Command
    values: dict[str, object]

    async def run(self, ctx: Context) -> Answer:
        async with asyncio.timeout(SECONDS):
            said = await self.command.function(ctx, **self.values)
        if isinstance(said, Reply):
            return Answer(
                said.text, self.command.name, said.attachments, said.buttons, said.awaits_file, said.posts
            )
        return Answer(said, self.command.name)


def _arguments(ctx: Context, found: Found) -> dict[str, object]:
    parameters = found.command.parameters
    return read_call(ctx, parameters, found.call) if found.call else read(ctx, parameters, found.rest)


def _nothing_known() -> Condition:
    raise LookupError("what is said without being asked does not tell how the bot is")


def _objection(ctx: Context, declared: Command, error: CommandError) -> Markdown:
    if isinstance(error, ArgumentError) and declared is not talks.ANSWER:
        return paragraphs(error.text, usage(ctx, declared))
    return error.text


def usage(ctx: Context, declared: Command) -> Markdown:
    """Return how a command is typed, with an example."""
    return join(
        "\n",
        [
            ctx.text("Usage: {usage}", usage=code(signature(ctx, declared))),
            ctx.text("For example: {example}", example=code(ctx.example(declared.name))),
        ],
    )


def signature(ctx: Context, declared: Command) -> str:
    """Return a command with its parameters, as `!term <words> [in <language>]`."""
    parts = [ctx.typed(declared.name)]
    parts += [_placeholder(ctx, parameter) for parameter in declared.parameters]
    return " ".join(parts)


def _placeholder(ctx: Context, parameter: Parameter) -> str:
    label = f"<{ctx.text(parameter.label)}>"
    if parameter.named:
        words = parameter.named.words
        label = f"{words.get(ctx.language, words['en'])[0]} {label}"
    return label if parameter.required else f"[{label}]"


async def _unknown(ctx: Context, typed: str) -> Markdown:
    words = typed.split()
    first = words[0]
    near = await ctx.registry.nearest(ctx, " ".join(words[:2])) if len(words) > 1 else None
    near = near or await ctx.registry.nearest(ctx, first)
    shown = code(f"{ctx.asker.prefix}{first[:60]}")
    if near:
        return ctx.text(
            "I don't know {typed}. Did you mean {suggestion}?",
            typed=shown,
            suggestion=code(f"{ctx.asker.prefix}{near}"),
        )
    return ctx.text("I don't know {typed}. {help} lists what I can do.", typed=shown, help=code(ctx.typed("help")))


def _recorded(found: Found) -> str | None:
    """Return as what an attempt is recorded, of commands that decide."""
    if not found.command.audited:
        return None
    said = found.rest.split(maxsplit=1)
    if found.call:
        said = [found.call.said.get(parameter.name, "") for parameter in found.command.parameters[:1]]
    number = said[0] if said else ""
    return f"submission/{number}" if number.isascii() and number.isdigit() else f"command/{found.command.name}"


def _forbidden(ctx: Context, declared: Command) -> Markdown:
    name = code(ctx.typed(declared.name))
    if Permission.ROOM_MODERATOR in declared.permission:
        return ctx.text(
            "{command} is for moderators of this room. Ask one of them, or set it for yourself in a direct chat.",
            command=name,
        )
    return ctx.text("{command} is for moderators. Ask one of them in the community room.", command=name)


def _failed(ctx: Context, declared: Command, error: Exception) -> Answer:
    reference = secrets.token_hex(3)
    # The text of an exception may quote what a member wrote; its type and place do not.
    log.error(
        "command failed",
        reference=reference,
        command=declared.name,
        error=type(error).__name__,
        exc_info=error if not isinstance(error, TimeoutError) else None,
    )
    sentence = ctx.text(
        "Something went wrong on my side; nothing was changed. "
        "Please try again, and if it fails again, give a moderator this reference: {reference}.",
        reference=code(reference),
    )
    return Answer(sentence, declared.name)
