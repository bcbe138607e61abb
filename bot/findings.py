"""What a check found: one finding a line, with what to do about it, for people or as JSON.

Each finding has a code. The part before the dot is its class, from which the exit code follows. docs/operate.md
explains all of them; a test compares it with the code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from bot.errors import EXIT_DATABASE, EXIT_LOGIN, EXIT_PROBLEM, EXIT_UNREACHABLE

Level = Literal["ok", "warning", "problem"]

CLASSES = {
    "login": EXIT_LOGIN,
    "homeserver": EXIT_UNREACHABLE,
    "data": EXIT_DATABASE,
    "database": EXIT_DATABASE,
    "rooms": 8,
    "power": 9,
    "encryption": 10,
    "disk": 11,
    "clock": 12,
    "limit": 13,
    "settings": EXIT_PROBLEM,
    "web": EXIT_PROBLEM,
    "bot": EXIT_PROBLEM,
    "work": EXIT_PROBLEM,
}
"""The exit code of a problem, by its class."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do when it is not as it should be."""

    level: Level
    code: str
    about: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        said = f"{self.level:<8} {self.about}: {' '.join(part for part in (self.text, self.advice) if part)}"
        return said if self.level == "ok" else f"{said} [{self.code}]"


@dataclass(slots=True)
class Report:
    """The findings in the order in which they were made, and the settings that they hold for."""

    settings: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    exit_code: int = 0

    def ok(self, code: str, about: str, text: str) -> None:
        """Note that something is as it should be. The code is a class alone."""
        self.findings.append(Finding("ok", code, about, text))

    def warning(self, code: str, about: str, text: str, advice: str = "") -> None:
        """Note something with which the bot can work, but perhaps not as it is meant to."""
        self.findings.append(Finding("warning", code, about, text, advice))

    def problem(self, code: str, about: str, text: str, advice: str) -> None:
        """Note something without which the bot cannot work. Of several exit codes the lowest is kept."""
        self.findings.append(Finding("problem", code, about, text, advice))
        exit_code = CLASSES[code.partition(".")[0]]
        self.exit_code = min(self.exit_code or exit_code, exit_code)

    def lines(self) -> Iterator[str]:
        """Write the report for people."""
        width = max((len(key) for key in self.settings), default=0)
        yield "Settings"
        for key, value in self.settings.items():
            yield f"  {key:<{width}}  {value}"
        yield ""
        yield from map(str, self.findings)
        yield ""
        yield f"{self._count('problem')}, {self._count('warning')}."

    def json(self) -> str:
        """Write the report for programs."""
        findings = [asdict(finding) for finding in self.findings]
        document = {"exit_code": self.exit_code, "settings": dict(self.settings), "findings": findings}
        return json.dumps(document, ensure_ascii=False, indent=2)

    def _count(self, level: Level) -> str:
        number = sum(finding.level == level for finding in self.findings)
        return f"{number} {level}{'' if number == 1 else 's'}"
