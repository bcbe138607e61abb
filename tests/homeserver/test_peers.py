"""The comparison with other bots, in small, with the one that needs no other library."""

from __future__ import annotations

from benchmarks.peers.__main__ import compare
from benchmarks.peers.cast import US
from benchmarks.peers.tasks import Extent

EXTENT = Extent(commands=4, rounds=2, burst=20, bursts=1, starts=1, away=8, killed=12, kills=1, many=20)


async def test_the_table_of_two_shows_that_this_bot_loses_nothing() -> None:
    text = await compare(("floor", US), EXTENT)
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    ours = {row[0]: row[-1] for row in rows}
    floor, us = rows[0]
    assert floor == "floor"
    assert us.startswith(US)
    assert ours["burst of 20, 1 times: answered"] == "20 of 20"
    assert ours["the same, answered twice"] == "0"
    assert ours["8 in one room while it was away"] == "8 answered, 0 twice"
    assert ours["12 while killed 1 times"] == "12 answered, 0 twice"
    assert [line for line in text.splitlines() if line.startswith("- **")] != []
