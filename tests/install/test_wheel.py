"""The bot as a package, as `pipx install` takes it: everything is in it, and it works far from its source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from tests.extent import extent
from tests.install.machine import Machine
from tests.install.readme import ROOT

PACKAGES = ("bot", "commands", "storage", "config")

FIRST_START = """
import asyncio
from datetime import UTC, datetime

import bot
from config import languages, map, zones
from storage import starter
from storage.database import Database

async def main():
    database = await Database.open("sqlite+aiosqlite:///bot.db")
    await starter.load(database, datetime.now(UTC))
    await database.close()

asyncio.run(main())
assert "site-packages" in bot.__file__
assert map.shapes()
assert zones.find("nairobi")
assert languages.catalogue("fr").gettext("") != ""
print("works")
"""
"""The migrations, the starter content and the translations are found where they were installed."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a clone")
    return Machine.with_clone(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def wheel(machine: tuple[Machine, Path]) -> Path:
    there, clone = machine
    there.run("python3 -m venv ../build", clone)
    there.run("../build/bin/pip wheel --quiet --no-deps --wheel-dir ../dist .", clone)
    [made] = (clone.parent / "dist").iterdir()
    return made


def test_it_holds_every_file_of_the_four_folders_and_no_other(machine: tuple[Machine, Path], wheel: Path) -> None:
    listed = subprocess.run(  # noqa: S603
        ["git", "-C", str(machine[1]), "ls-files", "-z", "--", *PACKAGES],  # noqa: S607
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    tracked = {name for name in listed.split("\0") if name}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {"bot/py.typed", "config/example.toml", "config/translations/fr.po"} <= packed
    assert packed == tracked


def test_every_library_that_it_imports_comes_with_it() -> None:
    declared = _required("gaamac-bot")
    coming = declared.union(*map(_required, declared))
    known = packages_distributions()
    imported = {name for package in PACKAGES for file in (ROOT / package).rglob("*.py") for name in _imports(file)}
    libraries = imported - sys.stdlib_module_names - {*PACKAGES}
    assert {"nio", "sqlalchemy", "pydantic"} <= libraries
    missing = {name for name in libraries if not coming & {_normal(one) for one in known[name]}}
    assert missing == set()


def _required(distribution: str) -> set[str]:
    return {_normal(re.split(r"[^\w.-]", one, maxsplit=1)[0]) for one in requires(distribution) or []}


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _normal(name: str) -> str:
    """Return a name of a distribution as they are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.timeout(1200)
def test_it_works_in_an_environment_of_its_own(machine: tuple[Machine, Path], wheel: Path) -> None:
    there, clone = machine
    folder = clone.parent / "elsewhere"
    folder.mkdir()
    # Installing all libraries once more takes a minute; in the short form those of the tests are lent.
    python = extent("python3", f"'{Path(sys.executable).resolve()}'")
    there.run(f"{python} -m venv venv", folder)
    [site] = folder.glob("venv/lib/python*/site-packages")
    if lend := extent(None, sysconfig.get_path("purelib")):
        (site / "lent.pth").write_text(lend + "\n", encoding="utf-8")
    alone = extent("", "--no-deps")
    there.run(f"venv/bin/pip install --quiet --no-compile {alone} '{wheel}'", folder)
    assert there.run("venv/bin/gaamac-bot --version", folder).strip() == wheel.name.split("-")[1]
    there.environment |= {
        "GAAMAC_MATRIX__HOMESERVER": "http://127.0.0.1:9",
        "GAAMAC_MATRIX__USER_ID": "@gaamac-bot:example.org",
        "GAAMAC_MATRIX__PASSWORD": "secret",
    }
    said = there.run("venv/bin/gaamac-bot check", folder, expected=4)
    assert "does not answer as a homeserver should" in said
    assert "Traceback" not in said
    (folder / "first_start.py").write_text(FIRST_START, encoding="utf-8")
    assert there.run("venv/bin/python -P first_start.py", folder).strip() == "works"
