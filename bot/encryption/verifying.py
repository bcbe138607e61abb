"""One interactive verification, from the request to its end, as the one who is asked.

The bot has no eyes: it says at once that the strings are the same, and leaves the comparison to the person, who
sees the bot's in its log and in `!status`. That is enough, because the person's device goes on only when the
person has said that they match.

Source: https://spec.matrix.org/latest/client-server-api/#key-verification-framework
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import structlog

from bot.encryption import sas
from bot.encryption.correspondence import Address, Known, Means
from bot.encryption.sas import CancelError, Shared, Side
from bot.errors import MatrixError
from bot.events import MalformedError

log = structlog.get_logger(__name__)

STEPS = frozenset({"ready", "start", "accept", "key", "mac", "done"})
"""What the other side may say in a verification, apart from asking for one and cancelling it."""
WAITING_STEPS = 20
"""More than a verification has. What somebody says beyond that is not kept."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds.

    `whole`: for a verification in all, people and their comparing included. `idle`: for the next thing that a
    device does without a person. `begin`: for the other side to start after it asked and was answered; then we
    do. None: it has to, as all clients of today do.
    """

    whole: float = 600.0
    idle: float = 120.0
    begin: float | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A verification as people see it: with whom, since when, what to compare, and what became of it.

    `emoji` are signs with their English names, `numbers` the same for who sees numbers; both are empty until
    the keys are exchanged. `reason` is the code with which it was cancelled.
    """

    user_id: str
    device_id: str
    room_id: str | None
    since: datetime
    emoji: tuple[tuple[str, str], ...]
    numbers: tuple[int, ...]
    state: Literal["waiting", "verified", "cancelled"]
    reason: str | None


