"""All content as a folder of files in open formats, and back. No database here.

What is read again is in the JSON Lines and in `glossary.csv`; the other files say the same to other programs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from storage import event_ics, focal_csv, glossary_csv, glossary_tbx
from storage.audit import BEGINNING, PRUNED, hash_of
from storage.commitments import Promise, Report
from storage.content import (
    Content,
    Guidance,
    KeptEntry,
    KeptEvent,
    KeptRecord,
    KeptRemark,
    KeptSubmission,
    KeptWeeklyTerm,
)
from storage.glossary import Concept
from storage.glossary_draft import GlossaryFileError

M = TypeVar("M", bound=BaseModel)

FORMAT = 1
SCHEMA = "schema.json"
GLOSSARY = "glossary.csv"
LINES: dict[str, tuple[str, type[BaseModel]]] = {
    "focal.jsonl": ("focal", KeptRecord),
    "events.jsonl": ("events", KeptEvent),
    "practices.jsonl": ("practices", KeptSubmission),
    "reviews.jsonl": ("reviews", KeptRemark),
    "audit.jsonl": ("audit", KeptEntry),
    "guidance.jsonl": ("guidance", Guidance),
    "weekly_terms.jsonl": ("weekly_terms", KeptWeeklyTerm),
}
"""Which part of the content is in which file, and what one line of it is."""
COMMITMENTS: dict[str, type[BaseModel]] = {"commitment": Promise, "progress": Report}
"""What the fields of these kinds of submission must be."""
LARGEST = 256 << 20
CALENDAR = "GAAMAC"


class Mistake(NamedTuple):
    """What is wrong in a line (from 1) of a file."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.text}"


def schema() -> dict[str, Any]:
    """Return what the files hold: for each of JSON Lines the JSON Schema of a line."""
    return {
        "format": FORMAT,
        "files": {name: model.model_json_schema(mode="serialization") for name, (_, model) in LINES.items()},
    }


def write(content: Content, language: str) -> dict[str, bytes]:
    """Return all files by name; the calendar has its texts in a language as far as there are."""
    files = {
        GLOSSARY: glossary_csv.write(content.glossary),
        "glossary.tbx": glossary_tbx.write(content.glossary),
        "focal.csv": focal_csv.write(content.focal),
        "events.ics": event_ics.write(content.events, language, CALENDAR),
        SCHEMA: (json.dumps(schema(), indent=1, ensure_ascii=False) + "\n").encode(),
    }
    for name, (part, _) in LINES.items():
        files[name] = b"".join(one.model_dump_json().encode() + b"\n" for one in getattr(content, part))
    return files


def read(folder: Path) -> tuple[Content, list[Mistake]]:
    """Read a folder, and every mistake in it. With a mistake the content is not to be used.

    Raises:
        OSError: a file is missing or cannot be read.

    """
    mistakes: list[Mistake] = []
    _read_format(folder, mistakes)
    parts: dict[str, list[Any]] = {"glossary": _read_glossary(folder, mistakes)}
    for name, (part, model) in LINES.items():
        parts[part] = _read_lines(folder, name, model, mistakes)
    if mistakes:
        return Content(), mistakes
    _compare(parts, mistakes)
    return Content.model_validate({name: [one for _, one in found] for name, found in parts.items()}), mistakes


def _read_format(folder: Path, mistakes: list[Mistake]) -> None:
    try:
        found = json.loads(_bytes(folder / SCHEMA)).get("format")
    except (ValueError, AttributeError, RecursionError):
        found = None
    if found != FORMAT:
        mistakes.append(
            Mistake(SCHEMA, 1, f'this version reads the format {FORMAT}, and it does not say "format": {FORMAT}.')
        )


def _read_glossary(folder: Path, mistakes: list[Mistake]) -> list[tuple[int, Concept]]:
    data = _bytes(folder / GLOSSARY)
    if len(data.splitlines()) == 1:
        return []  # An empty glossary is no mistake here.
    try:
        return [(0, one) for one in glossary_csv.read(data)]
    except GlossaryFileError as error:
        mistakes += [Mistake(GLOSSARY, one.place.line, one.text) for one in error.mistakes]
        return []


