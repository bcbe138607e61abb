"""What all tests share: the databases that they made are gone after them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import databases
from tests.postgres import is_installed

SLOW = ("homeserver", "install")
"""Folders with tests that take long: several run at once, and the last of them would run alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, and leave out what is about one database when the tests run on the other."""
    items.sort(key=lambda item: item.path.parent.name not in SLOW)
    for item in items:
        name, other = ("sqlite", "PostgreSQL") if databases.ON_POSTGRES else ("postgresql", "SQLite")
        marker = item.get_closest_marker(name)
        if marker is not None:
            item.add_marker(pytest.mark.skip(reason=f"runs on {other}: {marker.args[0]}"))


def pytest_sessionfinish() -> None:
    databases.stop()


@pytest.fixture
def postgres() -> Iterator[str]:
    """Return the address of a database of PostgreSQL with all tables, whatever the other tests run on."""
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")
    server = databases.server()
    name = server.fresh()
    yield server.address(name)
    server.drop(name)


@pytest.fixture(autouse=True)
def _databases() -> Iterator[None]:
    # Those of fixtures that live longer than one test are there before, and stay.
    before = databases.known()
    yield
    databases.drop(databases.known() - before)
