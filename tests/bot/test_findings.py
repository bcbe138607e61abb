"""What `check` can find, and the page that explains it, name the same: codes, levels, exit codes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot
from bot import errors
from bot.findings import CLASSES, Report

PAGE = (Path(bot.__file__).parent.parent / "docs" / "operate.md").read_text(encoding="utf-8")
LEVELS = ("ok", "warning", "problem")


def made() -> Iterator[tuple[str, str]]:
    """Return level and code of each finding that the code can make."""
    for file in sorted(Path(bot.__file__).parent.glob("check*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS
            ):
                continue
            code = node.args[0]
            assert isinstance(code, ast.Constant | ast.Name), f"{file.name}:{node.lineno}: the code is no word"
            yield node.func.attr, str(code.value if isinstance(code, ast.Constant) else constants[code.id])


def explained() -> dict[str, str]:
    """Return what the page says about the level of each code."""
    rows = re.findall(r"(?m)^\| (`[a-z.`, -]+`) \| ([^|]+) \| [^|]+\|$", PAGE)
    return {code: level for codes, level in rows for code in re.findall(r"`([a-z-]+\.[a-z-]+)`", codes)}


def test_every_finding_is_explained_and_every_explained_one_can_be_made() -> None:
    found = {code for level, code in made() if level != "ok"}
    assert len(found) > 30
    assert found == set(explained())


def test_the_page_tells_level_and_exit_code() -> None:
    page = explained()
    for level, code in made():
        if level == "ok":
            assert code in CLASSES
        else:
            assert level in page[code]
        if level == "problem":
            assert f"problem, {CLASSES[code.partition('.')[0]]}" in page[code]


def test_every_exit_code_is_on_the_page_and_no_other() -> None:
    used = {value for name, value in vars(errors).items() if name.startswith("EXIT_")} | set(CLASSES.values())
    assert {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", PAGE)} == used | {0, 1}


@pytest.mark.parametrize(
    ("codes", "exit_code"),
    [
        ((), 0),
        (("limit.met",), 13),
        (("limit.met", "power.speak", "disk.full"), 9),
        (("clock.off", "data.open"), 5),
    ],
)
def test_of_several_problems_the_lowest_exit_code_is_kept(codes: tuple[str, ...], exit_code: int) -> None:
    report = Report({})
    report.warning("login.other", "log-in", "It is another.")
    for code in codes:
        report.problem(code, "it", "It is wrong.", "Mend it.")
    assert report.exit_code == exit_code
    document = json.loads(report.json())
    assert document["exit_code"] == exit_code
    assert [finding["code"] for finding in document["findings"]] == ["login.other", *codes]
    assert set(document["findings"][0]) == {"level", "code", "about", "text", "advice"}
