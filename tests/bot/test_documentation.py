"""The page of commands says what the declarations say, and every document leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.app import registry
from bot.documentation import PAGE, page

ROOT = PAGE.parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_page_of_commands_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


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
