"""From the README to an answered command, on a machine that knows nothing: its commands, as they stand there."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from bot.demo.homeserver import Homeserver
from tests.homeserver.demonstration import Demo
from tests.homeserver.running import fresh, joined
from tests.install.machine import Machine
from tests.install.readme import FOR_REAL, ROOT, commands

PASSWORD = "the bot's own"
ELSEWHERE = {
    "make demo": "test_make_demo_as_it_stands_there",
    "make test": "what runs this test",
}
"""Commands of the README outside of its section for real use, and what runs them."""


def edited(settings: str, **values: str) -> str:
    """Fill in settings as a person does: the value behind the key, and no `#:` before it."""
    for key, value in values.items():
        written = f"{key} = {value}".replace("\\", r"\\")
        settings, done = re.subn(rf"(?m)^(#: )?{key} = .*$", written, settings)
        assert done == 1, key
    return settings


@pytest.mark.timeout(1200)
async def test_from_the_readme_to_an_answered_command(homeserver: Homeserver, tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a clone")
    account = await homeserver.register(fresh("newcomer"), PASSWORD, display_name="GAAMAC bot")
    secretary = await homeserver.register(fresh("secretary"), "secret")
    member = await homeserver.register(fresh("mia"), "secret")
    community = await secretary.create_room(preset="public_chat")
    moderation = await secretary.create_room(invite=[account.user_id])
    await member.join(community)

    machine, clone = await asyncio.to_thread(Machine.with_clone, tmp_path)
    *before, check, run = commands()[FOR_REAL]
    for line in before:
        await asyncio.to_thread(machine.run, line, clone)
    file = clone / "settings.toml"
    settings = edited(
        file.read_text(encoding="utf-8"),
        homeserver=f'"{homeserver.url}"',
        user_id=f'"{account.user_id}"',
        password=f'"{PASSWORD}"',
        community=f'["{community}"]',
        moderation=f'"{moderation}"',
    )
    file.write_text(settings, encoding="utf-8")
    said = await asyncio.to_thread(machine.run, check, clone)
    assert "0 problems" in said

    bot = await machine.start(run, clone)
    assert bot.stderr is not None
    log = b""
    try:
        async with asyncio.timeout(400):
            while b" ready" not in (written := await bot.stderr.readline()):
                assert written, log.decode()
                log += written
        rest = asyncio.create_task(bot.stderr.read())
        await member.listen()
        await joined(member, community, account.user_id)
        answer = await member.ask(community, "!term genocide", 120)
        assert "Genocide is any of the five acts" in answer
        await secretary.listen()
        assert "Nothing waits" in await secretary.ask(moderation, "!queue", 120)
        os.killpg(bot.pid, signal.SIGTERM)
        assert await asyncio.wait_for(bot.wait(), 20) == 0
        await rest
    finally:
        if bot.returncode is None:
            os.killpg(bot.pid, signal.SIGKILL)
            await bot.wait()
    # Nothing is left in the home of who ran it. Rustup makes its folder when pip asks which Rust there is.
    assert {path.name for path in machine.home.iterdir()} <= {".rustup"}
    assert (clone / "data" / "bot.db").exists()
    for client in (account, secretary, member):
        await client.close()


@pytest.mark.timeout(1200)
async def test_make_demo_as_it_stands_there(tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make is not None
    # Not here: setting the environment up is what `make test` began with.
    up_to_date = await asyncio.create_subprocess_exec(make, "-q", ".venv/.ready", cwd=ROOT)
    if await up_to_date.wait() != 0:
        pytest.skip("run `make test`: it sets up what `make demo` uses, too")
    demo = await Demo.start(tmp_path, make, "-C", str(ROOT), "demo")
    printed = await demo.rest(600)
    assert demo.exit_code == 0, printed
    assert "!term" in printed
    assert not demo.left_over()


def test_every_command_of_the_readme_is_run_by_a_test() -> None:
    found = commands()
    assert len(found.pop(FOR_REAL)) >= 5
    assert {line for lines in found.values() for line in lines} == set(ELSEWHERE)
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1].split()[:4:3] == [
        "exec",
        "test",
    ]