class Verifying:
    """One verification. `start`: it began with one, without a request, as older clients do."""

    def __init__(
        self, means: Means, patience: Patience, address: Address, start: Mapping[str, Any] | None = None
    ) -> None:
        self.address = address
        self._means = means
        self._patience = patience
        self._start = start
        self._steps: asyncio.Queue[tuple[str, Mapping[str, Any]]] = asyncio.Queue(WAITING_STEPS)
        self._ending: CancelError | None = None
        self._since = datetime.now(UTC)
        self._emoji: tuple[tuple[str, str], ...] = ()
        self._numbers: tuple[int, ...] = ()
        self._state: Literal["waiting", "verified", "cancelled"] = "waiting"
        self._reason: str | None = None
        self._claimed = False

    @property
    def shown(self) -> Shown:
        """How it is now."""
        where = self.address
        return Shown(
            where.user_id,
            where.device_id,
            where.room_id,
            self._since,
            self._emoji,
            self._numbers,
            self._state,
            self._reason,
        )

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self._state == "waiting" and self._ending is None

    def take(self, step: str, content: Mapping[str, Any]) -> None:
        """Take in what the other side says."""
        if step == "cancel":
            code = content.get("code")
            plain = isinstance(code, str) and re.fullmatch(r"[a-z0-9._-]{1,64}", code)
            self.end(CancelError(str(code) if plain else "m.user", "", theirs=True))
        elif step in STEPS and not self._steps.full():
            self._steps.put_nowait((step, content))

    def answered(self, device: object) -> None:
        """Take note of an answer to the request that the bot's account gave in the room. The first one counts."""
        if device == self._means.device_id:
            self._claimed = True
        elif not self._claimed:
            self.end(CancelError("m.accepted", "Another session of the bot has answered.", theirs=True))

    def end(self, error: CancelError) -> None:
        """End it as soon as possible."""
        self._ending = self._ending or error
        if self._steps.full():
            self._steps.get_nowait()
        self._steps.put_nowait(("cancel", {}))

    async def run(self) -> None:
        """Go through with it. Never raises, except when it is cancelled as a task."""
        try:
            async with asyncio.timeout(self._patience.whole):
                await self._verify()
        except Exception as error:  # noqa: BLE001 - whatever it is ends this verification, and it alone
            await self._cancel(_cancellation(error))
        else:
            self._state = "verified"
            log.info("verified", user=self.address.user_id, device=self.address.device_id)

    async def _cancel(self, error: CancelError) -> None:
        self._state, self._reason = "cancelled", error.code
        where = self.address
        by = "them" if error.theirs else "us"
        log.info(
            "verification cancelled", user=where.user_id, device=where.device_id, code=error.code, by=by,
            reason=error.reason,
        )  # fmt: skip
        if not error.theirs:
            await where.cancel(self._means, error, self._patience.idle)

    async def _verify(self) -> None:
        known = await self._known()
        if self._start is None:
            await self._send("ready", {"from_device": self._means.device_id, "methods": [sas.METHOD]})
            self._start = await self._started()
        if self._start is None:
            mac, shared, ours = await self._begin()
        else:
            mac, shared, ours = await self._answer(self._start)
        theirs = Side(self.address.user_id, self.address.device_id, shared.theirs)
        await self._send("mac", shared.prove(mac, self._binding(ours, theirs), self._own_keys()))
        # Now a person compares, perhaps after asking another for the log.
        _, content = await self._next(self._patience.whole, "mac")
        proved = shared.proved(mac, self._binding(theirs, ours), content, _keys(known))
        if f"ed25519:{known.device_id}" not in proved or await self._known() != known:
            raise CancelError("m.key_mismatch", "The key of the device was not proved.")
        self._objection()
        master = known.master if f"ed25519:{known.master}" in proved else None
        await self._means.verified(self.address.user_id, known.device_id, master)
        await self._send("done", {})

    async def _known(self) -> Known:
        """Return the other device's keys."""
        known = await self._means.device(self.address.user_id, self.address.device_id)
        # A device named like a key would let one proof pass for another.
        if known is None or known.device_id in (known.master, ""):
            raise CancelError("m.key_mismatch", "The device is not known here.")
        return known

    def _own_keys(self) -> dict[str, str]:
        keys = {f"ed25519:{self._means.device_id}": self._means.ed25519}
        if self._means.master is not None:
            keys[f"ed25519:{self._means.master}"] = self._means.master
        return keys

    def _binding(self, prover: Side, other: Side) -> str:
        return sas.binding(prover, other, self.address.transaction_id)

    async def _started(self) -> Mapping[str, Any] | None:
        """Wait for the other side's start. None: it is for us to start."""
        if self._patience.begin is None:
            return (await self._next(self._patience.idle, "start"))[1]
        try:
            return (await self._next(self._patience.begin, "start"))[1]
        except TimeoutError:
            return None

    async def _begin(self) -> tuple[str, Shared, Side]:
        """Start, and exchange keys as the one who started."""
        start = {**sas.offer(), "from_device": self._means.device_id}
        await self._send("start", start)
        step, content = await self._next(self._patience.idle, "accept", "start")
        if step == "start":
            # Both started: the smaller user id counts.
            if content.get("method") != sas.METHOD:
                raise CancelError("m.unexpected_message", "Two different methods were started.")
            if self.address.user_id < self._means.user_id:
                return await self._answer(content)
            _, content = await self._next(self._patience.idle, "accept")
        agreed, commitment = sas.accepted(content)
        exchange = sas.Exchange()
        await self._send("key", {"key": exchange.key})
        _, content = await self._next(self._patience.idle, "key")
        shared = exchange.establish(sas.text(content, "key"))
        if sas.commit(shared.theirs, self.address.content(start)) != commitment.rstrip("="):
            raise CancelError("m.mismatched_commitment", "The key is not the one that was promised.")
        ours = self._side(exchange.key)
        self._show(shared, ours, self._other(shared))
        return agreed.mac, shared, ours

    async def _answer(self, start: Mapping[str, Any]) -> tuple[str, Shared, Side]:
        """Exchange keys as the one who accepts a start."""
        agreed, exchange = sas.choose(start), sas.Exchange()
        await self._send("accept", sas.accept(agreed, sas.commit(exchange.key, start)))
        _, content = await self._next(self._patience.idle, "key")
        shared = exchange.establish(sas.text(content, "key"))
        await self._send("key", {"key": exchange.key})
        ours = self._side(exchange.key)
        self._show(shared, self._other(shared), ours)
        return agreed.mac, shared, ours

    def _side(self, key: str) -> Side:
        return Side(self._means.user_id, self._means.device_id, key)

    def _other(self, shared: Shared) -> Side:
        return Side(self.address.user_id, self.address.device_id, shared.theirs)

    def _show(self, shared: Shared, starter: Side, accepter: Side) -> None:
        self._emoji, self._numbers = shared.strings(starter, accepter, self.address.transaction_id)
        log.info(
            "compare these emoji",
            user=self.address.user_id,
            device=self.address.device_id,
            emoji=", ".join(f"{sign} {name}" for sign, name in self._emoji),
            numbers=" ".join(map(str, self._numbers)),
        )

    async def _send(self, step: str, content: Mapping[str, Any]) -> None:
        self._objection()
        await self.address.send(self._means, step, content)

    def _objection(self) -> None:
        if self._ending is not None:
            raise self._ending

    async def _next(self, seconds: float, *expected: str) -> tuple[str, Mapping[str, Any]]:
        """Return what the other side says next."""
        async with asyncio.timeout(seconds):
            while True:
                step, content = await self._steps.get()
                self._objection()
                # In a room, other devices of the same person speak, too.
                if step == "start" and content.get("from_device") != self.address.device_id:
                    continue
                if step not in expected:
                    raise CancelError("m.unexpected_message", f"Not expected now: {step}.")
                return step, content


def _keys(known: Known) -> dict[str, str]:
    keys = {f"ed25519:{known.device_id}": known.ed25519}
    if known.master is not None:
        keys[f"ed25519:{known.master}"] = known.master
    return keys


def _cancellation(error: Exception) -> CancelError:
    if isinstance(error, CancelError):
        return error
    if isinstance(error, TimeoutError):
        return CancelError("m.timeout", "It took too long.")
    if isinstance(error, MalformedError | ValueError | RecursionError):
        return CancelError("m.invalid_message", "A message is malformed.")
    if isinstance(error, MatrixError):
        return CancelError("m.user", "The homeserver cannot be reached or refuses.")
    log.error("an error in a verification", exc_info=error)
    return CancelError("m.user", "An error occurred.")
