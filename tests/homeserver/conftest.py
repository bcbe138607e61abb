"""One Synapse for all tests in this folder, which all carry the marker `homeserver`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.homeserver import Homeserver
from tests.homeserver.running import RunningBot, fresh

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:  # those of other folders are among them
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.homeserver)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def homeserver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Homeserver]:
    """Run a homeserver without rate limits. Tests share it, with accounts and rooms of their own."""
    async with await Homeserver.start(tmp_path_factory.mktemp("homeserver")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def bot(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[RunningBot]:
    """Run a bot on an account of its own."""
    account = await homeserver.register(fresh("bot"), "secret")
    async with RunningBot(homeserver, account, tmp_path / "bot") as running:
        yield running
    await account.close()
