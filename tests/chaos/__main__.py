"""`python -m tests.chaos --minutes 10 --seed 7`: exit code 0 when every promise was kept, else 1."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import plan
from tests.chaos.run import run


def main() -> int:
    """Run, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1.0, help="commands a second, about (default 1)")
    parser.add_argument("--database", help="address of an empty database; default: SQLite in the data folder")
    parser.add_argument("--folder", type=Path, help="where logs stay (default: a new one, kept on failure)")
    parser.add_argument("--plan", action="store_true", help="print the schedule and do nothing")
    options = parser.parse_args()
    logging.getLogger("nio").setLevel(logging.CRITICAL)  # it tells of each pause while the homeserver is away
    made = plan(options.seed, options.minutes, options.rate)
    print("\n".join(made.lines()), flush=True)
    if options.plan:
        return 0
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="gaamac-chaos-"))).resolve()
    outcome = asyncio.run(run(made, folder, database=options.database, say=lambda line: print(line, flush=True)))
    if outcome.broken:
        print("\n".join(outcome.failures()))
        print(f"The bot's log: {folder / 'bot.log'}")
    elif not options.folder:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(["", *outcome.summary()]))
    return 1 if outcome.broken else 0


sys.exit(main())
