"""What is needed to say in the moderation room that something is wrong, also when the settings are what is wrong.

Read from the same places as the settings, and tolerant of everything else in them: a key that is missing or wrong
is left out, a line of the file that cannot be read is skipped.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from config.settings import FROM_FILE, PREFIX, LogSettings, MatrixSettings, RoomSettings, Settings, WebSettings

SKIPPED = 20
"""Lines of a file that cannot be read; one with more of them is no settings file."""


class Essentials(BaseModel):
    """What could be read of the settings; None or a default where it could not."""

    homeserver: str | None = None
    user_id: str | None = None
    access_token: str | None = None
    moderation: str | None = None
    data_dir: Path = Path("data")
    language: str = "en"
    listen: str = ""
    log: LogSettings = LogSettings()


def essentials(path: Path | None = None) -> Essentials:
    """Read what can be read from `path` (or `GAAMAC_CONFIG`) and the environment."""
    named = path or (Path(os.environ["GAAMAC_CONFIG"]) if os.environ.get("GAAMAC_CONFIG") else None)
    found = Found(_file(named) if named else {}, os.environ)
    return Essentials(
        homeserver=found.get(MatrixSettings, "homeserver", "matrix"),
        user_id=found.get(MatrixSettings, "user_id", "matrix"),
        access_token=found.secret("access_token", "matrix"),
        moderation=found.get(RoomSettings, "moderation", "rooms"),
        data_dir=found.get(Settings, "data_dir"),
        language=found.get(Settings, "default_language") or "en",
        listen=found.get(WebSettings, "listen", "web") or "",
        log=LogSettings(
            format=found.get(LogSettings, "format", "log") or "lines",
            level=found.get(LogSettings, "level", "log") or "info",
        ),
    )


class Found:
    """Single values, from the environment or else from the document of a file."""

    def __init__(self, document: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._document = document
        self._environment = {name.upper(): value for name, value in environment.items()}

    def get(self, section: type[BaseModel], key: str, name: str = "") -> Any:  # noqa: ANN401 - any type of a setting
        """Return a value as the settings would have it; the default when there is none, or a wrong one."""
        declared = section.model_fields[key]
        value = self._raw(key, name)
        if value is not None:
            with suppress(ValidationError):
                # A section of this key alone: others may be wrong or missing.
                alone = create_model("Alone", **{key: (declared.annotation, declared)})  # type: ignore[call-overload]
                return getattr(alone.model_validate({key: value}), key)
        return None if declared.is_required() else declared.get_default(call_default_factory=True)

    def secret(self, key: str, name: str) -> str | None:
        """Return a secret as text."""
        value = self._raw(key, name)
        return value if isinstance(value, str) and value else None

    def _raw(self, key: str, name: str) -> object:
        variable = PREFIX + "__".join(part.upper() for part in (name, key) if part)
        if variable in self._environment:
            return self._environment[variable]
        if variable + FROM_FILE in self._environment:
            try:
                return Path(self._environment[variable + FROM_FILE]).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                return None
        section = self._document.get(name) if name else self._document
        return section.get(key) if isinstance(section, Mapping) else None


def _file(path: Path) -> Mapping[str, Any]:
    """Return what a TOML file holds, without the lines that make it none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    for _ in range(SKIPPED):
        try:
            return tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"at line (\d+)", str(error))
            number = int(place[1]) - 1 if place else len(lines) - 1
            if not 0 <= number < len(lines):
                return {}
            # A section of which nobody knows where it begins would give its keys to the one before.
            if lines[number].lstrip().startswith("["):
                del lines[number : _next_section(lines, number)]
            else:
                del lines[number]
    return {}


def _next_section(lines: list[str], start: int) -> int:
    following = (number for number in range(start + 1, len(lines)) if lines[number].startswith("["))
    return next(following, len(lines))
