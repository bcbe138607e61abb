"""The settings as a TOML file, without what is secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from config.settings import Settings

HEAD = "# The settings with which the bot ran, without passwords, tokens and keys. Put these in again."


def written(settings: Settings) -> str:
    """Return the settings as TOML. Secrets are named in comments, so that who restores knows what to put in."""
    lines = [HEAD]
    sections = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            sections += ["", f"[{name}]", *_lines(value, f"{name}.")]
        elif name == "database_url" and "@" in value:
            lines.append("# database_url is left out: it holds a password.")
        elif name not in ("data_dir", "database_url"):
            # Where the data lies is another thing on another machine.
            lines.append(_line(name, value))
    return "\n".join([*lines, *sections]) + "\n"


def _lines(section: BaseModel, prefix: str) -> Iterator[str]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, SecretStr):
            yield f"# {name} is left out: it is secret."
        elif prefix + name == "events.subscriptions" and value:
            hosts = ", ".join(sorted({urlsplit(address).hostname or "" for address in value}))
            yield f"# {name} are left out, because an address may hold a secret. They were at: {hosts}"
        elif value is not None:
            yield _line(name, value)


def _line(name: str, value: object) -> str:
    # JSON writes strings, numbers, truth values and lists of them as TOML reads them, but for one sign.
    return f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
