"""What the container image and its compose file promise, and what runs inside."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml  # type: ignore[import-untyped,unused-ignore]  # comes with Synapse

from bot import alive
from bot.container import FOR_A_PERSON
from bot.metrics import Metrics
from bot.web import Web
from storage.database import Database
from tests.bot.test_web import WELL, free_address
from tests.install.readme import ROOT

DEPLOY = ROOT / "deploy"


def steps() -> list[tuple[str, str]]:
    """Return the steps of the Dockerfile, each as its instruction and the rest."""
    text = re.sub(r"(?m)^#.*\n", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(one, rest) for one, _, rest in (line.partition(" ") for line in lines if line)]


def of_the_image(instruction: str) -> str:
    """Return the only step of this kind in the last stage."""
    last = max(number for number, (one, _) in enumerate(steps()) if one == "FROM")
    [rest] = [rest for one, rest in steps()[last:] if one == instruction]
    return rest


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


# The image


def test_it_runs_as_nobody_in_particular_and_is_looked_after() -> None:
    assert of_the_image("USER") == "10001:10001"
    assert of_the_image("STOPSIGNAL") == "SIGTERM"
    assert json.loads(of_the_image("HEALTHCHECK").partition("CMD ")[2]) == ["python", "-P", "-m", "bot.alive"]
    assert json.loads(of_the_image("ENTRYPOINT")) == ["python", "-P", "-m", "bot.container"]
    assert json.loads(of_the_image("CMD")) == ["run"]
    assert of_the_image("VOLUME") == "/data"


def test_all_that_is_fetched_is_checked_by_its_hash() -> None:
    fetching = [
        part.strip()
        for one, rest in steps()
        if one == "RUN"
        for part in rest.split("&&")
        if re.search(r"\bpip (--\S+ \S+ )?(install|wheel|download)\b|\bcurl\b|\bwget\b|\bapt", part)
    ]
    assert len(fetching) == 4
    assert all("--require-hashes" in part or "--no-deps" in part for part in fetching)
    assert all("--no-index" in part or "--no-build-isolation" in part for part in fetching if "--no-deps" in part)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name in ("sqlalchemy", "matrix-nio", "asyncpg"):
        assert re.search(rf"(?m)^{name}==\S+ \\\n    --hash=sha256:", lock), name


def test_it_has_the_python_that_the_bot_needs() -> None:
    [base] = [rest for one, rest in steps() if one == "ARG"]
    with (ROOT / "pyproject.toml").open("rb") as file:
        needed = tomllib.load(file)["project"]["requires-python"]
    found = re.search(r"python:(\d+)\.(\d+)-slim", base)
    assert found is not None
    assert tuple(map(int, found.groups())) >= tuple(map(int, needed.removeprefix(">=").split(".")))


def test_nothing_but_the_program_is_sent_to_the_build() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule[0] == "!"}
    assert allowed >= {"bot", "commands", "storage", "config", "pyproject.toml", "README.md", "requirements.lock"}
    assert all((ROOT / name).exists() for name in allowed)
    assert not allowed & {".git", "deploy", "tests", "data", "settings.toml"}
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/settings.toml", "/data/", "/deploy/settings.toml", "/deploy/secrets/"} <= set(ignored)


# Compose


def test_the_bot_can_write_to_its_volume_only_and_has_no_power_over_the_machine() -> None:
    bot = compose()["services"]["bot"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "user", "pid"} & bot.keys()
    assert [one for one in bot["volumes"] if not one.endswith(":ro")] == ["data:/data"]
    assert all(port.startswith("127.0.0.1:") for port in bot["ports"])
    assert bot["restart"] == "unless-stopped"
    assert bot["healthcheck"]["test"][1:] == json.loads(of_the_image("HEALTHCHECK").partition("CMD ")[2])


def test_secrets_are_files_and_every_log_is_cut() -> None:
    loaded = compose()
    assert {one["file"].rpartition("/")[0] for one in loaded["secrets"].values()} == {"./secrets"}
    for service in loaded["services"].values():
        assert set(service["secrets"]) <= loaded["secrets"].keys()
        for name, value in service["environment"].items():
            assert name.endswith("_FILE") or not re.search("PASSWORD|TOKEN|KEY|URL", name)
            assert not value.startswith("/run/secrets/") or value.rpartition("/")[2] in service["secrets"]
        assert {"max-size", "max-file"} <= service["logging"]["options"].keys()


def test_postgresql_is_there_only_when_it_is_asked_for() -> None:
    loaded = compose()
    assert loaded["services"]["postgres"]["profiles"] == ["postgres"]
    assert loaded["services"]["bot"]["depends_on"]["postgres"]["required"] is False
    assert "ports" not in loaded["services"]["postgres"]
    assert loaded["networks"]["database"] == {"internal": True}


def has_compose() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode == 0  # noqa: S603


@pytest.mark.skipif(not has_compose(), reason="Docker Compose is not here")
@pytest.mark.parametrize("profile", ["", "postgres"])
def test_docker_compose_takes_the_file(profile: str) -> None:
    command = [
        "docker",
        "compose",
        "--file",
        str(DEPLOY / "compose.yaml"),
        "--profile",
        profile,
        "config",
        "--quiet",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr


# What runs in it


def test_what_it_waits_out_is_what_systemd_does_not_restart() -> None:
    unit = (DEPLOY / "gaamac-bot.service").read_text(encoding="utf-8")
    found = re.search(r"(?m)^RestartPreventExitStatus=(.+)$", unit)
    assert found is not None
    assert sorted(map(int, found[1].split())) == sorted(FOR_A_PERSON)


async def in_container(folder: Path, *arguments: str, **variables: str) -> asyncio.subprocess.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GAAMAC_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.container", *arguments),
        env=clean | {"GAAMAC_DATA_DIR": str(folder)} | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_waits_for_a_person_where_starting_again_does_not_help(tmp_path: Path) -> None:
    bot = await in_container(tmp_path, "run", GAAMAC_MATRIX__HOMESERVER="nowhere")
    assert bot.stderr is not None
    said = b""
    async with asyncio.timeout(120):
        while b"The container now waits" not in said:
            line = await bot.stderr.readline()
            assert line, said.decode()
            said += line
    assert b"matrix.homeserver (GAAMAC_MATRIX__HOMESERVER): the address of a homeserver looks like" in said
    await asyncio.sleep(0.2)
    assert bot.returncode is None
    bot.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(bot.wait(), 30) == 2


async def test_other_commands_end_as_they_do(tmp_path: Path) -> None:
    check = await in_container(tmp_path, "check", GAAMAC_MATRIX__HOMESERVER="nowhere")
    await check.communicate()
    assert check.returncode == 2
    asked = await in_container(tmp_path, "--version")
    printed, _ = await asked.communicate()
    assert (asked.returncode, bool(re.match(rb"\d+\.\d+", printed))) == (0, True)


async def test_it_knows_whether_the_bot_lives(tmp_path: Path) -> None:
    database, address = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'bot.db'}"), free_address()
    port = address.rpartition(":")[2]
    try:
        async with Web(database, Metrics(), lambda: WELL).listening(address):
            assert await asyncio.to_thread(alive.trouble, address) is None
            assert await asyncio.to_thread(alive.trouble, f"0.0.0.0:{port}") is None
    finally:
        await database.close()
    assert "cannot be asked" in str(alive.trouble(address))
    assert "GAAMAC_WEB__LISTEN cannot be asked" in str(alive.trouble(""))


async def test_what_answers_anything_else_does_not_live() -> None:
    async def fail(_request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        return aiohttp.web.Response(status=500)

    runner, address = aiohttp.web.ServerRunner(aiohttp.web.Server(fail)), free_address()
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", int(address.rpartition(":")[2])).start()
    try:
        assert await asyncio.to_thread(alive.trouble, address) == f"{address} answers 500"
    finally:
        await runner.cleanup()
