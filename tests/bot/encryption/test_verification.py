"""Interactive verification: a person's device, which follows the specification, and the bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.encryption.correspondence import Known
from bot.encryption.sas import EMOJI
from bot.encryption.verification import MOST, MOST_OF_ONE_USER, Patience, Shown, Verifications
from bot.errors import UnreachableError
from tests.bot.encryption.peer import ADA, BOT, LONGEST, ROOM, Peer, Wire
from tests.extent import extent

PLACES = pytest.mark.parametrize("room_id", [None, ROOM])
BEGIN = Patience(begin=0.001)
"""A bot that starts by itself when the other side does not at once."""
ZOE = "@zoe:example.org"


@asynccontextmanager
async def a_bot(patience: Patience | None = None) -> AsyncIterator[tuple[Wire, Verifications]]:
    """Make the verifications of a bot, and see that nothing of them is left behind."""
    wire = Wire()
    bot = Verifications(wire, patience)
    try:
        yield wire, bot
    finally:
        await asyncio.wait_for(bot.close(), LONGEST)
        assert not tasks()


def tasks() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if task.get_name() == "verification"]


async def quiet() -> None:
    """Wait until no verification has anything left to do."""
    async with asyncio.timeout(LONGEST):
        while tasks():
            await asyncio.sleep(0.001)


async def settled() -> None:
    """Let the bot take in what was said."""
    for _ in range(20):
        await asyncio.sleep(0)


def only(bot: Verifications) -> Shown:
    (shown,) = bot.recent()
    return shown


async def verify(peer: Peer) -> None:
    """Verify from the start on, and find that the bot did the same."""
    seen = await peer.start()
    await peer.prove()
    await peer.finish()
    await quiet()
    (shown,) = [one for one in peer.bot.recent() if one.user_id == peer.user_id]
    assert [EMOJI[number] for number in seen] == list(shown.emoji)
    assert (shown.user_id, shown.device_id, shown.room_id) == (peer.user_id, peer.device_id, peer.room_id)
    assert (shown.state, shown.reason) == ("verified", None)


# The whole way


@PLACES
async def test_a_person_verifies_the_bot(room_id: str | None) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        await peer.requested()
        with capture_logs() as logs:
            await verify(peer)
        assert wire.remembered == [(ADA, "ADADEVICE", peer.master)]
        shown = only(bot)
        (line,) = [entry for entry in logs if entry["event"] == "compare these emoji"]
        assert (line["user"], line["device"]) == (ADA, "ADADEVICE")
        assert line["emoji"] == ", ".join(f"{sign} {name}" for sign, name in shown.emoji)
        assert line["numbers"] == " ".join(map(str, shown.numbers))
        # Late words about it are not answered.
        peer.say("done", {})
        peer.say("mac", {})
        peer.request()
        await settled()
        assert wire.said[room_id or ADA].empty()


@PLACES
async def test_what_is_to_be_compared_is_shown_before_it_was(room_id: str | None) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        await peer.requested()
        assert (only(bot).emoji, only(bot).numbers, only(bot).state) == ((), (), "waiting")
        await peer.start()
        await peer.hear("mac")
        assert (len(only(bot).emoji), len(only(bot).numbers), only(bot).state) == (7, 3, "waiting")
        assert wire.remembered == []


async def test_a_person_who_sees_numbers_only() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        await peer.start(short_authentication_string=["decimal"])
        await peer.prove()
        await peer.finish()
        assert wire.remembered == [(ADA, "ADADEVICE", peer.master)]


async def test_an_older_client_starts_without_a_request() -> None:
    async with a_bot() as (wire, bot):
        await verify(Peer(wire, bot))
        assert len(wire.remembered) == 1


@PLACES
async def test_a_client_that_knows_only_the_old_mac(room_id: str | None) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        await peer.requested()
        await peer.start(message_authentication_codes=["hkdf-hmac-sha256", "hmac-sha256"])
        assert peer.mac == "hkdf-hmac-sha256"
        await peer.prove()
        await peer.finish()
        assert len(wire.remembered) == 1


async def test_a_bot_without_an_identity_proves_its_device_only() -> None:
    async with a_bot() as (wire, bot):
        wire.master = None
        await verify(Peer(wire, bot))


async def test_somebody_without_an_identity() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot)
        wire.devices[ADA, peer.device_id] = Known(peer.device_id, peer.ed25519, None)
        await peer.requested()
        await verify(peer)
        assert wire.remembered == [(ADA, "ADADEVICE", None)]


@PLACES
@pytest.mark.parametrize("mac", ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"])
async def test_the_bot_starts_when_it_may(room_id: str | None, mac: str) -> None:
    async with a_bot(BEGIN) as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        peer.mac = mac
        await peer.requested()
        seen = await peer.accept()
        await peer.prove()
        await peer.finish()
        assert [EMOJI[number] for number in seen] == list(only(bot).emoji)
        assert wire.remembered == [(ADA, "ADADEVICE", peer.master)]


@PLACES
async def test_both_start_and_the_smaller_user_id_counts(room_id: str | None) -> None:
    async with a_bot(BEGIN) as (wire, bot):
        ada = Peer(wire, bot, room_id=room_id)
        await ada.requested()
        await ada.hear("start")
        await verify(ada)
    async with a_bot(BEGIN) as (wire, bot):
        zoe = Peer(wire, bot, ZOE, room_id=room_id)
        await zoe.requested()
        while not wire.said[room_id or ZOE].qsize():
            await asyncio.sleep(0.001)
        zoe.tell("start", zoe.offer())
        await zoe.accept()
        await zoe.prove()
        await zoe.finish()
        assert wire.remembered == [(ZOE, "ADADEVICE", zoe.master)]


async def test_both_start_with_different_methods() -> None:
    async with a_bot(BEGIN) as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        await peer.hear("start")
        peer.tell("start", peer.offer(method="m.reciprocate.v1"))
        assert await peer.cancelled() == "m.unexpected_message"


# Keys that are not the right ones


async def at_the_proof(wire: Wire, bot: Verifications, room_id: str | None = None) -> Peer:
    peer = Peer(wire, bot, room_id=room_id)
    await peer.requested()
    await peer.start()
    return peer


@PLACES
@pytest.mark.parametrize("key", ["device", "master", "list"])
async def test_a_wrong_proof(room_id: str | None, key: str) -> None:
    async with a_bot() as (wire, bot):
        peer = await at_the_proof(wire, bot, room_id)
        proof = peer.proof()
        if key == "list":
            proof["keys"] = proof["mac"][f"ed25519:{peer.device_id}"]
        else:
            name = f"ed25519:{peer.device_id if key == 'device' else peer.master}"
            proof["mac"][name] = proof["keys"]
        await peer.prove(**proof)
        assert await peer.cancelled() == "m.key_mismatch"
        await quiet()
        assert (only(bot).state, only(bot).reason) == ("cancelled", "m.key_mismatch")
        assert wire.remembered == []


async def test_keys_that_nobody_knows_are_ignored() -> None:
    async with a_bot() as (wire, bot):
        peer = await at_the_proof(wire, bot)
        await peer.prove(**peer.proof(**{"ed25519:strange": "strange", "rsa:odd": "odd"}))
        await peer.finish()
        assert wire.remembered == [(ADA, "ADADEVICE", peer.master)]


async def test_only_the_master_key_is_not_enough() -> None:
    async with a_bot() as (wire, bot):
        peer = await at_the_proof(wire, bot)
        info = "".join((ADA, peer.device_id, *peer.bots(), peer.transaction_id))
        await peer.prove(**peer.macs(info, {f"ed25519:{peer.master}": peer.master}))
        assert await peer.cancelled() == "m.key_mismatch"
        assert wire.remembered == []


async def test_only_the_device_key_says_nothing_of_the_master_key() -> None:
    async with a_bot() as (wire, bot):
        peer = await at_the_proof(wire, bot)
        info = "".join((ADA, peer.device_id, *peer.bots(), peer.transaction_id))
        await peer.prove(**peer.macs(info, {f"ed25519:{peer.device_id}": peer.ed25519}))
        await peer.finish()
        assert wire.remembered == [(ADA, "ADADEVICE", None)]


async def test_keys_that_change_meanwhile() -> None:
    async with a_bot() as (wire, bot):
        peer = await at_the_proof(wire, bot)
        wire.devices[ADA, peer.device_id] = Known(peer.device_id, peer.ed25519, "another")
        await peer.prove()
        assert await peer.cancelled() == "m.key_mismatch"
        assert wire.remembered == []


@PLACES
async def test_a_device_that_is_not_known(room_id: str | None) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        wire.devices.clear()
        peer.request()
        assert await peer.cancelled() == "m.key_mismatch"


async def test_a_device_that_is_named_like_a_key() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, device_id="same")
        wire.devices[ADA, "same"] = Known("same", peer.ed25519, "same")
        peer.request()
        assert await peer.cancelled() == "m.key_mismatch"


@PLACES
async def test_a_key_that_was_not_promised(room_id: str | None) -> None:
    async with a_bot(BEGIN) as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        await peer.requested()
        await peer.accept(key=Peer(wire, bot, ZOE).key)
        assert await peer.cancelled() == "m.mismatched_commitment"
        assert only(bot).emoji == ()


@pytest.mark.parametrize("key", [None, 7, "", "no key", "A" * 43, "\ud800"])
async def test_what_is_no_key(key: object) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        peer.tell("start", peer.offer())
        await peer.hear("accept")
        peer.say("key", {"key": key})
        assert await peer.cancelled() == "m.invalid_message"


# What is not in order


@PLACES
@pytest.mark.parametrize(
    "change",
    [
        {"method": "m.reciprocate.v1"},
        {"hashes": ["md5"]},
        {"key_agreement_protocols": ["curve25519"]},
        {"message_authentication_codes": ["hmac-sha256"]},
        {"short_authentication_string": ["braille"]},
    ],
)
async def test_a_start_with_nothing_in_common(room_id: str | None, change: dict[str, Any]) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        await peer.requested()
        peer.tell("start", peer.offer(**change))
        assert await peer.cancelled() == "m.unknown_method"


async def test_an_answer_to_our_start_that_was_not_offered() -> None:
    async with a_bot(BEGIN) as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        start = await peer.hear("start")
        peer.say("accept", peer.acceptance(start) | {"hash": "md5"})
        assert await peer.cancelled() == "m.unknown_method"


@PLACES
@pytest.mark.parametrize("step", ["ready", "accept", "key", "mac", "done"])
async def test_a_step_that_is_not_expected(room_id: str | None, step: str) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        await peer.requested()
        peer.say(step, {})
        assert await peer.cancelled() == "m.unexpected_message"


async def test_a_second_start() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        peer.tell("start", peer.offer())
        await peer.hear("accept")
        peer.tell("start", peer.offer())
        assert await peer.cancelled() == "m.unexpected_message"


async def test_a_step_that_no_specification_knows_is_left_alone() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        peer.say("smile", {})
        peer.request()
        await verify(peer)


@PLACES
async def test_the_person_cancels(room_id: str | None) -> None:
    async with a_bot() as (wire, bot):
        peer = await at_the_proof(wire, bot, room_id)
        await peer.hear("mac")
        peer.say("cancel", {"code": "m.mismatched_sas", "reason": "They differ."})
        # Whatever comes after it is too late.
        peer.say("mac", peer.proof())
        await quiet()
        assert (only(bot).state, only(bot).reason) == ("cancelled", "m.mismatched_sas")
        assert wire.said[room_id or ADA].empty()
        assert wire.remembered == []


async def test_a_cancellation_counts_before_what_is_still_to_be_read() -> None:
    async with a_bot() as (wire, bot):
        peer = await at_the_proof(wire, bot)
        await peer.hear("mac")
        peer.say("mac", peer.proof())
        peer.say("cancel", {"code": "m.mismatched_sas", "reason": "They differ."})
        await quiet()
        assert (only(bot).state, only(bot).reason) == ("cancelled", "m.mismatched_sas")
        assert wire.remembered == []


@pytest.mark.parametrize("code", [None, 7, "", "x" * 65, "<b>bold</b>", "m.user\nready"])
async def test_words_of_others_are_not_shown(code: object) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        peer.say("cancel", {"code": code, "reason": code})
        await quiet()
        assert only(bot).reason == "m.user"


async def test_another_session_has_accepted() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        peer.say("cancel", {"code": "m.accepted", "reason": "elsewhere"})
        await quiet()
        assert only(bot).reason == "m.accepted"
        assert wire.said[ADA].empty()


async def test_a_verification_that_is_not_known_is_cancelled_once() -> None:
    async with a_bot() as (wire, bot):
        for step in ("mac", "key", "done", "cancel"):
            bot.to_device(ADA, f"m.key.verification.{step}", {"transaction_id": "lost"})
        await quiet()
        to, kind, content = wire.said[ADA].get_nowait()
        assert (to, kind) == ("*", "m.key.verification.cancel")
        assert (content["code"], content["transaction_id"]) == ("m.unknown_transaction", "lost")
        bot.to_device(ADA, "m.key.verification.done", {"transaction_id": "lost, too"})
        bot.to_device(ADA, "m.key.verification.cancel", {"transaction_id": "lost, too", "code": "m.user"})
        await quiet()
        assert wire.said[ADA].qsize() <= 1
        assert bot.recent() == []


# Time


@PLACES
@pytest.mark.parametrize(
    ("age", "taken"), [(0, True), (9.5, True), (-4.5, True), (10.5, False), (-5.5, False), (10**7, False)]
)
async def test_old_and_future_requests_are_ignored(room_id: str | None, age: float, taken: bool) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        peer.request(datetime.now(UTC) - timedelta(minutes=age))
        await settled()
        assert bool(wire.said[room_id or ADA].qsize()) is taken
        assert len(bot.recent()) == taken


@pytest.mark.parametrize("timestamp", [None, True, "now", 1.5, 10**30, -(10**30)])
async def test_a_request_without_a_time_is_ignored(timestamp: object) -> None:
    async with a_bot() as (wire, bot):
        Peer(wire, bot).request(timestamp=timestamp)
        assert bot.recent() == []


@PLACES
@pytest.mark.parametrize("patience", [Patience(whole=0.05), Patience(idle=0.05)])
async def test_a_device_that_falls_silent(room_id: str | None, patience: Patience) -> None:
    async with a_bot(patience) as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        await peer.requested()
        assert await peer.cancelled() == "m.timeout"
        await quiet()
        assert (only(bot).state, only(bot).reason) == ("cancelled", "m.timeout")


async def test_a_person_may_take_longer_than_a_device() -> None:
    async with a_bot(Patience(idle=1.0)) as (wire, bot):
        peer = await at_the_proof(wire, bot)
        await asyncio.sleep(1.2)
        await peer.prove()
        await peer.finish()
    async with a_bot(Patience(whole=1.0)) as (wire, bot):
        peer = await at_the_proof(wire, bot)
        await peer.hear("mac")
        assert await peer.cancelled() == "m.timeout"


# How many


def crowd(wire: Wire, bot: Verifications, users: int, devices: int) -> Iterator[Peer]:
    for user in range(users):
        for device in range(devices):
            yield Peer(wire, bot, f"@user{user}:example.org", f"DEVICE{device}")


async def test_one_person_may_verify_some_devices_at_once() -> None:
    async with a_bot() as (wire, bot):
        *first, last = crowd(wire, bot, 1, MOST_OF_ONE_USER + 1)
        for peer in first:
            await peer.requested()
        last.request()
        assert await last.cancelled() == "m.user"
        assert len(bot.recent()) == MOST_OF_ONE_USER
        first[0].say("cancel", {"code": "m.user"})
        await settled()
        last.transaction_id = "again"
        await last.requested()


async def test_there_is_an_end_to_how_many_verify_at_once() -> None:
    async with a_bot() as (wire, bot):
        *first, last = crowd(wire, bot, MOST + 1, 1)
        for peer in first:
            await peer.requested()
        last.request()
        assert await last.cancelled() == "m.user"
        assert len(tasks()) <= MOST + 1


async def test_a_flood_of_refusals_is_not_answered() -> None:
    async with a_bot() as (wire, bot):
        for number in range(10 * MOST):
            bot.to_device(ADA, "m.key.verification.mac", {"transaction_id": f"lost {number}"})
        assert len(tasks()) == MOST
        await quiet()
        assert wire.said[ADA].qsize() == MOST


async def test_a_device_that_begins_a_second_one_loses_both() -> None:
    async with a_bot() as (wire, bot):
        first, second, third = Peer(wire, bot), Peer(wire, bot, room_id=ROOM), Peer(wire, bot)
        await first.requested()
        wire.devices[ADA, first.device_id] = Known(third.device_id, third.ed25519, third.master)
        second.request()
        assert await second.cancelled() == "m.user"
        assert await first.cancelled() == "m.user"
        await third.requested()
        await third.start()
        await third.prove()
        await third.finish()
        await quiet()
        assert [shown.state for shown in bot.recent()] == ["cancelled", "verified"]


async def test_the_last_ones_are_shown() -> None:
    async with a_bot() as (wire, bot):
        for peer in crowd(wire, bot, 30, 1):
            await peer.requested()
            peer.say("cancel", {"code": "m.user"})
            await quiet()
        assert [shown.user_id for shown in bot.recent()] == [
            f"@user{number}:example.org" for number in range(10, 30)
        ]


# Who


@PLACES
@pytest.mark.parametrize("started", [False, True])
async def test_another_session_of_the_bot_is_refused(room_id: str | None, started: bool) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, BOT, "STRANGER", room_id)
        if started and room_id is None:
            peer.tell("start", peer.offer())
        else:
            peer.request()
        assert await peer.cancelled() == "m.user"
        peer.tell("start", peer.offer())
        peer.say("key", {"key": peer.key})
        await quiet()
        assert wire.said[room_id or BOT].empty()
        assert (bot.recent(), wire.remembered) == ([], [])


async def test_the_operator_learns_that_another_session_asked() -> None:
    async with a_bot() as (wire, bot):
        with capture_logs() as logs:
            Peer(wire, bot, BOT, "STRANGER").request()
        assert [entry["device"] for entry in logs if entry["log_level"] == "warning"] == ["STRANGER"]
        Peer(wire, bot, BOT, wire.device_id, ROOM).request()
        await quiet()
        assert wire.said[ROOM].empty()


async def test_requests_to_others_are_theirs() -> None:
    async with a_bot() as (wire, bot):
        wrong: list[Any] = [ZOE, None, 7, [BOT], {}]
        for to in wrong:
            peer = Peer(wire, bot, room_id=ROOM)
            peer.request(to=to)
            peer.tell("start", peer.offer())
            peer.say("mac", peer.proof())
        await quiet()
        assert wire.said[ROOM].empty()
        assert bot.recent() == []


async def test_who_cannot_compare_emoji_is_left_to_others() -> None:
    async with a_bot() as (wire, bot):
        Peer(wire, bot).request(methods=["m.qr_code.show.v1"])
        Peer(wire, bot).request(methods="m.sas.v1")
        Peer(wire, bot, room_id=ROOM).request(methods=[])
        await quiet()
        assert bot.recent() == []


@PLACES
async def test_others_cannot_speak_in_it(room_id: str | None) -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=room_id)
        await peer.requested()
        for sender in (ZOE, BOT):
            peer.tell("start", peer.offer(), sender)
            peer.say("mac", {}, sender)
            peer.say("cancel", {"code": "m.user"}, sender)
        peer.tell("start", peer.offer(from_device="ANOTHER"))
        await settled()
        while not wire.said[ZOE].empty():
            assert wire.said[ZOE].get_nowait()[1] == "m.key.verification.cancel"
        await verify(peer)


async def test_another_session_of_the_bot_answered_first() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=ROOM)
        await peer.requested()
        peer.say("ready", {"from_device": "ANOTHER", "methods": []}, BOT)
        await quiet()
        assert only(bot).reason == "m.accepted"
        assert wire.said[ROOM].empty()


async def test_the_bot_answered_first() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=ROOM)
        await peer.requested()
        peer.say("ready", {"from_device": wire.device_id, "methods": []}, BOT)
        peer.say("ready", {"from_device": "ANOTHER", "methods": []}, BOT)
        await verify(peer)


async def test_two_rooms_and_two_ways_do_not_mix() -> None:
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot, room_id=ROOM)
        await peer.requested()
        other = Peer(wire, bot, room_id="!other")
        bot.to_device(ADA, "m.key.verification.cancel", {"transaction_id": peer.transaction_id, "code": "m.user"})
        other.transaction_id = peer.transaction_id
        other.say("cancel", {"code": "m.user"})
        wire.devices[ADA, peer.device_id] = Known(peer.device_id, peer.ed25519, peer.master)
        await settled()
        assert only(bot).state == "waiting"


# The network and the end


async def whole_way(peer: Peer) -> None:
    peer.request()
    await peer.hear("ready")
    await peer.start()
    await peer.prove()
    await peer.finish()


@PLACES
@pytest.mark.parametrize("call", range(1, 9))
@pytest.mark.parametrize("how", ["fails", "hangs"])
async def test_a_call_that_fails_ends_this_verification_only(room_id: str | None, call: int, how: str) -> None:
    async with a_bot(Patience(whole=0.5) if how == "hangs" else None) as (wire, bot):
        setattr(wire, f"{how}_at", call)
        peer = Peer(wire, bot, room_id=room_id)
        going = asyncio.create_task(whole_way(peer))
        with capture_logs():
            await settled()
            await quiet()
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        assert only(bot).state == "cancelled"
        assert only(bot).reason == ("m.timeout" if how == "hangs" else "m.user")
        assert len(wire.remembered) == (call == 8)
        another = Peer(wire, bot, ZOE)
        if how == "fails":
            await whole_way(another)
            await quiet()
            assert bot.recent()[-1].state == "verified"


async def test_a_homeserver_that_cannot_be_reached_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreachable(*_: object) -> None:
        raise UnreachableError

    async with a_bot() as (wire, bot):
        monkeypatch.setattr(wire, "to_device", unreachable)
        Peer(wire, bot).request()
        await quiet()
        assert (only(bot).state, only(bot).reason) == ("cancelled", "m.user")


async def test_a_bot_that_stops_leaves_nothing_behind_and_takes_nothing_more() -> None:
    async with a_bot() as (wire, bot):
        peers = list(crowd(wire, bot, 5, 2))
        for peer in peers:
            await peer.requested()
        peers[0].request()
        await bot.close()
        assert not tasks()
        Peer(wire, bot, ZOE).request()
        assert not tasks()


# Hostile content

json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from([BOT, ADA, "m.sas.v1"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=10,
)
STEPS = ["request", "ready", "start", "accept", "key", "mac", "done", "cancel", "", "smile"]
FIELDS = [
    "from_device", "methods", "timestamp", "to", "msgtype", "method", "key_agreement_protocols", "hashes",
    "message_authentication_codes", "short_authentication_string", "commitment", "key", "keys", "mac", "code",
    "reason", "m.relates_to", "transaction_id",
]  # fmt: skip


def right(peer: Peer, step: str) -> dict[str, Any]:
    """Return a content that is right for this step, or was."""
    known: dict[str, Callable[[], dict[str, Any]]] = {
        "request": lambda: {
            "from_device": peer.device_id,
            "methods": ["m.sas.v1"],
            "timestamp": int(datetime.now(UTC).timestamp() * 1000),
            "msgtype": "m.key.verification.request" if step == "request" else None,
            "to": BOT,
        },
        "start": peer.offer,
        "accept": lambda: peer.acceptance(peer.offer()),
        "key": lambda: {"key": peer.key},
        "mac": lambda: peer.proof() if peer.secret else {"mac": {}, "keys": ""},
        "cancel": lambda: {"code": "m.user", "reason": ""},
    }
    return peer.addressed(known.get(step, dict)())


@contextmanager
def silent() -> Iterator[None]:
    with capture_logs():
        yield


said = st.tuples(
    st.sampled_from(STEPS),
    st.sampled_from([ADA, ADA, ADA, ZOE, BOT]),
    st.booleans(),
    st.one_of(
        st.dictionaries(st.sampled_from(FIELDS), json, max_size=2),
        st.just(None),
        st.just({}),
        json,
    ),
)


@pytest.mark.parametrize("begin", [None, 0.0])
@given(said=st.lists(said, max_size=12))
@hypothesis_settings(max_examples=extent(400, 100), deadline=None, suppress_health_check=list(HealthCheck))
async def test_any_json_in_any_order(begin: float | None, said: list[tuple[str, str, bool, Any]]) -> None:
    with silent():
        async with a_bot(Patience(begin=begin)) as (wire, bot):
            for room_id in (None, ROOM):
                peer = Peer(wire, bot, room_id=room_id)
                for step, sender, whole, change in said:
                    content = change
                    if whole and (change is None or isinstance(change, dict)):
                        content = right(peer, step) | (change or {})
                    if step == "request" and room_id is not None:
                        bot.in_room(
                            room_id, peer.transaction_id, sender, "m.room.message", content, datetime.now(UTC)
                        )  # fmt: skip
                    else:
                        peer.tell(step, content, sender)
                    await settled()
            # Nobody has compared anything with anybody, so nobody was verified.
            assert wire.remembered == []


@given(
    order=st.lists(st.sampled_from(STEPS), min_size=1, max_size=12),
    changes=st.lists(json, min_size=12, max_size=12),
)
@hypothesis_settings(max_examples=extent(300, 75), deadline=None, suppress_health_check=list(HealthCheck))
async def test_one_wrong_field_after_the_keys_verifies_nobody(order: list[str], changes: list[Any]) -> None:
    with silent():
        async with a_bot() as (wire, bot):
            peer = await at_the_proof(wire, bot)
            for step, change in zip(order, changes, strict=False):
                content = right(peer, step)
                if step == "mac":
                    content["mac"] = change
                peer.tell(step, content)
            await settled()
            assert wire.remembered == []


async def test_deep_nesting() -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    async with a_bot() as (wire, bot):
        peer = Peer(wire, bot)
        await peer.requested()
        peer.tell("start", peer.offer(deep=deep))
        assert await peer.cancelled() == "m.invalid_message"
        bot.to_device(ADA, "m.key.verification.request", deep)
        bot.in_room(ROOM, "$e", ADA, "m.key.verification.start", {"m.relates_to": deep}, datetime.now(UTC))
        await settled()
