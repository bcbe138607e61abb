"""How the identity is made when the homeserver asks more than Synapse does, and what is kept of it."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from bot.encryption.identity import SECRETS
from bot.encryption.secret_storage import RecoveryKey, SealError, unseal
from tests.bot.conftest import PASSWORD, running, synced, until
from tests.bot.fake_homeserver import FakeHomeserver, text_event
from tests.bot.scripted import proxy_error, refuse, reply

Logged = list[MutableMapping[str, Any]]
CONFIRM = reply({"flows": [{"stages": ["m.login.password"]}], "params": {}, "session": "s1"}, status=401)


def said(logged: Logged, event: str) -> list[MutableMapping[str, Any]]:
    return [entry for entry in logged if entry["event"] == event]


async def test_a_password_is_given_where_it_is_asked_for(
    fake: FakeHomeserver, tmp_path: Path, logged: Logged
) -> None:
    fake.script("device_signing", CONFIRM)
    async with running(fake, tmp_path):
        await synced(fake)
        await until(lambda: said(logged, "this device is signed by the bot's identity"))
    first, second = fake.requests("device_signing")
    assert "auth" not in first.body
    assert second.body["auth"]["password"] == PASSWORD
    assert second.body["auth"]["session"] == "s1"
    assert second.body["master_key"] == first.body["master_key"]


@pytest.mark.parametrize("stage", ["m.login.password", "m.oauth"])
async def test_what_cannot_be_confirmed_is_said_and_the_bot_works_on(
    fake: FakeHomeserver, tmp_path: Path, logged: Logged, stage: str
) -> None:
    fake.always("device_signing", reply({"flows": [{"stages": [stage]}], "session": "s1"}, status=401))
    async with running(fake, tmp_path):
        await synced(fake)
        asked = await fake.say("!term genocide")
        await until(lambda: fake.answers_to()[asked])
    (problem,) = said(logged, "the bot has no part in encrypted rooms")
    assert ("PASSWORD" if stage == "m.login.password" else "Element") in problem["problem"]


async def test_each_step_may_fail_and_is_done_again(fake: FakeHomeserver, tmp_path: Path, logged: Logged) -> None:
    for endpoint in ("keys_query", "keys_upload", "put_account_data", "device_signing", "signatures"):
        fake.script(endpoint, proxy_error(), refuse(429, "M_LIMIT_EXCEEDED", retry_after_ms=10))
    async with running(fake, tmp_path):
        await until(lambda: said(logged, "this device is signed by the bot's identity"))
    masters = [asked.body["master_key"]["keys"] for asked in fake.requests("device_signing")]
    assert fake.keys.identity["master_keys"]["keys"] == masters[-1]


async def test_the_seeds_are_readable_with_the_recovery_key_alone(fake: FakeHomeserver, tmp_path: Path) -> None:
    async with running(fake, tmp_path):
        await synced(fake)
        await until(lambda: fake.requests("signatures"))
    key = RecoveryKey.parse((tmp_path / "recovery-key").read_text())
    for name in SECRETS.values():
        (sealed,) = fake.keys.account_data[name]["encrypted"].values()
        assert unseal(key.secret, name, sealed)
        with pytest.raises(SealError):
            unseal(RecoveryKey.new().secret, name, sealed)
        with pytest.raises(SealError):
            unseal(key.secret, "another name", sealed)


@pytest.mark.sqlite("its file is lost")
async def test_a_device_whose_keys_are_lost_has_no_part(
    fake: FakeHomeserver, tmp_path: Path, logged: Logged
) -> None:
    async with running(fake, tmp_path):
        await synced(fake)
    for file in tmp_path.glob("bot.db*"):
        file.unlink()
    fake.state[("!closed:example.org", "m.room.encryption", "")] = {"algorithm": "m.megolm.v1.aes-sha2"}
    fake.join_room("!closed:example.org")
    taken = len(fake.taken)
    async with running(fake, tmp_path):
        await until(lambda: said(logged, "the bot has no part in encrypted rooms"))
        await until(lambda: len(said(logged, "ready")) == 2)
        await fake.put(text_event("$clear", "!term genocide"), "!closed:example.org")
        await until(lambda: said(logged, "a message will never be sent") or len(fake.taken) > taken)
    assert "session.json" in said(logged, "the bot has no part in encrypted rooms")[0]["problem"]
    assert len(fake.taken) == taken, "not a word in the clear in an encrypted room"
