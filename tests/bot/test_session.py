"""The session: logged in once, stored, used again, and never with somebody else's token."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.errors import EXIT_DATABASE, EXIT_LOGIN, EXIT_RUNNING, LimitedError, StartError, UnreachableError
from bot.instances import run
from bot.session import Session
from config.settings import MatrixSettings
from tests import databases
from tests.bot.conftest import settings, synced, until
from tests.bot.fake_homeserver import BOT, FakeHomeserver
from tests.bot.scripted import Answer, proxy_error, refuse, reply, truncated


def matrix(fake: FakeHomeserver, *, token: str | None = None) -> MatrixSettings:
    secret = SecretStr(token) if token else None
    return settings(fake, Path(), None if token else "secret").matrix.model_copy(update={"access_token": secret})


async def test_the_log_in_is_stored_and_used_again(fake: FakeHomeserver, tmp_path: Path) -> None:
    first = await Session.open(matrix(fake), tmp_path)
    second = await Session.open(matrix(fake), tmp_path)
    assert first.login == second.login
    assert len(fake.asked) == 1
    [login] = fake.requests("login")
    assert login.body["identifier"] == {"type": "m.id.user", "user": BOT}
    assert "device_id" not in login.body
    assert stat.S_IMODE((tmp_path / "session.json").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["session.json"]
    await first.close()
    await second.close()


async def test_a_token_is_asked_whose_it_is(fake: FakeHomeserver, tmp_path: Path) -> None:
    session = await Session.open(matrix(fake, token="token-1"), tmp_path)
    await session.close()
    assert session.login.device_id == "DEVICE"
    assert [one.endpoint for one in fake.asked] == ["whoami"]


async def test_another_token_in_the_settings_replaces_the_stored_session(
    fake: FakeHomeserver, tmp_path: Path
) -> None:
    fake.tokens.add("token-9")
    for token in ("token-1", "token-9", "token-9"):
        session = await Session.open(matrix(fake, token=token), tmp_path)
        await session.close()
        assert session.login.access_token == token
    assert len(fake.asked) == 2


async def test_a_session_of_another_account_is_not_used(fake: FakeHomeserver, tmp_path: Path) -> None:
    session = await Session.open(matrix(fake), tmp_path)
    await session.close()
    other = matrix(fake).model_copy(update={"user_id": "@other:example.org"})
    await (await Session.open(other, tmp_path)).close()
    assert len(fake.requests("login")) == 2


@pytest.mark.parametrize(
    ("token", "answer", "says"),
    [
        ("token-0", None, "GAAMAC_MATRIX__ACCESS_TOKEN"),
        ("token-1", reply({"user_id": "@other:example.org"}), "@other:example.org"),
        ("token-1", refuse(403, "M_USER_DEACTIVATED"), "GAAMAC_MATRIX__ACCESS_TOKEN"),
        (None, refuse(403, "M_FORBIDDEN"), "password"),
        (None, reply({"user_id": BOT}), "refused"),
        (None, reply({"user_id": 1, "device_id": 2, "access_token": 3}), "refused"),
    ],
)
async def test_a_log_in_that_is_refused_says_what_to_do(
    fake: FakeHomeserver, tmp_path: Path, token: str | None, answer: Answer | None, says: str
) -> None:
    if answer:
        fake.script("whoami" if token else "login", answer)
    with pytest.raises(StartError, match=says) as caught:
        await Session.open(matrix(fake, token=token), tmp_path)
    assert caught.value.exit_code == EXIT_LOGIN
    assert len(fake.asked) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", [proxy_error(), truncated, reply([]), reply(b"\xff")])
async def test_a_log_in_that_fails_may_be_tried_again(
    fake: FakeHomeserver, tmp_path: Path, answer: Answer
) -> None:
    fake.script("login", answer)
    with pytest.raises(UnreachableError):
        await Session.open(matrix(fake), tmp_path)
    await (await Session.open(matrix(fake), tmp_path)).close()


async def test_a_log_in_that_is_limited_says_for_how_long(fake: FakeHomeserver, tmp_path: Path) -> None:
    fake.script("login", refuse(429, "M_LIMIT_EXCEEDED", {"Retry-After": "7"}))
    with pytest.raises(LimitedError) as caught:
        await Session.open(matrix(fake), tmp_path)
    assert caught.value.retry_after == 7


async def test_without_a_way_to_log_in_nothing_is_asked(fake: FakeHomeserver, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="GAAMAC_MATRIX__PASSWORD") as caught:
        await Session.open(settings(fake, tmp_path, None).matrix, tmp_path)
    assert caught.value.exit_code == EXIT_LOGIN
    assert fake.asked == []


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"homeserver": 1}'])
async def test_a_stored_session_that_is_damaged_says_so(
    fake: FakeHomeserver, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "session.json").write_bytes(content)
    with pytest.raises(StartError, match=r"session\.json") as caught:
        await Session.open(matrix(fake), tmp_path)
    assert caught.value.exit_code == EXIT_LOGIN


# The whole program


async def test_a_hard_logout_ends_the_program_with_its_own_exit_code(fake: FakeHomeserver, tmp_path: Path) -> None:
    fake.always("sync", refuse(401, "M_UNKNOWN_TOKEN"))
    with pytest.raises(StartError, match=r"logged out .*session\.json") as caught:
        await run(settings(fake, tmp_path), asyncio.Event())
    assert caught.value.exit_code == EXIT_LOGIN
    assert len(fake.requests("login")) == 1
    assert len(fake.requests("sync")) == 1
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes["session.json"] == 0o600
    assert modes.get("bot.db") == (None if databases.ON_POSTGRES else 0o600)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


async def test_a_refused_log_in_ends_the_program(fake: FakeHomeserver, tmp_path: Path) -> None:
    fake.script("login", refuse(403, "M_FORBIDDEN"))
    with pytest.raises(StartError, match="refused to log in") as caught:
        await run(settings(fake, tmp_path), asyncio.Event())
    assert caught.value.exit_code == EXIT_LOGIN
    assert len(fake.asked) == 1


async def test_a_limited_and_failing_log_in_is_waited_for(
    fake: FakeHomeserver, tmp_path: Path, logged: list[dict[str, object]]
) -> None:
    fake.script("login", refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=100), proxy_error())
    fake.always("sync", refuse(401, "M_UNKNOWN_TOKEN"))
    with pytest.raises(StartError):
        await run(settings(fake, tmp_path), asyncio.Event())
    assert len(fake.requests("login")) == 3
    assert [entry["event"] for entry in logged if entry["log_level"] == "warning"][:2] == [
        "the homeserver lets us wait before the log-in",
        "cannot reach the homeserver",
    ]


async def test_a_second_bot_with_the_same_data_does_not_start(fake: FakeHomeserver, tmp_path: Path) -> None:
    first = asyncio.create_task(run(settings(fake, tmp_path), asyncio.Event()))
    try:
        await synced(fake)
        with pytest.raises(StartError, match="Another gaamac-bot") as caught:
            await run(settings(fake, tmp_path), asyncio.Event())
        assert caught.value.exit_code == EXIT_RUNNING
        assert len(fake.requests("login")) == 1
    finally:
        fake.always("sync", refuse(401, "M_UNKNOWN_TOKEN"))
        await fake.say("hello")
        await until(first.done)
        assert isinstance(first.exception(), StartError)


@pytest.mark.sqlite("it is a file")
async def test_a_file_that_is_no_database_is_left_alone(fake: FakeHomeserver, tmp_path: Path) -> None:
    (tmp_path / "bot.db").write_text("not a database, but somebody's notes" * 100)
    with pytest.raises(StartError, match="cannot be used") as caught:
        await run(settings(fake, tmp_path), asyncio.Event())
    assert caught.value.exit_code == EXIT_DATABASE
    assert "notes" in (tmp_path / "bot.db").read_text()
    assert fake.asked == []
