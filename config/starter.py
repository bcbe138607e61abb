"""The content that an empty bot begins with, as it stands in the files of `config/starter`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

STARTER = Path(__file__).parent / "starter"

TOPICS = ("crimes", "r2p", "prevention", "speech", "rights", "justice", "practice")
"""Of the glossary, in their order."""

KINDS = {
    "preferred": "preferred",
    "admitted": "admitted",
    "abbreviations": "abbreviation",
    "hidden": "hidden",
}


def glossary() -> list[dict[str, Any]]:
    """Return the starter glossary, one dictionary of plain values for each concept."""
    found = []
    for topic in TOPICS:
        text = (STARTER / "glossary" / f"{topic}.toml").read_text(encoding="utf-8")
        found += [_concept(raw) for raw in tomllib.loads(text)["concept"]]
    return found


def _concept(raw: dict[str, Any]) -> dict[str, Any]:
    notes = raw.get("usage_note", {})
    return {
        "id": raw["id"],
        "topic": raw["topic"],
        "community": raw.get("community"),
        "related": raw.get("related", []),
        "confused_with": raw.get("confused_with", []),
        "counterparts": raw.get("counterparts", []),
        "sources": raw.get("sources", []),
        "definitions": [
            {"language": language, "text": text.strip(), "usage_note": notes.get(language)}
            for language, text in raw["definition"].items()
        ],
        "terms": [term for language, some in raw["terms"].items() for term in _terms(language, some)],
    }


def _terms(language: str, raw: dict[str, Any]) -> list[dict[str, Any]]:
    shared = {"language": language, "checked": raw.get("checked", True)}
    found = []
    for key, kind in KINDS.items():
        values = raw.get(key, [])
        for text in [values] if isinstance(values, str) else values:
            usage = raw.get("usage") if kind == "preferred" else None
            found.append({"text": text, "kind": kind, "usage": usage, **shared})
    return found


def focal() -> list[dict[str, Any]]:
    """Return the starter records of focal points and mechanisms, one dictionary of plain values for each."""
    found = []
    for path in sorted((STARTER / "focal").glob("*.toml")):
        for group in tomllib.loads(path.read_text(encoding="utf-8"))["group"]:
            shared = {name: value for name, value in group.items() if name != "holders"}
            found += [shared | {"holder": holder} for holder in group["holders"]]
    return found


def events() -> list[dict[str, Any]]:
    """Return the starter events, one dictionary of plain values for each: the international days first."""
    found = []
    for name in ("days", "archive"):
        text = (STARTER / "events" / f"{name}.toml").read_text(encoding="utf-8")
        for raw in tomllib.loads(text)["event"]:
            timing = {key: raw.pop(key) for key in ("start", "end", "rule") if key in raw}
            found.append(raw | {"uid": f"{raw['uid']}@gaamac.org", "timing": timing})
    return found
