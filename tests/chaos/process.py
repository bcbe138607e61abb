"""Whether what was promised of the process came true: what it logs, and how large it becomes."""

from __future__ import annotations

import json
import os
import statistics
from collections import defaultdict

from tests.chaos import words
from tests.chaos.ledger import Ledger, Sample
from tests.chaos.town import Town

SILENT = "no command failed, and what members write is not in the log"
FLAT = "memory and open files stay as they are"

MORE_MEMORY = 24 << 20
MORE_FILES = 16
LONG_ENOUGH = 240.0
"""Seconds that the bot must have run for its memory to be judged."""
BUSY = 2.0
"""Processes that wait for each processor; with more of them a command may take longer than it may."""


class Process:
    """Reads the log, and the samples of the ledger."""

    def __init__(self, town: Town, ledger: Ledger) -> None:
        self._town = town
        self._ledger = ledger
        self.kept: dict[str, int] = {}
        self.grown = "not judged"

    def check(self) -> None:
        """Look at the log and at the memory."""
        self._log()
        self._memory()

    def _log(self) -> None:
        bot, began = self._town.bot, self._ledger.began
        self.kept[SILENT] = len(bot.log)
        for entry, heard_at in zip(bot.log, bot.heard_at, strict=False):
            line = json.dumps(entry, ensure_ascii=False)
            if entry.get("error") == "TimeoutError" and os.getloadavg()[1] > BUSY * (os.cpu_count() or 1):
                self._ledger.skipped["commands given up after their time, on a machine with too much to do"] += 1
            elif "command failed" in line:
                self._ledger.fail(SILENT, line[:600], heard_at - began)
            if words.CANARY in line:
                self._ledger.fail(SILENT, f"what a member wrote is in the log: {line[:200]}", heard_at - began)

    def _memory(self) -> None:
        """Compare the longest life of the bot after its first quarter with its end."""
        lives: dict[int, list[Sample]] = defaultdict(list)
        for sample in self._ledger.samples:
            lives[sample.pid].append(sample)
        longest = max(lives.values(), key=len, default=[])
        if not longest or longest[-1].at - longest[0].at < LONG_ENOUGH:
            self._ledger.skipped["memory (the bot did not run long enough as one process)"] += 1
            return
        quarter, end = len(longest) // 4, len(longest) // 8
        early, late = longest[quarter : quarter + end], longest[-end:]
        self.kept[FLAT] = len(longest)
        memory = statistics.median(one.memory for one in late) - statistics.median(one.memory for one in early)
        files = statistics.median(one.files for one in late) - statistics.median(one.files for one in early)
        self.grown = f"{memory / 1e6:+.1f} MB, {files:+.0f} files in {longest[-1].at - longest[0].at:.0f} s"
        if memory > MORE_MEMORY or files > MORE_FILES:
            self._ledger.fail(FLAT, f"grown by {self.grown}", longest[-1].at)