def _read_lines(folder: Path, name: str, model: type[M], mistakes: list[Mistake]) -> list[tuple[int, M]]:
    found = []
    for number, line in enumerate(_bytes(folder / name).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append((number, model.model_validate_json(line)))
        except ValidationError as error:
            mistakes += [
                Mistake(name, number, _sentence(each["loc"], each["msg"]))
                for each in error.errors(include_url=False, include_input=False)
            ]
    return found


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        msg = "too large"
        raise OSError(27, msg, str(path))
    return path.read_bytes()


def _sentence(place: Sequence[int | str], words: str) -> str:
    where = ".".join(map(str, place))
    return f"{where}: {words}" if where else words


def _compare(parts: dict[str, list[tuple[int, Any]]], mistakes: list[Mistake]) -> None:
    """Find what is right in each line and wrong in all of them together."""
    for part, name, key in (
        ("focal", "focal.jsonl", lambda one: one.subject),
        ("events", "events.jsonl", lambda one: one.id),
        ("events", "events.jsonl", lambda one: one.uid),
        ("practices", "practices.jsonl", lambda one: one.id),
        ("guidance", "guidance.jsonl", lambda one: (one.name, one.language)),
        ("weekly_terms", "weekly_terms.jsonl", lambda one: one.week or one.concept_id),
    ):
        mistakes += _twice(parts[part], name, key)
    numbers = {one.id for _, one in parts["practices"]}
    for line, remark in parts["reviews"]:
        if remark.submission_id not in numbers:
            mistakes.append(Mistake("reviews.jsonl", line, f"there is no submission {remark.submission_id}."))
    mistakes += _commitments(parts["practices"])
    for name, part in (("events.jsonl", "events"), ("practices.jsonl", "practices")):
        mistakes += [Mistake(name, line, "a number is 1 or more.") for line, one in parts[part] if one.id < 1]
    mistakes += _chain(parts["audit"])


def _commitments(found: list[tuple[int, KeptSubmission]]) -> list[Mistake]:
    """Find commitments, and reports on them, that could not be published; drafts may lack something."""
    mistakes = []
    made = {one.id for _, one in found if one.kind == "commitment"}
    for line, one in found:
        model = COMMITMENTS.get(one.kind)
        if model is None or one.state in ("draft", "withdrawn", "erased"):
            continue
        try:
            # A new version that waits will be published as it is.
            for fields in (one.fields, one.proposed):
                if fields is not None:
                    model.model_validate(fields)
        except ValidationError as error:
            mistakes += [
                Mistake("practices.jsonl", line, _sentence(("fields", *each["loc"]), each["msg"]))
                for each in error.errors(include_url=False, include_input=False)
            ]
        else:
            if one.kind == "progress" and one.fields["commitment"] not in made:
                number = one.fields["commitment"]
                mistakes.append(Mistake("practices.jsonl", line, f"there is no commitment {number}."))
    return mistakes


def _twice(found: Iterable[tuple[int, Any]], name: str, key: Callable[[Any], object]) -> list[Mistake]:
    lines: dict[object, int] = {}
    mistakes = []
    for line, one in found:
        before = lines.setdefault(key(one), line)
        if before != line:
            mistakes.append(Mistake(name, line, f"{key(one)} is in line {before} already."))
    return mistakes


def _chain(found: list[tuple[int, KeptEntry]]) -> list[Mistake]:
    """See that no row of the audit was changed or is missing."""
    last = BEGINNING
    for place, (line, entry) in enumerate(found):
        if place == 0 and entry.id != 1:
            # Rows before it were deleted after their time, if a row says so.
            pruned = {(one.subject, one.reason) for _, one in found if one.action == PRUNED}
            if (f"audit/{entry.id}", entry.hash) not in pruned:
                return [Mistake("audit.jsonl", line, "rows are missing before it.")]
        elif place and entry.id != found[place - 1][1].id + 1:
            return [Mistake("audit.jsonl", line, "rows are missing before it.")]
        elif entry.hash != hash_of(entry, last):
            return [Mistake("audit.jsonl", line, "it was changed: its hash does not fit.")]
        last = entry.hash
    return []
