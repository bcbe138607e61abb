"""All there is has its place in the documents, all that they name is there, and every link leads somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel

from bot import cli
from bot.documentation import PAGE, page, pages
from bot.metrics import Metrics, Moment
from bot.repertoire import registry
from config.settings import Settings
from storage import figures
from storage.database import Database
from tests import databases

ROOT = PAGE.parent.parent
OPERATE = ROOT / "docs" / "operate.md"
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_page_that_is_written_from_declarations_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pages()[path], "run: make docs"


def test_every_command_has_its_examples_and_names_there() -> None:
    text = page()
    for command in registry().commands:
        examples = (example for some in command.examples.values() for example in some)
        for typed in (*examples, *command.names()):
            assert f"`!{typed}" in text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (document.parent / target).exists(), target


def names_in(name: str, column: int = 1) -> list[str]:
    """Return what stands as code in a column of the tables of a page."""
    rows = [line for line in (ROOT / "docs" / name).read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    cells = [re.split(r"(?<!\\)\|", row)[column].strip() for row in rows]
    return [cell.strip("`") for cell in cells if cell.startswith("`")]


# Settings, metrics, tables


def test_every_setting_is_documented_as_variable_and_every_documented_one_exists() -> None:
    def variables(model: type[BaseModel], prefix: str) -> Iterator[str]:
        for name, declared in model.model_fields.items():
            kind = declared.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from variables(kind, f"{prefix}{name}__".upper())
            else:
                yield f"{prefix}{name}".upper()

    assert names_in("settings.md", -2) == sorted(
        names_in("settings.md", -2), key=names_in("settings.md", -2).index
    )
    assert set(names_in("settings.md", -2)) == set(variables(Settings, "GAAMAC_"))


async def test_every_metric_is_documented_and_every_documented_one_is_there(tmp_path: Path) -> None:
    metrics, now = Metrics(), datetime.now(UTC)
    metrics.handled("term", "answered", now)
    metrics.retried("error")
    metrics.done("reminder", 0.0, missed=False)
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    try:
        async with database.read() as reader:
            moment = Moment(sync_age=0, clock_age=0, rooms=0, lanes=0, malformed=0, rate_limited_for=0)
            shown = metrics.shown(moment, await figures.of(reader, now)).decode()
    finally:
        await database.close()
    families = list(text_string_to_metric_families(shown))
    counted = {f"{one.name}_total" if one.type == "counter" else one.name: one for one in families}
    there = {name: one for name, one in counted.items() if not name.endswith("_created")}
    assert set(names_in("metrics.md")) == set(there)
    for name, labels in zip(names_in("metrics.md"), _labels(), strict=True):
        assert {label for sample in there[name].samples for label in sample.labels} - {"le"} == labels, name


def _labels() -> list[set[str]]:
    rows = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").splitlines()
    return [set(re.findall(r"`(\w+)`", row.split("|")[3])) for row in rows if row.startswith("| `")]


@pytest.mark.sqlite("it has all full-text indexes")
async def test_every_table_is_documented_and_every_documented_one_is_there(tmp_path: Path) -> None:
    database = await Database.open(databases.address(tmp_path / "bot.db"))
    try:
        async with database.read() as reader:
            rows = await reader.sql.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
            made = {row.name: row.sql for row in rows}
    finally:
        await database.close()
    full_text = tuple(f"{name}_" for name, sql in made.items() if "USING fts5" in sql)
    there = {name for name in made if not name.startswith((*full_text, "sqlite_"))}
    text = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    documented = {*re.findall(r"(?m)^## `(\w+)`", text), *re.findall(r"(?m)^- `(\w+)`:", text), "alembic_version"}
    assert documented == there
    assert re.findall(r"(?m)^## `\w+`\n\n(?=\|)", text) == [], "each table says what it is for"


# What the operator reads


def logged() -> set[str]:
    """Return the words of all lines that the program may log."""
    levels = ("debug", "info", "warning", "error", "exception")
    calls = [
        node
        for folder in ("bot", "commands", "storage")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in levels
    ]
    words = [part for call in calls for part in ast.walk(call.args[0] if call.args else call)]
    return {part.value for part in words if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def test_every_line_of_the_log_that_is_documented_is_written_somewhere() -> None:
    section = OPERATE.read_text(encoding="utf-8").partition("## The log")[2].partition("\n## ")[0]
    documented = {
        line for row in re.findall(r"(?m)^\| (`.+?) \|", section) for line in re.findall(r"`(.+?)`", row)
    }
    assert len(documented) > 15
    written = logged()
    assert [line for line in documented if not any(words.startswith(line) for words in written)] == []


def commands_of_the_program() -> dict[str, set[str]]:
    """Return each command of the command line with its options."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, path: str) -> None:
        options = {option for parameter in command.params for option in parameter.opts if option[:2] == "--"}
        if not hasattr(command, "commands"):
            found[path] = options
            return
        for name, inner in command.commands.items():
            walk(inner, f"{path} {name}".strip())

    walk(typer.main.get_command(cli.app), "")
    return found


def test_every_command_of_the_program_is_documented_and_every_documented_one_exists() -> None:
    there = commands_of_the_program()
    words = {name.split()[0] for name in there}
    named: set[str] = set()
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        code = "\n".join([*re.findall(r"(?s)```\w*\n(.*?)```", text), *re.findall(r"`([^`\n]+)`", text)])
        for first, rest in re.findall(r"(?m)\bgaamac-bot ([a-z-]+)([^\n]*)", code):
            if first not in words:
                continue  # the name of the bot before a word, as in the name of a service or a folder
            name = next(name for name in there if f"{first}{rest} ".startswith(f"{name} "))
            named.add(name)
            assert set(re.findall(r"(?<= )--[a-z-]+", rest.partition("#")[0])) <= there[name], (
                f"{document}: {name}"
            )
    assert named == set(there)
