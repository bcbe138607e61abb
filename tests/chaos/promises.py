"""Whether what was promised came true, read when all is calm again and the bot has stopped."""

from __future__ import annotations

from tests.chaos.ledger import Ledger
from tests.chaos.process import Process
from tests.chaos.seen import look
from tests.chaos.spoken import Spoken
from tests.chaos.stored import Stored
from tests.chaos.town import Town


async def check(town: Town, ledger: Ledger, slip: float) -> tuple[dict[str, int], str]:
    """Look at everything; what is broken goes into the ledger.

    Returns how much was looked at, by promise, and by how much the bot grew. `slip` is by how many seconds its
    clock was wrong at most.
    """
    seen = await look(town)
    spoken, stored, process = Spoken(town, ledger, seen, slip), Stored(town, ledger, seen), Process(town, ledger)
    spoken.check()
    await stored.check()
    process.check()
    return {**spoken.kept, **stored.kept, **process.kept}, process.grown
