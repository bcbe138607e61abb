"""`gaamac-bot import` and `gaamac-bot export`: what an operator types, and what is printed."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.errors import EXIT_PROBLEM, EXIT_RUNNING, EXIT_SETTINGS
from storage.glossary import Concept, Term
from storage.glossary_csv import read, write


class Shell:
    """A folder with a bot's settings in it, and what its commands print there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0
        self._config = folder / "bot.toml"
        self._config.write_text(
            f'data_dir = "{folder}/data"\n[matrix]\nhomeserver = "http://localhost:1"\n'
            'user_id = "@gaamac:example.org"\npassword = "x"\n',
            encoding="utf-8",
        )

    def __call__(self, *typed: str) -> str:
        command = [str(self.folder / word) if "." in word else word for word in typed]
        result = CliRunner().invoke(app, [*command, "--config", str(self._config)])
        self.code = result.exit_code
        return result.output.replace(f"{self.folder}/", "").strip()

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        text = file.read_bytes().decode()
        assert old in text
        file.write_bytes(text.replace(old, new).encode())


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.delenv("GAAMAC_DATA_DIR", raising=False)
    return Shell(tmp_path)


@pytest.mark.parametrize("name", ["glossary.csv", "glossary.TBX"])
def test_what_was_exported_changes_nothing(shell: Shell, name: str) -> None:
    assert shell("export", name) == f"Exported 75 concepts to {name}."
    assert shell("import", name) == f"Imported {name}: 0 new, 0 changed, 0 removed, 75 unchanged."
    assert shell.code == 0


def test_an_import_is_the_whole_glossary(shell: Shell) -> None:
    shell("export", "old.csv")
    old = read((shell.folder / "old.csv").read_bytes())
    new = [
        Concept(id="new", topic="crimes", terms=[Term(language="en", text="new")]),
        old[0].model_copy(update={"topic": "justice", "related": [], "confused_with": []}),
    ]
    (shell.folder / "new.csv").write_bytes(write(new))
    change = "1 new, 1 changed, 74 removed, 0 unchanged"
    assert shell("import", "new.csv", "--dry-run") == (
        f"new.csv is in order. It would change the glossary so: {change}. Nothing was changed."
    )
    assert shell("import", "new.csv") == f"Imported new.csv: {change}."
    assert shell("export", "again.csv") == "Exported 2 concepts to again.csv."
    assert read((shell.folder / "again.csv").read_bytes()) == new


def test_with_one_mistake_nothing_is_imported(shell: Shell) -> None:
    shell("export", "glossary.csv")
    shell.edit("glossary.csv", "genocide,topic,,crimes", "genocide,topics,,crimes")
    assert shell("import", "glossary.csv").startswith(
        "glossary.csv has mistakes. Nothing was imported.\nrow 2: there is no kind “topics”. Choose one of: topic,"
    )
    assert shell.code == EXIT_PROBLEM
    assert shell("export", "again.csv") == "Exported 75 concepts to again.csv."


def test_a_file_full_of_mistakes_does_not_flood_the_terminal(shell: Shell) -> None:
    shell("export", "glossary.csv")
    shell.edit("glossary.csv", ",yes,", ",perhaps,")
    said = shell("import", "glossary.csv").splitlines()
    assert len(said) == 102
    assert said[-1].startswith("… and ")


def test_a_file_is_not_overwritten_by_accident(shell: Shell) -> None:
    shell("export", "glossary.csv")
    shell.edit("glossary.csv", "genocide", "genocides")
    edited = (shell.folder / "glossary.csv").read_bytes()
    assert shell("export", "glossary.csv") == (
        "glossary.csv exists. Choose another name, or add --force to overwrite it."
    )
    assert shell.code == EXIT_PROBLEM
    assert (shell.folder / "glossary.csv").read_bytes() == edited
    assert shell("export", "glossary.csv", "--force") == "Exported 75 concepts to glossary.csv."
    assert (shell.folder / "glossary.csv").read_bytes() != edited


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("import", "missing.csv"), "missing.csv cannot be used: No such file or directory."),
        (
            ("export", "missing.d/glossary.csv"),
            "missing.d/glossary.csv cannot be used: No such file or directory.",
        ),
        (("import", "glossary.xlsx"), "glossary.xlsx is not of a kind that I know."),
    ],
)
def test_files_that_cannot_be_used(shell: Shell, typed: tuple[str, ...], said: str) -> None:
    assert shell(*typed).startswith(said)
    assert shell.code == EXIT_PROBLEM
    assert sorted(file.name for file in shell.folder.glob("*.csv*")) == []


def test_the_bot_must_be_stopped_first(shell: Shell) -> None:
    shell("export", "glossary.csv")
    with (shell.folder / "data" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert shell("import", "glossary.csv") == (
            "Another gaamac-bot is running with the data folder data. Stop it first."
        )
    assert shell.code == EXIT_RUNNING


def test_settings_are_needed(shell: Shell) -> None:
    result = CliRunner().invoke(
        app, ["export", str(shell.folder / "a.csv"), "--config", str(shell.folder / "none")]
    )
    assert result.exit_code == EXIT_SETTINGS
