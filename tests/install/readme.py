"""The commands of README.md, to be run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOR_REAL = "Run it for real"


def commands() -> dict[str, list[str]]:
    """Return the lines of each block of commands by the heading above it. Blocks of another language are none."""
    found: dict[str, list[str]] = {}
    heading, language = "", None
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        if fence := re.fullmatch(r"```(\w*)", line):
            language = fence[1] if language is None else None
        elif language is None:
            heading = line.removeprefix("## ") if line.startswith("## ") else heading
        elif language in ("", "sh", "shell", "bash", "console") and line.strip():
            found.setdefault(heading, []).append(line)
    return found
